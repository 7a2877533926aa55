"""The versions of the notebook's names, kept in step with the objects that the names stand for."""

from __future__ import annotations

import functools
from types import FunctionType, ModuleType
from typing import Any

from nbtrack.capture.secrets import looks_secret
from nbtrack.provenance.digests import ValueDigest, digest_value, reach_of
from nbtrack.provenance.history import Execution, History, Version
from nbtrack.provenance.mutations import changed_in
from nbtrack.provenance.objects import MISSING, class_name, is_a, is_class, is_notebook_class, module_name
from nbtrack.provenance.paths import root_of
from nbtrack.provenance.quiet import is_quiet

_SHORT, _PLAIN_CHARS, _SHORT_BITS, _PLAIN_BITS = 24, 1000, 60, 1000
_GENERATORS = frozenset(
    {("numpy.random._generator", "Generator"), ("numpy.random.mtrand", "RandomState"), ("random", "Random")}
)
_CACHED = type(functools.lru_cache(lambda: None))
_SINGLE = (int, float, str, bool, type(None))
# Looked at when they are bound: it costs next to nothing, and they may be bound again before anybody reads them.
_AT_ONCE = (*_SINGLE, FunctionType)
_IPYTHONS = frozenset("In Out _ __ ___ _i _ii _iii _exit_code _ih _oh _dh".split())


def is_ipythons(name: str) -> bool:
    """Tell whether a name is one that IPython binds with every cell."""
    return name in _IPYTHONS or (name.startswith("_") and name.lstrip("_i").isdigit())


class Versions:
    """Makes versions of names; holds digests and identities of objects, never the objects.

    Parameters
    ----------
    history : History
    namespace : dict
        The notebook's names.
    """

    def __init__(self, history: History, namespace: dict[str, Any]) -> None:
        self._history = history
        self._namespace = namespace
        self._reaches: dict[str, tuple[Version, frozenset[int]]] = {}

    def seen(self, name: str) -> Version:
        """Return the present version of a name of the notebook, its content looked at.

        Parameters
        ----------
        name : str

        Returns
        -------
        Version
        """
        version = self._history.version(name)
        if version.value is None:
            self._look(version, self._namespace[name])
        return version

    def bound(self, name: str, execution: Execution) -> None:
        """Make the version of a name that a cell has bound.

        Parameters
        ----------
        name : str
        execution : Execution
        """
        version = self._history.bind(name, execution)
        value = self._namespace.get(name, MISSING)
        if is_a(value, *_AT_ONCE) or (is_class(value) and is_notebook_class(value, self._namespace)):
            self._look(version, value)

    def _look(self, version: Version, value: Any) -> None:
        version.value = digest_value(value, self._namespace)
        version.generator = (module_name(type(value)), class_name(type(value))) in _GENERATORS
        version.text, version.plain = _short_text(version.name, value), _plain(value)

    # --- changes in place ---------------------------------------------------------------------------------------

    def changed(self, execution: Execution, bound: set[str], kept: set[str]) -> None:
        """Find what a cell has changed in place, under whatever name, and make versions of it.

        Parameters
        ----------
        execution : Execution
        bound : set of str
            Names that it has bound; those that only stand for a changed object are taken out.
        kept : set of str
            Those of them that stand for the same object as before: ``xs += [1]``.
        """
        if is_quiet(execution.source, execution.reads, self._namespace):
            return
        changed: set[int] = set()
        looked = set(bound)
        for name, version in list(execution.reads.items()):
            if name in bound - kept or name not in self._namespace or version.value is None:
                continue
            if version.value.exact and not version.value.reach:
                continue
            looked.add(name)
            now = digest_value(self._namespace[name], self._namespace)
            # What cannot be looked into is taken as changed where the syntax says so.
            if now.digest != version.value.digest or (not now.exact and name in changed_in(execution.source)):
                changed |= now.reach | version.value.reach
                bound.discard(name)
                self._change(execution, name, now)
        if changed:
            self._change_aliases(execution, changed, looked)

    def _change(self, execution: Execution, name: str, now: ValueDigest) -> None:
        before = self._history.current.get(name)
        version = self._history.bind(name, execution, changed=True)
        version.value = now
        if before is not None:
            version.generator = before.generator
            execution.reads.setdefault(name, before)

    def _change_aliases(self, execution: Execution, changed: set[int], looked: set[str]) -> None:
        for name, version in list(self._history.current.items()):
            value = self._namespace.get(name, MISSING)
            if name in looked or is_ipythons(name) or is_a(value, *_SINGLE, ModuleType, FunctionType, type(MISSING)):
                continue
            if self._reach(name, version, value).isdisjoint(changed):
                continue
            now = digest_value(value, self._namespace)
            known = version.value
            if not now.reach.isdisjoint(changed) if known is None else now.digest != known.digest:
                self._change(execution, name, now)

    def _reach(self, name: str, version: Version, value: Any) -> frozenset[int]:
        """Return what of a value can be changed in place; what it was when somebody last looked will do."""
        if version.value is not None:
            return version.value.reach
        known = self._reaches.get(name)
        if known is None or known[0] is not version:
            known = self._reaches[name] = (version, reach_of(value, self._namespace))
        return known[1]

    # --- functions that remember --------------------------------------------------------------------------------

    def recall(self, execution: Execution) -> None:
        """Have a cell read, through functions under ``lru_cache``, what those read when they were first called.

        Parameters
        ----------
        execution : Execution
        """
        for name, version in list(execution.reads.items()):
            if version.remembered and _remembers(self._namespace.get(name)):
                execution.reads.update(version.remembered)

    def remember(self, execution: Execution) -> None:
        """Keep what functions under ``lru_cache`` have read.

        Parameters
        ----------
        execution : Execution
        """
        for name, paths in execution.reached.items():
            if name in execution.reads and _remembers(self._namespace.get(name)):
                for root in {root_of(path) for path in paths} & execution.reads.keys():
                    execution.reads[name].remembered.setdefault(root, execution.reads[root])


def _remembers(value: Any) -> bool:
    return type(value) is _CACHED and value.cache_info().currsize > 0


def _plain(value: Any) -> tuple[Any] | None:
    """Return a single value that is small enough to be kept."""
    if not is_a(value, *_SINGLE) or (type(value) is str and len(value) > _PLAIN_CHARS):
        return None
    return (value,) if type(value) is not int or value.bit_length() < _PLAIN_BITS else None


def _short_text(name: str, value: Any) -> str:
    """Return a single value as a sentence can name it; empty for a long one, and for what looks like a credential."""
    if not is_a(value, *_SINGLE):
        return ""
    if (type(value) is int and value.bit_length() > _SHORT_BITS) or (type(value) is str and len(value) > _SHORT):
        return ""
    if is_a(value, str, int) and looks_secret(name, value):
        return ""
    text = repr(value)
    return text if len(text) <= _SHORT else ""
