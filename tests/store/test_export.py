"""Exports: what is in them, and that they appear whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from nbtrack.errors import FilterError, InputError, StoreError
from nbtrack.store import export_json, frames
from nbtrack.store.export import export
from nbtrack.store.store import Store

START_US = 1_700_000_000_123_456
TABLES = set(
    "runs params metrics points tags artifacts inputs sources experiments hazards undecided_hazards slices "
    "cell_executions verifications verification_metrics environments generator_states".split()
)
NASTY = 'a "quoted", comma\nand line; ünï 🎲'
HAZARD = {
    "label": "stale_input",
    "severity": "high",
    "names": ["X", NASTY],
    "executions": [2, 5],
    "sentence": NASTY,
    "remedy": "Run In[2] again.",
}
CELL = {
    "session": "s",
    "sequence": 4,
    "execution_count": 2,
    "cell_id": "c2",
    "source": "h2",
    "outcome": "ok",
    "observed": True,
    "reads": ["data"],
    "binds": ["X"],
    "changes": [],
    "deletes": [],
    "folder": "/data",
    "digests": {"data": "d1"},
}
VERIFICATION = {
    "verification_id": "1" * 32,
    "verdict": "diverged",
    "sentence": NASTY,
    "metrics": [{"key": "loss", "recorded": 0.25, "replayed": "NaN", "outcome": "different"}],
    "reasons": [
        {"label": "unknown", "sentence": NASTY, "evidence": [NASTY], "names": ["X"], "executions": [2]},
    ],
    "notes": [NASTY],
    "start_us": START_US,
    "duration_s": 2.5,
    "kernel_s": 1.0,
    "cells_s": 0.5,
    "recorded_s": 0.25,
    "rtol": 1e-9,
    "replays": 2,
    "cells": 1,
    "slice_corrected": False,
    "memory_bytes": None,
}


def add_run(store: Store, run_id: str, experiment: str = "digits", model: str = "rf") -> None:
    source = {"kind": "cell", "name": "nb.ipynb", "cell_id": "c", "execution_count": 3, "code": "h1"}
    common = {"run": run_id}
    events: list[dict[str, Any]] = [
        {"t": "source", "hash": "h1", "text": "C = 1\n"},
        {
            "t": "run",
            "experiment": experiment,
            "name": run_id,
            "start": START_US,
            "user": "ada",
            "seed": 7,
            "source": source,
        },
        {"t": "params", "v": {"C": ["0.5", "float"], "model": [model, "str"], "x y": [NASTY, "str"]}},
        {"t": "tags", "v": {"stage": NASTY}},
        {"t": "note", "text": NASTY},
        {"t": "warning", "text": "careful"},
        {"t": "artifact", "path": "a.txt", "hash": "d" * 64, "size_bytes": 12, "media_type": "text/plain"},
        {"t": "input", "name": "digits", "digest": "abc", "context": "train"},
        {"t": "source", "hash": "h2", "text": "X = load()"},
        {"t": "cell", **CELL, "start": START_US, "duration": 0.5, "run": None},
        {
            "t": "provenance",
            "hazards": [HAZARD],
            "unknown": {"edited_cell": NASTY},
            "slice": {"session": "s", "sequences": [4]},
        },
        {"t": "environment", "hash": "e1", "facts": {"python": "3.11"}},
        {"t": "run_environment", "hash": "e1"},
        {"t": "generator_state", "hash": "g1", "stream": "numpy", "state": "AAAA"},
        {"t": "generators", "streams": {"numpy": "g1"}},
        {"t": "verification", "verification": VERIFICATION | {"verification_id": run_id}},
    ]
    for event in events:
        store.append_event(event if event["t"] == "cell" else {**common, **event})
    for step, value in enumerate([3.0, math.nan, math.inf, 0.25]):
        store.append_point(run_id, "loss", step, START_US + step, value)
    store.append_event({"t": "end", **common, "status": "finished", "end": START_US + 1_500_000})


@pytest.fixture
def filled(store: Store) -> Iterator[Store]:
    add_run(store, "a" * 32)
    add_run(store, "b" * 32, "other", "svm")
    store.append_event({"t": "experiment", "name": "unused"})
    yield store
    store.close()


def strict(text: str) -> Any:
    def refuse(name: str) -> float:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_csv_is_the_run_table(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    assert export(filled, path) == 2
    found = pd.read_csv(path)
    expected = filled.runs_frame()
    assert list(found) == list(expected)
    assert found["params.x y"].tolist() == [NASTY, NASTY]
    assert found["params.C"].tolist() == [0.5, 0.5]
    assert found["metrics.loss"].tolist() == [0.25, 0.25]
    assert found["hazards"].tolist() == ["stale_input"] * 2
    assert pd.to_datetime(found["start_time"]).tolist() == expected["start_time"].tolist()


def test_csv_tables(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "tables"
    export(filled, path, file_format="csv")
    found = {file.stem: pd.read_csv(file) for file in path.iterdir()}
    assert set(found) == TABLES
    assert found["runs"]["note"].tolist() == [NASTY, NASTY]
    assert found["params"].query("key == 'C'")[["value", "type"]].values.tolist() == [["0.5", "float"]] * 2
    assert found["points"]["value"].tolist()[:4:3] == [3.0, 0.25]
    assert set(found["experiments"]["name"]) == {"digits", "other"}
    assert found["hazards"]["names"].map(json.loads).tolist() == [["X", NASTY]] * 2
    assert found["runs"]["hazards"].tolist() == ["stale_input"] * 2
    assert found["cell_executions"]["reads"].tolist() == ['["data"]']
    assert not {"params", "metrics", "tags"} & set(found["runs"])


def test_parquet_agrees_with_the_views(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    assert export(filled, path, where="params.model = 'rf'") == 1
    assert {file.name for file in path.iterdir()} == {f"{table}.parquet" for table in TABLES}
    reader = duckdb.connect()
    reader.execute("set timezone = 'UTC'")
    with filled.reading() as connection:
        for view, table, columns in [
            ("params", "params", "run_id, key, value, type"),
            ("metrics", "metrics", "run_id, key, value, step, min, max, count"),
            ("metric_points", "points", "run_id, key, step, epoch_us(timestamp), value"),
            ("tags", "tags", "run_id, key, value"),
            ("artifacts", "artifacts", "run_id, path, hash, size_bytes, media_type"),
            ("inputs", "inputs", "run_id, name, digest, context"),
            ("hazards", "hazards", "*"),
            ("undecided_hazards", "undecided_hazards", "*"),
            ("slices", "slices", "run_id, position, session, sequence"),
            ("generator_states", "generator_states", "*"),
            ("runs", "runs", "hazard_count, hazard_severity, hazards, environment, verdict"),
            ("verifications", "verifications", "run_id, verification_id, verdict, sentence, replays, facts"),
            ("verification_metrics", "verification_metrics", "*"),
            ("runs", "runs", "run_id, run_name, epoch_us(start_time), duration_s, params, tags, warnings, seed, user"),
        ]:
            expected = connection.execute(
                f"select {columns} from {view} where run_id like 'a%' order by all"
            ).fetchall()
            found = reader.execute(f"select {columns} from '{path / table}.parquet' order by all").fetchall()
            assert repr(found) == repr(expected), table
            assert found
    assert reader.execute(f"select name from '{path}/experiments.parquet'").fetchall() == [("digits",)]
    assert reader.execute(f"select text from '{path}/sources.parquet'").fetchall() == [("C = 1\n",), ("X = load()",)]
    assert reader.execute(f"select facts from '{path}/environments.parquet'").fetchall() == [('{"python": "3.11"}',)]
    assert reader.execute(f"select source_hash from '{path}/cell_executions.parquet'").fetchall() == [("h2",)]


def test_json_holds_everything(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    assert export(filled, path) == 2
    found = strict(path.read_text(encoding="utf-8"))
    assert (found["format"], found["version"]) == (export_json.FORMAT_NAME, export_json.FORMAT_VERSION)
    assert "_us" in found["about"]["times"]
    assert [item["name"] for item in found["experiments"]] == ["digits", "other"]
    assert found["sources"] == {"h1": "C = 1\n", "h2": "X = load()"}
    assert found["executions"] == [CELL | {"start_us": START_US, "duration_s": 0.5, "run_id": None}]
    assert found["environments"] == {"e1": {"python": "3.11"}}
    assert found["generator_states"] == {"g1": {"stream": "numpy", "state": "AAAA"}}
    run = next(run for run in found["runs"] if run["run_id"] == "a" * 32)
    source = {"kind": "cell", "name": "nb.ipynb", "cell_id": "c", "execution_count": 3, "code": "h1"}
    assert run == {
        "run_id": "a" * 32,
        "name": "a" * 32,
        "experiment": "digits",
        "status": "finished",
        "start_us": START_US,
        "end_us": START_US + 1_500_000,
        "parent_run_id": None,
        "seed": 7,
        "user": "ada",
        "stage": "active",
        "note": NASTY,
        "warnings": ["careful"],
        "error": None,
        "source": source,
        "params": {"C": ["0.5", "float"], "model": ["rf", "str"], "x y": [NASTY, "str"]},
        "tags": {"stage": NASTY},
        "metrics": {"loss": {"value": 0.25, "step": 3, "min": 0.25, "max": "Infinity", "count": 4}},
        "points": {
            "loss": {
                "step": [0, 1, 2, 3],
                "ts_us": [START_US + step for step in range(4)],
                "value": [3.0, "NaN", "Infinity", 0.25],
            }
        },
        "artifacts": [{"path": "a.txt", "hash": "d" * 64, "size_bytes": 12, "media_type": "text/plain"}],
        "inputs": [
            {"name": "digits", "digest": "abc", "source": None, "schema": None, "profile": None, "context": "train"}
        ],
        "hazards": [HAZARD],
        "unknown": {"edited_cell": NASTY},
        "slice": [["s", 4]],
        "environment": "e1",
        "generators": {"numpy": "g1"},
        "verdict": "diverged",
        "verifications": [VERIFICATION | {"verification_id": "a" * 32}],
    }


def test_json_in_batches(filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        add_run(filled, f"{number:032x}")
    whole, pieces = tmp_path / "whole.json", tmp_path / "pieces.json"
    export(filled, whole)
    monkeypatch.setattr(export_json, "_BATCH", 3)
    export(filled, pieces)
    found, expected = (strict(path.read_text(encoding="utf-8")) for path in (pieces, whole))
    assert len(found["runs"]) == 7
    assert found["runs"] == expected["runs"]


@pytest.mark.parametrize("name", ["runs.csv", "runs.json", "runs.parquet"])
def test_an_empty_store_gives_an_empty_export(store: Store, tmp_path: Path, name: str) -> None:
    assert export(store, tmp_path / name) == 0
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["runs.csv", "runs.json", "runs.parquet"])
def test_nothing_is_replaced_without_force(filled: Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    export(filled, path, where="run_name = 'none'")
    with pytest.raises(InputError, match="--force"):
        export(filled, path)
    assert export(filled, path, force=True) == 2
    content = path / "runs.parquet" if path.is_dir() else path
    assert b"a" * 32 in content.read_bytes()
    assert sorted(tmp_path.glob(f".{name}*")) == []


def test_force_removes_no_folder_of_other_things(filled: Store, tmp_path: Path) -> None:
    home = tmp_path / "home.parquet"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        export(filled, home, force=True)
    with pytest.raises(InputError, match="is a folder and the export is a file"):
        export(filled, home, file_format="json", force=True)
    assert (home / "thesis.txt").read_text() == "years of work"
    file = tmp_path / "file.parquet"
    file.write_text("x")
    with pytest.raises(InputError, match="is a file and the export is a folder"):
        export(filled, file, force=True)


@pytest.mark.parametrize(
    ("name", "options", "fragment"),
    [
        ("runs.xlsx", {}, "csv, json, parquet"),
        ("runs", {}, "csv, json, parquet"),
        ("runs.csv", {"file_format": "xml"}, "csv, json, parquet"),
        ("nowhere/runs.csv", {}, "mkdir -p"),
        ("runs.csv", {"lifecycle": "gone"}, "'active', 'deleted', 'all'"),
    ],
)
def test_refused(filled: Store, tmp_path: Path, name: str, options: dict[str, Any], fragment: str) -> None:
    with pytest.raises(InputError, match=fragment):
        export(filled, tmp_path / name, **options)
    with pytest.raises(FilterError):
        export(filled, tmp_path / "runs.csv", where="stauts = 1")
    assert not (tmp_path / "runs.csv").exists()


@pytest.mark.parametrize("name", ["runs.csv", "runs.json", "runs.parquet"])
def test_a_failure_leaves_what_was_there(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    export(filled, path)
    before = {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file() and path.name in str(file)}

    def fail(*arguments: Any) -> Any:
        raise OSError(28, "No space left on device")

    for module, function in ((frames, "runs_frame"), (export_json, "write"), (frames, "registered")):
        monkeypatch.setattr(module, function, fail)
    with pytest.raises(StoreError, match=r"No space left on device.*Nothing there was changed"):
        export(filled, path, force=True)
    after = {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file() and path.name in str(file)}
    assert after == before
    assert sorted(tmp_path.glob(".*")) == []


def test_a_failed_exchange_of_folders_puts_the_old_one_back(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.parquet"
    export(filled, path, where="params.model = 'rf'")
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    rename = Path.rename

    def refuse_the_new(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(StoreError, match="Input/output error"):
        export(filled, path, force=True)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert sorted(tmp_path.glob(".*")) == []


def test_selection_reaches_every_table(filled: Store, tmp_path: Path) -> None:
    filled.append_event({"t": "stage", "run": "b" * 32, "stage": "deleted"})
    assert export(filled, tmp_path / "a.json", lifecycle="deleted") == 1
    assert export(filled, tmp_path / "b.json", experiment_names=["digits"]) == 1
    for name, run_id in (("a", "b" * 32), ("b", "a" * 32)):
        found = strict((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert [run["run_id"] for run in found["runs"]] == [run_id]
        assert len(found["experiments"]) == 1


def test_a_quote_in_the_path(filled: Store, tmp_path: Path) -> None:
    assert export(filled, tmp_path / "ada's runs.parquet") == 2
    assert (tmp_path / "ada's runs.parquet" / "points.parquet").is_file()
