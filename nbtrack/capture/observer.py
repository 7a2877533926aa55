"""The session's view of provenance: feeds the recorder with IPython's events and assesses tracked runs."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.capture import active
from nbtrack.capture.cell import TrackedCell, read_cell, split_cell
from nbtrack.capture.datasets import data_inputs, record_inputs
from nbtrack.capture.lookahead import analysed
from nbtrack.capture.recordedpaths import recorded_name, recorded_path
from nbtrack.capture.recorder import Recorder
from nbtrack.capture.run import ActiveRun
from nbtrack.capture.secrets import looks_secret
from nbtrack.capture.sources import record_source
from nbtrack.config import find_store_root, settings
from nbtrack.document import DocumentReader
from nbtrack.errors import OptionError
from nbtrack.notebook import document_path
from nbtrack.provenance.history import Execution, Outcome
from nbtrack.provenance.streams import STREAMS
from nbtrack.records import CellExecution, Input
from nbtrack.store.store import Store

if TYPE_CHECKING:
    from nbtrack.provenance.assessment import Assessment, Surroundings

_MAX_TRANSFORMED = 2000
_MAX_DIGESTS = 200


class Observer:
    """Watches the cells of one shell.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.recorder = Recorder(shell.user_ns, shell.user_ns_hidden, _store_folder)
        self._documents = DocumentReader()
        self._folder = Path.cwd()
        self._started_s = 0.0
        # What each store has been told of, and whether with the code.
        self._told: dict[Path, dict[int, bool]] = {}
        self._execution: Execution | None = None
        # Runs that cells have begun with start_run() or @track, with the cells that they were open in.
        self._spanned: dict[str, tuple[ActiveRun, list[Execution]]] = {}
        self._inputs: list[Input] = []
        self._transformed: dict[str, str] = {}

    def recover(self) -> None:
        """Take over the cells that ran before nbtrack was loaded, the one that loads it included."""
        inputs = self.shell.user_ns.get("In") or []
        cells = []
        for count, text in enumerate(inputs):
            if count and type(text) is str and text.strip():
                cells.append((count, text, self._python(text)))
        self.recorder.recover(cells)

    def begin(self, info: Any, count: int, cell: TrackedCell | None, run: ActiveRun | None) -> None:
        """Take note that a cell begins.

        Parameters
        ----------
        info : IPython.core.interactiveshell.ExecutionInfo
        count : int
            ``In[n]``.
        cell : TrackedCell or None
            What a tracked cell was read as.
        run : ActiveRun or None
            Its run.
        """
        self._note_deletions()
        # What has begun by now began in no cell that was seen: the one that loaded nbtrack, or a button's callback.
        active.take_begun()
        source = (info.transformed_cell or "") if cell is None else cell.source or cell.body
        execution = self.recorder.begin(
            text=info.raw_cell if cell is None else cell.body,
            source=source,
            code=analysed(source) if cell is None else cell.code,
            cell_id=info.cell_id,
            count=count,
            start_ns=time.time_ns(),
        )
        execution.folder = _working_folder()
        self._inputs = []
        if cell is not None and run is not None:
            execution.tracked, execution.run_id = True, run.run_id
            # Before it runs: it may change them, and nothing of theirs is kept alive meanwhile.
            self._inputs = data_inputs({name: self.shell.user_ns.get(name) for name in execution.reads})
            if cell.options.seed is not None:
                execution.seeded = frozenset(STREAMS)
        self._execution = execution
        self._started_s = time.perf_counter()

    def end(self, error: BaseException | None, line: int | None, has_value: bool) -> None:
        """Take note that the cell has ended, and find out what the runs depend on that it has ended by itself.

        Parameters
        ----------
        error : BaseException or None
        line : int or None
            The line of the cell that raised, from 1.
        has_value : bool
        """
        outcome: Outcome = "ok" if error is None else "interrupted" if isinstance(error, KeyboardInterrupt) else "error"
        self.recorder.end(time.perf_counter() - self._started_s, outcome, line, has_value)
        execution = self._execution
        if execution is None:
            return
        for run in active.take_begun():
            if run.run_id != execution.run_id:
                self._spanned.setdefault(run.run_id, (run, []))
        # Many runs of one cell, a sweep, mostly measure the same and depend on the same.
        known: dict[tuple[object, ...], Assessment] = {}
        for run, executions in list(self._spanned.values()):
            executions.append(execution)
            if run.ended:
                del self._spanned[run.run_id]
                self._assess(run, executions, known)

    def assess(self, run: ActiveRun) -> None:
        """Find out what a tracked cell's run depends on, and record it.

        Parameters
        ----------
        run : ActiveRun
            Of the cell that has just ended.
        """
        execution = self._execution
        if execution is not None and execution.run_id == run.run_id:
            self._assess(run, [execution], {})

    def _assess(self, run: ActiveRun, executions: list[Execution], known: dict[tuple[object, ...], Assessment]) -> None:
        if run.only_kept:
            return
        # Loaded with the first run: loading the extension should cost next to nothing.
        from nbtrack.provenance.assessment import assess, both, joined

        key = (*run.data.metrics, *(done.sequence for done in executions))
        found = known.get(key)
        if found is None:
            self.recorder.settle()
            around, history = self._surroundings(), self.recorder.history
            found = known[key] = joined([assess(history, done, run.data.metrics, around) for done in executions])
        keep_code = run.source.code is not None or (run.source.kind != "cell" and settings().code)
        self._tell_executions(run.store, keep_code)
        provenance = dataclasses.replace(
            run.provenance,
            hazards=found.hazards,
            unknown=dict(found.unknown),
            slice=tuple(self._record(member, keep_code) for member in found.slice),
        )
        if run.gone_on:
            provenance = both(run.provenance, provenance)
        run.record_provenance(self.recorder.history.session, provenance)
        files = {name[5:]: None for member in found.slice for name in member.reads if name.startswith("file:")}
        record_inputs(run, {}, files, self._inputs)

    def _surroundings(self) -> Surroundings:
        from nbtrack.provenance.assessment import Surroundings

        document = self._documents.read(self._path())
        return Surroundings(
            namespace=self.shell.user_ns,
            document=None if document is None else [(found.cell_id, found.source) for found in document.cells],
            saved_ns=0 if document is None else document.saved_ns,
            python=self._python,
            file_digest=self.recorder.openings.digests.digest,
        )

    # --- recording ----------------------------------------------------------------------------------------------

    def _record(self, execution: Execution, keep_code: bool) -> CellExecution:
        return CellExecution(
            session=self.recorder.history.session,
            sequence=execution.sequence,
            execution_count=execution.count,
            cell_id=execution.cell_id,
            source=execution.text if keep_code else None,
            start_us=execution.start_ns // 1000,
            duration_s=execution.duration_s,
            outcome=execution.outcome,
            observed=execution.observed,
            reads=tuple(map(recorded_name, execution.reads)),
            binds=tuple(recorded_name(name) for name, version in execution.writes.items() if not version.changed),
            changes=tuple(recorded_name(name) for name, version in execution.writes.items() if version.changed),
            deletes=tuple(sorted(execution.deletes)),
            run_id=execution.run_id,
            folder=None if execution.folder is None else recorded_path(execution.folder),
            digests=digests_read(execution),
        )

    def _tell_executions(self, store: Store, keep_code: bool) -> None:
        """Tell a store of the executions that it has not been told of; the first run brings all before it along."""
        told = self._told.setdefault(store.root, {})
        for execution in self.recorder.history.executions:
            if execution.sequence not in told or (keep_code and not told[execution.sequence]):
                told[execution.sequence] = keep_code
                _tell_execution(store, self._record(execution, keep_code))

    def _path(self) -> str | None:
        """Return the notebook's path; a relative one is of where the kernel was started."""
        path = document_path(self.shell.user_ns)
        return None if path is None else str(Path(self._folder, path))

    # --- the notebook -------------------------------------------------------------------------------------------

    def _note_deletions(self) -> None:
        """Keep which cells the front end says were deleted since the last cell ran."""
        kernel = getattr(self.shell, "kernel", None)
        parent = kernel.get_parent("shell") if kernel is not None else None
        deleted = ((parent or {}).get("metadata") or {}).get("deletedCells")
        if isinstance(deleted, list):
            history = self.recorder.history
            history.says_deletions = True
            # When, it does not say: a notebook saved since with the cell in it may have got it back.
            since_ns = history.executions[-1].start_ns + 1 if history.executions else 0
            history.deleted_ns.update((cell_id, since_ns) for cell_id in deleted if isinstance(cell_id, str))

    def _python(self, text: str) -> str:
        """Return a cell as typed as Python; each is asked for with every run."""
        found = self._transformed.get(text)
        if found is None:
            if len(self._transformed) >= _MAX_TRANSFORMED:
                self._transformed.clear()
            found = self._transformed[text] = self._as_python(text)
        return found

    def _as_python(self, text: str) -> str:
        parts = split_cell(text.splitlines(keepends=True))
        if parts is not None:
            try:
                return read_cell(*parts, self.shell).source or parts[1]
            except OptionError:
                text = parts[1]
        transformed: str = self.shell.input_transformer_manager.transform_cell(text)
        return transformed


def digests_read(execution: Execution) -> dict[str, str]:
    """Return the digests of what an execution read, as far as another process can find the same.

    Parameters
    ----------
    execution : Execution

    Returns
    -------
    dict of str to str
        By name; names that look like those of credentials are left out.
    """
    found = {}
    for name, version in execution.reads.items():
        value = version.value
        if value is None or not value.portable or name in STREAMS or name.startswith(("env:", "module:")):
            continue
        if (value.exact or value.sampled) and not looks_secret(name, version.text):
            found[recorded_name(name)] = value.digest
            if len(found) == _MAX_DIGESTS:
                break
    return found


def _working_folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - a Path for each cell would cost
    except OSError:
        # It has been removed.
        return None


def _store_folder() -> str:
    return str(find_store_root())


def _tell_execution(store: Store, execution: CellExecution) -> None:
    digest = record_source(store, execution.source)
    store.append_event(
        {
            "t": "cell",
            "session": execution.session,
            "sequence": execution.sequence,
            "execution_count": execution.execution_count,
            "cell_id": execution.cell_id,
            "source": digest,
            "start": execution.start_us,
            "duration": execution.duration_s,
            "outcome": execution.outcome,
            "observed": execution.observed,
            "reads": list(execution.reads),
            "binds": list(execution.binds),
            "changes": list(execution.changes),
            "deletes": list(execution.deletes),
            "run": execution.run_id,
            "folder": execution.folder,
            "digests": dict(execution.digests),
        }
    )
