"""The verbs of ``%nbtrack``: each a parser and one call."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from nbtrack.capture import active
from nbtrack.capture.experiment import current_experiment, set_experiment
from nbtrack.capture.fluent import delete_run, restore_run
from nbtrack.capture.options import LineParser, read_tags, split_line
from nbtrack.capture.seeds import check_seed, seed_everything
from nbtrack.comparison import compare
from nbtrack.directions import better_direction
from nbtrack.errors import OptionError, RunNotFoundError
from nbtrack.records import RunRecord
from nbtrack.replay.export import SUFFIXES
from nbtrack.replay.export import export as export_slice
from nbtrack.store import export
from nbtrack.store.reading import current_store
from nbtrack.widgets import detail, hazards, html, table
from nbtrack.widgets.format import count
from nbtrack.widgets.inline import Shown

_PAGE = 20


def _runs(found: Namespace, shell: Any) -> Shown:
    """Show the run table."""
    del shell
    store = current_store()
    experiments = [found.experiment] if found.experiment else None
    lifecycle = "deleted" if found.deleted else "active"
    records = store.runs(" ".join(found.where), found.order_by, found.limit, 0, experiments, lifecycle)
    total = store.count_runs(" ".join(found.where), experiments, lifecycle)
    now = time.time()
    return Shown(table.runs_html(records, now, total=total), table.runs_text(records, now, total=total))


def _best(found: Namespace, shell: Any) -> Shown:
    """Show the runs with the best values of a metric."""
    direction: Literal["lower", "higher"] | None = (
        "lower" if found.lowest else "higher" if found.highest else better_direction(found.metric)
    )
    if direction is None:
        raise OptionError(
            f"the name {found.metric!r} does not say whether a lower or a higher value is better; add --lowest or "
            "--highest."
        )
    experiment = None if found.all else found.experiment or current_experiment(shell.user_ns)
    key = f"metrics.`{found.metric}`"
    order = [f"{key} {'ASC' if direction == 'lower' else 'DESC'}"]
    store = current_store()
    records = store.runs(f"{key} IS NOT NULL", order, found.n, 0, [experiment] if experiment else None)
    if not records:
        where = f"in experiment {experiment!r}; add --all to look in all of them" if experiment else "in the store"
        raise RunNotFoundError(f"no run has a metric {found.metric!r} {where}.")
    now = time.time()
    best: dict[str, Literal["lower", "higher"]] = {found.metric: direction}
    return Shown(table.runs_html(records, now, best=best), table.runs_text(records, now, best=best))


def _show(found: Namespace, shell: Any) -> Shown:
    """Show everything about a run."""
    del shell
    store = current_store()
    record = _chosen(found.run)
    history = store.history(record.info.run_id)
    children = store.children(record.info.run_id)
    return Shown(
        detail.run_html(record, history, children, time.time()), detail.run_text(record, history, children, time.time())
    )


def _hazards(found: Namespace, shell: Any) -> Shown:
    """Say why a run's numbers may not come back, and what to do."""
    del shell
    record = _chosen(found.run)
    return Shown(hazards.hazards_html(record), hazards.hazards_text(record))


def _compare(found: Namespace, shell: Any) -> Shown:
    """Show what differs between runs, the first one being the baseline."""
    del shell
    if len(found.run) < 2:
        raise OptionError("one run is nothing to compare; accepted: %nbtrack compare BASELINE RUN [RUN …].")
    shown = str(compare(*found.run))
    return Shown(html.el("pre", html.verbatim(shown)), shown)


def _status(found: Namespace, shell: Any) -> str:
    """Say which store and experiment are in use, and which runs are open."""
    del found
    store = current_store()
    open_runs = [f"{run.run_name} ({run.run_id[:8]})" for run in active.open_runs()]
    lines = [
        f"store       {store.root}",
        f"mode        {store.mode}",
        f"experiment  {current_experiment(shell.user_ns)}",
        f"runs        {store.count_runs()}",
        f"open runs   {', '.join(open_runs) or 'none'}",
    ]
    return _say("\n".join(lines + store.pop_notices()))


def _note(found: Namespace, shell: Any) -> str:
    """Put a note on a run, the latest one unless --run names another."""
    del shell
    record = _chosen(found.run)
    _change(record, {"t": "note", "text": " ".join(found.text)})
    return _say(f"note set on {_named(record)}")


def _tag(found: Namespace, shell: Any) -> str:
    """Set tags on a run, the latest one unless --run names another."""
    del shell
    record = _chosen(found.run)
    tags: dict[str, str | None] = {**read_tags(text for text in found.tags if not text.endswith("="))}
    tags |= {text[:-1]: None for text in found.tags if text.endswith("=")}
    _change(record, {"t": "tags", "v": tags})
    return _say(f"tags set on {_named(record)}")


def _delete(found: Namespace, shell: Any) -> str:
    """Delete runs; restore brings them back."""
    del shell
    for run in found.run:
        delete_run(run)
    return _say(f"deleted {', '.join(found.run)}; bring back with %nbtrack restore")


def _restore(found: Namespace, shell: Any) -> str:
    """Bring deleted runs back."""
    del shell
    for run in found.run:
        restore_run(run)
    return _say(f"restored {', '.join(found.run)}")


def _seed(found: Namespace, shell: Any) -> str:
    """Seed random, NumPy and PyTorch."""
    del shell
    return _say(f"seeded with {seed_everything(check_seed(found.seed))}")


def _experiment(found: Namespace, shell: Any) -> str:
    """Set the experiment of the runs that follow, or say which it is."""
    if found.name:
        set_experiment(found.name)
    return _say(f"experiment {current_experiment(shell.user_ns)}")


def _export(found: Namespace, shell: Any) -> str:
    """Write the runs to a file: csv, json or parquet; or what one run depends on: ipynb or py."""
    del shell
    words = [found.path, *found.where]
    path = Path(words[-1])
    if path.suffix.lower() in SUFFIXES:
        if len(words) > 2:
            raise OptionError("accepted: %nbtrack export [RUN] PATH, where PATH ends in .ipynb or .py.")
        record = _chosen(words[0] if len(words) > 1 else None)
        written = export_slice(record.info.run_id, path, overwrite=found.force)
        return _say(f"what {_named(record)} depends on is written to {written}")
    path = Path(found.path)
    exported = export.export(current_store(), path, where=" ".join(found.where), force=found.force)
    return _say(f"{count(exported, 'run')} written to {path}")


def _help(found: Namespace, shell: Any) -> str:
    """List the verbs."""
    del found, shell
    return _say(HELP)


def _parser(verb: str, function: Callable[[Namespace, Any], Any]) -> LineParser:
    """Return the parser of one verb."""
    parser = LineParser(prog=f"%nbtrack {verb}", add_help=False, allow_abbrev=False, description=function.__doc__)
    add = parser.add_argument
    if verb == "runs":
        add("where", nargs="*", help="a filter, as: metrics.accuracy > 0.9 and params.model = 'rf'")
        add("--order-by", action="append", default=[], metavar="O", help="as 'metrics.accuracy DESC'")
        add("--limit", "-n", type=int, default=_PAGE, metavar="N", help="at most so many runs")
        add("--deleted", action="store_true", help="the deleted runs")
    if verb == "best":
        add("metric", help="name of the metric")
        add("-n", type=int, default=5, metavar="N", help="how many runs")
        add("--lowest", action="store_true", help="a lower value is better")
        add("--highest", action="store_true", help="a higher value is better")
        add("--all", action="store_true", help="of all experiments")
    if verb in ("runs", "best"):
        add("--experiment", "-e", metavar="E", help="only runs of this experiment")
    if verb in ("show", "hazards"):
        add("run", nargs="?", help="id, its beginning, or name; default the latest run")
    if verb in ("note", "tag"):
        add("--run", "-r", metavar="RUN", help="id, its beginning, or name; default the latest run")
    if verb == "note":
        add("text", nargs="+")
    if verb == "tag":
        add("tags", nargs="+", metavar="k=v", help="an empty value takes the tag away")
    if verb in ("delete", "restore", "compare"):
        add("run", nargs="+", help="id, its beginning, or name")
    if verb == "seed":
        add("seed", help="0 to 4294967295")
    if verb == "experiment":
        add("name", nargs="?")
    if verb == "export":
        add("path", help="ends in .csv, .json or .parquet; RUN PATH where it ends in .ipynb or .py")
        add("where", nargs="*", help="a filter")
        add("--force", action="store_true", help="replace an existing file")
    return parser


_VERBS: dict[str, Callable[[Namespace, Any], Any]] = {
    "runs": _runs,
    "best": _best,
    "show": _show,
    "hazards": _hazards,
    "compare": _compare,
    "status": _status,
    "note": _note,
    "tag": _tag,
    "delete": _delete,
    "restore": _restore,
    "seed": _seed,
    "experiment": _experiment,
    "export": _export,
    "help": _help,
}


def _help_text() -> str:
    width = max(map(len, _VERBS))
    lines = [f"  {verb:<{width}}  {(function.__doc__ or '').strip()}" for verb, function in _VERBS.items()]
    return "\n".join(
        ["%nbtrack [VERB] …: without a verb, the run table.", "", *lines, "", "%nbtrack VERB --help says more."]
    )


HELP = _help_text()


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
    if not words or words[0].startswith("-"):
        words = ["runs", *words]
    verb, *rest = words
    if verb not in _VERBS:
        raise OptionError(f"%nbtrack has no verb {verb!r}; accepted: {', '.join(_VERBS)}.")
    function = _VERBS[verb]
    parser = _parser(verb, function)
    if "--help" in rest:
        return _say(parser.format_help())
    shown = function(parser.parse_args(rest), shell)
    return shown if isinstance(shown, Shown) else None


def _chosen(reference: str | None) -> RunRecord:
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


def _change(record: RunRecord, event: dict[str, Any]) -> None:
    current_store().append_event({**event, "run": record.info.run_id})


def _named(record: RunRecord) -> str:
    return f"{record.info.run_name} ({record.info.run_id[:8]})"


def _say(text: str) -> str:
    """Print a line of ours under the cell, where its output goes."""
    import sys

    sys.stdout.write(text + "\n")
    return text
