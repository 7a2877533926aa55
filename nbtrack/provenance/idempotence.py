"""Whether running a cell once more would find its own inputs changed by itself, in a way that matters."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from nbtrack.provenance.clocks import called
from nbtrack.provenance.mutations import changed_roots, reads_any, root_name

# What gives the same when it is done twice.
_ONCE = frozenset(
    "fit fit_transform fit_predict set_params train eval to clear sort add discard update setdefault sort_values "
    "sort_index dropna fillna drop_duplicates rename reset_index set_index lower upper strip title casefold copy "
    "astype ravel flatten squeeze round clip abs to_numpy tolist tocsr tocsc convert_dtypes infer_objects lstrip "
    "rstrip normalize replace head tail query filter load_state_dict seed __setitem__ zero_grad requires_grad_ "
    "fillna ffill bfill assign to_frame items keys values float double cpu cuda drop_nulls unique".split()
)
_ONCE_FUNCTIONS = frozenset(
    "sorted list tuple set dict float int str bool abs round frozenset asarray array ascontiguousarray atleast_1d "
    "atleast_2d ravel unique clip nan_to_num deepcopy copy DataFrame Series get_dummies abs sign floor ceil setattr "
    "check_array to_numeric to_datetime".split()
)


def piles_up(name: str, nodes: Iterable[ast.stmt], *, refits: bool) -> bool:
    """Tell whether code that changes a name adds up when it is run again.

    Parameters
    ----------
    name : str
        What it reads and changes.
    nodes : iterable of ast.stmt
        The statements of the cell that matter, and the functions that it calls.
    refits : bool
        The object is one whose ``fit`` starts afresh.

    Returns
    -------
    bool

    Examples
    --------
    >>> piles_up("x", ast.parse("x = x * 2").body, refits=False)
    True
    >>> piles_up("df", ast.parse("df['r'] = df['a'] / df['b']").body, refits=False)
    False
    """
    nodes = list(nodes)
    methods = {
        inner.name: inner
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef) and inner.args.args
    }
    changes = [
        change for node in nodes if not isinstance(node, ast.ClassDef) for change in _changes(name, node, methods)
    ]
    if not changes:
        # Changed by something that the syntax does not show.
        return not refits
    return any(changes)


def _changes(name: str, node: ast.AST, methods: Mapping[str, ast.FunctionDef]) -> Iterator[bool]:
    """Yield for each change of a name whether it adds up; methods of the notebook's classes tell by what they do."""
    for part in ast.walk(node):
        method = part.func.attr if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) else ""
        if method in methods and root_name(part.func) == name:  # type: ignore[attr-defined]
            others = {key: found for key, found in methods.items() if key != method}
            own = methods[method].args.args[0].arg
            yield from (change for inner in methods[method].body for change in _changes(own, inner, others))
        elif isinstance(part, ast.AugAssign) and root_name(part.target) == name:
            yield True
        elif isinstance(part, ast.Assign | ast.AnnAssign) and part.value is not None:
            for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
                yield from _assigned(name, target, part.value)
        elif isinstance(part, ast.Delete):
            yield from (
                True for target in part.targets if not isinstance(target, ast.Name) and root_name(target) == name
            )
        elif isinstance(part, ast.Call) and name in changed_roots(ast.Expr(_bare(part))):
            called_name = called(part).rpartition(".")[2] or getattr(part.func, "attr", "")
            yield called_name not in _ONCE and called_name not in _ONCE_FUNCTIONS


def _bare(call: ast.Call) -> ast.Call:
    """Return a call with arguments that are looked at by themselves."""
    names: list[ast.expr] = [item if isinstance(item, ast.Name) else ast.Constant(None) for item in call.args]
    return ast.Call(call.func, names, call.keywords)


def _assigned(name: str, target: ast.expr, value: ast.expr) -> Iterator[bool]:
    if isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            yield from _assigned(name, item, value)
    elif isinstance(target, ast.Name):
        if target.id == name:
            yield reads_any(value, {name}) and not _settles(name, value)
    elif root_name(target) == name:
        where = ast.unparse(target)
        yield any(_meets(where, use) for use in _uses(name, value))


def _settles(name: str, value: ast.expr) -> bool:
    """Tell whether an expression of a name, applied to its own result, gives it again."""
    while True:
        if isinstance(value, ast.Name):
            return value.id == name
        if isinstance(value, ast.Subscript):
            # A selection by condition selects everything the second time; one by position does not.
            if not isinstance(value.slice, ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.List | ast.Call):
                return False
            value = value.value
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _ONCE:
            inner = value.func.value
            if not reads_any(inner, {name}) and value.args:
                inner = value.args[0]
            value = inner
        elif isinstance(value, ast.Call) and called(value).rpartition(".")[2] in _ONCE_FUNCTIONS and value.args:
            value = value.args[0]
        elif isinstance(value, ast.IfExp | ast.BoolOp):
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else value.values
            return all(not reads_any(part, {name}) or _settles(name, part) for part in parts)
        elif isinstance(value, ast.Attribute):
            value = value.value
        else:
            return False


def _uses(name: str, value: ast.expr) -> Iterator[str]:
    """Yield the longest chains that start from a name, as written."""
    inner = set()
    for part in ast.walk(value):
        if isinstance(part, ast.Attribute | ast.Subscript):
            inner.add(part.value)
    for part in ast.walk(value):
        if isinstance(part, ast.Attribute | ast.Subscript | ast.Name) and root_name(part) == name and part not in inner:
            yield ast.unparse(part)


def _meets(where: str, use: str) -> bool:
    """Tell whether a part that is read is, or holds, the part that is set."""
    as_item = where.replace('"', "'")
    use = use.replace('"', "'")
    if use.startswith(as_item):
        return True
    attribute = as_item.replace("['", ".").replace("']", "")
    if use.startswith(attribute):
        rest = use[len(attribute) :]
        return not rest or not (rest[0].isalnum() or rest[0] == "_")
    return use.isidentifier() and as_item.startswith((f"{use}[", f"{use}."))
