"""Params and imports that can be taken out of a slice's cells and put in front, the program staying the same.

Nothing moves unless that is certain: a name that moves is bound once in all of the slice (or by equal imports), in a
statement of a cell's top level that has its lines for itself, in a cell that ran to its end, and nothing that stands
above could have seen the name or have had a say in its value.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from nbtrack.replay.celltext import ROUNDABOUT, CellText, words_of
from nbtrack.replay.exporting.names import ModuleBindings, import_targets
from nbtrack.replay.magics import is_harmless, magic_of

_BUILTINS = frozenset(dir(builtins))
_LITERAL = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp)
_PARTS = (*_LITERAL, ast.expr_context, ast.operator, ast.unaryop)
# By these, code that stands above an import can decide what the import finds or does.
_STEERING = frozenset(
    "environ putenv setenv get_ipython meta_path path_hooks modules chdir reload import_module use switch_backend "
    "filterwarnings simplefilter install load_dotenv set_start_method sitecustomize addsitedir invalidate_caches "
    "enable_eager_execution disable_eager_execution set_visible_devices".split()
)
# Libraries that hold no generator which seeding only reaches once they are imported, and import none that does.
_SEEDLESS = frozenset(
    "numpy pandas scipy sklearn matplotlib seaborn PIL polars pyarrow xgboost lightgbm statsmodels joblib tqdm plotly "
    "duckdb yaml requests nbtrack IPython".split()
)


@dataclass(frozen=True, slots=True)
class Lifted:
    """What stands in front, and what is left of the cells.

    Attributes
    ----------
    params : dict of str to str
        Names and the lines that set them, in order.
    imports : list of str
        Their lines, those of ``from __future__`` first.
    cells : list of str
        The code of each cell without them; empty where nothing is left.
    """

    params: dict[str, str] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


def lift(
    cells: Sequence[CellText], params: Iterable[str], seeded: Collection[int] = (), streams: Collection[str] = ()
) -> Lifted:
    """Take params and imports out of a slice's cells.

    Parameters
    ----------
    cells : sequence of CellText
        In the order in which they ran.
    params : iterable of str
        The run's params; of ``cfg.lr`` it is ``cfg`` that is looked for.
    seeded : collection of int
        Positions of the cells before which the generators are seeded.
    streams : collection of str
        Generators that the kernel had when the run began.

    Returns
    -------
    Lifted
    """
    bindings = [ModuleBindings(cell.tree) for cell in cells if cell.tree is not None]
    counts: Counter[str] = Counter()
    for found in bindings:
        counts.update(found.counts)
    gone: list[set[ast.stmt]] = [set() for _ in cells]
    lifted = Lifted()
    _lift_params(cells, {key.partition(".")[0] for key in params}, counts, gone, lifted.params)
    _Imports(cells, bindings, counts, streams).lift(seeded, gone, lifted.imports)
    lifted.cells.extend(cell.without(nodes) for cell, nodes in zip(cells, gone, strict=True))
    return lifted


def _lift_params(
    cells: Sequence[CellText],
    wanted: Collection[str],
    counts: Counter[str],
    gone: list[set[ast.stmt]],
    lifted: dict[str, str],
) -> None:
    read: set[str] = set(_BUILTINS)
    for cell, nodes in zip(cells, gone, strict=True):
        if cell.opaque:
            # From here on, what stands above may have looked for any name, or have bound it.
            return
        assert cell.tree is not None
        assert cell.code is not None
        read.update(cell.code.reads)
        for node in cell.tree.body if cell.execution.outcome == "ok" else ():
            name = _set_to_literal(node)
            if name in wanted and name not in read and counts[name] == 1 and (text := cell.own_lines(node)) is not None:
                lifted[name] = text
                nodes.add(node)


def _set_to_literal(node: ast.stmt) -> str:
    """Return the name that a statement gives a literal value; empty where it is no such statement."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
            return name
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id=kind), value=ast.expr() as value) if (
            kind in _BUILTINS and _is_literal(value)
        ):
            return name
    return ""


def _is_literal(value: ast.expr) -> bool:
    return isinstance(value, _LITERAL) and all(isinstance(part, _PARTS) for part in ast.walk(value))


class _Imports:
    """Decides which imports can stand in front."""

    def __init__(
        self,
        cells: Sequence[CellText],
        bindings: Sequence[ModuleBindings],
        counts: Counter[str],
        streams: Collection[str],
    ) -> None:
        self._cells = cells
        self._all_seeded = "torch" in streams
        self._targets: dict[str, set[tuple[object, ...]]] = {}
        imported: Counter[str] = Counter()
        for found in bindings:
            for name, targets in found.imports.items():
                self._targets.setdefault(name, set()).update(targets)
        for cell in cells:
            for node in cell.tree.body if cell.tree is not None else ():
                if isinstance(node, ast.Import | ast.ImportFrom):
                    imported.update(list(import_targets(node) or ()))
        # Bound by imports of a cell's top level alone, and by all of them to the same thing.
        self._stable = {
            name
            for name, targets in self._targets.items()
            if len(targets) == 1 and imported[name] == counts[name] and name not in _BUILTINS
        }

    def lift(self, seeded: Collection[int], gone: list[set[ast.stmt]], lifted: list[str]) -> None:
        """Fill ``lifted`` with lines, and ``gone`` with the statements that they were."""
        futures: dict[str, str] = {}
        others: dict[str, str] = {}
        above = _Above()
        stopped = False
        for position, (cell, nodes) in enumerate(zip(self._cells, gone, strict=True)):
            for node in cell.tree.body if cell.tree is not None else ():
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    above.pass_by(node)
                    continue
                text, key = cell.own_lines(node), ast.unparse(node)
                if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                    if text is not None:
                        futures.setdefault(key, text)
                        nodes.add(node)
                    continue
                movable = text is not None and cell.execution.outcome == "ok" and self._is_stable(node)
                movable = movable and above.lets_pass(node)
                if movable and key in others and _is_known(node):
                    nodes.add(node)
                elif movable and not stopped and (position not in seeded or self._is_seedless(node)):
                    others[key] = text or ""
                    nodes.add(node)
                else:
                    # Those below keep their place behind it.
                    stopped = True
            if cell.tree is None:
                above.lose_sight()
        lifted.extend([*futures.values(), *others.values()])

    def _is_stable(self, node: ast.Import | ast.ImportFrom) -> bool:
        targets = import_targets(node)
        return targets is not None and all(name in self._stable for name in targets)

    def _is_seedless(self, node: ast.Import | ast.ImportFrom) -> bool:
        return self._all_seeded or all(
            name in _SEEDLESS or name in sys.stdlib_module_names for name in _top_levels(node)
        )


class _Above:
    """What has been seen of the code that an import would be moved above."""

    def __init__(self) -> None:
        self._computed = self._steered = False
        self._guarded: set[str] = set()
        self._set_attributes: set[str] = set()

    def pass_by(self, node: ast.stmt) -> None:
        """Take note of a statement."""
        if _is_plain(node):
            return
        self._computed = True
        self._steered = self._steered or _steers(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Try | ast.TryStar):
                # What it tries may be to use a name that is not there yet.
                self._guarded |= words_of(part)
            elif isinstance(part, ast.Attribute) and not isinstance(part.ctx, ast.Load):
                self._set_attributes.add(part.attr)

    def lose_sight(self) -> None:
        """Pass by something that cannot be read."""
        self._computed = self._steered = True

    def lets_pass(self, node: ast.Import | ast.ImportFrom) -> bool:
        """Tell whether an import does the same above all that."""
        if not self._computed:
            return True
        names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        taken = {alias.name for alias in node.names}
        if self._steered or not self._guarded.isdisjoint(names):
            return False
        return _is_known(node) and self._set_attributes.isdisjoint(taken)


def _is_plain(node: ast.stmt) -> bool:
    """Tell whether a statement does nothing but to bind a name to a literal or a function, or to set up the display."""
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.FunctionDef(decorator_list=[], args=arguments):
            return not any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(arguments))
    magic = magic_of(node)
    return bool(_set_to_literal(node)) or (magic is not None and is_harmless(magic))


def _steers(node: ast.stmt) -> bool:
    if not (_STEERING | ROUNDABOUT).isdisjoint(words_of(node)):
        return True
    return any(isinstance(part, ast.Attribute) and ast.unparse(part) == "sys.path" for part in ast.walk(node))


def _top_levels(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [(node.module or "").partition(".")[0] if not node.level else ""]


def _is_known(node: ast.Import | ast.ImportFrom) -> bool:
    """Tell whether an import is of the standard library or of an installed one, not of a file beside the notebook."""
    return all(name in sys.stdlib_module_names or _is_installed(name) for name in _top_levels(node))


def _is_installed(name: str) -> bool:
    if not name:
        return False
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec is not None else []
    return any("site-packages" in place or "dist-packages" in place for place in places)
