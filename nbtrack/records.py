"""The facts that layers exchange: frozen dataclasses without behaviour beyond reading themselves."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from nbtrack.verification import Verdict, Verification

Status: TypeAlias = Literal["running", "finished", "failed", "interrupted", "crashed"]
Lifecycle: TypeAlias = Literal["active", "deleted"]
ParamType: TypeAlias = Literal["str", "int", "float", "bool", "none", "json"]
Severity: TypeAlias = Literal["high", "medium"]
SimpleValue: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Param:
    """A param's text, as MLflow would show it, and the type to read it back as.

    ``json`` marks a list or mapping, whose text is JSON.
    """

    text: str
    type: ParamType

    @property
    def value(self) -> Any:
        """The value with its type."""
        read = _READERS.get(self.type)
        return self.text if read is None else read(self.text)


_READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: text == "True",
    "none": lambda _: None,
    "json": json.loads,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One point of a metric's series.

    Attributes
    ----------
    key : str
    value : float
        May be NaN or infinite.
    timestamp : int
        Milliseconds since the epoch, as in MLflow.
    step : int
    """

    key: str
    value: float
    timestamp: int
    step: int


@dataclass(frozen=True, slots=True)
class RunError:
    """The exception that ended a run: type name, message and the traceback as text."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a run's code came from.

    Attributes
    ----------
    kind : str
        ``cell``, ``function``, ``block`` (``with start_run()``).
    name : str or None
        Notebook or script path as known to the process.
    cell_id : str or None
        The front end's id of the cell.
    execution_count : int or None
        ``In[n]`` of the cell.
    code : str or None
        Source as executed.
    """

    kind: Literal["cell", "function", "block"]
    name: str | None = None
    cell_id: str | None = None
    execution_count: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Identity, status and times of a run; names as in ``mlflow.entities.RunInfo`` where the thing is the same.

    Attributes
    ----------
    run_id : str
        32 hexadecimal digits.
    run_name : str
    experiment_id, experiment_name : str
    status : str
        ``running``, ``finished``, ``failed``, ``interrupted`` or ``crashed``.
    start_time, end_time : int
        Milliseconds since the epoch; ``end_time`` is None while the run is running.
    lifecycle_stage : str
        ``active`` or ``deleted``.
    artifact_uri : str
        Folder-like address of the run's artifacts.
    user_id : str
    parent_run_id : str or None
    seed : int or None
    source : Source
    error : RunError or None
    """

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    status: Status
    start_time: int
    end_time: int | None = None
    lifecycle_stage: Lifecycle = "active"
    artifact_uri: str = ""
    user_id: str = ""
    parent_run_id: str | None = None
    seed: int | None = None
    source: Source = Source(kind="block")
    error: RunError | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end; None while the run is running."""
        return None if self.end_time is None else (self.end_time - self.start_time) / 1000


@dataclass(frozen=True, slots=True)
class RunData:
    """What was recorded on a run, as ``mlflow.entities.RunData``.

    Attributes
    ----------
    params : dict of str to str
        Texts, as in MLflow; :attr:`RunRecord.params` has them typed.
    metrics : dict of str to float
        Last value of each metric.
    tags : dict of str to str
    """

    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a run: path within the run, content hash (hex) and size."""

    path: str
    digest: str
    size_bytes: int
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Data that a run read, by what they looked like.

    Attributes
    ----------
    name : str
    digest : str or None
        Hash of the content.
    source : str or None
        A file's path, or what kind of object it was.
    schema, profile : str or None
        JSON.
    context : str or None
        What it was for; ``read`` for what a cell read by itself.
    """

    name: str
    digest: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None
    context: str | None = None


HAZARD_LABELS = (
    "stale_input",
    "edited_cell",
    "deleted_cell",
    "out_of_order",
    "skipped_cell",
    "reexecuted_non_idempotent",
    "partial_execution",
    "rng_state_carryover",
    "unseeded_rng",
    "volatile_input",
    "external_changed",
    "mutates_own_input",
)
"""The labels of hazards that there are, worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A reason why a run's numbers may not come back.

    Attributes
    ----------
    label : str
        ``stale_input``, ``edited_cell``, ``deleted_cell``, ``out_of_order``, ``skipped_cell``,
        ``reexecuted_non_idempotent``, ``partial_execution``, ``rng_state_carryover``, ``unseeded_rng``,
        ``volatile_input``, ``external_changed`` or ``mutates_own_input``.
    severity : str
        ``high``: the notebook as it stands does not give the numbers; ``medium``: running it again may not.
    names : tuple of str
        Names of the notebook, generators or files that are involved.
    executions : tuple of int
        ``In[n]`` of the executions that are involved, in order.
    sentence : str
        What happened, for the user.
    remedy : str
        What to do about it.
    """

    label: str
    severity: Severity
    names: tuple[str, ...]
    executions: tuple[int, ...]
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellExecution:
    """One run of one cell, tracked or not.

    Attributes
    ----------
    session : str
        The kernel, as long as nbtrack was loaded in it: 32 hexadecimal digits.
    sequence : int
        Position in the session, from 0.
    execution_count : int or None
        ``In[n]``; None for an execution that the front end did not count.
    cell_id : str or None
    source : str or None
        As executed, without the ``%%track`` line; None where code is not to be kept.
    start_us : int
        Microseconds since the epoch.
    duration_s : float
    outcome : str
        ``ok``, ``error`` or ``interrupted``.
    observed : bool
        False for what ran before nbtrack was loaded, as IPython's history has it.
    reads, binds, changes, deletes : tuple of str
        Names of the notebook.
    run_id : str or None
        The run that it was, if tracked.
    folder : str or None
        The working directory when it began.
    digests : dict of str to str
        Digests of what names that it read stood for, where every process finds the same for the same content.
    """

    session: str
    sequence: int
    execution_count: int | None
    cell_id: str | None
    source: str | None
    start_us: int
    duration_s: float = 0.0
    outcome: Literal["ok", "error", "interrupted"] = "ok"
    observed: bool = True
    reads: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    run_id: str | None = None
    folder: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the execution is called: ``In[3]``."""
        return cell_label(self.execution_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a run's numbers depend on.

    Attributes
    ----------
    hazards : tuple of Hazard
        Worst first.
    unknown : dict of str to str
        Labels of hazards that could not be decided, and why.
    slice : tuple of CellExecution
        The least executions that the run depends on, in order, itself last; empty where there was none to be known.
    generators : dict of str to str
        Streams (``random``, ``numpy``, ``torch``) and the digests of their states at the start of the run.
    environment : dict
        Python, platform, packages, git: as :mod:`nbtrack.provenance.environment` collects them; empty if unknown.
    """

    hazards: tuple[Hazard, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    slice: tuple[CellExecution, ...] = ()
    generators: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the store has it.

    ``verdict`` is that of the latest of its verifications, which are all there only where a single run was asked for.
    """

    info: RunInfo
    data: RunData
    typed_params: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    warnings: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    provenance: Provenance = Provenance()
    inputs: tuple[Input, ...] = ()
    verdict: Verdict | None = None
    verifications: tuple[Verification, ...] = ()


REPLICATE_TAG = "nbtrack.replicate_of"
"""On every replay under another seed, with the id of the run that it is of: such runs are no bar for others."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named group of runs, as ``mlflow.entities.Experiment``."""

    experiment_id: str
    name: str
    lifecycle_stage: Lifecycle = "active"
    artifact_location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricRange:
    """Extremes of a metric's last values over the finished runs of an experiment, and the latest run's value."""

    minimum: float
    maximum: float
    previous: float | None = None


def experiment_id(name: str) -> str:
    """Derive an experiment's id from its name, so that processes agree on it without asking the store.

    Parameters
    ----------
    name : str
        The experiment's name.

    Returns
    -------
    str
        Up to 15 decimal digits; ``0`` for the experiment ``Default``, as in MLflow.

    Examples
    --------
    >>> experiment_id("Default")
    '0'
    """
    if name == "Default":
        return "0"
    return str(int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:6], "big"))


def is_number(value: float | None) -> bool:
    """Tell whether a metric's value is there and finite."""
    return value is not None and math.isfinite(value)


def cell_label(execution_count: int | None) -> str:
    """Return what an execution of a cell is called: ``In[3]``."""
    return f"In[{'?' if execution_count is None else execution_count}]"
