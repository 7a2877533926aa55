"""Files that cells left behind without Python having seen it, and what had been fetched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nbtrack.records import CellExecution
from nbtrack.replay.engine.leftovers import left_behind, with_downloads
from nbtrack.replay.outcome import Failure
from nbtrack.replay.recipe import Recipe, Target

_BEGIN_S = 1_700_000_000.0


def execution(sequence: int, source: str = "", **facts: Any) -> CellExecution:
    """Return an execution that took one second, two after the one before."""
    start_us = int((_BEGIN_S + 2 * sequence) * 1e6)
    return CellExecution(
        **{
            "session": "s",
            "sequence": sequence,
            "execution_count": sequence + 1,
            "cell_id": None,
            "source": source,
            "start_us": start_us,
            "duration_s": 1.0,
            **facts,
        }
    )


def write(name: str, sequence: float) -> str:
    """Write a file half a second after an execution began."""
    file = Path(name).absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    moment_s = _BEGIN_S + 2 * sequence + 0.5
    os.utime(file, (moment_s, moment_s))
    return str(file)


def found(executions: list[CellExecution], session: list[CellExecution]) -> set[str]:
    return {os.path.relpath(path) for path in left_behind(os.getcwd(), executions, session)}


def test_what_a_cell_wrote_unseen_is_left_behind_whether_it_is_in_the_slice_or_not() -> None:
    session = [execution(0), execution(1), execution(2)]
    write("of_the_slice.db", 2)
    write("deep/of_another_cell.parquet", 0)
    write("between_cells.csv", 0.6)
    write("before.csv", -5)
    write("notebook.ipynb", 1)
    write(".nbtrack/store", 1)
    assert found(session[2:], session) == {"of_the_slice.db", "deep/of_another_cell.parquet"}


@pytest.mark.parametrize(
    "source", ["!make data", "%%bash\nmake data", "x = !make", "subprocess.run('make')", "%run x.py"]
)
def test_what_is_read_was_made_by_a_cell_that_ran_a_program(source: str) -> None:
    path = write("data.csv", 0)
    session = [execution(0, source), execution(1, reads=(f"file:{path}",))]
    assert found(session[1:], session) == {"data.csv"}


@pytest.mark.parametrize(
    "source", ["model.fit(X)", "!wget http://example.org/data.csv", "!curl -O data.csv", "!git clone x"]
)
def test_what_is_read_is_data_where_no_program_can_have_computed_it(source: str) -> None:
    path = write("data.csv", 0)
    session = [execution(0, source), execution(1, reads=(f"file:{path}",))]
    assert found(session[1:], session) == set()


def test_what_ran_before_anybody_watched_has_left_nothing() -> None:
    write("data.csv", 0)
    session = [execution(0, observed=False, start_us=int(_BEGIN_S * 1e6)), execution(1)]
    assert found(session[1:], session) == set()


def test_caches_in_the_home_directory_count_where_cells_speak_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.abspath("caches"))
    os.mkdir("work")
    mine = write("caches/mine/x.pkl", 0)
    write("caches/huggingface/model.bin", 0)
    asking, other = execution(0, "P = Path.home() / '.cache' / 'mine'"), execution(0, "x = 1")
    assert left_behind(os.path.abspath("work"), [asking], [asking]) == {mine}
    assert left_behind(os.path.abspath("work"), [other], [other]) == set()


def test_a_folder_that_is_gone_holds_nothing() -> None:
    assert left_behind("/no/such/folder", [execution(0)], [execution(0)]) == set()


RECIPE = Recipe(
    run_id="r",
    run_name="r",
    experiment="e",
    steps=(),
    target=Target(kind="cell", name="r"),
    folder="/w",
    absent=("/w/cache.pkl", "/w/data.csv"),
)
FETCHING = [execution(0, binds=("file:/w/cache.pkl",)), execution(1, binds=("file:/w/data.csv", "rows"))]


def test_what_the_cell_had_fetched_is_there_when_the_network_is_not() -> None:
    failure = Failure(kind="error", message="", execution_count=2, error="URLError")
    assert with_downloads(RECIPE, FETCHING, failure).absent == ("/w/cache.pkl",)


@pytest.mark.parametrize(("error", "count"), [("ValueError", 2), ("FileNotFoundError", 2), ("URLError", 3)])
def test_nothing_else_brings_back_what_a_slice_made(error: str, count: int) -> None:
    failure = Failure(kind="error", message="", execution_count=count, error=error)
    assert with_downloads(RECIPE, FETCHING, failure) is RECIPE
