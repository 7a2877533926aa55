"""The server behind ``nbtrack ui``: Voilà on the one page, for this machine alone and behind a token."""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import InputError, MissingDependencyError

HOST = "127.0.0.1"
PORT = 8866
TEMPLATE = "nbtrack"
_HERE = Path(__file__).parent
_MORE_PORTS = 50
# A page that was closed has its kernel ended at once; this is for browsers that died without a word.
_IDLE_S, _IDLE_CHECKED_S = 300, 60
# What the page needs of the extensions that may be installed: each one more is megabytes and a part of a second.
_EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
_NOTHING_FROM_ELSEWHERE = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob: ws://{host}:{port}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be served, and how.

    Attributes
    ----------
    store : Path
    name, place : str
        The store's, as the page's header says them.
    token : str
        What a visitor must bring along.
    port : int or None
        None for the usual one, or another where that is taken.
    """

    store: Path
    name: str
    place: str
    token: str
    port: int | None = None


def serve(service: Service, started: Callable[[str], None]) -> None:
    """Serve the page until the process is interrupted.

    Parameters
    ----------
    service : Service
    started : callable
        Called with the page's address, token included, as soon as it is answered.

    Raises
    ------
    MissingDependencyError
        Voilà is not installed.
    InputError
        The port is taken, or may not be used.
    """
    if importlib.util.find_spec("voila") is None:
        raise MissingDependencyError("the page needs Voilà, which is not installed. Type: pip install 'nbtrack[ui]'")
    # Two seconds of every start, for checking addresses in Jupyter's event schemas, which is optional there.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # as Python marks what cannot be imported
    from nbtrack.ui.app import PageApp

    # Templates are looked for along this path, and kernels are told the store by name.
    paths = [str(_HERE / "templates"), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(paths)
    os.environ["NBTRACK_STORE"] = str(service.store)
    listening = bound(service.port)
    port = listening.getsockname()[1]
    page = PageApp(config=_config(service, port))
    page.listening, page.port = listening, port
    page.started = lambda: started(f"http://{HOST}:{port}/?token={service.token}")
    _be_quiet()
    # The command line is ours: Voilà must not read it, nor settings that lie about in the working directory.
    page.initialize([])
    page.start()


def bound(asked: int | None) -> socket.socket:
    """Return a socket that listens on this machine alone.

    Parameters
    ----------
    asked : int or None
        None for the usual port, or the next that is free.

    Returns
    -------
    socket.socket

    Raises
    ------
    InputError
        The port that was asked for cannot be had.
    """
    # At last whichever the system gives.
    for port in [asked] if asked is not None else [*range(PORT, PORT + _MORE_PORTS), 0]:
        try:
            return _listening(port)
        except OSError as error:
            if asked is not None:
                raise InputError(
                    f"port {asked} cannot be used: {error.strerror or error}. Leave --port out to have a free one."
                ) from error
    raise InputError("no port is free on this machine.")


def _listening(port: int) -> socket.socket:
    found = socket.socket()
    try:
        if os.name == "posix":
            # A port that somebody else listens on is still refused; one that was left a moment ago is not.
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen(128)
        found.setblocking(False)
    except OSError:
        found.close()
        raise
    return found


def _config(service: Service, port: int) -> Any:
    from traitlets.config import Config

    return Config(
        {
            "Voila": {
                "ip": HOST,
                "port": port,
                "token": service.token,
                "open_browser": False,
                "notebook_path": str(_HERE / "page.ipynb"),
                "config_file_paths": [],
                "log_level": logging.CRITICAL,
                "tornado_settings": {
                    "headers": {"Content-Security-Policy": _NOTHING_FROM_ELSEWHERE.format(host=HOST, port=port)}
                },
            },
            "VoilaConfiguration": {
                "template": TEMPLATE,
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "preheat_kernel": True,
                "default_pool_size": 1,
                "extension_allowlist": _EXTENSIONS,
                "file_allowlist": [],
                "resources": {"nbtrack": {"name": service.name, "place": service.place}},
                "multi_kernel_manager_class": "nbtrack.ui.kernels.Kernels",
                "kernel_spec_manager_class": "nbtrack.ui.kernels.OnlyThisPython",
            },
            "MappingKernelManager": {
                "cull_idle_timeout": _IDLE_S,
                "cull_interval": _IDLE_CHECKED_S,
                "cull_connected": False,
            },
        }
    )


def _be_quiet() -> None:
    """Keep the libraries' own talk off the terminal; what goes wrong for a visitor is said on the page."""
    for name in ("tornado.access", "tornado.application", "tornado.general", "voila", "Voila", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not sys.warnoptions:
        import warnings

        warnings.simplefilter("ignore")
