"""What code does with clocks: whether what they show decides anything, or only says how long something took."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Part:
    """What matters here of a statement; looked at once, since a notebook's cells are asked about with every run.

    Attributes
    ----------
    parents : dict of AST to AST
        Of every node the one that it is a part of.
    uses : dict of str to list of ast.Name
        Where names are read.
    timed : set of str
        Names in which readings of clocks are kept.
    bound : set of str
        Names that something is assigned to.
    """

    parents: dict[ast.AST, ast.AST]
    uses: dict[str, list[ast.Name]]
    timed: set[str]
    bound: set[str]


@functools.lru_cache(maxsize=4096)
def part_of(statement: ast.AST) -> Part:
    """Return what matters here of a statement."""
    parents: dict[ast.AST, ast.AST] = {}
    uses: dict[str, list[ast.Name]] = {}
    timed: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(statement):
        parents.update((child, node) for child in ast.iter_child_nodes(node))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses.setdefault(node.id, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            # What an item or an attribute is given does not say what the whole is.
            bound |= {part.id for part in names if isinstance(part.ctx, ast.Store)}
            if _is_reading(node.value):
                timed |= {part.id for part in names}
    return Part(parents, uses, timed, bound)


class Readings:
    """What becomes of the readings of clocks in some code.

    Parameters
    ----------
    statements : iterable of AST
        All code that may go on with them.
    """

    def __init__(self, statements: Iterable[ast.AST]) -> None:
        self._parts = [part_of(statement) for statement in statements]
        self._timed = {name for part in self._parts for name in part.timed}
        self._bound = {name for part in self._parts for name in part.bound}
        self._judged: dict[str, bool] = {}

    def only_measure(self, call: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
        """Tell whether a reading of a clock is only told, or compared with another one.

        Parameters
        ----------
        call : ast.AST
        parents : mapping of AST to AST
            Of the statement that it stands in.

        Returns
        -------
        bool
        """
        if is_told(call, parents):
            return True
        parent = parents.get(call)
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub):
            return self._is_duration(call, parents)
        if isinstance(parent, ast.Assign | ast.NamedExpr | ast.AnnAssign):
            target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
            if isinstance(target, ast.Name):
                return self._only_measures(target.id)
        return isinstance(parent, ast.Expr)

    def _only_measures(self, name: str) -> bool:
        """Tell whether all that is done with what is kept in a name is to tell it or to compare it."""
        # The same few names hold the readings of a whole notebook.
        if name not in self._judged:
            self._judged[name] = all(
                self._is_duration(use, part.parents) or is_told(use, part.parents)
                for part in self._parts
                for use in part.uses.get(name, ())
            )
        return self._judged[name]

    def _is_duration(self, node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
        """Tell whether a reading of a clock is only compared with another one, and that decides nothing.

        The time since a date that the data have, an age, is other tomorrow.
        """
        parent = parents.get(node)
        if not (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub)) or _decides(parent, parents):
            return False
        return self._may_be_reading(parent.right if parent.left is node else parent.left)

    def _may_be_reading(self, value: ast.expr) -> bool:
        """Tell whether a value may be a reading of a clock; so it may where nothing is known of it."""
        if any(isinstance(part, ast.Name) and part.id in self._timed for part in ast.walk(value)):
            return True
        if _holds_reading(value):
            return True
        root = value
        while isinstance(root, ast.Subscript | ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and root.id not in self._bound


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
