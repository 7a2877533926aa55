"""Arguments that several commands take, and the words for them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any, TypeAlias

WHERE = "as: \"metrics.accuracy > 0.9 and params.model = 'rf'\""
RUN = "id, the beginning of an id, or name"
Command: TypeAlias = Callable[..., ArgumentParser]
"""Makes the parser of a command, from its name, the function that does it, a help text, and examples for its end."""


def add_json(parser: Any) -> None:
    """Let a command print JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_run(parser: ArgumentParser) -> None:
    """Let a command take a run, the newest one unless it is named."""
    parser.add_argument("run", nargs="?", metavar="RUN", help=f"{RUN}; default the newest")


def amount(text: str) -> int:
    """Return a whole number of runs.

    Raises
    ------
    ArgumentTypeError
        It is none.
    """
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no number of runs")
    return int(text)
