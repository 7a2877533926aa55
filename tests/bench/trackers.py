"""nbtrack and its peers behind one small interface, each in the way its own tutorial logs.

Runs in nbtrack's environment and in the peers' one: standard library only until :meth:`load`. What a peer collects on
its own (system metrics, terminal output, git state) is switched off, which favours the peer.
"""

import json
import logging
import os
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Log = Callable[[str, float, int], Any]
Body = Callable[[Log], None]


class Tracker:
    """One tracker writing to one folder. ``log`` is the call a user would make for one point."""

    package = ""
    log: Log

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def load(self) -> None:
        """Import the tracker and point it at the folder."""
        raise NotImplementedError

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError

    def run(self, name: str, params: Mapping[str, Any], body: Body) -> None:
        self.start(name, params)
        body(self.log)
        self.end()

    def read(self) -> dict[str, dict[str, Any]]:
        """Return ``{run: {"points": how many are stored, "status": ..., "newest": last value}}``."""
        raise NotImplementedError


class Nbtrack(Tracker):
    package = "nbtrack"

    def load(self) -> None:
        import nbtrack

        self.api = nbtrack
        nbtrack.set_store(self.folder / "store")
        nbtrack.set_experiment("bench")
        self.log = nbtrack.log_metric

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        self.api.start_run(run_name=name)
        self.api.log_params(params)

    def end(self) -> None:
        self.api.end_run()

    def read(self) -> dict[str, dict[str, Any]]:
        rows = self.api.sql(
            "select run_name, status, count(value) as points, arg_max(value, step) as newest "
            "from runs left join metric_points using (run_id) group by run_id, run_name, status"
        )
        return {
            row.run_name: {"points": int(row.points), "status": row.status, "newest": row.newest}
            for row in rows.itertuples()
        }


class MlflowSqlite(Tracker):
    package = "mlflow"

    def load(self) -> None:
        import mlflow

        logging.disable(logging.INFO)
        self.api = mlflow
        mlflow.set_tracking_uri(self.address())
        mlflow.set_experiment("bench")
        self.log = mlflow.log_metric

    def address(self) -> str:
        return f"sqlite:///{self.folder}/mlflow.db"

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        self.api.start_run(run_name=name)
        self.api.log_params(params)

    def end(self) -> None:
        self.api.end_run()

    def read(self) -> dict[str, dict[str, Any]]:
        client = self.api.MlflowClient()
        found = {}
        for run in client.search_runs([self.api.get_experiment_by_name("bench").experiment_id], max_results=1000):
            histories = [client.get_metric_history(run.info.run_id, key) for key in run.data.metrics]
            found[run.info.run_name] = {
                "points": sum(map(len, histories)),
                "status": run.info.status.lower(),
                "newest": next(iter(run.data.metrics.values()), None),
            }
        return found


class MlflowFile(MlflowSqlite):
    def address(self) -> str:
        return (self.folder / "mlruns").as_uri()


class Aim(Tracker):
    package = "aim"

    def load(self) -> None:
        import aim

        self.api = aim

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        run = self.active = self.api.Run(
            repo=str(self.folder), experiment="bench", system_tracking_interval=None,
            capture_terminal_logs=False, log_system_params=False,
        )  # fmt: skip
        run.name = name
        run["hparams"] = dict(params)
        track = run.track
        self.log = lambda key, value, step: track(value, name=key, step=step)

    def end(self) -> None:
        self.active.close()

    def read(self) -> dict[str, dict[str, Any]]:
        # not through Run.metrics(): that needs an index which only Aim's web server builds
        repo = self.api.Repo.from_path(str(self.folder))
        found = {}
        for key in repo.list_all_runs():
            meta = repo.request_tree("meta", key, read_only=True).subtree(("meta", "chunks", key)).collect()
            points = repo.request_tree("seqs", key, read_only=True).subtree(("seqs", "v2", "chunks", key))
            traces = [(context, name) for context in meta.get("traces", {}) for name in meta["traces"][context]]
            found[repo.request_props(key, read_only=True).name or key] = {
                "points": sum(len(list(points.subtree(trace).array("val").values())) for trace in traces),
                "status": "running" if meta.get("end_time") is None else "finished",
                "newest": next((meta["traces"][context][name]["last"] for context, name in traces), None),
            }
        return found


class Wandb(Tracker):
    package = "wandb"

    def load(self) -> None:
        import wandb

        self.api = wandb

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        run = self.active = self.api.init(
            project="bench", name=name, dir=str(self.folder), mode="offline", config=dict(params)
        )
        self.log = lambda key, value, step: run.log({key: value}, step=step)

    def end(self) -> None:
        self.active.finish()

    def read(self) -> dict[str, dict[str, Any]]:
        # W&B has no reader for its offline files: their records, in LevelDB's log format, are counted here
        from wandb.proto.wandb_internal_pb2 import Record

        found = {}
        for file in self.folder.glob("wandb/offline-run-*/*.wandb"):
            name, run = file.stem, {"points": 0, "status": "no end recorded", "newest": None}
            for data in _leveldb_records(file.read_bytes()):
                record = Record.FromString(data)
                kind = record.WhichOneof("record_type")
                if kind == "run":
                    name = record.run.display_name or name
                elif kind == "history":
                    run["points"] += 1
                elif kind == "exit":
                    run["status"] = "finished"
            found[name] = run
        return found


def _leveldb_records(data: bytes) -> Iterator[bytes]:
    position, parts = 7, []
    while position + 7 <= len(data):
        room = 32768 - position % 32768
        if room < 7:
            position += room
            continue
        _, size, kind = struct.unpack_from("<IHB", data, position)
        if kind == 0 or position + 7 + size > len(data):
            return
        parts.append(data[position + 7 : position + 7 + size])
        position += 7 + size
        if kind in (1, 4):
            yield b"".join(parts)
            parts = []


class Trackio(Tracker):
    package = "trackio"

    def load(self) -> None:
        os.environ["TRACKIO_DIR"] = str(self.folder / "trackio")
        import trackio

        self.api = trackio

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        run = self.api.init(
            project="bench", name=name, config=dict(params), embed=False, auto_log_cpu=False, auto_log_gpu=False
        )
        self.log = lambda key, value, step: run.log({key: value}, step=step)

    def end(self) -> None:
        self.api.finish()

    def read(self) -> dict[str, dict[str, Any]]:
        import sqlite3

        file = self.folder / "trackio" / "bench.db"
        if not file.exists():
            return {}
        with sqlite3.connect(file, timeout=30) as connection:
            newest = "select metrics from metrics where run_id = c.run_id order by step desc limit 1"
            rows = connection.execute(
                f"select run_name, (select count(*) from metrics where run_id = c.run_id), ({newest}) from configs c"
            ).fetchall()
        return {
            name: {
                "points": points,
                "status": "not recorded",
                "newest": next((v for v in json.loads(last or "{}").values() if isinstance(v, float)), None),
            }
            for name, points, last in rows
        }


class TensorBoardX(Tracker):
    package = "tensorboardX"

    def load(self) -> None:
        import tensorboardX

        self.api = tensorboardX

    def start(self, name: str, params: Mapping[str, Any]) -> None:
        writer = self.active = self.api.SummaryWriter(str(self.folder / "events" / name))
        for key, value in params.items():
            writer.add_text(key, str(value))
        self.log = writer.add_scalar

    def end(self) -> None:
        self.active.close()

    def read(self) -> dict[str, dict[str, Any]]:
        from tensorboardX.proto.event_pb2 import Event

        found = {}
        for file in self.folder.glob("events/*/*tfevents*"):
            data, position, points = file.read_bytes(), 0, 0
            while position + 16 <= len(data):
                size = struct.unpack_from("<Q", data, position)[0]
                if position + 16 + size > len(data):
                    break
                event = Event.FromString(data[position + 12 : position + 12 + size])
                points += sum(value.HasField("simple_value") for value in event.summary.value)
                position += 16 + size
            found[file.parent.name] = {"points": points, "status": "not recorded", "newest": None}
        return found


class Sacred(Tracker):
    package = "sacred"

    def load(self) -> None:
        import sacred
        import sacred.observers

        sacred.SETTINGS.CAPTURE_MODE = "no"
        logging.disable(logging.INFO)
        self.api = sacred

    def run(self, name: str, params: Mapping[str, Any], body: Body) -> None:
        experiment = self.api.Experiment(name, save_git_info=False)
        experiment.observers.append(self.api.observers.FileStorageObserver(self.folder / "sacred"))
        experiment.add_config(dict(params))
        experiment.main(lambda: body(experiment.log_scalar))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            experiment.run()

    def read(self) -> dict[str, dict[str, Any]]:
        found = {}
        for file in self.folder.glob("sacred/[0-9]*/run.json"):
            record = json.loads(file.read_text())
            metrics = file.with_name("metrics.json")
            stored = json.loads(metrics.read_text()) if metrics.exists() else {}
            found[record["experiment"]["name"]] = {
                "points": sum(len(series["values"]) for series in stored.values()),
                "status": record["status"].lower(),
                "newest": None,
            }
        return found


TRACKERS: dict[str, type[Tracker]] = {
    "nbtrack": Nbtrack,
    "MLflow sqlite": MlflowSqlite,
    "MLflow file": MlflowFile,
    "Aim": Aim,
    "W&B offline": Wandb,
    "trackio": Trackio,
    "TensorBoardX": TensorBoardX,
    "Sacred": Sacred,
}
