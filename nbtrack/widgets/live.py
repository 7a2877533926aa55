"""The live panel of a cell that is running."""

from __future__ import annotations

import time
from collections.abc import Iterable

from nbtrack.views import Gpu, LiveMetric, LiveView, Usage
from nbtrack.widgets import html
from nbtrack.widgets.format import align, count, duration, moment, number, size
from nbtrack.widgets.html import Html, el, muted, td, tinted, unbroken
from nbtrack.widgets.series import blocks, picture
from nbtrack.widgets.text import WIDTH, clean, cut, fit, grid, wrap

SEEN = "last seen running at "
"""What a saved notebook says, which outlives the kernel."""
_SEEN_TITLE = "While the cell runs, this is brought up to date several times a second"
# The words are true in a saved notebook, too. While JupyterLab tells that the kernel is at work, and as long as news
# keep coming, they are those of a running cell.
_WHILE_BUSY = ".jp-NotebookPanel:has(.jp-Notebook-ExecutionIndicator[data-status=busy]) .nbtrack-live"
_NOW = (
    f"<style>{_WHILE_BUSY} span[title^='{_SEEN_TITLE}']{{animation:nbtrack-then 6s}}"
    f"{_WHILE_BUSY} span[title^='{_SEEN_TITLE}']::before"
    "{content:'running, updated ';font-size:0;animation:nbtrack-now 6s}"
    "@keyframes nbtrack-then{from,to{font-size:0}}@keyframes nbtrack-now{from,to{font-size:13px}}</style>"
)
_MOST_METRICS, _MOST_NAMED, _MOST_GPUS = 6, 4, 4
_KEY_LIMIT = 32
_TREND = 24


def panel_html(view: LiveView) -> str:
    """Return the live panel as it is shown and updated under a running cell.

    Parameters
    ----------
    view : LiveView

    Returns
    -------
    str
        With a style sheet, which a notebook that is not trusted drops.
    """
    return f'{_NOW}<div class="nbtrack-live">{live_html(view)}</div>'


def live_html(view: LiveView) -> str:
    """Return the live panel as HTML.

    Parameters
    ----------
    view : LiveView

    Returns
    -------
    str
    """
    usage = _usage(view.usage)
    inside, rest = _inside(view), _rest(view)
    lines = (
        _where(view),
        html.text(inside) if inside else None,
        _metrics(view),
        muted(rest) if rest else None,
        muted(_spaced(map(unbroken, usage))) if usage else None,
    )
    body = (el("div", line, style="margin:3px 14px 0 0") for line in lines if line)
    # Always as wide, so that what stands behind numbers does not jump.
    return html.framed(el("div", _header(view), *body, style="width:600px;max-width:100%"))


def _header(view: LiveView) -> Html:
    name = el("b", cut(clean(view.run_name), 48), style="font-size:14px")
    if view.seen_s is None:
        return el("div", name, " \u2002", tinted("●", html.CALM), " running")
    clock = time.strftime("%H:%M:%S", time.localtime(view.seen_s))
    title = (
        f"{_SEEN_TITLE}. Seen at {moment(view.seen_s)}: where that is long ago, the kernel has stopped, or is too busy."
    )
    return el("div", name, " \u2002", tinted("●", html.CALM), " ", el("span", SEEN, title=title), clock)


def _where(view: LiveView) -> Html:
    bar = None
    if view.total and view.done is not None:
        done = min(view.done, view.total)
        bar = el("progress", value=done, max=view.total, style="width:160px;height:11px;vertical-align:middle")
    left = None if view.remaining_s is None else el("b", unbroken(left_words(view.remaining_s)))
    first = unbroken(_done(view)) or None
    return _spaced([bar, first, left, *(muted(unbroken(piece)) for piece in _pace(view))])


def _spaced(pieces: Iterable[object]) -> Html:
    return html.join((piece for piece in pieces if piece is not None), " \u2002")


def _metrics(view: LiveView) -> Html | None:
    shown = _shown(view)
    values = align([number(metric.value) for _, metric in shown])
    rows = (_row(key, value, metric) for (key, metric), value in zip(shown, values, strict=True))
    return el("div", html.table(None, rows)) if shown else None


def _row(key: str, value: str, metric: LiveMetric) -> Html:
    best = _best(metric)
    return html.join(
        (
            td(cut(clean(key), _KEY_LIMIT, "middle"), style="padding:1px 7px 1px 0;white-space:nowrap"),
            td(el("b", value), right=True, style="width:84px"),
            td(picture(metric.trend), style="width:124px"),
            td(best and muted(best), style=html.NOWRAP),
        )
    )


def _best(metric: LiveMetric) -> str | None:
    return None if metric.best is None else f"best {number(metric.best)}"


def live_text(view: LiveView) -> str:
    """Return the live panel as text of at most 100 columns.

    Parameters
    ----------
    view : LiveView

    Returns
    -------
    str
        Without the time of day.
    """
    left = [] if view.remaining_s is None else [left_words(view.remaining_s)]
    shown = _shown(view)
    values = align([number(metric.value) for _, metric in shown], " ", " ")
    rows = [
        (
            fit(key, _KEY_LIMIT),
            value,
            blocks(metric.trend, _TREND),
            "" if metric.best is None else f"best {number(metric.best)}",
        )
        for (key, metric), value in zip(shown, values, strict=True)
    ]
    lines = [
        "  ".join(filter(None, [f"● {cut(clean(view.run_name), 32)}", _done(view), *left, *_pace(view)])),
        *(f"  {line}" for line in [_inside(view)] if line),
        *(f"  {line}" for line in grid(rows, right={1})),
        *(f"  {line}" for line in [_rest(view)] if line),
    ]
    lines += wrap(_usage(view.usage), WIDTH - 2, indent="  ")
    return "\n".join(fit(line.rstrip(), WIDTH) for line in lines)


def _shown(view: LiveView) -> list[tuple[str, LiveMetric]]:
    return list(view.metrics.items())[:_MOST_METRICS]


def _inside(view: LiveView) -> str:
    """Return what is said of the runs inside of this one; the newest of them may be the one whose metrics follow."""
    if not view.children:
        return ""
    if not view.child:
        return f"{count(view.children, 'run')} inside so far"
    return f"run {view.children:,} inside: {cut(clean(view.child), 48)}"


def _rest(view: LiveView) -> str:
    """Return which metrics have no line."""
    rest = [cut(clean(key), _KEY_LIMIT, "middle") for key in list(view.metrics)[_MOST_METRICS:]]
    if not rest:
        return ""
    names = [*rest[:_MOST_NAMED], *(["…"] if len(rest) > _MOST_NAMED else [])]
    return f"and {count(len(rest), 'more metric')}: {', '.join(names)}"


def _done(view: LiveView) -> str:
    if view.done is None:
        return "" if view.step is None else f"step {view.step:,}"
    return f"{view.done:,} of {view.total:,}" if view.total else f"{view.done:,} done"


def _pace(view: LiveView) -> list[str]:
    """Return how long it has been going on, how fast, and the step where another one is counted."""
    pieces = [f"{duration(view.elapsed_s)} so far"]
    if view.rate_per_s:
        pieces.append(_rate(view.rate_per_s))
    if view.step is not None and view.done is not None and abs(view.step - view.done) > 1:
        pieces.append(f"step {view.step:,}")
    return pieces


def _rate(rate_per_s: float) -> str:
    if rate_per_s < 1:
        return f"{duration(1 / rate_per_s)} each"
    return f"{rate_per_s:,.0f}/s" if rate_per_s >= 10 else f"{rate_per_s:.1f}/s"


def left_words(seconds: float) -> str:
    """Return how long something will go on, as roughly as that can be known.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> [left_words(seconds) for seconds in (2, 38, 185, 7_400, 200_000)]
    ['a few seconds left', '40 s left', '3 min left', '2 h 03 min left', '2 d 07 h left']
    """
    if seconds < 7.5:
        return "a few seconds left"
    if seconds < 57.5:
        return f"{5 * round(seconds / 5)} s left"
    if seconds < 59.5 * 60:
        return f"{max(round(seconds / 60), 1)} min left"
    return f"{duration(min(seconds, 1e9))} left"


def usage_words(usage: Usage) -> list[str]:
    """Return what a run used from its beginning to its end.

    Parameters
    ----------
    usage : Usage

    Returns
    -------
    list of str
    """
    found = [] if usage.peak_bytes is None else [f"the kernel's peak memory {size(usage.peak_bytes)}"]
    return found if usage.cpu_s is None else [*found, f"CPU time {duration(usage.cpu_s)}"]


def _usage(usage: Usage | None) -> list[str]:
    """Return what is used now, a piece for each kind."""
    if usage is None:
        return []
    pieces = [] if usage.cpu_percent is None else [f"CPU {usage.cpu_percent:.0f} %"]
    if usage.memory_bytes is not None:
        peak = "" if usage.peak_bytes is None else f", peak {size(usage.peak_bytes)}"
        pieces.append(f"memory {size(usage.memory_bytes)}{peak}")
    if usage.children:
        busy = "" if usage.children_percent is None else f", CPU {usage.children_percent:.0f} %"
        pieces.append(f"{usage.children} child process{'' if usage.children == 1 else 'es'}{busy}")
    pieces += [_gpu(gpu) for gpu in usage.gpus[:_MOST_GPUS]]
    rest = len(usage.gpus) - _MOST_GPUS
    return [*pieces, f"and {count(rest, 'more GPU')}"] if rest > 0 else pieces


def _gpu(gpu: Gpu) -> str:
    busy = "" if gpu.percent is None else f" {gpu.percent:.0f} %"
    memory = ""
    if gpu.memory_bytes is not None:
        total = "" if gpu.total_bytes is None else f" of {size(gpu.total_bytes)}"
        memory = f", {size(gpu.memory_bytes)}{total}"
    return f"GPU {gpu.number}{busy}{memory}"
