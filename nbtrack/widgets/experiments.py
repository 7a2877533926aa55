"""The list of experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbtrack.records import Experiment
from nbtrack.widgets import html, phrases, table
from nbtrack.widgets.html import el, muted, td, th
from nbtrack.widgets.text import fit, grid


def experiments_html(experiments: Sequence[Experiment], amounts: Mapping[str, int] | None = None) -> str:
    """Return the list of experiments as HTML.

    Parameters
    ----------
    experiments : sequence of Experiment
    amounts : mapping of str to int, optional
        Number of runs by experiment name.

    Returns
    -------
    str
    """
    if not experiments:
        return html.block(muted(table.EMPTY))
    head, *rows = _experiment_rows(experiments, amounts)
    right = {1} if amounts is not None else set()
    lines = (
        html.join(td(el("b", cell) if not index else cell, right=index in right) for index, cell in enumerate(row))
        for row in rows
    )
    headings = html.row(*(th(name, right=index in right) for index, name in enumerate(head)))
    return html.block(html.table(headings, lines, ruled=True))


def experiments_text(experiments: Sequence[Experiment], amounts: Mapping[str, int] | None = None) -> str:
    """Return the list of experiments as text; arguments as of :func:`experiments_html`.

    Parameters
    ----------
    experiments : sequence of Experiment
    amounts : mapping of str to int, optional

    Returns
    -------
    str
    """
    if not experiments:
        return table.EMPTY
    return "\n".join(grid(_experiment_rows(experiments, amounts), right={1} if amounts is not None else ()))


def _experiment_rows(experiments: Sequence[Experiment], amounts: Mapping[str, int] | None) -> list[list[str]]:
    rows = [["experiment", "runs", "tags"]]
    for experiment in experiments:
        name = fit(experiment.name, 40) + ("" if experiment.lifecycle_stage == "active" else " (deleted)")
        tags = fit(", ".join(phrases.tag_words(experiment.tags, 40)), 32)
        rows.append([name, f"{(amounts or {}).get(experiment.name, 0):,}", tags])
    keep = [0, *([1] if amounts is not None else []), *([2] if any(row[2] for row in rows[1:]) else [])]
    return [[row[index] for index in keep] for row in rows]
