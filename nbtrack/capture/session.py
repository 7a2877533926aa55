"""The one live object of a kernel: IPython's events on one side, the run of the running cell on the other.

A ``%%track`` line is turned into a comment before IPython compiles the cell, so the body runs as if the line were not
there: same result, same traceback, same display, top-level ``await``, magics and ``;`` included. The run begins in
``pre_run_cell`` and ends in ``post_run_cell``. Where there are no such events of its own (a ``%%track`` below another
cell magic, or in a script that calls the magic), :meth:`Session.run_inside` runs the body.
"""

from __future__ import annotations

import ast
import linecache
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nbtrack.capture import active, autocapture, progress
from nbtrack.capture.baseline import Baselines
from nbtrack.capture.cell import TrackedCell, read_cell, split_cell
from nbtrack.capture.experiment import check_name, current_experiment
from nbtrack.capture.failure import first_user_frame
from nbtrack.capture.fluent import new_run
from nbtrack.capture.live import LivePanel
from nbtrack.capture.observer import Observer
from nbtrack.capture.options import TrackOptions
from nbtrack.capture.run import ActiveRun
from nbtrack.config import find_store_root, settings
from nbtrack.errors import OptionError
from nbtrack.notebook import notebook_path
from nbtrack.provenance.cellcode import bound_until
from nbtrack.records import Source
from nbtrack.store.layout import Layout
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store
from nbtrack.views import CardView, LiveView, Usage


class Display(Protocol):
    """Where a session shows things; :class:`nbtrack.widgets.inline.InlineDisplay` is the real one."""

    @property
    def is_rich(self) -> bool:
        """Whether what was shown can be updated."""

    def begin(self) -> None:
        """Take note that a tracked cell begins, or goes on behind one inside of it."""

    def live(self, view: LiveView) -> None:
        """Show or update the live panel; called from another thread."""

    def finish(self, view: CardView) -> None:
        """Show the run card, in the live panel's place where there was one."""

    def dismiss(self) -> None:
        """Take the live panel away without a card."""

    def say(self, text: str) -> None:
        """Show one quiet line."""


@dataclass(slots=True)
class _Running:
    """The tracked cell that is running now."""

    cell: TrackedCell
    run: ActiveRun
    read: dict[str, Any]
    marks: dict[str, Any]
    depth: int
    is_followed: bool = False


class Session:
    """Tracks the cells of one IPython shell; :meth:`attach` and :meth:`detach` are exact inverses.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    display : Display
    """

    def __init__(self, shell: Any, display: Display) -> None:
        self.shell = shell
        self.display = display
        self._live = LivePanel(display.live)
        self._baselines: dict[Path, Baselines] = {}
        self._depth = 0
        self._running: list[_Running] = []
        self._last_read: tuple[str, str, TrackedCell] | None = None
        self.observer = Observer(shell)

    def attach(self) -> None:
        """Listen to the shell."""
        self.shell.events.register("pre_run_cell", self._before_cell)
        self.shell.events.register("post_run_cell", self._after_cell)
        self.shell.input_transformers_cleanup.append(self._transform)
        with self._boundary("read the cells that ran before"):
            self.observer.recover()
        with self._boundary("look up earlier runs"):
            # So that the first card need not wait for them. Looking must not make a store where there is none.
            if Layout(find_store_root()).database.exists():
                self._baselines_of(current_store()).refresh(current_experiment(self.shell.user_ns))

    def detach(self) -> None:
        """Listen no longer."""
        self.shell.events.unregister("pre_run_cell", self._before_cell)
        self.shell.events.unregister("post_run_cell", self._after_cell)
        self.shell.input_transformers_cleanup.remove(self._transform)
        while self._running:
            self._end(None, None)

    # --- what IPython calls -------------------------------------------------------------------------------------

    def _transform(self, lines: list[str]) -> list[str]:
        """Turn a good ``%%track`` line into a comment; leave a bad one to the magic, which says what is wrong."""
        parts = split_cell(lines)
        if parts is None or self._depth:
            return lines
        try:
            _check_free(self._read(*parts).options)
        except OptionError:
            return lines
        except Exception:  # noqa: BLE001, S110 - a defect of ours must not keep the cell from running; it is said later
            pass
        if parts[1].lstrip().startswith("%%"):
            # Another cell magic must stand on the first line.
            return parts[1].lstrip().splitlines(keepends=True)
        return ["# " + lines[0], *_stripped(lines[1:])]

    # A terminal asks the transformers whether what is typed is complete; a cell magic is, with a blank line. IPython
    # leaves transformers out of that question which say that they have side effects.
    _transform.has_side_effects = True  # type: ignore[attr-defined]

    def _before_cell(self, info: Any) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        with self._boundary("start tracking this cell"):
            count = self.shell.execution_count - (1 if info.store_history else 0)
            parts = _split_raw(info.raw_cell)
            if parts is not None and (info.transformed_cell or "").startswith("get_ipython().run_cell_magic('track'"):
                parts = None
            cell = None if parts is None else self._read(*parts)
            if cell is not None and not cell.broken:
                self._begin(cell, cell_id=info.cell_id, execution_count=count)
            with self._boundary("see what this cell reads"):
                run = self._running[-1].run if self._running and self._running[-1].depth == self._depth else None
                self.observer.begin(info, count, cell if run is not None else None, run)

    def _after_cell(self, result: Any) -> None:
        if not self._depth:
            # The cell that loaded the extension ends without having begun.
            return
        error = result.error_before_exec or result.error_in_exec
        tracked = bool(self._running) and self._running[-1].depth == self._depth
        if self._depth == 1:
            with self._boundary("see what this cell changed"):
                self.observer.end(error, self._line_that_raised(error) if error else None, result.result is not None)
        if tracked:
            self._end(result.result, error)
        self._depth -= 1

    def _read(self, line: str, body: str) -> TrackedCell:
        """Read a cell once for the transformer and the event behind it."""
        if self._last_read is None or self._last_read[:2] != (line, body):
            self._last_read = (line, body, read_cell(line, body, self.shell))
        return self._last_read[2]

    # --- a tracked cell -----------------------------------------------------------------------------------------

    def run_inside(self, line: str, body: str) -> Any:
        """Run a tracked body within another cell, and return its last expression's value.

        Parameters
        ----------
        line : str
            The text after ``%%track``.
        body : str

        Returns
        -------
        object

        Raises
        ------
        OptionError
            The line is not accepted.
        """
        __tracebackhide__ = True
        cell = self._read(line, body)
        _check_free(cell.options)
        run_body = self._compile(body)
        with self._boundary("start tracking this cell"):
            self._begin(cell, cell_id=None, execution_count=self.shell.execution_count - 1)
        begun = self._running[-1] if self._running else None
        try:
            value = run_body()
        except BaseException as error:
            if begun is not None and begun in self._running:
                self._end(None, error)
            raise
        if begun is not None and begun in self._running:
            self._end(value, None)
        return value

    def _compile(self, body: str) -> Callable[[], Any]:
        tree = ast.parse(self.shell.transform_cell(body))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        file = self.shell.compile.cache(body, self.shell.execution_count)
        statements = self.shell.compile(tree, file, "exec")
        expression = self.shell.compile(ast.Expression(last.value), file, "eval") if last is not None else None

        def run() -> Any:
            __tracebackhide__ = True
            exec(statements, self.shell.user_global_ns, self.shell.user_ns)  # noqa: S102 - it is the user's own cell
            if expression is None:
                return None
            return eval(expression, self.shell.user_global_ns, self.shell.user_ns)  # noqa: S307 - as above

        return run

    def _begin(self, cell: TrackedCell, *, cell_id: str | None, execution_count: int) -> None:
        options = cell.options
        around = active.active_run() if options.nested or self._running else None
        experiment = check_name(options.experiment) if options.experiment else None
        keep_code = settings().code and not options.no_code
        read = autocapture.snapshot_reads(cell.code, self.shell.user_ns) if cell.code else {}
        marks = autocapture.snapshot_bound(cell.code, self.shell.user_ns) if cell.code else {}
        run = new_run(
            experiment=experiment or (around.experiment if around else current_experiment(self.shell.user_ns)),
            name=options.name,
            parent=around.run_id if around else None,
            seed=options.seed,
            source=Source(
                kind="cell",
                name=notebook_path(self.shell.user_ns),
                cell_id=cell_id,
                execution_count=execution_count,
                code=cell.body if keep_code else None,
            ),
        )
        self._running.append(_Running(cell, run, read, marks, self._depth))
        active.enter(run)
        if options.tags:
            run.set_tags(options.tags)
        if options.note:
            run.set_note(options.note)
        self._baselines_of(run.store).refresh(run.experiment, run.run_id)
        # Where nothing can be updated, tqdm's own bars say more.
        progress.stand_in(self.display.is_rich)
        if self.display.is_rich and not options.quiet and settings().live:
            self._running[-1].is_followed = True
            self.display.begin()
            self._live.begin(run, self.shell.user_ns, _mentioned(cell))

    def _end(self, value: Any, error: BaseException | None) -> None:
        running = self._running.pop()
        run = running.run
        usage = None
        with self._boundary("show the live panel"):
            usage = self._live.end(run)
        progress.stand_in(bool(self._running) and self.display.is_rich)
        with self._boundary("read this cell's params and metrics"):
            self._capture(running, value, error)
        with self._boundary("end this cell's run"):
            run.end(error=error)
        with self._boundary("find out what this run depends on"):
            self.observer.assess(run)
        with self._boundary("show the run card"):
            self._show(running, usage)

    def _capture(self, running: _Running, value: Any, error: BaseException | None) -> None:
        run, options, code = running.run, running.cell.options, running.cell.code
        if code is None:
            return
        certain = None
        if error is not None:
            line = self._line_that_raised(error)
            certain = bound_until(running.cell.source, line) if line else frozenset()
        found = autocapture.capture(
            code,
            read=running.read,
            namespace=self.shell.user_ns,
            bound=autocapture.bound_names(code, self.shell.user_ns, running.marks, certain),
            last_value=value,
            params=options.params,
            metrics=options.metrics,
            ignore=options.ignore,
        )
        # What the cell logged by itself always wins, whether as a param or as a metric.
        logged = {key for key in (*found.params, *found.metrics) if run.has_param(key) or run.has_metric(key)}
        run.log_params({key: param for key, param in found.params.items() if key not in logged})
        run.log_metrics({key: metric for key, metric in found.metrics.items() if key not in logged})
        for text in found.problems:
            run.warn(text)

    def _line_that_raised(self, error: BaseException) -> int | None:
        """Return the line of the cell's own code, from 1, at which it ended; None where that cannot be told."""
        trace = first_user_frame(error)
        if trace is None or trace.tb_frame.f_globals is not self.shell.user_ns:
            return None
        if linecache.getline(trace.tb_frame.f_code.co_filename, 1).startswith("%%"):
            return None
        # Where the body runs natively, the %%track line stands above it as a comment.
        shift = 1 if linecache.getline(trace.tb_frame.f_code.co_filename, 1).startswith("# %%track") else 0
        return trace.tb_lineno - shift

    def _show(self, running: _Running, usage: Usage | None) -> None:
        run = running.run
        baselines = self._baselines_of(run.store)
        record = run.record()
        shown = settings().card and not running.cell.options.quiet
        if shown:
            notices = tuple(run.store.pop_notices())
            self.display.finish(CardView(record, baselines.ranges(run.experiment), notices, usage))
        else:
            self.display.dismiss()
        if self._running and self._running[-1].is_followed:
            # The cell around this one goes on.
            self.display.begin()
        baselines.add(record)

    def _baselines_of(self, store: Store) -> Baselines:
        if store.root not in self._baselines:
            self._baselines[store.root] = Baselines(store)
        return self._baselines[store.root]

    @contextmanager
    def _boundary(self, doing: str) -> Iterator[None]:
        """The one place where a failure of ours stops: it is recorded and said in one line, never raised."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no defect of ours may reach the user's cell
            text = f"nbtrack could not {doing} ({type(error).__name__}: {error}); the cell itself is not affected."
            try:
                current_store().append_event({"t": "problem", "text": text, "detail": traceback.format_exc()})
                self.display.say(text)
            except Exception:  # noqa: BLE001, S110 - nowhere left to say it
                pass


def _mentioned(cell: TrackedCell) -> frozenset[str]:
    """Return the notebook's names that a cell reads or binds."""
    return frozenset() if cell.code is None else cell.code.binds.union(cell.code.reads)


def _split_raw(raw_cell: str) -> tuple[str, str] | None:
    """Split a cell as typed, after what IPython strips from the top of every cell."""
    from IPython.core.inputtransformer2 import leading_empty_lines

    if "%%track" not in raw_cell:
        return None
    return split_cell(_stripped(leading_empty_lines(raw_cell.splitlines(keepends=True))))


def _stripped(lines: list[str]) -> list[str]:
    """Take the indentation of the first line off all lines, as IPython does with every cell."""
    from IPython.core.inputtransformer2 import leading_indent

    found: list[str] = leading_indent(lines)
    return found


def _check_free(options: TrackOptions) -> None:
    """Refuse a tracked cell while a run that an earlier cell opened is still active, unless it is nested in it."""
    blocking = active.blocking_run()
    if blocking is not None and blocking.source.kind == "block" and not options.nested:
        raise OptionError(
            f"run {blocking.run_name!r} is still active. End it with nbtrack.end_run(), or track this cell as its "
            "child: %%track --nested."
        )
