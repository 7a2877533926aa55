"""Walking through a statement for all that it assigns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nbtrack.replay.params.places import Assignment, Keys, Where, keys_of


class AssignmentWalk:
    """Collects the assignments of one statement of the top level."""

    def __init__(self, where: Where, found: list[Assignment], visited: list[Where]) -> None:
        self.where = where
        self.found = found
        self.visited = visited

    def statement(self, node: ast.stmt, *, certain: bool) -> None:
        """Visit a statement and those in its blocks; it happens whenever the cell runs, or not."""
        where = Where(self.where.number, len(self.visited), self.where.step, self.where.piece, node)
        self.visited.append(where)
        for target, value, why, chained in self._own(node):
            self._target(where, target, value, why, certain=certain, chained=chained)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._add(where, (node.name,), None, "is a function", certain=certain)
                self._globals(where, node)
                return
            case ast.ClassDef():
                self.found.append(Assignment((node.name,), where, None, "is a class", certain, None, node))
                return
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    source = node.module if isinstance(node, ast.ImportFrom) else alias.name
                    self._add(where, (name,), None, f"is imported from {source or '.'}", certain=certain)
                return
        self._expressions(where, node, certain=certain)
        for body, sure in _bodies(node):
            for inner in body:
                self.statement(inner, certain=certain and sure)

    def _own(self, node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr | None, str, ast.expr | None]]:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield target, value, "", target if len(targets) > 1 else None
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield target, value, "", None
            case ast.AugAssign(target=target):
                yield target, None, "is changed by an assignment with an operator", None
            case ast.For(target=target) | ast.AsyncFor(target=target):
                yield target, None, "is a loop variable", None
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        yield item.optional_vars, None, "is what a with statement gives", None
            case ast.Delete(targets=targets):
                for target in targets:
                    yield target, None, "is deleted", None

    def _target(
        self,
        where: Where,
        target: ast.expr,
        value: ast.expr | None,
        why: str,
        *,
        certain: bool,
        chained: ast.expr | None = None,
    ) -> None:
        if isinstance(target, ast.Starred):
            self._target(where, target.value, None, why or "takes what unpacking leaves", certain=certain)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else None
            plain = not any(isinstance(part, ast.Starred) for part in (*target.elts, *(parts or ())))
            if parts is None or len(parts) != len(target.elts) or not plain:
                for part in target.elts:
                    self._target(where, part, None, why or "is unpacked from something computed", certain=certain)
            else:
                # With several targets, what is unpacked is shared: only a single one can be changed alone.
                for part, inner in zip(target.elts, parts, strict=True):
                    given = None if chained is not None else inner
                    self._target(where, part, given, why or "is unpacked from something shared", certain=certain)
        else:
            keys = keys_of(target)
            if keys is not None:
                self._add(where, keys, value, why, certain=certain, chained=chained)
            elif (base := _base(target)) is not None:
                # Which item it is shows when it runs.
                self._add(where, base, None, "has items set by a computed key", certain=False)

    def _add(
        self,
        where: Where,
        keys: Keys,
        value: ast.expr | None,
        why: str = "",
        *,
        certain: bool,
        chained: ast.expr | None = None,
    ) -> None:
        self.found.append(Assignment(keys, where, value, why, certain, chained))

    def _globals(self, where: Where, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Add what a function binds in the notebook."""
        declared = {name for part in ast.walk(function) if isinstance(part, ast.Global) for name in part.names}
        stored = {
            part.id for part in ast.walk(function) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        for name in sorted(declared & stored):
            self._add(where, (name,), None, f"is set within the function {function.name}", certain=False)

    def _expressions(self, where: Where, node: ast.stmt, *, certain: bool) -> None:
        """Add what the expressions of a statement bind, and what calls like ``cfg.update(lr=1)`` set."""
        pending: list[tuple[ast.AST, bool]] = [(part, certain) for part in _head(node)]
        while pending:
            part, sure = pending.pop()
            match part:
                case ast.Lambda():
                    continue
                case ast.NamedExpr(target=target, value=value):
                    self._add(where, (target.id,), value, certain=sure)
                case ast.Call(func=ast.Attribute(value=owner, attr="update")) if (keys := keys_of(owner)) is not None:
                    self._updated(where, keys, part, certain=sure)
                case ast.Call(func=ast.Name(id="setattr"), args=[owner, name, value]) if (
                    keys := keys_of(owner)
                ) is not None:
                    known = isinstance(name, ast.Constant) and isinstance(name.value, str)
                    if known:
                        self._add(where, (*keys, str(name.value)), value, certain=sure)  # type: ignore[attr-defined]
                    else:
                        self._add(where, keys, None, "has attributes set by a computed name", certain=False)
            unsure = isinstance(
                part, ast.BoolOp | ast.IfExp | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
            )
            pending += [(child, sure and not unsure) for child in ast.iter_child_nodes(part)]

    def _updated(self, where: Where, keys: Keys, call: ast.Call, *, certain: bool) -> None:
        for given in call.args:
            pairs = zip(given.keys, given.values, strict=True) if isinstance(given, ast.Dict) else None
            if pairs is None:
                self._add(where, keys, None, "is changed by update()", certain=False)
                continue
            for key, value in pairs:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    self._add(where, (*keys, key.value), value, certain=certain)
                else:
                    self._add(where, keys, None, "is changed by update()", certain=False)
        for keyword in call.keywords:
            if keyword.arg is None:
                self._add(where, keys, None, "is changed by update()", certain=False)
            else:
                self._add(where, (*keys, keyword.arg), keyword.value, certain=certain)


def _head(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions of a statement itself, without those of statements in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child


def _bodies(node: ast.stmt) -> Iterator[tuple[list[ast.stmt], bool]]:
    """Yield the blocks in a statement, and whether each runs whenever the statement does."""
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            yield body, _is_main(test)
            yield orelse, False
        case ast.With(body=body) | ast.AsyncWith(body=body):
            yield body, True
        case ast.For(body=body, orelse=orelse) | ast.AsyncFor(body=body, orelse=orelse):
            yield body, False
            yield orelse, False
        case ast.While(body=body, orelse=orelse):
            yield body, False
            yield orelse, False
        case (
            ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final)
            | ast.TryStar(body=body, handlers=handlers, orelse=orelse, finalbody=final)
        ):
            yield body, not handlers
            for handler in handlers:
                yield handler.body, False
            yield orelse, False
            yield final, True
        case ast.Match(cases=cases):
            for case in cases:
                yield case.body, False


def _is_main(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _base(node: ast.expr) -> Keys | None:
    """Return what a target with a computed part changes."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
        keys = keys_of(node)
        if keys is not None:
            return keys
    return None
