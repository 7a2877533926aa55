"""A folder that cannot be written; this runs as root too, whom permissions do not stop: only trying tells."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from nbtrack.store import locks
from nbtrack.store import store as module
from nbtrack.store.store import Store, open_store


@pytest.fixture(params=["mounted read-only", "refused by the system"])
def closed_folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that cannot be written: really, where this user may mount one, and by what the system would say."""
    folder = tmp_path / "course"
    folder.mkdir()
    mounted = request.param == "mounted read-only" and not any(
        subprocess.run(["mount", *options, str(folder)], capture_output=True).returncode
        for options in (["-t", "tmpfs", "tmpfs"], ["-o", "remount,ro"])
    )
    if not mounted:
        real_file, real_mkdir = FileIO, Path.mkdir

        def refuse(path: object) -> None:
            if Path(os.fspath(path)).is_relative_to(folder):  # type: ignore[arg-type]
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

        def file(path, *arguments):
            refuse(path)
            return real_file(path, *arguments)

        def mkdir(self, *arguments, **options):
            refuse(self)
            return real_mkdir(self, *arguments, **options)

        monkeypatch.setattr(locks, "FileIO", file)
        monkeypatch.setattr(Path, "mkdir", mkdir)
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_another_store_stands_in_and_both_are_named(closed_folder: Path, workers) -> None:
    store = open_store(closed_folder / ".nbtrack")
    assert store.root == module.user_data_folder()
    (notice,) = store.pop_notices()
    assert str(closed_folder) in notice
    assert str(store.root) in notice
    assert os.strerror(errno.EROFS) in notice
    store.append_event(workers.run_event("a"))
    store.append_point("a", "loss", 0, 1, 0.5)
    assert store.run("a").data.metrics == {"loss": 0.5}
    assert open_store(closed_folder / ".nbtrack") is store


def test_reading_alone_makes_no_store(store: Store, store_root: Path) -> None:
    assert store.runs() == []
    assert store.sql("from metric_points").empty
    assert store.experiments() == []
    assert list(store.metric_ranges("e")) == []
    assert not store_root.exists()
    assert list(store_root.parent.iterdir()) == []


def test_a_store_that_is_closed_while_it_runs_keeps_values_in_memory(store: Store, workers, monkeypatch) -> None:
    """A disk that goes read-only after an error, as Linux makes it."""
    store.append_event(workers.run_event("a"))

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as closed:
        closed.setattr(os, "write", refuse)
        closed.setattr(os, "posix_fallocate", refuse)
        store.append_point("a", "loss", 0, 1, 0.5)
    assert store.run("a").data.metrics == {"loss": 0.5}
    assert any("Read-only file system" in notice for notice in store.pop_notices())
