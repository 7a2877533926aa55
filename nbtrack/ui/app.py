"""Voilà, with what the page wants otherwise: fewer doors, words for strangers, an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from voila.app import Voila

_END_S = 8.0
_FIRST_KERNEL_S, _POLL_S = 5.0, 0.02
# Not of use here: files of the notebook's folder, what other visitors asked for, a form for passwords.
_CLOSED = ("/voila/files/", "/voila/query/", "/login", "/logout")
_REFUSAL = (Path(__file__).parent / "refusal.html").read_text(encoding="utf-8")


class Refusal(JupyterHandler):
    """Says to whoever comes without the token where it is to be found."""

    @allow_unauthenticated
    def get(self) -> None:
        """Answer with 403, and a field for the token."""
        self.set_status(403)
        self.finish(_REFUSAL)


class PageApp(Voila):  # type: ignore[misc] # Voilà has no types
    """Serves the page on a socket that is bound already."""

    listening: socket.socket
    started: Callable[[], None]

    def init_handlers(self) -> list[Any]:
        """Return Voilà's handlers, without those that nobody needs here."""
        doors = [door for door in super().init_handlers() if not any(closed in door[0] for closed in _CLOSED)]
        return [(r"/login", Refusal), *doors]

    def listen(self) -> None:
        """Answer requests until the process is told to end."""
        server = HTTPServer(self.app)
        server.add_socket(self.listening)
        self.ioloop = IOLoop.current()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle_signal_stop)
        self.ioloop.add_callback(self._tell)
        try:
            self.ioloop.start()
        finally:
            server.stop()
            self.stop()

    async def _tell(self) -> None:
        """Tell the address when the first visitor's kernel is on its way: who came earlier would start a second one."""
        limit_s = self.ioloop.time() + _FIRST_KERNEL_S
        while not self.kernel_manager.notebook_data and self.ioloop.time() < limit_s:
            await asyncio.sleep(_POLL_S)
        self.started()

    def stop(self) -> None:
        """End the kernels, those that are still starting, too."""
        with contextlib.suppress(Exception):
            # Whatever goes wrong here, they are ended below.
            self.ioloop.run_sync(self._end_kernels, timeout=_END_S)
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()
        shutil.rmtree(self.connection_dir, ignore_errors=True)

    async def _end_kernels(self) -> None:
        await self.kernel_manager.shutdown_all()
