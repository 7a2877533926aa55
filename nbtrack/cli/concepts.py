"""``help``: what nbtrack's words mean, a page each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from nbtrack.cli.arguments import Command
from nbtrack.concepts import CONCEPTS, page, titles


def add_help(command: Command) -> ArgumentParser:
    """Add ``help`` and its argument."""
    made = command(
        "help",
        tell,
        "say what a word means: a run, a hazard, a verification",
        "  nbtrack help\n  nbtrack help hazard",
    )
    made.add_argument("concept", nargs="?", choices=CONCEPTS, metavar="WORD", help=", ".join(CONCEPTS))
    return made


def tell(found: Namespace) -> int:
    """Print a concept's page, or the first line of each."""
    if found.concept:
        print(page(found.concept))
        return 0
    for concept, title in titles().items():
        print(f"  {concept:<{max(map(len, CONCEPTS))}}  {title}")
    print("\nnbtrack help WORD says more; nbtrack COMMAND --help says what a command takes.")
    return 0
