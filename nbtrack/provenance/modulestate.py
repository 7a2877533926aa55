"""Options that cells set on modules, and environment variables, as variables: ``module:sklearn``, ``env:DATA_DIR``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from nbtrack.provenance.digests import digest_text, plain_digest
from nbtrack.provenance.history import Execution, History
from nbtrack.provenance.objects import module_name
from nbtrack.provenance.paths import NamePath, dotted

# Libraries that show and tell; and options that say how.
_SHOWING = frozenset("matplotlib seaborn plotly IPython warnings logging bokeh altair rich tqdm sys nbtrack".split())
_SHOWING_WORDS = ("display", "print", "plotting", "warn", "verbos", "style", "rcParams", "figure")
_SETTERS = frozenset("set_config set_option set_default_dtype set_options use set_float32_matmul_precision".split())


def module_reads(execution: Execution, namespace: Mapping[str, Any], history: History) -> None:
    """Add to an execution's reads the options and environment variables that it may use and some cell has set.

    Parameters
    ----------
    execution : Execution
    namespace : mapping of str to object
        The notebook's names.
    history : History
    """
    for name, version in history.current.items():
        if ":" not in name:
            continue
        if name.startswith("env:"):
            if name[4:] in execution.source:
                execution.reads[name] = version
        elif name.startswith("module:"):
            module = name[7:]
            if any(_belongs(namespace.get(read), module) for read in execution.reads):
                execution.reads.setdefault(name, version)


def _belongs(value: Any, module: str) -> bool:
    home = value.__dict__.get("__name__", "") if type(value) is ModuleType else module_name(type(value))
    if issubclass(type(value), type) or (home in ("builtins",) and hasattr(type(value), "__code__")):
        home = value.__module__
    return isinstance(home, str) and (home == module or home.startswith(module + "."))


_OWN = type(os.environ)
_TYPED = ("getpass", "input(")
_before_cells: dict[str, str | None] = {}

Environment = Mapping[Any, Any]
"""The environment variables as the process holds them: encoded, on most systems."""


def environment_snapshot() -> Environment:
    """Return the process's environment variables; decoding them all would cost more than anything else of a cell."""
    # Somebody may have put something else in its place.
    held = os.environ.__dict__.get("_data") if type(os.environ) is _OWN else None
    return dict(held) if type(held) is dict else {}


def variables_before_cells() -> Mapping[str, str | None]:
    """Return what environment variables were before cells of this process set them: a fresh kernel has them so.

    Returns
    -------
    dict of str to (str or None)
        None of those that there were not. What somebody typed in is left out: nobody can type it in again.
    """
    return dict(_before_cells)


def module_writes(
    execution: Execution, namespace: Mapping[str, Any], history: History, environment: Environment
) -> None:
    """Make versions of the options and environment variables that an execution has set.

    Parameters
    ----------
    execution : Execution
    namespace : mapping of str to object
        The notebook's names.
    history : History
    environment : mapping
        What :func:`environment_snapshot` gave before it ran.
    """
    for key in _set_variables(execution, environment):
        if not any(word in execution.source for word in _TYPED):
            before = environment.get(key, environment.get(os.fsencode(key)))
            _before_cells.setdefault(key, None if before is None else os.fsdecode(before))
        history.bind(f"env:{key}", execution).value = plain_digest(digest_text(os.environ.get(key, "")))
    for variable in _written(execution, namespace):
        known = history.current.get(variable)
        history.bind(variable, execution)
        if known is not None:
            execution.reads.setdefault(variable, known)


def _set_variables(execution: Execution, environment: Environment) -> list[str]:
    """Return the variables that a cell has set, also to what they were; but for those that nbtrack sets itself."""
    now = environment_snapshot()
    mentioned = "environ[" in execution.source
    if not mentioned and now == environment:
        return []
    source = execution.source.replace('"', "'")
    found = []
    for key in environment.keys() | now.keys():
        name = os.fsdecode(key)
        if environment.get(key) != now.get(key) or (key in now and f"environ[{name!r}] =" in source):
            found.append(name)
    return sorted(name for name in found if name != "PYTHONHASHSEED")


def _written(execution: Execution, namespace: Mapping[str, Any]) -> Iterator[str]:
    code = execution.code
    if code is None:
        return
    found: dict[str, None] = {}
    # np.append(a, b) changes nothing of the module, as a list's would.
    for path in (*code.stores, *(path for path in code.changes if len(path) > 1)):
        module = namespace.get(str(path[0]))
        if type(module) is not ModuleType or module is os:
            continue
        home = module.__name__
        if home.partition(".")[0] not in _SHOWING and not any(word in dotted(path) for word in _SHOWING_WORDS):
            found[f"module:{home}"] = None
    for path in code.read_paths:
        if _sets(path, namespace, execution.source):
            found[f"module:{namespace[str(path[0])].__name__}"] = None
    yield from found


def _sets(path: NamePath, namespace: Mapping[str, Any], source: str) -> bool:
    module = namespace.get(str(path[0]))
    if len(path) != 2 or path[1] not in _SETTERS or type(module) is not ModuleType:
        return False
    return module.__name__.partition(".")[0] not in _SHOWING and not any(word in source for word in _SHOWING_WORDS)
