"""Columns kept in memory give the order that the database gives; small curves keep what matters of a long one."""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbtrack.store import grid, grid_columns, grid_curves
from nbtrack.store.grid import GridView
from nbtrack.store.grid_memory import GridMemory
from nbtrack.store.store import Store, open_store

START_US = 1_700_000_000_000_000
PARAMS = [None, "1", "1.0", "10", "9", "auto", "Auto", "nan", "inf", "-3e2", "", "ü", "1_000", " 7", "two\nlines"]
METRICS = [None, 0.5, math.nan, math.inf, -math.inf, -0.0, 0.5, 3.0]
SORTED = ["params.C", "metrics.loss", "tags.stage", "run_name", "start_time", "duration_s", "params.gone", "verdict"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(Path(tmp_path_factory.mktemp("memory")) / ".nbtrack")
    for number, (text, value) in enumerate(itertools.product(PARAMS, METRICS)):
        run_id = uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex
        # Several begin at the same moment: then the one that was made later is the newer one.
        start = START_US + number // 3
        event = {"run": run_id, "experiment": "e", "name": f"run {number % 7}", "start": start, "user": "ada"}
        store.append_event({"t": "run", **event, "source": {"kind": "block"}, "parent": None})
        if text is not None:
            store.append_event({"t": "params", "run": run_id, "v": {"C": [text, "str"]}})
            store.append_event({"t": "tags", "run": run_id, "v": {"stage": text}})
        if value is not None:
            store.append_point(run_id, "loss", 0, start, value)
        if number % 5:
            end = {"status": "finished", "end": start + number * 1000, "error": None}
            store.append_event({"t": "end", "run": run_id, **end})
    yield store
    store.close()


def remembered(connection: Any, wanted: list[str], numbers: frozenset[str] = frozenset()) -> GridMemory:
    memory = GridMemory(grid.run_numbers(connection, GridView()))
    memory.load(connection, wanted, numbers)
    return memory


@pytest.mark.parametrize("as_number", [frozenset(), frozenset({"params.C"})])
def test_the_order_is_that_of_the_database(as_number, store):
    def ask(connection: Any) -> None:
        memory = remembered(connection, SORTED, as_number)
        sorts = [((name, down),) for name in SORTED for down in (False, True)]
        sorts += [(("run_name", True), ("metrics.loss", False)), (("params.C", True), ("metrics.loss", True))]
        for sort in [(), *sorts]:
            expected = grid.run_numbers(connection, GridView(sort=sort, numbers=as_number))
            assert memory.order(sort).tolist() == expected.tolist(), sort

    store.read(ask)


def test_only_what_fits_is_ordered(store):
    def ask(connection: Any) -> None:
        memory = remembered(connection, ["metrics.loss"])
        view = GridView(where="metrics.loss >= 0.5", sort=(("metrics.loss", True),))
        fitting = grid.run_numbers(connection, GridView(where=view.where))
        assert 0 < len(fitting) < len(memory.numbers)
        expected = grid.run_numbers(connection, view).tolist()
        assert memory.order(view.sort, np.append(fitting, 99_999)).tolist() == expected
        assert memory.places([99_999, memory.numbers[3]]).tolist() == [-1, 3]

    store.read(ask)


@pytest.mark.parametrize(
    "quick", ["1", "RUN 3", "Ü", "auto run", "nan", "e2 n", "draft", "two", "lines 1", "two\nlines", "7 1.0", "olin"]
)
def test_words_are_found_as_the_database_finds_them(quick, store):
    def ask(connection: Any) -> None:
        view = GridView(quick=quick, searched=("params.C", "params.gone", "tags.stage", "verdict", "status"))
        memory = remembered(connection, ["metrics.loss", *view.looked_in])
        assert memory.has_texts(view.looked_in)
        assert not memory.has_texts(["run_name", "metrics.loss"])
        assert not memory.has_texts(["run_name", "tags.other"])
        found = memory.holding(view.words, view.looked_in)
        assert found.tolist() == grid.run_numbers(connection, view).tolist()

    store.read(ask)


def test_values_are_grouped_with_what_is_missing_apart(store):
    def ask(connection: Any) -> None:
        memory = remembered(connection, ["params.C", "metrics.loss"])
        for name in ("params.C", "metrics.loss"):
            codes, values = memory.codes(name)
            expected = grid.values(connection, memory.numbers, [name])[name].tolist()
            got = [values[code] for code in codes]
            # The two zeros are one value, whichever of them stands for it.
            told, wanted = ([str(value).replace("-0.0", "0.0") for value in each] for each in (got, expected))
            assert told == wanted
        assert np.isnan(memory.floats("metrics.loss")).sum() == 2 * len(PARAMS)

    store.read(ask)


def test_values_are_those_of_the_database(store):
    def ask(connection: Any) -> None:
        wanted = ["run_id", "run_name", "params.C", "metrics.loss", "duration_s", "seed"]
        memory = remembered(connection, wanted)
        numbers = np.array([memory.numbers[5], -1, memory.numbers[0], 99_999], dtype=np.int32)
        expected, found = grid.values(connection, numbers, wanted), memory.values(numbers, wanted)
        for name in wanted:
            assert [str(value) for value in found[name].tolist()] == [str(value) for value in expected[name].tolist()]

    store.read(ask)


def test_what_was_used_longest_ago_makes_room(store, monkeypatch):
    def ask(connection: Any) -> None:
        memory = remembered(connection, ["metrics.loss", "params.C"])
        monkeypatch.setattr("nbtrack.store.grid_memory._MOST_BYTES", memory.size_bytes)
        memory.load(connection, ["params.C", "tags.stage"], frozenset())
        assert memory.has(["params.C", "tags.stage"])
        assert not memory.has(["metrics.loss"])

    store.read(ask)


# --- small curves -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(Path(tmp_path_factory.mktemp("curves")) / ".nbtrack")
    series = {
        "long": [math.sin(step / 50) + (9 if step == 777 else 0) for step in range(2000)],
        "flat": [2.5] * 10,
        "holes": [1.0, math.nan, math.inf, 2.0, 0.0],
        "huge": [-1.7e308, 1.7e308],
        "nothing": [math.nan] * 4,
        "one": [1.0],
        "none": [],
    }
    for number, (name, values) in enumerate(series.items()):
        run_id = uuid.uuid5(uuid.NAMESPACE_OID, name).hex
        event = {"run": run_id, "experiment": "e", "name": name, "start": START_US + number, "user": "ada"}
        store.append_event({"t": "run", **event, "source": {"kind": "block"}, "parent": None})
        for step, value in enumerate(values):
            store.append_point(run_id, "loss", step, START_US + step, value)
        store.append_point(run_id, "once", 0, START_US, 1.0)
    yield store
    store.close()


def small(store: Store, *names: str) -> dict[str, grid_curves.SmallCurve]:
    ids = {uuid.uuid5(uuid.NAMESPACE_OID, name).hex: name for name in names}
    found = store.read(lambda connection: grid_curves.small_curves(connection, list(ids), "loss"))
    return {ids[run_id]: curve for run_id, curve in found.items()}


def test_a_long_curve_keeps_its_peak_in_few_bytes(curved):
    curve = small(curved, "long")["long"]
    assert curve.points == 2000
    assert len(curve.shape) <= 2 * (2 * 20 + 4)
    assert (curve.first, curve.high) == (0.0, pytest.approx(9.1, abs=0.2))
    places, heights = curve.shape[::2], curve.shape[1::2]
    assert heights[[*heights].index(254)] == 254
    assert abs(places[[*heights].index(254)] - 777 / 1999 * 255) <= 1
    assert list(places) == sorted(places)
    assert (places[0], places[-1]) == (0, 255)


def test_curves_that_are_odd(curved):
    found = small(curved, "flat", "holes", "huge", "nothing", "one", "none")
    assert set(found["flat"].shape[1::2]) == {127}
    assert list(found["holes"].shape[1::2]) == [127, 255, 255, 254, 0]
    assert (found["holes"].first, found["holes"].last, found["holes"].low) == (1.0, 0.0, 0.0)
    assert list(found["huge"].shape) == [0, 0, 255, 254]
    assert found["nothing"].shape == b""
    assert found["nothing"].low is None
    assert [found[name].points for name in ("one", "none")] == [1, 0]
    assert found["one"].shape == b""


def test_rows_that_cost_much_come_later(curved, monkeypatch):
    monkeypatch.setattr(grid_curves, "_BUDGET", 1000)
    assert list(small(curved, "long", "holes")) == ["long"]
    assert set(small(curved, "holes", "long", "one")) == {"holes"}


def test_metrics_with_a_curve(curved):
    numbers = curved.read(lambda connection: grid.run_numbers(connection, GridView()))
    assert curved.read(lambda connection: grid_curves.metrics_with_curves(connection, numbers)) == ["loss"]
    assert curved.read(lambda connection: grid_curves.metrics_with_curves(connection, numbers[:1])) == []
    assert grid_columns.type_of("metrics.loss") == "number"
