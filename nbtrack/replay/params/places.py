"""A statement of a replay's code, and what a part of its syntax names."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from nbtrack.provenance.paths import Item, path_of
from nbtrack.replay.params.typed import Piece

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """A statement of the replay's code.

    Attributes
    ----------
    number : int
        Which statement of the top level it is or is in, over all steps.
    order : int
        Which of all statements, those in blocks among them.
    step : int
    piece : Piece
    statement : ast.stmt
        The innermost one.
    """

    number: int
    order: int
    step: int
    piece: Piece
    statement: ast.stmt


@dataclass(frozen=True, slots=True)
class Assignment:
    """A place where something gets its value.

    Attributes
    ----------
    keys : tuple of str
        ``("cfg", "lr")`` for ``cfg.lr`` and for ``cfg["lr"]``.
    where : Where
    value : ast.expr or None
        The expression whose value it gets, as it is; None where there is no such expression.
    why : str
        Where there is none: what it is instead.
    certain : bool
        It happens whenever the cell runs.
    chained : ast.expr or None
        Its target, in ``a = b = 1``.
    defined : ast.ClassDef or None
        The class that the name stands for.
    """

    keys: Keys
    where: Where
    value: ast.expr | None
    why: str = ""
    certain: bool = True
    chained: ast.expr | None = None
    defined: ast.ClassDef | None = None


def keys_of(node: ast.expr) -> Keys | None:
    """Return a name and the texts by which attributes and items lead on from it; None for any other expression.

    Parameters
    ----------
    node : ast.expr

    Returns
    -------
    tuple of str or None

    Examples
    --------
    >>> keys_of(ast.parse("cfg.opt['lr']", mode="eval").body)
    ('cfg', 'opt', 'lr')
    """
    path = path_of(node)
    if path is None:
        return None
    return tuple(str(step.key) if isinstance(step, Item) else step for step in path)


def last_name(node: ast.expr) -> str:
    """Return the last name of what is called or looked up: ``fit`` of ``model.fit`` and of ``make()[0].fit``.

    Parameters
    ----------
    node : ast.expr

    Returns
    -------
    str
        Empty where it has none.
    """
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
