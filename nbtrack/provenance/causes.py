"""Why a clean run would not give a run's results: from what differs back to where it began to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nbtrack.provenance.cellparts import parts_of
from nbtrack.provenance.cleanrun import Clean, CleanRun
from nbtrack.provenance.display import Cell
from nbtrack.provenance.history import Execution, Version, same
from nbtrack.provenance.slices import read_parts, unchanged


@dataclass(slots=True)
class Cause:
    """One reason, with its evidence.

    Attributes
    ----------
    label : str
    name : str
        The variable that it is about.
    made : Execution or None
        What made the value that was used.
    reader : Execution
        What used it.
    other : Execution or None
        What changed the variable since, or ran in the wrong place.
    cell : Cell or None
        The displayed cell that would have made another value.
    """

    label: str
    name: str
    made: Execution | None
    reader: Execution
    other: Execution | None = None
    cell: Cell | None = None


@dataclass(slots=True)
class CauseFinder:
    """Follows differences between what happened and a clean run.

    Parameters
    ----------
    clean : CleanRun
    tracked : Execution
    """

    clean: CleanRun
    tracked: Execution
    found: list[Cause] = field(default_factory=list)
    _seen: set[tuple[int, str]] = field(default_factory=set)

    def half_way(self, executions: Iterable[Execution]) -> None:
        """Look for executions that stopped half-way, other than the tracked one itself.

        Parameters
        ----------
        executions : iterable of Execution
            What the results depend on.
        """
        for made in executions:
            if made.outcome != "ok" and made is not self.tracked:
                names = [name for name in made.writes if not name.endswith("()")]
                self._add("partial_execution", names[0] if names else "", made, self.tracked)

    def look(self, reader: Execution, names: set[str], above: int) -> None:
        """Look at what an execution read: every variable that a clean run would give another value.

        Parameters
        ----------
        reader : Execution
        names : set of str
            Those that matter.
        above : int
            Where the reader's cell stands.
        """
        for name in sorted(names):
            if (reader.sequence, name) in self._seen or name not in reader.reads:
                continue
            self._seen.add((reader.sequence, name))
            if not self.clean.equal(reader, name, above):
                version = unchanged(reader.reads[name], read_parts(reader, name))
                self._explain(reader, name, version, self.clean.value(name, above), above)

    def _explain(self, reader: Execution, name: str, version: Version, clean: Clean, above: int) -> None:
        made = version.execution
        if made is None:
            self._from_outside(reader, name, version, clean)
            return
        if made.outcome != "ok":
            # Said of every member of the slice that stopped half-way.
            return
        home = self.clean.display.home(made)
        if self._is_stream(version, clean):
            self._stream(reader, name, version, clean, home, above)
            return
        if home is None:
            self._add("deleted_cell", name, made, reader, cell=clean.cell)
            return
        if home.text_key != made.text_key and self._gives_otherwise(home, made, name):
            self._edited(reader, name, version, made, home)
            return
        if home.position >= above:
            if home is self.clean.display.home(reader):
                if not _settled(reader, name, version):
                    self._add("reexecuted_non_idempotent", name, made, reader)
                elif made.text_key == reader.text_key and reader is not self.tracked:
                    # It kept what it had made before: what matters is what it made it of then.
                    self.look(made, made.needs(made.part([name])), home.position)
            else:
                self._add("out_of_order", name, made, reader, cell=home)
            return
        if clean.cell is not None and clean.cell is not home:
            self._other_writer(reader, name, made, clean.cell)
            if not clean.cell.executions:
                self._deeper(name, made, home)
            return
        self._deeper(name, made, home)

    # --- one rule each --------------------------------------------------------------------------------------------

    def _from_outside(self, reader: Execution, name: str, version: Version, clean: Clean) -> None:
        """A variable that no cell made, which a displayed cell would make."""
        if clean.cell is None:
            return
        if not clean.cell.executions:
            self._add("skipped_cell", name, None, reader, cell=clean.cell)
        elif name.startswith("file:"):
            return
        elif name.endswith("()"):
            last = clean.cell.executions[-1]
            if last.sequence > reader.sequence:
                self._add("out_of_order", name, last, reader, cell=clean.cell)
            elif version.seeded:
                self._add("rng_state_carryover", name, last, reader, cell=clean.cell)

    @staticmethod
    def _is_stream(version: Version, clean: Clean) -> bool:
        if version.name.endswith("()") or version.generator:
            return True
        return clean.version is not None and _same_but_for_generators(clean.version, version)

    def _stream(
        self, reader: Execution, name: str, version: Version, clean: Clean, home: Cell | None, above: int
    ) -> None:
        made = version.execution
        assert made is not None
        if _is_unseeded(version):
            if clean.cell is not None and not clean.cell.executions:
                self._add("skipped_cell", name, None, reader, cell=clean.cell)
            return
        seeding = self._seeding(version)
        for member in {made.sequence: made, **({} if seeding is None else {seeding.sequence: seeding})}.values():
            cell = self.clean.display.home(member)
            if cell is None:
                self._add("deleted_cell", name, member, reader)
                if member is not seeding:
                    # Draws that the notebook no longer shows moved the generator on.
                    self._add("rng_state_carryover", name, member, reader)
                return
            if member.text_key != cell.text_key and self._gives_otherwise(cell, member, name):
                self._edited(reader, name, version, member, cell)
                return
        if seeding is not None:
            seeding_cell = self.clean.display.home(seeding)
            if seeding_cell is not None and seeding_cell.position > above:
                self._add("out_of_order", name, seeding, reader, cell=seeding_cell)
                return
        if clean.cell is not None and not clean.cell.executions:
            self._add("skipped_cell", name, None, reader, cell=clean.cell)
            return
        self._add("rng_state_carryover", name, made, reader, cell=home)

    @staticmethod
    def _seeding(version: Version) -> Execution | None:
        """Return the execution that seeded a stream, or made a generator."""
        while version.execution is not None and version.name in version.execution.reads:
            before = version.execution.reads[version.name]
            if before is version:
                break
            version = before
        return version.execution

    def _gives_otherwise(self, home: Cell, made: Execution, name: str) -> bool:
        """Tell whether the cell, as it reads now, would not give what it gave: by its statements, not its inputs."""
        from_here = self.clean.value(name, home.position + 1)
        if from_here.cell is not home:
            return True
        if from_here.version is not None and same(from_here.version, made.writes[name]) is not False:
            return False
        return not self._same_statements(home, made, name)

    @staticmethod
    def _same_statements(home: Cell, made: Execution, name: str) -> bool:
        now = parts_of(home.source)
        return now is not None and now.part([name], made.drawn_for([name])).key == made.part([name]).key

    def _edited(self, reader: Execution, name: str, version: Version, made: Execution, home: Cell) -> None:
        """The cell reads otherwise now: if it ran since, what was computed before is stale."""
        current = self.clean.history.current.get(name)
        rerun = [
            done
            for done in home.executions
            if done.sequence > made.sequence and done is not reader and name in done.writes
        ]
        moved_on = current is not None and same(current, version) is False
        if rerun and moved_on and current is not version:
            self._add("stale_input", name, made, reader, other=rerun[-1])
        else:
            self._add("edited_cell", name, made, reader, cell=home)

    def _other_writer(self, reader: Execution, name: str, made: Execution, writer: Cell) -> None:
        """Another displayed cell, below the one that made it, would have the last word."""
        if not writer.executions:
            self._add("skipped_cell", name, made, reader, cell=writer)
            return
        since = [done for done in writer.executions if name in done.writes and done.sequence > reader.sequence]
        before = [done for done in writer.executions if name in done.writes and done.sequence < made.sequence]
        if since and reader is not self.tracked:
            self._add("stale_input", name, made, reader, other=since[-1])
            if len(writer.executions) == 1:
                self._add("out_of_order", name, made, reader, other=since[-1], cell=writer)
        elif before or since:
            self._add("out_of_order", name, made, reader, other=(before or since)[-1], cell=writer)
        elif all(name not in done.writes for done in writer.executions):
            self._add("edited_cell", name, writer.executions[-1], reader, cell=writer)
        else:
            self._add("out_of_order", name, made, reader, cell=writer)

    def _deeper(self, name: str, made: Execution, home: Cell) -> None:
        """The same cell would make it, but from other inputs: find out which."""
        for read in sorted(made.needs(made.part([name]))):
            if self.clean.equal(made, read, home.position):
                continue
            if read in made.writes and self._piled_up(made, read, home):
                continue
            current = self.clean.history.current.get(read)
            value = made.reads[read]
            if self._changed_since(made, read, value, current, home):
                continue
            self.look(made, {read}, home.position)

    def _piled_up(self, made: Execution, read: str, home: Cell) -> bool:
        """Tell whether a cell read what it had made itself when it ran before."""
        version = made.reads[read]
        before = None if _is_unseeded(version) else version.execution
        while before is not None:
            if self.clean.display.home(before) is home or before.text_key == made.text_key:
                if read in before.reads and before.text_key == made.text_key and _settled(made, read, version):
                    # It found what it would have made: what matters is where the first of them started from.
                    self.look(before, before.needs(before.part([read])), home.position)
                    return True
                if read.endswith("()") and not version.seeded:
                    # There is no seed to be off from.
                    return True
                label = "rng_state_carryover" if self._only_stream(version, read) else "reexecuted_non_idempotent"
                self._add(label, read, before, made)
                return True
            inner = before.reads.get(read)
            if inner is None or inner is version:
                return False
            version, before = inner, inner.execution
        return False

    def _only_stream(self, version: Version, name: str) -> bool:
        if name.endswith("()") or version.generator:
            return True
        return version.previous is not None and _same_but_for_generators(version.previous, version)

    def _changed_since(self, made: Execution, read: str, value: Version, current: Version | None, home: Cell) -> bool:
        """Tell whether an input has another value since, which a clean run would use."""
        if current is None or current is value or read.endswith("()") or value.generator:
            return False
        if same(current, value, read_parts(made, read)) is not False:
            return False
        changer = current.execution
        if changer is None or changer.sequence <= made.sequence:
            return False
        cell = self.clean.display.home(changer)
        clean = self.clean.value(read, home.position)
        if cell is None or cell.position >= home.position:
            return False
        if clean.version is not None and same(clean.version, current) is False and clean.cell is not cell:
            return False
        self._add("stale_input", read, made, self.tracked, other=changer)
        own = value.execution
        gone = own is not None and self.clean.display.home(own) is None
        if self.clean.display.known and len(cell.executions) == 1 and not gone:
            self._add("out_of_order", read, made, self.tracked, other=changer, cell=cell)
        return True

    def _add(
        self,
        label: str,
        name: str,
        made: Execution | None,
        reader: Execution,
        other: Execution | None = None,
        cell: Cell | None = None,
    ) -> None:
        self.found.append(Cause(label, name, made, reader, other, cell))


def _settled(reader: Execution, name: str, version: Version) -> bool:
    """Tell whether a cell that was run again left as it was what it had made itself."""
    now = reader.writes.get(name)
    return now is None or same(version, now) is True


def _same_but_for_generators(first: Version, second: Version) -> bool:
    if first.value is None or second.value is None or first.value.digest == first.value.core:
        return False
    return first.value.core == second.value.core


def _is_unseeded(version: Version) -> bool:
    """Tell whether a version is of a generator that nobody seeded: it has no place to be off from."""
    if version.name.endswith("()"):
        return not version.seeded
    return version.generator and version.value is not None and bool(version.value.entropy)
