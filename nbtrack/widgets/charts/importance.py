"""``nbtrack.param_importance``: what a metric has to do with each param, as far as the runs tell."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError
from nbtrack.store.choosing import chosen_runs
from nbtrack.widgets import html
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.bars import Bar, BarPanel, BarPlot
from nbtrack.widgets.charts.chart import Chart
from nbtrack.widgets.charts.columns import Values, left_out, values_of
from nbtrack.widgets.format import count, number
from nbtrack.widgets.text import clean, cut

if TYPE_CHECKING:
    from nbtrack.records import RunRecord

_FEWEST, _FEWEST_OF_FOREST = 3, 10
_MOST = 20
_TREES, _REPEATS = 100, 5


def param_importance(metric: str, *, runs: Any = None, limit: int = 1000) -> Chart:
    """Return a chart of how much a metric goes along with each param: indicative, no proof of a cause.

    By rank correlation, from -1 to 1, for params that are numbers; for others by the share of the metric's ranks that
    their groups explain, from 0 to 1. Where scikit-learn is installed and there are ten runs or more, a random forest
    says besides how much worse it predicts the metric without each param.

    Parameters
    ----------
    metric : str
    runs : str, Run, sequence, optional
        As for :func:`nbtrack.chart`; three or more that have the metric.
    limit : int
        At most so many runs of a filter or an experiment, the newest.

    Returns
    -------
    Chart

    Raises
    ------
    InputError
        No run has such a metric, fewer than three have, or no param differs between them.

    Examples
    --------
    >>> nbtrack.param_importance("accuracy")  # doctest: +SKIP
    """
    chosen = chosen_runs(runs, limit)
    field = metric if not isinstance(metric, str) or metric.startswith("metrics.") else f"metrics.{metric}"
    target = values_of(chosen.records, field)
    records = [record for record, value in zip(chosen.records, target.values, strict=True) if value is not None]
    heights = [float(value) for value in target.present]
    if len(records) < _FEWEST:
        raise InputError(
            f"{count(len(records), 'run')} with a finite {target.name!r}; three or more are needed to tell what goes "
            "along with it."
        )
    notes = [*filter(None, [chosen.note]), *left_out(len(chosen.records) - len(records), target.name)]
    params, same = _params(records)
    if not params:
        raise InputError(
            f"no param differs between the {len(records)} runs; run them with other params, or name other runs."
        )
    if same:
        notes.append(f"The same in all, or another in nearly every run: {cut(', '.join(map(clean, same)), 90)}.")
    about = f"{target.name}, {count(len(records), 'run')} (indicative)"
    panels = [_correlations(params, heights, f"rank correlation with {about}")]
    forest = _forest(params, heights, f"share of a forest's permutation importance for {about}")
    if forest is None:
        notes.append("A forest is asked besides where scikit-learn is installed and there are ten runs or more.")
    else:
        panels.append(forest)
    return BarPlot(f"params and {about}", tuple(panels), tuple(notes)).chart()


def _params(records: Sequence[RunRecord]) -> tuple[list[Values], list[str]]:
    """Return the params that tell something, and the names of the others."""
    names = dict.fromkeys(key for record in records for key in record.typed_params)
    telling, same = [], []
    for name in names:
        try:
            values = values_of(records, f"params.{name}")
        except InputError:
            # All None, or not finite.
            same.append(name)
            continue
        as_many = len(values.present) // 2
        if values.is_constant or len(values.present) < _FEWEST or len(values.categories) > max(as_many, 2):
            same.append(name)
        else:
            telling.append(values)
    return telling, same


def _correlations(params: Sequence[Values], heights: Sequence[float], title: str) -> BarPanel:
    found = []
    for values in params:
        pairs = [(values.code(index), height) for index, height in enumerate(heights)]
        there = [(code, height) for code, height in pairs if code is not None]
        codes, mine = [code for code, _ in there], [height for _, height in there]
        strength = explained(codes, mine) if values.categories else correlation(codes, mine)
        colour = look.TEXT if values.categories else html.CALM if strength >= 0 else html.WARN
        sign = "" if values.categories or strength < 0 else "+"
        found.append(Bar(values.name, strength, f"{sign}{number(round(strength, 2))}", colour))
    found.sort(key=lambda bar: -abs(bar.value))
    return BarPanel(title, tuple(found[:_MOST]))


def correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Return Spearman's rank correlation; 0 where one of the two is constant.

    Parameters
    ----------
    x, y : sequence of float

    Returns
    -------
    float

    Examples
    --------
    >>> correlation([1, 2, 3, 4], [10, 100, 1000, 500])
    0.8
    """
    import numpy as np
    import pandas as pd

    ranks = np.vstack([pd.Series(values, dtype=float).rank().to_numpy() for values in (x, y)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    size = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return round(float((ranks[0] * ranks[1]).sum()) / size, 12) if size else 0.0


def explained(groups: Sequence[float], y: Sequence[float]) -> float:
    """Return the share of the variance of the ranks of ``y`` that is between groups: 0 none, 1 all.

    Parameters
    ----------
    groups, y : sequence of float

    Returns
    -------
    float

    Examples
    --------
    >>> explained([0, 0, 1, 1], [1.0, 1.0, 5.0, 5.0])
    1.0
    """
    import pandas as pd

    ranks = pd.Series(y, dtype=float).rank()
    between = ranks.groupby(pd.Series(groups)).transform("mean")
    whole = float(((ranks - ranks.mean()) ** 2).sum())
    return round(float(((between - ranks.mean()) ** 2).sum()) / whole, 12) if whole else 0.0


def _forest(params: Sequence[Values], heights: Sequence[float], title: str) -> BarPanel | None:
    if len(heights) < _FEWEST_OF_FOREST or importlib.util.find_spec("sklearn") is None or len(set(heights)) < 2:
        return None
    import numpy as np

    # Something that scikit-learn loads draws from the user's generator.
    state = random.getstate()
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    random.setstate(state)
    table = np.array([[_filled(values, index) for values in params] for index in range(len(heights))])
    # Numbers of their own, so that the user's generators stay where they are.
    forest = RandomForestRegressor(n_estimators=_TREES, min_samples_leaf=2, random_state=0).fit(table, heights)
    found = permutation_importance(forest, table, heights, n_repeats=_REPEATS, random_state=0).importances_mean
    found = np.clip(found, 0, None)
    shares = found / found.sum() if found.sum() > 0 else found
    bars = [
        Bar(values.name, float(share), f"{share:.0%}", html.CALM) for values, share in zip(params, shares, strict=True)
    ]
    bars.sort(key=lambda bar: -bar.value)
    return BarPanel(title, tuple(bars[:_MOST]))


def _filled(values: Values, index: int) -> float:
    code = values.code(index)
    if code is not None:
        return code
    # A place of its own, below all others.
    known = [values.code(at) for at in range(len(values.values))]
    there = [value for value in known if value is not None]
    return min(there) - max(1.0, max(there) - min(there))
