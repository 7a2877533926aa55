"""Curves as charts ask for them, against the same thing found by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbtrack.errors import InputError
from nbtrack.store.curves import curves, sizes

US = 1_700_000_000_000_000


@pytest.fixture
def fill(store):
    """A function that stores series of (step, microseconds, value) and returns the run's id."""

    def add(number: int, series: dict[str, list[tuple[int, int, float]]]) -> str:
        run_id = f"{number:032x}"
        store.append_event({"t": "run", "run": run_id, "name": f"run-{number}", "experiment": "e", "start": US})
        for key, points in series.items():
            for step, ts_us, value in points:
                store.append_point(run_id, key, step, ts_us, value)
        return run_id

    return add


def ask(store, run_ids, keys, **more):
    return store.read(lambda connection: curves(connection, run_ids, keys, **more))


def random_points(rng, amount: int, odd_share: float) -> list[tuple[int, int, float]]:
    steps = rng.integers(-50, amount // 2, amount)
    values = rng.normal(size=amount) * 10 ** rng.integers(-3, 4, amount).astype(float)
    odd = rng.random(amount) < odd_share
    values[odd] = rng.choice([math.nan, math.inf, -math.inf], odd.sum())
    return [
        (int(step), US + int(rng.integers(0, 10**6)), float(value)) for step, value in zip(steps, values, strict=True)
    ]


@pytest.mark.parametrize("axis", ["step", "time"])
@pytest.mark.parametrize("odd_share", [0.0, 0.02, 0.6, 1.0])
@pytest.mark.parametrize("buckets", [1, 7, 40])
def test_every_stretch_keeps_its_lowest_highest_first_and_last(axis, odd_share, buckets, store, fill):
    rng = np.random.default_rng(buckets)
    points = {run: random_points(rng, amount, odd_share) for run, amount in ((1, 700), (2, 260))}
    for run, found in points.items():
        fill(run, {"loss": found})
    ids = [f"{run:032x}" for run in points]
    found = ask(store, ids, ["loss"], x=axis, buckets=buckets)
    assert [curve.run_id for curve in found] == ids
    for curve, mine in zip(found, points.values(), strict=True):
        against_brute_force(curve, [(point[axis == "time"], point[2]) for point in mine], buckets)


def against_brute_force(curve, points: list[tuple[int, float]], buckets: int) -> None:
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    finite = {(x, y) for x, y in points if math.isfinite(y)}
    odd = [(x, y) for x, y in points if not math.isfinite(y)]
    stretches: dict[int, list[tuple[int, float]]] = {}
    for x, y in points:
        place = math.ceil((x - first) * (buckets / (last - first - 0.5)))
        stretches.setdefault(place, []).append((x, y))
    shown = list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    assert curve.reduced
    assert curve.points == len(points)
    assert curve.odd_points == len(odd)
    assert [x for x, _ in shown] == sorted(x for x, _ in shown)
    assert {(x, y) for x, y in shown if not math.isnan(y)} <= finite
    assert len(shown) <= 3 * (buckets + 2)
    edges = {0: first, max(stretches): last}
    assert len(stretches) <= buckets + 2
    wanted_means = []
    for place, mine in sorted(stretches.items()):
        low, high = min(x for x, _ in mine), max(x for x, _ in mine)
        assert (edges.get(place, low), edges.get(place, high)) == (low, high)
        inside = [y for x, y in shown if low <= x <= high and not math.isnan(y)]
        values = [y for _, y in mine if math.isfinite(y)]
        if values:
            assert min(values) in inside
            assert max(values) in inside
            wanted_means.append(sum(values) / len(values))
        gaps = [x for x, y in mine if not math.isfinite(y)]
        assert [x for x, _ in curve.odd if low <= x <= high] == ([min(gaps)] if gaps else [])
        assert sum(math.isnan(y) for x, y in shown if low <= x <= high) == bool(gaps)
    assert curve.mean.tolist() == pytest.approx(wanted_means)
    assert len(curve.mean_x) == len(curve.mean)
    assert np.all((curve.mean_x >= first) & (curve.mean_x <= last))


def test_a_short_series_comes_as_it_is_in_order_of_step_time_and_arrival(store, fill):
    run = fill(1, {"loss": [(3, US + 9, 1.0), (1, US, 2.0), (3, US + 5, math.inf), (1, US, 3.0), (2, US, math.nan)]})
    (curve,) = ask(store, [run], ["loss"], buckets=3)
    assert curve.x.tolist() == [1, 1, 2, 3, 3]
    assert np.array_equal(curve.y, [2.0, 3.0, math.nan, math.nan, 1.0], equal_nan=True)
    assert curve.mean_x.tolist() == [1, 1, 3]
    assert curve.mean.tolist() == [2, 3, 1]
    assert (curve.odd[0][0], curve.odd[1]) == (2, (3, math.inf))
    assert math.isnan(curve.odd[0][1])
    assert not curve.reduced


def test_a_single_peak_among_many_points_stays(store, fill):
    points = [(step, US + step, 1.0) for step in range(20_000)]
    points[12_345] = (12_345, US + 12_345, 99.0)
    run = fill(1, {"loss": points})
    (curve,) = ask(store, [run], ["loss"], buckets=50)
    assert (12_345, 99.0) in list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    assert (curve.x[0], curve.x[-1]) == (0, 19_999)
    assert len(curve.x) <= 2 * 52


def test_a_range_has_finer_points(store, fill):
    run = fill(1, {"loss": [(step, US + step, math.sin(step)) for step in range(5_000)]})
    (curve,) = ask(store, [run], ["loss"], buckets=20, low=1000.5, high=1030)
    assert curve.x.tolist() == list(range(1001, 1031))
    assert not curve.reduced
    (curve,) = ask(store, [run], ["loss"], x="time", buckets=20, low=US + 4_990)
    assert curve.points == 10
    assert ask(store, [run], ["loss"], low=6_000) == []


def test_curves_come_by_metric_and_run_and_what_is_missing_is_left_out(store, fill):
    one = fill(1, {"b": [(0, US, 1.0)], "a": [(0, US, 2.0)]})
    two = fill(2, {"a": [(0, US, 3.0), (1, US, 4.0)]})
    found = ask(store, [two, one, two], ["a", "b", "none"])
    assert [(curve.run_id, curve.key) for curve in found] == [(two, "a"), (one, "a"), (one, "b")]
    assert ask(store, [], ["a"]) == []
    listed = store.read(lambda connection: sizes(connection, [two, one]))
    assert [(size.run_id, size.key, size.points) for size in listed] == [(two, "a", 2), (one, "a", 1), (one, "b", 1)]


def test_steps_of_any_size_and_points_at_one_step(store, fill):
    far = [(step, US, float(number)) for number, step in enumerate([-(2**62), 0, 2**62])]
    same = [(5, US, float(number)) for number in range(9)]
    run = fill(1, {"far": far * 4, "same": same})
    wide, still = ask(store, [run], ["far", "same"], buckets=2)
    assert wide.x.tolist() == [-(2**62), 0, 2**62]
    assert still.x.tolist() == [5, 5]
    assert still.y.tolist() == [0, 8]


@pytest.mark.parametrize(
    "bad", [{"x": "epoch"}, {"buckets": 0}, {"buckets": True}, {"buckets": 2.5}, {"buckets": 10**9}]
)
def test_what_is_not_accepted_is_said(bad, store):
    with pytest.raises(InputError, match="accepted"):
        ask(store, ["0"], ["a"], **bad)


def test_a_store_without_runs_has_no_curves(store):
    assert ask(store, ["0" * 32], ["loss"]) == []
    assert store.read(lambda connection: sizes(connection, [])) == []
