"""``verify``: replay a run, and say whether its numbers come back."""

from __future__ import annotations

import sys
import traceback
from argparse import Namespace

import nbtrack
from nbtrack.cli.arguments import Command, add_json, add_run
from nbtrack.cli.listing import named_run
from nbtrack.cli.output import complain, print_json, tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.errors import NbtrackError
from nbtrack.report import verification_facts
from nbtrack.store.handle import Run
from nbtrack.verification import Verdict
from nbtrack.widgets.replaying import ReplayBar
from nbtrack.widgets.verification import verification_text

_CODES: dict[Verdict, int] = {"reproduced": 0, "within_tolerance": 0, "diverged": 1, "could_not_run": 3}
_FAILED = 2
_HELP = """  nbtrack verify baseline
  nbtrack verify baseline --rtol 1e-6 --json
  nbtrack ls --where "verdict = 'diverged'"

exit codes:
  0  the metrics came back, bit for bit or within the tolerance
  1  they did not
  2  wrong usage, or a run that cannot be replayed
  3  the cells could not run to their end"""


def add_verify(command: Command) -> None:
    """Add ``verify`` to the commands.

    Parameters
    ----------
    command : Command
    """
    made = command("verify", verify, "replay a run in a fresh kernel, and say whether its numbers come back", _HELP)
    add_run(made)
    made.add_argument(
        "--rtol", type=float, metavar="X", help="relative tolerance for metrics that are not the same (default 1e-9)"
    )
    made.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="for one replay (default ten times what the cells took, and at least a minute)",
    )
    add_json(made)


def verify(found: Namespace) -> int:
    """Replay a run and print the verdict, which is the exit code too."""
    try:
        store = existing_store(found)
        record = named_run(store, found.run)
        options = {} if found.rtol is None else {"rtol": found.rtol}
        with ReplayBar(record.info.run_name, sys.stderr) as bar:
            verification = nbtrack.verify(Run(record, store), timeout_s=found.timeout, watch=bar.watch, **options)
    except (NbtrackError, OSError) as error:
        # 1, as other commands give it, would say that the run has diverged.
        complain(str(error))
        return _FAILED
    except Exception:  # noqa: BLE001 - Python's own exit code for it is 1, too
        traceback.print_exc()
        return _FAILED
    if found.json:
        print_json({"run_name": record.info.run_name, **verification_facts(verification)})
    else:
        print(verification_text(verification, record))
    tell_notices(store)
    return _CODES[verification.verdict]
