"""What a tracked cell reads of the notebook, taken before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbtrack.capture.containers import param_of
from nbtrack.capture.simple import is_hidden, parts_as_params
from nbtrack.provenance.cellcode import CellCode
from nbtrack.provenance.fields import part
from nbtrack.provenance.functions import reached_paths
from nbtrack.provenance.objects import MISSING, mapping_items
from nbtrack.provenance.paths import NamePath, dotted, root_of
from nbtrack.records import Param


def snapshot_reads(code: CellCode, namespace: Mapping[str, Any]) -> dict[str, Param]:
    """Take the simple values that a cell is about to read from the notebook; call it before the cell runs.

    Parameters
    ----------
    code : CellCode
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    dict of str to Param
        Attributes and items are dotted: ``cfg.lr``.

    Examples
    --------
    >>> from nbtrack.provenance.cellcode import analyse
    >>> snapshot_reads(analyse("fit(cfg.lr)"), {"cfg": {"lr": 0.1}, "lr": 3})
    {'cfg.lr': Param(text='0.1', type='float')}
    """
    found: dict[str, Param] = {}
    stored = frozenset(dotted(path) for path in code.stores)
    roots = dict.fromkeys(root_of(path) for path in (*code.inputs, *code.changes))
    for path in code.inputs:
        if root_of(path) not in code.counters:
            _read(path, namespace, stored, found)
    for name in roots:
        for path in reached_paths(namespace[name], namespace) if name in namespace else ():
            # What the cell binds itself is its own by the time the function runs.
            if root_of(path) not in code.binds:
                _read(path, namespace, stored, found)
    return found


def _read(path: NamePath, namespace: Mapping[str, Any], stored: frozenset[str], found: dict[str, Param]) -> None:
    name = root_of(path)
    value = namespace.get(name, MISSING)
    if value is MISSING or is_hidden(name):
        return
    key = name
    for step in path[1:]:
        inner = part(value, step, namespace)
        if inner is MISSING:
            if param_of(value) is None and (not isinstance(step, str) or mapping_items(value, namespace) is None):
                return
            # A method: name.upper(), cfg.items(). What it belongs to is what is read.
            break
        value, key = inner, f"{key}.{step if isinstance(step, str) else step.key}"
    else:
        stored = stored - {key}
    parts_as_params(key, value, namespace, found, skip=stored)
