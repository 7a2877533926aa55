"""Damage of all kinds: the good part is kept, the bad part is set aside and named, and the message says what to do."""

from __future__ import annotations

import random
import shutil

import duckdb
import pytest

from nbtrack.errors import StoreCorruptError, StoreError, StoreReadOnlyError, StoreVersionError
from nbtrack.store import schema
from nbtrack.store import store as module
from nbtrack.store.layout import Layout
from nbtrack.store.store import Store, open_store


def dead_journal(store: Store, workers, count: int = 200):
    """Write a journal and give it up without ending its run, as a killed process does."""
    store.append_event(workers.run_event("a"))
    for step in range(count):
        store.append_point("a", "loss", step, 1_700_000_000_000_000 + step, float(step))
        if step % 20 == 0:
            store.append_event({"t": "tags", "run": "a", "v": {f"t{step}": "x"}})
    store.append_event(workers.end_event("a"))
    store._journal.close()
    store._start_afresh()
    (events,) = store.layout.journals.glob("*.ev")
    (segment,) = store.layout.journals.glob("*.pts")
    return events, segment


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_cost_only_their_record(seed, store, workers, points_of, problems_of):
    _, segment = dead_journal(store, workers)
    rng = random.Random(seed)
    hit = rng.sample(range(200), 5)
    content = bytearray(segment.read_bytes())
    for record in hit:
        content[record * 32 + rng.randrange(32)] ^= 1 << rng.randrange(8)
    segment.write_bytes(content)
    assert points_of(store, "a") == [(step, float(step)) for step in range(200) if step not in hit]
    (problem,) = problems_of(store)
    assert "160 bytes" in problem
    (aside,) = store.layout.set_aside.iterdir()
    assert aside.name in problem
    assert len(aside.read_bytes()) == 160


@pytest.mark.parametrize("seed", range(12))
def test_damaged_event_lines_cost_only_themselves(seed, store, workers, points_of, problems_of):
    events, _ = dead_journal(store, workers)
    rng = random.Random(seed)
    lines = events.read_bytes().split(b"\n")
    tagged = [number for number, line in enumerate(lines) if b'"tags"' in line]
    hit = rng.choice(tagged)
    line = bytearray(lines[hit])
    line[rng.randrange(len(line))] ^= 1 << rng.randrange(3)
    lines[hit] = bytes(line).replace(b"\n", b"")
    events.write_bytes(b"\n".join(lines))
    assert len(points_of(store, "a")) == 200
    run = store.run("a")
    assert run.info.status == "finished"
    assert len(run.data.tags) == 9
    assert len(problems_of(store)) == 1


def test_a_last_line_that_lost_its_newline_is_whole_all_the_same(store, workers, problems_of):
    events, _ = dead_journal(store, workers)
    events.write_bytes(events.read_bytes()[:-1])
    assert store.run("a").info.status == "finished"
    assert problems_of(store) == []


@pytest.mark.parametrize("cut", [2, 5, 30, 60])
def test_a_torn_last_line(cut, store, workers, points_of, problems_of):
    events, _ = dead_journal(store, workers)
    content = events.read_bytes()
    events.write_bytes(content[:-cut])
    assert len(points_of(store, "a")) == 200
    # The end of the run was torn off: it was never acknowledged.
    assert store.run("a").info.status == "crashed"
    assert len(problems_of(store)) == 1


def test_a_segment_cut_short(store, workers, points_of):
    _, segment = dead_journal(store, workers)
    segment.write_bytes(segment.read_bytes()[: 100 * 32 + 17])
    assert [step for step, _ in points_of(store, "a")] == list(range(100))


def test_points_whose_series_was_lost_are_set_aside(store, workers, points_of, problems_of):
    events, _ = dead_journal(store, workers)
    lines = events.read_bytes().split(b"\n")
    events.write_bytes(b"\n".join(line for line in lines if b'"series"' not in line))
    assert points_of(store, "a") == []
    assert any("6400 bytes" in text for text in problems_of(store))


def test_rubbish_in_the_journal_folder_is_left_alone(store, workers):
    store.append_event(workers.run_event("a"))
    for name in ("readme.txt", "x.pts", "x.y.z.pts", ".hidden", "a.b.ev.swp"):
        (store.layout.journals / name).write_text("not ours")
    assert len(store.runs()) == 1


def test_an_empty_and_a_rubbish_journal(store, workers):
    store.append_event(workers.run_event("a"))
    (store.layout.journals / "empty.ev").touch()
    (store.layout.journals / "rubbish.ev").write_bytes(random.Random(3).randbytes(5_000))
    (store.layout.journals / "rubbish.000000.pts").write_bytes(random.Random(4).randbytes(5_000))
    assert len(store.runs()) == 1
    assert not list(store.layout.journals.glob("rubbish.*"))
    assert list(store.layout.set_aside.iterdir())


@pytest.mark.parametrize("content", [b"", b"not a database" * 500, random.Random(1).randbytes(100_000)])
def test_a_corrupt_database_is_named_and_values_are_still_taken(content, store, workers, points_of):
    store.append_event(workers.run_event("a"))
    store.flush()
    store.layout.database.write_bytes(content)
    store.append_event({"t": "note", "run": "a", "text": "kept"})
    with pytest.raises(StoreCorruptError, match=r"nbtrack\.duckdb cannot be read.*Move it away"):
        store.runs()
    store.layout.database.rename(store.root / "moved-away")
    store.append_event(workers.run_event("b"))
    # What the living journals still hold comes back too.
    assert {run.info.run_id: run.note for run in store.runs()} == {"a": "kept", "b": ""}


def test_a_damaged_page_of_the_database_is_no_traceback_of_duckdbs(store, workers):
    store.append_event(workers.run_event("a"))
    for step in range(50_000):
        store.append_point("a", "loss", step, step + 1, float(step % 977))
    store.flush()
    content = bytearray(store.layout.database.read_bytes())
    rng = random.Random(0)
    for _ in range(3_000):
        content[rng.randrange(12_288, len(content))] ^= 255
    store.layout.database.write_bytes(content)
    store.append_event({"t": "note", "run": "a", "text": "x"})
    with pytest.raises(StoreCorruptError):
        store.sql("select sum(value) from metric_points")


@pytest.mark.usefixtures("no_keeper")
def test_a_store_of_the_first_version_is_brought_up_with_its_data(store, monkeypatch, points_of):
    store.layout.make()
    with monkeypatch.context() as older, duckdb.connect(str(store.layout.database)) as connection:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        schema.upgrade(connection, store.layout)
        assert schema.version_of(connection) == 1
        # As that version wrote them; the present one writes columns that it did not have.
        connection.execute(
            "insert into base.runs by name select 0 as run_ix, 'a' as run_id, 'digits' as experiment, 'a' as name, "
            "'finished' as status, 1 as start_us, 2 as end_us, 'active' as stage, 'block' as source_kind, "
            "map() as params, map() as param_types, map() as tags, map {'loss': 0.5} as metrics"
        )
        connection.execute("insert into base.keys values (0, 'loss')")
        connection.execute("insert into base.series values (0, 0, 0, 1, 0.5, 0.5, 0.5, 1)")
        connection.execute("insert into base.points values (0, 0, 0, 1, 0.5)")
    store.append_event({"t": "note", "run": "a", "text": "after"})
    assert store.run("a").note == "after"
    assert points_of(store, "a") == [(0, 0.5)]
    with duckdb.connect(str(store.layout.database), read_only=True) as connection:
        assert schema.version_of(connection) == len(schema.MIGRATIONS)
        names = connection.execute("select name from base.migrations order by version").fetchall()
        assert names == [(name,) for name, _ in schema.MIGRATIONS]
    backup = schema.backup_of(store.layout, 1)
    with duckdb.connect(str(backup), read_only=True) as connection:
        assert schema.version_of(connection) == 1
        assert connection.execute("select count(*) from runs").fetchone() == (1,)


def test_a_migration_that_fails_leaves_the_store_as_it_was(store, workers, monkeypatch):
    store.append_event(workers.run_event("a"))
    store.flush()
    with monkeypatch.context() as broken:
        broken.setattr(
            schema, "MIGRATIONS", (*schema.MIGRATIONS, ("good", "create table base.x(a int)"), ("bad", "create tabel"))
        )
        store.append_event({"t": "note", "run": "a", "text": "kept"})
        with pytest.raises(StoreError, match="tabel"):
            store.flush()
    assert store.run("a").note == "kept"
    assert store.sql("select count(*) as n from duckdb_tables() where table_name = 'x'")["n"][0] == 0


def test_a_newer_store_is_refused_and_values_are_still_taken(store, workers, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("future", "create table base.future(a int)")))
        store.append_event(workers.run_event("a"))
        store.flush()
    store.append_event({"t": "note", "run": "a", "text": "kept"})
    for ask in (store.runs, store.flush):
        with pytest.raises(StoreVersionError, match="pip install --upgrade nbtrack"):
            ask()
    assert store._journal is not None
    assert store.layout.events(store._journal.id).read_bytes().endswith(b"}\n")


def test_a_folder_that_cannot_be_written_is_replaced_by_the_users(tmp_path, workers):
    occupied = tmp_path / "a file"
    occupied.write_text("in the way")
    store = open_store(occupied / ".nbtrack")
    assert store.root == module.user_data_folder()
    (notice,) = store.pop_notices()
    assert str(occupied) in notice
    assert str(store.root) in notice
    store.append_event(workers.run_event("a"))
    assert len(store.runs()) == 1


def test_nowhere_to_write_is_said(tmp_path, monkeypatch):
    occupied = tmp_path / "a file"
    occupied.write_text("in the way")
    monkeypatch.setattr(module, "user_data_folder", lambda: occupied / "elsewhere")
    with pytest.raises(StoreReadOnlyError, match="set_store"):
        open_store(occupied / ".nbtrack")


def test_a_store_deleted_under_way_is_made_anew(store, workers):
    store.append_event(workers.run_event("a"))
    store.flush()
    shutil.rmtree(store.root)
    store.close()
    store.append_event(workers.run_event("b"))
    assert [run.info.run_id for run in store.runs()] == ["b"]
    assert Layout(store.root).database.exists()
