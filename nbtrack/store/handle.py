"""A recorded run as user code holds it: what the store knows, read once, and the points on demand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError
from nbtrack.records import Artifact, CellExecution, Hazard, Provenance, RunData, RunInfo, RunRecord
from nbtrack.report import report
from nbtrack.store.replayable import Replayable
from nbtrack.verification import Verdict, Verification

if TYPE_CHECKING:
    import pandas as pd

    from nbtrack.store.store import Store


class Run(Replayable):
    """A recorded run.

    Made by :func:`nbtrack.get_run`, :func:`nbtrack.search_runs` and :func:`nbtrack.last_active_run`.

    Attributes
    ----------
    record : RunRecord
        Everything the store knew when the run was read.

    Examples
    --------
    >>> import nbtrack
    >>> run = nbtrack.get_run("3f2a")  # doctest: +SKIP
    >>> run.data.metrics["accuracy"]  # doctest: +SKIP
    0.9722
    """

    def __init__(self, record: RunRecord, store: Store, *, whole: bool = True, own: bool = False) -> None:
        self.record = record
        self._store = store
        self._is_whole = whole
        # As this process recorded it: whether somebody has replayed it since, the store knows.
        self._is_own = own

    @property
    def store(self) -> Store:
        """The store that the run is in."""
        return self._store

    @property
    def info(self) -> RunInfo:
        """Identity, status and times."""
        return self.record.info

    @property
    def data(self) -> RunData:
        """Params (as texts, like MLflow), last metrics and tags."""
        return self.record.data

    @property
    def params(self) -> dict[str, Any]:
        """Params with their types."""
        return dict(self.record.typed_params)

    @property
    def metrics(self) -> dict[str, float]:
        """Last value of each metric."""
        return dict(self.record.data.metrics)

    @property
    def tags(self) -> dict[str, str]:
        """Tags."""
        return dict(self.record.data.tags)

    @property
    def note(self) -> str:
        """The run's note."""
        return self.record.note

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The run's files."""
        return self.record.artifacts

    @property
    def provenance(self) -> Provenance:
        """What the run's numbers depend on."""
        return self._whole().provenance

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Reasons why the run's numbers may not come back, worst first."""
        return self.record.provenance.hazards

    @property
    def verdict(self) -> Verdict | None:
        """What the latest replay of the run came to; None until it was replayed."""
        if self._is_own:
            self._read()
        return self.record.verdict

    @property
    def verifications(self) -> tuple[Verification, ...]:
        """Replays of the run and what came of them, oldest first."""
        return self._known().verifications

    def verify(self, **options: Any) -> Verification:
        """Replay the run and record the verdict; see :meth:`Replayable.verify`, as :func:`nbtrack.verify` does it."""
        found = super().verify(**options)
        self._read()
        return found

    def slice(self) -> tuple[CellExecution, ...]:
        """Return the least cell executions that the run depends on.

        Returns
        -------
        tuple of CellExecution
            In order, the run itself last; empty where they are not known.

        Examples
        --------
        >>> [execution.execution_count for execution in run.slice()]  # doctest: +SKIP
        [1, 3, 7]
        """
        return self.provenance.slice

    def report(self) -> dict[str, Any]:
        """Return everything about the run as one mapping that JSON can hold.

        Returns
        -------
        dict
            As :func:`nbtrack.report.report` describes it.

        Examples
        --------
        >>> run.report()["hazards"]  # doctest: +SKIP
        []
        """
        return report(self._known())

    def _whole(self) -> RunRecord:
        if not self._is_whole:
            # Of a list of runs, that has no slices: read now, and once.
            self._read()
        return self.record

    def _known(self) -> RunRecord:
        """Return all that the store knows."""
        if self._is_own:
            self._read()
        return self._whole()

    def _read(self) -> None:
        self.record = self._store.run(self.info.run_id)
        self._is_whole, self._is_own = True, False

    def history(self, key: str | None = None) -> pd.DataFrame:
        """Return the logged points.

        Parameters
        ----------
        key : str, optional
            One metric; default all.

        Returns
        -------
        pandas.DataFrame
            Columns key, step, timestamp, value, in order of step.

        Examples
        --------
        >>> run.history("loss")["value"].min()  # doctest: +SKIP
        0.031
        """
        return self._store.history(self.info.run_id, key)

    def artifact_file(self, path: str) -> Path:
        """Return the file that holds an artifact's content.

        Parameters
        ----------
        path : str
            The artifact's path within the run.

        Returns
        -------
        Path
            Read it, do not change it: its name is the hash of its content.

        Raises
        ------
        InputError
            The run has no such artifact.
        """
        for artifact in self.record.artifacts:
            if artifact.path == path:
                return self._store.artifact_file(artifact.digest)
        known = ", ".join(artifact.path for artifact in self.record.artifacts) or "none"
        raise InputError(f"run {self.info.run_name!r} has no artifact {path!r}; it has: {known}.")

    def __repr__(self) -> str:
        info = self.info
        return f"<Run {info.run_name!r} {info.status} {info.run_id[:8]} in {info.experiment_name!r}>"
