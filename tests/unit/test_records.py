"""The records: frozen, MLflow's units, and which way a metric gets better."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import math
import random
import string

import pytest

from nbtrack import records, views
from nbtrack.directions import better_direction
from nbtrack.records import (
    Experiment,
    Metric,
    RunData,
    RunInfo,
    RunRecord,
    experiment_id,
    is_number,
)

CLASSES = [
    kind
    for kind in {**vars(records), **vars(views)}.values()
    if inspect.isclass(kind) and dataclasses.is_dataclass(kind)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_record_is_frozen_and_slotted(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(kind)
    assert kind.__doc__


def test_a_record_cannot_be_changed() -> None:
    point = Metric("loss", 0.5, 1_700_000_000_000, 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.value = 0.1  # type: ignore[misc]


def test_duration_is_in_seconds_and_none_while_running() -> None:
    info = RunInfo(
        run_id="a" * 32, run_name="r", experiment_id="0", experiment_name="Default", status="running", start_time=1_000
    )
    assert info.duration_s is None
    assert dataclasses.replace(info, status="finished", end_time=3_500).duration_s == 2.5


def test_defaults_are_not_shared_between_records() -> None:
    assert RunData().params is not RunData().params
    assert Experiment("0", "Default").tags is not Experiment("0", "Default").tags
    info = RunInfo(
        run_id="a" * 32, run_name="r", experiment_id="0", experiment_name="Default", status="running", start_time=0
    )
    assert RunRecord(info, RunData()).typed_params is not RunRecord(info, RunData()).typed_params


@pytest.mark.parametrize(
    ("key", "direction"),
    [
        ("loss", "lower"),
        ("val_loss", "lower"),
        ("val.RMSE", "lower"),
        ("log_loss", "lower"),
        ("cross-entropy", "lower"),
        ("fit_time", "lower"),
        ("error_rate", "lower"),
        ("accuracy", "higher"),
        ("test.f1-score", "higher"),
        ("R2", "higher"),
        ("neg_mean_squared_error", "higher"),
        ("cv.neg_log_loss", "higher"),
        ("precision_loss", "lower"),
        ("loss_auc", "higher"),
        ("n_leaves", None),
        ("glossary", None),
        ("", None),
        ("平均誤差", None),
    ],
)
def test_better_direction(key: str, direction: str | None) -> None:
    assert better_direction(key) == direction


def test_better_direction_takes_any_name() -> None:
    letters = random.Random(7)
    for _ in range(2_000):
        key = "".join(letters.choices(string.printable + "éß漢字\x00", k=letters.randrange(12)))
        assert better_direction(key) in ("lower", "higher", None)


def test_an_experiment_id_is_stable_short_and_of_digits() -> None:
    assert experiment_id("Default") == "0"
    assert experiment_id("digits") == str(int(hashlib.sha256(b"digits").hexdigest()[:12], 16))
    names = [f"experiment {i}" for i in range(5_000)] + ["", "é", "\ud800", "x" * 10_000]
    ids = {experiment_id(name) for name in names}
    assert len(ids) == len(names)
    assert all(text.isdecimal() and len(text) <= 15 for text in ids)


@pytest.mark.parametrize(
    ("value", "expected"), [(1.0, True), (0.0, True), (None, False), (math.nan, False), (-math.inf, False)]
)
def test_is_number(value: float | None, expected: bool) -> None:
    assert is_number(value) is expected
