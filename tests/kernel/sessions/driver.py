"""Plays the session of a case for real and measures what happened without asking nbtrack."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import inside
from document import Document
from kernels import Kernel, Reply
from model import Case, Cell, Step

NOTEBOOK = "work.ipynb"

MakeKernel = Callable[[dict[str, Any]], Kernel]


class Player:
    """One session: a document, a kernel, and what was executed.

    Parameters
    ----------
    case : Case
    make_kernel : callable or None
        None plays only what concerns the document: how it stood when the kernel was restarted.
    keep_files : Path or None
        Where to copy the working directory to, as it was right before the last tracked run.
    """

    def __init__(self, case: Case, make_kernel: MakeKernel | None, keep_files: Path | None = None) -> None:
        self.case = case
        self.document = Document(Path.cwd() / NOTEBOOK, case.notebook, case.mode)
        self.log: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self._make = make_kernel
        self._keep_files = keep_files
        self._kernel: Kernel | None = None
        self._count = 0

    def set_up(self) -> None:
        """Put the files where they are to be, the notebook among them."""
        for path, content in self.case.files.items():
            _write(path, content, backdate_s=120.0)
        self.document.save(backdate_s=60.0)

    def start_kernel(self) -> None:
        """Start a kernel and tell it what the front end tells."""
        self._count = 0
        self.log.clear()
        if self._make is None:
            return
        path = str(self.document.path)
        os.environ.pop("JPY_SESSION_NAME", None)
        if self.case.mode in ("lab", "lab-unsaved"):
            os.environ["JPY_SESSION_NAME"] = path
        self._kernel = self._make({"__vsc_ipynb_file__": path} if self.case.mode == "vscode" else {})

    def play(self, steps: tuple[Step, ...]) -> None:
        """Take the steps, one after the other."""
        last = _last_tracked(self.document.cells, steps)
        for index, step in enumerate(steps):
            if step.do == "run":
                ids, interrupt = step.args
                for position, key in enumerate(ids):
                    self._run(key, interrupt, decisive=(index, position) == last)
            else:
                getattr(self, f"_{step.do}")(*step.args)

    def close(self) -> None:
        if self._kernel is not None:
            self._kernel.close()

    # --- steps --------------------------------------------------------------------------------------------------

    def _run(self, key: str, interrupt: bool, decisive: bool) -> None:
        cell = self.document[key]
        tracked = is_tracked(cell)
        if tracked and self.case.autosave and self.case.mode != "lab-unsaved":
            self._save()
        if decisive:
            self._before_decisive(cell)
        metadata = self.document.message_metadata(key)
        self._count += 1
        reply = Reply(True, self._count)
        if self._kernel is not None:
            reply = self._kernel.run(cell.source, metadata, interrupt)
        self.document.ran(key, reply.execution_count)
        self.log.append(
            {"count": reply.execution_count, "id": key, "source": cell.source, "ok": reply.ok, "error": reply.error}
        )
        if decisive and self._kernel is not None:
            self._after_decisive(cell, reply)

    def _before_decisive(self, cell: Cell) -> None:
        self.facts["above"] = [above.source for above in self.document.above(cell.id)]
        if self._keep_files is not None:
            shutil.copytree(Path.cwd(), self._keep_files, ignore=shutil.ignore_patterns(".nbtrack", "home"))
        if self._kernel is not None:
            self._kernel.evaluate("remember_generators")

    def _after_decisive(self, cell: Cell, reply: Reply) -> None:
        kernel = self._kernel
        assert kernel is not None
        self.facts["ok"] = reply.ok
        self.facts["error"] = reply.error
        body, seed = without_track(cell.source)
        names = list(self.case.result or kernel.evaluate("bound_numbers", names=inside.number_names(body)))
        self.facts["names"] = names
        self.facts["results"] = kernel.evaluate("results", names=names)
        self.facts["report"] = kernel.evaluate("report")
        self.facts["problems"] = kernel.evaluate("problems")
        self.facts["log"] = list(self.log)
        # Last of all, once more: does it give the same?
        kernel.evaluate("restore_generators")
        if seed is not None:
            kernel.evaluate("seed", number=seed)
        again = kernel.run(body, self.document.message_metadata(cell.id))
        self.facts["again"] = kernel.evaluate("results", names=names) if again.ok else {"raised": again.error}

    def _edit(self, key: str, source: str) -> None:
        self.document.edit(key, source)

    def _delete(self, ids: tuple[str, ...]) -> None:
        for key in ids:
            self.document.delete(key)

    def _insert(self, key: str, source: str, after: str | None, before: str | None) -> None:
        self.document.insert(Cell(key, source), after, before)

    def _restore(self, key: str, after: str | None, before: str | None) -> None:
        self.document.restore(key, after, before)

    def _move(self, key: str, after: str | None, before: str | None, by: str) -> None:
        self.document.move(key, after, before, by)

    def _split(self, key: str, parts: tuple[str, ...]) -> None:
        self.document.split(key, parts)

    def _merge(self, into: str, others: tuple[str, ...]) -> None:
        self.document.merge(into, others)

    # What an earlier kernel's part did to files was really done then, and is not done again.

    def _save(self) -> None:
        if self._make is not None:
            self.document.save()

    def _write(self, path: str, content: str) -> None:
        if self._make is not None:
            _write(path, content)

    def _touch(self, path: str) -> None:
        if self._make is not None:
            Path(path).touch()

    def _remove(self, path: str) -> None:
        if self._make is not None:
            Path(path).unlink()


def _write(path: str, content: str, backdate_s: float = 0.0) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    if backdate_s:
        now = file.stat().st_mtime
        os.utime(file, (now - backdate_s, now - backdate_s))


def segments(case: Case) -> list[tuple[Step, ...]]:
    """The steps between restarts of the kernel."""
    found: list[list[Step]] = [[]]
    for step in case.steps:
        if step.do == "restart":
            found.append([])
        else:
            found[-1].append(step)
    return [tuple(steps) for steps in found]


def is_tracked(cell: Cell) -> bool:
    return cell.source.lstrip().startswith("%%track")


def without_track(source: str) -> tuple[str, int | None]:
    """A cell's source without its ``%%track`` line, and the seed that the line names."""
    if not source.lstrip().startswith("%%track"):
        return source, None
    line, _, body = source.lstrip().partition("\n")
    seed = re.search(r"--seed[ =](\d+)", line)
    return body, int(seed[1]) if seed else None


def _last_tracked(cells: list[Cell], steps: tuple[Step, ...]) -> tuple[int, int]:
    """Step and position within it of the last run of a tracked cell."""
    tracked = {cell.id for cell in cells if is_tracked(cell)}
    found = (-1, -1)
    for index, step in enumerate(steps):
        if step.do in ("edit", "insert"):
            key, source = step.args[:2]
            (tracked.add if is_tracked(Cell(key, source)) else tracked.discard)(key)
        elif step.do == "run":
            for position, key in enumerate(step.args[0]):
                if key in tracked:
                    found = (index, position)
    return found


def play(case: Case, make_kernel: MakeKernel, keep_files: Path | None = None) -> dict[str, Any]:
    """Play the last kernel's part of a session in the working directory; what was before must have been played.

    Parameters
    ----------
    case : Case
    make_kernel : callable
    keep_files : Path, optional
        Copy the working directory there right before the last tracked run.

    Returns
    -------
    dict
        ``report`` and ``problems`` of nbtrack; ``results``, ``again`` (the results of running the tracked cell once
        more), ``above`` (the sources of a clean run) and ``log`` (what was executed), measured without it.
    """
    *before, last = segments(case)
    player = Player(case, None)
    if not before:
        player.set_up()
    for steps in before:
        player.start_kernel()
        player.play(steps)
    player = _with_kernel(player, make_kernel, keep_files)
    player.start_kernel()
    try:
        player.play(last)
    finally:
        player.close()
    if "report" not in player.facts:
        player.facts["report"] = {"missing": "no tracked cell was run"}
    player.facts["log"] = player.facts.get("log", player.log)
    return player.facts


def play_before_restart(case: Case, number: int, make_kernel: MakeKernel) -> None:
    """Play the part of a session that belongs to the kernel of this number, from 0."""
    parts = segments(case)
    player = Player(case, None)
    if number == 0:
        player.set_up()
    for steps in parts[:number]:
        player.start_kernel()
        player.play(steps)
    player = _with_kernel(player, make_kernel, None)
    player.start_kernel()
    player.play(parts[number])
    player.close()


def _with_kernel(dry: Player, make_kernel: MakeKernel, keep_files: Path | None) -> Player:
    player = Player(dry.case, make_kernel, keep_files)
    player.document = dry.document
    return player


def replay(sources: list[tuple[str, bool]], names: list[str], make_kernel: MakeKernel) -> dict[str, Any]:
    """Execute sources in a fresh kernel without nbtrack.

    Parameters
    ----------
    sources : list of (str, bool)
        Each with whether it may raise.
    names : list of str
        What to read at the end.
    make_kernel : callable

    Returns
    -------
    dict
        ``results``, or ``raised``.
    """
    kernel = make_kernel({})
    try:
        kernel.evaluate("scramble")
        for source, may_raise in sources:
            body, seed = without_track(source)
            if seed is not None:
                kernel.evaluate("seed", number=seed)
            reply = kernel.run(_without_nbtrack(body), {})
            if not reply.ok and not may_raise:
                return {"raised": reply.error}
        return {"results": kernel.evaluate("results", names=names)}
    finally:
        kernel.close()


def _without_nbtrack(source: str) -> str:
    return re.sub(r"^%(load_ext|nbtrack|unload_ext).*$", "", source, flags=re.MULTILINE)


def renamed(case: Case, **changes: Any) -> Case:
    """The case with other facts."""
    return replace(case, **changes)
