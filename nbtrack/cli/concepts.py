"""``help``: what nbtrack's words mean, a page each, and what its commands take."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial

from nbtrack.cli.arguments import Command
from nbtrack.concepts import CONCEPTS, find, page, titles
from nbtrack.errors import InputError


def add_help(command: Command, commands: Mapping[str, ArgumentParser]) -> ArgumentParser:
    """Add ``help`` and its argument; ``commands`` has all commands by name when it is called."""
    made = command(
        "help",
        partial(tell, commands=commands),
        "say what a word means, a run, a hazard, a verdict, or what a command takes",
        "  nbtrack help\n  nbtrack help hazard",
    )
    made.add_argument("word", nargs="?", metavar="WORD", help=f"a command, or one of: {', '.join(CONCEPTS)}")
    return made


def tell(found: Namespace, commands: Mapping[str, ArgumentParser]) -> int:
    """Print a concept's page or a command's help; without a word, the first line of each page."""
    if found.word is None:
        for name, title in titles().items():
            print(f"  {name:<{max(map(len, CONCEPTS))}}  {title.partition(': ')[2]}")
        print("\nnbtrack help WORD says more; nbtrack COMMAND --help says what a command takes.")
        return 0
    concept = find(found.word)
    if found.word in commands and concept != found.word:
        commands[found.word].print_help()
        return 0
    if concept is None:
        raise InputError(
            f"there is no help on {found.word!r}. Words: {', '.join(CONCEPTS)}. Commands: {', '.join(commands)}."
        )
    print(page(concept))
    if found.word in commands:
        print(f"\nnbtrack {found.word} --help says what the command takes.")
    return 0
