"""What a cell is about to read: names, what functions that it may call read, and earlier outputs."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from nbtrack.provenance.cellcode import CellCode, analyse
from nbtrack.provenance.functions import reached_paths
from nbtrack.provenance.history import Execution, History
from nbtrack.provenance.objects import MISSING
from nbtrack.provenance.paths import Item, NamePath, root_of

_WORDS = re.compile(r"[^\W\d]\w*")


@functools.lru_cache(maxsize=256)
def analysed(source: str) -> CellCode | None:
    """Return what a cell's code does, None where it is no Python."""
    try:
        return analyse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def words_in(source: str) -> frozenset[str]:
    """Return the words of a source, those in texts included."""
    return frozenset(_WORDS.findall(source))


def names_read(execution: Execution, namespace: Mapping[str, Any]) -> set[str]:
    """Return the names that a cell may read, also inside functions; those functions are kept on the execution.

    Parameters
    ----------
    execution : Execution
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    set of str
    """
    code = execution.code
    if code is None:
        return set()
    found = set(code.reads) - code.deferred
    words = words_in(execution.source)
    for name in list(found):
        value = namespace.get(name, MISSING)
        paths = reached_paths(value, namespace, words) if value is not MISSING else ()
        if paths:
            execution.reached[name] = paths
            found |= {root_of(path) for path in paths}
    if code.opaque:
        # Text that is run may read any name that it mentions.
        found |= words & namespace.keys() - code.binds
    return found


def outputs_read(execution: Execution, history: History) -> None:
    """Add the earlier outputs that a cell reads to its reads: ``_``, ``_3``, ``Out[3]``.

    Parameters
    ----------
    execution : Execution
    history : History
    """
    code = execution.code
    for path in code.read_paths if code is not None else ():
        if path[0] == "_" and "_" in history.current:
            execution.reads["_"] = history.current["_"]
        count = _output_count(path)
        if count is None:
            continue
        for done in history.executions:
            if done.count == count and "_" in done.writes:
                execution.reads[f"_{count}"] = done.writes["_"]


def _output_count(path: NamePath) -> int | None:
    root = root_of(path)
    if root.startswith("_") and root[1:].isdigit():
        return int(root[1:])
    if root in ("Out", "_oh") and len(path) > 1 and isinstance(path[1], Item):
        return path[1].key if isinstance(path[1].key, int) else None
    return None
