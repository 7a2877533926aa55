"""Looking for seeds in the code of a replay."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nbtrack.errors import InputError
from nbtrack.replay.magics import magic_of
from nbtrack.replay.params.assignments import Assignments
from nbtrack.replay.params.places import Where, keys_of, last_name
from nbtrack.replay.params.resolving import Resolver
from nbtrack.replay.seeds.seedpoints import SeedPoint, is_seed_name, is_seeds_name

_MAGIC = re.compile(r"(%nbtrack\s+seed\s+)(\d+)")
# Calls whose first argument seeds a generator that everybody shares …
_GLOBAL = frozenset(
    "seed set_seed set_random_seed manual_seed manual_seed_all seed_all seed_everything fix_seed seed_torch "
    "fix_random_seed set_all_seeds set_global_seed".split()
)
# … and those whose first argument makes a generator of its own.
_OWN = frozenset(
    "default_rng RandomState SeedSequence PCG64 PCG64DXSM MT19937 Philox SFC64 Random PRNGKey "
    "check_random_state".split()
)
# Calls that give seeds of a generator's, which is seeded elsewhere.
_DERIVING = frozenset("spawn split generate_state fold_in integers randint".split())
_JAX_KEY = frozenset({"jax.random.key", "random.key", "jr.key"})
_COUNTING = frozenset({"range", "enumerate", "trange"})


@dataclass
class SeedFinder:
    """Walks through the code of a replay, and follows what seeds are computed from.

    Attributes
    ----------
    all : Assignments
    points : dict of (int, int, int) to SeedPoint
        By step, and where they stand in it.
    unvaried : dict of str to None
        Seeds that are computed, in order.
    seeds_globals : bool
        The generators that everybody shares are seeded.
    """

    all: Assignments
    points: dict[tuple[int, int, int], SeedPoint] = field(default_factory=dict)
    unvaried: dict[str, None] = field(default_factory=dict)
    seeds_globals: bool = False
    _followed: set[str] = field(default_factory=set)
    _here: Where = field(init=False)

    def run(self) -> None:
        """Find all of them."""
        for where in self.all.statements:
            self._here = where
            self._magic()
            for node in ast.walk(where.statement):
                for value, words in self._candidates(node):
                    self._take(value, words)

    # --- what may be a seed -----------------------------------------------------------------------------------------

    def _magic(self) -> None:
        magic = magic_of(self._here.statement)
        if magic is None or magic.name != "nbtrack" or magic.line.split()[:1] != ["seed"]:
            return
        self.seeds_globals = True
        span = self._here.piece.line_span(self._here.statement)
        found = _MAGIC.search(self._here.piece.typed, *span) if span else None
        if found:
            self._add(found.span(2), int(found[2]), f"%nbtrack seed {found[2]}")

    def _candidates(self, node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
        match node:
            case ast.Call():
                yield from self._of_call(node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from self._of_target(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from self._of_target(target, value)
            case ast.NamedExpr(target=target, value=value):
                yield from self._of_target(target, value)
            case (
                ast.For(target=ast.Name(id=name), iter=iterated)
                | ast.comprehension(target=ast.Name(id=name), iter=iterated)
            ) if is_seed_name(name):
                yield from self._of_list(iterated, f"for {name} in …")
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str) and is_seed_name(key.value):
                        yield value, f"{key.value!r}: {_short(value)}"
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from self._of_arguments(node)

    def _of_target(self, target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, str]]:
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            if len(target.elts) == len(value.elts):
                for part, inner in zip(target.elts, value.elts, strict=True):
                    yield from self._of_target(part, inner)
            return
        keys = keys_of(target)
        if keys is None:
            return
        if is_seed_name(keys[-1]):
            yield value, f"{keys[-1]} = {_short(value)}"
        elif is_seeds_name(keys[-1]):
            yield from self._of_list(value, f"{keys[-1]} = {_short(value)}")

    def _of_list(self, value: ast.expr, words: str) -> Iterator[tuple[ast.expr, str]]:
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            for item in value.elts:
                if _is_whole(item):
                    yield item, words

    def _of_call(self, call: ast.Call) -> Iterator[tuple[ast.expr, str]]:
        keys = keys_of(call.func) or (() if not isinstance(call.func, ast.Attribute) else (call.func.attr,))
        name = keys[-1] if keys else ""
        shown = f"{'.'.join(keys)}({_short(call.args[0]) if call.args else ''})"
        if name in _GLOBAL:
            self.seeds_globals = True
        if name in ("start_run", "track") and any(item.arg == "seed" for item in call.keywords):
            self.seeds_globals = True
        if call.args and (name in _GLOBAL or name in _OWN or ".".join(keys) in _JAX_KEY):
            first = call.args[0]
            if isinstance(first, ast.List | ast.Tuple):
                yield from ((item, shown) for item in first.elts[:1])
            else:
                yield first, shown
        for keyword in call.keywords:
            if keyword.arg is not None and (
                is_seed_name(keyword.arg) or (keyword.arg in ("a", "x", "entropy") and name in (_OWN | _GLOBAL))
            ):
                yield keyword.value, f"{keyword.arg}={_short(keyword.value)}"
        if name == "add_argument" and any(
            isinstance(item, ast.Constant) and is_seed_name(str(item.value).lstrip("-").replace("-", "_"))
            for item in call.args
        ):
            yield from (
                (item.value, f"{ast.unparse(call.args[0])} by default {_short(item.value)}")
                for item in call.keywords
                if item.arg == "default"
            )
        if name in self.all.functions:
            yield from self._of_positions(call, name)

    def _of_positions(self, call: ast.Call, name: str) -> Iterator[tuple[ast.expr, str]]:
        """Yield what a call of the notebook's own function gives to an argument that is called like a seed."""
        arguments = self.all.functions[name][1].args
        names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        names = names[1:] if isinstance(call.func, ast.Attribute) and names[:1] == ["self"] else names
        for given, argument in zip(call.args, names, strict=False):
            if isinstance(given, ast.Starred):
                return
            if is_seed_name(argument) or argument in self._followed:
                yield given, f"{argument}={_short(given)}"

    def _of_arguments(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    ) -> Iterator[tuple[ast.expr, str]]:
        for name, default in _defaults(node.args):
            if is_seed_name(name):
                yield default, f"{name}={_short(default)}"

    # --- what is one ------------------------------------------------------------------------------------------------

    def _take(self, value: ast.expr, words: str) -> bool:
        """Take a seed, or what it is computed from; tell whether it varies now, and remember what does not."""
        if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool)):
            return False
        found = self._vary(value, words)
        if not found and not self._is_generator(value):
            self.unvaried.setdefault(f"{words} in {self.all.label(self._here)}")
        return found

    def _vary(self, value: ast.expr, words: str) -> bool:
        match value:
            case ast.Constant(value=int(seed)) if not isinstance(seed, bool):
                return self._add_node(value, seed, words)
            case ast.Name(id=name):
                return self._follow(name, value, words)
            case ast.Attribute() | ast.Subscript():
                return self._follow_keys(value)
            case ast.NamedExpr(value=inner) | ast.Call(func=ast.Name(id="int" | "abs"), args=[inner]):
                return self._vary(inner, words)
            case ast.BinOp(left=left, op=operator, right=right):
                sides = [side for side in (left, right) if not isinstance(side, ast.Constant)]
                known = [self._vary(side, words) for side in sides]
                # Of `100 + i` the 100 is a seed; of `i % 100` it is none.
                literals = [side for side in (left, right) if _is_whole(side) and isinstance(operator, ast.Add)]
                return any(known) or any(self._vary(side, words) for side in literals)
            case ast.IfExp(body=body, orelse=orelse):
                return self._vary_all([body, orelse], words)
            case ast.BoolOp(values=values):
                return self._vary_all(values, words)
            case ast.Call(keywords=keywords) if last_name(value.func) in ("field", "Field"):
                return self._vary_all([item.value for item in keywords if item.arg == "default"], words)
        return False

    def _vary_all(self, values: Sequence[ast.expr], words: str) -> bool:
        varied = [self._vary(value, words) for value in values]
        return any(varied)

    def _is_generator(self, value: ast.expr) -> bool:
        """Tell whether a value is a generator that was seeded elsewhere, as in ``random_state=rng``."""
        match value:
            case ast.Name(id=name):
                given = [item.value for item in self.all.found if item.keys == (name,)]
                return any(isinstance(item, ast.Call) and last_name(item.func) in _OWN for item in given)
            case ast.Call():
                return last_name(value.func) in _OWN | _DERIVING
        return False

    def _follow(self, name: str, use: ast.Name, words: str) -> bool:
        """Take what a name that is read as a seed stands for, wherever it is bound."""
        if name in self._followed or is_seed_name(name):
            # Its own assignments are candidates by themselves.
            return self._counted(name, use, words) or self._is_bound(name)
        self._followed.add(name)
        here, found = self._here, self._counted(name, use, words)
        for where, value in self._bindings(name):
            self._here = where
            found = self._take(value, f"{name} = {_short(value)}") or found
        self._here = here
        return found

    def _is_bound(self, name: str) -> bool:
        """Tell whether a name is an argument of a function of the notebook, or bound where seeds are looked for."""
        functions = [function for _, function in self.all.functions.values()]
        given = any(
            name in [item.arg for item in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            for node in functions
        )
        return given or any(True for _ in self._bindings(name))

    def _bindings(self, name: str) -> Iterator[tuple[Where, ast.expr]]:
        for where in self.all.statements:
            for node in ast.walk(where.statement):
                match node:
                    case ast.Assign(targets=targets, value=value):
                        for target in targets:
                            yield from ((where, item) for item in _bound_to(target, value, name))
                    case ast.AnnAssign(target=target, value=ast.expr() as value):
                        yield from ((where, item) for item in _bound_to(target, value, name))
                    case (
                        ast.For(target=ast.Name(id=bound), iter=iterated)
                        | ast.comprehension(target=ast.Name(id=bound), iter=iterated)
                    ) if bound == name and isinstance(iterated, ast.List | ast.Tuple):
                        yield from ((where, item) for item in iterated.elts if _is_whole(item))
                    case ast.FunctionDef() | ast.AsyncFunctionDef():
                        yield from ((where, default) for arg, default in _defaults(node.args) if arg == name)
                    case ast.Call() if name in self._followed and last_name(node.func) in self.all.functions:
                        given = self._of_positions(node, last_name(node.func))
                        yield from ((where, item) for item, shown in given if shown.startswith(f"{name}="))
                        yield from ((where, item.value) for item in node.keywords if item.arg == name)

    def _counted(self, name: str, use: ast.Name, words: str) -> bool:
        """Shift a seed that a loop counts: the loop itself stays, its variable may be an index as well."""
        for part in ast.walk(self._here.statement):
            if isinstance(part, ast.For | ast.comprehension) and isinstance(part.iter, ast.Call):
                targets = part.target.elts[:1] if isinstance(part.target, ast.Tuple) else [part.target]
                named = any(isinstance(item, ast.Name) and item.id == name for item in targets)
                if named and last_name(part.iter.func) in _COUNTING:
                    return self._add_node(use, None, words)
        return False

    def _follow_keys(self, value: ast.expr) -> bool:
        keys = keys_of(value)
        if keys is None:
            return False
        try:
            sites = Resolver(self.all).of_keys(keys)
        except InputError:
            # What is called like a seed is a candidate where it is set.
            return is_seed_name(keys[-1])
        here, found = self._here, False
        for site in sites:
            self._here = site.where
            found = self._take(site.node, f"{'.'.join(keys)} = {_short(site.node)}") or found
        self._here = here
        return found

    def _add_node(self, node: ast.expr, seed: int | None, words: str) -> bool:
        try:
            span = self._here.piece.span(node)
        except InputError:
            return False
        return self._add(span, seed, words)

    def _add(self, span: tuple[int, int], seed: int | None, words: str) -> bool:
        key = (self._here.step, self._here.piece.offset + span[0], self._here.piece.offset + span[1])
        point = SeedPoint(f"{words} in {self.all.label(self._here)}", seed, self._here, span)
        self.points.setdefault(key, point)
        return True


def _bound_to(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    match target, value:
        case ast.Name(id=bound), _ if bound == name:
            yield value
        case ((ast.Tuple(elts=parts) | ast.List(elts=parts)), (ast.Tuple(elts=inner) | ast.List(elts=inner))) if len(
            parts
        ) == len(inner):
            for part, item in zip(parts, inner, strict=True):
                yield from _bound_to(part, item, name)


def _defaults(arguments: ast.arguments) -> Sequence[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    found = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    found += [
        (item, default)
        for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    ]
    return [(item.arg, default) for item, default in found]


def _is_whole(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 40 else text[:39] + "…"
