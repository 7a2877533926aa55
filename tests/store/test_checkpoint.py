"""A process that is killed while it writes the database's file costs nothing, wherever in a block it was."""

from __future__ import annotations

import shutil

import duckdb
import pytest

from nbtrack.errors import StoreCorruptError
from nbtrack.store import maintenance
from nbtrack.store.layout import Layout
from nbtrack.store.store import open_store

BLOCK_BYTES = 256 << 10
HEADERS_BYTES = 12 << 10
# The first page has the block's checksum; more of it may be there.
CUTS_BYTES = (4096, 20 * 4096, BLOCK_BYTES - 4096)


@pytest.fixture
def merged(store, workers):
    """A store with three runs, merged one by one."""
    for name in "abc":
        store.append_event(workers.run_event(name))
        store.append_point(name, "loss", 0, 1_700_000_000_000_000, 1.0)
        store.append_event(workers.end_event(name))
        store.flush()
    return store


def killed(process):
    assert process.wait(120) == -9, process.communicate()


def written_over(layout, tmp_path):
    """The blocks of the file that a checkpoint would write over although they are in use: offset and new content."""
    copy = Layout(tmp_path / "done")
    copy.root.mkdir()
    for file in (layout.database, layout.log):
        shutil.copy(file, copy.root)
    before = layout.database.read_bytes()
    with duckdb.connect(str(copy.database)) as connection:
        places = [place for (place,) in connection.execute("select block_id from pragma_metadata_info()").fetchall()]
        connection.execute("checkpoint")
    after = copy.database.read_bytes()
    offsets = [HEADERS_BYTES + place * BLOCK_BYTES for place in places]
    return {
        offset: after[offset : offset + BLOCK_BYTES]
        for offset in offsets
        if offset < len(before) and before[offset : offset + BLOCK_BYTES] != after[offset : offset + BLOCK_BYTES]
    }


def tear(layout, blocks, cut_bytes):
    """Write the first part of each block, as far as a process came that was killed."""
    with layout.database.open("r+b") as file:
        for offset, content in blocks.items():
            file.seek(offset)
            file.write(content[:cut_bytes])


def names(store):
    return sorted(run.info.run_id for run in store.runs(lifecycle="all"))


@pytest.mark.parametrize("cut_bytes", CUTS_BYTES)
def test_half_a_block_is_put_back(cut_bytes, merged, start_worker, tmp_path, points_of):
    killed(start_worker("log_and_die_writing", merged.root, "d", "before"))
    layout = merged.layout
    blocks = written_over(layout, tmp_path)
    assert blocks, "DuckDB writes over nothing any more: what keeps it is of no use"
    assert layout.undo.exists()
    tear(layout, blocks, cut_bytes)
    assert names(merged) == ["a", "b", "c", "d"]
    assert points_of(merged, "d") == [(0, 1.0)]
    assert not layout.undo.exists()


def test_without_what_was_kept_half_a_block_would_be_the_end(merged, start_worker, tmp_path):
    killed(start_worker("log_and_die_writing", merged.root, "d", "before"))
    tear(merged.layout, written_over(merged.layout, tmp_path), CUTS_BYTES[0])
    merged.layout.undo.unlink()
    with pytest.raises(StoreCorruptError):
        names(merged)


def test_a_checkpoint_that_was_done_is_not_undone(merged, start_worker):
    killed(start_worker("log_and_die_writing", merged.root, "d", "behind"))
    assert merged.layout.undo.exists()
    assert names(merged) == ["a", "b", "c", "d"]
    assert not merged.layout.undo.exists()
    killed(start_worker("log_and_die_writing", merged.root, "e", "behind"))
    assert names(merged) == ["a", "b", "c", "d", "e"]


def test_reading_puts_right_what_a_clean_up_left(merged, start_worker, tmp_path):
    merged.append_event({"t": "stage", "run": "b", "stage": "deleted"})
    merged.flush()
    killed(start_worker("clean_up_and_die_writing", merged.root))
    layout = merged.layout
    tear(layout, written_over(layout, tmp_path), CUTS_BYTES[0])
    (finding,) = [finding for finding in maintenance.check(merged.root) if finding.level == "warn"]
    assert "killed while it wrote" in finding.what
    # No journal has anything that would have it merged.
    assert names(merged) == ["a", "c"]
    assert not layout.undo.exists()
    assert not [finding for finding in maintenance.check(merged.root) if finding.level != "ok"]


@pytest.mark.parametrize("left_bytes", [0, 3, 5000, -1])
def test_what_was_kept_by_half_counts_for_nothing(left_bytes, merged, start_worker):
    killed(start_worker("log_and_die_writing", merged.root, "d", "before"))
    undo = merged.layout.undo
    undo.write_bytes(undo.read_bytes()[:left_bytes])
    assert names(merged) == ["a", "b", "c", "d"]
    assert not undo.exists()


def test_what_was_kept_of_a_database_that_was_moved_away_is_forgotten(merged, start_worker, workers):
    killed(start_worker("log_and_die_writing", merged.root, "d", "before"))
    merged.layout.database.unlink()
    merged.layout.log.unlink()
    merged.append_event(workers.run_event("e"))
    assert set(names(merged)) >= {"d", "e"}
    assert not merged.layout.undo.exists()


def test_nothing_is_written_behind_the_back_of_what_is_kept(merged, workers, monkeypatch):
    """DuckDB checkpoints by itself neither when it opens a log nor when it is closed."""
    merged.append_event(workers.run_event("d"))
    before = merged.layout.database.read_bytes()[:HEADERS_BYTES]

    def refuse(*_):
        raise RuntimeError("not now")

    monkeypatch.setattr("nbtrack.store.checkpoint.kept", refuse)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="not now"):
            merged.flush()
        assert merged.layout.database.read_bytes()[:HEADERS_BYTES] == before
    assert merged.layout.log.exists()
    monkeypatch.undo()
    assert names(merged) == ["a", "b", "c", "d"]
    assert not merged.layout.log.exists()
    assert open_store(merged.root) is merged
