"""The live line of a cell that is running."""

from __future__ import annotations

from nbtrack.views import LiveView
from nbtrack.widgets import html
from nbtrack.widgets.format import duration, number
from nbtrack.widgets.html import el, muted, tinted, unbroken
from nbtrack.widgets.text import WIDTH, cells, clean, cut, fit

_MOST_METRICS = 4


def live_html(view: LiveView) -> str:
    """Return the live line as HTML.

    Parameters
    ----------
    view : LiveView

    Returns
    -------
    str
    """
    bar = None
    if view.total and view.done is not None:
        done = min(view.done, view.total)
        bar = el("progress", value=done, max=view.total, style="width:120px;height:10px;vertical-align:middle")
    metrics = [
        html.join([muted(cut(clean(key), 24)), el("b", number(value))], "\u00a0")
        for key, value in list(view.metrics.items())[:_MOST_METRICS]
    ]
    pieces = [
        html.join([tinted("●", html.CALM), el("b", cut(clean(view.run_name), 40))], "\u00a0"),
        bar,
        *(unbroken(piece) for piece in _progress(view)),
        *metrics,
        *(muted(unbroken(piece)) for piece in _times(view)),
    ]
    return html.block(html.join((piece for piece in pieces if piece is not None), " \u2002"))


def live_text(view: LiveView) -> str:
    """Return the live line as text of at most 100 columns.

    Parameters
    ----------
    view : LiveView

    Returns
    -------
    str
    """
    first = [f"● {cut(clean(view.run_name), 24)}", *_progress(view)]
    room = WIDTH - cells("  ".join([*first, *_times(view)]))
    metrics: list[str] = []
    for key, value in list(view.metrics.items())[:_MOST_METRICS]:
        piece = f"{cut(clean(key), 16)} {number(value)}"
        room -= cells(piece) + 2
        if room >= 0:
            metrics.append(piece)
    return fit("  ".join([*first, *metrics, *_times(view)]), WIDTH)


def _progress(view: LiveView) -> list[str]:
    pieces = []
    if view.done is not None:
        pieces.append(f"{view.done:,}/{view.total:,}" if view.total else f"{view.done:,} done")
    if view.step is not None:
        pieces.append(f"step {view.step:,}")
    return pieces


def _times(view: LiveView) -> list[str]:
    pieces = [duration(view.elapsed_s)]
    if view.rate_per_s:
        slow = view.rate_per_s < 1
        pieces.append(f"{duration(1 / view.rate_per_s)} a step" if slow else f"{number(view.rate_per_s, 3)} steps/s")
    if view.remaining_s is not None:
        pieces.append(f"{duration(view.remaining_s)} left")
    return pieces
