"""``rerun``, ``replicate`` and ``explain``: what is found by replaying a run otherwise."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

import nbtrack
from nbtrack.cli.arguments import RUN, Command, add_json, add_run
from nbtrack.cli.listing import named_run
from nbtrack.cli.output import INTERRUPTED, complain, print_json, print_rows, tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.replay.params.asked import params_of, seeds_of
from nbtrack.store.handle import Run
from nbtrack.widgets.counting import CountBar
from nbtrack.widgets.replaying import ReplayBar
from nbtrack.widgets.text import clean

_TIMEOUT = "for one replay (default ten times what the cells took, and at least a minute)"


def add_rerun(command: Command) -> None:
    """Add ``rerun`` to the commands.

    Parameters
    ----------
    command : Command
    """
    made = command(
        "rerun",
        rerun,
        "run the cells of a run again with other params, as a new run",
        "  nbtrack rerun baseline -p C=0.5 -p kernel=rbf\n  nbtrack rerun baseline -p cfg.lr=1e-3 --name slower",
    )
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument(
        "--param", "-p", action="append", default=[], metavar="NAME=VALUE", help="a Python literal, else text"
    )
    made.add_argument("--name", metavar="NAME", help="name of the new run (default the old one's with -rerun)")
    made.add_argument("--timeout", type=float, metavar="SECONDS", help=_TIMEOUT)
    add_json(made)


def rerun(found: Namespace) -> int:
    """Run a run's cells again with other params and print what came of it."""
    store = existing_store(found)
    record = named_run(store, found.run)
    params = params_of(found.param, record)
    with ReplayBar(record.info.run_name, sys.stderr) as bar:
        made = nbtrack.rerun(Run(record, store), params, name=found.name, timeout_s=found.timeout, watch=bar.watch)
    if found.json:
        print_json(made.report())
    else:
        print(f"{clean(made.info.run_name)} ({made.info.run_id[:8]}) from {clean(record.info.run_name)}")
        rows = [[key, record.typed_params.get(key), made.params.get(key)] for key in params]
        rows += [[key, record.data.metrics.get(key), value] for key, value in made.metrics.items()]
        print_rows(["", record.info.run_name, made.info.run_name], rows)
        for warning in made.record.warnings:
            complain(warning)
    tell_notices(store)
    return 0


def add_replicate(command: Command) -> None:
    """Add ``replicate`` to the commands.

    Parameters
    ----------
    command : Command
    """
    made = command(
        "replicate",
        replicate,
        "replay a run under other seeds, and say how far its numbers are luck",
        "  nbtrack replicate baseline --seeds 20\n  nbtrack replicate baseline --seeds 1,2,3 --workers 2",
    )
    add_run(made)
    made.add_argument(
        "--seeds", default="10", metavar="N", help="how many other seeds (default 10), or which, as 1,2,3"
    )
    _add_crowd(made)


def replicate(found: Namespace) -> int:
    """Replay a run under other seeds and print what that makes of its metrics."""
    store = existing_store(found)
    record = named_run(store, found.run)
    with CountBar(f"replicating {record.info.run_name}", sys.stderr) as bar:
        result = nbtrack.replicate(
            Run(record, store),
            seeds=seeds_of(found.seeds),
            workers=found.workers,
            timeout_s=found.timeout,
            watch=bar.watch,
        )
    _print(found, result)
    tell_notices(store)
    return INTERRUPTED if result.interrupted else 0


def add_explain(command: Command) -> None:
    """Add ``explain`` to the commands.

    Parameters
    ----------
    command : Command
    """
    made = command(
        "explain",
        explain,
        "say which change made the difference between two runs, by replaying with each alone",
        "  nbtrack explain baseline second\n  nbtrack explain baseline second --budget 5min",
    )
    made.add_argument("baseline", metavar="BASELINE", help=RUN)
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument(
        "--budget", default="20", metavar="N", help="how many replays (default 20), or for how long, as 60s or 5min"
    )
    _add_crowd(made)


def explain(found: Namespace) -> int:
    """Replay a run with each change of another alone and print what each does."""
    store = existing_store(found)
    runs = [Run(record, store) for record in store.each_run((found.baseline, found.run))]
    with CountBar(f"explaining {runs[1].info.run_name}", sys.stderr) as bar:
        result = nbtrack.explain(
            *runs, budget=found.budget, workers=found.workers, timeout_s=found.timeout, watch=bar.watch
        )
    _print(found, result)
    tell_notices(store)
    return INTERRUPTED if result.interrupted else 0


def add_seeds_to_compare(made: ArgumentParser) -> None:
    """Let ``compare`` replay the runs under other seeds.

    Parameters
    ----------
    made : ArgumentParser
    """
    made.add_argument(
        "--replicate",
        metavar="N",
        help="replay two runs under N other seeds too (or under 1,2,3), and say whether they differ by more than that",
    )
    made.add_argument("--workers", type=int, metavar="N", help="how many replays at once (default half the processors)")
    made.add_argument("--timeout", type=float, metavar="SECONDS", help=_TIMEOUT)


def _add_crowd(made: ArgumentParser) -> None:
    made.add_argument("--workers", type=int, metavar="N", help="how many replays at once (default half the processors)")
    made.add_argument("--timeout", type=float, metavar="SECONDS", help=_TIMEOUT)
    add_json(made)


def _print(found: Namespace, result: Any) -> None:
    if found.json:
        print_json(result.to_dict())
    else:
        print(result)
