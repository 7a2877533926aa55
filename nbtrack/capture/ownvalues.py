"""Sorting what a cell bound itself into params and metrics, after it ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbtrack.capture.marks import value_at
from nbtrack.capture.parts import Parts, take_apart
from nbtrack.capture.scalars import number_of
from nbtrack.capture.secrets import looks_secret
from nbtrack.capture.simple import add_param, is_hidden, sounds_like_settings
from nbtrack.capture.values import is_key
from nbtrack.provenance.bindings import CONSTANT, Binding, Kind, Source
from nbtrack.provenance.cellcode import CellCode
from nbtrack.provenance.objects import MISSING, attribute, is_a, is_class
from nbtrack.provenance.paths import dotted, root_of
from nbtrack.records import Param

_MAX_LEAVES = 100


class OwnValues:
    """The values that a cell bound, sorted.

    Parameters
    ----------
    code : CellCode
    read : mapping of str to Param
        What the cell read of the notebook.
    namespace : mapping of str to object
        The notebook's names after the cell.
    bound : frozenset of str or None
        What it has really bound; None for all that it may bind.

    Attributes
    ----------
    params : dict of str to Param
    metrics : dict of str to float
    problems : list of str
    """

    def __init__(
        self, code: CellCode, read: Mapping[str, Param], namespace: Mapping[str, Any], bound: frozenset[str] | None
    ) -> None:
        self.params: dict[str, Param] = {}
        self.metrics: dict[str, float] = {}
        self.problems: list[str] = []
        self._code = code
        self._read = read
        self._namespace = namespace
        for name, binding in code.bindings.items():
            value = namespace.get(name, MISSING)
            if value is MISSING or is_hidden(name) or name in code.counters:
                continue
            if bound is None or name in bound:
                self._take(name, value, binding)
            elif name in code.reads:
                # Bound in a branch that was not taken, and read: what was read is the notebook's.
                add_param(name, value, self.params)
        for path, binding in code.stores.items():
            value = value_at(path, namespace)
            if value is not MISSING and not is_hidden(root_of(path)) and (bound is None or dotted(path) in bound):
                self._take(dotted(path), value, binding)

    def _take(self, key: str, value: Any, binding: Binding) -> None:
        parts = take_apart(value, _MAX_LEAVES, self._namespace)
        if parts is None:
            self._take_leaf(key, value, binding)
        elif not parts.complete:
            if binding.kind >= Kind.CLOCK and number_of(parts.leaves[0][1]) is not None:
                self.problems.append(
                    f"{key} has more than {_MAX_LEAVES} values: none was taken. Ask for it with --metrics {key}, or "
                    "log those that matter with nbtrack.log_metrics."
                )
        else:
            self._take_parts(key, parts, self._for_record(value, binding), sounds_like_settings(key))

    def _take_parts(self, key: str, parts: Parts, binding: Binding, settings: bool) -> None:
        for name, leaf in parts.leaves:
            known = binding.leaf(name)
            if settings and known.kind is Kind.COMPUTED:
                known = CONSTANT
            if not name.startswith("_"):
                self._take_leaf(f"{key}.{name}", leaf, known)

    def _for_record(self, value: Any, binding: Binding) -> Binding:
        """Return what is known of a record's fields: ``Config(lr=0.1)`` tells of them if ``Config`` is its class."""
        if binding.record is None:
            return binding
        made_by = self._namespace.get(root_of(binding.record), MISSING)
        for step in binding.record[1:]:
            made_by = attribute(made_by, step) if isinstance(step, str) else MISSING
        return binding if made_by is type(value) and is_class(made_by) else Binding(Kind.COMPUTED)

    def _take_leaf(self, key: str, value: Any, binding: Binding) -> None:
        kind = binding.kind
        if kind is Kind.INPUT and not all(self._comes_in(source, set()) for source in binding.sources):
            kind = Kind.COMPUTED
        if kind is Kind.CONSTANT:
            # A list that has other items than its literal was filled by the cell: it is data.
            filled = binding.length is not None and is_a(value, list, set) and len(value) != binding.length
            if not filled and (key,) not in self._code.changes:
                add_param(key, value, self.params, literal=True)
        elif kind is Kind.INPUT:
            probe = value if is_a(value, int, float, bool) else ""
            if not any(self._is_secret(source, probe, set()) for source in binding.sources):
                add_param(key, value, self.params)
        elif kind is Kind.COMPUTED:
            number = number_of(value)
            if number is not None and is_key(key):
                self.metrics[key] = number

    def _is_secret(self, source: Source, value: Any, seen: set[str]) -> bool:
        """Tell whether a value is a credential under another name."""
        name = root_of(source.path)
        if looks_secret(dotted(source.path), value):
            return True
        binding = self._code.bindings.get(name)
        if binding is None or name in seen:
            return False
        return any(self._is_secret(deeper, value, seen | {name}) for deeper in binding.sources)

    def _comes_in(self, source: Source, seen: set[str]) -> bool:
        """Tell whether what a value was taken from is a constant of the cell or an input, in the end."""
        name = root_of(source.path)
        whole = len(source.path) == 1 or not source.exact
        if name not in self._code.binds:
            return whole or dotted(source.path) in self._read
        binding = self._code.bindings.get(name)
        if binding is None or name in self._code.counters or name in seen:
            return binding is None and name in self._code.imports and not source.exact
        if not whole:
            binding = binding.leaf(dotted(source.path[1:]))
        inner = [self._comes_in(deeper, seen | {name}) for deeper in binding.sources]
        return binding.kind is Kind.CONSTANT or (binding.kind is Kind.INPUT and all(inner))
