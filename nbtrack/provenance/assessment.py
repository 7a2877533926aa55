"""What a tracked run's numbers depend on: its slice and its hazards, from what was recorded of the kernel."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from nbtrack.provenance import lasting
from nbtrack.provenance.causes import CauseFinder
from nbtrack.provenance.cleanrun import CleanRun
from nbtrack.provenance.digests import ValueDigest, digest_value
from nbtrack.provenance.display import Display, display_of
from nbtrack.provenance.history import Execution, History
from nbtrack.provenance.relevance import members, result_part
from nbtrack.provenance.sentences import hazards_of
from nbtrack.provenance.slices import slice_of
from nbtrack.records import HAZARD_LABELS, Hazard, Provenance

_FRAMES_PER_CELL, _MAX_FRAMES = 12, 100_000
_NO_DOCUMENT = "the notebook's document is not known to the kernel"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The slice of a run, its hazards, and what could not be decided and why."""

    slice: tuple[Execution, ...]
    hazards: tuple[Hazard, ...]
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an assessment needs to know beside the history.

    Attributes
    ----------
    namespace : mapping of str to object
        The notebook's names.
    document : sequence of (str or None, str), optional
        Ids and sources of the saved code cells.
    saved_ns : int
    python : callable
        Turns a cell as typed into Python.
    file_digest : callable
        Gives the digest of a file as it is now, None where it is gone.
    """

    namespace: Mapping[str, Any]
    document: Sequence[tuple[str | None, str]] | None
    saved_ns: int
    python: Callable[[str], str]
    file_digest: Callable[[str], str | None]


def assess(history: History, tracked: Execution, metrics: Iterable[str], around: Surroundings) -> Assessment:
    """Find out what a tracked execution depends on and what is wrong with it.

    Parameters
    ----------
    history : History
    tracked : Execution
        Just ended.
    metrics : iterable of str
        Names of what the run measured.
    around : Surroundings

    Returns
    -------
    Assessment
    """
    with _deep_enough(len(history.executions)):
        return _assess(history, tracked, metrics, around)


@contextmanager
def _deep_enough(executions: int) -> Iterator[None]:
    """Let a chain of as many cells as have run be followed; what is asked for calls for what it was made from."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, min(limit + _FRAMES_PER_CELL * executions, _MAX_FRAMES)))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _assess(history: History, tracked: Execution, metrics: Iterable[str], around: Surroundings) -> Assessment:
    display = display_of(history, around.document, around.saved_ns, around.python)
    results = result_part(tracked, list(metrics))
    slice_ = slice_of(tracked, tracked.needs(results))
    relevant = members(tracked, results, slice_)
    finder = CauseFinder(CleanRun(history, display), tracked)
    finder.half_way(member.execution for member in relevant)
    home = display.home(tracked)
    if home is not None:
        finder.look(tracked, set(relevant[-1].needs), home.position)
    findings = [
        *lasting.unseeded(relevant, history),
        *lasting.volatile(relevant),
        *lasting.changed_files(relevant, history, display, around.file_digest),
        *lasting.own_changes(relevant[-1], history, around.namespace, _content(around.namespace)),
    ]
    unknown = _unknown(history, display, around.saved_ns)
    # Where cells stand cannot be told then, so nothing can be concluded from it.
    causes = [cause for cause in finder.found if display.known or cause.label not in ("out_of_order", "skipped_cell")]
    hazards = hazards_of(causes, findings)
    for hazard in hazards:
        unknown.pop(hazard.label, None)
    return Assessment(tuple(slice_), hazards, unknown)


def joined(found: Sequence[Assessment]) -> Assessment:
    """Return what holds for a run that several executions were part of.

    Parameters
    ----------
    found : sequence of Assessment
        At least one.

    Returns
    -------
    Assessment
    """
    if len(found) == 1:
        return found[0]
    members = {member.sequence: member for each in found for member in each.slice}
    hazards = {hazard.label: hazard for each in reversed(found) for hazard in each.hazards}
    ordered = sorted(hazards.values(), key=lambda hazard: HAZARD_LABELS.index(hazard.label))
    return Assessment(tuple(members[key] for key in sorted(members)), tuple(ordered), found[-1].unknown)


def both(before: Provenance, now: Provenance) -> Provenance:
    """Return what a run depends on that was opened again: the cells of both times, where one kernel ran them all.

    Parameters
    ----------
    before, now : Provenance

    Returns
    -------
    Provenance
    """
    if {member.session for member in before.slice} != {member.session for member in now.slice}:
        return now
    members = {member.sequence: member for member in (*before.slice, *now.slice)}
    hazards = {hazard.label: hazard for hazard in (*now.hazards, *before.hazards)}
    return replace(
        now,
        hazards=tuple(hazards[label] for label in HAZARD_LABELS if label in hazards),
        slice=tuple(members[sequence] for sequence in sorted(members)),
    )


def _content(namespace: Mapping[str, Any]) -> Callable[[str], ValueDigest | None]:
    def digest(name: str) -> ValueDigest | None:
        if name not in namespace:
            return None
        found = digest_value(namespace[name], namespace)
        return found if found.exact or found.sampled else None

    return digest


def _unknown(history: History, display: Display, saved_ns: int) -> dict[str, str]:
    if display.known:
        before = [execution.start_ns for execution in history.executions[:-1]]
        if saved_ns >= max(before, default=0):
            return {}
        return {"edited_cell": "the notebook has not been saved since: edits since a cell was run cannot be seen"}
    found = {
        "edited_cell": f"{_NO_DOCUMENT}: edits since a cell was run cannot be seen",
        "out_of_order": f"{_NO_DOCUMENT}: the order of the cells cannot be seen",
        "skipped_cell": f"{_NO_DOCUMENT}: cells that were never run cannot be seen",
    }
    if not any(execution.cell_id for execution in history.executions):
        found["reexecuted_non_idempotent"] = "cells have no ids here: two equal cells look like one that was run twice"
    if not history.says_deletions:
        found["deleted_cell"] = f"{_NO_DOCUMENT}: deletions cannot be seen"
    return found
