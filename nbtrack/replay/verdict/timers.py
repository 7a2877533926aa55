"""Metrics that say how long something took, which nobody expects to come back."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nbtrack.provenance.aliases import imported, in_full
from nbtrack.provenance.clocks import CLOCKS, called
from nbtrack.provenance.python import as_python, parse
from nbtrack.records import RunRecord
from nbtrack.replay.recipe import Recipe

# Said of a duration whatever the code looks like that measures it.
_OF_DURATIONS = frozenset("s sec ms msec us ns min max mean avg median std total sum per epoch step".split())
_UNITS_S = {"ms": 1e-3, "msec": 1e-3, "millis": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "ns": 1e-9}
_SLACK_S = 0.1
# Functions that a time goes through and stays one.
_KEEPING = frozenset("round float int abs min max sum mean median".split())
_DURATIONS = frozenset("time times seconds secs elapsed duration runtime latency walltime".split())


def timers_of(metrics: Iterable[str], sources: Sequence[str], longest_s: float | None = None) -> frozenset[str]:
    r"""Return the metrics that say how long something took, by the code that measures them or by their names.

    Parameters
    ----------
    metrics : iterable of str
        With their values where it is a mapping.
    sources : sequence of str
        The cells that ran, the one that gives them last.
    longest_s : float, optional
        What the cells took: no longer time can have been measured, whatever a metric is called.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> sorted(timers_of(["took", "accuracy", "fit_time"], ["t0 = time.time()", "took = time.time() - t0"]))
    ['fit_time', 'took']
    """
    keys = list(metrics)
    measured, _ = _times(parsed(sources))
    values: Mapping[str, float] = metrics if isinstance(metrics, Mapping) else {}
    return frozenset(
        key
        for key in keys
        if key in measured
        or key.partition(".")[0] in measured
        or (_says_duration(key) and _may_be_duration(key, values.get(key), longest_s))
    )


def parsed(sources: Iterable[str]) -> list[ast.Module]:
    """Return the syntax of cells, but for those that are no Python."""
    return [tree for tree in (parse(as_python(source)) for source in sources) if tree is not None]


def clocks_of(trees: Sequence[ast.Module]) -> frozenset[str]:
    """Return the names that readings of clocks and durations go into.

    Parameters
    ----------
    trees : sequence of ast.Module
        The cells that ran, in order.

    Returns
    -------
    frozenset of str
    """
    measured, clocks = _times(trees)
    return frozenset(measured | clocks)


def _times(trees: Sequence[ast.Module]) -> tuple[set[str], set[str]]:
    names = imported(trees)
    measured, clocks = set[str](), set[str]()
    for tree in trees:
        # A name means what the latest cell has made of it.
        bound = set(_bound(tree))
        measured, clocks = measured - bound, clocks - bound
        _measure(in_full(tree, names, CLOCKS), measured, clocks)
    return measured, clocks


def longest_s(record: RunRecord, recipe: Recipe) -> float:
    """Return the longest time that a run can have measured.

    Parameters
    ----------
    record : RunRecord
    recipe : Recipe
        What it depends on, where times may have been measured as well.

    Returns
    -------
    float
    """
    return max(record.info.duration_s or 0.0, recipe.recorded_s)


def _may_be_duration(key: str, value: float | None, longest_s: float | None) -> bool:
    if value is None or longest_s is None:
        return True
    unit_s = next((unit for word, unit in _UNITS_S.items() if word in _words_of(key)), 1.0)
    # Of several processes or turns, times may be added up.
    return 0 <= value * unit_s <= 2 * longest_s + _SLACK_S


def _words_of(key: str) -> list[str]:
    return key.lower().replace(".", "_").split("_")


def _says_duration(key: str) -> bool:
    words = _words_of(key)
    while len(words) > 1 and words[-1] in _OF_DURATIONS:
        words.pop()
    # Of a real_time_accuracy it is not the time that is measured.
    return words[-1] in _DURATIONS


def _measure(tree: ast.AST, found: set[str], clocks: set[str]) -> None:
    """Add the names that readings of clocks go into, those that durations do, and the metrics that one is logged as."""
    made = list(assignments(tree))
    for _ in range(len(made) + 1):
        before = len(clocks) + len(found)
        for names, value in made:
            if _reads_clock(value):
                clocks.update(names)
            if isinstance(value, ast.Dict):
                found.update(f"{name}.{key}" for name in names for key in _measured_keys(value, clocks, found))
            elif _is_duration(value, clocks, found):
                found.update(names)
        if len(clocks) + len(found) == before:
            break
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[ast.Constant(value=str(key)), value, *_]) if called(node).endswith("log_metric"):
                if _is_duration(value, clocks, found):
                    found.add(key)


def _measured_keys(value: ast.Dict, clocks: set[str], found: set[str]) -> Iterator[str]:
    for key, item in zip(value.keys, value.values, strict=True):
        if isinstance(key, ast.Constant) and _is_duration(item, clocks, found):
            yield str(key.value)


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name


def assignments(tree: ast.AST) -> Iterator[tuple[list[str], ast.expr]]:
    """Yield the names that code assigns to, and what it assigns to them."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(
                values
            ):
                yield from (
                    ([target.id], value)
                    for target, value in zip(targets, values, strict=True)
                    if isinstance(target, ast.Name)
                )
            case ast.Assign(targets=targets, value=value):
                yield [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)], value
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                | ast.NamedExpr(target=ast.Name(id=name), value=value)
                | ast.AugAssign(target=ast.Name(id=name), value=value)
            ):
                yield [name], value


def _reads_clock(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and called(value) in CLOCKS


def _is_duration(value: ast.expr, clocks: set[str], found: set[str]) -> bool:
    """Tell whether a value is the difference of two readings of a clock, or reckoned from one.

    Not whether a function got to see one: what that gives is no time.
    """
    match value:
        case ast.Name(id=name):
            return name in found
        case ast.BinOp(left=left, op=op, right=right):
            if isinstance(op, ast.Sub) and _is_reading(left, clocks) and _is_reading(right, clocks):
                return True
            return _is_duration(left, clocks, found) or _is_duration(right, clocks, found)
        case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner):
            return _is_duration(inner, clocks, found)
        case ast.Call(func=ast.Attribute(value=ast.expr() as inner)) if _is_duration(inner, clocks, found):
            return True
        case ast.Call(args=[first, *_]):
            return called(value).rpartition(".")[2] in _KEEPING and _is_duration(first, clocks, found)
        case _:
            return False


def _is_reading(value: ast.expr, clocks: set[str]) -> bool:
    match value:
        case ast.Name(id=name):
            return name in clocks
        case ast.Subscript(value=inner):
            return _is_reading(inner, clocks)
        case ast.BinOp(left=left, right=right):
            return _is_reading(left, clocks) or _is_reading(right, clocks)
        case _:
            return _reads_clock(value)
