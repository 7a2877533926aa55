"""Reading what the journals hold beyond what was merged: events and points, the good apart from the broken.

Points are read before events, and of all journals: every series that a point names stands in an event that was
written before it, so each point that is found can be placed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.store import points
from nbtrack.store.events import decode_lines, parse_line
from nbtrack.store.layout import Layout
from nbtrack.store.locks import owner_is_gone

if TYPE_CHECKING:
    import numpy as np

__all__ = ["EVENTS_PART", "LIFE_PART", "Tail", "is_pending", "parse_line", "read_tails"]

EVENTS_PART = -1
"""The part number of a journal's events in its marks; points have their segment's number."""
LIFE_PART = -2
"""The part number under which the marks keep when a journal's owner was seen alive last, in µs."""
MOST_RECORDS = 4_000_000
"""No merge takes many more points at once, so that one after a long time without needs no more than some 100 MB."""
_SETTLE_S = 0.005


@dataclass(slots=True)
class Tail:
    """What one journal holds beyond its marks.

    Attributes
    ----------
    journal : str
    gone : bool
        Its process is gone and everything was read: nothing more will come.
    events : list of dict
    records : list of numpy.ndarray
        Good point records, in order.
    series : dict of int to (str, str)
        Run id and key of series numbers: those defined here, and those defined earlier that the records use.
    defined : set of int
        The series numbers defined here.
    marks : dict of int to int
        How far each part is read now.
    moved : bool
        The marks are others than before.
    done : list of Path
        Files with nothing left to read once this is committed; the event file last.
    broken : dict of str to bytes
        What could not be read, by the file it is of.
    """

    journal: str
    gone: bool
    events: list[dict[str, Any]] = field(default_factory=list)
    records: list[np.ndarray[Any, Any]] = field(default_factory=list)
    series: dict[int, tuple[str, str]] = field(default_factory=dict)
    defined: set[int] = field(default_factory=set)
    marks: dict[int, int] = field(default_factory=dict)
    moved: bool = False
    done: list[Path] = field(default_factory=list)
    broken: dict[str, bytes] = field(default_factory=dict)

    def set_aside(self, file: str, content: bytes) -> None:
        """Note bytes that could not be read."""
        self.broken[file] = self.broken.get(file, b"") + content


def read_tails(layout: Layout, marks: Mapping[tuple[str, int], int], by_flock: bool) -> tuple[list[Tail], bool]:
    """Read every journal beyond its marks.

    Parameters
    ----------
    layout : Layout
    marks : mapping of (str, int) to int
        Journal and part to the position read so far: bytes of events, records of a segment.
    by_flock : bool

    Returns
    -------
    (list of Tail, bool)
        And whether that is everything; False when there was more than one merge should take.
    """
    tails: list[Tail] = []
    room = MOST_RECORDS
    for journal, listed in layout.segments():
        # Asked before reading: once the owner is gone, what is read next is the last of it.
        tail = Tail(journal, owner_is_gone(layout.events(journal), by_flock))
        numbers = dict(layout.segments()).get(journal, []) if tail.gone else listed
        for number in numbers:
            start = marks.get((journal, number), 0)
            if room <= 0:
                tail.marks[number] = start
                continue
            before = len(tail.records)
            _read_points(layout.points(journal, number), number, start, tail, number < numbers[-1])
            room -= sum(len(records) for records in tail.records[before:])
        tails.append(tail)
    for tail in tails:
        _read_events(layout.events(tail.journal), marks.get((tail.journal, EVENTS_PART), 0), tail)
        tail.gone = tail.gone and room > 0
        if tail.gone:
            # The event file is the last to go: it is what tells that the owner is gone.
            tail.done += [*layout.spares(tail.journal), layout.owner(tail.journal), layout.events(tail.journal)]
    return tails, room > 0


def _read_points(file: Path, number: int, start: int, tail: Tail, sealed: bool) -> None:
    """Read a segment; one is sealed when its owner has gone on to the next."""
    try:
        records = points.read(file, start)
    except FileNotFoundError:
        return
    good = points.good(records)
    final = sealed or tail.gone
    last_good = int(good.nonzero()[0][-1]) + 1 if good.any() else 0
    # Everything up to the last good record is settled; what is not good behind it may still be under way.
    settled = len(good) if final else last_good
    if not final and not good[:settled].all():
        # It may have been written while its neighbours were being read.
        records = points.read(file, start)
        good = points.good(records)
    records, good = records[:settled], good[:settled]
    if good.any():
        tail.records.append(records[good])
    words = records.view("<u4").reshape(len(records), points.RECORD_BYTES // 4)
    # An empty place is the trace of a call that was interrupted before it wrote; one without a check behind the last
    # good record was being written when the process died, and never acknowledged.
    unfinished = words[:, -1] == 0
    unfinished[:last_good] = False
    bad = words.any(axis=1) & ~good & ~unfinished
    if bad.any():
        tail.set_aside(file.name, records[bad].tobytes())
    tail.marks[number] = start + settled
    tail.moved = tail.moved or settled > 0
    if final:
        tail.done.append(file)


def _read_events(file: Path, start: int, tail: Tail) -> None:
    events, damaged, used = decode_lines(_bytes_from(file, start), final=tail.gone)
    if damaged and not tail.gone:
        # A line that was cut off and written anew while it was being read looks damaged once, and not again.
        time.sleep(_SETTLE_S)
        events, damaged, used = decode_lines(_bytes_from(file, start), final=False)
    for piece in damaged:
        tail.set_aside(file.name, piece)
    for event in events:
        if event.get("t") == "series" and isinstance(event.get("i"), int):
            tail.series[event["i"]] = (str(event.get("run")), str(event.get("key")))
            tail.defined.add(event["i"])
        else:
            tail.events.append(event)
    tail.marks[EVENTS_PART] = start + used
    tail.moved = tail.moved or used > 0


def _bytes_from(file: Path, start: int) -> bytes:
    try:
        with file.open("rb", buffering=0) as stream:
            stream.seek(start)
            return stream.read()
    except FileNotFoundError:
        return b""


def is_pending(layout: Layout, merged: Mapping[str, Mapping[str, int]], by_flock: bool) -> bool:
    """Tell whether a merge would find anything, without opening the database.

    Parameters
    ----------
    layout : Layout
    merged : mapping
        Journal to part to position, as the last merge noted it.
    by_flock : bool

    Returns
    -------
    bool
    """
    for journal, numbers in layout.segments():
        known = merged.get(journal)
        file = layout.events(journal)
        if known is None or owner_is_gone(file, by_flock):
            return True
        try:
            if file.stat().st_size > known.get(str(EVENTS_PART), 0):
                return True
        except FileNotFoundError:
            return True
        if any(points.is_written(layout.points(journal, number), known.get(str(number), 0)) for number in numbers):
            return True
    return False
