"""Cells that only look: said of none that may change what it reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbtrack.provenance.quiet import is_quiet, looks_quiet

QUIET = ["df.head()", "x = a.mean(), a[3:] ** 2", "print(f'{a.sum():.2f}')", "df.groupby('a')['b'].mean().round(2)", ""]
LOUD = [
    "df.pop('a')", "df['a'] = 1", "a[0] = 1", "a += 1", "df.sort_values('a', inplace=True)", "a.sum(out=b)",
    "f(df)", "df.apply(f)", "del df['a']", "a.sort()", "df.mean(**options)", "df.columns = ['x']", "import x",
    "for x in a:\n    pass", "df.sort_values('a', key=f)", "[f for f in df]", "lambda: df", "x = (y := df)",
    "setattr(df, 'a', 1)", "get_ipython().run_cell('x')", "np.random.shuffle(a)", "a.flat[0]\na.fill(1)", "x = = 1",
    "a.max(initial=f(a))",
]  # fmt: skip


@pytest.mark.parametrize("source", QUIET)
def test_looking_is_quiet(source):
    assert looks_quiet(source)


@pytest.mark.parametrize("source", LOUD)
def test_what_may_change_something_is_not(source):
    assert not looks_quiet(source)


def test_only_arrays_tables_and_single_values_are_known_to_stay_as_they_are():
    namespace = {"df": pd.DataFrame(), "a": np.ones(2), "n": 3, "np": np, "xs": [1], "odd": type("Odd", (), {})()}
    assert is_quiet("df.head(n)\nnp.mean(a)", {"df": 0, "n": 0, "np": 0, "a": 0, "gone": 0}, namespace)
    assert not is_quiet("print(xs)", {"xs": 0}, namespace)
    assert not is_quiet("print(odd)", {"odd": 0}, namespace)
    assert not is_quiet("print(n)", {"n": 0}, namespace | {"print": odd_print})


def odd_print(*values):
    raise AssertionError(values)
