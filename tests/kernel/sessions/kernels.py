"""Where sessions are played: a real ``IPythonKernel`` object in a forked process, or a kernel in its own process."""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """How an execution ended."""

    ok: bool
    execution_count: int
    error: str = ""


class Kernel(Protocol):
    """What a session needs of a kernel."""

    def run(self, code: str, metadata: dict[str, Any], interrupt: bool = False) -> Reply:
        """Execute a cell as a front end asks for it."""

    def evaluate(self, function: str, **arguments: Any) -> Any:
        """Call a function of :mod:`inside` in the kernel, without the kernel's user noticing; JSON in and out."""

    def close(self) -> None:
        """End it."""


class ForkedKernel:
    """An ipykernel without its sockets, in this process; a forked child has one."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        from ipykernel.inprocess.ipkernel import InProcessKernel
        from traitlets.config import Config

        # Where history is written does not matter here, and a file takes longer than the whole session.
        config = Config()
        config.HistoryManager.hist_file = ":memory:"
        self._kernel = InProcessKernel(config=config)
        self._kernel.shell_channel_thread = SimpleNamespace(parent_thread=None)
        self._kernel.shell.display_pub = _Silent()
        self._kernel.shell.displayhook.write_output_prompt = lambda: None
        self._kernel.shell.user_ns.update(namespace)
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)

    def run(self, code: str, metadata: dict[str, Any], interrupt: bool = False) -> Reply:
        if interrupt:
            ended = threading.Event()
            threading.Thread(target=_interrupt_soon, args=(ended,), daemon=True).start()
        try:
            self._loop.run_until_complete(self._execute(code, metadata))
        finally:
            if interrupt:
                ended.set()
        return self._reply

    async def _execute(self, code: str, metadata: dict[str, Any]) -> None:
        kernel = self._kernel
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = kernel.session.msg("execute_request", content, metadata=metadata)
        kernel.set_parent([], message, channel="shell")
        replies: list[dict[str, Any]] = []
        send = kernel.session.send
        kernel.session.send = lambda stream, kind, content=None, *args, **kwargs: (  # type: ignore[method-assign]
            replies.append(content) if kind == "execute_reply" else None,
            send(stream, kind, content, *args, **kwargs),
        )[1]
        try:
            await kernel.execute_request(kernel.shell_stream, [], message)
        finally:
            kernel.session.send = send  # type: ignore[method-assign]
        reply = replies[-1]
        self._reply = Reply(
            reply["status"] == "ok", reply["execution_count"], f"{reply.get('ename', '')}: {reply.get('evalue', '')}"
        )

    def evaluate(self, function: str, **arguments: Any) -> Any:
        import inside

        return json.loads(getattr(inside, function)(self._kernel.shell, **arguments))

    def close(self) -> None:
        pass


class _Silent:
    """A display publisher that keeps nothing; the tests of what is shown are elsewhere."""

    is_publishing = False

    def publish(self, *args: Any, **kwargs: Any) -> None:
        pass

    def clear_output(self, wait: bool = False) -> None:
        pass

    def set_parent(self, parent: Any) -> None:
        pass

    def register_hook(self, hook: Any) -> None:
        pass

    def unregister_hook(self, hook: Any) -> None:
        pass


INTERRUPT_MARK = "interrupt-me"
"""A cell that is to be interrupted makes a file of this name when it is ready for it."""


def _interrupt_soon(ended: threading.Event) -> None:
    """Send this process what the stop button sends, once the cell says that it is far enough."""
    deadline = time.monotonic() + 120
    while not ended.is_set() and time.monotonic() < deadline:
        if Path(INTERRUPT_MARK).exists():
            Path(INTERRUPT_MARK).unlink()
            os.kill(os.getpid(), signal.SIGINT)
            return
        time.sleep(0.005)


class RealKernel:
    """An ipykernel in its own process, spoken to through ``jupyter_client``."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._realkernels = _of_all_tests("realkernels")
        self.manager, self.client = self._realkernels.start(
            cwd=str(Path.cwd()), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        here = str(Path(__file__).resolve().parent)
        self._silently(f"import sys as _s; _s.path.append({here!r}); _s.dont_write_bytecode = True; del _s")
        if namespace:
            self._silently(f"get_ipython().user_ns.update({namespace!r})")

    def _send(self, code: str, metadata: dict[str, Any], **more: Any) -> str:
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": False}
        message = self.client.session.msg("execute_request", content | more, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def _receive(self, message_id: str) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=240)
            if reply["parent_header"].get("msg_id") == message_id:
                return dict(reply["content"])

    def _silently(self, code: str, **expressions: str) -> dict[str, Any]:
        reply = self._receive(self._send(code, {}, silent=True, store_history=False, user_expressions=expressions))
        if reply["status"] != "ok":
            raise RuntimeError("\n".join(reply["traceback"]))
        return dict(reply.get("user_expressions", {}))

    def run(self, code: str, metadata: dict[str, Any], interrupt: bool = False) -> Reply:
        message_id = self._send(code, metadata)
        if interrupt:
            deadline = time.monotonic() + 120
            while not Path(INTERRUPT_MARK).exists() and time.monotonic() < deadline:
                time.sleep(0.005)
            Path(INTERRUPT_MARK).unlink()
            self.manager.interrupt_kernel()
        reply = self._receive(message_id)
        error = f"{reply.get('ename', '')}: {reply.get('evalue', '')}"
        return Reply(reply["status"] == "ok", reply["execution_count"], error)

    def evaluate(self, function: str, **arguments: Any) -> Any:
        call = f"__import__('inside').{function}(get_ipython(), **{arguments!r})"
        answer = self._silently("", answer=call)["answer"]
        if answer["status"] != "ok":
            raise RuntimeError("\n".join(answer["traceback"]))
        return json.loads(eval(answer["data"]["text/plain"]))

    def close(self) -> None:
        self._realkernels.end(self.manager, self.client)


_LIBRARIES = (
    "ipykernel.inprocess.ipkernel ipykernel.debugger numpy pandas duckdb scipy.sparse joblib matplotlib.pyplot sklearn.linear_model "
    "sklearn.ensemble sklearn.model_selection sklearn.preprocessing sklearn.pipeline sklearn.datasets sklearn.tree "
    "sklearn.cluster sklearn.metrics sklearn.neighbors sklearn.svm asyncio IPython.core.completer stack_data executing "
    "pygments.lexers.python pygments.formatters.terminal256 matplotlib_inline.backend_inline IPython.core.application "
    "IPython.core.completerlib IPython.core.magics encodings.idna xmlrpc.client"
).split()


def warm_up() -> None:
    """Import what cases import and what nbtrack consists of, so that forked children need not."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    import nbtrack

    own = [module.name for module in pkgutil.walk_packages(nbtrack.__path__, "nbtrack.")]
    for name in (*_LIBRARIES, *(name for name in own if "__main__" not in name)):
        importlib.import_module(name)
    _copy_empty_stores()
    # Python looks up the file of every module when the first traceback is shown.
    inspect.getmodule(sys._getframe())
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()


def _copy_empty_stores() -> None:
    """Have the children's new stores begin with a copy of an empty database, which is made here and now."""
    quickstores = _of_all_tests("quickstores")
    quickstores.empty()
    quickstores.database._create = quickstores.create


def _of_all_tests(name: str) -> Any:
    """Import what the tests of all folders share."""
    tests = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, tests)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(tests)
