"""Ten curves of a million points each, reduced to 2,000 min/max buckets: what a chart asks of the store.

Beside it a query for the same buckets, without gaps and means, on a plain DuckDB connection that is already open, as the
least it can cost here.
"""

import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, percentile, workspace
from trackers import Tracker

CURVES, BUCKETS = 10, 2_000
BUCKETED = f"""
    select key, step * {BUCKETS} // $steps as bucket, min(value) as low, max(value) as high,
           arg_min(step, value) as low_step, arg_max(step, value) as high_step
    from metric_points where run_id = $run group by key, bucket order by key, bucket
"""


def measure(options: Options) -> list[Row]:
    steps = options.size(1_000_000, 8_000)
    rounds = options.size(7, 2)
    with workspace() as base:
        folder = folder_of(base, "nbtrack")
        built = child(__file__, "build", "nbtrack", folder, steps=steps)
        found = child(__file__, "query", "nbtrack", folder, steps=steps, rounds=rounds)
    what = f"{CURVES} curves × {steps:,} points → {BUCKETS:,} min/max buckets each (`store.curves`)"
    row = Row(what, "ms", 400.0, rounds=str(rounds))
    row.figures.append(
        Figure("nbtrack", found["store"], f"logged in {built['logged']:.1f} s, merged {built['merged']:.1f} s later")
    )
    row.figures.append(Figure("an open DuckDB connection to the same file", found["plain"]))
    return [row]


def build(tracker: Tracker, steps: int) -> dict[str, float]:
    from nbtrack.store.reading import current_store

    tracker.load()
    before = time.perf_counter()
    tracker.start("curves", {})
    run, store, now = tracker.api.active_run().info.run_id, current_store(), time.time_ns() // 1000
    for step in range(steps):
        for curve in range(CURVES):
            store.append_point(run, f"curve_{curve}", step, now + step, (step * 7919 % 1000) / 1000 + curve)
    tracker.end()
    logged = time.perf_counter()
    store.flush(timeout_s=120)
    return {"logged": logged - before, "merged": time.perf_counter() - logged}


def query(tracker: Tracker, steps: int, rounds: int) -> dict[str, float]:
    import duckdb

    tracker.load()
    from nbtrack.store import curves
    from nbtrack.store.reading import current_store

    run = tracker.api.sql("select run_id from runs").run_id[0]
    values = {"run": run, "steps": steps}
    keys = [f"curve_{curve}" for curve in range(CURVES)]

    def ask() -> range:
        read = current_store().read(lambda connection: curves.curves(connection, [run], keys, buckets=BUCKETS))
        # The first and the last point are buckets by themselves.
        return range(sum(len(curve.mean) - 2 for curve in read))

    store = timed(ask, rounds)
    with duckdb.connect(str(tracker.folder / "store" / "nbtrack.duckdb"), read_only=True) as connection:
        plain = timed(lambda: connection.execute(BUCKETED, values).df(), rounds)
    return {"store": percentile(store, 50), "plain": percentile(plain, 50)}


def timed(ask: Any, rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds):
        before = time.perf_counter()
        found = ask()
        samples.append((time.perf_counter() - before) * 1e3)
        if abs(len(found) - CURVES * BUCKETS) > CURVES:
            raise RuntimeError(f"{len(found)} buckets in place of {CURVES * BUCKETS}")
    return samples


if __name__ == "__main__":
    main(measure, build=build, query=query)
