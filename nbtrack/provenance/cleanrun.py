"""What *Restart & Run All Above* would give, found without running anything.

The displayed cells are gone through as if run from top to bottom. What a cell would do then is looked up in what
cells did: the same statements with equal inputs gave these values, so they would give them again. Where nothing of
the kind was ever run, the value is not known, and whatever was computed otherwise is not what the notebook shows.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from nbtrack.provenance.cellparts import CellParts, parts_of
from nbtrack.provenance.digests import digest_value
from nbtrack.provenance.display import Cell, Display
from nbtrack.provenance.estimators import MARK
from nbtrack.provenance.history import Execution, History, Version, same
from nbtrack.provenance.plain import work_out
from nbtrack.provenance.slices import read_parts


@dataclass(frozen=True, slots=True)
class Clean:
    """What a variable would be in a clean run.

    Attributes
    ----------
    version : Version or None
        One of equal content; None where that is not known, or where there is none.
    cell : Cell or None
        What would have made it last.
    absent : bool
        Nothing displayed makes it.
    """

    version: Version | None = None
    cell: Cell | None = None
    absent: bool = False


class CleanRun:
    """A clean run of the displayed notebook, evaluated as far as somebody asks.

    Parameters
    ----------
    history : History
    display : Display
    """

    def __init__(self, history: History, display: Display) -> None:
        self.history = history
        self.display = display
        self._known: dict[tuple[str, int], Clean] = {}
        # The whole executions of each text, and what they made.
        self._whole: dict[str, list[Execution]] = {}
        made: dict[str, set[str]] = {}
        for done in history.executions:
            if done.outcome == "ok":
                self._whole.setdefault(done.text_key, []).append(done)
                made.setdefault(done.text_key, set()).update(done.writes)
        # Where the displayed cells are that may make a variable, from top to bottom.
        self._places: dict[str, list[int]] = {}
        for position, cell in enumerate(display.cells):
            parts = parts_of(cell.source)
            for name in made.get(cell.text_key, set()).union(() if parts is None else parts.outputs):
                self._places.setdefault(name, []).append(position)

    def _alike(self, cell: Cell) -> list[Execution]:
        """Return the whole executions of what a cell reads now."""
        return self._whole.get(cell.text_key, [])

    def _above(self, name: str, above: int) -> list[Cell]:
        """Return the cells above a position that may make a variable, from bottom to top."""
        places = self._places.get(name, [])
        return [self.display.cells[place] for place in reversed(places[: bisect_left(places, above)])]

    def value(self, name: str, above: int) -> Clean:
        """Return what a variable would be when the cells above a position have run.

        Parameters
        ----------
        name : str
        above : int
            Position of a displayed cell.

        Returns
        -------
        Clean
        """
        key = (name, above)
        found = self._known.get(key)
        if found is None:
            # Stands while it is worked out, though nothing can ask for it again: a cell asks for what is above it.
            self._known[key] = Clean()
            found = self._known[key] = self._find(name, above)
        return found

    def _find(self, name: str, above: int) -> Clean:
        for cell in self._above(name, above):
            made = self._made_by(cell, name)
            if made is not None:
                return made
        return Clean(absent=True)

    def _made_by(self, cell: Cell, name: str) -> Clean | None:
        """Return what a cell would make of a variable, None where it would leave it as it is."""
        alike = self._alike(cell)
        parts = parts_of(cell.source)
        shown = parts is not None and name in parts.outputs
        dynamic = any(name in done.writes for done in alike)
        if not shown and not dynamic:
            return None
        for done in reversed(alike):
            if self._inputs_equal(done, name, cell):
                made = done.writes.get(name)
                if made is None and MARK in read_parts(done, name):
                    # An estimator that was fitted before, and came out as it was.
                    made = done.reads[name]
                return None if made is None else Clean(made, cell)
        if alike and not dynamic and parts is not None and not _binds(parts, name):
            # It was run, on other inputs, and never changed this.
            return None
        return self._from_elsewhere(cell, name, parts) or Clean(None, cell)

    def _inputs_equal(self, done: Execution, name: str, cell: Cell) -> bool:
        needed = done.needs(done.part([name]))
        return all(self.equal(done, read, cell.position) for read in sorted(needed))

    def equal(self, done: Execution, read: str, above: int) -> bool:
        """Tell whether an execution would read in a clean run what it did read.

        Parameters
        ----------
        done : Execution
        read : str
            A variable that it read.
        above : int
            Where its cell stands.

        Returns
        -------
        bool
        """
        actual = done.reads[read]
        clean = self.value(read, above)
        parts = read_parts(done, read)
        if clean.version is not None and same(clean.version, actual, parts) is not False:
            return True
        if parts and actual.value is not None and all(key in actual.value.parts for key in parts):
            return all(self._part(read, key, above) == actual.value.parts[key] for key in parts)
        if clean.version is not None:
            return False
        # What no cell made is there in a fresh kernel too, as far as anybody can tell.
        return clean.absent and actual.execution is None

    def _part(self, name: str, key: str, above: int) -> str | None:
        """Return the digest that one part of an object would have: a column, an item, a field."""
        for cell in self._above(name, above):
            parts = parts_of(cell.source)
            if parts is None:
                continue
            sets = parts.sets_only(name)
            if sets is not None and key not in sets:
                continue
            for done in reversed(self._alike(cell)):
                made = done.writes.get(name)
                if made is not None and made.value is not None and self._inputs_equal(done, name, cell):
                    return made.value.parts.get(key)
            return None
        return None

    def _from_elsewhere(self, cell: Cell, name: str, parts: CellParts | None) -> Clean | None:
        """Look for the same statements in other cells, and for literals, which need no run."""
        if parts is None:
            return None
        for done in reversed(self.history.executions):
            if name not in done.writes or done.outcome != "ok" or done.text_key == cell.text_key:
                continue
            key = done.part([name]).key
            if key == parts.part([name], done.drawn_for([name])).key and self._inputs_equal(done, name, cell):
                return Clean(done.writes[name], cell)
        value = self._worked_out(cell, name, parts)
        return None if value is None else Clean(value, cell)

    def _worked_out(self, cell: Cell, name: str, parts: CellParts) -> Version | None:
        """Work out what needs no run: literals, and arithmetic on single values that are known."""
        part = parts.part([name])
        values = {}
        for read in part.reads:
            clean = self.value(read, cell.position)
            if clean.version is not None and clean.version.plain is not None:
                values[read] = clean.version.plain[0]
        found = work_out((parts.statements[index].node for index in part.indexes), values)
        if found is None or name not in found:
            return None
        plain = (found[name],) if not isinstance(found[name], list | tuple | dict) else None
        return Version(name, value=digest_value(found[name], {}), plain=plain)


def _binds(parts: CellParts, name: str) -> bool:
    return any(name in statement.binds for statement in parts.statements)
