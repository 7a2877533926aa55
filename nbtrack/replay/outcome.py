"""What a replay gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a replay stopped before its end.

    Attributes
    ----------
    kind : str
        ``error``, ``timeout``, ``kernel_died``, ``cancelled``, ``unsafe_write``, ``missing_file`` or
        ``missing_package``.
    message : str
        In one sentence.
    execution_count : int or None
        ``In[n]`` of the cell that it stopped in.
    error, detail : str
        The exception's type, and its traceback as text.
    """

    kind: Literal["error", "timeout", "kernel_died", "cancelled", "unsafe_write", "missing_file", "missing_package"]
    message: str
    execution_count: int | None = None
    error: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a replay gave.

    Attributes
    ----------
    metrics : dict of str to float
        Last value of each metric of the run.
    curves : dict of str to (list of int, list of float)
        Steps and values of each metric, where they were asked for.
    params : dict of str to str
    failure : Failure or None
    trail : tuple of dict of str to str
        Per step, the digests of what the names that it read stood for.
    facts : dict
        What the kernel ran in (``packages``, ``python``, …), as :mod:`nbtrack.provenance.environment` collects it.
    hazards : tuple of dict
        The hazards of the replayed run, as mappings.
    run_id : str or None
        The run that was recorded, where one was to be.
    kernel_s, cells_s : float
        Until the kernel was ready, and what the cells took.
    memory_bytes : int or None
        The most that the kernel used.
    notes : tuple of str
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    trail: tuple[Mapping[str, str], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    hazards: tuple[Mapping[str, Any], ...] = ()
    run_id: str | None = None
    kernel_s: float = 0.0
    cells_s: float = 0.0
    memory_bytes: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """Where the run of a replay is recorded as a run of its own.

    Attributes
    ----------
    store : str
        The store's folder.
    parent_run_id : str or None
    run_name : str or None
        Default: the recorded run's name.
    tags : dict of str to str
    note : str
    """

    store: str
    parent_run_id: str | None = None
    run_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a replay is.

    Attributes
    ----------
    step, steps : int
        Which step runs, from 1, and of how many; 0 while the kernel starts.
    execution_count : int or None
    elapsed_s : float
    memory_bytes : int or None
    """

    step: int
    steps: int
    execution_count: int | None = None
    elapsed_s: float = 0.0
    memory_bytes: int | None = None
