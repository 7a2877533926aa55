"""What the widgets are given to show: runs, and what they are seen against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nbtrack.records import MetricRange, RunRecord


class Gpu(NamedTuple):
    """What a graphics card does, for all the processes that use it.

    Attributes
    ----------
    number : int
    percent : float or None
        How much of the time it works.
    memory_bytes, total_bytes : int or None
        Memory in use, and all there is.
    """

    number: int
    percent: float | None = None
    memory_bytes: int | None = None
    total_bytes: int | None = None


class Usage(NamedTuple):
    """What this process uses while a run runs; None is what cannot be told here.

    Attributes
    ----------
    cpu_percent : float or None
        Of one core, lately.
    cpu_s : float or None
        CPU time of this process since the run began.
    memory_bytes, peak_bytes : int or None
        Memory that it has now, and the most that it had since the run began.
    children : int
        Processes that it has started and that are still there.
    children_percent : float or None
        Of one core, lately, all of them together.
    gpus : tuple of Gpu
    """

    cpu_percent: float | None = None
    cpu_s: float | None = None
    memory_bytes: int | None = None
    peak_bytes: int | None = None
    children: int = 0
    children_percent: float | None = None
    gpus: tuple[Gpu, ...] = ()


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
    usage : Usage or None
        What the kernel used, where the run was long enough to look.
    """

    run: RunRecord
    ranges: Mapping[str, MetricRange] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    usage: Usage | None = None


class LiveMetric(NamedTuple):
    """A metric of a running cell.

    Attributes
    ----------
    value : float
        The newest one.
    trend : tuple of float
        What it was until now, in stretches of equal length; finite values only.
    best : float or None
        The best so far, where the metric's name tells which way is better.
    """

    value: float
    trend: tuple[float, ...] = ()
    best: float | None = None


@dataclass(frozen=True, slots=True)
class LiveView:
    """A running cell as the live panel shows it.

    Attributes
    ----------
    run_name : str
    elapsed_s : float
    step : int or None
        Newest step logged.
    rate_per_s : float or None
        Steps or iterations a second.
    done, total : int or None
        Iterations of :func:`nbtrack.progress`, where one is running, or epochs where their number is known.
    remaining_s : float or None
        Seconds left, where the total is known.
    metrics : dict of str to LiveMetric
        In the order in which they are worth a look.
    child : str
        The run inside of this one whose step and metrics these are; empty: its own.
    children : int
        How many runs have begun inside of it.
    usage : Usage or None
    seen_s : float or None
        When this was so, in seconds since the epoch.
    """

    run_name: str
    elapsed_s: float
    step: int | None = None
    rate_per_s: float | None = None
    done: int | None = None
    total: int | None = None
    remaining_s: float | None = None
    metrics: Mapping[str, LiveMetric] = field(default_factory=dict)
    child: str = ""
    children: int = 0
    usage: Usage | None = None
    seen_s: float | None = None


class ReplayView(NamedTuple):
    """A replay under way, as its line shows it.

    Attributes
    ----------
    run_name : str
    step, steps : int
        Which cell runs, from 1, and of how many; 0 while the kernel starts.
    execution_count : int or None
        ``In[n]`` of the cell when it was recorded.
    elapsed_s : float
    memory_bytes : int or None
        What the kernel uses.
    replay : int
        A verdict may take several, one after the other.
    """

    run_name: str
    step: int = 0
    steps: int = 0
    execution_count: int | None = None
    elapsed_s: float = 0.0
    memory_bytes: int | None = None
    replay: int = 1
