"""What a run under way knows of itself, without asking the store."""

from __future__ import annotations

import getpass
import os
import threading
import time
import uuid
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from nbtrack.capture import values
from nbtrack.capture.names import new_run_name
from nbtrack.capture.seeds import check_seed
from nbtrack.errors import RunEndedError
from nbtrack.records import (
    Artifact,
    CellExecution,
    Hazard,
    Input,
    Param,
    Provenance,
    RunData,
    RunError,
    RunInfo,
    RunRecord,
    Source,
    Status,
    experiment_id,
)
from nbtrack.report import report
from nbtrack.store.replayable import Replayable
from nbtrack.verification import Verdict, Verification

if TYPE_CHECKING:
    import pandas as pd

    from nbtrack.store.store import Store


class RunState(Replayable):
    """Identity, status and values of a run of this process; :class:`~nbtrack.capture.run.ActiveRun` adds to them."""

    def __init__(
        self,
        store: Store,
        *,
        experiment: str,
        name: str | None = None,
        run_id: str | None = None,
        parent: str | None = None,
        seed: int | None = None,
        source: Source | None = None,
    ) -> None:
        self.store = store
        self.run_id = run_id or uuid.uuid4().hex
        self.run_name = name or new_run_name()
        self.experiment = experiment
        self.parent_run_id = parent
        self.seed = None if seed is None else check_seed(seed)
        self.source = source or Source(kind="block")
        self.note = ""
        self.user = _user()
        self.process_id = os.getpid()
        self.start_us = time.time_ns() // 1000
        self.end_us: int | None = None
        self.status: Status = "running"
        self.error: RunError | None = None
        self.warnings: list[str] = []
        # Set by whoever watches the cells, when the run ends.
        self.provenance = Provenance()
        self.ended = False
        self.points_logged = 0
        # The hashes of the generators' states at the start, by stream.
        self.generators: dict[str, str] = {}
        self._params: dict[str, Param] = {}
        # Per metric the point with the greatest step: (step, value), what the store calls its last value.
        self._last: dict[str, tuple[int, float]] = {}
        self._tags: dict[str, str] = {}
        self._artifacts: dict[str, Artifact] = {}
        self._inputs: list[Input] = []
        self._lock = threading.Lock()
        # Of a run that is gone on with: how many params it had, and when it had ended.
        self._before: tuple[int, int | None] | None = None

    @property
    def info(self) -> RunInfo:
        """Identity, status and times, as of now."""
        return RunInfo(
            run_id=self.run_id,
            run_name=self.run_name,
            experiment_id=experiment_id(self.experiment),
            experiment_name=self.experiment,
            status=self.status,
            start_time=self.start_us // 1000,
            end_time=None if self.end_us is None else self.end_us // 1000,
            artifact_uri=self.store.artifacts_uri(self.run_id),
            user_id=self.user,
            parent_run_id=self.parent_run_id,
            seed=self.seed,
            source=self.source,
            error=self.error,
        )

    @property
    def data(self) -> RunData:
        """Params, last metrics and tags, as of now."""
        return RunData(
            params={key: param.text for key, param in list(self._params.items())},
            metrics={key: value for key, (_, value) in list(self._last.items())},
            tags=dict(self._tags),
        )

    def record(self) -> RunRecord:
        """Return the run as the store will have it once merged.

        Returns
        -------
        RunRecord
        """
        return RunRecord(
            info=self.info,
            data=self.data,
            typed_params=self.typed_params,
            note=self.note,
            warnings=tuple(self.warnings),
            artifacts=tuple(self._artifacts.values()),
            provenance=self.provenance,
            inputs=tuple(self._inputs),
        )

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Reasons why the run's numbers may not come back, worst first; known when it has ended."""
        return self.provenance.hazards

    def record_provenance(self, session: str, provenance: Provenance) -> None:
        """Record what the run depends on; a later record replaces an earlier one.

        Parameters
        ----------
        session : str
            Id of the kernel's session, whose executions the slice holds.
        provenance : Provenance
        """
        self.provenance = provenance
        self._event(
            "provenance",
            hazards=[asdict(hazard) for hazard in provenance.hazards],
            unknown=dict(provenance.unknown),
            slice={"session": session, "sequences": [member.sequence for member in provenance.slice]},
        )

    def slice(self) -> tuple[CellExecution, ...]:
        """Return the least cell executions that the run depends on.

        Returns
        -------
        tuple of CellExecution
            In order, the run itself last; empty while the run is running, and where they are not known.
        """
        return self.provenance.slice

    def report(self) -> dict[str, Any]:
        """Return everything about the run as one mapping that JSON can hold.

        Returns
        -------
        dict
            As :func:`nbtrack.report.report` describes it.
        """
        record = self.record()
        if self.ended:
            stored = self.store.run(self.run_id)
            record = replace(record, verdict=stored.verdict, verifications=stored.verifications)
        return report(record)

    @property
    def verdict(self) -> Verdict | None:
        """What the latest replay of the run came to, as the store has it; None until it was replayed."""
        return self.store.run(self.run_id).verdict

    @property
    def verifications(self) -> tuple[Verification, ...]:
        """Replays of the run and what came of them, oldest first, as the store has them."""
        return self.store.run(self.run_id).verifications

    def history(self, key: str | None = None) -> pd.DataFrame:
        """Return the logged points as the store has them.

        Parameters
        ----------
        key : str, optional
            One metric; default all.

        Returns
        -------
        pandas.DataFrame
            Columns key, step, timestamp, value.
        """
        return self.store.history(self.run_id, key)

    def has_param(self, key: str) -> bool:
        """Tell whether a param of this name was logged.

        Parameters
        ----------
        key : str

        Returns
        -------
        bool
        """
        return key in self._params

    def has_metric(self, key: str) -> bool:
        """Tell whether a metric of this name was logged.

        Parameters
        ----------
        key : str

        Returns
        -------
        bool
        """
        return key in self._last

    @property
    def typed_params(self) -> dict[str, Any]:
        """Params with their types kept, as of now."""
        return {key: param.value for key, param in list(self._params.items())}

    def newest_points(self) -> dict[str, tuple[int, float]]:
        """Return the point with the greatest step of each metric: its step and value.

        Returns
        -------
        dict of str to (int, float)
        """
        return dict(self._last)

    def __repr__(self) -> str:
        return f"<ActiveRun {self.run_name!r} {self.status} {self.run_id[:8]} in {self.experiment!r}>"

    def restore(self, record: RunRecord, last_steps: dict[str, int]) -> None:
        """Take over what the store knows of this run, so that it can be gone on with.

        Parameters
        ----------
        record : RunRecord
        last_steps : dict of str to int
            Greatest step of each metric.
        """
        self.start_us = record.info.start_time * 1000
        ended = record.info.end_time
        self._before = len(record.typed_params), None if ended is None else ended * 1000
        self.note = record.note
        self.warnings = list(record.warnings)
        self._params = {key: values.as_param(value) for key, value in record.typed_params.items()}
        self._last = {key: (last_steps.get(key, 0), value) for key, value in record.data.metrics.items()}
        self._tags = dict(record.data.tags)
        self._artifacts = {artifact.path: artifact for artifact in record.artifacts}
        self._inputs = list(record.inputs)
        self.provenance = record.provenance

    @property
    def gone_on(self) -> bool:
        """Whether this is a recorded run that was opened again."""
        return self._before is not None

    @property
    def only_kept(self) -> bool:
        """Whether it was opened again for files and words alone: its numbers are those that it had."""
        return self._before is not None and not self.points_logged and len(self._params) == self._before[0]

    def _event(self, kind: str, **fields: Any) -> None:
        self.store.append_event({"t": kind, "run": self.run_id, **fields})

    def _check_open(self) -> None:
        if self.ended:
            raise RunEndedError(
                f"run {self.run_name!r} has {self.status} and takes no more values. To go on with it: "
                f"nbtrack.start_run(run_id={self.run_id!r})."
            )


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""
