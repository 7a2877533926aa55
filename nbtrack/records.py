"""The facts that layers exchange: frozen dataclasses without behaviour beyond reading themselves."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["running", "finished", "failed", "interrupted", "crashed"]
Lifecycle: TypeAlias = Literal["active", "deleted"]
ParamType: TypeAlias = Literal["str", "int", "float", "bool", "none", "json"]
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


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the store has it."""

    info: RunInfo
    data: RunData
    typed_params: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    warnings: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


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


@dataclass(frozen=True, slots=True)
class CardView:
    """What the run card shows.

    Attributes
    ----------
    run : RunRecord
        The run just ended (or still running).
    ranges : dict of str to MetricRange
        Metrics of the experiment's earlier finished runs; empty for its first run.
    notices : tuple of str
        Plain sentences of nbtrack's own, as "the disk is full: values are kept in memory".
    """

    run: RunRecord
    ranges: Mapping[str, MetricRange] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveView:
    """A running cell as the live line shows it.

    Attributes
    ----------
    run_name : str
    elapsed_s : float
    step : int or None
        Newest step logged.
    rate_per_s : float or None
        Steps or iterations a second.
    done, total : int or None
        Iterations of :func:`nbtrack.progress`, where one is running.
    metrics : dict of str to float
        Newest values.
    """

    run_name: str
    elapsed_s: float
    step: int | None = None
    rate_per_s: float | None = None
    done: int | None = None
    total: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the present rate, where the total is known."""
        if self.total is None or self.done is None or not self.rate_per_s:
            return None
        return max(self.total - self.done, 0) / self.rate_per_s


_LOWER_WORDS = frozenset(
    "loss error err rmse mse mae mape msle rmsle perplexity ppl wer cer brier deviance nll logloss crossentropy "
    "cost regret fpr fnr time latency seconds duration eer fid kl divergence residual misfit".split()
)
_HIGHER_WORDS = frozenset(
    "accuracy acc score f1 auc auroc auprc roc precision recall r2 map ndcg mrr iou dice bleu rouge meteor psnr "
    "ssim kappa mcc gini sensitivity specificity tpr tnr reward return throughput likelihood explained hit "
    "silhouette".split()
)


def better_direction(key: str) -> Literal["lower", "higher"] | None:
    """Tell whether a lower or a higher value of a metric is better, by the words of its name.

    Parameters
    ----------
    key : str
        The metric's name, as ``val_loss`` or ``test.f1-score``.

    Returns
    -------
    str or None
        ``lower``, ``higher``, or None where the name does not say.

    Examples
    --------
    >>> better_direction("val_rmse"), better_direction("test.accuracy"), better_direction("n_leaves")
    ('lower', 'higher', None)
    """
    text = "".join(char if char.isalnum() else " " for char in key).lower()
    if text.startswith("neg ") or " neg " in text:
        return "higher"
    if any(phrase in text for phrase in ("log loss", "cross entropy")):
        return "lower"
    for word in reversed(text.split()):
        if word in _LOWER_WORDS:
            return "lower"
        if word in _HIGHER_WORDS:
            return "higher"
    return None


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
