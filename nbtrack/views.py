"""What the widgets are given to show: runs, and what they are seen against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nbtrack.records import MetricRange, RunRecord


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


@dataclass(frozen=True, slots=True)
class ReplayView:
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
