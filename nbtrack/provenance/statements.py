"""Walking statements in evaluation order, on top of :mod:`nbtrack.provenance.expressions`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from nbtrack.provenance.expressions import ExpressionWalker, Role
from nbtrack.provenance.paths import all_arguments, path_of, target_names, type_params

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Loop: TypeAlias = ast.For | ast.AsyncFor | ast.While
# A body of which it shows at run time only whether it runs, and what happens at its beginning.
Branch: TypeAlias = tuple[Callable[[], None] | None, list[ast.stmt]]


class StatementWalker(ExpressionWalker):
    """Visits statements in evaluation order; adds hooks for definitions, branches and loops."""

    def define(self, node: Definition) -> None:
        """Take a function or class as defined; its body is not visited."""
        raise NotImplementedError

    def declare(self, node: ast.Global | ast.Nonlocal) -> None:
        """Take names as belonging to another scope."""

    def either(self, branches: Sequence[Branch]) -> None:
        """Visit bodies of which one runs."""
        for begin, body in branches:
            if begin is not None:
                begin()
            self.body(body)

    def loop(self, node: Loop) -> None:
        """Visit the body of a loop."""
        self.body(node.body)

    def body(self, statements: Iterable[ast.stmt]) -> None:
        """Visit statements in order."""
        for node in statements:
            handler = _HANDLERS.get(type(node))
            if handler is not None:
                getattr(self, handler)(node)
            else:
                self.children(node)

    def target(self, target: ast.expr, role: Role, value: ast.expr | None, node: ast.AST) -> None:
        """Visit what is assigned to."""
        if isinstance(target, ast.Name):
            self.bind(target.id, role, value, node)
        elif isinstance(target, ast.Tuple | ast.List):
            for item, given in zip(target.elts, _unpacked(target, value), strict=True):
                self.target(item, role, given, node)
        elif isinstance(target, ast.Starred):
            self.target(target.value, role, None, node)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            self._part(target, value)

    def _part(self, target: ast.Attribute | ast.Subscript, value: ast.expr | None) -> None:
        path = path_of(target)
        if path is not None:
            self.visit_change(path, value, within=False)
            return
        container = path_of(target.value)
        if container is not None:
            self.visit_change(container, None, within=True)
        else:
            self.expression(target.value)
        if isinstance(target, ast.Subscript):
            self.expression(target.slice)

    def visit_assign(self, node: ast.Assign) -> None:
        """Visit ``a = b = value``."""
        self.expression(node.value)
        for target in node.targets:
            self.target(target, Role.VALUE, node.value, node)

    def visit_ann_assign(self, node: ast.AnnAssign) -> None:
        """Visit ``a: kind = value``; without a value it binds nothing."""
        self.expression(node.annotation)
        if node.value is not None:
            self.expression(node.value)
            self.target(node.target, Role.VALUE, node.value, node)

    def visit_aug_assign(self, node: ast.AugAssign) -> None:
        """Visit ``a += value``."""
        path = path_of(node.target)
        if path is not None:
            self.visit_read(path)
        elif not isinstance(node.target, ast.Name):
            # df[COLUMN] += 1: which part it reads cannot be told.
            self.expression(ast.parse(ast.unparse(node.target), mode="eval").body)
        self.expression(node.value)
        self.target(node.target, Role.VALUE, None, node)

    def visit_delete(self, node: ast.Delete) -> None:
        """Visit ``del``."""
        for target in node.targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                self._part(target, None)

    def visit_if(self, node: ast.If) -> None:
        """Visit ``if``."""
        self.expression(node.test)
        self.either([(None, node.body), (None, node.orelse)])

    def visit_for(self, node: ast.For | ast.AsyncFor) -> None:
        """Visit ``for``."""
        self.expression(node.iter)
        self.target(node.target, Role.LOOP, None, node)
        self.loop(node)
        self.body(node.orelse)

    def visit_while(self, node: ast.While) -> None:
        """Visit ``while``."""
        self.expression(node.test)
        self.loop(node)
        self.body(node.orelse)

    def visit_with(self, node: ast.With | ast.AsyncWith) -> None:
        """Visit ``with``."""
        for item in node.items:
            self.expression(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars, Role.OTHER, None, node)
        self.body(node.body)

    def visit_try(self, node: ast.Try) -> None:
        """Visit ``try``."""
        handlers: list[Branch] = [(partial(self._catch, handler), handler.body) for handler in node.handlers]
        self.either([(None, [*node.body, *node.orelse]), *handlers])
        self.body(node.finalbody)

    def _catch(self, handler: ast.ExceptHandler) -> None:
        if handler.type is not None:
            self.expression(handler.type)
        if handler.name is not None:
            self.bind(handler.name, Role.OTHER, None, handler)

    def visit_match(self, node: ast.Match) -> None:
        """Visit ``match``."""
        self.expression(node.subject)
        branches: list[Branch] = [(partial(self._case, case), case.body) for case in node.cases]
        last = node.cases[-1]
        if last.guard is not None or not isinstance(last.pattern, ast.MatchAs) or last.pattern.pattern is not None:
            branches.append((None, []))
        self.either(branches)

    def _case(self, case: ast.match_case) -> None:
        for found in ast.walk(case.pattern):
            if isinstance(found, ast.MatchValue):
                self.expression(found.value)
            elif isinstance(found, ast.MatchClass):
                self.expression(found.cls)
        for name in target_names(case.pattern):
            self.bind(name, Role.OTHER, None, case.pattern)
        if case.guard is not None:
            self.expression(case.guard)

    def visit_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Visit ``import``."""
        for alias in node.names:
            self.bind(alias.asname or alias.name.split(".")[0], Role.IMPORT, None, node)

    def visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Visit the parts of ``def`` that are evaluated where it stands."""
        for decorator in node.decorator_list:
            self.expression(decorator)
        self.visit_defaults(node.args)
        with self.hiding(type_params(node)):
            for annotation in (*(argument.annotation for argument in all_arguments(node.args)), node.returns):
                if annotation is not None:
                    self.expression(annotation)
        self.define(node)

    def visit_class(self, node: ast.ClassDef) -> None:
        """Visit the parts of ``class`` that are evaluated before its body."""
        for decorator in node.decorator_list:
            self.expression(decorator)
        with self.hiding(type_params(node)):
            for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
                self.expression(base)
        self.define(node)

    def visit_type_alias(self, node: ast.AST) -> None:
        """Visit ``type X = …``, whose value is evaluated when it is asked for."""
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            self.bind(name.id, Role.DEFINE, None, node)


def _unpacked(target: ast.Tuple | ast.List, value: ast.expr | None) -> list[ast.expr | None]:
    """Return the expression that each part of a tuple target is given; None where that cannot be told."""
    unknown: list[ast.expr | None] = [None] * len(target.elts)
    if not isinstance(value, ast.Tuple | ast.List) or len(value.elts) != len(target.elts):
        return unknown
    starred = any(isinstance(item, ast.Starred) for item in (*target.elts, *value.elts))
    return unknown if starred else list(value.elts)


_HANDLERS: dict[type, str] = {
    ast.Assign: "visit_assign",
    ast.AnnAssign: "visit_ann_assign",
    ast.AugAssign: "visit_aug_assign",
    ast.Delete: "visit_delete",
    ast.If: "visit_if",
    ast.For: "visit_for",
    ast.AsyncFor: "visit_for",
    ast.While: "visit_while",
    ast.With: "visit_with",
    ast.AsyncWith: "visit_with",
    ast.Try: "visit_try",
    ast.TryStar: "visit_try",
    ast.Match: "visit_match",
    ast.Import: "visit_import",
    ast.ImportFrom: "visit_import",
    ast.FunctionDef: "visit_function",
    ast.AsyncFunctionDef: "visit_function",
    ast.ClassDef: "visit_class",
    ast.Global: "declare",
    ast.Nonlocal: "declare",
}
if hasattr(ast, "TypeAlias"):  # Python 3.12 and later
    _HANDLERS[ast.TypeAlias] = "visit_type_alias"
