"""What the verbs of ``%nbtrack`` share: the run that is meant, and how they say what they did."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from nbtrack.capture import active
from nbtrack.errors import RunNotFoundError
from nbtrack.records import RunRecord
from nbtrack.store.reading import current_store

EXTENSION = "_nbtrack_extension"
"""Where a shell keeps its :class:`nbtrack.magics.extension.Extension`."""


def run_argument(parser: ArgumentParser) -> None:
    """Accept a run, the latest one unless it is named.

    Parameters
    ----------
    parser : ArgumentParser
    """
    parser.add_argument("run", nargs="?", help="id, its beginning, or name; default the latest run")


def runs_argument(parser: ArgumentParser) -> None:
    """Accept one run or more.

    Parameters
    ----------
    parser : ArgumentParser
    """
    parser.add_argument("run", nargs="+", help="id, its beginning, or name")


def chosen(reference: str | None) -> RunRecord:
    """Return the run that was named, else the latest one of this kernel, else of the store."""
    store = current_store()
    if reference:
        return store.run(reference)
    last = active.last_run()
    if last is not None:
        return store.run(last.run_id)
    newest = store.runs(limit=1)
    if not newest:
        raise RunNotFoundError("the store has no run yet; put %%track on top of a cell and run it.")
    return store.run(newest[0].info.run_id)


def named(record: RunRecord) -> str:
    """Return a run's name and the beginning of its id."""
    return f"{record.info.run_name} ({record.info.run_id[:8]})"


def say(text: str) -> str:
    """Print a line of ours under the cell, where its output goes."""
    sys.stdout.write(text + "\n")
    return text
