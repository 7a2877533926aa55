"""Data that a cell reads by itself: fingerprints within a budget, and nobody else's code."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from nbtrack.capture import datasets
from nbtrack.capture.datasets import data_inputs, file_inputs
from nbtrack.provenance.fingerprint import Fingerprint, fingerprint
from nbtrack.records import Input


def print_of(value):
    (found,) = data_inputs({"value": value})
    return opened(found)


def opened(given: Input) -> Fingerprint:
    """Read an input back."""
    assert given.context == "read"
    return Fingerprint(given.digest or "", given.source, json.loads(given.schema), json.loads(given.profile))


FRAME = pd.DataFrame({"x": [1.0, 2.0, np.nan], "name": ["a", "b", None], "n": [1, 2, 3]})
KINDS = {
    "frame": FRAME,
    "series": FRAME["x"],
    "an unnamed series": pd.Series([1, 2]),
    "texts": pd.Series(["a", "b"], name="t"),
    "objects that are plain": pd.Series(["a", 1, None, 2.5], dtype=object, name="o"),
    "times": pd.Series(pd.date_range("2026-01-01", periods=3), name="when"),
    "categories": pd.Series(["a", "b", "a"], dtype="category", name="c"),
    "a deep index": FRAME.set_index(["name", "n"]),
    "deep columns": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
    "no columns": pd.DataFrame(index=[1, 2]),
    "nothing": pd.DataFrame(),
    "array": np.arange(6).reshape(2, 3),
    "0-d": np.array(3.0),
    "no elements": np.zeros((0, 3)),
    "a view": np.arange(20)[::3],
    "structured": np.zeros(2, dtype=[("a", int), ("b", float)]),
    "array of objects": np.array(["a", None, 3], dtype=object),
}


@pytest.mark.parametrize("value", KINDS.values(), ids=KINDS)
def test_small_data_has_the_digest_that_log_input_gives_it(value):
    found = print_of(value)
    assert found.digest
    assert found.digest == fingerprint(value).digest == print_of(value.copy()).digest
    assert found.kind == type(value).__name__
    assert found.profile["shape"] == list(value.shape)
    assert not any("sampled" in key or key == "unhashed" for key in found.profile)


def test_a_change_is_told():
    changed = FRAME.copy()
    changed.loc[1, "x"] = 2.5
    assert print_of(changed).digest != print_of(FRAME).digest
    assert print_of(np.arange(5)).digest != print_of(np.arange(5.0)).digest


def test_only_data_counts_and_in_the_order_given():
    values = {
        "n": 3,
        "big": np.zeros(100_000),
        "list": [1],
        "small": np.zeros(3),
        "text": "x",
        "module": np,
        "cls": pd.DataFrame,
    }
    assert [found.name for found in data_inputs(values)] == ["big", "small"]


LARGE = {
    "array": (np.arange(20_000_000.0), "sampled_elements"),
    "a wide array": (np.zeros((4, 6_000_000)), "sampled_elements"),
    "frame": (pd.DataFrame(np.zeros((1_000_000, 5))), "sampled_rows"),
    "texts": (pd.DataFrame({"t": [str(n) for n in range(200_000)]}), "sampled_rows"),
    "a wide frame": (pd.DataFrame(np.zeros((3, 20_000))), "sampled_columns"),
}


@pytest.mark.parametrize(("value", "mark"), LARGE.values(), ids=LARGE)
def test_large_data_is_sampled_and_marked(value, mark):
    found = print_of(value)
    assert found.digest == print_of(value).digest
    assert 0 < found.profile[mark] <= max(value.shape)
    assert found.profile["shape"] == list(value.shape)


def test_a_sample_meets_every_column():
    """Steps that divide the length of a row would always come upon the same column."""
    data = np.zeros((200_000, 100))
    before = print_of(data).digest
    for column in (1, 50, 99):
        changed = data.copy()
        changed[:, column] = 1
        assert print_of(changed).digest != before


def test_the_budget_holds_for_much_data():
    values = {f"frame{number}": pd.DataFrame(np.zeros((20_000, 20))) for number in range(50)}
    begun = time.thread_time()
    found = data_inputs(values)
    # The budget is 50 ms; the last piece may take longer.
    assert time.thread_time() - begun < 2
    assert len(found) == 50
    assert any(not opened(each).digest for each in found)
    assert all(opened(each).profile["shape"] == [20_000, 20] for each in found)
    assert found[0].digest is None or len(found[0].digest) == 64


def test_a_machine_that_stalls_costs_no_digest(monkeypatch):
    values = {f"array{number}": np.arange(number + 1) for number in range(20)}
    expected = data_inputs(values)
    clock = itertools.count()
    for name in ("perf_counter", "monotonic", "time"):
        monkeypatch.setattr(time, name, lambda: float(next(clock)))
    assert data_inputs(values) == expected
    assert all(found.digest for found in map(opened, expected))


class Hostile:
    """Every special method is somebody else's business."""

    armed = False

    def _no(self, *_: object) -> None:
        if Hostile.armed:
            pytest.fail("the user's code was run")
        raise AttributeError

    __eq__ = __hash__ = __repr__ = __str__ = __getattr__ = __bool__ = __reduce__ = _no  # type: ignore[assignment]


def test_no_code_of_the_users_is_run():
    array = np.empty(2, dtype=object)
    array[0], array[1] = Hostile(), Hostile()
    frame = pd.DataFrame({"x": [1, 2], "cells": array})

    class Own(pd.DataFrame):
        @property
        def dtypes(self):
            pytest.fail("the user's code was run")

    class OwnArray(np.ndarray):
        def __getattribute__(self, name):
            pytest.fail("the user's code was run")

    values = {
        "frame": frame,
        "array": array,
        "own": Own({"x": [1]}),
        "own_array": np.zeros(2).view(OwnArray),
        "any": Hostile(),
    }
    Hostile.armed = True
    try:
        found = {each.name: opened(each) for each in data_inputs(values)}
    finally:
        Hostile.armed = False
    assert set(found) == {"frame", "array"}
    assert found["frame"].profile["unhashed"] == ["cells"]
    assert found["frame"].digest
    assert found["array"].digest == ""


def test_cells_that_hold_lists_are_left_out():
    frame = pd.DataFrame({"x": [1, 2], "lists": [[1], [2]]})
    assert print_of(frame).profile["unhashed"] == ["lists"]
    indexed = pd.DataFrame({"x": [1, 2]}, index=pd.Index([(1, [2]), (3, [4])], tupleize_cols=False))
    assert print_of(indexed).profile["unhashed"] == ["index"]


def fake_torch(monkeypatch, device: str = "cpu", dtype: str = "float32") -> type:
    torch = ModuleType("torch")
    torch.strided, torch.bfloat16, torch.int16 = "strided", "bfloat16", "int16"

    class Device:
        type = device

    class Tensor:
        layout = "strided"

        def __init__(self) -> None:
            self.device, self.dtype = Device(), dtype

        def detach(self):
            return self

        resolve_conj = resolve_neg = detach

        def view(self, dtype):
            return self

        def numpy(self):
            if device != "cpu":
                pytest.fail("fetched from another device")
            return np.arange(4)

    torch.Tensor = Tensor
    monkeypatch.setitem(sys.modules, "torch", torch)
    return Tensor


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_tensor_in_memory(monkeypatch, dtype):
    found = print_of(fake_torch(monkeypatch, dtype=dtype)())
    assert (found.kind, found.profile) == ("Tensor", {"shape": [4]})


def test_a_tensor_elsewhere_is_left_there(monkeypatch):
    assert data_inputs({"t": fake_torch(monkeypatch, "cuda")()}) == []


def test_polars_and_arrow():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    frame = polars.DataFrame({"x": [1, 2, None], "t": ["a", "b", "c"]})
    assert print_of(frame).digest == print_of(frame.clone()).digest != print_of(frame.reverse()).digest
    assert data_inputs({"lazy": frame.lazy()}) == []
    table = arrow.table({"x": [1, 2, None]})
    assert print_of(table).digest == print_of(arrow.concat_tables([table[:1], table[1:]])).digest
    assert print_of(table).digest != print_of(arrow.table({"x": [1, None, 2]})).digest


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_are_named_by_their_path_and_hashed(tmp_path):
    Path("data").mkdir()
    Path("data/a.csv").write_text("x\n1\n")
    elsewhere = tmp_path / "b.csv"
    elsewhere.write_text("x\n1\n")
    first, second = file_inputs(["data/a.csv", "data/../data/a.csv", elsewhere])
    assert first.name == "data/a.csv"
    assert first.source == str(Path("data/a.csv").absolute())
    assert second.name == str(elsewhere)
    assert opened(first).digest == opened(second).digest == fingerprint(elsewhere).digest
    assert opened(first).profile == {"size_bytes": 4}


def test_a_large_file_is_sampled_and_marked():
    size = 40 * 1024 * 1024
    with open("large.bin", "wb") as stream:
        stream.truncate(size)
    (before,) = file_inputs(["large.bin"], budget_s=10)
    assert opened(before).profile == {"size_bytes": size, "sampled_bytes": 64 * 65536}
    with open("large.bin", "r+b") as stream:
        stream.seek(size - 1)
        stream.write(b"x")
    (after,) = file_inputs(["large.bin"], budget_s=10)
    assert opened(after).digest != opened(before).digest


def test_beyond_the_budget_size_and_time_are_told():
    Path("a").write_text("a")
    os.utime("a", ns=(5, 5))
    (found,) = file_inputs(["a"], budget_s=0.0)
    assert found.digest is None
    assert opened(found).profile == {"size_bytes": 1, "modified_ns": 5}


def test_what_is_no_ordinary_file_is_passed_over():
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("link").symlink_to("nowhere")
    assert file_inputs(["pipe", "folder", "link", "missing", "/dev/zero", "\0", 7.5, "x" * 5_000]) == []


def test_a_file_that_does_not_change_is_read_once(monkeypatch):
    Path("a").write_text("a")
    os.utime("a", ns=(5, 5))
    first = file_inputs(["a"])
    monkeypatch.setattr(datasets.Path, "open", lambda *_: pytest.fail("read again"))
    assert file_inputs(["a"]) == first


def test_a_file_written_within_one_tick_is_read_again():
    Path("a").write_text("a")
    now = Path("a").stat().st_mtime_ns
    (before,) = file_inputs(["a"])
    Path("a").write_text("b")
    os.utime("a", ns=(now, now))
    (after,) = file_inputs(["a"])
    assert opened(before).digest != opened(after).digest
