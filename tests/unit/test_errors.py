"""The exception tree: as drawn, catchable at every level, and no error outside it."""

from __future__ import annotations

import builtins
import inspect
import re

import pytest

from nbtrack import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn_tree() -> dict[str, tuple[str | None, list[str]]]:
    """Read the tree in the module's docstring: class name -> (parent, further built-in bases)."""
    tree: dict[str, tuple[str | None, list[str]]] = {}
    path: list[str] = []
    for line in inspect.getdoc(errors).splitlines():
        found = re.match(r"    ([│├└─ ]*)(\w+Error)(?: \((\w+)\))?(?:\s{2,}|$|\s\()", line + "  ")
        if not found:
            continue
        depth = len(found[1]) // 4
        path[depth:] = [found[2]]
        tree[found[2]] = (path[depth - 1] if depth else None, [found[3]] if found[3] else [])
    return tree


def test_the_drawing_is_the_tree() -> None:
    drawn = drawn_tree()
    assert set(drawn) == set(CLASSES)
    for name, (parent, extra) in drawn.items():
        bases = [base.__name__ for base in CLASSES[name].__bases__]
        assert bases == [parent or "Exception", *extra], name


@pytest.mark.parametrize("kind", CLASSES.values(), ids=lambda kind: kind.__name__)
def test_every_error_is_caught_by_the_base_class(kind: type[Exception]) -> None:
    with pytest.raises(errors.NbtrackError, match="say what"):
        raise kind("say what")


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.ParamError, ValueError),
        (errors.FilterError, ValueError),
        (errors.RunNotFoundError, LookupError),
        (errors.ExperimentNotFoundError, LookupError),
        (errors.MissingDependencyError, ImportError),
    ],
)
def test_errors_that_have_a_builtin_meaning_are_caught_by_it(kind: type[Exception], builtin: type[Exception]) -> None:
    with pytest.raises(builtin):
        raise kind("say what")


def test_no_error_hides_a_builtin_and_each_says_when_it_is_raised() -> None:
    assert not set(CLASSES) & set(dir(builtins))
    for name, kind in CLASSES.items():
        assert (kind.__doc__ or "").strip().endswith("."), name
