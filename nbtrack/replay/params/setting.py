"""The same slice with other params: their new values put into the code where the old ones came from."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nbtrack.errors import InputError
from nbtrack.records import cell_label
from nbtrack.replay.params.assignments import Assignments
from nbtrack.replay.params.literals import literal
from nbtrack.replay.params.passing import sites_of
from nbtrack.replay.params.sites import Site, UnsettableError, put
from nbtrack.replay.recipe import Recipe

_MOST_NAMED = 20


def with_params(recipe: Recipe, params: Mapping[str, Any]) -> Recipe:
    """Return a recipe that replays the same code with other params.

    A param's value is replaced where the run's code sets it: in an assignment to its name, in the item or keyword
    that a dotted name comes from, in the call of a ``@track`` function. All cells of the slice see the new value.

    Parameters
    ----------
    recipe : Recipe
    params : mapping of str to object
        Numbers, texts, True, False, None, and lists, tuples, sets and dicts of them.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        The run has no such param, or there is no one place that its value comes from; says which params can be set.
    """
    for name, value in params.items():
        try:
            text = literal(value)
        except InputError as error:
            raise InputError(f"param {name!r} cannot become this: {error}") from error
        recipe = with_code(recipe, name, text, str(value))
    return recipe


def with_code(recipe: Recipe, name: str, code: str, text: str) -> Recipe:
    """Return a recipe with one param set by a piece of code.

    Parameters
    ----------
    recipe : Recipe
    name : str
    code : str
        An expression without names of the notebook.
    text : str
        Its value, as params are recorded.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        As for :func:`with_params`.
    """
    assignments = Assignments(recipe)
    try:
        sites = _sites(assignments, name)
        changed = put(recipe, assignments.typed, [(site, code) for site in sites])
    except InputError as error:
        raise InputError(_refusal(recipe, assignments, name, error)) from error
    return replace(changed, params={**recipe.params, name: text})


def param_code(recipe: Recipe, name: str) -> str | None:
    """Return the code that gives a param its value; None where no single literal does."""
    assignments = Assignments(recipe)
    try:
        texts = {site.text for site in _sites(assignments, name)}
    except InputError:
        return None
    text = texts.pop()
    if texts or not text:
        return None
    tree = ast.parse(f"({text}\n)", mode="eval")
    names = [part.id for part in ast.walk(tree) if isinstance(part, ast.Name)]
    return text if set(names) <= {"float", "int", "str", "bool", "dict", "list", "tuple", "set"} else None


def settable_params(recipe: Recipe) -> list[str]:
    """Return the names of the params that can be set.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    list of str
        In the order in which the run has them.
    """
    return _settable(recipe, Assignments(recipe))


def _settable(recipe: Recipe, assignments: Assignments) -> list[str]:
    found = []
    for name in recipe.params:
        try:
            _sites(assignments, name)
        except InputError:
            continue
        found.append(name)
    return found


def _refusal(recipe: Recipe, assignments: Assignments, name: str, error: InputError) -> str:
    settable = _settable(recipe, assignments)
    listed = ", ".join(settable[:_MOST_NAMED]) + (" …" if len(settable) > _MOST_NAMED else "")
    known = f"Params that can be set: {listed}." if settable else "None of its params can be set."
    if isinstance(error, UnsettableError):
        if name not in recipe.params and "nowhere" in str(error):
            return f"run {recipe.run_name!r} has no param {name!r}. {known}"
        return f"param {name!r} of run {recipe.run_name!r} cannot be set: it {error}. {known}"
    return f"param {name!r} of run {recipe.run_name!r} cannot be set: {error} {known}"


def _sites(assignments: Assignments, name: str) -> list[Site]:
    """Return the places of a param's value.

    Raises
    ------
    InputError
        There are none that another value could stand at.
    """
    recipe = assignments.recipe
    unread = [step for step, typed in zip(recipe.steps, assignments.typed, strict=True) if not typed.is_python]
    sites = sites_of(assignments, name)
    if not sites:
        raise UnsettableError("is set nowhere in the cells that the run depends on")
    for site in sites:
        # What cannot be found again in what was typed cannot be replaced.
        site.edits("0")
    recorded = recipe.params.get(name)
    if recorded is not None and not any(site.is_value(recorded) for site in sites):
        raise UnsettableError(
            f"was {recorded} in the run, while {assignments.label(sites[0].where)} sets it to {sites[0].text}: "
            "something else changes it"
        )
    if unread and not all(site.where.step == len(recipe.steps) - 1 for site in sites):
        count = unread[0].execution_count
        raise UnsettableError(f"may also be set in {cell_label(count)}, which is no Python as it is")
    return sites
