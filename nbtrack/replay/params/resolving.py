"""Following a param back to the places in the code that give it its value."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from nbtrack.replay.params.assignments import Assignments
from nbtrack.replay.params.places import Assignment, Keys, Where, keys_of
from nbtrack.replay.params.sites import Site, UnsettableError, is_replaceable

_MOST_STEPS = 30
# Calls that give what their first argument holds.
_ALIKE = frozenset(
    "copy deepcopy asdict vars dict OrderedDict SimpleNamespace Namespace create MappingProxyType Bunch Munch "
    "AttrDict ConfigDict DictConfig EasyDict Box edict replace".split()
)


class Resolver:
    """Finds where names, items and attributes get the values that a run saw."""

    def __init__(self, assignments: Assignments) -> None:
        self._all = assignments
        self._depth = 0

    def of_keys(self, keys: Keys, before: int | None = None) -> list[Site]:
        """Return the places that give a name, or what is reached from it, its last value.

        Parameters
        ----------
        keys : tuple of str
        before : int, optional
            Order of a statement that comes too late; default none does.

        Raises
        ------
        UnsettableError
            There are none that another value could stand at.
        """
        reaching = self._reaching(keys, before)
        if not reaching:
            raise UnsettableError("is set nowhere in the cells that the run depends on")
        sites: list[Site] = []
        for item in reaching:
            sites += self._of_assignment(item, keys)
        return list(dict.fromkeys([*sites, *self._equal_before(keys, reaching, sites)]))

    def _reaching(self, keys: Keys, before: int | None) -> list[Assignment]:
        """Return the last assignment that certainly happens, and those after it that may."""
        found: list[Assignment] = []
        for item in reversed(self._all.found):
            length = min(len(item.keys), len(keys))
            if item.keys[:length] != keys[:length] or (before is not None and item.where.order >= before):
                continue
            found.append(item)
            if item.certain and len(item.keys) <= len(keys):
                break
        return found

    def _of_assignment(self, item: Assignment, keys: Keys) -> list[Site]:
        label = self._all.label(item.where)
        rest = keys[len(item.keys) :]
        if item.defined is not None and rest:
            return self._of_class(item.where, item.defined, rest)
        if item.value is None:
            raise UnsettableError(f"{item.why} in {label}")
        if len(item.keys) > len(keys):
            raise UnsettableError(f"is changed in place in {label}")
        if not rest:
            self._check(item.value, label)
            return [Site(item.where, item.value, chained=item.chained)]
        return self.of_expression(item.value, item.where, rest)

    def _equal_before(self, keys: Keys, reaching: list[Assignment], sites: list[Site]) -> Iterable[Site]:
        """Return earlier places that gave a name the same value.

        Raises
        ------
        UnsettableError
            One gave it another value, and that was used.
        """
        if len(keys) > 1 or not sites:
            return
        first = min(item.where.number for item in reaching)
        shown = {ast.dump(site.node) for site in sites}
        for item in self._all.found:
            if item.keys != keys or item.where.number >= first or item.value is None:
                continue
            if ast.dump(item.value) in shown:
                yield Site(item.where, item.value, chained=item.chained)
                continue
            between = [where.statement for where in self._all.statements[item.where.number + 1 : first]]
            if self._all.mentions(keys[0], between):
                raise UnsettableError(
                    f"is set to {_short(item.value)} in {self._all.label(item.where)} and to "
                    f"{_short(sites[0].node)} in {self._all.label(sites[0].where)}, and both are used"
                )

    def _check(self, value: ast.expr, label: str) -> None:
        if not is_replaceable(value):
            raise UnsettableError(f"is computed in {label}, by {_short(value)}")

    # --- expressions ------------------------------------------------------------------------------------------------

    def of_expression(self, node: ast.expr, where: Where, rest: Keys) -> list[Site]:
        """Return the places that give a part of an expression's value its value; with no rest, of the value itself."""
        self._depth += 1
        try:
            if self._depth > _MOST_STEPS:
                raise UnsettableError("is passed on too often to be followed")
            return self._of_expression(node, where, rest)
        finally:
            self._depth -= 1

    def _of_expression(self, node: ast.expr, where: Where, rest: Keys) -> list[Site]:
        if not rest:
            self._check(node, self._all.label(where))
            return [Site(where, node)]
        keys = keys_of(node)
        if keys is not None:
            if keys[-1] == "__dict__":
                keys = keys[:-1]
            return self.of_keys((*keys, *rest), where.order)
        match node:
            case ast.Dict():
                return self._of_dict(node, where, rest)
            case ast.Call():
                return self._of_call(node, where, rest)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                try:
                    return self.of_expression(right, where, rest)
                except UnsettableError:
                    return self.of_expression(left, where, rest)
        raise UnsettableError(f"is part of what {self._all.label(where)} computes by {_short(node)}")

    def _of_dict(self, node: ast.Dict, where: Where, rest: Keys) -> list[Site]:
        spread = False
        for key, value in zip(reversed(node.keys), reversed(node.values), strict=True):
            if key is None:
                spread = True
                continue
            if isinstance(key, ast.Constant) and (left := _after(str(key.value), rest)) is not None:
                if spread:
                    break
                return self.of_expression(value, where, left)
        if spread and len(rest) == 1:
            # What is spread may hold it, or not: written last, it counts.
            return [Site(where, node, added=f"{rest[0]!r}: ")]
        raise UnsettableError(f"is no literal item of the dict in {self._all.label(where)}")

    def _of_call(self, node: ast.Call, where: Where, rest: Keys) -> list[Site]:
        for keyword in node.keywords:
            if keyword.arg is not None and (left := _after(keyword.arg, rest)) is not None:
                return self.of_expression(keyword.value, where, left)
        spread = [keyword.value for keyword in node.keywords if keyword.arg is None]
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in self._all.classes and name == ast.unparse(node.func):
            return self._of_instance(node, where, rest, self._all.classes[name][1])
        if name in ("parse_args", "parse_known_args"):
            return self._of_option(rest, where)
        for given in spread:
            try:
                return self.of_expression(given, where, rest)
            except UnsettableError:
                continue
        if name in _ALIKE or (len(node.args) == 1 and isinstance(node.args[0], ast.Dict)):
            if name == "replace" and len(rest) == 1 and not spread:
                return [Site(where, node, added=f"{rest[0]}=")]
            if node.args:
                return self.of_expression(node.args[0], where, rest)
        elif name[:1].isupper() and len(rest) == 1 and not spread and not _has_star(node):
            return [Site(where, node, added=f"{rest[0]}=")]
        raise UnsettableError(f"is part of what {self._all.label(where)} computes by {_short(node)}")

    def _of_option(self, rest: Keys, where: Where) -> list[Site]:
        """Follow an option of a command line to its default."""
        for place in reversed(self._all.all_statements):
            match place.statement:
                case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add_argument"), args=names, keywords=keywords)):
                    given = {keyword.arg: keyword.value for keyword in keywords}
                    words = [item.value for item in names if isinstance(item, ast.Constant)]
                    dest = given.get("dest")
                    if isinstance(dest, ast.Constant):
                        words = [dest.value]
                    if rest[0] in [str(word).lstrip("-").replace("-", "_") for word in words] and "default" in given:
                        return self.of_expression(given["default"], place, rest[1:])
        raise UnsettableError(f"is an option without a default in {self._all.label(where)}")

    # --- classes ----------------------------------------------------------------------------------------------------

    def _of_instance(self, node: ast.Call, where: Where, rest: Keys, cls: ast.ClassDef) -> list[Site]:
        """Follow an attribute of what a call of the notebook's own class gives."""
        own = next((item for item in cls.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)
        if own is not None:
            return self.of_argument(node, where, own, rest, bound=True)
        fields = self._fields(cls)
        if not _has_star(node) and rest[0] in fields and len(node.args) > fields.index(rest[0]):
            return self.of_expression(node.args[fields.index(rest[0])], where, rest[1:])
        spread = [keyword.value for keyword in node.keywords if keyword.arg is None]
        for given in spread:
            try:
                return self.of_expression(given, where, rest)
            except UnsettableError:
                continue
        makes_one = self._calls_of(cls.name) == 1
        if fields and len(rest) == 1 and not makes_one and rest[0] in fields:
            # Its default is that of other objects, too.
            return [Site(where, node, added=f"{rest[0]}=")]
        return self._of_class(self._all.classes[cls.name][0], cls, rest)

    def _calls_of(self, name: str) -> int:
        return sum(
            1
            for where in self._all.statements
            for part in ast.walk(where.statement)
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == name
        )

    def _fields(self, cls: ast.ClassDef) -> list[str]:
        found: list[str] = []
        for base in cls.bases:
            if isinstance(base, ast.Name) and base.id in self._all.classes and base.id != cls.name:
                found += self._fields(self._all.classes[base.id][1])
        own = [
            item.target.id for item in cls.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        ]
        return list(dict.fromkeys([*found, *own]))

    def _of_class(self, where: Where, cls: ast.ClassDef, rest: Keys) -> list[Site]:
        """Follow what a class body sets."""
        for item in reversed(cls.body):
            inside = Where(where.number, where.order, where.step, where.piece, item)
            match item:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == rest[0]:
                    return self._of_default(value, inside, rest)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == rest[0]:
                    return self._of_default(value, inside, rest)
                case ast.ClassDef(name=name) if name == rest[0] and len(rest) > 1:
                    return self._of_class(inside, item, rest[1:])
        for base in cls.bases:
            if isinstance(base, ast.Name) and base.id in self._all.classes and base.id != cls.name:
                return self._of_class(*self._all.classes[base.id], rest)
        raise UnsettableError(f"is not set in the body of class {cls.name}")

    def _of_default(self, value: ast.expr, where: Where, rest: Keys) -> list[Site]:
        match value:
            case ast.Call(func=function, keywords=keywords) if ast.unparse(function).rpartition(".")[2] in (
                "field",
                "Field",
            ):
                for keyword in keywords:
                    if keyword.arg == "default":
                        return self.of_expression(keyword.value, where, rest[1:])
                    if keyword.arg == "default_factory" and isinstance(keyword.value, ast.Lambda):
                        return self.of_expression(keyword.value.body, where, rest[1:])
        return self.of_expression(value, where, rest[1:])

    # --- calls of functions -----------------------------------------------------------------------------------------

    def of_argument(
        self,
        call: ast.Call,
        where: Where,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        keys: Keys,
        *,
        bound: bool,
    ) -> list[Site]:
        """Return the places that give an argument of a call, or what is reached from it, its value.

        Parameters
        ----------
        call : ast.Call
        where : Where
            The statement that it is in.
        function : ast.FunctionDef or ast.AsyncFunctionDef
        keys : tuple of str
        bound : bool
            The first argument is the object that the function is a method of.
        """
        for keyword in call.keywords:
            if keyword.arg == keys[0]:
                return self.of_expression(keyword.value, where, keys[1:])
        arguments = function.args
        positional = [item.arg for item in (*arguments.posonlyargs, *arguments.args)][int(bound) :]
        if keys[0] in positional:
            before = call.args[: positional.index(keys[0]) + 1]
            if any(isinstance(item, ast.Starred) for item in before):
                raise UnsettableError(f"is unpacked from something computed in {self._all.label(where)}")
            if len(before) > positional.index(keys[0]):
                return self.of_expression(before[-1], where, keys[1:])
        for keyword in call.keywords:
            if keyword.arg is None:
                return self.of_expression(keyword.value, where, keys)
        defaults = _defaults(function)
        if keys[0] not in defaults and arguments.kwarg is None:
            raise UnsettableError(f"is no argument of {function.name}")
        if len(keys) > 1:
            if keys[0] not in defaults:
                raise UnsettableError(f"is no argument of {function.name}")
            return self.of_expression(defaults[keys[0]], where, keys[1:])
        if keys[0] in [item.arg for item in arguments.posonlyargs]:
            raise UnsettableError(f"can only be given to {function.name} by position")
        return [Site(where, call, added=f"{keys[0]}=")]


def _defaults(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    found = dict(zip([item.arg for item in reversed(positional)], reversed(arguments.defaults), strict=False))
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found | {item.arg: default for item, default in pairs if default is not None}


def _after(key: str, rest: Keys) -> Keys | None:
    """Return what of a path is left behind a key, which may hold dots itself; None where it is another key."""
    parts = tuple(key.split("."))
    return rest[len(parts) :] if rest[: len(parts)] == parts else None


def _has_star(call: ast.Call) -> bool:
    return any(isinstance(item, ast.Starred) for item in call.args)


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else text[:59] + "…"
