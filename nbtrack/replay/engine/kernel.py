"""A kernel of its own for a replay: started clean, spoken to silently between cells, watched, and killed at the end."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from nbtrack.errors import MissingDependencyError, NbtrackError
from nbtrack.kernels import transport
from nbtrack.provenance.modulestate import variables_before_cells

_POLL_S = 0.1
_CALL_TIMEOUT_S = 60.0
# What tells of the kernel that asks for the replay, not of the one that replays.
_FOREIGN = ("JPY_", "NBTRACK_", "PAPERMILL_", "PYTHONHASHSEED", "COLAB_", "VSCODE_")


class StoppedError(NbtrackError):
    """A replay was stopped: cancelled, out of time, or its kernel died.

    Attributes
    ----------
    kind : str
        ``cancelled``, ``timeout`` or ``kernel_died``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ReplayKernel:
    """A kernel that runs cells one after the other; an asynchronous context manager.

    Parameters
    ----------
    scratch : Path
        A folder of the replay's own.
    folder : Path
        The working directory.
    variables : mapping of str to str
        Environment variables to start it with, beside this process's.
    deadline_s : float
        When it is to be over, on the monotonic clock.
    cancelled : threading.Event
    """

    def __init__(
        self,
        scratch: Path,
        folder: Path,
        variables: Mapping[str, str],
        deadline_s: float,
        cancelled: threading.Event,
    ) -> None:
        self._scratch = scratch
        self._folder = folder
        self._variables = variables
        self._deadline_s = deadline_s
        self._cancelled = cancelled
        self._replies: list[Mapping[str, Any]] = []
        self._process: Any = None
        self.memory_bytes: int | None = None

    async def __aenter__(self) -> Self:
        """Start the kernel."""
        classes = _classes()
        connection = str(self._scratch / "connection.json")
        self._manager = classes.manager(
            kernel_spec_manager=classes.specs(),
            connection_file=connection,
            kernel_name="replay",
            **transport(self._scratch / "socket"),
        )
        self._client = classes.client(
            classes.document(cells=[classes.cell()]),
            km=self._manager,
            timeout=None,
            allow_errors=True,
            on_cell_executed=lambda **told: self._replies.append(told["execute_reply"]),
        )
        try:
            starting = self._client.async_start_new_kernel(
                cwd=str(self._folder),
                env=self._environment(),
                # Where it would go: what cells print reaches nobody.
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            await self._watched(starting)
            await self._watched(self._client.async_start_new_kernel_client())
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill the kernel: nothing of it is needed any more."""
        await self._end()

    async def _end(self) -> None:
        client, self._client.kc = self._client.kc, None
        if client is not None:
            client.stop_channels()
        if self._manager.has_kernel:
            await self._manager.shutdown_kernel(now=True)

    def _environment(self) -> dict[str, str]:
        # Cells of this very kernel may have set some: those that are replayed set theirs again.
        found = {**os.environ, **variables_before_cells()}
        kept = {name: value for name, value in found.items() if value is not None and not name.startswith(_FOREIGN)}
        return (
            kept
            | {"NBTRACK_CARD": "0", "NBTRACK_LIVE": "0", "NBTRACK_MERGE_INTERVAL_S": "3600"}
            | dict(self._variables)
        )

    async def run(
        self, source: str, watch: Callable[[], None], interrupt_after_s: float | None = None
    ) -> Mapping[str, Any]:
        """Run a cell.

        Parameters
        ----------
        source : str
        watch : callable
            Called several times a second meanwhile.
        interrupt_after_s : float, optional
            Interrupt it if it still runs then.

        Returns
        -------
        dict
            The kernel's reply: ``status``, and of an exception ``ename``, ``evalue`` and ``traceback``.

        Raises
        ------
        StoppedError
            It did not come to its end.
        """
        self._replies.clear()
        running = self._client.async_execute_cell(_classes().cell(source), 0)
        timer = None if interrupt_after_s is None else asyncio.ensure_future(self._interrupt(interrupt_after_s))
        try:
            await self._watched(running, watch)
        finally:
            if timer is not None:
                timer.cancel()
        return self._replies[0]["content"] if self._replies else {"status": "ok"}

    async def _interrupt(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._manager.interrupt_kernel()

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Have nbtrack do something in the kernel, without leaving a trace there.

        Parameters
        ----------
        method : str
            Of :func:`nbtrack.capture.replayed.call`.
        **arguments
            JSON-able.

        Returns
        -------
        dict
            What it told.

        Raises
        ------
        StoppedError
            The kernel died.
        NbtrackError
            nbtrack could not do it.
        """
        answer = self._scratch / f"{uuid.uuid4().hex}.json"
        code = (
            "__import__('importlib').import_module('nbtrack.capture.replayed')"
            f".call({method!r}, __import__('json').loads({json.dumps(arguments)!r}), {str(answer)!r})"
        )
        # An expression, with no code: it is not a cell, and the shell's own names keep what they are.
        asked = self._client.kc.execute(
            "",
            silent=True,
            user_expressions={"nbtrack": code},
            reply=True,
        )
        reply = await self._watched(asked)
        if not answer.exists():
            told = reply["content"].get("user_expressions", {}).get("nbtrack", reply["content"])
            raise NbtrackError(f"the replay's kernel could not {method}: {told.get('ename')}: {told.get('evalue')}.")
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        answer.unlink()
        if "raised" in found:
            raise NbtrackError(f"the replay's kernel could not {method}: {found['raised']}")
        return found

    async def _watched(self, asked: Any, watch: Callable[[], None] | None = None) -> Any:
        """Wait for something as long as the kernel lives, the time lasts and nobody cancels."""
        task = asyncio.ensure_future(asked)
        try:
            while True:
                done, _ = await asyncio.wait({task}, timeout=_POLL_S)
                if done:
                    return _result(task)
                if self._cancelled.is_set():
                    raise StoppedError("cancelled", "the replay was cancelled")
                if time.monotonic() > self._deadline_s:
                    raise StoppedError("timeout", "the time for the replay is over")
                if self._client.kc is not None and not await self._manager.is_alive():
                    raise StoppedError("kernel_died", "the replay's kernel died")
                self._measure()
                if watch is not None:
                    watch()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_POLL_S)
            if task.done() and not task.cancelled():
                # Looked at, so that asyncio does not print it.
                task.exception()

    def watch_process(self, process_id: int) -> None:
        """Measure the memory of the kernel's process from now on."""
        import psutil

        self._process = psutil.Process(process_id)

    def _measure(self) -> None:
        import psutil

        if self._process is None:
            return
        try:
            used = int(self._process.memory_info().rss)
        except psutil.Error:
            return
        self.memory_bytes = max(used, self.memory_bytes or 0)


def _result(task: asyncio.Future[Any]) -> Any:
    from nbclient.exceptions import DeadKernelError

    try:
        return task.result()
    except DeadKernelError as error:
        raise StoppedError("kernel_died", "the replay's kernel died") from error


@dataclass(frozen=True, slots=True)
class _Classes:
    """What the libraries give."""

    manager: Any
    client: Any
    specs: Any
    document: Any
    cell: Any


@functools.cache
def _classes() -> _Classes:
    """Load the libraries, and make classes whose bases are theirs."""
    try:
        import ipykernel  # noqa: F401 - only whether it is there
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"a replay needs {error.name}, which is not installed. Type: pip install 'nbtrack[replay]'"
        ) from error

    class Specs(KernelSpecManager):
        """Knows one kernel: this very Python, whatever kernels are installed under which name."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            """Return how to start it."""
            del kernel_name
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            # The user's history is of what the user typed.
            return KernelSpec(
                argv=[*command, "--HistoryManager.hist_file=:memory:"], display_name="replay", language="python"
            )

    class Client(NotebookClient):  # type: ignore[misc]
        """Keeps no outputs: nobody reads them, and there may be very many."""

        def output(self, *_: Any) -> None:
            """Pass by an output."""

    return _Classes(AsyncKernelManager, Client, Specs, new_notebook, new_code_cell)
