"""Which value a param is: an argument of the tracked call, something that is logged, or a name of the notebook."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from nbtrack.replay.params.assignments import Assignments
from nbtrack.replay.params.places import Keys, Where, keys_of, last_name
from nbtrack.replay.params.resolving import Resolver
from nbtrack.replay.params.sites import Site, UnsettableError

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def sites_of(assignments: Assignments, name: str) -> list[Site]:
    """Return the places that give a param the value that the run saw.

    Parameters
    ----------
    assignments : Assignments
    name : str

    Returns
    -------
    list of Site

    Raises
    ------
    UnsettableError
        There are none that another value could stand at.
    """
    keys = tuple(name.split("."))
    resolver = Resolver(assignments)
    if assignments.recipe.target.kind == "function":
        sites = _of_call(assignments, resolver, keys)
        if sites is not None:
            return sites
    logged = _logged(assignments, name)
    if logged:
        return _of_logged(assignments, resolver, name, logged)
    return resolver.of_keys(keys)


# --- calls of tracked functions ---------------------------------------------------------------------------------------


def _of_call(assignments: Assignments, resolver: Resolver, keys: Keys) -> list[Site] | None:
    """Return the places of an argument of the tracked call; None where the function has no such argument."""
    tracked = _tracked_function(assignments)
    if tracked is None:
        return None
    function, is_method = tracked
    arguments = function.args
    names = {item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    if keys[0] not in names and arguments.kwarg is None:
        return None
    where, call = _call_of(assignments, function.name)
    return resolver.of_argument(call, where, function, keys, bound=is_method)


def _tracked_function(assignments: Assignments) -> tuple[_Function, bool] | None:
    found: list[tuple[_Function, bool, str]] = []
    for where in assignments.statements:
        methods = {
            id(inner) for part in ast.walk(where.statement) if isinstance(part, ast.ClassDef) for inner in part.body
        }
        for node in ast.walk(where.statement):
            if isinstance(node, _Function):
                for decorator in node.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if last_name(called) == "track":
                        found.append((node, id(node) in methods and not _is_static(node), _run_name(node, decorator)))
    named = [item for item in found if assignments.recipe.target.name in (item[2], item[0].name)] or found
    return named[-1][:2] if len({item[0].name for item in named}) == 1 else None


def _is_static(node: _Function) -> bool:
    return any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in node.decorator_list)


def _run_name(node: _Function, decorator: ast.expr) -> str:
    for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return node.name


def _call_of(assignments: Assignments, name: str) -> tuple[Where, ast.Call]:
    """Return the call of a function that was the run.

    Raises
    ------
    UnsettableError
        It is not known which call it was.
    """
    last = len(assignments.recipe.steps) - 1
    calls = [
        (where, call, looped)
        for where in assignments.statements
        if where.step == last
        for call, looped in _calls(where.statement, name)
    ]
    if not calls:
        # Called by another function of the notebook.
        calls = [
            (where, call, True)
            for where, function in assignments.functions.values()
            for call, _ in _calls(function, name)
        ]
    position = assignments.recipe.target.position
    if len(calls) == 1:
        return calls[0][:2]
    if position < len(calls) and not any(looped for _, _, looped in calls):
        return calls[position][:2]
    raise UnsettableError(f"belongs to one of several calls of {name}, and which of them was the run is not known")


def _calls(node: ast.AST, name: str, *, looped: bool = False) -> Iterator[tuple[ast.Call, bool]]:
    """Yield the calls of a function in the order in which they are made, and whether each may be made repeatedly."""
    repeated = isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.comprehension | ast.If | ast.IfExp)
    repeated = repeated or isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | _Function)
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, name, looped=looped or repeated)
    if isinstance(node, ast.Call) and last_name(node.func) == name:
        yield node, looped


# --- params that were logged ------------------------------------------------------------------------------------------

_Logged = tuple[Where, _Function | None, ast.expr, Keys]


def _logged(assignments: Assignments, name: str) -> list[_Logged]:
    """Return the expressions that were logged under a param's name in the run's cell, and what of them it is."""
    last = len(assignments.recipe.steps) - 1
    statements = [where for where in assignments.all_statements if where.step == last]
    if assignments.recipe.target.kind == "block":
        statements = _within_block(assignments, statements)
    found: list[_Logged] = []
    mentioned: list[tuple[Where, _Function]] = []
    for where in statements:
        heads = [part for part in ast.iter_child_nodes(where.statement) if not isinstance(part, ast.stmt)]
        if isinstance(where.statement, _Function):
            continue
        for head in heads:
            found += [(where, None, value, rest) for value, rest in _log_calls(head, name)]
            words = [part.id for part in ast.walk(head) if isinstance(part, ast.Name)]
            mentioned += [assignments.functions[word] for word in words if word in assignments.functions]
    if not found:
        for home, function in mentioned:
            found += [(home, function, value, rest) for value, rest in _log_calls(function, name)]
    return found


def _within_block(assignments: Assignments, statements: Sequence[Where]) -> list[Where]:
    """Return the statements of the block that was the run, where that is one of several."""
    blocks = [where for where in statements if _starts_run(where.statement)]
    position = assignments.recipe.target.position
    if len(blocks) < 2 or position >= len(blocks):
        return list(statements)
    inside = set(map(id, ast.walk(blocks[position].statement)))
    return [where for where in statements if id(where.statement) in inside]


def _starts_run(node: ast.stmt) -> bool:
    items = node.items if isinstance(node, ast.With | ast.AsyncWith) else []
    calls = [item.context_expr for item in items if isinstance(item.context_expr, ast.Call)]
    return any(last_name(call.func) == "start_run" for call in calls)


def _log_calls(node: ast.AST, name: str) -> Iterator[tuple[ast.expr, Keys]]:
    for part in ast.walk(node):
        if not isinstance(part, ast.Call):
            continue
        match last_name(part.func), part.args:
            case "log_param", [ast.Constant(value=str(key)), value, *_] if key == name:
                yield value, ()
            case "log_params", [ast.Dict() as given, *_]:
                for given_key, value in zip(given.keys, given.values, strict=True):
                    if isinstance(given_key, ast.Constant) and given_key.value == name:
                        yield value, ()
                    elif given_key is None:
                        yield value, tuple(name.split("."))
            case "log_params", [value, *_]:
                yield value, tuple(name.split("."))


def _of_logged(assignments: Assignments, resolver: Resolver, name: str, logged: Sequence[_Logged]) -> list[Site]:
    failed: UnsettableError | None = None
    found: list[Site] = []
    for where, function, value, rest in logged:
        if not rest and isinstance(value, ast.Constant):
            failed = UnsettableError(
                f"is only written down as {ast.unparse(value)} in {assignments.label(where)}: to set it would change "
                "what is logged and not what runs"
            )
            continue
        try:
            found += _of_passed(assignments, resolver, where, function, value, rest)
        except UnsettableError as error:
            failed = error
    if not found and failed is not None:
        if any(item.keys == tuple(name.split(".")) for item in assignments.found):
            return resolver.of_keys(tuple(name.split(".")))
        raise failed
    if len({ast.dump(site.node) for site in found}) > 1:
        raise UnsettableError(
            "comes from several places with different values, and which of them was the run's is open"
        )
    return list(dict.fromkeys(found))


def _of_passed(
    assignments: Assignments,
    resolver: Resolver,
    where: Where,
    function: _Function | None,
    value: ast.expr,
    rest: Keys,
) -> list[Site]:
    """Follow an expression that is passed on: what it reads is set, not what is passed."""
    keys = keys_of(value)
    if function is not None:
        keys = None if keys is None else (*keys, *rest)
        arguments = function.args
        names = {item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        if keys is None or keys[0] not in names:
            raise UnsettableError(f"is logged within the function {function.name}, from a value of its own")
        call_where, call = _call_of(assignments, function.name)
        return resolver.of_argument(call, call_where, function, keys, bound=False)
    if keys is not None:
        return resolver.of_keys((*keys, *rest), where.order)
    if not rest:
        raise UnsettableError(f"is computed where it is logged, by {ast.unparse(value)}")
    return resolver.of_expression(value, where, rest)
