"""Params, metrics and their curves, and what is known of a run beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from nbtrack.directions import better_direction
from nbtrack.records import RunRecord, Source
from nbtrack.widgets import phrases
from nbtrack.widgets.card import NAME_LIMIT
from nbtrack.widgets.charts.lines import line_of
from nbtrack.widgets.charts.small import small_image
from nbtrack.widgets.charts.units import Units
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.parts import line, part
from nbtrack.widgets.format import align, count, moment, number
from nbtrack.widgets.html import Html, el, muted, text
from nbtrack.widgets.series import Series
from nbtrack.widgets.text import clean, cut

_KEY_LIMIT, _VALUE_LIMIT, _TITLE_LIMIT = 40, 64, 300
_MOST_CHARTS = 24


def known_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Return what is known of a run beside its params and metrics, those that are.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of (str, str)
    """
    info = record.info
    pairs = [
        # The first line of what is shown about a run has room for no more.
        ("name", cut(clean(info.run_name), _TITLE_LIMIT) if len(info.run_name) > NAME_LIMIT else ""),
        ("run id", info.run_id),
        ("child of", info.parent_run_id or ""),
        ("started", moment(info.start_time / 1000)),
        ("seed", "" if info.seed is None else str(info.seed)),
        ("from", _origin(info.source)),
        ("user", info.user_id),
    ]
    return [(name, value) for name, value in pairs if value]


def _origin(source: Source) -> str:
    """Return where a run's code stood, as ``digits.ipynb, In[4]``."""
    place = PurePath(source.name).name if source.name else ""
    cell = f"In[{source.execution_count}]" if source.execution_count is not None else source.kind
    return ", ".join(filter(None, [place, cell]))


def tables(facts: Facts) -> Html:
    """Return the facts, the params and the metrics side by side.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    Html
    """
    record = facts.record
    params = [(_key(key), _value(value)) for key, value in phrases.shown_params(record).items()]
    about = [(muted(name), text(value)) for name, value in known_facts(record)]
    return el(
        "div",
        part("metric", *_metrics(record, facts.series)),
        part("param", ["param", "value"], params),
        part("", [], about),
    )


def _key(key: str, title: str | None = None) -> Html:
    cleaned = clean(key)
    long = cut(cleaned, _TITLE_LIMIT) if len(cleaned) > _KEY_LIMIT else title
    return el("span", cut(cleaned, _KEY_LIMIT, "middle"), title=long) if long else text(cleaned)


def _value(value: str) -> Html:
    if len(value) <= _VALUE_LIMIT:
        return text(value)
    return el("span", cut(value, _VALUE_LIMIT, "middle"), title=cut(clean(value), _TITLE_LIMIT))


def _metrics(
    record: RunRecord, known: Mapping[str, Series]
) -> tuple[Sequence[str], Sequence[Sequence[Html]], Sequence[int]]:
    rows = metric_rows(record, known)
    if not rows:
        return [], [], []
    ways = {key: better_direction(key) for key in record.data.metrics}
    columns = [[_key(key, f"{ways[key]} is better" if ways[key] else None) for key in record.data.metrics]]
    columns += [[text(value) for value in align(column)] for column in list(zip(*rows, strict=True))[:-1]]
    columns[1] = [el("b", value) for value in columns[1]]
    columns.append([_points(known.get(key), row[-1]) for key, row in zip(record.data.metrics, rows, strict=True)])
    head = ["metric", "last", "min", "max", "points"]
    if not any(found.points > 1 for found in known.values()):
        head, columns = ["metric", "value"], columns[:2]
    return head, list(zip(*columns, strict=True)), range(1, len(head))


def _points(found: Series | None, amount: str) -> Html:
    title = f"steps {found.first_step:,} to {found.last_step:,}" if found and found.points > 1 else None
    return el("span", amount, title=title)


def metric_rows(record: RunRecord, known: Mapping[str, Series]) -> list[tuple[str, str, str, str]]:
    """Return last, min, max and number of points of each metric.

    Parameters
    ----------
    record : RunRecord
    known : mapping of str to Series

    Returns
    -------
    list of (str, str, str, str)
    """
    rows = []
    for key, value in record.data.metrics.items():
        found = known.get(key)
        extremes = (number(found.minimum), number(found.maximum)) if found and found.points > 1 else ("", "")
        rows.append((number(value), *extremes, f"{found.points:,}" if found else ""))
    return rows


def charts(facts: Facts, most_bytes: int) -> Html | None:
    """Return the curves as small pictures side by side; None where there are none.

    Parameters
    ----------
    facts : Facts
    most_bytes : int
        Of HTML; what does not fit is told.

    Returns
    -------
    Html or None
    """
    last = facts.record.data.metrics
    pictures: list[Html] = []
    left = most_bytes
    for key, curve in list(facts.curves.items())[:_MOST_CHARTS]:
        drawn = small_image(line_of(curve, key, 0, Units("step"), 0.0), key, number(last[key]) if key in last else "")
        left -= len(drawn)
        if left < 0:
            break
        pictures.append(drawn)
    rest = len(facts.curves) - len(pictures)
    if not facts.curves:
        return None
    more = line(muted(f"{count(rest, 'more metric')} not drawn: nbtrack.chart draws those that it is given"))
    return el("div", *pictures, more if rest > 0 else None, style="margin:8px 0 0 0")
