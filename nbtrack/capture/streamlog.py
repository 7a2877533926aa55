"""Which cells seeded the process's random generators, and which drew from them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbtrack.provenance import streams
from nbtrack.provenance.cellparts import Statement, parts_of
from nbtrack.provenance.digests import plain_digest
from nbtrack.provenance.history import Execution, History, Version
from nbtrack.provenance.idledraws import are_idle
from nbtrack.provenance.paths import NamePath
from nbtrack.provenance.relevance import definitions


class StreamLog:
    """Compares the states of the generators before and behind each cell.

    Parameters
    ----------
    history : History
    namespace : mapping of str to object
        The notebook's names.
    """

    def __init__(self, history: History, namespace: Mapping[str, Any]) -> None:
        self._history = history
        self._namespace = namespace
        self._states: dict[str, str] = {}
        self._modules = 0

    def begin(self) -> None:
        """Take the states before a cell; what moved a generator on between cells was none."""
        history = self._history
        states = streams.state_digests()
        for stream, state in states.items():
            if self._states.get(stream, state) != state:
                known = history.version(stream)
                history.current[stream] = Version(stream, None, known, seeded=known.seeded)
            version = history.version(stream)
            if version.value is None:
                version.value = plain_digest(state)
        self._states, self._modules = states, len(sys.modules)

    def end(self, execution: Execution, scripts: Iterable[str] = ()) -> None:
        """Make the versions of the streams that a cell has seeded or drawn from.

        Parameters
        ----------
        execution : Execution
        scripts : iterable of str
            The user's own modules and scripts that the cell used: they may seed where the cell does not show it.
        """
        history, before, states = self._history, self._states, streams.state_digests()
        seeded = execution.seeded | seeds_of(execution)
        moved = {stream for stream, state in states.items() if before.get(stream) != state} - seeded
        if moved and any(map(_script_seeds, scripts)):
            seeded |= moved
        execution.seeded = frozenset(seeded & states.keys())
        drawn, idle = set[str](), set[str]()
        for stream, state in states.items():
            if stream in execution.seeded:
                version = history.bind(stream, execution)
                version.value, version.seeded = plain_digest(state), True
            elif stream not in before:
                known = history.version(stream)
                explicit = stream in streams.drawn_by(_paths(execution))
                if not explicit and (streams.is_untouched(stream) or self._is_idle(execution, stream)):
                    known.value = plain_digest(state)
                else:
                    # The cell brought the generator in and drew from it at once.
                    drawn.add(stream)
                    execution.reads[stream] = known
                    history.bind(stream, execution).value = plain_digest(state)
            elif before[stream] != state:
                known = history.version(stream)
                is_idle = self._is_idle(execution, stream)
                if is_idle and not known.seeded:
                    continue
                (idle if is_idle else drawn).add(stream)
                execution.reads[stream] = known
                version = history.bind(stream, execution)
                version.value, version.seeded = plain_digest(state), known.seeded
        execution.drawn, execution.idle = frozenset(drawn), frozenset(idle)
        self._states = states

    def _is_idle(self, execution: Execution, stream: str) -> bool:
        """Tell whether what moved a stream on has nothing to do with results: an import, or a fit that ignores it."""
        if stream in streams.drawn_by(_paths(execution)):
            return False
        if stream == streams.RANDOM:
            return len(sys.modules) > self._modules
        bound = execution.code.binds if execution.code is not None else ()
        values = map(self._namespace.get, {*execution.reads, *bound})
        return stream == streams.NUMPY and are_idle(_code_of(execution), values)


def _code_of(execution: Execution) -> Iterator[ast.stmt]:
    """Yield a cell's statements, and those of earlier cells that define the functions and classes it may use."""
    for statement in _statements(execution.source):
        yield statement.node
    for name, version in execution.reads.items():
        if version.execution is not None:
            yield from definitions(version.execution, name)


def _statements(source: str) -> Sequence[Statement]:
    parts = parts_of(source)
    return () if parts is None else parts.statements


def _script_seeds(path: str) -> bool:
    try:
        return streams.may_seed(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False


def seeds_of(execution: Execution) -> set[str]:
    """Return the streams that a cell seeds, also through functions.

    Parameters
    ----------
    execution : Execution

    Returns
    -------
    set of str
    """
    found = streams.seeded_by(path for reached in execution.reached.values() for path in reached)
    if streams.may_seed(execution.source):
        # What only defines a function that seeds has not seeded yet.
        for statement in _statements(execution.source):
            if statement.reads.isdisjoint(streams.EVERYTHING & execution.reached.keys()):
                found |= statement.binds & set(streams.STREAMS)
    return found


def _paths(execution: Execution) -> list[NamePath]:
    own = [path for statement in _statements(execution.source) for path in statement.paths]
    return own + [path for reached in execution.reached.values() for path in reached]
