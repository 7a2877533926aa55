"""Which statements of which executions a run's results depend on: finer than the slice, which is of whole cells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbtrack.provenance.cellparts import LAST, Part, Statement, parts_of
from nbtrack.provenance.history import Execution, Version
from nbtrack.provenance.slices import read_parts, sources

_LOGGING = frozenset("log_metric log_metrics log_param log_params log_artifact log_dict log_figure log_table".split())
_TIMERS = frozenset("elapsed duration took seconds secs time runtime latency ms minutes wall walltime t dt".split())


@dataclass(frozen=True, slots=True)
class Member:
    """An execution that results depend on, with the statements that matter and the variables that they read."""

    execution: Execution
    part: Part
    needs: frozenset[str]

    def statements(self) -> Iterator[Statement]:
        """Yield the statements that matter."""
        parts = parts_of(self.execution.source)
        if parts is not None:
            yield from (parts.statements[index] for index in self.part.indexes)

    def functions(self) -> Iterator[ast.stmt]:
        """Yield the definitions of the notebook's functions and classes that the statements may call."""
        pending = [name for name in self.part.reads if name in self.execution.reads]
        seen = set(pending)
        while pending:
            name = pending.pop()
            made = self.execution.reads[name].execution
            if made is None or made is self.execution:
                continue
            yield from definitions(made, name)
            for path in self.execution.reached.get(name, ()):
                inner = str(path[0])
                if inner in self.execution.reads and inner not in seen:
                    seen.add(inner)
                    pending.append(inner)


def definitions(made: Execution, name: str) -> Iterator[ast.stmt]:
    """Yield what defines a function or class in a cell."""
    parts = parts_of(made.source)
    for index in parts.writers(name) if parts is not None else ():
        node = parts.statements[index].node  # type: ignore[union-attr]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def result_part(tracked: Execution, names: Iterable[str]) -> Part:
    """Return the statements of a tracked cell that its results depend on.

    Parameters
    ----------
    tracked : Execution
    names : iterable of str
        Names of its metrics, dotted or not.

    Returns
    -------
    Part
        The whole cell where it has no results.
    """
    parts = parts_of(tracked.source)
    if parts is None:
        return tracked.part([])
    outputs = {name.partition(".")[0] for name in names if not is_timer(name)}
    known = {name for name in outputs if any(name in found.binds for found in parts.statements)}
    logging = {index for index, found in enumerate(parts.statements) if _logs(found)}
    if outputs - known and parts.last is not None:
        known.add(LAST)
    if logging:
        known |= {name for index in logging for name in parts.statements[index].reads}
    if not known:
        return tracked.part([LAST] if parts.last is not None and not names else [])
    return tracked.part(known)


def is_timer(name: str) -> bool:
    """Tell whether a metric measures time, which nobody expects to come back."""
    words = name.lower().replace(".", "_").split("_")
    return any(word in _TIMERS for word in words)


def _logs(statement: Statement) -> bool:
    return any(isinstance(step, str) and step in _LOGGING for path in statement.paths for step in path)


def members(tracked: Execution, results: Part, slice_: Iterable[Execution]) -> list[Member]:
    """Return what a run's results depend on, statement by statement.

    Parameters
    ----------
    tracked : Execution
    results : Part
        The statements of the tracked cell that matter.
    slice_ : iterable of Execution
        The run's slice.

    Returns
    -------
    list of Member
        In order, the tracked cell last.
    """
    inside = {execution.sequence for execution in slice_}
    outputs: dict[int, set[str]] = {}
    found = {tracked.sequence: Member(tracked, results, frozenset(tracked.needs(results)))}
    pending, walked = [tracked.sequence], set[int]()
    while pending:
        member = found[pending.pop()]
        wanted: dict[int, tuple[Execution, set[str]]] = {}
        for name in member.needs:
            for version in sources(member.execution.reads[name], read_parts(member.execution, name), walked):
                made = _inside(version, inside).execution
                if made is not None and made is not tracked and made.sequence in inside:
                    wanted.setdefault(made.sequence, (made, set()))[1].add(name)
        for sequence, (made, names) in wanted.items():
            known = outputs.setdefault(sequence, set())
            if not names <= known:
                known |= names
                part = made.part(known)
                found[sequence] = Member(made, part, frozenset(made.needs(part)))
                pending.append(sequence)
    return [found[sequence] for sequence in sorted(found)]


def _inside(version: Version, inside: set[int]) -> Version:
    """Return the equal version that the slice holds."""
    while version.execution is not None and version.execution.sequence not in inside and version.previous is not None:
        version = version.previous
    return version
