"""The mirror of a working directory: what is in it, what is not, and that the originals stay as they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrack.mirror import Mirror
from nbtrack.replay.engine import sandbox as module
from nbtrack.replay.engine.sandbox import Sandbox


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A project with a folder of data beside it; the working directory is the project's ``notebooks``."""
    notebooks = tmp_path / "project" / "notebooks"
    (notebooks / "out" / "deep").mkdir(parents=True)
    (notebooks / "a.txt").write_text("a")
    (notebooks / "out" / "deep" / "m.txt").write_text("m")
    (tmp_path / "project" / "data").mkdir()
    (tmp_path / "project" / "data" / "x.csv").write_text("x")
    return notebooks


@pytest.fixture
def make(tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    # On a machine that stalls, the time for it is over before anything is copied.
    monkeypatch.setattr(module, "_MOST_SECONDS", 600.0)
    made: list[Sandbox] = []

    def sandbox(folder: Path = work, **facts: Any) -> Sandbox:
        made.append(Sandbox(str(folder), tmp_path / f"scratch{len(made)}", **facts))
        return made[-1]

    yield sandbox
    for one in made:
        one.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_small_files_are_copies_with_their_times(make: Any, work: Path) -> None:
    os.utime(work / "a.txt", (1000, 2000))
    mirrored = make().folder(None)
    for name in ("a.txt", "out/deep/m.txt"):
        assert (mirrored / name).read_text() == (work / name).read_text()
        assert not (mirrored / name).is_symlink()
    assert (mirrored / "a.txt").stat().st_mtime == 2000
    (mirrored / "a.txt").write_text("changed")
    (mirrored / "out" / "deep" / "m.txt").unlink()
    assert contents(work) == {"a.txt": b"a", "out/deep/m.txt": b"m"}


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_BYTES", 0), ("MOST_FILES", 0), ("MOST_ENTRIES", 0), ("_MOST_SECONDS", -1.0)]
)
def test_beyond_the_limits_there_are_links(
    make: Any, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(module, limit, value)
    mirrored = make().folder(None)
    links = [name for name in ("a.txt", "out", "out/deep", "out/deep/m.txt") if (mirrored / name).is_symlink()]
    assert links == {"MOST_ENTRIES": ["out"], "_MOST_SECONDS": ["a.txt", "out"]}.get(limit, ["a.txt", "out/deep/m.txt"])
    assert (mirrored / "a.txt").read_text() == "a"
    assert (mirrored / "out" / "deep" / "m.txt").read_text() == "m"


def test_a_folder_with_too_many_files_is_a_link_and_its_neighbours_are_copies(
    make: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)
    (work / "images").mkdir()
    for number in range(30):
        (work / "images" / f"{number}.png").touch()
    mirrored = make().folder(None)
    assert (mirrored / "images").is_symlink()
    assert len(list((mirrored / "images").iterdir())) == 30
    assert not (mirrored / "out" / "deep" / "m.txt").is_symlink()


def test_what_is_above_can_be_reached(make: Any, work: Path, tmp_path: Path) -> None:
    mirrored = make().folder(None)
    assert (mirrored / ".." / "data" / "x.csv").read_text() == "x"
    assert (mirrored / ".." / ".." / "project" / "notebooks" / "a.txt").read_text() == "a"
    assert not (mirrored.parent / "data" / "x.csv").resolve().is_relative_to(tmp_path / "scratch0")


def test_what_the_slice_made_is_not_there(make: Any, work: Path) -> None:
    (work / "made").mkdir()
    (work / "made" / "cache.pkl").touch()
    (work.parent / "data" / "made.csv").touch()
    absent = [
        work / "made",
        work / "made" / "cache.pkl",
        work / "out",
        work / "nothing" / "here",
        work.parent / "data" / "made.csv",
    ]
    sandbox = make(absent=[str(path) for path in absent])
    mirrored = sandbox.folder(None)
    assert not os.path.lexists(mirrored / "made")
    assert (mirrored / "out" / "deep" / "m.txt").exists(), "a folder with other files in it stays"
    assert [file.name for file in (mirrored.parent / "data").iterdir()] == ["x.csv"]
    assert (work / "made" / "cache.pkl").exists()
    assert (work.parent / "data" / "made.csv").exists()


def test_what_is_not_needed_is_left_out_or_linked(make: Any, work: Path) -> None:
    for name in (".nbtrack", "__pycache__", ".ipynb_checkpoints", ".git", ".venv", "node_modules"):
        (work / name).mkdir()
        (work / name / "file").touch()
    mirrored = make().folder(None)
    assert not [name for name in (".nbtrack", "__pycache__", ".ipynb_checkpoints") if (mirrored / name).exists()]
    assert all((mirrored / name).is_symlink() for name in (".git", ".venv", "node_modules"))


def test_what_is_kept_is_a_link(make: Any, work: Path) -> None:
    mirrored = make(kept=[str(work / "a.txt"), str(work / "out")]).folder(None)
    assert (mirrored / "a.txt").is_symlink()
    assert (mirrored / "out").is_symlink()


def test_the_users_links_are_links_within_the_mirror(make: Any, work: Path) -> None:
    (work / "latest").symlink_to("out")
    (work / "data").symlink_to(work.parent / "data")
    (work / "gone").symlink_to("nowhere")
    mirrored = make().folder(None)
    (mirrored / "out" / "new.txt").write_text("n")
    assert (mirrored / "latest" / "new.txt").read_text() == "n"
    assert (mirrored / "data" / "x.csv").read_text() == "x"
    assert os.path.lexists(mirrored / "gone")
    assert not (mirrored / "gone").exists()
    assert not (work / "out" / "new.txt").exists()


def test_a_link_becomes_a_copy_before_it_is_written(make: Any, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 0)
    sandbox = make()
    mirror = Mirror(sandbox.mirrors[os.sep])
    mine = mirror.own(str(work / "a.txt"))
    Path(mine).write_text("b")
    other = mirror.own(str(work.parent / "data" / "x.csv"), content=False)
    assert not os.path.lexists(other)
    assert (sandbox.folder(None) / "a.txt").read_text() == "b"
    assert (work / "a.txt").read_text() == "a"
    assert (work.parent / "data" / "x.csv").read_text() == "x"


def test_names_lead_there_and_back(make: Any, work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "y.txt").write_text("y")
    sandbox = make()
    assert sandbox.original(sandbox.folder(None) / "a.txt") == str(work / "a.txt")
    assert sandbox.original("/elsewhere/x") == "/elsewhere/x"
    assert (sandbox.folder(str(other)) / "y.txt").read_text() == "y"
    assert not (sandbox.folder(str(other)) / "y.txt").is_symlink()
    assert sandbox.folder(str(work / "out")) == sandbox.folder(None) / "out"
    assert not sandbox.folder(str(tmp_path / "not" / "there")).exists()
    assert set(sandbox.mirrors) == {str(work), str(other), os.sep}


def test_a_working_directory_that_is_gone_is_an_empty_place(make: Any, tmp_path: Path) -> None:
    assert not make(tmp_path / "gone").folder(None).exists()


def test_a_folder_that_is_not_to_be_there_is_not_made_by_writing_below_it(make: Any, work: Path) -> None:
    (work / "made").mkdir()
    sandbox = make(absent=[str(work / "made")])
    mirrored = Mirror(sandbox.mirrors[os.sep]).own(str(work / "made" / "x.txt"))
    assert mirrored == str(sandbox.folder(None) / "made" / "x.txt")
    assert not (sandbox.folder(None) / "made").exists()


def test_closing_removes_everything_and_nothing_else(work: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with Sandbox(str(work), scratch) as sandbox:
        mirrored = sandbox.folder(None)
        (mirrored / "locked").mkdir()
        (mirrored / "locked" / "file").touch()
        (mirrored / "locked" / "file").chmod(stat.S_IRUSR)
        (mirrored / "locked").chmod(stat.S_IRUSR | stat.S_IXUSR)
        assert Path(sandbox.variables["TMPDIR"]).is_dir()
    assert not scratch.exists()
    assert contents(work) == {"a.txt": b"a", "out/deep/m.txt": b"m"}
    assert contents(work.parent / "data") == {"x.csv": b"x"}


def test_unreadable_files_and_special_ones_do_no_harm(make: Any, work: Path) -> None:
    (work / "secret").touch()
    (work / "secret").chmod(0)
    os.mkfifo(work / "pipe")
    mirrored = make().folder(None)
    assert os.path.lexists(mirrored / "secret")
    assert (mirrored / "pipe").is_fifo()


def test_a_mirror_does_not_hold_itself(tmp_path: Path, work: Path) -> None:
    with Sandbox(str(tmp_path), tmp_path / "scratch") as sandbox:
        assert sorted(entry.name for entry in sandbox.folder(None).iterdir()) == ["home", "project", "work"]
