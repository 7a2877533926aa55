"""Recording every execution of a cell: what it read, bound and changed, found without touching the user's code.

Before a cell runs, the names that its syntax reads are looked up, also inside functions of the notebook that it may
call; behind it, identities tell what was bound and digests what was changed in place. Nothing large is kept alive:
versions hold digests and identities only.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbtrack.capture.lookahead import analysed, names_read, outputs_read
from nbtrack.capture.openings import Openings
from nbtrack.capture.streamlog import StreamLog, seeds_of
from nbtrack.capture.versions import Versions, is_ipythons
from nbtrack.provenance.cellcode import CellCode, bound_until
from nbtrack.provenance.history import Execution, History, Outcome
from nbtrack.provenance.modulestate import Environment, environment_snapshot, module_reads, module_writes
from nbtrack.provenance.paths import root_of


@dataclass(slots=True)
class _Begun:
    """A cell that is running, the identities of what names stood for, and the environment variables."""

    execution: Execution
    identities: dict[str, int]
    environment: Environment


class Recorder:
    """Records the executions of one shell.

    Parameters
    ----------
    namespace : dict
        The notebook's names.
    hidden : mapping
        Names that IPython keeps there for itself.
    ignored : callable
        Returns the folder of nbtrack's own files.
    """

    def __init__(self, namespace: dict[str, Any], hidden: Iterable[str], ignored: Any) -> None:
        self.history = History(uuid.uuid4().hex)
        self.openings = Openings(self.history, namespace, ignored)
        self._versions = Versions(self.history, namespace)
        self._streams = StreamLog(self.history, namespace)
        self._namespace = namespace
        self._hidden = hidden
        self._begun: _Begun | None = None
        self._identities: dict[str, int] | None = None

    def begin(
        self, *, text: str, source: str, code: CellCode | None, cell_id: str | None, count: int | None, start_ns: int
    ) -> Execution:
        """Take note that a cell begins.

        Parameters
        ----------
        text : str
            As typed.
        source : str
            As Python.
        code : CellCode or None
        cell_id : str or None
        count : int or None
            ``In[n]``.
        start_ns : int

        Returns
        -------
        Execution
        """
        history, namespace = self.history, self._namespace
        execution = Execution(len(history.executions), count, cell_id, text, source, code, start_ns)
        history.executions.append(execution)
        identities = self._snapshot()
        self._notice_outside(identities)
        for name in names_read(execution, namespace):
            if name in namespace and name not in self._hidden:
                execution.reads[name] = self._versions.seen(name)
        self._versions.recall(execution)
        for name in code.binds if code is not None else ():
            # What is about to be bound again can be looked at now or never.
            if name in history.current and name in namespace:
                self._versions.seen(name)
        outputs_read(execution, history)
        module_reads(execution, namespace, history)
        self._streams.begin()
        self.openings.begin()
        self._begun = _Begun(execution, identities, environment_snapshot())
        return execution

    def end(self, duration_s: float, outcome: Outcome, error_line: int | None, has_value: bool) -> None:
        """Take note that the cell has ended, whole or not; nothing where none had begun.

        Parameters
        ----------
        duration_s : float
        outcome : str
        error_line : int or None
            The line of its source that raised, from 1.
        has_value : bool
            Its last expression has a value, which IPython keeps as ``_``.
        """
        begun, self._begun = self._begun, None
        if begun is None:
            return
        self.openings.stop()
        execution, history = begun.execution, self.history
        execution.duration_s, execution.outcome = duration_s, outcome
        after = self._snapshot()
        execution.deletes |= self._own(begun.identities.keys() - after.keys())
        for name in execution.deletes:
            history.current.pop(name, None)
        bound = self._own(_bound(begun, after, error_line))
        kept = {name for name in bound if begun.identities.get(name) == after.get(name)}
        self._versions.changed(execution, bound, kept)
        for name in sorted(bound):
            self._versions.bound(name, execution)
        if has_value:
            self._versions.bound("_", execution)
        self._versions.remember(execution)
        module_writes(execution, self._namespace, history, begun.environment)
        self._streams.end(execution, self.openings.scripts(execution))
        self.openings.end(execution)
        self._identities = after

    def settle(self) -> None:
        """Look at what the names stand for now that cells have read, so that a change since can be told."""
        names = {name for execution in self.history.executions for name in execution.reads}
        for name in names & self.history.current.keys() & self._namespace.keys():
            self._versions.seen(name)

    def recover(self, cells: list[tuple[int, str, str]]) -> None:
        """Take over what ran before anybody looked, as IPython's history has it.

        Parameters
        ----------
        cells : list of (int, str, str)
            ``In[n]``, the cell as typed, and as Python.
        """
        history = self.history
        for count, text, source in cells:
            execution = Execution(len(history.executions), count, None, text, source, analysed(source), 0)
            execution.observed = False
            history.executions.append(execution)
            self._recover(execution)
        loading = history.executions[-1] if history.executions else None
        for name, version in list(history.current.items()):
            # The cell that loads nbtrack may go on and bind more.
            if name not in self._namespace and not name.endswith("()") and version.execution is not loading:
                del history.current[name]

    def _recover(self, execution: Execution) -> None:
        code, history = execution.code, self.history
        if code is None:
            return
        for name in code.reads:
            if name in history.current and name not in code.deferred:
                execution.reads[name] = history.current[name]
        for name in {root_of(path) for path in code.changes} - code.binds:
            if name in history.current:
                history.bind(name, execution, changed=True)
        for name in sorted(code.binds):
            history.bind(name, execution)
        execution.seeded = frozenset(seeds_of(execution))
        for stream in execution.seeded:
            history.bind(stream, execution).seeded = True

    def _snapshot(self) -> dict[str, int]:
        # A copy at once: threads may bind names meanwhile. A name may be anything that somebody put into globals().
        names = dict.copy(self._namespace)
        if set(map(type, names)) == {str}:
            return dict(zip(names, map(id, names.values()), strict=True))
        return {name: id(value) for name, value in names.items() if type(name) is str}

    def _own(self, names: Iterable[str]) -> set[str]:
        """Return those of some names that are the notebook's; the few that have changed, rather than all, are asked."""
        return {name for name in names if name not in self._hidden and not is_ipythons(name)}

    def _notice_outside(self, identities: Mapping[str, int]) -> None:
        """Notice names that were bound between cells, by a widget's callback or a thread."""
        if self._identities is not None and self._identities != identities:
            for name in sorted(self._own(name for name, _ in identities.items() - self._identities.items())):
                self.history.bind(name, None)


def _bound(begun: _Begun, after: Mapping[str, int], error_line: int | None) -> set[str]:
    """Return the names that a cell has bound: those that stand for something else, and those that it must have."""
    found = {name for name, _ in after.items() - begun.identities.items()}
    execution, code = begun.execution, begun.execution.code
    if code is None:
        return found
    certain: frozenset[str] = frozenset()
    if execution.outcome == "ok":
        certain = code.certain
    elif error_line is not None:
        certain = bound_until(execution.source, error_line)
    return found | (certain & after.keys())
