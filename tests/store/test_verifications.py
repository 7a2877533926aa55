"""What came of replays: the event, the records read back, the views, filters, exports, the clean-up, older stores."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from nbtrack.errors import FilterError
from nbtrack.records import CellExecution
from nbtrack.store import schema
from nbtrack.store.export import export
from nbtrack.store.handle import Run
from nbtrack.store.maintenance import gc
from nbtrack.store.store import Store
from nbtrack.store.verifications import record_verification
from nbtrack.verification import MetricCheck, Reason, Verification

START_US = 1_700_000_000_000_000
NASTY = 'a "quoted" <b>word</b>,\nand line; ünï 🎲'
METRICS = (
    MetricCheck(key="accuracy", recorded=0.1 + 0.2, replayed=0.9611, outcome="different"),
    MetricCheck(key="loss", recorded=math.nan, replayed=math.nan, outcome="exact"),
    MetricCheck(key=NASTY, recorded=math.inf, replayed=-math.inf, outcome="different"),
    MetricCheck(key="zero", recorded=-0.0, replayed=None, outcome="missing"),
    MetricCheck(key="tiny", recorded=5e-324, replayed=1.7976931348623157e308, outcome="different"),
)
REASON = Reason(
    label="data_changed",
    sentence=f"digits.csv has changed: {NASTY}",
    evidence=("It was 12 kB, and is 13 kB.", NASTY),
    names=("digits.csv",),
    executions=(2, 5),
)
DIVERGED = Verification(
    verification_id="1" * 32,
    run_id="a",
    verdict="diverged",
    sentence=f"accuracy is not what it was: {NASTY}",
    metrics=METRICS,
    reasons=(REASON, Reason(label="unknown", sentence="Nothing else was found.")),
    notes=("The folder is another one.",),
    start_us=START_US + 5,
    duration_s=3.25,
    kernel_s=1.5,
    cells_s=0.75,
    recorded_s=0.5,
    rtol=1e-6,
    replays=2,
    cells=5,
    slice_corrected=True,
    memory_bytes=123_456_789_012,
)
REPRODUCED = Verification(
    verification_id="2" * 32, run_id="a", verdict="reproduced", sentence="All came back.", start_us=START_US + 9
)


def start(store: Store, run_id: str, *events: dict[str, Any], start_us: int = START_US, kind: str = "cell") -> None:
    fields = {"experiment": "digits", "name": run_id, "start": start_us, "source": {"kind": kind}}
    store.append_event({"t": "run", "run": run_id, **fields})
    for event in events:
        store.append_event({"run": run_id, **event})
    store.append_event({"t": "end", "run": run_id, "status": "finished", "end": start_us + 1_000_000})


def cell(sequence: int, session: str = "s", **fields: Any) -> dict[str, Any]:
    return {"t": "cell", "session": session, "sequence": sequence, "start": START_US + sequence, **fields}


def sliced(*sequences: int, session: str = "s") -> dict[str, Any]:
    return {"t": "provenance", "slice": {"session": session, "sequences": list(sequences)}}


def same(found: Verification | None, expected: Verification) -> bool:
    """Whether two are the same, a NaN being the same as itself and -0.0 another than 0.0."""
    return repr(found) == repr(expected)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_everything_of_a_verification_comes_back(store: Store) -> None:
    start(store, "a")
    record_verification(store, DIVERGED)
    for _ in range(2):
        record = store.run("a")
        assert record.verdict == "diverged"
        assert same(record.verifications[0], DIVERGED)
        assert len(record.verifications) == 1
        store.close()


def test_the_latest_by_its_start_stands_with_the_run_whatever_is_told_last(store: Store) -> None:
    start(store, "a")
    record_verification(store, REPRODUCED)
    store.flush()
    record_verification(store, DIVERGED)
    record = store.run("a")
    assert [item.verdict for item in record.verifications] == ["diverged", "reproduced"]
    assert record.verdict == "reproduced"
    record_verification(store, replace(DIVERGED, verification_id="3" * 32, start_us=START_US + 10))
    assert store.run("a").verdict == "diverged"


@pytest.mark.parametrize("in_one_merge", [True, False])
def test_told_again_it_replaces_itself(store: Store, in_one_merge: bool) -> None:
    start(store, "a")
    record_verification(store, DIVERGED)
    if not in_one_merge:
        store.flush()
    again = replace(DIVERGED, verdict="could_not_run", metrics=(), reasons=(), memory_bytes=None)
    record_verification(store, again)
    record = store.run("a")
    assert (record.verdict, record.verifications) == ("could_not_run", (again,))


def test_the_verdict_outlives_what_else_becomes_of_the_run(store: Store) -> None:
    start(store, "a")
    record_verification(store, DIVERGED)
    store.flush()
    store.append_event({"t": "note", "run": "a", "text": "after"})
    store.append_point("a", "loss", 0, START_US, 0.5)
    record = store.run("a")
    assert (record.note, record.verdict, record.data.metrics) == ("after", "diverged", {"loss": 0.5})


def test_a_page_of_runs_has_the_verdicts_alone(store: Store) -> None:
    start(store, "a")
    start(store, "b")
    record_verification(store, DIVERGED)
    found = {record.info.run_id: record for record in store.runs()}
    assert (found["a"].verdict, found["b"].verdict) == ("diverged", None)
    assert found["a"].verifications == ()
    run = Run(found["a"], store, whole=False)
    assert run.verdict == "diverged"
    assert same(run.verifications[0], DIVERGED)
    assert Run(store.run("b"), store).verifications == ()


def test_the_views_and_the_frame(store: Store) -> None:
    start(store, "a")
    start(store, "b")
    record_verification(store, DIVERGED)
    record_verification(store, REPRODUCED)
    assert store.runs_frame(order_by=["run_id"])["verdict"].tolist()[0] == "reproduced"
    assert store.runs_frame(order_by=["run_id"])["verdict"].isna().tolist() == [False, True]
    with store.reading() as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        assert rows("select run_id, verdict from runs order by run_id") == [("a", "reproduced"), ("b", None)]
        assert rows("select verification_id[1], verdict, sentence, reason, replays from verifications order by 1") == [
            ("1", "diverged", DIVERGED.sentence, "data_changed", 2),
            ("2", "reproduced", "All came back.", None, 0),
        ]
        assert rows("select epoch_us(time), duration_s, memory_bytes from verifications order by 1 limit 1") == [
            (START_US + 5, 3.25, 123_456_789_012)
        ]
        found = rows("select key, recorded, replayed, outcome, difference from verification_metrics")
    assert {key: repr((recorded, replayed)) for key, recorded, replayed, *_ in found} == {
        metric.key: repr((metric.recorded, metric.replayed)) for metric in METRICS
    }
    differences = {key: difference for key, *_, difference in found}
    assert differences["accuracy"] == 0.9611 - (0.1 + 0.2)
    assert math.isnan(differences["loss"])
    assert differences[NASTY] == -math.inf
    assert differences["zero"] is None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("verdict = 'reproduced'", "a"),
        ("attributes.verdict = 'Within tolerance'", "b"),
        ("verdict = 'reproduced within tolerance'", "b"),
        ("verdict != 'reproduced'", "bc"),
        ("verdict IN ('diverged', 'reproduced')", "ac"),
        ("verdict NOT IN ('diverged', 'reproduced')", "b"),
        ("verdict IS NULL", "d"),
        ("verdict IS NOT NULL and not verdict = 'diverged'", "ab"),
        ("verdict LIKE '%tolerance%'", "b"),
    ],
)
def test_runs_are_found_by_their_verdict(store: Store, where: str, expected: str) -> None:
    for run_id, verdict in {"a": "reproduced", "b": "within_tolerance", "c": "diverged", "d": None}.items():
        start(store, run_id)
        if verdict is not None:
            record_verification(
                store,
                replace(REPRODUCED, run_id=run_id, verification_id=run_id, verdict=verdict),  # type: ignore[arg-type]
            )
    assert "".join(sorted(record.info.run_id for record in store.runs(where))) == expected
    assert store.count_runs(where) == len(expected)
    ordered = [record.info.run_id for record in store.runs(order_by=["verdict ASC"])]
    assert ordered == ["c", "a", "b", "d"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("verdict = 'reproducd'", "Did you mean 'reproduced'"),
        ("verdict = 3", "this is no verdict"),
        ("verdict > 'diverged'", "have no order"),
    ],
)
def test_a_word_that_is_no_verdict_is_refused(store: Store, where: str, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        store.runs(where)


# --- events -----------------------------------------------------------------------------------------------------------

GOOD = asdict(DIVERGED)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"verification": "reproduced"},
        {"verification": {**GOOD, "verdict": "perhaps"}},
        {"verification": {key: value for key, value in GOOD.items() if key != "verification_id"}},
        {"verification": {**GOOD, "metrics": [{"key": "accuracy", "outcome": "exact"}]}},
        {"verification": {**GOOD, "metrics": [{**GOOD["metrics"][0], "recorded": "much"}]}},
        {"verification": {**GOOD, "metrics": [{**GOOD["metrics"][0], "outcome": "perhaps"}]}},
        {"verification": {**GOOD, "reasons": [{"sentence": "why"}]}},
        {"verification": {**GOOD, "notes": "one text"}},
        {"verification": {**GOOD, "memory_bytes": 2**70}},
        {"verification": GOOD, "run": "nobody"},
    ],
    ids=lambda event: str(event)[:60],
)
def test_an_odd_event_is_a_problem_and_changes_nothing(store: Store, problems_of: Any, event: dict[str, Any]) -> None:
    start(store, "a", {"t": "verification", **event}, {"t": "note", "text": "after"})
    record = store.run("a")
    assert (record.note, record.verdict, record.verifications) == ("after", None, ())
    assert len(problems_of(store)) == 1


def test_a_verification_with_little_in_it(store: Store) -> None:
    little = {"verification_id": "v", "verdict": "could_not_run", "start_us": 1, "label of the future": 3}
    reason = {"label": "of the future", "executions": [None, 3]}
    start(store, "a", {"t": "verification", "verification": {**little, "reasons": [reason], "duration_s": "nan"}})
    (found,) = store.run("a").verifications
    expected = Verification(
        verification_id="v", run_id="a", verdict="could_not_run", sentence="", start_us=1, rtol=0.0,
        reasons=(Reason(label="of the future", sentence="", executions=(3,)),),
    )  # fmt: skip
    assert found == expected


# --- what replays ask the store for -------------------------------------------------------------------------------------


def test_cells_have_their_folder_and_digests(store: Store) -> None:
    digests = {"X": "d1", NASTY: "d2"}
    store.append_event(cell(0, folder="/data/ünï", digests=digests))
    store.append_event(cell(1, folder=None, digests={}))
    store.append_event(cell(2))
    found = store.session_executions("s", 9)
    assert [(item.folder, item.digests) for item in found] == [("/data/ünï", digests), (None, {}), (None, {})]
    with store.reading() as connection:
        query = "select folder, digests from cell_executions where sequence = 0"
        assert connection.execute(query).fetchall() == [("/data/ünï", digests)]


def test_the_executions_of_a_session_up_to_one(store: Store) -> None:
    store.append_event({"t": "source", "hash": "h", "text": "x = 1"})
    for sequence in (2, 0, 3, 1):
        store.append_event(cell(sequence, source="h" if sequence != 1 else None, run="a" if sequence == 2 else None))
    store.append_event(cell(0, session="other", source="h"))
    found = store.session_executions("s", 2)
    assert [(item.sequence, item.source, item.run_id) for item in found] == [
        (0, "x = 1", None), (1, None, None), (2, "x = 1", "a"),
    ]  # fmt: skip
    assert all(isinstance(item, CellExecution) for item in found)
    assert store.session_executions("nobody's", 9) == ()


def test_the_runs_of_one_execution(store: Store) -> None:
    for sequence in range(4):
        store.append_event(cell(sequence))
    start(store, "late", sliced(0, 2), start_us=START_US + 30, kind="function")
    start(store, "early", sliced(2), start_us=START_US + 10, kind="function")
    start(store, "outer", sliced(0, 1, 2), start_us=START_US + 5, kind="block")
    start(store, "after", sliced(2, 3))
    start(store, "elsewhere", sliced(0, 2, session="other"))
    start(store, "unknown")
    store.append_event({"t": "stage", "run": "outer", "stage": "deleted"})

    def kinds(run_id: str) -> list[tuple[str, str]]:
        return [(item.info.run_id, item.info.source.kind) for item in store.runs_of_execution(run_id)]

    together = [("outer", "block"), ("early", "function"), ("late", "function")]
    assert kinds("late") == kinds("early") == kinds("outer") == together
    assert kinds("after") == [("after", "cell")]
    assert kinds("elsewhere") == [("elsewhere", "cell")]
    assert kinds("unknown") == [("unknown", "cell")]


# --- exports, clean-up, older stores --------------------------------------------------------------------------------------


def test_exports_have_the_verifications(store: Store, tmp_path: Path) -> None:
    start(store, "a", cell(0, folder="/data", digests={"X": "d"}), sliced(0))
    start(store, "b")
    record_verification(store, DIVERGED)
    for kind in ("csv", "parquet"):
        folder = tmp_path / f"tables.{kind}" if kind == "parquet" else tmp_path / "tables"
        export(store, folder, file_format=kind)
        for query, expected in (
            ("select verdict, sentence from '{}/verifications.{}'", [("diverged", DIVERGED.sentence)]),
            (
                "select key, outcome from '{}/verification_metrics.{}'",
                sorted((metric.key, metric.outcome) for metric in METRICS),
            ),
            ("select run_id, verdict from '{}/runs.{}' order by 1", [("a", "diverged"), ("b", None)]),
        ):
            assert duckdb.sql(query.format(folder, kind)).fetchall() == expected
    cells = pd.read_csv(tmp_path / "tables" / "cell_executions.csv")
    assert cells[["folder", "digests"]].values.tolist() == [["/data", '{"X":"d"}']]
    path = tmp_path / "runs.csv"
    export(store, path)
    assert pd.read_csv(path).set_index("run_id").loc["a", "verdict"] == "diverged"
    path = tmp_path / "runs.json"
    export(store, path)
    whole = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    runs = {run["run_id"]: run for run in whole["runs"]}
    assert (runs["b"]["verdict"], runs["b"]["verifications"]) == (None, [])
    (verification,) = runs["a"]["verifications"]
    assert verification["metrics"][1] == {"key": "loss", "recorded": "NaN", "replayed": "NaN", "outcome": "exact"}
    assert verification["reasons"][0] == json.loads(json.dumps(asdict(REASON)))
    expected = json.loads(json.dumps({key: GOOD[key] for key in GOOD if key not in ("metrics", "reasons", "run_id")}))
    assert {key: verification[key] for key in expected} == expected
    assert whole["executions"][0]["folder"] == "/data"
    assert whole["executions"][0]["digests"] == {"X": "d"}


def test_gc_takes_the_verifications_of_deleted_runs(store: Store) -> None:
    for run_id in ("a", "gone"):
        start(store, run_id)
    record_verification(store, DIVERGED)
    record_verification(store, replace(REPRODUCED, run_id="gone"))
    store.append_event({"t": "stage", "run": "gone", "stage": "deleted"})
    assert store.run("gone").verdict == "reproduced"
    gc(store)
    assert same(store.run("a").verifications[0], DIVERGED)
    assert store.sql("select run_id from verifications")["run_id"].tolist() == ["a"]
    with store.reading() as connection:
        assert connection.execute("select count(*) from base.verifications").fetchone() == (1,)


def test_compaction_keeps_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    start(store, "a", cell(0, digests={"X": "d"}))
    record_verification(store, DIVERGED)
    monkeypatch.setattr("nbtrack.store.compact._WORTH_SHARE", -1.0)
    gc(store)
    assert same(store.run("a").verifications[0], DIVERGED)
    assert store.session_executions("s", 0)[0].digests == {"X": "d"}


@pytest.mark.usefixtures("no_keeper")
def test_a_store_of_the_third_version_is_brought_up_with_its_rows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.layout.make()
    with monkeypatch.context() as older, duckdb.connect(str(store.layout.database)) as connection:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:3])
        schema.upgrade(connection, store.layout)
        assert schema.version_of(connection) == 3
        connection.execute(
            "insert into base.runs by name select range::integer as run_ix, 'old-' || range as run_id, "
            "'digits' as experiment, 'old' || range as name, 'finished' as status, range as start_us, 2 as end_us, "
            "'active' as stage, 'cell' as source_kind, map() as params, map() as param_types, map() as tags, "
            "map {'loss': 0.5} as metrics, 0 as hazard_count, true as hazards_checked from range(3)"
        )
        connection.execute(
            "insert into base.cell_executions by name select 's' as session, range as sequence, range as start_us, "
            "0.5 as duration_s, 'ok' as outcome, true as observed, ['X'] as reads from range(2)"
        )
        connection.execute("insert into base.slices select 1, range::integer, 's', range from range(2)")
    old = store.run("old-1")
    assert [(item.sequence, item.reads, item.folder, item.digests) for item in old.provenance.slice] == [
        (0, ("X",), None, {}), (1, ("X",), None, {}),
    ]  # fmt: skip
    assert (old.verdict, old.verifications, old.data.metrics) == (None, (), {"loss": 0.5})
    record_verification(store, replace(DIVERGED, run_id="old-1"))
    store.append_event(cell(1, folder="/data", digests={"X": "d"}))
    found = store.run("old-1")
    assert same(found.verifications[0], replace(DIVERGED, run_id="old-1"))
    assert found.provenance.slice[1].folder == "/data"
    assert [record.info.run_id for record in store.runs("verdict IS NULL", ["run_id"])] == ["old-0", "old-2"]
    with duckdb.connect(str(schema.backup_of(store.layout, 3)), read_only=True) as connection:
        assert connection.execute("select count(*) from runs").fetchone() == (3,)
