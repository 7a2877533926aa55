"""Deciding which values of a tracked cell are its params and metrics.

Params are the cell's own constants and the simple values that it reads from the notebook; metrics are the real numbers
that it computes. What an assignment says of its value is read from the syntax
(:mod:`nbtrack.provenance.bindings`), the values themselves from plain storage; none of the user's code is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbtrack.capture.choice import asked_metrics, asked_params, find, matches, without
from nbtrack.capture.inputs import snapshot_reads
from nbtrack.capture.marks import bound_names, snapshot_bound
from nbtrack.capture.ownvalues import OwnValues
from nbtrack.capture.parts import take_apart
from nbtrack.capture.scalars import number_of
from nbtrack.capture.simple import is_hidden, parts_as_params, sounds_like_settings
from nbtrack.capture.values import is_key
from nbtrack.provenance.cellcode import CellCode
from nbtrack.provenance.paths import NamePath, dotted, root_of
from nbtrack.records import Param

__all__ = ["Captured", "argument_params", "bound_names", "capture", "snapshot_bound", "snapshot_reads"]

_MAX_METRICS = 100
_MAX_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Captured:
    """A cell's params and metrics.

    Attributes
    ----------
    params : dict of str to Param
    metrics : dict of str to float
    problems : tuple of str
        Sentences about what was asked for by name, or is too much to take unasked.
    """

    params: dict[str, Param] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def capture(
    code: CellCode,
    *,
    read: Mapping[str, Param],
    namespace: Mapping[str, Any],
    bound: frozenset[str] | None = None,
    last_value: Any = None,
    params: Sequence[str] = (),
    metrics: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Captured:
    r"""Return a cell's params and metrics; call it after the cell ran, whole or not.

    Parameters
    ----------
    code : CellCode
    read : mapping of str to Param
        What :func:`snapshot_reads` gave.
    namespace : mapping of str to object
        The notebook's names now.
    bound : frozenset of str, optional
        What the cell has really bound, as :func:`bound_names` says; default all that it may bind.
    last_value : object
        Value of the cell's last expression; None where it has none or is silenced.
    params, metrics, ignore : sequence of str
        Names that the user wants as params, as metrics, or not at all, whatever they are; dotted ones name parts.

    Returns
    -------
    Captured

    Examples
    --------
    >>> from nbtrack.provenance.cellcode import analyse
    >>> code = analyse("C = 0.1\nscore = C * rate")
    >>> read = snapshot_reads(code, {"rate": 2})
    >>> found = capture(code, read=read, namespace={"rate": 2, "C": 0.1, "score": 0.2})
    >>> {key: param.value for key, param in found.params.items()}, found.metrics
    ({'C': 0.1, 'rate': 2}, {'score': 0.2})
    """
    own = OwnValues(code, read, namespace, bound)
    found_params = own.params | {key: param for key, param in read.items() if key not in own.params}
    found_metrics = dict(own.metrics)
    problems = list(own.problems)
    if last_value is not None:
        _add_last(code, last_value, found_metrics, problems)
    for name in params:
        asked, problem = _known(name, read), None
        if not asked or name.partition(".")[0] in code.binds:
            asked, problem = asked_params(name, find(name, namespace), namespace)
        found_params |= asked
        found_metrics = without(found_metrics, [name])
        problems += [problem] if problem else []
    for name in metrics:
        numbers, problem = asked_metrics(name, find(name, namespace))
        if numbers:
            found_params = without(found_params, [name])
        found_metrics |= numbers
        problems += [problem] if problem else []
    problems = [text for text in problems if not any(text.startswith(f"{name} ") for name in (*ignore, *metrics))]
    return Captured(without(found_params, ignore), without(found_metrics, ignore), tuple(problems))


def _known(name: str, params: Mapping[str, Param]) -> dict[str, Param]:
    return {key: param for key, param in params.items() if matches(key, [name])}


def _add_last(code: CellCode, value: Any, metrics: dict[str, float], problems: list[str]) -> None:
    """Add the number or mapping that ends the cell, unless it is known under a name already."""
    path = code.last_path
    if code.last_expression is None or code.last_constant or (path is not None and _is_known(path, code)):
        return
    number = number_of(value)
    if number is not None:
        name = dotted(path) if path is not None and len(path) == 1 else _shortened(code.last_expression)
        if is_key(name):
            metrics[name] = number
        return
    words = code.last_expression.rpartition(".")[2].partition("(")[0]
    parts = None if sounds_like_settings(words) else take_apart(value, _MAX_METRICS)
    if parts is not None and not parts.complete:
        problems.append(
            f"{_shortened(code.last_expression)} has more than {_MAX_METRICS} values: none was taken. "
            "Log those that matter with nbtrack.log_metrics."
        )
        return
    for key, leaf in parts.leaves if parts is not None else ():
        number = number_of(leaf)
        if number is not None and is_key(key):
            metrics.setdefault(key, number)


def _is_known(path: NamePath, code: CellCode) -> bool:
    """Tell whether the last expression shows what the cell bound or read anyway, or what is nobody's business."""
    name = root_of(path)
    return (name in code.binds and len(path) == 1) or path in code.inputs or is_hidden(name)


def _shortened(expression: str) -> str:
    return expression if len(expression) <= _MAX_NAME_CHARS else expression[: _MAX_NAME_CHARS - 1] + "…"


def argument_params(arguments: Mapping[str, Any], only: Sequence[str] | None = None) -> dict[str, Param]:
    """Return the arguments of a tracked function that are params.

    Parameters
    ----------
    arguments : mapping of str to object
    only : sequence of str, optional
        Just these, whatever they are.

    Returns
    -------
    dict of str to Param
        Simple values, small lists and tuples of them, and the parts of small dicts and records.

    Examples
    --------
    >>> argument_params({"C": 0.1, "X": object()})
    {'C': Param(text='0.1', type='float')}
    """
    found: dict[str, Param] = {}
    for name, value in arguments.items():
        if only is not None:
            found |= asked_params(name, value, {})[0] if name in only else {}
        elif not is_hidden(name):
            parts_as_params(name, value, {}, found)
    return found
