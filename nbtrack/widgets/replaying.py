"""The line of a replay that is under way: in a notebook, and as a bar in a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Protocol, Self

from nbtrack.views import ReplayView
from nbtrack.widgets import html
from nbtrack.widgets.format import duration, size
from nbtrack.widgets.html import el, muted, tinted, unbroken
from nbtrack.widgets.text import WIDTH, clean, cut, fit

_INTERVAL_S = 0.25


class Reported(Protocol):
    """What a replay tells of itself while it runs, as :class:`nbtrack.replay.outcome.Progress`."""

    @property
    def step(self) -> int:
        """Which step runs, from 1; 0 while the kernel starts."""

    @property
    def steps(self) -> int:
        """Of how many."""

    @property
    def execution_count(self) -> int | None:
        """``In[n]`` of the step."""

    @property
    def memory_bytes(self) -> int | None:
        """What the kernel uses."""


class Follower:
    """Makes what replays tell into what is shown: counts them, and has one clock for all.

    Parameters
    ----------
    run_name : str
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, run_name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._run_name = run_name
        self._clock = clock
        self._begun_s = clock()
        self._replay = 1
        self._step = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since this was made."""
        return self._clock() - self._begun_s

    def view(self, progress: Reported | None = None) -> ReplayView:
        """Return what is to be shown now.

        Parameters
        ----------
        progress : Reported, optional
            What the replay told; None before it has told anything.

        Returns
        -------
        ReplayView
        """
        if progress is None:
            return ReplayView(self._run_name, elapsed_s=self.elapsed_s)
        # A replay that begins again is the next one.
        self._replay += progress.step < self._step
        self._step = progress.step
        return ReplayView(
            self._run_name,
            progress.step,
            progress.steps,
            progress.execution_count,
            self.elapsed_s,
            progress.memory_bytes,
            self._replay,
        )


class Ticker:
    """Calls a function at once and a few times a second, so that a line tells the time whatever the replay is at.

    The first call, too, is made in a thread: an interrupt of the cell hits the cell's own thread, and half of a line
    that it cut off could be neither updated nor taken away.

    Parameters
    ----------
    show : callable
        Called in a thread of its own.
    """

    def __init__(self, show: Callable[[], None]) -> None:
        self._show = show
        self._over = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._tick, name="nbtrack-replay-line", daemon=True).start()

    def stop(self) -> None:
        """Call it no more."""
        self._over.set()

    def _tick(self) -> None:
        self._show()
        while not self._over.wait(_INTERVAL_S):
            self._show()


class ReplayBar:
    """A bar on a terminal while replays run; nothing where the stream is none.

    Parameters
    ----------
    run_name : str
    stream : text file

    Examples
    --------
    >>> with ReplayBar("baseline", sys.stderr) as bar:  # doctest: +SKIP
    ...     nbtrack.verify("baseline", watch=bar.watch)
    """

    def __init__(self, run_name: str, stream: IO[str]) -> None:
        self._follower = Follower(run_name)
        self._stream = stream
        self._bar: Any = None
        self._lock = threading.Lock()
        self._progress: Reported | None = None
        self._ticker = Ticker(self._show)

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=1, file=self._stream, leave=False, bar_format="|{bar:20}| {desc}", dynamic_ncols=True
            )
            self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ticker.stop()
        with self._lock:
            bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def watch(self, progress: Reported) -> None:
        """Take note of how far a replay is; any thread may call it.

        Parameters
        ----------
        progress : Reported
        """
        before, self._progress = self._progress, progress
        if before is None or before.step != progress.step:
            self._show()

    def _show(self) -> None:
        with self._lock:
            view = self._follower.view(self._progress)
            bar = self._bar
            if bar is None:
                return
            bar.total, bar.n = max(view.steps, 1), max(view.step - 1, 0)
            bar.set_description_str(replay_text(view).removeprefix("● "))


def cancelled_html(run_name: str, elapsed_s: float) -> str:
    """Return that a replay was stopped, as HTML.

    Parameters
    ----------
    run_name : str
    elapsed_s : float

    Returns
    -------
    str
    """
    return html.block(html.join([tinted("■", html.WARN), _cancelled(run_name, elapsed_s)], " "))


def cancelled_text(run_name: str, elapsed_s: float) -> str:
    """Return that a replay was stopped, as text.

    Parameters
    ----------
    run_name : str
    elapsed_s : float

    Returns
    -------
    str
    """
    return f"■ {_cancelled(run_name, elapsed_s)}"


def _cancelled(run_name: str, elapsed_s: float) -> str:
    return (
        f"cancelled after {duration(elapsed_s)}: {fit(run_name, 40)} was not replayed to its end; nothing is recorded."
    )


def replay_html(view: ReplayView) -> str:
    """Return the line of a replay as HTML.

    Parameters
    ----------
    view : ReplayView

    Returns
    -------
    str
    """
    bar = None
    if view.steps:
        done = max(view.step - 1, 0)
        bar = el("progress", value=done, max=view.steps, style="width:120px;height:10px;vertical-align:middle")
    pieces = [
        html.join([tinted("●", html.CALM), "replaying", el("b", cut(clean(view.run_name), 40))], "\u00a0"),
        bar,
        *(unbroken(piece) for piece in _where(view)),
        *(muted(unbroken(piece)) for piece in _spent(view)),
    ]
    return html.block(html.join((piece for piece in pieces if piece is not None), " \u2002"))


def replay_text(view: ReplayView) -> str:
    """Return the line of a replay as text of at most 100 columns.

    Parameters
    ----------
    view : ReplayView

    Returns
    -------
    str
    """
    return fit("  ".join([f"● replaying {cut(clean(view.run_name), 24)}", *_where(view), *_spent(view)]), WIDTH)


def _where(view: ReplayView) -> list[str]:
    if not view.step:
        return ["starting a kernel" if view.replay == 1 else "starting another kernel"]
    again = [f"replay {view.replay}"] if view.replay > 1 else []
    pieces = [*again, f"cell {view.step:,} of {view.steps:,}"]
    return pieces + ([] if view.execution_count is None else [f"In[{view.execution_count}]"])


def _spent(view: ReplayView) -> list[str]:
    return [duration(view.elapsed_s)] + ([size(view.memory_bytes)] if view.memory_bytes else [])
