"""Where the code of a replay gives names, and the items and attributes behind them, their values."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cached_property

from nbtrack.records import cell_label
from nbtrack.replay.params.assigning import AssignmentWalk
from nbtrack.replay.params.places import Assignment, Where
from nbtrack.replay.params.typed import Typed
from nbtrack.replay.recipe import Recipe


class Assignments:
    """All assignments of a replay's code, in order.

    Attributes
    ----------
    recipe : Recipe
    typed : tuple of Typed
        By step.
    statements : list of Where
        Those of the top level, in the order in which they run.
    all_statements : list of Where
        Those in their blocks among them; not those in functions and classes.
    found : list of Assignment
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.typed = tuple(Typed(step.source) for step in recipe.steps)
        self.statements: list[Where] = []
        self.all_statements: list[Where] = []
        self.found: list[Assignment] = []
        for position, step in enumerate(recipe.steps):
            for piece, node in self.typed[position].statements():
                where = Where(len(self.statements), len(self.all_statements), position, piece, node)
                self.statements.append(where)
                walk = AssignmentWalk(where, self.found, self.all_statements)
                walk.statement(node, certain=not (step.raised or step.interrupted))

    @cached_property
    def functions(self) -> dict[str, tuple[Where, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """The functions that the code defines, wherever, the last of each name."""
        found: dict[str, tuple[Where, ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for where in self.statements:
            for node in ast.walk(where.statement):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found[node.name] = (where, node)
        return found

    @cached_property
    def classes(self) -> dict[str, tuple[Where, ast.ClassDef]]:
        """The classes that the code defines at its top level, the last of each name."""
        return {
            item.defined.name: (item.where, item.defined)
            for item in self.found
            if item.defined is not None and item.keys == (item.defined.name,)
        }

    def label(self, where: Where) -> str:
        """Return what the cell of a statement is called: ``In[3]``."""
        count = self.recipe.steps[where.step].execution_count
        return cell_label(count)

    def mentions(self, name: str, statements: Sequence[ast.stmt]) -> bool:
        """Tell whether statements read a name, by themselves or in functions of the notebook that they mention."""
        pending, seen = [word for node in statements for word in _loads(node)], set[str]()
        while pending:
            word = pending.pop()
            if word == name:
                return True
            if word in self.functions and word not in seen:
                seen.add(word)
                pending += _loads(self.functions[word][1])
        return False


def _loads(node: ast.AST) -> list[str]:
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)]
