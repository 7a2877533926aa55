"""Reads over a store that was written the normal way: through events and points."""

from __future__ import annotations

import math
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from nbtrack.capture.baseline import Baselines
from nbtrack.errors import FilterError, InputError, RunNotFoundError
from nbtrack.records import Artifact, MetricRange, experiment_id
from nbtrack.store import query
from nbtrack.store.store import Store

START_US = 1_700_000_000_123_456
NAN = math.nan


class Writer:
    """Writes whole runs, each starting a minute after the one before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.count = 0

    def run(
        self,
        name: str,
        *,
        experiment: str = "digits",
        params: Mapping[str, tuple[str, str]] | None = None,
        metrics: Mapping[str, float | Sequence[float]] | None = None,
        status: str | None = "finished",
        run_id: str | None = None,
        **more: Any,
    ) -> str:
        identity = run_id or uuid.uuid5(uuid.NAMESPACE_OID, name).hex
        start = more.pop("start", START_US + self.count * 60_000_000)
        self.count += 1
        source = more.pop("source", {"kind": "cell", "name": "nb.ipynb", "cell_id": "c1", "execution_count": 3})
        self.event("run", identity, experiment=experiment, name=name, start=start, user="ada", source=source, **more)
        if params:
            self.event("params", identity, v={key: list(value) for key, value in params.items()})
        for key, values in (metrics or {}).items():
            for step, value in enumerate(values if isinstance(values, Sequence) else [values]):
                self.store.append_point(identity, key, step, start + step, value)
        if status:
            self.event("end", identity, status=status, end=start + 2_500_000, error=more.get("error"))
        return identity

    def event(self, kind: str, run_id: str, **fields: Any) -> None:
        self.store.append_event({"t": kind, "run": run_id, **fields})


@pytest.fixture
def write(store: Store) -> Iterator[Writer]:
    yield Writer(store)
    store.close()


def names(store: Store, *arguments: Any, **options: Any) -> list[str]:
    return [record.info.run_name for record in store.runs(*arguments, **options)]


def test_record_has_everything(store: Store, write: Writer) -> None:
    params = {
        "C": ("0.5", "float"),
        "n": ("5", "int"),
        "on": ("True", "bool"),
        "no": ("None", "none"),
        "layers": ("[1, 2]", "json"),
        "model": ("rf", "str"),
        "huge": ("9" * 5000, "int"),
    }
    run_id = write.run(
        "baseline", params=params, metrics={"loss": [3.0, 1.0, NAN], "acc": 0.9}, seed=7, parent="p" * 32, status=None
    )
    write.event("source", run_id, hash="h1", text="C = 0.5")
    write.event("tags", run_id, v={"stage": "draft"})
    write.event("note", run_id, text="a note")
    write.event("warning", run_id, text="careful")
    for path in ("b.txt", "a.txt"):
        write.event("artifact", run_id, path=path, hash="d" * 64, size_bytes=12, media_type="text/plain")
    write.event(
        "end", run_id, status="failed", end=START_US + 2_500_999, error={"type": "E", "message": "m", "traceback": "t"}
    )
    (record,) = store.runs()
    info = record.info
    assert (info.run_id, info.run_name, info.status) == (run_id, "baseline", "failed")
    assert (info.experiment_name, info.experiment_id) == ("digits", experiment_id("digits"))
    assert (info.start_time, info.end_time) == (START_US // 1000, (START_US + 2_500_999) // 1000)
    assert (info.seed, info.parent_run_id, info.user_id, info.lifecycle_stage) == (7, "p" * 32, "ada", "active")
    assert info.artifact_uri == store.artifacts_uri(run_id)
    assert (info.source.kind, info.source.name, info.source.cell_id, info.source.execution_count) == (
        "cell",
        "nb.ipynb",
        "c1",
        3,
    )
    assert info.error is not None
    assert (info.error.type, info.error.message, info.error.traceback) == ("E", "m", "t")
    assert record.data.params == {key: text for key, (text, _) in params.items()}
    assert record.typed_params == {
        "C": 0.5,
        "n": 5,
        "on": True,
        "no": None,
        "layers": [1, 2],
        "model": "rf",
        "huge": "9" * 5000,
    }
    assert math.isnan(record.data.metrics["loss"])
    assert record.data.metrics["acc"] == 0.9
    assert (record.data.tags, record.note, record.warnings) == ({"stage": "draft"}, "a note", ("careful",))
    assert record.artifacts == (
        Artifact("a.txt", "d" * 64, 12, "text/plain"),
        Artifact("b.txt", "d" * 64, 12, "text/plain"),
    )
    assert repr(store.run(run_id)) == repr(record)


def test_code_comes_with_the_record(store: Store, write: Writer) -> None:
    source = {"kind": "function", "name": "train.py", "code": "h1"}
    write.run("a", source=source)
    write.run("b", source={**source, "code": "never stored"})
    write.event("source", "", hash="h1", text="def train(): ...")
    assert [record.info.source.code for record in store.runs()] == [None, "def train(): ..."]


def test_selection(store: Store, write: Writer) -> None:
    for number, name in enumerate("abcdef"):
        write.run(name, experiment="even" if number % 2 == 0 else "odd", metrics={"m": number % 3})
    write.event("stage", store.run("f").info.run_id, stage="deleted")
    assert names(store) == ["e", "d", "c", "b", "a"]
    assert names(store, limit=2) == ["e", "d"]
    assert names(store, limit=2, offset=2) == ["c", "b"]
    assert names(store, offset=4) == ["a"]
    assert names(store, limit=0) == []
    assert names(store, order_by=["metrics.m DESC", "run_name"]) == ["c", "b", "e", "a", "d"]
    assert names(store, order_by="run_name", limit=2) == ["a", "b"]
    assert names(store, "metrics.m = 0 or metrics.m = 1", experiment_names=["odd"]) == ["d", "b"]
    assert names(store, experiment_names=["even", "nowhere"]) == ["e", "c", "a"]
    assert names(store, experiment_names=[]) == []
    assert names(store, lifecycle="deleted") == ["f"]
    assert names(store, lifecycle="all", limit=2) == ["f", "e"]
    assert names(store, "lifecycle = 'deleted'") == ["f"]
    assert names(store, "lifecycle = 'active'", lifecycle="deleted") == []
    assert store.count_runs() == 5
    assert store.count_runs("metrics.m = 0", ["even", "odd"]) == 2
    assert store.count_runs(lifecycle="all") == 6


def test_an_or_in_the_filter_does_not_escape_the_other_conditions(store: Store, write: Writer) -> None:
    for name in "ab":
        write.run(name, experiment=name)
    write.event("stage", store.run("b").info.run_id, stage="deleted")
    assert names(store, "run_name = 'a' or run_name = 'b'") == ["a"]
    assert names(store, "run_name = 'a' or run_name = 'b'", experiment_names=["b"], lifecycle="all") == ["b"]


def test_runs_of_a_deleted_experiment_count_as_deleted(store: Store, write: Writer) -> None:
    for name in "ab":
        write.run(name, experiment=name)
    store.append_event({"t": "experiment_stage", "name": "a", "stage": "deleted"})
    assert names(store) == ["b"]
    assert names(store, lifecycle="deleted") == ["a"]
    assert [found.name for found in store.experiments()] == ["b"]
    assert [found.name for found in store.experiments("deleted")] == ["a"]


@pytest.mark.parametrize(
    "options",
    [{"limit": -1}, {"limit": 1.5}, {"limit": True}, {"offset": -1}, {"lifecycle": "gone"}, {"where": "stauts = 1"}],
)
def test_bad_arguments_are_refused(store: Store, options: dict[str, Any]) -> None:
    with pytest.raises((InputError, FilterError), match=r"accepted|Accepted"):
        store.runs(**options)


def test_numpy_limit_is_a_number(store: Store, write: Writer) -> None:
    write.run("a")
    assert len(store.runs(limit=np.int64(5))) == 1


def test_empty_store(store: Store) -> None:
    assert store.runs() == []
    assert store.count_runs() == 0
    assert store.experiments() == []
    assert store.metric_ranges("digits") == {}
    frame = store.runs_frame()
    assert len(frame) == 0
    assert list(frame)[:6] == ["run_id", "run_name", "experiment", "status", "start_time", "duration_s"]
    assert str(frame["start_time"].dt.tz) == "UTC"
    with pytest.raises(RunNotFoundError, match="no runs yet"):
        store.run("baseline")


class Counting:
    """A connection that counts the queries made."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.count = 0

    def execute(self, *arguments: Any) -> Any:
        self.count += 1
        return self.connection.execute(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@pytest.mark.parametrize("read", [query.runs, query.runs_frame])
def test_many_runs_take_as_many_queries_as_one(store: Store, write: Writer, read: Callable[..., Any]) -> None:
    for number in range(30):
        write.run(f"run-{number}", params={"p": ("1", "int")}, metrics={"m": 1.0})
    store.flush()
    with store.reading() as connection:
        one, many = Counting(connection), Counting(connection)
        read(one, limit=1)
        assert len(read(many)) == 30
    assert many.count == one.count <= 5


# --- one run --------------------------------------------------------------------------------------------------------


def test_run_by_id_prefix_and_name(store: Store, write: Writer) -> None:
    first = write.run("first", run_id="abcd1111" + "0" * 24)
    second = write.run("second", run_id="abcd2222" + "0" * 24)
    for ref in (first, "abcd1", " ABCD1111 ", "first"):
        assert store.run(ref).info.run_id == first
    assert store.run("second").info.run_id == second


def test_run_ambiguous_names_the_runs(store: Store, write: Writer) -> None:
    write.run("same", run_id="abcd1111" + "0" * 24, experiment="one")
    write.run("same", run_id="abcd2222" + "0" * 24, experiment="two")
    for ref in ("same", "abcd"):
        with pytest.raises(RunNotFoundError) as caught:
            store.run(ref, unique=True)
        for fragment in ("2 runs", "abcd1111", "abcd2222", "'one'", "'two'", "2023-11-14", "more characters"):
            assert fragment in str(caught.value)


def test_run_ambiguous_lists_only_a_few(store: Store, write: Writer) -> None:
    for number in range(9):
        write.run("same", run_id=f"{number:032x}")
    with pytest.raises(RunNotFoundError, match=r"9 runs: .*; and 4 more"):
        store.run("same", unique=True)


def test_of_several_runs_of_a_name_the_latest_is_meant(store: Store, write: Writer) -> None:
    for number in (3, 1):
        write.run("same", run_id=f"abcd{number}" + "0" * 27)
    newest = write.run("same", run_id="abcd2" + "0" * 27)
    assert store.run("same").info.run_id == newest
    with pytest.raises(RunNotFoundError, match="3 runs"):
        store.run("abcd")
    write.run("other", run_id="same" * 8)
    with pytest.raises(RunNotFoundError, match="4 runs"):
        store.run("same")


def test_run_prefers_the_active_one(store: Store, write: Writer) -> None:
    old = write.run("same", run_id="a" * 32)
    new = write.run("same", run_id="b" * 32)
    write.event("stage", old, stage="deleted")
    assert store.run("same").info.run_id == new
    assert store.run(old).info.lifecycle_stage == "deleted"
    write.event("stage", new, stage="deleted")
    with pytest.raises(RunNotFoundError, match="2 runs"):
        store.run("same")


def test_a_whole_id_wins_over_a_name(store: Store, write: Writer) -> None:
    first = write.run("first", run_id="a" * 32)
    write.run(first, run_id="b" * 32)
    assert store.run(first).info.run_name == "first"


@pytest.mark.parametrize(
    ("ref", "fragments"),
    [
        ("baselin", ["Near", "'baseline' aaaa1111"]),
        ("BASELINE", ["Near", "'baseline'"]),
        ("line", ["Near", "'baseline'"]),
        ("aaaa1112", ["Near", "aaaa1111"]),
        ("aaa", ["at least 4"]),
        ("zzzzzz", ["accepted", "latest run is 'other' bbbb2222"]),
        ("", ["accepted"]),
        ("' or 1=1 --", ["accepted"]),
        ("%", ["accepted"]),
    ],
)
def test_run_not_found_names_near_ones(store: Store, write: Writer, ref: str, fragments: list[str]) -> None:
    write.run("baseline", run_id="aaaa1111" + "0" * 24)
    write.run("other", run_id="bbbb2222" + "0" * 24)
    with pytest.raises(RunNotFoundError) as caught:
        store.run(ref)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_run_that_is_no_text_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="as text"):
        store.run(5)  # type: ignore[arg-type]


def test_children_in_order_of_start(store: Store, write: Writer) -> None:
    parent = write.run("parent")
    folds = [write.run(f"fold-{number}", parent=parent) for number in range(3)]
    write.event("stage", folds[1], stage="deleted")
    write.run("stranger", parent="x" * 32)
    assert [record.info.run_name for record in store.children(parent)] == ["fold-0", "fold-2"]


# --- the table ------------------------------------------------------------------------------------------------------


def test_frame_columns_and_types(store: Store, write: Writer) -> None:
    def params(**values: tuple[str, str]) -> dict[str, tuple[str, str]]:
        return values

    every = params(
        i=("1", "int"), f=("0.5", "float"), b=("True", "bool"), s=("rf", "str"), j=("[1]", "json"), mix=("1", "int"),
        num=("1", "int"), none=("None", "none"), maybe=("None", "none"), big=("9" * 20, "int"),
    )  # fmt: skip
    write.run("a", params={**every, "gap": ("1", "int"), "bgap": ("False", "bool"), "sgap": ("x", "str")},
              metrics={"m": 1.0, "é": 2}, seed=7)  # fmt: skip
    write.run("b", params={**every, "i": ("-2", "int"), "mix": ("x", "str"), "num": ("0.5", "float"),
                           "maybe": ("5", "int"), "f": ("nan", "float")}, metrics={"m": NAN})  # fmt: skip
    write.run("c", params=every, status=None)
    write.event("tags", store.run("a").info.run_id, v={"z": "1", "a.b": "2"})
    frame = store.runs_frame(order_by="run_name")
    assert list(frame) == [
        *("run_id", "run_name", "experiment", "status", "start_time", "duration_s"),
        *(f"params.{key}" for key in sorted([*every, "gap", "bgap", "sgap"])),
        *("metrics.m", "metrics.é", "tags.a.b", "tags.z"),
        *("end_time", "parent_run_id", "seed", "note", "user", "lifecycle_stage"),
        *("hazard_count", "hazard_severity", "hazards", "verdict"),
    ]
    text = str(pd.Series(["x"]).dtype)
    kinds = {key: str(frame[f"params.{key}"].dtype) for key in [*every, "gap", "bgap", "sgap"]}
    assert kinds == {
        "i": "int64",
        "f": "float64",
        "b": "bool",
        "s": text,
        "j": "object",
        "mix": "object",
        "num": "float64",
        "none": "object",
        "maybe": "Int64",
        "big": "object",
        "gap": "Int64",
        "bgap": "boolean",
        "sgap": text,
    }
    assert frame["params.i"].tolist() == [1, -2, 1]
    assert frame["params.mix"].tolist() == [1, "x", 1]
    assert frame["params.num"].tolist() == [1.0, 0.5, 1.0]
    assert frame["params.big"].tolist() == [int("9" * 20)] * 3
    assert frame["params.j"].tolist() == [[1]] * 3
    assert frame["params.maybe"].isna().tolist() == [True, False, True]
    assert frame["params.gap"].isna().tolist() == [False, True, True]
    assert frame["params.sgap"].isna().tolist() == [False, True, True]
    assert frame["metrics.m"].dtype == float
    assert frame["metrics.m"].isna().tolist() == [False, True, True]
    assert frame["tags.z"].isna().tolist() == [False, True, True]
    assert frame["start_time"][0] == pd.Timestamp(START_US, unit="us", tz="UTC")
    assert frame["end_time"].isna().tolist() == [False, False, True]
    assert frame["duration_s"].tolist()[:2] == [2.5, 2.5]
    assert math.isnan(frame["duration_s"][2])
    assert frame["status"].tolist() == ["finished", "finished", "running"]
    assert str(frame["seed"].dtype) == "Int64"
    assert frame["seed"].isna().tolist() == [False, True, True]
    assert frame["user"].tolist() == ["ada"] * 3


def test_frame_agrees_with_records(store: Store, write: Writer) -> None:
    generator = np.random.default_rng(3)
    for number in range(25):
        params = {f"p{key}": (str(generator.integers(5)), "int") for key in generator.integers(0, 6, 4)}
        write.run(f"run-{number}", params=params, metrics={f"m{number % 4}": float(generator.random())})
    frame = store.runs_frame("metrics.m1 > 0.2 or metrics.m2 > 0.2", ["metrics.m1", "run_name"], limit=8, offset=1)
    found = store.runs("metrics.m1 > 0.2 or metrics.m2 > 0.2", ["metrics.m1", "run_name"], limit=8, offset=1)
    assert frame["run_id"].tolist() == [record.info.run_id for record in found]
    for _, row in frame.iterrows():
        record = next(record for record in found if record.info.run_id == row["run_id"])
        shown = {key: row[key] for key in frame if key.startswith(("params.", "metrics.")) and not pd.isna(row[key])}
        expected = {f"params.{key}": value for key, value in record.typed_params.items()}
        assert shown == expected | {f"metrics.{key}": value for key, value in record.data.metrics.items()}


# --- points ---------------------------------------------------------------------------------------------------------


def test_history_is_ordered(store: Store, write: Writer) -> None:
    run_id = write.run("a", status=None)
    points = [("loss", 1, 5, 0.1), ("loss", 0, 9, 0.2), ("acc", 0, 1, NAN), ("loss", 1, 4, 0.3), ("loss", 1, 5, 0.4)]
    for key, step, ts_us, value in points:
        store.append_point(run_id, key, step, START_US + ts_us, value)
    store.flush()
    store.append_point(run_id, "loss", 1, START_US + 5, 0.5)
    frame = store.history(run_id)
    assert list(frame) == ["key", "step", "timestamp", "value"]
    assert frame["key"].tolist() == ["acc"] + ["loss"] * 5
    assert frame["step"].tolist() == [0, 0, 1, 1, 1, 1]
    assert frame["value"].tolist()[1:] == [0.2, 0.3, 0.1, 0.4, 0.5]
    assert math.isnan(frame["value"][0])
    assert frame["timestamp"][1] == pd.Timestamp(START_US + 9, unit="us", tz="UTC")
    assert store.history("a", "loss")["value"].tolist() == [0.2, 0.3, 0.1, 0.4, 0.5]
    empty = store.history(run_id, "nothing")
    assert len(empty) == 0
    assert str(empty["timestamp"].dt.tz) == "UTC"
    with pytest.raises(RunNotFoundError):
        store.history("nobody")


# --- experiments, ranges, sql ---------------------------------------------------------------------------------------


def test_experiments_by_name(store: Store, write: Writer) -> None:
    write.run("a", experiment="zeta")
    write.run("b", experiment="Default")
    store.append_event({"t": "experiment", "name": "zeta", "tags": {"owner": "ada"}})
    first, last = store.experiments()
    assert (first.name, first.experiment_id) == ("Default", "0")
    assert (last.name, last.experiment_id, last.tags) == ("zeta", experiment_id("zeta"), {"owner": "ada"})
    with pytest.raises(InputError, match="'active', 'deleted', 'all'"):
        store.experiments("gone")


def test_metric_ranges(store: Store, write: Writer) -> None:
    write.run("a", metrics={"acc": [0.1, 0.5], "loss": math.inf, "bad": NAN})
    write.run("b", metrics={"acc": 0.9, "loss": 2.0})
    write.run("c", metrics={"acc": 0.7, "loss": NAN})
    last = write.run("d", metrics={"acc": 0.99, "only": 1.0})
    write.run("failed", metrics={"acc": 5.0}, status="failed")
    write.run("running", metrics={"acc": 6.0}, status=None)
    write.run("elsewhere", experiment="other", metrics={"acc": 7.0})
    write.event("stage", write.run("deleted", metrics={"acc": 8.0}), stage="deleted")
    found = store.metric_ranges("digits", exclude_run_id=last)
    assert found["acc"] == MetricRange(0.5, 0.9, 0.7)
    assert (found["loss"].minimum, found["loss"].maximum) == (2.0, 2.0)
    assert math.isnan(found["loss"].previous or 0)
    assert set(found) == {"acc", "loss"}
    assert store.metric_ranges("digits")["acc"] == MetricRange(0.5, 0.99, 0.99)
    assert store.metric_ranges("nowhere") == {}


def test_metric_ranges_leave_out_runs_that_began_later(store: Store, write: Writer) -> None:
    write.run("a", metrics={"acc": 0.5}, start=1_000_000)
    write.run("b", metrics={"acc": 0.9}, start=2_000_000)
    assert store.metric_ranges("digits", begun_before_us=2_000_000)["acc"] == MetricRange(0.5, 0.5, 0.5)
    assert store.metric_ranges("digits", begun_before_us=2_000_001)["acc"] == MetricRange(0.5, 0.9, 0.9)


def test_a_run_that_begins_while_its_baselines_are_read_is_not_compared_with_itself(
    store: Store, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write.run("before", metrics={"acc": 0.5}, start=1_000_000)
    begun, go_on, read = threading.Event(), threading.Event(), store.metric_ranges

    def slowly(*words: Any, **options: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return read(*words, **options)

    monkeypatch.setattr(store, "metric_ranges", slowly)
    baselines = Baselines(store)
    baselines.refresh("digits")
    assert begun.wait(30)
    write.run("meanwhile", metrics={"acc": 0.9}, start=time.time_ns() // 1000 + 1)
    go_on.set()
    baselines.wait(30)
    assert baselines.ranges("digits")["acc"] == MetricRange(0.5, 0.5, 0.5)


def test_sql_over_every_view(store: Store, write: Writer) -> None:
    write.run("a", params={"C": ("1", "int")}, metrics={"m": 1.0})
    for view in query.VIEWS:
        store.sql(f"select * from {view}")
    with store.reading() as connection:
        views = connection.execute("select view_name from duckdb_views() where not internal and schema_name = 'main'")
        assert {row[0] for row in views.fetchall()} == set(query.VIEWS)
    frame = store.sql("select run_name, metrics['m'] as m from runs where params['C'] = ?", ["1"])
    assert frame.to_dict("records") == [{"run_name": "a", "m": 1.0}]
    assert store.sql("select $x + 1 as y", {"x": 1})["y"].tolist() == [2]
    times = pd.to_datetime(store.sql("select start_time from runs")["start_time"], utc=True)
    assert times[0] == pd.Timestamp(START_US, unit="us", tz="UTC")


@pytest.mark.parametrize("text", ["", "-- nothing", "selec 1", "select * from nowhere", "select ? + 1"])
def test_sql_refused_lists_the_views(store: Store, text: str) -> None:
    with pytest.raises(InputError, match="metric_points"):
        store.sql(text)


@pytest.mark.parametrize("text", ["drop view runs", "delete from base.runs", "create table t(a int)"])
def test_sql_cannot_write(store: Store, write: Writer, text: str) -> None:
    write.run("a")
    with pytest.raises(InputError, match="read-only"):
        store.sql(text)
    assert names(store) == ["a"]


def test_reading_gives_no_warnings(store: Store, write: Writer) -> None:
    write.run("a", metrics={"m": 1.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.sql("select * from runs")
        store.runs_frame()
        store.history("a")


def test_reads_leave_nothing_behind(store: Store, write: Writer, store_root: Path) -> None:
    write.run("a", metrics={"m": 1.0})
    store.flush()
    before = (store_root / "nbtrack.duckdb").read_bytes()
    store.runs_frame()
    store.sql("select 1")
    assert (store_root / "nbtrack.duckdb").read_bytes() == before
