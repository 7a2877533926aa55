"""Start, 20 params, 10 metrics and the end of a run, as the caller sees it."""

import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, interleave, main, median_of, percentile, trackers, workspace
from trackers import Log, Tracker

BUDGET_S = 1.2
PARAMS = {f"param_{number}": number / 7 for number in range(20)}


def measure(options: Options) -> list[Row]:
    runs = options.size(100, 5)
    names = trackers(options)
    with workspace() as base:
        results = interleave(
            names, options.rounds, lambda name, _: child(__file__, "cycle", name, folder_of(base, name), runs=runs)
        )
    row = Row("start + 20 params + 10 metrics + end", "ms", 1.0, rounds=f"{options.rounds} × {runs}")
    for name in names:
        done = min(result["runs"] for result in results[name])
        fewer = "" if done == runs else f", {done} runs in {BUDGET_S} s"
        detail = f"p99 {median_of(results[name], 'p99'):.3g}{fewer}"
        row.figures.append(Figure(name, median_of(results[name], "median"), detail))
    return [row]


def cycle(tracker: Tracker, runs: int) -> dict[str, Any]:
    tracker.load()
    tracker.run("first", PARAMS, ten_metrics)
    samples = []
    deadline = time.perf_counter() + BUDGET_S
    for number in range(runs):
        before = time.perf_counter()
        tracker.run(f"run-{number}", PARAMS, ten_metrics)
        samples.append((time.perf_counter() - before) * 1e3)
        if time.perf_counter() > deadline:
            break
    return {"runs": len(samples), "median": percentile(samples, 50), "p99": percentile(samples, 99)}


def ten_metrics(log: Log) -> None:
    for number in range(10):
        log(f"metric_{number}", number / 3, 0)


if __name__ == "__main__":
    main(measure, cycle=cycle)
