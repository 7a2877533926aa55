"""The options of ``%%track``, read from its line."""

from __future__ import annotations

import argparse
import functools
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from nbtrack.capture.seeds import check_seed
from nbtrack.errors import InputError, OptionError


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """What the ``%%track`` line asks for; the fields are its options."""

    name: str | None = None
    experiment: str | None = None
    seed: int | None = None
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    nested: bool = False
    quiet: bool = False
    no_code: bool = False


class LineParser(argparse.ArgumentParser):
    """An argument parser for magics: it raises in place of leaving the process."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print before it exits."""
        raise OptionError(f"{message}. {self.format_usage().strip().replace('usage: ', 'Usage: ')}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Raise in place of exiting."""
        raise OptionError(message or f"exit {status}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _seed(text: str) -> int:
    try:
        return check_seed(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


@functools.cache
def track_parser() -> LineParser:
    """Return the parser of the ``%%track`` line; its help is the magic's documentation."""
    parser = LineParser(
        prog="%%track",
        add_help=False,
        allow_abbrev=False,
        description="Track this cell as a run: its params, metrics, code and outcome go into the store.",
    )
    add = parser.add_argument
    add("name", nargs="?", help="name of the run; default a made-up one")
    add("--experiment", "-e", metavar="E", help="experiment; default the notebook's name")
    add("--seed", "-s", type=_seed, metavar="N", help="seed random, NumPy and PyTorch before the cell, and record it")
    add("--params", type=_names, default=(), metavar="a,b", help="names to record as params, besides those found")
    add("--metrics", type=_names, default=(), metavar="x,y", help="names to record as metrics, besides those found")
    add("--ignore", type=_names, default=(), metavar="z", help="names not to record")
    add("--tag", "-t", action="append", default=[], metavar="k=v", help="a tag; may be given several times")
    add("--note", metavar="TEXT", help="a note, in quotes")
    add("--nested", action="store_true", help="become a child of the run that is open")
    add("--quiet", "-q", action="store_true", help="show no run card")
    add("--no-code", action="store_true", help="do not keep the cell's source")
    return parser


def parse_track_line(line: str) -> TrackOptions:
    """Read the text after ``%%track``.

    Parameters
    ----------
    line : str
        As ``baseline --seed 42 --tag stage=draft``.

    Returns
    -------
    TrackOptions

    Raises
    ------
    OptionError
        An option is unknown or has a bad value.

    Examples
    --------
    >>> parse_track_line("baseline --seed 42").seed
    42
    """
    found = track_parser().parse_args(split_line(line))
    return TrackOptions(
        name=found.name,
        experiment=found.experiment,
        seed=found.seed,
        params=found.params,
        metrics=found.metrics,
        ignore=found.ignore,
        tags=read_tags(found.tag),
        note=found.note,
        nested=found.nested,
        quiet=found.quiet,
        no_code=found.no_code,
    )


def split_line(line: str) -> list[str]:
    """Split a magic's line as a shell would.

    Raises
    ------
    OptionError
        A quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise OptionError(f"{line.strip()!r} cannot be read: {error}. Put text with spaces into quotes.") from error


def read_tags(texts: Iterable[str]) -> dict[str, str]:
    """Read tags given as ``key=value``.

    Raises
    ------
    OptionError
        A text has no ``=``.

    Examples
    --------
    >>> read_tags(["stage=draft"])
    {'stage': 'draft'}
    """
    tags = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise OptionError(f"tag {text!r} cannot be read; accepted: key=value, as --tag stage=draft.")
        tags[key] = value
    return tags


def check_names(options: TrackOptions, known: Iterable[str]) -> None:
    """Refuse names that the cell neither binds nor reads.

    Parameters
    ----------
    options : TrackOptions
    known : iterable of str
        Names that the cell binds or reads.

    Raises
    ------
    OptionError
        A name of ``--params``, ``--metrics`` or ``--ignore`` is not among them.
    """
    names = set(known)
    given: Sequence[tuple[str, tuple[str, ...]]] = (
        ("--params", options.params),
        ("--metrics", options.metrics),
        ("--ignore", options.ignore),
    )
    for option, wanted in given:
        for name in wanted:
            if name.split(".")[0] not in names:
                listed = ", ".join(sorted(item for item in names if not item.startswith("_"))) or "none"
                raise OptionError(
                    f"{option} names {name!r}, which this cell never binds or reads; its names: {listed}."
                )
