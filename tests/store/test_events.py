"""Events of all kinds, the odd ones above all: none is lost, and none is in the way of the others."""

from __future__ import annotations

import json
import math
import shutil
import zlib

import pytest

from nbtrack.errors import InputError, MetricError
from nbtrack.store import events, tails
from nbtrack.store.store import Store

ODD = [
    {"t": "params", "run": "a"},
    {"t": "params", "run": "a", "v": {"C": "no type"}},
    {"t": "params", "run": "a", "v": [1, 2]},
    {"t": "tags", "run": "a", "v": None},
    {"t": "seed", "run": "a", "seed": 2**64},
    {"t": "seed", "run": "a", "seed": "many"},
    {"t": "end", "run": "a", "status": "exploded", "end": 1},
    {"t": "end", "run": "a", "status": "finished", "end": None},
    {"t": "end", "run": "a", "status": "failed", "end": 1, "error": "a text"},
    {"t": "stage", "run": "a", "stage": "gone"},
    {"t": "artifact", "run": "a", "path": "x", "hash": "y", "size_bytes": "big"},
    {"t": "input", "run": "a"},
    {"t": "source", "hash": "h"},
    {"t": "experiment", "tags": {}},
    {"t": "experiment", "name": "e", "tags": 5},
    {"t": "run", "run": "b"},
    {"t": "run", "run": "b", "start": 2**70, "name": "n", "experiment": "e"},
    {"t": "run", "run": "b", "start": 1, "name": "n", "experiment": "e", "source": "a text"},
    {"t": "run", "start": 1},
    {"t": "note", "run": "nobody", "text": "x"},
    {"t": "from the future", "run": "a"},
    {"t": ["not", "even", "text"]},
    {"no": "kind"},
    {},
]


@pytest.mark.parametrize("event", ODD, ids=lambda event: json.dumps(event)[:50])
def test_an_odd_event_is_kept_as_a_problem_and_blocks_nothing(event: dict, store: Store, workers) -> None:
    store.append_event(workers.run_event("a"))
    store.append_event(event)
    store.append_event({"t": "note", "run": "a", "text": "after"})
    assert [(run.info.run_id, run.note, run.info.status) for run in store.runs()] == [("a", "after", "running")]
    (detail,) = store.sql("select detail from problems")["detail"]
    kept = json.loads(detail)
    kept.pop("ts", None)
    assert kept == event


def test_values_that_json_has_not(store: Store, workers) -> None:
    store.append_event(workers.run_event("a"))
    profile = {"mean": math.nan, "all": [1.0, math.inf], "path": store.root, 3: "three"}
    store.append_event({"t": "input", "run": "a", "name": "d", "digest": "x", "source": "s", "profile": profile})
    (text,) = store.sql("select profile from inputs")["profile"]
    assert json.loads(text) == {"mean": "nan", "all": [1.0, "inf"], "path": str(store.root), "3": "three"}


def test_what_cannot_be_written_is_refused_at_once(store: Store, workers) -> None:
    store.append_event(workers.run_event("a"))
    itself: dict = {}
    itself["me"] = itself
    for odd in ({(1, 2): "x"}, itself):
        with pytest.raises(InputError, match="cannot be stored"):
            store.append_event({"t": "tags", "run": "a", "v": odd})
    for step, ts_us in ((2**63, 1), (1, 2**63), ("one", 1), (1.5, 1)):
        with pytest.raises(MetricError, match="cannot be stored"):
            store.append_point("a", "loss", step, ts_us, 1.0)  # type: ignore[arg-type]
    store.append_point("a", "loss", 0, 1, 1.0)
    assert store.run("a").data.metrics == {"loss": 1.0}


def test_times_beyond_what_a_timestamp_can_say(store: Store, workers) -> None:
    store.append_event(workers.run_event("a"))
    for step, ts_us in enumerate((-(2**63), 2**63 - 1, 0, -1)):
        store.append_point("a", "loss", step, ts_us, float(step))
    assert len(store.history("a")) == 4
    with store.reading() as connection:
        assert connection.execute("select count(timestamp) from metric_points").fetchone() == (4,)


def test_infinities_and_nan_alone(store: Store, workers) -> None:
    store.append_event(workers.run_event("a"))
    for value in (math.nan, math.nan):
        store.append_point("a", "nan", 0, 1, value)
    for value in (math.inf, -math.inf, math.nan):
        store.append_point("a", "inf", 0, 1, value)
        store.flush()
    with store.reading() as connection:
        rows = connection.execute("select key, value, min, max, count from metrics order by key").fetchall()
        (metrics,) = connection.execute("select metrics from runs").fetchone()
    assert [(key, low, high, count) for key, _, low, high, count in rows] == [
        ("inf", -math.inf, math.inf, 3),
        ("nan", None, None, 2),
    ]
    assert all(math.isnan(row[1]) for row in rows)
    assert all(math.isnan(value) for value in metrics.values())
    assert set(metrics) == {"nan", "inf"}


def test_a_lost_newline_costs_no_event() -> None:
    one, two = events.encode({"t": "note", "n": 1}), events.encode({"t": "note", "n": 2})
    for damaged in (one[:-1] + two, one[:-1] + b"\x8a" + two):
        found, bad, used = events.decode_lines(damaged, final=False)
        assert [event["n"] for event in found] == [1, 2]
        assert (bad, used) == ([], len(damaged))


def test_a_line_that_is_still_being_written_is_left_for_later() -> None:
    one, two = events.encode({"t": "note", "n": 1}), events.encode({"t": "note", "n": 2})
    found, bad, used = events.decode_lines(one + two[:-5], final=False)
    assert ([event["n"] for event in found], bad, used) == ([1], [], len(one))
    found, bad, used = events.decode_lines(one + two[:-5], final=True)
    assert ([event["n"] for event in found], bad, used) == ([1], [two[:-5]], len(one + two) - 5)


def test_json_that_is_no_event_is_damage() -> None:
    for body in (b"[1]", b"7", b"{", b"[" * 100_000):
        assert tails.parse_line(b"%08x %b\n" % (zlib.crc32(body), body)) is None


def test_a_store_that_is_deleted_under_an_open_run_goes_on_with_it(store: Store, workers, points_of) -> None:
    """As people do between two cells: the run that is open is said again, and so are its metrics."""
    store.append_event(workers.run_event("a"))
    store.append_event(workers.run_event("ended"))
    store.append_event(workers.end_event("ended"))
    for step in range(10):
        store.append_point("a", "loss", step, step + 1, 1.0)
    store.flush()
    shutil.rmtree(store.root)
    store.append_event({"t": "note", "run": "a", "text": "after"})
    for step in range(10, 20):
        store.append_point("a", "loss", step, step + 1, 1.0)
    assert [(run.info.run_id, run.note, run.info.status) for run in store.runs()] == [("a", "after", "running")]
    assert [step for step, _ in points_of(store, "a")] == list(range(10, 20))


def test_a_run_that_is_said_again_keeps_what_it_has(store: Store, workers) -> None:
    start = workers.run_event("a")
    store.append_event(start)
    store.append_event({"t": "tags", "run": "a", "v": {"k": "v"}})
    store.flush()
    store.append_event(start)
    store.flush()
    assert store.run("a").data.tags == {"k": "v"}
    store.append_event(workers.end_event("a"))
    store.append_event(start)
    assert store.run("a").info.status == "finished"


def test_an_ended_run_that_goes_on_elsewhere(store: Store, workers) -> None:
    store.append_event(workers.run_event("a"))
    store.append_event(workers.end_event("a"))
    other = Store(store.root, store.mode)
    other.append_event({"t": "resume", "run": "a"})
    assert store.run("a").info.status == "running"
    other.close()
    assert store.run("a").info.status == "crashed"
    assert store.run("a").info.end_time is not None


def test_the_end_of_a_crashed_run_is_the_last_sign_of_life(store: Store, workers) -> None:
    store.append_event(workers.run_event("a") | {"start": 1_000_000_000_000_000})
    store.append_event({"t": "note", "run": "a", "text": "x", "ts": 1_000_000_500_000_000})
    store.append_point("a", "loss", 0, 1_000_000_900_000_000, 1.0)
    # A point may carry any time; one in the future is no sign of life.
    store.append_point("a", "loss", 1, 2**62, 1.0)
    events_file = store.layout.events(store._journal.id)
    content = b"".join(
        line + b"\n"
        for line in events_file.read_bytes().splitlines()
        if b"series" in line or b"start" in line or b"note" in line
    )
    store._journal.close()
    # As if all of it had been written back then.
    lines = [tails.parse_line(line) for line in content.splitlines()]
    events_file.write_bytes(
        b"".join(events.encode({**line, "ts": min(line["ts"], 1_000_000_500_000_000)}) for line in lines if line)
    )
    record = store.run("a")
    assert record.info.status == "crashed"
    assert record.info.end_time == 1_000_000_900_000
