"""One ``log_metric`` call, 10,000 in a row, alone and beside a thread that keeps the interpreter busy."""

import threading
import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, interleave, main, median_of, percentile, trackers, workspace
from trackers import Log, Tracker

BUDGET_S = 1.0
CONDITIONS = ("alone", "busy")


def measure(options: Options) -> list[Row]:
    calls = options.size(10_000, 200)
    names = trackers(options)
    with workspace() as base:
        results = interleave(
            names, options.rounds, lambda name, _: child(__file__, "log", name, folder_of(base, name), calls=calls)
        )
    rows = []
    for condition in CONDITIONS:
        beside = "" if condition == "alone" else ", beside a busy thread"
        for statistic, target in (("median", 2.0), ("p99", 20.0)):
            row = Row(
                f"one `log_metric` call{beside}: {statistic}", "µs", target, rounds=f"{options.rounds} × {calls:,}"
            )
            for name in names:
                done = min(result[condition]["calls"] for result in results[name])
                detail = "" if done == calls else f"{done:,} calls in {BUDGET_S} s"
                value = median_of([result[condition] for result in results[name]], statistic)
                row.figures.append(Figure(name, value, detail))
            rows.append(row)
    return rows


def log(tracker: Tracker, calls: int) -> dict[str, Any]:
    results: dict[str, Any] = {}

    def body(log: Log) -> None:
        timed(log, 0, 100)  # what a first call sets up belongs to another row
        results["alone"] = timed(log, 100, calls)
        stop = threading.Event()
        thread = threading.Thread(target=spin, args=(stop,))
        thread.start()
        results["busy"] = timed(log, 100 + calls, calls)
        stop.set()
        thread.join()

    tracker.load()
    tracker.run("log", {}, body)
    return results


def timed(log: Log, first: int, calls: int) -> dict[str, float]:
    clock = time.perf_counter_ns
    samples = []
    deadline = clock() + int(BUDGET_S * 1e9)
    for step in range(first, first + calls):
        before = clock()
        log("loss", 0.5, step)
        after = clock()
        samples.append((after - before) / 1e3)
        if after > deadline:
            break
    return {"calls": len(samples), "median": percentile(samples, 50), "p99": percentile(samples, 99)}


def spin(stop: threading.Event) -> None:
    total = 0
    while not stop.is_set():
        for number in range(1000):
            total += number


if __name__ == "__main__":
    main(measure, log=log)
