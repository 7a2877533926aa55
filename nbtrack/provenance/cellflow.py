"""Following a cell's statements in the order in which they run: what is read before it is bound, and what is bound."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace

from nbtrack.provenance.bindings import COMPUTED, CONSTANT, Binding, Kind, classify, join
from nbtrack.provenance.constants import is_constant
from nbtrack.provenance.expressions import Role
from nbtrack.provenance.paths import NamePath, dotted, root_of
from nbtrack.provenance.scopes import ClassScope, FunctionScope
from nbtrack.provenance.statements import Branch, Definition, Loop, StatementWalker

# Names whose use can bind others behind the syntax.
_OPAQUE_NAMES = frozenset({"exec", "globals", "locals", "get_ipython"})
_MAGIC_CALLS = frozenset({"run_line_magic", "run_cell_magic"})
# Magics that run their text as the notebook's own code.
_CODE_MAGICS = frozenset({"time", "timeit", "prun", "capture", "memit", "mprun", "lprun"})
_LEAVING = (ast.Raise, ast.Return, ast.Break, ast.Continue)


class CellFlow(StatementWalker):
    """Walks a cell's module-level code once and keeps what :class:`~nbtrack.provenance.cellcode.CellCode` tells.

    Parameters
    ----------
    words : frozenset of str, optional
        What :func:`~nbtrack.provenance.scopes.attribute_words` says of the whole cell.

    What a function of the cell reads counts from where its name is first used: until then the cell may still bind it.
    """

    def __init__(self, words: frozenset[str] | None = None) -> None:
        super().__init__()
        self._words = words
        self.reads: dict[str, None] = {}
        self.paths: dict[NamePath, None] = {}
        # Those of the paths whose value is used, not merely changed.
        self.used: dict[NamePath, None] = {}
        self.inputs: dict[NamePath, None] = {}
        self.changes: dict[NamePath, None] = {}
        self.binds: set[str] = set()
        self.imports: set[str] = set()
        self.defines: set[str] = set()
        self.counters: set[str] = set()
        self.bindings: dict[str, Binding] = {}
        self.stores: dict[NamePath, Binding] = {}
        self.opaque = False
        self.deferred: set[str] = set()
        self.certain: set[str] = set()
        # In the order in which they became certain, so that a branch can be taken back.
        self._trail: list[str] = []
        self._possible: set[str] = set()
        self._waiting: dict[str, FunctionScope] = {}
        self._decorated: set[str] = set()
        self._uncalled: dict[NamePath, None] = {}
        self._collecting: set[NamePath] = set()
        self._loops: list[Loop] = []
        self._bound_in: dict[str, Loop | None] = {}
        self._counted: set[str] = set()
        self._only_shown = False

    def run(self, statements: list[ast.stmt]) -> None:
        """Visit the statements of the cell."""
        self.body(statements)

    def last(self, node: ast.expr, shown: NamePath | None) -> None:
        """Visit the expression that ends the cell; showing a value does not make it an input."""
        self._only_shown = shown is not None and not isinstance(node, ast.NamedExpr)
        self.expression(node)
        self._only_shown = False

    def finish(self) -> None:
        """Draw the conclusions that need the whole cell."""
        # A function that is never used in the cell is not run by it: what decorators are given they call later.
        run = set(self.reads)
        for name in [name for name in self._waiting if name in self._decorated]:
            self._release(name)
        self._only_shown = True
        for name in list(self._waiting):
            self._release(name)
        for path in self._uncalled:
            self.read(path)
        self.deferred = set(self.reads) - run
        collected = self._collecting
        self.inputs = {
            path: None for path in self.inputs if not any(target[: len(path)] == path for target in collected)
        }
        self.counters |= {name for name in self._counted if self.bindings[name].kind is Kind.CONSTANT}
        for name in self._counted - self.counters:
            self.bindings[name] = replace(self.bindings[name], kind=Kind.COMPUTED)

    # --- reads ---------------------------------------------------------------------------------------------------

    def read(self, path: NamePath) -> None:
        """Keep the path where the cell has not bound its name."""
        name = root_of(path)
        if name in _OPAQUE_NAMES:
            self.opaque = True
        self._release(name)
        if name in self.certain:
            return
        self.reads.setdefault(name)
        self.paths.setdefault(path)
        self.used.setdefault(path)
        if name not in self._possible and not self._only_shown and not self._is_set(path):
            self.inputs.setdefault(path)

    def _release(self, name: str) -> None:
        scope = self._waiting.pop(name, None)
        if scope is not None:
            for path in (*scope.reads, *getattr(scope, "later", ())):
                self.read(path)
            for path in scope.changes:
                self.change(path, None, within=True)

    def _is_set(self, path: NamePath) -> bool:
        return any(path[:length] in self.stores for length in range(2, len(path) + 1))

    def visit_call(self, node: ast.Call) -> None:
        """Visit a call; of a magic that runs code, the code."""
        super().visit_call(node)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _MAGIC_CALLS:
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(texts) >= 2 and texts[0] in _CODE_MAGICS and isinstance(texts[-1], str):
                self._magic_code(texts[-1])

    def _magic_code(self, text: str) -> None:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            # Options of the magic, or magics within the magic.
            return
        self.body(tree.body)

    # --- changes in place ----------------------------------------------------------------------------------------

    def change(self, path: NamePath, value: ast.expr | None, *, within: bool) -> None:
        """Keep what is changed, and what its new part is known to be."""
        container = path if within else path[:-1]
        name = root_of(path)
        if name not in self.certain:
            self.reads.setdefault(name)
            self.paths.setdefault(container)
        self.changes.setdefault(container)
        if within:
            # A part without a name of its own: the object collects, and what it held before is no setting.
            self._collecting.add(container)
            return
        binding = self._in_loop(classify(value))
        known = self.bindings.get(name)
        if known is not None:
            self.bindings[name] = known.with_leaf(dotted(path[1:]), binding)
        elif name not in self._possible:
            self.stores[path] = join(self.stores[path], binding) if path in self.stores else binding

    def _in_loop(self, binding: Binding) -> Binding:
        return replace(binding, kind=Kind.COMPUTED) if self._loops and binding.kind <= Kind.INPUT else binding

    # --- bindings ------------------------------------------------------------------------------------------------

    def bind(self, name: str, role: Role, value: ast.expr | None, node: ast.AST) -> None:
        """Keep the name as bound, and what is known of its value."""
        if name == "*":
            self.opaque = True
            return
        self.binds.add(name)
        self._make_certain(name)
        if role is Role.VALUE:
            if self._counts(name, value, node):
                self._counted.add(name)
                return
            # In a comprehension the names that a value is taken from may be the comprehension's own.
            self._bind_value(name, COMPUTED if self._hidden else classify(value))
        elif role is Role.LOOP:
            self.counters.add(name)
        elif role is Role.IMPORT:
            self.imports.add(name)
        if role is not Role.DEFINE:
            self._waiting.pop(name, None)

    def _bind_value(self, name: str, binding: Binding) -> None:
        loop = self._loops[-1] if self._loops else None
        known = self.bindings.get(name)
        if known is not None:
            binding = join(known, binding)
            if loop is not self._bound_in[name]:
                # A constant set before a loop and again inside it tells what happened there: a flag, a best choice.
                binding = replace(binding, kind=max(binding.kind, Kind.COMPUTED))
        self.bindings[name] = binding
        self._bound_in[name] = loop

    def _counts(self, name: str, value: ast.expr | None, node: ast.AST) -> bool:
        """Tell whether a binding moves a counter that a surrounding ``while`` tests."""
        tested = any(
            isinstance(found, ast.Name) and found.id == name
            for loop in self._loops
            if isinstance(loop, ast.While)
            for found in ast.walk(loop.test)
        )
        if not tested or name not in self.bindings:
            return False
        if isinstance(node, ast.AugAssign):
            return isinstance(node.op, ast.Add | ast.Sub) and is_constant(node.value)
        if isinstance(value, ast.BinOp) and isinstance(value.left, ast.Name) and value.left.id == name:
            return isinstance(value.op, ast.Add | ast.Sub) and is_constant(value.right)
        return False

    def define(self, node: Definition) -> None:
        """Keep a function or class, and what it will read once its name is used."""
        self.defines.add(node.name)
        self.bind(node.name, Role.DEFINE, None, node)
        scope = ClassScope(node, self._words) if isinstance(node, ast.ClassDef) else FunctionScope(node)
        self.binds |= scope.sets
        if isinstance(scope, ClassScope):
            self._uncalled.update(scope.uncalled)
            # The body of a class runs at once.
            for path in scope.reads:
                self.read(path)
            scope.reads = {}
            settings = _settings_class(node)
            if settings is not None:
                self._bind_value(node.name, settings)
        self._waiting[node.name] = scope
        if node.decorator_list:
            self._decorated.add(node.name)

    def visit_assign(self, node: ast.Assign) -> None:
        """Visit an assignment; ``name = lambda: …`` is a function that runs when its name is used."""
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Name) and isinstance(node.value, ast.Lambda):
            self.visit_defaults(node.value.args)
            self.bind(target.id, Role.VALUE, None, node)
            self._waiting[target.id] = FunctionScope(node.value)
            return
        super().visit_assign(node)

    def visit_delete(self, node: ast.Delete) -> None:
        """Visit ``del``: behind it the name is the notebook's no more."""
        super().visit_delete(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._make_certain(target.id)

    # --- ways through the code -----------------------------------------------------------------------------------

    def _make_certain(self, name: str) -> None:
        self._possible.add(name)
        if name not in self.certain:
            self.certain.add(name)
            self._trail.append(name)

    def either(self, branches: Sequence[Branch]) -> None:
        """Visit each body from where the fork is; certain behind it is what all that come through have bound."""
        ends = []
        for begin, body in branches:
            bound = self._branch(begin, body)
            if not body or not isinstance(body[-1], _LEAVING):
                ends.append(bound)
        for name in set.intersection(*ends) if ends else set():
            self._make_certain(name)

    def _branch(self, begin: Callable[[], None] | None, body: list[ast.stmt]) -> set[str]:
        start = len(self._trail)
        if begin is not None:
            begin()
        self.body(body)
        bound = set(self._trail[start:])
        del self._trail[start:]
        self.certain -= bound
        return bound

    def loop(self, node: Loop) -> None:
        """Visit a loop's body as run at least once: an empty loop is the rarer case by far."""
        self._loops.append(node)
        self.body(node.body)
        self._loops.pop()


def _settings_class(node: Definition) -> Binding | None:
    """Return the leaves of a class that is nothing but a list of constants: ``class CFG: lr = 0.1``."""
    if not isinstance(node, ast.ClassDef) or node.decorator_list or node.bases or node.keywords:
        return None
    found = CONSTANT
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found = found.with_leaf(name, classify(value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found = found.with_leaf(name, classify(value))
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
                continue
            case _:
                return None
    return found
