"""What logging 10,000 points a second costs a training loop: the loop's time with logging over its time without.

nbtrack's loop is a tracked cell in a real kernel, live panel and card included, against the same cell without them; the
peers' is a function in a script, against the same function without logging, and shorter for the slow ones.
"""

import statistics
import time
from pathlib import Path
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, trackers, workspace
from kernel import Kernel
from trackers import Log, Tracker

RATE_PER_S = 10_000
BUDGET_S = 0.8
WORK = """
import time

def work(turns):
    loss = 1.0
    for _ in range(turns):
        loss = loss * 0.999 + 0.0001
    return loss

def calibrate(seconds):
    best = 1e9
    for _ in range(20):
        before = time.perf_counter()
        work(10_000)
        best = min(best, time.perf_counter() - before)
    return int(10_000 * seconds / best)
"""
LOOP = """
before, cpu = time.perf_counter(), time.process_time()
for step in range({steps}):
    loss = work({turns})
    {log}
taken = time.perf_counter() - before, time.process_time() - cpu
"""
TRACKED = "%%track loop --ignore before,cpu,taken"
Times = tuple[float, float]


def measure(options: Options) -> list[Row]:
    steps = options.size(10_000, 500)
    rounds = 3 * options.rounds
    row = Row("a training loop that logs 10,000 points/s: time added", "%", None, rounds=f"{rounds}, peers 3")
    with workspace() as base:
        row.figures.append(in_a_kernel(folder_of(base, "nbtrack"), steps, rounds))
        for name in trackers(options)[1:]:
            found = child(__file__, "loop", name, folder_of(base, name), steps=steps // 2)
            row.figures.append(figure(name, found["pairs"], f"{found['steps']:,} steps"))
    return [row]


def figure(name: str, pairs: list[tuple[Times, Times]], detail: str) -> Figure:
    """The median of the pairs, so that a busy spell of the machine that hits one of them does not count."""
    wall, cpu = (statistics.median(tracked[i] / plain[i] for plain, tracked in pairs) * 100 - 100 for i in (0, 1))
    return Figure(name, wall, f"CPU {cpu:+.1f} %, {detail}")


def in_a_kernel(folder: Path, steps: int, rounds: int) -> Figure:
    pairs, around = [], []
    with Kernel(folder) as kernel:
        kernel.run("%load_ext nbtrack\nimport nbtrack" + WORK)
        turns = int(kernel.run(f"print(calibrate({1 / RATE_PER_S}))")[-1])
        plain = LOOP.format(steps=steps, turns=turns, log="pass")
        tracked = TRACKED + LOOP.format(steps=steps, turns=turns, log='nbtrack.log_metric("loss", loss, step)')
        for _ in range(rounds):
            without = times_of(kernel, plain)
            before = time.perf_counter()
            pairs.append((without, times_of(kernel, tracked)))
            around.append(time.perf_counter() - before - pairs[-1][1][0])
        stored = int(kernel.run("print(nbtrack.sql('select count(*) as n from metric_points').n[0])")[-1])
    if stored != rounds * steps:
        raise RuntimeError(f"{stored} points in place of {rounds * steps}")
    return figure("nbtrack", pairs, f"{statistics.median(around) * 1e3:.0f} ms around the loop")


def times_of(kernel: Kernel, code: str) -> Times:
    kernel.run(code)
    wall, cpu = kernel.run("print(*taken)")[-1].split()
    return float(wall), float(cpu)


def loop(tracker: Tracker, steps: int) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(WORK, names)
    work, turns = names["work"], names["calibrate"](1 / RATE_PER_S)
    step = 0

    def timed(log: Log, most: int) -> tuple[int, Times]:
        nonlocal step
        first, before, cpu = step, time.perf_counter(), time.process_time()
        while step - first < most and time.perf_counter() - before < BUDGET_S:
            step += 1
            log("loss", work(turns), step)
        done = step - first
        return done, ((time.perf_counter() - before) / done, (time.process_time() - cpu) / done)

    def body(log: Log) -> None:
        log("loss", 1.0, 0)
        for _ in range(3):
            done, tracked = timed(log, steps)
            pairs.append((timed(lambda key, value, step: None, done)[1], tracked))

    pairs: list[tuple[Times, Times]] = []
    tracker.load()
    tracker.run("loop", {}, body)
    return {"pairs": pairs, "steps": step // 6}


if __name__ == "__main__":
    main(measure, loop=loop)
