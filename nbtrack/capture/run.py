"""The run that user code holds while it runs: every value goes to the store's journal at once."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from nbtrack.capture import active, generators, values
from nbtrack.capture.artifact_log import ArtifactLogging
from nbtrack.capture.failure import describe_error
from nbtrack.capture.seeds import check_seed, seed_everything
from nbtrack.capture.sources import record_source
from nbtrack.capture.surroundings import surroundings
from nbtrack.errors import InputError, NbtrackError, ParamError
from nbtrack.records import RunRecord, Status

if TYPE_CHECKING:
    import pandas as pd

    from nbtrack.store.store import Store

_ENDINGS: dict[str, Status] = {
    "finished": "finished",
    "failed": "failed",
    "interrupted": "interrupted",
    "killed": "interrupted",
}


class ActiveRun(ArtifactLogging):
    """A run that is being recorded; a context manager that ends it.

    Made by :func:`nbtrack.start_run`, ``%%track`` and ``@track``, not by hand.

    Attributes
    ----------
    run_id : str
        32 hexadecimal digits.
    ended : bool
        True once the run has ended.
    info : RunInfo
    data : RunData

    Examples
    --------
    >>> import nbtrack
    >>> with nbtrack.start_run(run_name="baseline") as run:  # doctest: +SKIP
    ...     run.log_param("C", 0.1)
    ...     run.log_metric("accuracy", 0.97)
    """

    def __init__(self, store: Store, **identity: Any) -> None:
        super().__init__(store, **identity)
        # Bookkeeping of :mod:`nbtrack.capture.active`.
        self.outer: ActiveRun | None = None
        self.scoped = False
        self._append_point = store.append_point

    # --- life ---------------------------------------------------------------------------------------------------

    def begin(self) -> Self:
        """Seed, where the run has a seed, and record the start of the run and what it starts from.

        Returns
        -------
        ActiveRun
        """
        if self.seed is not None:
            # Before the run exists: an interrupt while NumPy is imported leaves none behind.
            seed_everything(self.seed)
        digest = record_source(self.store, self.source.code)
        self.store.append_event(
            {
                "t": "run",
                "run": self.run_id,
                "experiment": self.experiment,
                "name": self.run_name,
                "start": self.start_us,
                "parent": self.parent_run_id,
                "seed": self.seed,
                "user": self.user,
                "source": {
                    "kind": self.source.kind,
                    "name": self.source.name,
                    "cell_id": self.source.cell_id,
                    "execution_count": self.source.execution_count,
                    "code": digest,
                },
            }
        )
        try:
            self.generators = generators.record(self)
            surroundings.attach(self)
        except Exception as error:  # noqa: BLE001 - no defect in what is only told beside it may keep a run from starting
            self._fail_beside("record what the run starts from", error)
        return self

    def _fail_beside(self, doing: str, error: Exception) -> None:
        text = f"nbtrack could not {doing} ({type(error).__name__}: {error})."
        with contextlib.suppress(NbtrackError):
            self._event("problem", text=text, detail="".join(traceback.format_exception(error)))

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        """End the run; a second call does nothing.

        Parameters
        ----------
        status : str
            ``finished``, ``failed`` or ``interrupted``; MLflow's FINISHED, FAILED and KILLED are understood.
        error : BaseException, optional
            What ended it; decides the status.

        Raises
        ------
        InputError
            The status is none of these.
        """
        ending = _ENDINGS.get(str(status).lower())
        if ending is None:
            raise InputError(f"status is {status!r}; accepted: finished, failed, interrupted (or MLflow's KILLED).")
        with self._lock:
            if self.ended:
                return
            self.ended = True
        if error is not None:
            ending = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            self.error = describe_error(error)
        self.status = ending
        ended_us = self._before[1] if self._before is not None and self.only_kept else None
        self.end_us = ended_us or max(time.time_ns() // 1000, self.start_us)
        described = self.error and {
            "type": self.error.type,
            "message": self.error.message,
            "traceback": self.error.traceback,
        }
        self._event("end", status=ending, end=self.end_us, error=described)
        active.leave(self)
        try:
            surroundings.settle(self)
        except Exception as problem:  # noqa: BLE001 - the run has ended, and its outcome is told
            self._fail_beside("look at the environment again", problem)

    def __enter__(self) -> Self:
        self.scoped = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self.end(error=error)
        return False

    # --- values -------------------------------------------------------------------------------------------------

    def log_param(self, key: str, value: Any) -> Any:
        """Record an input value.

        Parameters
        ----------
        key : str
        value : object
            Numbers, strings, booleans, None, paths, enums, lists and mappings keep their type; anything else is
            stored as its ``str()``.

        Returns
        -------
        object
            The value, as in MLflow.

        Raises
        ------
        ParamError
            The key is not accepted, or the param already has another value.
        """
        self.log_params({key: value})
        return value

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record several input values at once: all of them or, when one is not accepted, none.

        Parameters
        ----------
        params : mapping of str to object

        Raises
        ------
        ParamError
            As for :meth:`log_param`.
        """
        self._check_open()
        checked = {values.check_key("param", key): values.param_value(key, value) for key, value in params.items()}
        with self._lock:
            new = {}
            for key, param in checked.items():
                known = self._params.get(key)
                if known is None:
                    new[key] = param
                elif known.text != param.text:
                    raise ParamError(
                        f"param {key!r} of run {self.run_name!r} is already {known.text!r} and cannot become "
                        f"{param.text!r}: a param has one value in a run. Log it under another name, or start a new "
                        "run."
                    )
            if new:
                self._event("params", v={key: [param.text, param.type] for key, param in new.items()})
                self._params.update(new)

    def log_metric(self, key: str, value: float, step: int | None = None, timestamp: int | None = None) -> None:
        """Record one point of a metric.

        Parameters
        ----------
        key : str
        value : float
            A real number; NumPy scalars and 0-d arrays and tensors are numbers, NaN and infinities too.
        step : int, optional
            Position in the series; default one more than the greatest so far, from 0.
        timestamp : int, optional
            Milliseconds since the epoch; default now.

        Raises
        ------
        MetricError
            The key or the value is not accepted.
        RunEndedError
            The run has ended.
        """
        if type(value) is not float:
            value = values.metric_value(key, value)
        last = self._last.get(key)
        if last is None:
            values.check_key("metric", key)
            last = (-1, value)
        if step is None:
            step = last[0] + 1
        elif type(step) is not int:
            step = values.step_value(step)
        if self.ended:
            self._check_open()
        ts_us = time.time_ns() // 1000 if timestamp is None else int(timestamp * 1000)
        self._append_point(self.run_id, key, step, ts_us, value)
        if step >= last[0]:
            self._last[key] = (step, value)
        self.points_logged += 1

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None, timestamp: int | None = None) -> None:
        """Record one point of several metrics: all of them or, when one is not accepted, none.

        Parameters
        ----------
        metrics : mapping of str to float
        step, timestamp : int, optional
            As for :meth:`log_metric`.

        Raises
        ------
        MetricError
            As for :meth:`log_metric`.
        """
        self._check_open()
        checked = {values.check_key("metric", key): values.metric_value(key, value) for key, value in metrics.items()}
        for key, value in checked.items():
            self.log_metric(key, value, step, timestamp)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set words on the run; a later value replaces an earlier one.

        Parameters
        ----------
        tags : mapping of str to object
            Values are stored as their ``str()``.
        """
        checked = {values.check_key("tag", key): values.tag_value(key, value) for key, value in tags.items()}
        self._event("tags", v=checked)
        self._tags.update(checked)

    def set_tag(self, key: str, value: Any) -> None:
        """Set one word on the run, as :meth:`set_tags` does several.

        Parameters
        ----------
        key : str
        value : object
            Stored as its ``str()``.
        """
        self.set_tags({key: value})

    def delete_tag(self, key: str) -> None:
        """Take a tag away.

        Parameters
        ----------
        key : str

        Raises
        ------
        InputError
            The run has no such tag.
        """
        if key not in self._tags:
            known = ", ".join(sorted(self._tags)) or "none"
            raise InputError(f"run {self.run_name!r} has no tag {key!r}; its tags: {known}.")
        del self._tags[key]
        self._event("tags", v={key: None})

    def set_note(self, text: str) -> None:
        """Replace the run's note.

        Parameters
        ----------
        text : str
        """
        self.note = str(text)
        self._event("note", text=self.note)

    def set_seed(self, seed: int) -> None:
        """Record the seed that the run's generators were given.

        Parameters
        ----------
        seed : int
        """
        self.seed = check_seed(seed)
        self._event("seed", seed=self.seed)

    def warn(self, text: str) -> None:
        """Add a sentence that the run card and every reader of the run shows.

        Parameters
        ----------
        text : str
        """
        self.warnings.append(text)
        self._event("warning", text=text)


def existing_run(store: Store, record: RunRecord) -> ActiveRun:
    """Open a recorded run again, so that it takes more values.

    Parameters
    ----------
    store : Store
    record : RunRecord
        The run as the store has it.

    Returns
    -------
    ActiveRun
        Running, with the recorded params, metrics and tags.
    """
    info = record.info
    run = ActiveRun(
        store,
        experiment=info.experiment_name,
        name=info.run_name,
        run_id=info.run_id,
        parent=info.parent_run_id,
        seed=info.seed,
        source=info.source,
    )
    run.restore(record, _last_steps(store.history(info.run_id)))
    store.append_event({"t": "resume", "run": info.run_id})
    return run


def _last_steps(history: pd.DataFrame) -> dict[str, int]:
    return {str(key): int(step) for key, step in history.groupby("key")["step"].max().items()}
