"""Points readable after ``kill -9`` right behind call 5,000, and what the store then says of the run."""

import os
import signal
import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, report, trackers, workspace
from trackers import Log, Tracker

BUDGET_S = 8.0


def measure(options: Options) -> list[Row]:
    calls = options.size(5_000, 300)
    row = Row(
        f"points readable after `kill -9` right behind call {calls:,}", "points", calls, at_least=True, rounds="1"
    )
    with workspace() as base:
        for name in trackers(options):
            folder = folder_of(base, name)
            logged = child(__file__, "die", name, folder, killed=True, calls=calls)
            found = child(__file__, "look", name, folder)
            fewer = "" if logged == calls else f"of {logged:,} logged in {BUDGET_S:.0f} s, "
            row.figures.append(Figure(name, found["points"], f"{fewer}status: {found['status']}"))
    if "crashed" not in row.figures[0].detail:
        row.wrong = "the run is not marked as crashed"
    return [row]


def die(tracker: Tracker, calls: int) -> None:
    def body(log: Log) -> None:
        deadline = time.perf_counter() + BUDGET_S
        for step in range(calls):
            log("loss", 0.5, step)
            if time.perf_counter() > deadline:
                break
        report(step + 1)
        os.kill(os.getpid(), signal.SIGKILL)

    tracker.load()
    tracker.run("killed", {"lr": 0.1}, body)


def look(tracker: Tracker) -> dict[str, Any]:
    tracker.load()
    try:
        runs = tracker.read()
    except Exception as error:
        return {"points": 0, "status": f"not readable: {type(error).__name__}"}
    return next(iter(runs.values()), {"points": 0, "status": "no run"})


if __name__ == "__main__":
    main(measure, die=die, look=look)
