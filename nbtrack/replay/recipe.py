"""What a replay executes: the executions of a slice as steps, with the seeds and states of the runs among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nbtrack.records import cell_label


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedStep:
    """What was recorded of the run that a step was.

    Attributes
    ----------
    name : str
    seed : int or None
        Of ``%%track --seed``.
    states : dict of str to str
        The states of the generators when the run began, by stream, as they were recorded: base64.
    metrics : tuple of str
        Names to record as metrics besides those that are found.
    """

    name: str
    seed: int | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One execution of a cell.

    Attributes
    ----------
    sequence : int
        Its position in the session that it was recorded in.
    execution_count : int or None
    source : str
        As typed, without the ``%%track`` line.
    folder : str or None
        The working directory when it began.
    raised : bool
        It raised then, and what follows ran all the same.
    interrupted : bool
        It was interrupted then.
    duration_s : float
    tracked : TrackedStep or None
        What it is as a run of a ``%%track`` cell.
    """

    sequence: int
    execution_count: int | None
    source: str
    folder: str | None = None
    raised: bool = False
    interrupted: bool = False
    duration_s: float = 0.0
    tracked: TrackedStep | None = None

    @property
    def label(self) -> str:
        """What the execution is called: ``In[3]``."""
        return cell_label(self.execution_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which run of the last step's is the one that is replayed.

    Attributes
    ----------
    kind : str
        ``cell``, ``function`` or ``block``.
    name : str
        The run's name; made up for blocks that were given none.
    position : int
        How many runs of the same kind the same execution had begun before it.
    """

    kind: str
    name: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a replay needs; plain values that can be sent to another process.

    Attributes
    ----------
    run_id, run_name, experiment : str
        Of the recorded run.
    steps : tuple of Step
        In order; the last one is or holds the run.
    target : Target
    folder : str
        Where the replay begins.
    variables : dict of str to str
        Environment variables that the kernel is started with.
    absent : tuple of str
        Files that the steps made themselves: a replay must not find them there.
    params : dict of str to str
        The run's params, as texts.
    notebook : str or None
        Path of the notebook that the cells are of.
    curves : bool
        The run has metrics of more than one point: all of them are to be compared.
    """

    run_id: str
    run_name: str
    experiment: str
    steps: tuple[Step, ...]
    target: Target
    folder: str
    variables: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    notebook: str | None = None
    curves: bool = False

    @property
    def recorded_s(self) -> float:
        """What the steps took when they were recorded."""
        return sum(step.duration_s for step in self.steps)
