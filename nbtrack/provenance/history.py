"""What happened in a kernel: executions of cells, and the versions of names that they read and made.

A version stands for what a name was bound to from one execution to the next that bound or changed it. Names are those
of the notebook; streams of random numbers (``numpy()``), files (``file:/data/x.csv``) and options of modules
(``module:pandas``) are variables like them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nbtrack.provenance.cellcode import CellCode
from nbtrack.provenance.cellparts import Part, parts_of
from nbtrack.provenance.digests import ValueDigest, digest_text
from nbtrack.provenance.paths import NamePath

Outcome = Literal["ok", "error", "interrupted"]


@dataclass(eq=False, slots=True)
class Version:
    """What a name stood for, for a while.

    Attributes
    ----------
    name : str
    execution : Execution or None
        What made it; None for what was there before, or came from outside the cells.
    previous : Version or None
        What the name stood for before.
    changed : bool
        The same object as before, changed in place.
    value : ValueDigest or None
        Its content, once that was looked at.
    seeded : bool
        Of a stream: somebody seeded it.
    text : str
        What to call the value in a sentence, where it is short.
    generator : bool
        It is a random generator.
    plain : tuple or None
        The value itself, where it is a single small one.
    remembered : dict of str to Version
        Of a function that caches its results: what it read when it computed them.
    """

    name: str
    execution: Execution | None = None
    previous: Version | None = None
    changed: bool = False
    value: ValueDigest | None = None
    seeded: bool = False
    text: str = ""
    generator: bool = False
    plain: tuple[Any] | None = None
    remembered: dict[str, Version] = field(default_factory=dict)
    _identity: tuple[str, str] | None = None
    _derived: tuple[str, str] | None = None

    def identity(self) -> tuple[str, str]:
        """Return how the content is known (``value``, ``derived`` or ``unseen``) and its digest."""
        if self._identity is None:
            self._identity = ("busy", str(id(self)))
            self._identity = self._find_identity()
        return self._identity

    def _find_identity(self) -> tuple[str, str]:
        if self.value is not None and (self.value.exact or self.value.sampled):
            return "value", self.value.digest
        return self.derived()

    def derived(self) -> tuple[str, str]:
        """Return what the content was made from: a digest of the statements and of what they read."""
        if self._derived is None:
            self._derived = ("busy", str(id(self)))
            self._derived = self._derive()
        return self._derived

    def _derive(self) -> tuple[str, str]:
        made = self.execution
        if made is None:
            return "unseen", str(id(self))
        part = made.part([self.name])
        read = [made.reads[name] for name in sorted(made.needs(part)) if name in made.reads]
        inputs = [":".join((version.name, *version.identity())) for version in read]
        kind = "derived" if made.observed else "unseen"
        return kind, digest_text(self.name, part.key, *inputs)


@dataclass(eq=False, slots=True)
class Execution:
    """One run of one cell.

    Attributes
    ----------
    sequence : int
        Position in the session.
    count : int or None
        ``In[n]``.
    cell_id : str or None
    text : str
        The cell as typed.
    source : str
        As Python.
    code : CellCode or None
    start_ns : int
    reads, writes : dict of str to Version
    deletes : set of str
    reached : dict of str to tuple
        Per name that leads to functions of the notebook: what those read.
    drawn, seeded : frozenset of str
        Streams that it drew from, and that it seeded.
    idle : frozenset of str
        Streams that it moved on by draws that it made no use of: only what is drawn later hangs on them.
    folder : str or None
        The working directory when it began.
    """

    sequence: int
    count: int | None
    cell_id: str | None
    text: str
    source: str
    code: CellCode | None
    start_ns: int
    duration_s: float = 0.0
    outcome: Outcome = "ok"
    observed: bool = True
    tracked: bool = False
    run_id: str | None = None
    reads: dict[str, Version] = field(default_factory=dict)
    writes: dict[str, Version] = field(default_factory=dict)
    deletes: set[str] = field(default_factory=set)
    reached: dict[str, tuple[NamePath, ...]] = field(default_factory=dict)
    drawn: frozenset[str] = frozenset()
    idle: frozenset[str] = frozenset()
    seeded: frozenset[str] = frozenset()
    folder: str | None = None
    _text_key: str | None = None

    @property
    def text_key(self) -> str:
        """The source without comments and layout."""
        if self._text_key is None:
            parts = parts_of(self.source)
            self._text_key = self.source.strip() if parts is None else parts.text
        return self._text_key

    def part(self, outputs: Collection[str]) -> Part:
        """Return the statements that outputs depend on, the whole cell where that cannot be told."""
        parts = parts_of(self.source)
        if parts is None:
            return Part(digest_text(self.source), frozenset(self.reads), ())
        return parts.part(outputs, self.drawn_for(outputs))

    def drawn_for(self, outputs: Collection[str]) -> frozenset[str]:
        """Return the streams whose draws outputs may hang on."""
        return self.drawn | self.idle.intersection(outputs)

    def needs(self, part: Part) -> set[str]:
        """Return the variables that some of the cell's statements needed, also through functions."""
        found = {name for name in part.reads if name in self.reads}
        for name in part.reads:
            found |= {str(path[0]) for path in self.reached.get(name, ())} & self.reads.keys()
        parts = parts_of(self.source)
        for name in self.reads:
            if ":" in name and name not in found and (parts is None or _mentions(parts, part, name)):
                found.add(name)
        return found


def _mentions(parts: object, part: Part, name: str) -> bool:
    """Tell whether statements may be those that touched a file or an option."""
    statements = parts.statements  # type: ignore[attr-defined]
    word = name.rpartition("/")[2].rpartition(":")[2]
    stem = word.removesuffix(".py")
    saying = [i for i, found in enumerate(statements) if word in found.text or (stem and stem in found.text)]
    calling = saying or [i for i, found in enumerate(statements) if found.calls]
    return not calling or not set(calling).isdisjoint(part.indexes)


class History:
    """The executions of a kernel and the present versions of its names.

    Parameters
    ----------
    session : str
        Id of the session.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self.executions: list[Execution] = []
        self.current: dict[str, Version] = {}
        # Cells that the front end said are deleted, and when at the earliest.
        self.deleted_ns: dict[str, int] = {}
        self.says_deletions = False

    def version(self, name: str) -> Version:
        """Return the present version of a name; one from outside where nobody made it."""
        found = self.current.get(name)
        if found is None:
            found = self.current[name] = Version(name)
        return found

    def bind(self, name: str, execution: Execution | None, *, changed: bool = False) -> Version:
        """Make a new version of a name.

        Parameters
        ----------
        name : str
        execution : Execution or None
        changed : bool
            Its object was changed in place.

        Returns
        -------
        Version
        """
        made = Version(name, execution, self.current.get(name), changed)
        self.current[name] = made
        if execution is not None:
            execution.writes[name] = made
        return made


def same(first: Version, second: Version, parts: Mapping[str, object] | None = None) -> bool | None:
    """Tell whether two versions have the same content.

    Parameters
    ----------
    first, second : Version
    parts : mapping, optional
        Only these parts count, as far as both are known to have them.

    Returns
    -------
    bool or None
        None where it cannot be told.
    """
    if first is second:
        return True
    if parts and first.value is not None and second.value is not None:
        ours, theirs = first.value.parts, second.value.parts
        if all(key in ours and key in theirs for key in parts):
            return all(ours[key] == theirs[key] for key in parts)
    kind, digest = first.identity()
    other_kind, other = second.identity()
    if digest == other:
        return True
    if kind == other_kind != "unseen":
        return False
    # One of them was never looked at; the same statements on equal inputs are still equal.
    return True if first.derived() == second.derived() else None
