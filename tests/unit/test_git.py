"""The state of a repository, from real repositories in all their forms."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

from nbtrack.capture.secrets import line_looks_secret
from nbtrack.provenance import git
from nbtrack.provenance.git import diff_text, find_repository, git_state, stamp, without_credentials

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def run_git(folder: Path, *words: str) -> str:
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    options = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *options, *words], cwd=folder, env=own, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "train.py").write_text("C = 1\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_clean_repository(repository):
    (repository / "below").mkdir()
    assert git_state(repository / "below") == {
        "commit": run_git(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "dirty": False,
        "untracked": 0,
        "remote": None,
    }


def test_a_dirty_repository(repository):
    (repository / "train.py").write_text("C = 2\n")
    (repository / "new.py").write_text("x")
    state = git_state(repository)
    assert state["dirty"]
    assert state["untracked"] == 1
    assert "-C = 1\n+C = 2\n" in diff_text(state)
    assert state["diff_bytes"] == len(diff_text(state))


def test_untracked_files_alone_make_nothing_dirty(repository):
    (repository / "new.py").write_text("x")
    state = git_state(repository)
    assert (state["dirty"], state["untracked"], diff_text(state)) == (False, 1, "")


def test_a_large_diff_is_cut_and_says_how_large_it_was(repository):
    (repository / "train.py").write_text("".join(f"line {number}\n" for number in range(50_000)))
    state = git_state(repository, max_diff_bytes=10_000)
    assert len(diff_text(state)) == 10_000
    assert state["diff_bytes"] > 500_000


def test_a_staged_change_and_a_binary_file(repository):
    (repository / "blob").write_bytes(bytes(range(256)) * 100)
    run_git(repository, "add", "blob")
    assert "Binary files" in diff_text(git_state(repository))


def test_before_the_first_commit(tmp_path):
    run_git(tmp_path, "init", "-q", ".")
    (tmp_path / "a.py").write_text("x = 1\n")
    run_git(tmp_path, "add", "a.py")
    state = git_state(tmp_path)
    assert (state["commit"], state["branch"], state["dirty"]) == (None, "main", True)
    assert "+x = 1" in diff_text(state)


def test_a_detached_head(repository):
    run_git(repository, "checkout", "-q", "--detach")
    assert git_state(repository)["branch"] is None


def test_a_worktree(repository, tmp_path):
    run_git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    state = git_state(tmp_path / "tree")
    assert (state["branch"], state["dirty"]) == ("other", False)
    assert stamp(find_repository(tmp_path / "tree")) != (0, 0)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:pw@example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org:8443/a.git", "https://example.org:8443/a.git"),
        ("https://example.org/a.git?private_token=abc#x", "https://example.org/a.git"),
        ("ssh://git@example.org/a.git", "ssh://example.org/a.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("ada:p@w@example.org:a/b.git", "ada@example.org:a/b.git"),
        ("/srv/a.git", "/srv/a.git"),
        ("https://ada:p@w@[::1/a", "https://[::1/a"),
    ],
)
def test_a_remote_is_told_without_credentials(repository, url, shown):
    assert without_credentials(url) == shown
    run_git(repository, "config", "remote.origin.url", url)
    run_git(repository, "config", "remote.backup.url", "/elsewhere")
    assert git_state(repository)["remote"] == shown


def test_credentials_in_the_diff_are_hidden(repository):
    (repository / "train.py").write_text("C = 2\nAPI_KEY = 'abcdef123'\nurl = 'https://ada:pw123@example.org'\n")
    text = diff_text(git_state(repository, hide=line_looks_secret))
    assert "+C = 2" in text
    assert "abcdef123" not in text
    assert "pw123" not in text
    assert text.count("+[hidden") == 2


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("+password: hunter22", True),
        ('+  "api_key": "abcd1234",', True),
        ("+os.environ['HF_TOKEN'] = 'x9x9x9'", True),
        ("+learning_rate = 0.1", False),
        ("+max_tokens = 512", False),
        ('+    "image/png": "iVBORw0KGgo+/' + "Ab+9/" * 1000 + '",', False),
    ],
)
def test_which_lines_look_secret(line, secret):
    assert line_looks_secret(line) is secret


def test_a_long_line_is_looked_at_in_no_time():
    begun = time.perf_counter()
    line_looks_secret("+" + "iVBORw0KGgoAb+9/" * 16_000)
    line_looks_secret("+" + "abcdefghij" * 25_600)
    assert time.perf_counter() - begun < 10


# --- where there is nothing to tell ---------------------------------------------------------------------------------


def test_no_repository_and_no_git(repository, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    assert git_state(outside) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(repository) is None


def test_a_bare_repository_is_none_that_is_worked_in(tmp_path):
    run_git(tmp_path, "init", "-q", "--bare", "bare.git")
    assert git_state(tmp_path / "bare.git") is None


@pytest.mark.parametrize("damage", ["HEAD", "index", "objects"])
def test_a_damaged_repository_gives_a_reason(repository, damage):
    path = repository / ".git" / damage
    if damage == "objects":
        shutil.rmtree(path)
    else:
        path.write_text("nonsense")
    state = git_state(repository)
    assert state is None or list(state) == ["problem"]


def test_a_gitdir_that_leads_nowhere(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /no/such/place\n")
    assert list(git_state(tmp_path)) == ["problem"]


def fake_git(folder: Path, script: str) -> None:
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("script", ["sleep 30", "sleep 30 & exec sleep 30", "while :; do echo '? x'; done"])
def test_a_git_that_hangs_is_given_up(repository, tmp_path, monkeypatch, script):
    fake_git(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    begun = time.monotonic()
    assert git_state(repository, timeout_s=0.3) == {"problem": "git status did not answer in time"}
    assert time.monotonic() - begun < 28


def test_a_git_that_fails_says_why(repository, tmp_path, monkeypatch):
    fake_git(tmp_path, "echo 'fatal: detected dubious ownership' >&2; exit 128")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    assert git_state(repository) == {"problem": "fatal: detected dubious ownership"}


# --- and it does nothing ----------------------------------------------------------------------------------------------


def test_nothing_of_the_users_is_run_or_changed(repository, tmp_path):
    ran = tmp_path / "ran"
    run_git(repository, "config", "diff.external", f"touch {ran}")
    run_git(repository, "config", "core.fsmonitor", f"touch {ran}; false")
    run_git(repository, "config", "core.pager", f"touch {ran}")
    run_git(repository, "config", "diff.own.textconv", f"touch {ran}; cat")
    (repository / ".gitattributes").write_text("*.py diff=own\n")
    (repository / "train.py").write_text("C = 2\n")
    before = (repository / ".git" / "index").read_bytes(), stamp(find_repository(repository))
    assert git_state(repository)["dirty"]
    assert ((repository / ".git" / "index").read_bytes(), stamp(find_repository(repository))) == before
    assert not ran.exists()


def test_the_users_variables_name_no_other_repository(repository, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    run_git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert git_state(repository)["commit"] is not None


def test_a_commit_changes_the_stamp(repository):
    before = stamp(find_repository(repository))
    (repository / "train.py").write_text("C = 3\n")
    time.sleep(0.02)
    run_git(repository, "commit", "-q", "-a", "-m", "second")
    assert stamp(find_repository(repository)) != before


def test_without_a_repository_git_is_not_started(tmp_path, monkeypatch):
    monkeypatch.setattr(git, "_Asker", lambda *_: pytest.fail("started"))
    assert git_state(tmp_path) is None
