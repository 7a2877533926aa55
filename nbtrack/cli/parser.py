"""The command line: which commands there are, and what each accepts."""

from __future__ import annotations

from argparse import (
    SUPPRESS,
    ArgumentParser,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable
from typing import NoReturn

import nbtrack
from nbtrack.cli import changes, comparing, doctor, export, listing, upkeep
from nbtrack.cli.arguments import RUN, WHERE, Command, add_json, add_run, amount
from nbtrack.cli.concepts import add_help
from nbtrack.cli.demo import add_demo
from nbtrack.cli.replaying import add_explain, add_replicate, add_rerun, add_seeds_to_compare
from nbtrack.cli.ui import add_ui
from nbtrack.cli.verifying import add_verify
from nbtrack.store.export import FORMATS
from nbtrack.store.query import VIEWS

_SQL_EXAMPLE = "  nbtrack sql \"select run_name, metrics['accuracy'] as accuracy from runs order by 2 desc\""
# Each adds one command that replays runs.
_REPLAYING = (add_verify, add_rerun, add_replicate, add_explain)


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"nbtrack: {message}. See: {self.prog} --help\n")

    def refuse(self, _: Namespace) -> NoReturn:
        """Say that there is no command."""
        self.error("a command is needed, as: nbtrack ls")


def build_parser() -> ArgumentParser:
    """Return the parser of the ``nbtrack`` command.

    Returns
    -------
    argparse.ArgumentParser
        What it parses has ``command``, the function to call with it.
    """
    parser = _Parser(
        prog="nbtrack",
        description="Experiment tracking for notebooks: read and look after a store from the shell.",
        epilog="A store is the nearest .nbtrack folder upwards, or what --store or NBTRACK_STORE names.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nbtrack {nbtrack.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND [OPTIONS]")
    store = _Parser(add_help=False)
    store.add_argument("--store", default=SUPPRESS, metavar="PATH", help="the store's folder, or one that it is in")

    def command(name: str, function: Callable[[Namespace], int], text: str, examples: str = "") -> ArgumentParser:
        made = commands.add_parser(
            name,
            parents=[] if name in ("demo", "help", "version") else [store],
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=examples and f"examples:\n{examples}",
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        made.set_defaults(command=function)
        return made

    _add_reading(command)
    for add_command in _REPLAYING:
        add_command(command)
    add_ui(command)
    _add_changing(command)
    _add_upkeep(command)
    add_help(command, commands.choices)
    # The commands' own defaults win over these.
    parser.set_defaults(command=parser.refuse, store=None)
    return parser


def _add_reading(command: Command) -> None:
    made = command(
        "ls",
        listing.ls,
        "list the runs, the newest first",
        "  nbtrack ls --where \"params.model = 'ridge'\" --order-by 'metrics.rmse ASC'\n  nbtrack ls --experiments",
    )
    made.add_argument("--experiment", "-e", action="append", default=[], metavar="NAME", help="only this one's runs")
    made.add_argument("--where", "-w", default="", metavar="FILTER", help=WHERE)
    made.add_argument("--order-by", "-o", action="append", default=[], metavar="ORDER", help="as 'metrics.rmse DESC'")
    made.add_argument(
        "--limit",
        "-n",
        type=amount,
        metavar="N",
        help=f"at most so many runs (default {listing.PAGE}; with --json all of them)",
    )
    made.add_argument("--deleted", action="store_true", help="the deleted ones")
    made.add_argument("--experiments", action="store_true", help="list the experiments, not the runs")
    add_json(made)

    made = command("show", listing.show, "show everything about one run", "  nbtrack show baseline")
    add_run(made)
    add_json(made)

    made = command(
        "hazards",
        listing.hazards,
        "say why a run's numbers may not come back, and what to do",
        "  nbtrack hazards baseline\n  nbtrack ls --where \"hazards = 'stale_input'\"",
    )
    add_run(made)
    add_json(made)

    made = command(
        "compare",
        comparing.compare,
        "say what differs between runs, what can explain other metrics first",
        "  nbtrack compare baseline second\n  nbtrack compare baseline second --replicate 10",
    )
    made.add_argument("run", nargs="+", metavar="RUN", help=f"two or more, the baseline first: {RUN}")
    add_seeds_to_compare(made)
    add_json(made)

    made = command(
        "sql",
        listing.sql,
        "run a DuckDB query over the store, read-only",
        "\n\n".join([_SQL_EXAMPLE, "views:\n  " + " ".join(VIEWS)]),
    )
    made.add_argument("query", metavar="QUERY", help="one query; - reads it from standard input")
    forms = made.add_mutually_exclusive_group()
    add_json(forms)
    forms.add_argument("--csv", action="store_true", help="print CSV")

    made = command(
        "export",
        export.export,
        "write the runs to a file: csv one table, json everything, parquet a folder of tables, html a page to read "
        "that needs nothing else; or what one run depends on: ipynb a notebook, py a script",
        "  nbtrack export runs.csv\n  nbtrack export best.parquet --where 'metrics.accuracy > 0.9'\n"
        "  nbtrack export html runs.html --runs baseline second\n  nbtrack export baseline baseline.ipynb",
    )
    made.add_argument("run", nargs="?", metavar="RUN", help=f"for .ipynb and .py: {RUN}; default the newest; or html")
    made.add_argument(
        "path", metavar="PATH", help="ends in .csv, .json, .parquet, .html, .ipynb or .py, unless --format is given"
    )
    made.add_argument("--format", choices=(*FORMATS, "html"), help="default: as the path's ending says")
    made.add_argument("--where", "-w", default="", metavar="FILTER", help=WHERE)
    made.add_argument(
        "--runs", nargs="+", default=[], metavar="RUN", help=f"for .html: these, and how they differ; each {RUN}"
    )
    made.add_argument("--limit", "-n", type=amount, metavar="N", help="for .html: at most so many runs; default 50")
    made.add_argument("--force", action="store_true", help="replace an existing file")


def _add_changing(command: Command) -> None:
    made = command("tag", changes.tag, "set tags on a run", "  nbtrack tag baseline stage=final draft=")
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument("tags", nargs="+", metavar="KEY=VALUE", help="an empty value takes the tag away")

    made = command("note", changes.note, "set a run's note", "  nbtrack note baseline 'before the data were cleaned'")
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument("text", nargs="+", metavar="TEXT", help="an empty text takes the note away")

    for name, function, text in (
        ("delete", changes.delete, "mark runs as deleted; restore brings them back, gc removes them for good"),
        ("restore", changes.restore, "bring deleted runs back"),
    ):
        made = command(name, function, text)
        made.add_argument("run", nargs="+", metavar="RUN", help=RUN)


def _add_upkeep(command: Command) -> None:
    made = command("gc", upkeep.gc, "remove deleted runs for good, and files that no run has")
    made.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    add_json(made)

    made = command("doctor", doctor.doctor, "check the store and this installation, and say what to do")
    add_json(made)

    add_demo(command)

    made = command("version", upkeep.version, "print the version")
    add_json(made)
