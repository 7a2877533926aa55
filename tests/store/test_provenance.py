"""What runs depend on: the events, the records read back, the views, the clean-up, and stores from before."""

from __future__ import annotations

import time
from typing import Any

import duckdb
import pytest

from nbtrack.records import CellExecution, Hazard, Input, Provenance
from nbtrack.report import report
from nbtrack.store import maintenance, schema
from nbtrack.store.handle import Run
from nbtrack.store.maintenance import gc
from nbtrack.store.store import Store

START_US = 1_700_000_000_000_000
STALE = {
    "label": "stale_input",
    "severity": "high",
    "names": ["X", "seed"],
    "executions": [2, 5],
    "sentence": "X was computed from a seed that has changed since.",
    "remedy": "Run In[2] again.",
}
UNSEEDED = {**STALE, "label": "unseeded_rng", "severity": "medium", "names": ["numpy"], "executions": []}


def start(store: Store, run_id: str, **fields: Any) -> None:
    store.append_event({"t": "run", "run": run_id, "experiment": "digits", "name": run_id, "start": START_US})
    for kind, values in fields.items():
        store.append_event({"t": kind, "run": run_id, **values})
    store.append_event({"t": "end", "run": run_id, "status": "finished", "end": START_US + 1_000_000})


def cell(sequence: int, source: str | None = None, session: str = "s", **fields: Any) -> dict[str, Any]:
    return {
        "t": "cell",
        "session": session,
        "sequence": sequence,
        "execution_count": sequence + 1,
        "cell_id": f"cell-{sequence}",
        "source": source,
        "start": START_US + sequence,
        "duration": 0.25,
        "outcome": "ok",
        "observed": True,
        "reads": ["data"],
        "binds": ["X"],
        "changes": [],
        "deletes": [],
        "run": None,
        **fields,
    }


def sliced(*sequences: int, hazards: Any = (), unknown: Any = None, session: str = "s") -> dict[str, Any]:
    return {
        "hazards": list(hazards),
        "unknown": unknown or {},
        "slice": {"session": session, "sequences": list(sequences)},
    }


def write_all(store: Store) -> None:
    store.append_event({"t": "source", "hash": "h0", "text": "import numpy as np"})
    store.append_event({"t": "source", "hash": "h1", "text": "X = np.ones(3)"})
    for event in (cell(0, "h0"), cell(1, "h1", run="a"), cell(2, None, outcome="error", observed=False)):
        store.append_event(event)
    store.append_event({"t": "environment", "hash": "e", "facts": {"python": "3.11", "packages": {"numpy": "2.0"}}})
    store.append_event({"t": "generator_state", "hash": "g", "stream": "numpy", "state": "AAAA"})
    start(
        store,
        "a",
        provenance=sliced(0, 1, hazards=[STALE, UNSEEDED], unknown={"edited_cell": "no notebook file"}),
        run_environment={"hash": "e"},
        generators={"streams": {"numpy": "g", "random": "unknown"}},
        input={"name": "digits", "digest": "d", "source": "digits.csv", "context": "read"},
    )


EXECUTION = CellExecution(
    session="s", sequence=1, execution_count=2, cell_id="cell-1", source="X = np.ones(3)", start_us=START_US + 1,
    duration_s=0.25, reads=("data",), binds=("X",), run_id="a",
)  # fmt: skip


# --- reading ----------------------------------------------------------------------------------------------------------


def test_one_run_has_everything(store: Store) -> None:
    write_all(store)
    record = store.run("a")
    found = record.provenance
    assert [hazard.label for hazard in found.hazards] == ["stale_input", "unseeded_rng"]
    assert found.hazards[0] == Hazard(**{**STALE, "names": ("X", "seed"), "executions": (2, 5)})  # type: ignore[arg-type]
    assert found.unknown == {"edited_cell": "no notebook file"}
    assert [execution.source for execution in found.slice] == ["import numpy as np", "X = np.ones(3)"]
    assert found.slice[1] == EXECUTION
    assert found.generators == {"numpy": "g", "random": "unknown"}
    assert found.environment == {"python": "3.11", "packages": {"numpy": "2.0"}}
    assert record.inputs == (Input(name="digits", digest="d", source="digits.csv", context="read"),)
    assert store.generator_states("a") == {"numpy": "AAAA"}


def test_a_page_of_runs_has_the_hazards_alone(store: Store) -> None:
    write_all(store)
    start(store, "clean", provenance=sliced(0))
    start(store, "unseen")
    found = {record.info.run_id: record.provenance for record in store.runs()}
    assert [hazard.label for hazard in found["a"].hazards] == ["stale_input", "unseeded_rng"]
    assert found["a"].hazards[0].sentence == STALE["sentence"]
    assert not found["a"].slice
    assert found["clean"] == found["unseen"] == Provenance()


def test_a_run_of_a_list_reads_the_rest_when_asked(store: Store) -> None:
    write_all(store)
    (record,) = store.runs()
    run = Run(record, store, whole=False)
    assert run.hazards == record.provenance.hazards
    assert run.record is record
    assert run.slice()[1] == EXECUTION
    assert run.provenance.environment["python"] == "3.11"
    assert run.report() == report(store.run("a"))


def test_the_table_and_the_views(store: Store) -> None:
    write_all(store)
    start(store, "clean", provenance=sliced(2))
    start(store, "unseen")
    frame = store.runs_frame(order_by="run_id")
    assert frame["hazard_count"].isna().tolist() == [False, False, True]
    assert frame["hazard_count"].tolist()[:2] == [2, 0]
    assert frame["hazard_severity"].tolist()[0] == "high"
    assert frame["hazard_severity"].isna().tolist() == [False, True, True]
    assert frame["hazards"].tolist() == [["stale_input", "unseeded_rng"], [], []]
    with store.reading() as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        assert rows(
            "select run_id, hazard_count, hazard_severity, hazards, hazards_checked, environment from runs order by all"
        ) == [
            ("a", 2, "high", ["stale_input", "unseeded_rng"], True, "e"),
            ("clean", 0, None, [], True, None),
            ("unseen", None, None, [], False, None),
        ]
        assert rows("select run_id, position, label, names, executions from hazards order by position") == [
            ("a", 0, "stale_input", ["X", "seed"], [2, 5]),
            ("a", 1, "unseeded_rng", ["numpy"], []),
        ]
        assert rows("select run_id, label, reason from undecided_hazards") == [("a", "edited_cell", "no notebook file")]
        assert rows("select * from slices order by all") == [
            ("a", 0, "s", 0, 1, "cell-0", "h0"),
            ("a", 1, "s", 1, 2, "cell-1", "h1"),
            ("clean", 0, "s", 2, 3, "cell-2", None),
        ]
        assert rows("select session, sequence, outcome, observed, reads, run_id from cell_executions order by 2") == [
            ("s", 0, "ok", True, ["data"], None),
            ("s", 1, "ok", True, ["data"], "a"),
            ("s", 2, "error", False, ["data"], None),
        ]
        assert rows("select facts->>'python' from environments") == [("3.11",)]
        assert rows("select * from generator_states order by stream") == [
            ("a", "numpy", "g", "AAAA"),
            ("a", "random", "unknown", None),
        ]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("hazard_count = 0", ["clean"]),
        ("attributes.hazard_count > 0", ["a", "b"]),
        ("hazard_count IS NULL", ["unseen"]),
        ("hazard_severity = 'high'", ["a"]),
        ("hazards = 'unseeded_rng'", ["a", "b"]),
        ("hazards != 'stale_input'", ["b", "clean"]),
        ("hazards IN ('stale_input', 'deleted_cell')", ["a"]),
        ("hazards NOT IN ('stale_input')", ["b", "clean"]),
        ("attributes.hazards ILIKE '%STALE_input%'", ["a"]),
        ("attributes.hazards LIKE '%cell%'", []),
    ],
)
def test_filters(store: Store, where: str, expected: list[str]) -> None:
    write_all(store)
    start(store, "b", provenance=sliced(0, hazards=[UNSEEDED]))
    start(store, "clean", provenance=sliced(0))
    start(store, "unseen")
    assert [record.info.run_id for record in store.runs(where, "run_id")] == expected


def test_order(store: Store) -> None:
    write_all(store)
    start(store, "b", provenance=sliced(0, hazards=[UNSEEDED]))
    start(store, "clean", provenance=sliced(0))
    start(store, "unseen")

    def ordered(*orders: str) -> list[str]:
        return [record.info.run_id for record in store.runs("", [*orders, "run_id"])]

    assert ordered("hazard_count DESC") == ["a", "b", "clean", "unseen"]
    assert ordered("hazard_count") == ["clean", "b", "a", "unseen"]
    assert ordered("hazard_severity")[:2] == ["a", "b"]
    assert ordered("attributes.hazards DESC")[0] == "b"


# --- events -----------------------------------------------------------------------------------------------------------


def content(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    tables = "cell_executions hazards undecided_hazards slices environments generator_states run_generators runs"
    with store.reading() as connection:
        return {
            table: connection.execute(f"select * from base.{table} order by all").fetchall() for table in tables.split()
        }


@pytest.mark.parametrize("in_one_merge", [True, False])
def test_the_same_events_again_change_nothing(store: Store, in_one_merge: bool) -> None:
    write_all(store)
    if not in_one_merge:
        store.flush()
        before = content(store)
    write_all(store)
    after = content(store)
    assert [len(after[table]) for table in ("cell_executions", "hazards", "slices", "run_generators")] == [3, 2, 2, 2]
    assert [len(after[table]) for table in ("environments", "generator_states", "undecided_hazards")] == [1, 1, 1]
    if not in_one_merge:
        assert after == before


def test_a_later_event_replaces_the_earlier(store: Store) -> None:
    write_all(store)
    store.flush()
    store.append_event(cell(1, "h0", duration=9.0))
    store.append_event({"t": "provenance", "run": "a", **sliced(1, hazards=[UNSEEDED])})
    store.append_event({"t": "generators", "run": "a", "streams": {"torch": "t"}})
    found = store.run("a").provenance
    assert [hazard.label for hazard in found.hazards] == ["unseeded_rng"]
    assert [(item.sequence, item.source, item.duration_s) for item in found.slice] == [(1, "import numpy as np", 9.0)]
    assert (found.unknown, found.generators) == ({}, {"torch": "t"})
    store.append_event({"t": "provenance", "run": "a", **sliced(1)})
    assert store.run("a").provenance.hazards == ()
    assert store.sql("select hazard_count, hazard_severity from runs").values.tolist()[0][0] == 0


def test_a_cell_of_a_run_that_nobody_knows_is_kept(store: Store, problems_of: Any) -> None:
    store.append_event(cell(0, run="nobody"))
    assert store.sql("select run_id from cell_executions")["run_id"].tolist() == ["nobody"]
    assert problems_of(store) == []


def test_an_execution_of_the_slice_that_is_not_there_still_counts(store: Store) -> None:
    start(store, "a", provenance=sliced(7))
    (execution,) = store.run("a").provenance.slice
    assert (execution.sequence, execution.source, execution.observed) == (7, None, False)
    assert report(store.run("a"))["hazards_checked"]


ODD = [
    {"t": "cell"},
    {"t": "cell", "session": "s", "sequence": "first", "start": 1},
    cell(0, outcome="maybe"),
    cell(0, reads="data"),
    {"t": "environment", "hash": "e", "facts": 3},
    {"t": "generator_state", "hash": "g"},
    {"t": "provenance", "run": "a", "hazards": [{"severity": "high"}]},
    {"t": "provenance", "run": "a", "hazards": [{**STALE, "severity": "mild"}]},
    {"t": "provenance", "run": "a", "hazards": [{**STALE, "executions": ["two"]}]},
    {"t": "provenance", "run": "a", "slice": {"sequences": [1]}},
    {"t": "provenance", "run": "a", "unknown": ["x"]},
    {"t": "provenance", "run": "nobody", "hazards": []},
    {"t": "generators", "run": "a"},
    {"t": "run_environment", "run": "a"},
]


@pytest.mark.parametrize("event", ODD, ids=lambda event: str(event)[:60])
def test_an_odd_event_is_a_problem_and_changes_nothing(store: Store, problems_of: Any, event: dict[str, Any]) -> None:
    start(store, "a")
    store.append_event(event)
    store.append_event({"t": "note", "run": "a", "text": "after"})
    record = store.run("a")
    assert (record.note, record.provenance) == ("after", Provenance())
    assert len(problems_of(store)) == 1
    assert store.sql("select hazards_checked from runs")["hazards_checked"].tolist() == [False]


def test_hazards_with_little_in_them(store: Store) -> None:
    start(store, "a", provenance={"hazards": [{"label": "of the future", "severity": "medium"}], "slice": None})
    (hazard,) = store.run("a").provenance.hazards
    assert (hazard.label, hazard.names, hazard.executions, hazard.sentence) == ("of the future", (), (), "")


# --- clean-up ---------------------------------------------------------------------------------------------------------


def ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the journal of this process taken for one that is gone."""
    store.flush()
    monkeypatch.setattr(maintenance, "_spoken_of", lambda layout: ([], []))


def test_gc_removes_what_only_deleted_runs_depend_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(store)
    for digest in ("h2", "h3", "h4"):
        store.append_event({"t": "source", "hash": digest, "text": digest})
    store.append_event(cell(3, "h2", run="gone"))
    store.append_event(cell(0, "h3", session="other", run="gone too"))
    store.append_event(cell(0, "h4", session="never a run"))
    store.append_event({"t": "environment", "hash": "e2", "facts": {}})
    store.append_event({"t": "generator_state", "hash": "g2", "stream": "torch", "state": "BB"})
    more = {"run_environment": {"hash": "e2"}, "generators": {"streams": {"torch": "g2"}}}
    start(store, "gone", provenance=sliced(0, 3, hazards=[STALE]), **more)
    start(store, "gone too", provenance=sliced(0, session="other", unknown={"edited_cell": "why"}), **more)
    for run_id in ("gone", "gone too"):
        store.append_event({"t": "stage", "run": run_id, "stage": "deleted"})
    ended(store, monkeypatch)
    before, expected = content(store), gc(store, dry_run=True)
    assert content(store) == before
    found = gc(store)
    counts = ("runs", "executions", "sources", "environments", "generator_states")
    assert [getattr(found, name) for name in counts] == [2, 3, 3, 1, 1]
    assert [getattr(expected, name) for name in counts] == [2, 3, 3, 1, 1]
    after = content(store)
    assert [row[:2] for row in after["cell_executions"]] == [("s", 0), ("s", 1), ("s", 2)]
    assert [len(after[table]) for table in ("hazards", "undecided_hazards", "slices", "run_generators")] == [2, 1, 2, 2]
    assert store.run("a").provenance.slice[1] == EXECUTION
    assert gc(store).executions == 0


def test_gc_leaves_a_session_alone_that_may_be_under_way(store: Store) -> None:
    write_all(store)
    store.append_event({"t": "stage", "run": "a", "stage": "deleted"})
    found = gc(store)
    assert (found.runs, found.executions, found.sources, found.environments, found.generator_states) == (1, 0, 0, 0, 0)
    start(store, "next", provenance=sliced(0, 1), run_environment={"hash": "e"}, generators={"streams": {"numpy": "g"}})
    again = store.run("next").provenance
    assert [execution.source for execution in again.slice] == ["import numpy as np", "X = np.ones(3)"]
    assert again.environment["python"] == "3.11"
    assert store.generator_states("next") == {"numpy": "AAAA"}


def test_compaction_keeps_it_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(store)
    store.flush()
    before = content(store)
    monkeypatch.setattr("nbtrack.store.compact._WORTH_SHARE", -1.0)
    gc(store)
    assert content(store) == before
    assert store.run("a").provenance.slice[1] == EXECUTION


# --- a store from before ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_keeper")
def test_a_store_of_the_second_version_is_brought_up_with_its_rows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.layout.make()
    with monkeypatch.context() as older, duckdb.connect(str(store.layout.database)) as connection:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        schema.upgrade(connection, store.layout)
        connection.execute(
            "insert into base.runs by name select range::integer as run_ix, 'old-' || range as run_id, "
            "'digits' as experiment, 'old' || range as name, 'finished' as status, range as start_us, 2 as end_us, "
            "'active' as stage, 'cell' as source_kind, 'h' as code, map {'C': '1'} as params, "
            "map {'C': 'int'} as param_types, map() as tags, map {'loss': 0.5} as metrics from range(3)"
        )
        connection.execute("insert into base.inputs values (1, 'digits', 'd', null, null, null, 'train')")
        connection.execute("insert into base.sources values ('h', 'C = 1')")
        connection.execute("insert into base.experiments values ('1', 'digits', 'active', map())")
        assert schema.version_of(connection) == 2
    write_all(store)
    store.append_event({"t": "provenance", "run": "old-2", **sliced(0, 1)})
    assert [record.info.run_id for record in store.runs("hazard_count IS NULL", "run_id")] == ["old-0", "old-1"]
    assert [record.info.run_id for record in store.runs("hazard_count = 0")] == ["old-2"]
    old = store.run("old-1")
    assert (old.typed_params, old.data.metrics, old.info.source.code) == ({"C": 1}, {"loss": 0.5}, "C = 1")
    assert (old.provenance, old.inputs[0].context) == (Provenance(), "train")
    assert len(store.run("old-2").provenance.slice) == 2
    assert store.run("a").provenance.slice[1] == EXECUTION
    frame = store.runs_frame(order_by="run_id")
    assert frame["hazards"].tolist() == [["stale_input", "unseeded_rng"], [], [], []]
    with duckdb.connect(str(schema.backup_of(store.layout, 2)), read_only=True) as connection:
        assert connection.execute("select count(*) from runs").fetchone() == (3,)


def test_a_run_that_is_still_open_has_its_hazards_when_it_ends(store: Store) -> None:
    store.append_event({"t": "run", "run": "a", "name": "a", "start": time.time_ns() // 1000})
    assert store.run("a").provenance == Provenance()
    store.append_event({"t": "provenance", "run": "a", **sliced(0, hazards=[STALE])})
    assert store.runs("hazards = 'stale_input'")[0].info.status == "running"
