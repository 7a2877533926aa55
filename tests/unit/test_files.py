"""What is noticed of the files that a cell touches, and which of them it found there."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrack.capture.files import FileLog
from nbtrack.capture.openings import Openings
from nbtrack.provenance.history import Execution, History

Played = Callable[[Callable[[], Any]], tuple[set[str], set[str]]]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[FileLog]:
    made = FileLog(lambda: str(tmp_path / "store"))
    yield made
    made.end()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Played]:
    """Plays a cell; returns the names of files that it read, and that it wrote, as its execution has them."""
    history = History("session")
    openings = Openings(history, {}, lambda: str(tmp_path / "store"))

    def names(found: Any) -> set[str]:
        return {os.path.relpath(name.removeprefix("file:")) for name in found}

    def cell(function: Callable[[], Any]) -> tuple[set[str], set[str]]:
        execution = Execution(len(history.executions), None, None, "", "", None, 0)
        history.executions.append(execution)
        openings.begin()
        function()
        openings.stop()
        openings.end(execution)
        return names(execution.reads), names(execution.writes)

    yield cell
    openings.stop()


def write(path: str, mode: str = "w") -> None:
    with open(path, mode) as file:
        file.write("x")


def read(path: str) -> None:
    with open(path) as file:
        file.read()


def replace() -> None:
    write("a.txt.tmp")
    os.replace("a.txt.tmp", "a.txt")


def recompute() -> None:
    """Write a cache and read it back."""
    write("a.txt")
    read("a.txt")


CASES = {
    "read": (lambda: read("old.txt"), {"old.txt"}, set()),
    "written": (lambda: write("a.txt"), set(), {"a.txt"}),
    "written over": (lambda: write("old.txt"), set(), {"old.txt"}),
    "written, then read": (recompute, set(), {"a.txt"}),
    "read, then written": (lambda: (read("old.txt"), write("old.txt")), {"old.txt"}, {"old.txt"}),
    "appended to": (lambda: write("old.txt", "a"), {"old.txt"}, {"old.txt"}),
    "appended to what was not there": (lambda: write("a.txt", "a"), set(), {"a.txt"}),
    "updated": (lambda: write("old.txt", "r+"), {"old.txt"}, {"old.txt"}),
    "written with w+": (lambda: write("old.txt", "w+"), set(), {"old.txt"}),
    "made with x": (lambda: write("a.txt", "x"), set(), {"a.txt"}),
    "written aside and renamed": (replace, set(), {"a.txt"}),
    "renamed": (lambda: os.rename("old.txt", "a.txt"), {"old.txt"}, {"old.txt", "a.txt"}),
    "moved": (lambda: shutil.move("old.txt", "a.txt"), {"old.txt"}, {"old.txt", "a.txt"}),
    "copied": (lambda: shutil.copyfile("old.txt", "a.txt"), {"old.txt"}, {"a.txt"}),
    "removed": (lambda: os.remove("old.txt"), {"old.txt"}, {"old.txt"}),
    "made and removed": (lambda: (write("a.txt"), os.remove("a.txt")), set(), set()),
    "removed and made again": (lambda: (os.remove("old.txt"), write("old.txt")), {"old.txt"}, {"old.txt"}),
    "linked": (lambda: os.symlink("old.txt", "a.txt"), set(), {"a.txt"}),
    "a folder made": (lambda: os.mkdir("out"), set(), {"out"}),
    "a folder that was there": (lambda: os.makedirs("folder", exist_ok=True), set(), set()),
    "a folder removed": (lambda: shutil.rmtree("folder"), {"folder"}, {"folder"}),
    "a folder made anew": (lambda: (shutil.rmtree("folder"), os.mkdir("folder")), {"folder"}, {"folder"}),
    "a folder made and removed": (lambda: (os.mkdir("out"), os.rmdir("out")), set(), set()),
    "looked for": (lambda: os.path.exists("old.txt"), set(), set()),
    "not there": (lambda: shutil.rmtree("nothing", ignore_errors=True), set(), set()),
}


@pytest.mark.parametrize(("action", "reads", "writes"), CASES.values(), ids=CASES)
def test_what_a_cell_found_and_what_it_made(play: Played, action: Any, reads: set[str], writes: set[str]) -> None:
    Path("old.txt").write_text("old")
    Path("folder").mkdir()
    assert play(action) == (reads, writes)


def test_a_database_is_written_where_it_has_changed(play: Played) -> None:
    kept = []

    def connect() -> None:
        kept.append(sqlite3.connect("data.db"))

    def create() -> None:
        kept[0].execute("CREATE TABLE t(a)")
        kept[0].commit()

    try:
        assert play(connect) == (set(), {"data.db"})
        assert play(create) == ({"data.db"}, {"data.db"})
        assert play(lambda: kept[0].execute("SELECT * FROM t").fetchall()) == (set(), set())
        assert play(lambda: sqlite3.connect("file:data.db?mode=ro", uri=True).close()) == ({"data.db"}, set())
        assert play(lambda: sqlite3.connect(":memory:").close()) == (set(), set())
    finally:
        kept[0].close()


def test_the_stores_own_files_are_none_of_the_notebooks(log: FileLog, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    log.begin()
    write(str(tmp_path / "store" / "journal"))
    os.mkdir(tmp_path / "store" / "blobs")
    os.remove(tmp_path / "store" / "journal")
    write("mine.txt")
    log.end()
    assert [os.path.basename(path) for path in log.written] == ["mine.txt"]
    assert not log.read
    assert not log.removed
    assert not log.made


def test_nothing_that_is_opened_in_a_strange_way_breaks_the_users_code(log: FileLog) -> None:
    log.begin()
    with pytest.raises(ValueError, match="null"):
        open("a\0b")  # noqa: SIM115 - it does not open
    with pytest.raises(TypeError):
        os.rename("a", 1.5)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        os.remove("")
    read_end, write_end = os.pipe()
    os.close(read_end)
    open(write_end, "wb").close()
    log.end()
    assert not log.written
