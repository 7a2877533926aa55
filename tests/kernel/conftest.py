"""A real IPython shell in this process, and real kernels in their own."""

from __future__ import annotations

import atexit
import builtins
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import realkernels
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nbtrack.capture import followed


@dataclass
class Shell:
    """An in-process shell that keeps what cells display."""

    ip: InteractiveShell
    shown: CapturingDisplayPublisher = field(repr=False)

    def run(self, cell: str) -> Any:
        """Run a cell as a front end would, and return IPython's result."""
        self.shown.outputs.clear()
        return self.ip.run_cell(cell, store_history=True)

    @property
    def cards(self) -> list[str]:
        """Text forms of what was displayed beside results."""
        return [output["data"].get("text/plain", "") for output in self.shown.outputs]

    def __getitem__(self, name: str) -> Any:
        return self.ip.user_ns[name]


def make_shell(load: bool) -> Iterator[Shell]:
    InteractiveShell.clear_instance()
    # Left by a doctest, it would have the shell believe that the user binds it.
    vars(builtins).pop("_", None)
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    ip = InteractiveShell.instance(config=config)
    shown = CapturingDisplayPublisher()
    ip.display_pub = shown
    shell = Shell(ip, shown)
    if load:
        assert shell.run("%load_ext nbtrack").success
    yield shell
    if load:
        assert shell.run("%unload_ext nbtrack").success
    ip.atexit_operations()
    atexit.unregister(ip.atexit_operations)
    InteractiveShell.clear_instance()


@pytest.fixture
def plain_shell(workplace: Path) -> Iterator[Shell]:
    """A shell without nbtrack."""
    yield from make_shell(load=False)


@pytest.fixture
def shell(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell with the extension loaded, in an empty working directory; no cell takes long enough for a panel."""
    # A machine that stalls for a second would have any of them shown.
    for name in ("_FIRST_AFTER_S", "_ALWAYS_AFTER_S"):
        monkeypatch.setattr(followed, name, 3600.0)
    yield from make_shell(load=True)


@pytest.fixture
def workplace() -> Path:
    """The test's empty working directory, where its store will be."""
    return Path.cwd()


@dataclass
class Outcome:
    """What a kernel sent for one cell."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        return bool(self.reply["status"] == "ok")

    @property
    def stdout(self) -> str:
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        return self._stream("stderr")

    def _stream(self, name: str) -> str:
        return "".join(
            message["content"]["text"]
            for message in self.messages
            if message["msg_type"] == "stream" and message["content"]["name"] == name
        )

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    @property
    def order(self) -> list[str]:
        """Types of the output messages, in the order sent."""
        return [message["msg_type"] for message in self.messages]


class Kernel:
    """A real ipykernel in its own process."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self.manager, self.client = realkernels.start(cwd=str(folder), **({} if env is None else {"env": env}))

    def start(self, code: str, metadata: dict[str, Any] | None = None) -> str:
        """Send a cell and do not wait; ``metadata`` is what a front end would send with it."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = self.client.session.msg("execute_request", content, metadata=metadata or {})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, message_id: str, timeout_s: float = 240.0) -> Outcome:
        """Wait until the kernel is idle again after this cell."""
        messages: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=timeout_s)
            if message["parent_header"].get("msg_id") != message_id and message["msg_type"] != "update_display_data":
                continue
            if message["msg_type"] == "status":
                if message["content"]["execution_state"] == "idle":
                    break
            elif message["msg_type"] != "execute_input":
                messages.append(message)
        while True:
            reply = self.client.get_shell_msg(timeout=timeout_s)
            if reply["parent_header"].get("msg_id") == message_id:
                return Outcome(reply["content"], messages)

    def run(self, code: str, metadata: dict[str, Any] | None = None) -> Outcome:
        """Run a cell and wait for it."""
        return self.finish(self.start(code, metadata))

    def load_without_panels(self) -> Outcome:
        """Load the extension; no cell takes long enough for a panel, as on a machine that stalls any would."""
        never = "followed._FIRST_AFTER_S = followed._ALWAYS_AFTER_S = 3600.0"
        return self.run(f"%load_ext nbtrack\nfrom nbtrack.capture import followed\n{never}")

    def wait_for_output(self, text: str, timeout_s: float = 240.0) -> None:
        """Wait until a running cell has printed ``text``."""
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=timeout_s)
            except queue.Empty:
                raise AssertionError(f"the kernel never printed {text!r}") from None
            if message["msg_type"] == "stream" and text in message["content"]["text"]:
                return

    def close(self) -> None:
        realkernels.end(self.manager, self.client)


@pytest.fixture
def start_kernel(workplace: Path) -> Iterator[Any]:
    """A function that starts kernels in the working directory; they are shut down after the test."""
    kernels: list[Kernel] = []

    def start(folder: Path = workplace) -> Kernel:
        kernels.append(Kernel(folder))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.close()
