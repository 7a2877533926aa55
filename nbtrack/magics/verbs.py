"""The verbs of ``%nbtrack``: which there are, and what each accepts and calls."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbtrack.capture.options import LineParser, split_line
from nbtrack.concepts import CONCEPTS, find, page
from nbtrack.errors import OptionError
from nbtrack.magics import changing, charting, reading, replaying, verifying
from nbtrack.magics.common import run_argument, runs_argument, say
from nbtrack.widgets.frontend.onscreen import is_live
from nbtrack.widgets.runtable.table import table as live_table


def _help(found: Namespace, shell: Any) -> str:
    """List the verbs, or say what a verb takes or a word means: run, store, hazard and others."""
    del shell
    if found.word is None:
        return say(HELP)
    concept = find(found.word)
    if found.word in VERBS and concept != found.word:
        return say(parser_of(found.word).format_help())
    if concept is None:
        words = ", ".join(CONCEPTS)
        raise OptionError(f"there is no help on {found.word!r}. Words: {words}. Verbs: {', '.join(VERBS)}.")
    more = f"\n\n%nbtrack {found.word} --help says what the verb takes." if found.word in VERBS else ""
    return say(page(concept) + more)


def _help_options(parser: ArgumentParser) -> None:
    """Accept what :func:`_help` takes."""
    parser.add_argument("word", nargs="?", help=f"a verb, or one of: {', '.join(CONCEPTS)}")


def _nothing(parser: ArgumentParser) -> None:
    """Accept no arguments."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: the function that does it, whose docstring is its help, and the one that adds its arguments."""

    do: Callable[[Namespace, Any], Any]
    options: Callable[[ArgumentParser], None] = _nothing

    @property
    def help(self) -> str:
        """What it does, in a sentence."""
        return (self.do.__doc__ or "").strip()


VERBS = {
    "runs": Verb(reading.runs, reading.runs_options),
    "best": Verb(reading.best, reading.best_options),
    "show": Verb(reading.show, run_argument),
    "hazards": Verb(reading.hazards, run_argument),
    "verify": Verb(verifying.verify, verifying.verify_options),
    "rerun": Verb(replaying.rerun, replaying.rerun_options),
    "replicate": Verb(replaying.replicate, replaying.replicate_options),
    "explain": Verb(replaying.explain, replaying.explain_options),
    "compare": Verb(replaying.compare, replaying.compare_options),
    "chart": Verb(charting.show_chart, charting.chart_options),
    "status": Verb(reading.status),
    "note": Verb(changing.note, changing.note_options),
    "tag": Verb(changing.tag, changing.tag_options),
    "delete": Verb(changing.delete, runs_argument),
    "restore": Verb(changing.restore, runs_argument),
    "seed": Verb(changing.seed, changing.seed_options),
    "experiment": Verb(changing.experiment, changing.experiment_options),
    "export": Verb(changing.export, changing.export_options),
    "help": Verb(_help, _help_options),
}
"""The verbs by name, in the order of the help."""


def _help_text() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {name:<{width}}  {verb.help}" for name, verb in VERBS.items()]
    return "\n".join(
        [
            "%nbtrack [VERB] …: without a verb, the run table; live unless NBTRACK_LIVE=0 is set.",
            "",
            *lines,
            "",
            f"%nbtrack VERB --help says more; %nbtrack help WORD says what a word means: {', '.join(CONCEPTS)}.",
        ]
    )


HELP = _help_text()


def parser_of(name: str) -> LineParser:
    """Return the parser of one verb.

    Parameters
    ----------
    name : str

    Returns
    -------
    LineParser
    """
    verb = VERBS[name]
    parser = LineParser(prog=f"%nbtrack {name}", add_help=False, allow_abbrev=False, description=verb.help)
    verb.options(parser)
    return parser


def run_verb(line: str, shell: Any) -> Any:
    """Run one ``%nbtrack`` line.

    Parameters
    ----------
    line : str
        The text after ``%nbtrack``.
    shell : IPython.core.interactiveshell.InteractiveShell

    Returns
    -------
    object
        What the notebook shows, or None.

    Raises
    ------
    OptionError
        The verb or an option is unknown.
    """
    words = split_line(line)
    if not words and is_live():
        return live_table()
    if not words or words[0].startswith("-"):
        words = ["runs", *words]
    name, *rest = words
    if name not in VERBS:
        raise OptionError(f"%nbtrack has no verb {name!r}; accepted: {', '.join(VERBS)}.")
    parser = parser_of(name)
    if "--help" in rest:
        return say(parser.format_help())
    shown = VERBS[name].do(parser.parse_args(rest), shell)
    return None if shown is None or isinstance(shown, str) else shown
