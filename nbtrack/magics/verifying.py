"""``verify``: replay a run in a fresh kernel, here or in the background, and say whether its numbers come back."""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

import nbtrack
from nbtrack.errors import NbtrackError
from nbtrack.magics.common import EXTENSION, chosen, named, run_argument, say
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store
from nbtrack.verification import Verification
from nbtrack.widgets import html
from nbtrack.widgets.inline import Place, Shown
from nbtrack.widgets.replaying import (
    Follower,
    ReplayBar,
    Reported,
    Ticker,
    cancelled_html,
    cancelled_text,
    replay_html,
    replay_text,
)
from nbtrack.widgets.text import clean
from nbtrack.widgets.verification import verification_html, verification_text

_LEAVING_S = 5.0
_under_way: dict[threading.Thread, tuple[str, threading.Event]] = {}


def verify_options(parser: ArgumentParser) -> None:
    """Accept what :func:`verify` takes."""
    run_argument(parser)
    add = parser.add_argument
    add("--rtol", type=float, metavar="X", help="relative tolerance for metrics that are not the same; default 1e-9")
    add(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="for one replay; default ten times what the cells took, and at least a minute",
    )
    add("--background", action="store_true", help="go on at once; the verdict shows up here when it is known")
    add("--cancel", action="store_true", help="stop what --background has begun: of the run, or all")


def verify(found: Namespace, shell: Any) -> None:
    """Replay a run in a fresh kernel, and say whether its numbers come back."""
    if found.cancel:
        _cancel(found.run)
    elif found.background:
        _Trial(found, shell).go_on()
    else:
        _Trial(found, shell).wait()


class _Trial:
    """One verification, and the place where it is shown."""

    def __init__(self, found: Namespace, shell: Any) -> None:
        self._record = chosen(found.run)
        self._store = current_store()
        self._options: dict[str, Any] = {"timeout_s": found.timeout}
        if found.rtol is not None:
            self._options["rtol"] = found.rtol
        self._follower = Follower(self._record.info.run_name)
        self._stop = threading.Event()
        self._place = Place(shell)
        self._extension = getattr(shell, EXTENSION, None)
        self._progress: Reported | None = None
        self._ticker = Ticker(self._show)

    def wait(self) -> None:
        """Replay now; an interrupt of the cell cancels it."""
        verification = None
        try:
            if self._place.is_rich:
                self._ticker.start()
                verification = self._verified(self._watch)
            else:
                with ReplayBar(self._record.info.run_name, sys.stderr) as bar:
                    verification = self._verified(bar.watch)
        except KeyboardInterrupt:
            self._stop.set()
        except BaseException:
            self._place.clear()
            raise
        finally:
            self._ticker.stop()
        try:
            self._finish(verification)
        except KeyboardInterrupt:
            # The replay is over, so that there is nothing left to cancel.
            self._finish(verification)

    def go_on(self) -> None:
        """Replay in a thread."""
        if not self._place.is_rich:
            say(f"verifying {named(self._record)}; the verdict is printed here when it is known")
        thread = threading.Thread(target=self._work, name="nbtrack-verify", daemon=True)
        _under_way[thread] = self._record.info.run_id, self._stop
        self._ticker.start()
        thread.start()

    def _work(self) -> None:
        try:
            self._finish(self._verified(self._watch))
        except NbtrackError as error:
            self._say(f"nbtrack: {error}")
        except Exception as error:  # noqa: BLE001 - nobody is there to catch it, and the line must not stay at work
            self._say(f"nbtrack could not verify {named(self._record)} ({type(error).__name__}: {error}).")
        finally:
            self._ticker.stop()
            _under_way.pop(threading.current_thread(), None)

    def _say(self, words: str) -> None:
        # The kernel may be going away: a line less must not print a traceback.
        with contextlib.suppress(Exception):
            self._place.finish(Shown(html.block(html.muted(words)), clean(words)))

    def _verified(self, watch: Callable[[Reported], None]) -> Verification:
        return nbtrack.verify(Run(self._record, self._store), watch=watch, cancelled=self._stop, **self._options)

    def _watch(self, progress: Reported) -> None:
        before, self._progress = self._progress, progress
        if before is None or before.step != progress.step:
            self._show()

    def _show(self) -> None:
        view = self._follower.view(self._progress)
        self._place.update(Shown(replay_html(view), replay_text(view)))

    def _finish(self, verification: Verification | None) -> None:
        """Show what came of it, on the run's card too."""
        record = self._store.run(self._record.info.run_id)
        # What was stopped is not recorded, unless it had just come to its end.
        if verification is None or all(
            known.verification_id != verification.verification_id for known in record.verifications
        ):
            words = record.info.run_name, self._follower.elapsed_s
            self._place.finish(Shown(cancelled_html(*words), cancelled_text(*words)))
            return
        self._place.finish(Shown(verification_html(verification, record), verification_text(verification, record)))
        if self._extension is not None:
            self._extension.display.refresh(record)


def _cancel(reference: str | None) -> None:
    """Stop verifications that are under way in the background."""
    wanted = chosen(reference).info.run_id if reference else None
    stopped = [event for run_id, event in list(_under_way.values()) if wanted in (None, run_id)]
    for event in stopped:
        event.set()
    say(f"cancelled {len(stopped)}" if stopped else "no verification is under way")


@atexit.register
def _leave() -> None:
    """Stop what is under way, so that no kernel of a replay outlives this process."""
    waiting = list(_under_way.items())
    for _, (_, event) in waiting:
        event.set()
    for thread, _ in waiting:
        thread.join(_LEAVING_S)
