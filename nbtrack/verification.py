"""What came of replaying a run: frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["reproduced", "within_tolerance", "diverged", "could_not_run"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "within_tolerance", "diverged", "could_not_run")
"""What a verification may come to, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCheck:
    """What became of one metric in a replay.

    Attributes
    ----------
    key : str
    recorded : float
    replayed : float or None
        None where the replay did not give it.
    outcome : str
        ``exact``: the same bits; ``close``: within the tolerance; ``different``; ``missing``; ``timer``: it measures
        time, and nobody expects it to come back.
    """

    key: str
    recorded: float
    replayed: float | None
    outcome: Literal["exact", "close", "different", "missing", "timer"]

    @property
    def difference(self) -> float | None:
        """What was replayed less what was recorded; None where the replay did not give it."""
        return None if self.replayed is None else self.replayed - self.recorded

    @property
    def came_back(self) -> bool:
        """Whether it is what it was, at least within the tolerance; True of what measures time."""
        return self.outcome in ("exact", "close", "timer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a replay did not give the metrics, with what speaks for it.

    Attributes
    ----------
    label : str
        ``unseeded_rng``, ``data_changed``, ``package_changed``, ``module_changed``, the label of a hazard,
        ``nondeterministic``, ``volatile_input``, ``environment``, ``unknown``; of what could not run ``error``,
        ``missing_file``, ``missing_package``, ``timeout``, ``kernel_died``, ``cancelled``, ``unsafe_write``.
    sentence : str
    evidence : tuple of str
        What was seen, a sentence each.
    names : tuple of str
        Names, files, packages or generators that it is about.
    executions : tuple of int
        ``In[n]`` that it is about.
    """

    label: str
    sentence: str
    evidence: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    executions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A replay of a run's slice in a fresh kernel, and what came of it.

    Attributes
    ----------
    verification_id : str
        32 hexadecimal digits.
    run_id : str
    verdict : str
        ``reproduced``, ``within_tolerance``, ``diverged`` or ``could_not_run``.
    sentence : str
        The verdict in words.
    metrics : tuple of MetricCheck
    reasons : tuple of Reason
        Most likely first; empty where the metrics came back.
    notes : tuple of str
        What a reader should know beside: files of another place, writes that went to a scratch folder.
    start_us : int
        Microseconds since the epoch.
    duration_s : float
        Everything, kernel starts included.
    kernel_s, cells_s, recorded_s : float
        Of the first replay: until the kernel was ready, and the cells; and what the cells took when they were recorded.
    rtol : float
        Relative tolerance.
    replays : int
        How many times cells were replayed to come to the verdict.
    cells : int
        Executions in the slice.
    slice_corrected : bool
        The recorded slice was too small, and a wider one was found and recorded.
    memory_bytes : int or None
        The most that the kernel used.
    """

    verification_id: str
    run_id: str
    verdict: Verdict
    sentence: str
    metrics: tuple[MetricCheck, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    start_us: int = 0
    duration_s: float = 0.0
    kernel_s: float = 0.0
    cells_s: float = 0.0
    recorded_s: float = 0.0
    rtol: float = 1e-9
    replays: int = 0
    cells: int = 0
    slice_corrected: bool = False
    memory_bytes: int | None = None
