"""The state of the git repository around a folder, as the git program tells it.

Git is asked to change nothing, to ask nobody, to fetch nothing and to run no hook; each answer has a deadline. What
``git`` is, and where its repository lies, is looked for without starting it: most folders are in none.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import signal
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    import subprocess

TIMEOUT_S = 5.0
MAX_DIFF_BYTES = 256 * 1024
"""How much of a diff is kept."""
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_MAX_COMPLAINT_BYTES = 2_000
_CHUNK_BYTES = 1 << 16
_OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.devnull, "-c", "color.ui=false")
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_NO_LAZY_FETCH": "1",
    # An older git fetches what a partial clone lacks; over no protocol it cannot.
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}


class Repository(NamedTuple):
    """Where a repository is: the folder that is checked out, and git's own."""

    folder: Path
    git: Path


class _GitError(Exception):
    """Git gave no answer; says why."""


def find_repository(folder: Path) -> Repository | None:
    """Look for the repository around a folder, without starting git.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Repository or None
        None where there is none, or none that is checked out.
    """
    try:
        folder = folder.absolute()
        for above in (folder, *folder.parents):
            git = above / ".git"
            if git.is_dir():
                return Repository(above, git)
            if git.is_file():
                # A worktree or a submodule.
                text = git.read_text(encoding="utf-8", errors="replace")
                return Repository(above, (above / text.removeprefix("gitdir:").strip()).absolute())
    except OSError:
        pass
    return None


def stamp(repository: Repository) -> tuple[int, ...]:
    """Return what changes when something is committed, checked out or staged: two looks at files."""
    return tuple(_changed_ns(repository.git / name) for name in ("HEAD", "index"))


def _changed_ns(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def git_state(
    folder: Path,
    *,
    timeout_s: float = TIMEOUT_S,
    max_diff_bytes: int = MAX_DIFF_BYTES,
    hide: Callable[[str], bool] | None = None,
) -> dict[str, Any] | None:
    """Ask for the state of the repository around a folder.

    Parameters
    ----------
    folder : Path
    timeout_s : float
        For all questions together.
    max_diff_bytes : int
        How much of the diff is kept.
    hide : callable, optional
        Tells of a line of the diff whether it must not be kept.

    Returns
    -------
    dict or None
        None without a repository or without git. Else JSON-able: ``commit``, ``branch``, ``dirty``, ``untracked``
        (files, or folders of them), ``remote`` (without credentials), and of a dirty one ``diff`` (to be read with
        :func:`diff_text`) and ``diff_bytes``, its size before it was cut; or ``problem``, why git did not answer.

    Examples
    --------
    >>> git_state(Path("/no/such/folder")) is None
    True
    """
    repository = find_repository(folder)
    program = shutil.which("git") if repository is not None else None
    if repository is None or program is None:
        return None
    deadline = time.monotonic() + timeout_s
    ask = _Asker(program, repository.folder, deadline)
    try:
        found = _status(ask("status", "--porcelain=v2", "--branch", "--ignore-submodules=dirty").kept)
        found["remote"] = _remote(ask)
        if found["dirty"]:
            base = found["commit"] or _EMPTY_TREE
            options = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
            answer = ask("diff", *options, base, "--", keep_bytes=max_diff_bytes)
            found["diff"] = _packed(answer.kept, hide)
            found["diff_bytes"] = answer.size_bytes
    except _GitError as error:
        return {"problem": str(error)}
    return found


def diff_text(state: dict[str, Any]) -> str:
    """Return the diff that a state holds; empty where it holds none.

    Parameters
    ----------
    state : dict
        As :func:`git_state` gives it.

    Returns
    -------
    str
    """
    packed = state.get("diff")
    return zlib.decompress(base64.b64decode(packed)).decode("utf-8", "replace") if packed else ""


def without_credentials(url: str) -> str:
    """Return a remote's address without what stands before the host, and without a query.

    Parameters
    ----------
    url : str

    Returns
    -------
    str

    Examples
    --------
    >>> without_credentials("https://ada:s3cret@example.org/a/b.git?token=1")
    'https://example.org/a/b.git'
    >>> without_credentials("git@example.org:a/b.git")
    'git@example.org:a/b.git'
    """
    if "://" not in url:
        # Of the form user@host:path, which has no place for a password; one that is there by mistake goes.
        return re.sub(r"^([^@/:]+):.*@", r"\1@", url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return re.sub(r"//[^/]*@", "//", url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _status(answer: bytearray) -> dict[str, Any]:
    found: dict[str, Any] = {"commit": None, "branch": None, "dirty": False, "untracked": 0}
    for line in answer.decode("utf-8", "replace").splitlines():
        if line.startswith("# branch.oid "):
            found["commit"] = None if line.endswith("(initial)") else line.split()[-1]
        elif line.startswith("# branch.head "):
            name = line.removeprefix("# branch.head ")
            found["branch"] = None if name == "(detached)" else name
        elif line.startswith("? "):
            found["untracked"] += 1
        elif line and not line.startswith("#"):
            found["dirty"] = True
    return found


def _remote(ask: _Asker) -> str | None:
    answer = ask("config", "--get-regexp", r"^remote\..*\.url$", fine=(0, 1)).kept.decode("utf-8", "replace")
    urls = dict(line.split(" ", 1) for line in answer.splitlines() if " " in line)
    url = urls.get("remote.origin.url") or next(iter(urls.values()), None)
    return None if url is None else without_credentials(url)


def _packed(diff: bytearray, hide: Callable[[str], bool] | None) -> str:
    text = diff.decode("utf-8", "replace")
    if hide is not None:
        lines = text.split("\n")
        text = "\n".join(line[:1] + "[hidden: looks like a credential]" if hide(line) else line for line in lines)
    return base64.b64encode(zlib.compress(text.encode("utf-8"), 6)).decode("ascii")


class _Asker:
    """Puts questions to git, all of them until one deadline."""

    def __init__(self, program: str, folder: Path, deadline: float) -> None:
        self._program = program
        self._folder = folder
        self._deadline = deadline
        # GIT_DIR and the like would name another repository.
        own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = {**own, **_ENVIRONMENT}

    def __call__(self, *words: str, fine: tuple[int, ...] = (0,), keep_bytes: int = _MAX_ANSWER_BYTES) -> _Answer:
        import subprocess

        try:
            # A session of its own: an interrupt of the kernel is not meant for git.
            process = subprocess.Popen(
                [self._program, *_OPTIONS, *words],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, RuntimeError, ValueError) as error:
            # A RuntimeError: at the end of the interpreter nothing is started any more.
            raise _GitError(f"git cannot be started: {error}") from error
        assert process.stdout is not None
        assert process.stderr is not None
        answer, complaint = _Answer(keep_bytes), _Answer(_MAX_COMPLAINT_BYTES)
        try:
            readers = [answer.read(process.stdout), complaint.read(process.stderr)]
            code = process.wait(max(self._deadline - time.monotonic(), 0.0))
            for reader in readers:
                # A program forked off meanwhile may hold the pipe open: its end is not waited for.
                reader.join(max(self._deadline - time.monotonic(), 0.0))
        except (subprocess.TimeoutExpired, RuntimeError) as error:
            _kill(process)
            reason = "did not answer in time" if isinstance(error, subprocess.TimeoutExpired) else str(error)
            raise _GitError(f"git {words[0]} {reason}") from error
        if code not in fine:
            lines = bytes(complaint.kept).decode("utf-8", "replace").strip().splitlines()
            raise _GitError(lines[0] if lines else f"git {words[0]} ended with {code}")
        return answer


class _Answer:
    """What comes out of a pipe: its beginning, and how much it was."""

    def __init__(self, keep_bytes: int) -> None:
        self.kept = bytearray()
        self.size_bytes = 0
        self._keep_bytes = keep_bytes

    def read(self, pipe: IO[bytes]) -> threading.Thread:
        """Read a pipe to its end, in a thread of its own."""
        thread = threading.Thread(target=self._read, args=(pipe,), name="nbtrack-git", daemon=True)
        thread.start()
        return thread

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
                self.size_bytes += len(chunk)
                self.kept += chunk[: self._keep_bytes - len(self.kept)]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            # With the filters that git has started; its session makes it a group of its own.
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(Exception):  # what it leaves behind is the system's to clear away
        process.wait(1.0)
