"""Four processes × 10 runs × 200 metrics on one store, from the word go to the last end; nothing may be lost.

A tracker that has not finished after :data:`BUDGET_S` is stopped between two points, and its time is scaled to all
points, which the table says.
"""

import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, median_of, trackers, workspace
from gang import Gang, wait_for_go
from trackers import Log, Tracker

PROCESSES, RUNS = 4, 10
BUDGET_S = 15.0


def measure(options: Options) -> list[Row]:
    points = options.size(200, 20)
    names = trackers(options)
    expected = PROCESSES * RUNS * points

    def once(name: str, number: int) -> dict[str, Any]:
        folder = folder_of(base, name, number)
        child(__file__, "prepare", name, folder)
        gang = Gang(__file__, "work", name, folder, [{"member": m, "points": points} for m in range(PROCESSES)])
        begun = gang.go()
        members = gang.results()
        seconds, logged = max(m["ended"] for m in members) - begun, sum(m["logged"] for m in members)
        return {"seconds": seconds, "logged": logged, **child(__file__, "count", name, folder)}

    with workspace() as base:
        # some peers take half a minute: they have one round each, with one of ours before it
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for number, name in enumerate(names):
            results["nbtrack"].append(once("nbtrack", number))
            if name != "nbtrack":
                results[name].append(once(name, number))
    row = Row(f"{PROCESSES} processes × {RUNS} runs × {points} metrics", "s", 1.0, rounds=f"{len(names)}, peers 1")
    for name in names:
        row.figures.append(figure(name, results[name], expected))
    if any(result["points"] != expected for result in results["nbtrack"]):
        row.wrong = "not every point is there"
    return [row]


def figure(name: str, rounds: list[dict[str, Any]], expected: int) -> Figure:
    lost = sum(result["logged"] - result["points"] for result in rounds)
    detail = f"{lost:,} points lost" if lost else "nothing lost"
    if name == "nbtrack":
        detail += f"; read back by another process in {median_of(rounds, 'read_s'):.2f} s"
    logged = min(result["logged"] for result in rounds)
    if logged < expected:
        detail += f"; scaled from {logged:,} points in {median_of(rounds, 'seconds'):.0f} s"
    return Figure(name, median_of(rounds, "seconds") * expected / max(1, logged), detail)


def prepare(tracker: Tracker) -> None:
    tracker.load()
    tracker.run("prepared", {}, lambda log: log("loss", 0.0, 0))


def work(tracker: Tracker, member: int, points: int) -> dict[str, float]:
    logged = 0

    def body(log: Log) -> None:
        nonlocal logged
        for step in range(points):
            if time.monotonic() > deadline:
                break
            log("loss", step / points, step)
            logged += 1

    tracker.load()
    tracker.run(f"warm-{member}", {}, lambda log: log("loss", 0.0, 0))
    wait_for_go()
    deadline = time.monotonic() + BUDGET_S
    for number in range(RUNS):
        if time.monotonic() < deadline:
            tracker.run(f"work-{member}-{number}", {"member": member, "number": number}, body)
    return {"ended": time.time(), "logged": logged}


def count(tracker: Tracker) -> dict[str, Any]:
    tracker.load()
    before = time.perf_counter()
    runs = tracker.read()
    took = time.perf_counter() - before
    counted = [run["points"] for name, run in runs.items() if name.startswith("work-")]
    return {"points": sum(counted), "runs": len(counted), "read_s": took}


if __name__ == "__main__":
    main(measure, prepare=prepare, work=work, count=count)
