"""``rerun``, ``replicate``, ``explain`` and ``compare``: verbs that replay runs otherwise than they were."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any, TypeVar

import nbtrack
from nbtrack.comparison import RunComparison
from nbtrack.errors import OptionError
from nbtrack.magics.common import chosen, named, run_argument, runs_argument, say
from nbtrack.replay.params.asked import params_of, seeds_of
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store
from nbtrack.widgets import html
from nbtrack.widgets.counting import CountBar, Counter, stopped
from nbtrack.widgets.inline import Place, Shown
from nbtrack.widgets.replaying import Follower, ReplayBar, Reported, Ticker, replay_html, replay_text
from nbtrack.widgets.replication import explanation_html, replication_html

T = TypeVar("T")
_TIMEOUT = "for one replay; default ten times what the cells took, and at least a minute"


# --- rerun ------------------------------------------------------------------------------------------------------------


def rerun_options(parser: ArgumentParser) -> None:
    """Accept what :func:`rerun` takes."""
    add = parser.add_argument
    add("run", help="id, its beginning, or name")
    add("params", nargs="*", metavar="NAME=VALUE", help="a Python literal, else text")
    add("--name", metavar="NAME", help="name of the new run; default the old one's with -rerun")
    add("--timeout", type=float, metavar="SECONDS", help=_TIMEOUT)


def rerun(found: Namespace, shell: Any) -> None:
    """Run a run's cells again with other params, as a new run."""
    record, store = chosen(found.run), current_store()
    params = params_of(found.params, record)
    follower, latest = Follower(record.info.run_name), list[Reported]()
    place = Place(shell)

    def show() -> None:
        view = follower.view(latest[-1] if latest else None)
        place.update(Shown(replay_html(view), replay_text(view)))

    def work(watch: Callable[[Reported], None]) -> Run:
        return nbtrack.rerun(Run(record, store), params, name=found.name, timeout_s=found.timeout, watch=watch)

    if not place.is_rich:
        with ReplayBar(record.info.run_name, sys.stderr) as bar:
            made = work(bar.watch)
    else:
        made = _shown_meanwhile(place, show, lambda: work(lambda progress: latest.__setitem__(slice(None), [progress])))
    place.finish(_summary(record, made, params))


def _summary(record: Any, made: Run, params: dict[str, Any]) -> Shown:
    """Return a rerun in one line: what was set, and what came of it."""
    from nbtrack.widgets.format import number

    told = [f"{name} {record.typed_params.get(name, '?')!r} → {made.params.get(name, '?')!r}" for name in params]
    for key, value in made.metrics.items():
        before = record.data.metrics.get(key)
        told.append(f"{key} {number(value)}" if before is None else f"{key} {number(before)} → {number(value)}")
    words = f"{named(made.record)} from {named(record)}: {', '.join(told) or 'no metrics'}"
    if made.record.warnings:
        words += f". {' '.join(made.record.warnings)}"
    return Shown(html.block(html.join([html.tinted("✓", html.GOOD), words], " ")), f"✓ {words}")


# --- replicate and explain --------------------------------------------------------------------------------------------


def replicate_options(parser: ArgumentParser) -> None:
    """Accept what :func:`replicate` takes."""
    run_argument(parser)
    parser.add_argument("--seeds", default="10", metavar="N", help="how many other seeds, or which, as 1,2,3")
    _crowd_options(parser)


def replicate(found: Namespace, shell: Any) -> None:
    """Replay a run under other seeds, and say how far its numbers are luck."""
    record, store = chosen(found.run), current_store()
    seeds = seeds_of(found.seeds)
    _counted(
        shell,
        f"replicating {record.info.run_name}",
        lambda watch: nbtrack.replicate(
            Run(record, store), seeds=seeds, workers=found.workers, timeout_s=found.timeout, watch=watch
        ),
        replication_html,
    )


def explain_options(parser: ArgumentParser) -> None:
    """Accept what :func:`explain` takes."""
    parser.add_argument("baseline", help="id, its beginning, or name")
    parser.add_argument("run", help="id, its beginning, or name")
    parser.add_argument("--budget", default="20", metavar="N", help="how many replays, or for how long, as 60s or 5min")
    _crowd_options(parser)


def explain(found: Namespace, shell: Any) -> None:
    """Say which change made the difference between two runs, by replaying with each alone."""
    store = current_store()
    runs = [Run(record, store) for record in store.each_run((found.baseline, found.run))]
    _counted(
        shell,
        f"explaining {runs[1].info.run_name}",
        lambda watch: nbtrack.explain(
            *runs, budget=found.budget, workers=found.workers, timeout_s=found.timeout, watch=watch
        ),
        explanation_html,
    )


def compare_options(parser: ArgumentParser) -> None:
    """Accept what :func:`compare` takes."""
    runs_argument(parser)
    parser.add_argument(
        "--replicate", metavar="N", help="replay two runs under N other seeds too, and say whether they differ by more"
    )
    _crowd_options(parser)


def compare(found: Namespace, shell: Any) -> RunComparison | None:
    """Show what differs between runs, the first one being the baseline."""
    if len(found.run) < 2:
        raise OptionError("one run is nothing to compare; accepted: %nbtrack compare BASELINE RUN [RUN …].")
    if found.replicate is None:
        return nbtrack.compare(*found.run)
    seeds = seeds_of(found.replicate)
    _counted(
        shell,
        f"comparing {' and '.join(found.run)}",
        lambda watch: nbtrack.compare(
            *found.run, replicate=seeds, workers=found.workers, timeout_s=found.timeout, watch=watch
        ),
        lambda result: result.to_html(),
    )
    return None


def _crowd_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--workers", type=int, metavar="N", help="how many replays at once; default half of the processors")
    add("--timeout", type=float, metavar="SECONDS", help=_TIMEOUT)


def _counted(
    shell: Any, doing: str, work: Callable[[Callable[[int, int], None]], T], markup: Callable[[T], str]
) -> None:
    """Do something that replays many times, with a line that counts, and show what came of it in the same place."""
    place, counter = Place(shell), Counter(doing)

    def show() -> None:
        place.update(Shown(counter.markup, counter.words))

    try:
        if place.is_rich:
            result = _shown_meanwhile(place, show, lambda: work(counter.note))
        else:
            with CountBar(doing, sys.stderr) as bar:
                result = work(bar.watch)
    except KeyboardInterrupt:
        if place.is_rich:
            place.finish(Shown(*stopped(doing)))
        else:
            say(stopped(doing)[1])
        return
    place.finish(Shown(markup(result), str(result)))


def _shown_meanwhile(place: Place, show: Callable[[], None], work: Callable[[], T]) -> T:
    """Do something while a line tells how far it is; where it fails, nothing of the line stays."""
    ticker = Ticker(show)
    try:
        ticker.start()
        return work()
    except KeyboardInterrupt:
        raise
    except BaseException:
        place.clear()
        raise
    finally:
        ticker.stop()
