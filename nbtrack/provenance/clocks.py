"""What code does with clocks: whether what they show decides anything, or only says how long something took."""

from __future__ import annotations

import ast
from collections.abc import Mapping

CLOCKS = frozenset(
    "time.time time.time_ns time.perf_counter time.perf_counter_ns time.monotonic time.process_time "
    "datetime.now datetime.utcnow datetime.today datetime.datetime.now datetime.datetime.utcnow date.today dt.now "
    "datetime.date.today datetime.datetime.today pd.Timestamp.now pandas.Timestamp.now Timestamp.now "
    "perf_counter monotonic time.ctime time.localtime time.gmtime time.strftime dt.datetime.now dt.date.today "
    "pd.Timestamp.today pd.Timestamp.utcnow default_timer timeit.default_timer".split()
)
"""Calls that read a clock."""
_MOMENTS = frozenset("Timestamp datetime64 to_datetime".split())
_TELLING = frozenset("print display debug info warning log format write set_description set_postfix".split())


def called(node: ast.Call) -> str:
    """Return the dotted name that a call calls; empty where it is none."""
    steps: list[str] = []
    function: ast.expr = node.func
    while isinstance(function, ast.Attribute):
        steps.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return ""
    return ".".join([function.id, *reversed(steps)])


def reads_clock(call: ast.Call) -> bool:
    """Tell whether a call reads a clock: by its name, or by a word as ``np.datetime64("now")`` does."""
    if called(call) in CLOCKS:
        return True
    match call:
        case ast.Call(args=[ast.Constant(value="now" | "today"), *_]):
            return called(call).rpartition(".")[2] in _MOMENTS
        case _:
            return False


def only_measures(call: ast.AST, parents: Mapping[ast.AST, ast.AST], whole: ast.AST) -> bool:
    """Tell whether a reading of a clock is only told, or compared with another one.

    Parameters
    ----------
    call : ast.AST
    parents : mapping of AST to AST
        Of every node of ``whole`` the one that it is a part of.
    whole : ast.AST
        All code that may go on with the reading.

    Returns
    -------
    bool
    """
    if is_told(call, parents):
        return True
    parent = parents.get(call)
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub):
        return _is_duration(call, parents, whole)
    if isinstance(parent, ast.Assign | ast.NamedExpr | ast.AnnAssign):
        target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
        if isinstance(target, ast.Name):
            uses = [
                part
                for part in ast.walk(whole)
                if isinstance(part, ast.Name) and part.id == target.id and isinstance(part.ctx, ast.Load)
            ]
            return all(_is_duration(use, parents, whole) or is_told(use, parents) for use in uses)
    return isinstance(parent, ast.Expr)


def _is_duration(node: ast.AST, parents: Mapping[ast.AST, ast.AST], whole: ast.AST) -> bool:
    """Tell whether a reading of a clock is only compared with another one, and that decides nothing.

    The time since a date that the data have, an age, is other tomorrow.
    """
    parent = parents.get(node)
    if not (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub)) or _decides(parent, parents):
        return False
    other = parent.right if parent.left is node else parent.left
    return _may_be_reading(other, whole)


def _may_be_reading(value: ast.expr, whole: ast.AST) -> bool:
    """Tell whether a value may be a reading of a clock; so it may where nothing is known of it."""
    timed, bound = _clock_names(whole)
    inside = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
    if inside & timed or _holds_reading(value):
        return True
    root = value
    while isinstance(root, ast.Subscript | ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id not in bound


def _clock_names(whole: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names in which readings of clocks are kept, and all names that something is assigned to."""
    timed: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(whole):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            # What an item or an attribute is given does not say what the whole is.
            bound |= {part.id for part in names if isinstance(part.ctx, ast.Store)}
            if _is_reading(node.value):
                timed |= {part.id for part in names}
    return timed, bound


def _is_reading(value: ast.expr) -> bool:
    match value:
        case ast.Tuple(elts=parts):
            return any(map(_is_reading, parts))
        case ast.Call() if reads_clock(value):
            return True
        case ast.Call(func=ast.Name(id="round" | "float" | "int"), args=[first, *_]):
            return _is_reading(first)
        case _:
            return False


def _holds_reading(value: ast.expr) -> bool:
    return any(isinstance(part, ast.Call) and reads_clock(part) for part in ast.walk(value))


def _decides(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Tell whether a duration decides what runs: ``while time.time() - t0 < 10``."""
    while (parent := parents.get(node)) is not None and isinstance(parent, ast.expr):
        node = parent
    return isinstance(parent, ast.While | ast.If | ast.IfExp) and parent.test is node


def is_told(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Tell whether a value is only printed or logged."""
    while (parent := parents.get(node)) is not None:
        if isinstance(parent, ast.Call) and parent.func is not node and _tells(parent):
            return True
        if isinstance(parent, ast.stmt):
            return False
        node = parent
    return False


def _tells(call: ast.Call) -> bool:
    return called(call).rpartition(".")[2] in _TELLING
