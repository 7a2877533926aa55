"""Paths: a name and what is reached from it by attributes and constant subscripts.

``cfg`` is ``("cfg",)``; ``cfg.model["depth"]`` is ``("cfg", "model", Item("depth"))``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias


class Item(NamedTuple):
    """A step of a path by a constant subscript; a step by attribute is a plain str."""

    key: str | int


NamePath: TypeAlias = tuple[str | Item, ...]

# Methods of the built-in containers that change them and give nothing back.
MUTATORS = frozenset("add append appendleft clear discard extend extendleft insert remove reverse sort update".split())


def root_of(path: NamePath) -> str:
    """Return the name that a path starts from."""
    name = path[0]
    assert isinstance(name, str)
    return name


def dotted(path: NamePath) -> str:
    """Write a path as a key of params and metrics.

    Parameters
    ----------
    path : tuple

    Returns
    -------
    str

    Examples
    --------
    >>> dotted(("cfg", "model", Item("depth")))
    'cfg.model.depth'
    """
    return ".".join(step if isinstance(step, str) else str(step.key) for step in path)


def constant_key(node: ast.expr) -> Item | None:
    """Return the step that a subscript by a literal text or whole number makes, None for any other subscript."""
    if isinstance(node, ast.Constant) and type(node.value) in (str, int):
        return Item(node.value)  # type: ignore[arg-type]
    return None


def path_of(node: ast.expr) -> NamePath | None:
    """Read an expression that is a name followed by attributes and constant subscripts only.

    Parameters
    ----------
    node : ast.expr

    Returns
    -------
    tuple or None
        None for any other expression.

    Examples
    --------
    >>> path_of(ast.parse("cfg['lr']", mode="eval").body)
    ('cfg', Item(key='lr'))
    """
    steps: list[str | Item] = []
    while True:
        if isinstance(node, ast.Name):
            return (node.id, *reversed(steps))
        if isinstance(node, ast.Attribute):
            steps.append(node.attr)
        elif isinstance(node, ast.Subscript) and (key := constant_key(node.slice)) is not None:
            steps.append(key)
        else:
            return None
        node = node.value


def first_part(path: NamePath) -> str | None:
    """Return the attribute or the text key by which a path goes into an object; None where it does not.

    Parameters
    ----------
    path : tuple

    Returns
    -------
    str or None

    Examples
    --------
    >>> first_part(("cfg", Item("lr"))), first_part(("cfg", "lr")), first_part(("xs", Item(0))), first_part(("cfg",))
    ('lr', 'lr', None, None)
    """
    step = path[1] if len(path) > 1 else None
    key = step.key if isinstance(step, Item) else step
    return key if isinstance(key, str) else None


def target_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment target or a ``match`` pattern binds.

    Parameters
    ----------
    node : ast.AST

    Yields
    ------
    str
    """
    for found in ast.walk(node):
        if isinstance(found, ast.Name):
            if isinstance(found.ctx, ast.Store):
                yield found.id
        elif isinstance(found, ast.MatchAs | ast.MatchStar):
            if found.name is not None:
                yield found.name
        elif isinstance(found, ast.MatchMapping) and found.rest is not None:
            yield found.rest


def argument_names(arguments: ast.arguments) -> set[str]:
    """Return the names that a function's arguments bind inside it."""
    return {argument.arg for argument in all_arguments(arguments)}


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Return the arguments of a function, ``*args`` and ``**kwargs`` included."""
    last = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *last]


def type_params(node: ast.AST) -> set[str]:
    """Return the type parameters of ``def f[T]`` or ``class A[T]``, which Python has since 3.12."""
    return {parameter.name for parameter in getattr(node, "type_params", ())}
