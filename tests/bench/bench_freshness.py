"""Freshness: how old the newest point is that a reader in another process sees, with eight processes writing.

Every writer logs the time of day, 1,000 times a second if it can; the reader asks for every writer's newest value four
times a second and takes the difference from the time at which it had the answer. A peer that writes slower than it is
asked to has older points for that reason too. Aim is left out: what its runs hold can only be read in one piece once
its web server has made an index.
"""

import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, percentile, trackers, workspace
from gang import Gang, wait_for_go
from trackers import Log, Tracker

RATE_PER_S = 1_000


def measure(options: Options) -> list[Row]:
    writers = options.size(8, 2)
    seconds = options.size(6, 2)
    median = Row(
        f"freshness at {writers} writers: logged in one process → seen in another, median", "s", 2.0, rounds="1"
    )
    worst = Row("… p99", "s", 2.0, rounds="1")
    with workspace() as base:
        for name in trackers(options, "MLflow sqlite", "trackio"):
            folder = folder_of(base, name)
            child(__file__, "prepare", name, folder)
            members: list[dict[str, Any]] = [{"member": m, "seconds": seconds} for m in range(writers)]
            gang = Gang(__file__, "take_part", name, folder, [*members, {"member": None, "seconds": seconds}])
            gang.go()
            *logged, found = gang.results()
            reached = sum(logged) / seconds / writers
            detail = f"{found['reads']} reads of {found['read_s']:.2f} s; {reached:,.0f} points/s and writer"
            median.figures.append(Figure(name, found["median"], detail))
            worst.figures.append(Figure(name, found["p99"]))
    return [median, worst]


def prepare(tracker: Tracker) -> None:
    tracker.load()
    tracker.run("prepared", {}, lambda log: log("time", 0.0, 0))


def take_part(tracker: Tracker, member: int | None, seconds: float) -> Any:
    tracker.load()
    return read(tracker, seconds) if member is None else write(tracker, member, seconds)


def write(tracker: Tracker, member: int, seconds: float) -> int:
    def body(log: Log) -> None:
        nonlocal logged
        log("time", time.time(), 0)
        wait_for_go()
        begun = time.perf_counter()
        while (elapsed := time.perf_counter() - begun) < seconds:
            due = int(elapsed * RATE_PER_S)
            while logged < due and time.perf_counter() - begun < seconds:
                logged += 1
                log("time", time.time(), logged)
            time.sleep(0.005)

    logged = 0
    tracker.run(f"writer-{member}", {}, body)
    return logged


def read(tracker: Tracker, seconds: float) -> dict[str, Any]:
    ages: list[float] = []
    reads: list[float] = []
    tracker.read()
    wait_for_go()
    begun = time.perf_counter()
    time.sleep(min(1.0, seconds / 2))
    while time.perf_counter() - begun < seconds - 0.1:
        before = time.perf_counter()
        runs = newest(tracker)
        reads.append(time.perf_counter() - before)
        now = time.time()
        ages += [now - value for value in runs]
        time.sleep(0.25)
    if not ages:
        raise RuntimeError("the reader saw no writer")
    found = {"reads": len(reads), "read_s": percentile(reads, 50)}
    return {**found, "median": percentile(ages, 50), "p99": percentile(ages, 99)}


def newest(tracker: Tracker) -> list[float]:
    """Return each writer's newest value, asked for in the tracker's cheapest way."""
    if tracker.package == "nbtrack":
        return tracker.api.sql(
            "select value from metrics join runs using (run_id) where starts_with(run_name, 'writer-')"
        ).value.tolist()
    if tracker.package == "mlflow":
        return [run.data.metrics["time"] for run in tracker.api.search_runs(
            search_all_experiments=True, output_format="list", filter_string="run_name LIKE 'writer-%'"
        ) if "time" in run.data.metrics]  # fmt: skip
    return [run["newest"] for name, run in tracker.read().items() if name.startswith("writer-") and run["newest"]]


if __name__ == "__main__":
    main(measure, prepare=prepare, take_part=take_part)
