"""First page of 100,000 runs × 30 columns, filtered and sorted: the table's query.

Our runs go through the store's own journal and merge. MLflow has a tenth of them, put straight into its tables (its own
API would take an hour); its time is multiplied by ten, which the table says.
"""

import random
import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, percentile, trackers, workspace
from trackers import Tracker

PARAMS, METRICS, TAGS, PAGE, CHUNK = 15, 10, 5, 50, 5_000
WHERE = "metrics.metric_0 > 0.5 and params.param_0 = 'rf'"
ORDER = ["metrics.metric_1 DESC"]
MLFLOW_SHARE = 10


def measure(options: Options) -> list[Row]:
    runs = options.size(100_000, 300)
    rounds = options.size(15, 2)
    label = f"{runs:,} runs × {PARAMS + METRICS + TAGS} columns"
    page = Row(f"first page ({PAGE}) of {label}, filtered and sorted: `nbtrack.runs`", "ms", 100.0, rounds=str(rounds))
    cold = Row("… `store.runs`: records in place of a data frame", "ms", 100.0, rounds=str(rounds))
    with workspace() as base:
        for name in trackers(options, "MLflow sqlite"):
            folder = folder_of(base, name)
            share = 1 if name == "nbtrack" else MLFLOW_SHARE
            built = child(__file__, "build", name, folder, runs=runs // share)
            found = child(__file__, "query", name, folder, rounds=rounds)
            if name == "nbtrack":
                detail = (
                    f"p99 {found['p99']:.0f}, the process's first {found['first']:.0f}; built in {built['s']:.0f} s"
                )
                page.figures.append(Figure(name, found["median"], detail))
                cold.figures.append(Figure(name, found["records"]))
            else:
                detail = f"{found['median']:.0f} ms at {runs // share:,} runs, scaled × {share}"
                page.figures.append(Figure(name, found["median"] * share, detail))
    return [page, cold]


def made_up_run(rng: random.Random, number: int) -> dict[str, Any]:
    params: dict[str, Any] = {f"param_{index}": rng.choice((0.1, 0.01, 0.001)) * index for index in range(1, PARAMS)}
    params["param_0"] = rng.choice(("rf", "svm", "ridge", "mlp"))
    metrics = {f"metric_{index}": rng.random() for index in range(METRICS)}
    tags = {f"tag_{index}": f"value-{number % 97}" for index in range(TAGS)}
    return {"id": uuid.UUID(int=rng.getrandbits(128)).hex, "params": params, "metrics": metrics, "tags": tags}


def build(tracker: Tracker, runs: int) -> dict[str, float]:
    before = time.perf_counter()
    tracker.load()
    made = (made_up_run(random.Random(number), number) for number in range(runs))
    if tracker.package == "nbtrack":
        through_the_journal(made)
    else:
        tracker.run("first", {}, lambda log: log("metric_0", 0.0, 0))
        into_mlflow(tracker.folder / "mlflow.db", made)
    return {"s": time.perf_counter() - before}


def through_the_journal(made: Any) -> None:
    from nbtrack.store.reading import current_store

    store = current_store()
    for number, run in enumerate(made):
        key, start = run["id"], 1_750_000_000_000_000 + number * 1_000_000
        store.append_event(
            {"t": "run", "run": key, "experiment": f"experiment-{number % 20}", "name": f"run-{number}", "start": start,
             "parent": None, "seed": number, "user": "bench", "source": {"kind": "block", "name": "bench"}}
        )  # fmt: skip
        typed = {name: [str(value), type(value).__name__] for name, value in run["params"].items()}
        store.append_event({"t": "params", "run": key, "v": typed})
        store.append_event({"t": "tags", "run": key, "v": run["tags"]})
        for name, value in run["metrics"].items():
            store.append_point(key, name, 0, start, value)
        store.append_event({"t": "end", "run": key, "status": "finished", "end": start + 500_000, "error": None})
        if number % CHUNK == CHUNK - 1:
            store.flush()
    store.flush()


def into_mlflow(file: Path, made: Any) -> None:
    with sqlite3.connect(file) as connection:
        experiment = connection.execute("select experiment_id from experiments where name = 'bench'").fetchone()[0]
        for number, run in enumerate(made):
            key, start = run["id"], 1_750_000_000_000 + number * 1000
            insert(connection, "runs", run_uuid=key, name=f"run-{number}", status="FINISHED", start_time=start,
                   end_time=start + 500, lifecycle_stage="active", experiment_id=experiment, user_id="bench",
                   source_type="LOCAL", source_name="bench", artifact_uri="", deleted_time=None)  # fmt: skip
            for name, value in run["params"].items():
                insert(connection, "params", key=name, value=str(value), run_uuid=key)
            for name, value in run["tags"].items():
                insert(connection, "tags", key=name, value=value, run_uuid=key)
            for name, value in run["metrics"].items():
                point = {"key": name, "value": value, "timestamp": start, "run_uuid": key, "step": 0, "is_nan": 0}
                insert(connection, "metrics", **point)
                insert(connection, "latest_metrics", **point)


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    connection.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", list(values.values()))


def query(tracker: Tracker, rounds: int) -> dict[str, float]:
    tracker.load()
    if tracker.package == "nbtrack":
        from nbtrack.store.reading import current_store

        records = timed(lambda: current_store().runs(WHERE, ORDER, PAGE), rounds)
        frames = timed(lambda: tracker.api.runs(WHERE, ORDER, PAGE), rounds)
    else:
        records = []
        frames = timed(lambda: tracker.api.search_runs(filter_string=WHERE, order_by=ORDER, max_results=PAGE), rounds)
    found = {"median": percentile(frames[1:], 50), "p99": percentile(frames[1:], 99), "first": (records or frames)[0]}
    return found | ({"records": percentile(records[1:], 50)} if records else {})


def timed(ask: Any, rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds + 1):
        before = time.perf_counter()
        found = ask()
        samples.append((time.perf_counter() - before) * 1e3)
        if not len(found):
            raise RuntimeError("the filter found no run")
    return samples


if __name__ == "__main__":
    main(measure, build=build, query=query)
