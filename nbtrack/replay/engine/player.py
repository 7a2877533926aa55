"""Playing a recipe: the steps of a slice, one after the other, in a kernel of their own."""

from __future__ import annotations

import asyncio
import math
import re
import shlex
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from nbtrack.records import cell_label
from nbtrack.replay.engine.kernel import ReplayKernel, StoppedError
from nbtrack.replay.engine.sandbox import Sandbox
from nbtrack.replay.outcome import Failure, Into, Outcome, Progress
from nbtrack.replay.recipe import Recipe, Step

T = TypeVar("T")

LEAST_TIMEOUT_S = 60.0
TIMEOUT_TIMES = 10.0
"""A replay may take so many times what its cells took when they were recorded, and at least that long."""
UNTIMED_S = 3600.0
"""… and at least this long where it is not known what a cell took, which ran before nbtrack was loaded."""
_JOIN_S = 0.2
_SHOWN = 300
_INTERRUPT_TIMES, _INTERRUPT_S = 1.5, 0.5
_FILE_ERRORS = ("FileNotFoundError", "NotADirectoryError", "IsADirectoryError")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def play(
    recipe: Recipe,
    *,
    timeout_s: float | None = None,
    into: Into | None = None,
    watch: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Outcome:
    """Run the steps of a recipe in a fresh kernel and tell what the last one measured.

    The kernel is this very Python. Its working directory mirrors the recorded one: what the cells write goes to a
    scratch folder, which is removed at the end.

    Parameters
    ----------
    recipe : Recipe
    timeout_s : float, optional
        For everything; default ten times what the cells took, and at least a minute.
    into : Into, optional
        Record the run of the last step in a store.
    watch : callable, optional
        Called with a :class:`Progress` several times a second, from another thread.
    cancelled : threading.Event, optional
        Set it from elsewhere to stop the replay.

    Returns
    -------
    Outcome
        Where it did not come to its end, its ``failure`` says why.

    Raises
    ------
    MissingDependencyError
        The libraries that start kernels are not installed.
    KeyboardInterrupt
        It was interrupted; the kernel is gone.

    Examples
    --------
    >>> play(recipe_of(*recorded("baseline"))).metrics  # doctest: +SKIP
    {'accuracy': 0.9722222222222222}
    """
    stop = cancelled or threading.Event()
    limit_s = _limit_s(recipe) if timeout_s is None else timeout_s
    return _in_thread(lambda: _Player(recipe, limit_s, into, watch, stop).play(), stop)


def _limit_s(recipe: Recipe) -> float:
    least_s = LEAST_TIMEOUT_S if all(step.duration_s for step in recipe.steps) else UNTIMED_S
    return max(least_s, TIMEOUT_TIMES * recipe.recorded_s)


def _in_thread(work: Callable[[], Coroutine[Any, Any, T]], stop: threading.Event) -> T:
    """Run a coroutine in a thread of its own: this one may have an event loop that runs already."""
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work()))
        except BaseException as error:  # noqa: BLE001 - raised again where the replay was asked for
            raised.append(error)

    thread = threading.Thread(target=run, name="nbtrack-replay", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_JOIN_S)
    except BaseException:
        stop.set()
        thread.join()
        raise
    if raised:
        raise raised[0]
    return found[0]


class _Player:
    """One replay."""

    def __init__(
        self,
        recipe: Recipe,
        limit_s: float,
        into: Into | None,
        watch: Callable[[Progress], None] | None,
        stop: threading.Event,
    ) -> None:
        self._recipe = recipe
        self._limit_s = limit_s
        self._into = into
        self._watch = watch
        self._stop = stop
        self._begun_s = time.monotonic()
        self._progress = Progress(step=0, steps=len(recipe.steps))
        self._cells_s = 0.0
        self._kernel_s = 0.0
        self._notes: list[str] = []
        self._kernel: ReplayKernel | None = None

    async def play(self) -> Outcome:
        """Play the recipe."""
        recipe = self._recipe
        with (
            tempfile.TemporaryDirectory(prefix="nbtrack-replay-", ignore_cleanup_errors=True) as place,
            Sandbox(recipe.folder, Path(place) / "files", absent=recipe.absent) as sandbox,
        ):
            scratch = Path(place)
            try:
                return await self._play(sandbox, scratch)
            except StoppedError as stopped:
                count = self._progress.execution_count
                where = "while the kernel started" if not self._progress.step else f"in {cell_label(count)}"
                return self._outcome(failure=_stopped(stopped, where, count, self._limit_s))

    async def _play(self, sandbox: Sandbox, scratch: Path) -> Outcome:
        recipe = self._recipe
        deadline_s = self._begun_s + self._limit_s
        for step in recipe.steps:
            sandbox.folder(step.folder)
        variables = {**recipe.variables, **sandbox.variables, "NBTRACK_EXPERIMENT": recipe.experiment}
        begin = sandbox.folder(recipe.folder)
        async with ReplayKernel(scratch, begin, variables, deadline_s, self._stop) as kernel:
            self._kernel = kernel
            allowed = [str(scratch)] if self._into is None else [str(scratch), self._into.store]
            told = await kernel.call(
                "begin", store=str(scratch / "store"), allowed=allowed, mirrors=dict(sandbox.mirrors)
            )
            kernel.watch_process(told["process_id"])
            self._kernel_s = time.monotonic() - self._begun_s
            for position, step in enumerate(recipe.steps):
                failure = await self._step(kernel, sandbox, position, step)
                if failure is not None:
                    return self._outcome(failure=failure)
            target, into = recipe.target, self._into
            told = await kernel.call(
                "finish",
                kind=target.kind,
                name=target.name,
                position=target.position,
                tags=dict(into.tags) if into is not None else {},
                note=into.note if into is not None else "",
                curves=recipe.curves,
            )
        return self._outcome(told)

    async def _step(self, kernel: ReplayKernel, sandbox: Sandbox, position: int, step: Step) -> Failure | None:
        recipe, last = self._recipe, position == len(self._recipe.steps) - 1
        self._progress = Progress(step=position + 1, steps=len(recipe.steps), execution_count=step.execution_count)
        self._tell()
        if last and self._into is not None:
            await kernel.call("keep", store=self._into.store, parent=self._into.parent_run_id, notebook=recipe.notebook)
        await kernel.call(
            "before",
            folder=str(sandbox.folder(step.folder)) if step.folder is not None else None,
            count=step.execution_count,
            states=dict(step.tracked.states) if step.tracked is not None else {},
            mentions_torch=any("torch" in other.source for other in recipe.steps),
        )
        begun_s = time.monotonic()
        # Where it was then cannot be known; behind what it did until it waited for something, it will be again.
        interrupt_after_s = _INTERRUPT_TIMES * step.duration_s + _INTERRUPT_S if step.interrupted else None
        reply = await kernel.run(self._source(step, last=last), self._tell, interrupt_after_s)
        self._cells_s += time.monotonic() - begun_s
        raised = reply.get("status") == "error"
        if raised and step.interrupted and reply.get("ename") == "KeyboardInterrupt":
            self._notes.append(f"{step.label} was interrupted, as it was then.")
            return None
        if raised and not step.raised:
            return _failure(step, reply)
        if step.raised and not raised and not last:
            self._notes.append(f"{step.label} raised an exception then, and did not this time.")
        return None

    def _source(self, step: Step, *, last: bool) -> str:
        tracked = step.tracked
        if tracked is None:
            return step.source
        name = self._into.run_name if last and self._into is not None and self._into.run_name else tracked.name
        words = ["%%track", shlex.quote(name), "--experiment", shlex.quote(self._recipe.experiment)]
        if tracked.seed is not None:
            words += ["--seed", str(tracked.seed)]
        if tracked.metrics:
            words += ["--metrics", ",".join(tracked.metrics)]
        return " ".join(words) + "\n" + step.source

    def _tell(self) -> None:
        if self._watch is None:
            return
        memory = self._kernel.memory_bytes if self._kernel is not None else None
        self._watch(
            Progress(
                step=self._progress.step,
                steps=self._progress.steps,
                execution_count=self._progress.execution_count,
                elapsed_s=time.monotonic() - self._begun_s,
                memory_bytes=memory,
            )
        )

    def _outcome(self, told: Mapping[str, Any] | None = None, failure: Failure | None = None) -> Outcome:
        found = told or {}
        return Outcome(
            metrics={key: _number(text) for key, text in found.get("metrics", {}).items()},
            curves={
                key: (list(steps), list(map(_number, values)))
                for key, (steps, values) in found.get("curves", {}).items()
            },
            params=found.get("params", {}),
            failure=failure,
            trail=tuple(found.get("trail", ())),
            facts=found.get("facts", {}),
            hazards=tuple(found.get("hazards", ())),
            run_id=found.get("run_id"),
            kernel_s=self._kernel_s,
            cells_s=self._cells_s,
            memory_bytes=self._kernel.memory_bytes if self._kernel is not None else None,
            notes=tuple(self._notes),
        )


def _number(text: str) -> float:
    number = float.fromhex(text)
    return number if math.isfinite(number) else float(text)


def _stopped(stopped: StoppedError, where: str, count: int | None, limit_s: float) -> Failure:
    words = {
        "cancelled": f"the replay was cancelled {where}",
        "timeout": f"the replay was stopped {where} after {limit_s:.0f} s; give it more with --timeout",
        "kernel_died": f"the kernel died {where}, as it does when it runs out of memory",
    }
    kind: Any = stopped.kind
    return Failure(kind=kind, message=words[stopped.kind], execution_count=count)


def _failure(step: Step, reply: Mapping[str, Any]) -> Failure:
    error = str(reply.get("ename", ""))
    value = " ".join(str(reply.get("evalue", "")).split())
    kind: Any = "error"
    if error in _FILE_ERRORS:
        kind = "missing_file"
    elif error in ("ModuleNotFoundError", "PackageNotFoundError"):
        kind = "missing_package"
    elif error == "ReplayWriteError" or "Permission denied" in value:
        # By the confinement, or by the system, which it has asked to refuse: the cell ran without that when recorded.
        kind = "unsafe_write"
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    message = f"{step.label} raised {error}"
    return Failure(
        kind=kind,
        message=f"{message}: {shown}" if shown else message,
        execution_count=step.execution_count,
        error=error,
        detail=_COLOURS.sub("", "\n".join(map(str, reply.get("traceback", ())))),
    )
