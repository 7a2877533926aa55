"""How what two runs ran in differs: packages, Python and platform, variables, git."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbtrack.provenance.differences import IMPORTED_ALONE_RANK, RANKS
from nbtrack.provenance.pairing import Both, Findings, shown
from nbtrack.provenance.python import as_python, parse
from nbtrack.records import CellExecution, RunRecord

_VARIABLES = "variables"
# Compared by themselves, or nothing that numbers depend on.
_ELSEWHERE = frozenset({"packages", "git", "editable", "local", "user", "notebook"})
# Imported by nbtrack itself, sooner or later: a table or a chart between two runs explains nothing.
_OWN = frozenset(
    "ipywidgets anywidget comm duckdb psygnal plotly narwhals pillow tqdm pandas numpy python-dateutil pytz tzdata six "
    "nbclient nbformat fastjsonschema jsonschema jsonschema-specifications referencing rpds-py attrs".split()
)
# Distributions that are imported by another name.
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn", "skimage": "scikit-image", "cv2": "opencv-python", "pil": "pillow", "yaml": "pyyaml",
    "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "umap": "umap-learn",
}  # fmt: skip


def of_packages(both: Both, found: Findings) -> None:
    """Compare the versions of the packages that were imported; those that the slices import come first."""
    a, b = _mapping(both.a, "packages"), _mapping(both.b, "packages")
    if a is None or b is None:
        lacking = both.lacking(a is not None, b is not None)
        found.unknown("package", "packages", f"the packages of {lacking} are not known")
        return
    named = _imported(both.a) | _imported(both.b)
    moving = {name for record in (both.a, both.b) for name in _listed(record, "editable") + _listed(record, "local")}
    for name in sorted({**a, **b}):
        rank, alone = (RANKS["package"], RANKS["package"] + 2)
        if plain_name(name) not in named:
            rank, alone = RANKS["package"] + 5, IMPORTED_ALONE_RANK
        if name not in a or name not in b:
            if plain_name(name) in _OWN - named:
                continue
            where = both.names[0 if name in a else 1]
            sentence = f"{name} {a.get(name) or b.get(name)} was imported only in {where}"
            found.differ("package", name, a.get(name), b.get(name), sentence, rank=alone)
        elif a[name] != b[name]:
            found.differ("package", name, a[name], b[name], f"{name} {a[name]} → {b[name]}", rank=rank)
        elif name in moving:
            sentence = f"{name} {a[name]} is installed from a folder whose code can have changed"
            found.unknown("package", name, sentence, a[name], b[name])
        else:
            found.equal("package", name)


def _imported(record: RunRecord) -> set[str]:
    """Return the distributions that the slice's cells import, as far as their names tell."""
    return set(map(distribution_of, modules_imported(record.provenance.slice)))


def modules_imported(executions: Iterable[CellExecution]) -> Iterator[str]:
    """Yield the top-level modules that cells import by name.

    Parameters
    ----------
    executions : iterable of CellExecution

    Yields
    ------
    str
        Again for each import.
    """
    for execution in executions:
        source = execution.source or ""
        tree = parse(as_python(source)) if "import" in source else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def distribution_of(module: str) -> str:
    """Return the plain name of the distribution that a top-level module is of, as far as its name tells."""
    return plain_name(_DISTRIBUTIONS.get(module.lower(), module))


def plain_name(name: str) -> str:
    """Return a distribution's name in the one way of writing it."""
    return name.lower().replace("_", "-").replace(".", "-")


def of_environment(both: Both, found: Findings) -> None:
    """Compare Python, platform, hardware and the kept environment variables."""
    a, b = both.a.provenance.environment, both.b.provenance.environment
    if not a or not b:
        lacking = both.lacking(bool(a), bool(b))
        found.unknown("environment", "environment", f"the Python and platform of {lacking} are not known")
        return
    for key in {**a, **b}:
        if key in _ELSEWHERE:
            continue
        if key == _VARIABLES:
            _of_variables(both, found)
        elif a.get(key) is None or b.get(key) is None:
            if a.get(key) is not None or b.get(key) is not None:
                lacking = both.lacking(a.get(key) is not None, b.get(key) is not None)
                found.unknown(
                    "environment", key, f"the {_words(key)} of {lacking} is not known", a.get(key), b.get(key)
                )
        elif a[key] != b[key]:
            found.differ("environment", key, a[key], b[key], f"{_words(key)} {_text(a[key])} → {_text(b[key])}")
        else:
            found.equal("environment", key)


def _of_variables(both: Both, found: Findings) -> None:
    a, b = _mapping(both.a, _VARIABLES), _mapping(both.b, _VARIABLES)
    if a is None or b is None:
        lacking = both.lacking(a is not None, b is not None)
        found.unknown("environment", _VARIABLES, f"the environment variables of {lacking} are not known")
        return
    for name in sorted({**a, **b}):
        if a.get(name) == b.get(name):
            found.equal("environment", name)
        else:
            words = ["not set" if value is None else shown(value) for value in (a.get(name), b.get(name))]
            found.differ("environment", name, a.get(name), b.get(name), f"{name}: {words[0]} → {words[1]}")


def of_git(both: Both, found: Findings) -> None:
    """Compare commit, branch and what was not committed."""
    a, b = _mapping(both.a, "git"), _mapping(both.b, "git")
    known = [state is not None and "commit" in state for state in (a, b)]
    if a is None or b is None or not all(known):
        found.unknown("git", "git", f"of {both.lacking(*known)} no commit is known")
        return
    for key, short in (("commit", 10), ("branch", 60), ("remote", 80)):
        if a.get(key) == b.get(key):
            found.equal("git", key)
        else:
            words = ["none" if value is None else str(value)[:short] for value in (a.get(key), b.get(key))]
            found.differ("git", key, a.get(key), b.get(key), f"{key} {words[0]} → {words[1]}")
    dirty = [state.get("dirty") for state in (a, b)]
    if None in dirty:
        found.unknown(
            "git", "dirty", f"whether {both.lacking(*(d is not None for d in dirty))} had changes is not known"
        )
    elif dirty[0] != dirty[1]:
        sentence = f"only {both.names[0 if dirty[0] else 1]} had changes that were not committed"
        found.differ("git", "dirty", dirty[0], dirty[1], sentence)
    elif dirty[0]:
        _of_changes(found, a, b)
    else:
        found.equal("git", "dirty")


def _of_changes(found: Findings, a: Mapping[str, Any], b: Mapping[str, Any]) -> None:
    """Compare what was not committed; of the same commit, packed diffs tell, unless they were cut."""
    diffs = [state.get("diff") for state in (a, b)]
    sizes = [state.get("diff_bytes") for state in (a, b)]
    if None in diffs or a.get("commit") != b.get("commit"):
        found.unknown("git", "dirty", "both had changes that were not committed; how these differ is not known")
    elif diffs[0] != diffs[1] or sizes[0] != sizes[1]:
        # Packed, they are nothing to read; that they differ is what counts.
        found.differ("git", "dirty", True, True, "the changes that were not committed differ")
    else:
        found.equal("git", "dirty")


def _mapping(record: RunRecord, key: str) -> Mapping[str, Any] | None:
    value = record.provenance.environment.get(key)
    return value if isinstance(value, Mapping) else None


def _listed(record: RunRecord, key: str) -> list[str]:
    value = record.provenance.environment.get(key)
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _words(key: str) -> str:
    return {"python": "Python", "cpu": "CPU", "cpu_count": "number of CPUs", "gpus": "GPUs"}.get(key, key)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else shown(value)
