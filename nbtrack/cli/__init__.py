"""The ``nbtrack`` command: the same verbs as ``%nbtrack``, for shells and scripts.

Exit codes: 0 done, 1 could not be done (one line on standard error says why), 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from nbtrack.cli.output import INTERRUPTED, complain
from nbtrack.cli.parser import build_parser
from nbtrack.errors import NbtrackError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> main(["version"])  # doctest: +ELLIPSIS
    nbtrack ...
    0
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark in its place, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        found = build_parser().parse_args(arguments)
        code: int = found.command(found)
        sys.stdout.flush()
    except NbtrackError as error:
        return complain(str(error))
    except BrokenPipeError:
        # The reader has seen enough, as `nbtrack ls | head` does. Python would flush once more at exit, and fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    return code
