"""What the run table asks of the store: runs in an order, and columns of values."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbtrack.errors import FilterError, InputError
from nbtrack.store import grid, grid_columns
from nbtrack.store.grid import ColumnFilter, GridView
from nbtrack.store.store import Store, open_store

START_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000
AWKWARD = "a.b \"c' `d`"


def write(store: Store, number: int, name: str, params: Mapping[str, Any], metrics: Mapping[str, float], **more: Any):
    run_id = uuid.uuid5(uuid.NAMESPACE_OID, name).hex
    start = START_US + number * MINUTE_US
    event = {"run": run_id, "experiment": more.get("experiment", "digits"), "name": name, "start": start, "user": "ada"}
    store.append_event({"t": "run", **event, "source": {"kind": "block"}, "parent": more.get("parent")})
    typed = {key: [str(value), type(value).__name__] for key, value in params.items()}
    store.append_event({"t": "params", "run": run_id, "v": typed})
    store.append_event({"t": "tags", "run": run_id, "v": more.get("tags", {})})
    for key, value in metrics.items():
        store.append_point(run_id, key, 0, start, value)
    if more.get("status", "finished"):
        end = start + 2_000_000
        store.append_event(
            {"t": "end", "run": run_id, "status": more.get("status", "finished"), "end": end, "error": None}
        )
    return run_id


@pytest.fixture
def store(store_root: Path) -> Iterator[Store]:
    store = open_store(store_root)
    write(store, 0, "Ridge", {"C": 10, "model": "rf", AWKWARD: 1.5}, {"loss": 0.5, "acc": 0.9}, tags={"stage": "draft"})
    write(store, 1, "lasso", {"C": 9, "model": "SVM"}, {"loss": math.nan, "acc": 0.8})
    write(store, 2, "forest", {"C": 0.5, "model": "rf"}, {"acc": 0.95}, experiment="other")
    write(store, 3, "boost", {"C": 200}, {"loss": math.inf, "acc": 0.7}, status="failed")
    write(store, 4, "naïve", {"model": "rf"}, {"loss": -1.0}, status=None)
    yield store
    store.close()


def names(store: Store, **view: Any) -> list[str]:
    def ask(connection: Any) -> list[str]:
        numbers = grid.run_numbers(connection, GridView(numbers=frozenset({"params.C"}), **view))
        return grid.values(connection, numbers, ["run_name"])["run_name"].tolist()

    return store.read(ask)


def test_the_newest_run_is_the_first(store):
    assert names(store) == ["naïve", "boost", "forest", "lasso", "Ridge"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ([("metrics.loss", False)], ["naïve", "Ridge", "boost", "lasso", "forest"]),
        ([("metrics.loss", True)], ["boost", "Ridge", "naïve", "lasso", "forest"]),
        ([("params.C", False)], ["forest", "lasso", "Ridge", "boost", "naïve"]),
        ([("params.C", True)], ["boost", "Ridge", "lasso", "forest", "naïve"]),
        ([("params.model", False), ("params.C", False)], ["lasso", "forest", "Ridge", "naïve", "boost"]),
        ([("run_name", False)], ["Ridge", "boost", "forest", "lasso", "naïve"]),
        ([(f"params.{AWKWARD}", False)], ["Ridge", "naïve", "boost", "forest", "lasso"]),
        ([("start_time", False)], ["Ridge", "lasso", "forest", "boost", "naïve"]),
        ([("tags.stage", True), ("metrics.acc", True)], ["Ridge", "forest", "lasso", "boost", "naïve"]),
    ],
)
def test_what_is_missing_comes_last_and_nan_just_before(sort, expected, store):
    assert names(store, sort=tuple(sort)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([("metrics.loss", "<", 1)], {"Ridge", "naïve"}),
        ([("metrics.loss", ">=", 0.5)], {"Ridge", "boost"}),
        ([("metrics.loss", "is", "nan")], {"lasso"}),
        ([("metrics.loss", "isnot", 0.5)], {"lasso", "forest", "boost", "naïve"}),
        ([("metrics.loss", "empty")], {"forest"}),
        ([("metrics.loss", "there")], {"Ridge", "lasso", "boost", "naïve"}),
        ([("params.C", "between", 9, 10)], {"Ridge", "lasso"}),
        ([("params.C", "has", "0")], {"Ridge", "forest", "boost"}),
        ([("params.model", "is", "svm")], {"lasso"}),
        ([("params.model", "isnot", "rf")], {"lasso", "boost"}),
        ([("params.model", "hasnot", "R")], {"lasso", "boost"}),
        ([("run_name", "has", "NAÏ")], {"naïve"}),
        ([("status", "is", "running")], {"naïve"}),
        ([("params.model", "has", "rf"), ("metrics.acc", ">", 0.9)], {"forest"}),
        ([(f"params.{AWKWARD}", "has", "1.5")], {"Ridge"}),
    ],
)
def test_filters_of_columns(filters, expected, store):
    chosen = tuple(ColumnFilter(column, operator, tuple(values)) for column, operator, *values in filters)
    assert set(names(store, filters=chosen)) == expected


def test_all_filters_together(store):
    assert names(store, where="metrics.acc > 0.75", experiments=("digits",)) == ["lasso", "Ridge"]
    assert names(store, where="metrics.acc > 0.75", expression="params.model = 'rf' or tags.stage = 'x'") == [
        "forest",
        "Ridge",
    ]
    searched = ("params.model", "tags.stage", "experiment")
    assert names(store, quick="RF other", searched=searched) == ["forest"]
    assert names(store, quick="draft") == []
    assert names(store, quick="draft", searched=searched) == ["Ridge"]
    assert names(store, quick=uuid.uuid5(uuid.NAMESPACE_OID, "boost").hex[:9]) == ["boost"]
    assert names(store, quick="100%_") == []


def test_an_expression_cannot_lift_what_the_table_was_made_with(store):
    run_id = uuid.uuid5(uuid.NAMESPACE_OID, "boost").hex
    store.append_event({"t": "stage", "run": run_id, "stage": "deleted"})
    assert "boost" not in names(store)
    assert names(store, expression="lifecycle = 'deleted'") == []
    assert names(store, lifecycle="deleted") == ["boost"]
    assert names(store, expression="metrics.acc > 0 or metrics.acc < 0") == ["forest", "lasso", "Ridge"]


def test_what_cannot_be_read_is_said(store):
    with pytest.raises(FilterError, match="expected a value"):
        names(store, expression="metrics.acc >> 1")
    with pytest.raises(InputError, match=r"no column 'stauts'.*Did you mean 'status'"):
        names(store, sort=(("stauts", False),))
    with pytest.raises(InputError, match="compares numbers"):
        names(store, filters=(ColumnFilter("run_name", "<", (3.0,)),))
    with pytest.raises(InputError, match="is none"):
        names(store, filters=(ColumnFilter("metrics.acc", "<", ("x",)),))


def test_the_columns_and_what_they_hold(store):
    found = {column.id: column for column in store.read(lambda c: grid_columns.columns(c, GridView().base()))}
    assert found["params.C"].type == "number"
    assert (found["params.model"].type, found["params.model"].runs) == ("text", 4)
    assert (found["metrics.loss"].kind, found["metrics.loss"].runs) == ("metric", 4)
    assert found["tags.stage"].kind == "tag"
    assert f"params.{AWKWARD}" in found
    assert found["hazards"].runs == 0
    newest = {
        column.id for column in store.read(lambda c: grid_columns.columns_of(c, grid.run_numbers(c, GridView())[:1]))
    }
    assert "params.model" in newest
    assert "params.C" not in newest


def test_values_come_in_the_order_asked_for(store):
    def ask(connection: Any) -> dict[str, Any]:
        numbers = grid.run_numbers(connection, GridView())
        asked = np.append(numbers[::-1], [10_000]).astype("int32")
        return grid.values(connection, asked, ["run_name", "metrics.loss", "params.C", "duration_s", "verdict"])

    found = store.read(ask)
    assert found["run_name"].tolist() == ["Ridge", "lasso", "forest", "boost", "naïve", None]
    assert found["params.C"].tolist() == ["10", "9", "0.5", "200", None, None]
    assert found["duration_s"].tolist() == [2.0, 2.0, 2.0, 2.0, None, None]
    assert found["metrics.loss"].mask.tolist() == [False, False, True, False, False, True]
    assert math.isnan(found["metrics.loss"][1])
    assert found["verdict"].mask.all()


def test_best_values_are_of_finished_runs_and_finite(store):
    ways = {"loss": "lower", "acc": "higher"}
    found = store.read(lambda c: grid.best_values(c, GridView().base(), ways))
    assert found == {"acc": 0.95}, "the only finite loss of a finished run is no best one"
    assert store.read(lambda c: grid.best_values(c, GridView(where="status = 'failed'").base(), ways)) == {}


def test_columns_that_differ(store):
    wanted = ["params.model", "params.C", "status", "user"]
    found = store.read(lambda c: grid.differing(c, GridView(where="params.model = 'rf'").base(), wanted))
    assert found == ["params.C", "status"]


def test_the_stamp_changes_with_every_merge(store):
    store.flush()
    before = grid.change_stamp(store.layout)
    assert grid.change_stamp(store.layout) == before
    write(store, 9, "new", {}, {})
    store.flush()
    assert grid.change_stamp(store.layout) != before


def test_an_empty_store_has_no_rows(tmp_path):
    store = open_store(tmp_path / "nothing" / ".nbtrack")
    assert names(store) == []
    assert [c.id for c in store.read(lambda c: grid_columns.columns(c, GridView().base()))] == list(
        grid_columns.OFFERED
    )
