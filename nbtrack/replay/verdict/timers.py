"""Metrics that say how long something took, which nobody expects to come back."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from nbtrack.provenance.chance import CLOCKS, called
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


def timers_of(metrics: Iterable[str], source: str, longest_s: float | None = None) -> frozenset[str]:
    r"""Return the metrics that say how long something took, by the code that measures them or by their names.

    Parameters
    ----------
    metrics : iterable of str
        With their values where it is a mapping.
    source : str
        The cell that gives them.
    longest_s : float, optional
        What the cells took: no longer time can have been measured, whatever a metric is called.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> sorted(timers_of(["took", "accuracy", "fit_time"], "t0 = time.time()\ntook = time.time() - t0"))
    ['fit_time', 'took']
    """
    keys = list(metrics)
    tree = parse(as_python(source))
    measured = _measured(tree) if tree is not None else set()
    values: Mapping[str, float] = metrics if isinstance(metrics, Mapping) else {}
    return frozenset(
        key
        for key in keys
        if key in measured
        or key.partition(".")[0] in measured
        or (_says_duration(key) and _may_be_duration(key, values.get(key), longest_s))
    )


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


def _measured(tree: ast.AST) -> set[str]:
    """Return the names that a duration goes into, and the metrics that one is logged as."""
    clocks: set[str] = set()
    found: set[str] = set()
    assignments = list(_assignments(tree))
    for _ in range(len(assignments) + 1):
        before = len(clocks) + len(found)
        for names, value in assignments:
            if _reads_clock(value):
                clocks.update(names)
            if isinstance(value, ast.Dict):
                found.update(f"{name}.{key}" for name in names for key in _measured_keys(value, clocks, found))
            elif _is_duration(value, clocks) or _comes_of(value, found):
                found.update(names)
        if len(clocks) + len(found) == before:
            break
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[ast.Constant(value=str(key)), value, *_]) if called(node).endswith("log_metric"):
                if _is_duration(value, clocks) or _comes_of(value, found):
                    found.add(key)
    return found


def _measured_keys(value: ast.Dict, clocks: set[str], found: set[str]) -> Iterator[str]:
    for key, item in zip(value.keys, value.values, strict=True):
        if isinstance(key, ast.Constant) and (_is_duration(item, clocks) or _comes_of(item, found)):
            yield str(key.value)


def _comes_of(value: ast.expr, names: set[str]) -> bool:
    """Tell whether a value is one of these, reckoned with: not whether a function got to see one."""
    match value:
        case ast.Name(id=name):
            return name in names
        case ast.BinOp(left=left, right=right):
            return _comes_of(left, names) or _comes_of(right, names)
        case ast.UnaryOp(operand=operand):
            return _comes_of(operand, names)
        case ast.Call(args=[first, *_]):
            return called(value).rpartition(".")[2] in _KEEPING and _comes_of(first, names)
        case _:
            return False


def _assignments(tree: ast.AST) -> Iterator[tuple[list[str], ast.expr]]:
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


def _is_duration(value: ast.expr, clocks: set[str]) -> bool:
    """Tell whether a value is made with the difference of two readings of a clock."""
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Sub)
        and all(_reads_clock(side) or _mentions(side, clocks) for side in (part.left, part.right))
        for part in ast.walk(value)
    )


def _mentions(value: ast.expr, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(value))
