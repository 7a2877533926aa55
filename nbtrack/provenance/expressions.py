"""Walking expressions in evaluation order: which names they read, bind, and change in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from nbtrack.provenance.paths import MUTATORS, Item, NamePath, argument_names, constant_key, path_of, target_names


class Role(Enum):
    """How a name gets bound."""

    VALUE = auto()
    LOOP = auto()
    IMPORT = auto()
    DEFINE = auto()
    OTHER = auto()


class ExpressionWalker:
    """Visits an expression's parts in evaluation order; what a read or a binding means is for subclasses to say."""

    def __init__(self) -> None:
        # Names of comprehension targets and lambda arguments, which hide outer names just now.
        self._hidden: list[set[str]] = []

    def read(self, path: NamePath) -> None:
        """Take a name, or what is reached from it, as read."""
        raise NotImplementedError

    def bind(self, name: str, role: Role, value: ast.expr | None, node: ast.AST) -> None:
        """Take a name as bound; ``value`` is None where no expression gives its value as it is."""
        raise NotImplementedError

    def change(self, path: NamePath, value: ast.expr | None, *, within: bool) -> None:
        """Take an object as changed: the part at ``path`` is set, or (``within``) something in the object there."""
        raise NotImplementedError

    def expression(self, node: ast.AST) -> None:
        """Visit an expression."""
        kind = type(node)
        if kind is ast.Constant:
            return
        handler = _HANDLERS.get(kind)
        if handler is not None:
            getattr(self, handler)(node)
        elif kind not in _SYMBOLS:
            self.children(node)

    def children(self, node: ast.AST) -> None:
        """Visit the parts of a node in the order of its fields, which is that of evaluation for all others."""
        for field in node._fields:
            child = getattr(node, field, None)
            if type(child) is list:
                for item in child:
                    if isinstance(item, ast.AST):
                        self.expression(item)
            elif isinstance(child, ast.AST):
                self.expression(child)

    def visit_read(self, path: NamePath) -> None:
        """Take a path as read unless its name is hidden."""
        if not self._hidden or not any(path[0] in names for names in self._hidden):
            self.read(path)

    def visit_change(self, path: NamePath, value: ast.expr | None, *, within: bool) -> None:
        """Take a path as changed unless its name is hidden."""
        if not self._hidden or not any(path[0] in names for names in self._hidden):
            self.change(path, value, within=within)

    def visit_name(self, node: ast.Name) -> None:
        """Visit a name."""
        self.visit_read((node.id,))

    def visit_access(self, node: ast.expr) -> None:
        """Visit a chain of attributes and subscripts."""
        steps: list[str | Item] = []
        computed: list[ast.expr] = []
        while True:
            if isinstance(node, ast.Attribute):
                steps.append(node.attr)
            elif isinstance(node, ast.Subscript):
                key = constant_key(node.slice)
                if key is None:
                    # Which part is read shows at run time only: what lies before it is read as a whole.
                    steps.clear()
                    computed.append(node.slice)
                else:
                    steps.append(key)
            else:
                break
            node = node.value
        if isinstance(node, ast.Name):
            self.visit_read((node.id, *reversed(steps)))
        else:
            self.expression(node)
        for part in reversed(computed):
            self.expression(part)

    def visit_call(self, node: ast.Call) -> None:
        """Visit a call."""
        function = node.func
        changed = None
        if isinstance(function, ast.Attribute) and function.attr in MUTATORS:
            changed = path_of(function.value)
        if changed is None:
            self.expression(function)
        for argument in node.args:
            self.expression(argument)
        for keyword in node.keywords:
            self.expression(keyword.value)
        if changed is not None:
            parts = _updated_parts(node)
            if not parts:
                self.visit_change(changed, None, within=True)
            for key, value in parts:
                self.visit_change((*changed, Item(key)), value, within=False)

    def visit_operation(self, node: ast.BinOp) -> None:
        """Visit an arithmetic operation; a long sum leans left as deep as it is long, so without recursion."""
        right: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            right.append(left.right)
            left = left.left
        self.expression(left)
        for operand in reversed(right):
            self.expression(operand)

    def visit_walrus(self, node: ast.NamedExpr) -> None:
        """Visit ``name := value``."""
        self.expression(node.value)
        self.bind(node.target.id, Role.VALUE, node.value, node)

    def visit_defaults(self, arguments: ast.arguments) -> None:
        """Visit the defaults of a function's arguments, which are read where it is defined."""
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.expression(default)

    def visit_lambda(self, node: ast.Lambda) -> None:
        """Visit a lambda as if it were called where it stands."""
        self.visit_defaults(node.args)
        with self.hiding(argument_names(node.args)):
            self.expression(node.body)

    def visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        """Visit a comprehension, whose targets are its own."""
        self.expression(node.generators[0].iter)
        hidden: set[str] = set()
        with self.hiding(hidden):
            for index, generator in enumerate(node.generators):
                if index:
                    self.expression(generator.iter)
                hidden.update(target_names(generator.target))
                for condition in generator.ifs:
                    self.expression(condition)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self.expression(part)

    @contextmanager
    def hiding(self, names: set[str]) -> Iterator[None]:
        """Let these names hide outer ones for a while."""
        self._hidden.append(names)
        try:
            yield
        finally:
            self._hidden.pop()


def _updated_parts(node: ast.Call) -> list[tuple[str, ast.expr]]:
    """Return the parts that ``x.update(a=1)`` or ``x.update({"a": 1})`` names; none for any other call."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "update" or len(node.args) > 1:
        return []
    parts: list[tuple[object, ast.expr]] = [(keyword.arg, keyword.value) for keyword in node.keywords]
    for given in node.args:
        if not isinstance(given, ast.Dict):
            return []
        keys = [key.value if isinstance(key, ast.Constant) else None for key in given.keys]
        parts += zip(keys, given.values, strict=True)
    named = [(key, value) for key, value in parts if isinstance(key, str)]
    return named if len(named) == len(parts) else []


_SYMBOLS: frozenset[type] = frozenset(
    kind
    for base in (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
    for kind in base.__subclasses__()
)

_HANDLERS: dict[type, str] = {
    ast.Name: "visit_name",
    ast.Attribute: "visit_access",
    ast.Subscript: "visit_access",
    ast.Call: "visit_call",
    ast.BinOp: "visit_operation",
    ast.NamedExpr: "visit_walrus",
    ast.Lambda: "visit_lambda",
    ast.ListComp: "visit_comprehension",
    ast.SetComp: "visit_comprehension",
    ast.GeneratorExp: "visit_comprehension",
    ast.DictComp: "visit_comprehension",
}
