"""``ui``: the store as a web page on this machine."""

from __future__ import annotations

import secrets
import sys
import threading
import webbrowser
from argparse import ArgumentTypeError, BooleanOptionalAction, Namespace
from pathlib import Path
from tempfile import NamedTemporaryFile

from nbtrack.cli.arguments import Command
from nbtrack.cli.stores import existing_store
from nbtrack.config import STORE_FOLDER
from nbtrack.errors import InputError
from nbtrack.ui.server import PORT, Service, serve

_TOKEN_BYTES = 24
_SHORTEST_TOKEN = 8
_LAST_PORT = 65535
_EXAMPLES = """  nbtrack ui
  nbtrack ui --store ~/digits --port 9000 --no-browser"""


def add_ui(command: Command) -> None:
    """Add ``ui`` to the commands.

    Parameters
    ----------
    command : Command
    """
    made = command("ui", ui, "show the store as a web page on this machine, until Ctrl-C", _EXAMPLES)
    made.add_argument(
        "--port", type=_port, metavar="N", help=f"listen on this one (default {PORT}, or the next that is free)"
    )
    made.add_argument(
        "--browser", action=BooleanOptionalAction, default=True, help="open the page in the browser (default)"
    )
    made.add_argument(
        "--token", metavar="TEXT", help="what opens the page, as a part of its address (default a new one each time)"
    )


def ui(found: Namespace) -> int:
    """Serve the page until Ctrl-C."""
    store = existing_store(found)
    service = Service(store.root, _name(store.root), _near_home(store.root), _token(found.token), found.port)

    def tell(address: str) -> None:
        print(f"The store {service.place} is open at\n\n  {address}\n")
        print(
            "Only this machine can reach it. Whoever has the address can run code as you. Ctrl-C ends it.", flush=True
        )
        if found.browser:
            threading.Thread(target=_open, args=(address,), daemon=True).start()

    serve(service, tell)
    print("\nEnded.", file=sys.stderr)
    return 0


def _name(root: Path) -> str:
    """Return what people call a store: the folder that it is of."""
    return root.parent.name or str(root) if root.name == STORE_FOLDER else root.name


def _near_home(root: Path) -> str:
    home = Path.home()
    return str(Path("~") / root.relative_to(home)) if root.is_relative_to(home) else str(root)


def _token(given: str | None) -> str:
    if given is None:
        return secrets.token_urlsafe(_TOKEN_BYTES)
    if len(given) < _SHORTEST_TOKEN or not all(char.isascii() and (char.isalnum() or char in "-_.~") for char in given):
        raise InputError(
            f"the token is not accepted: it needs {_SHORTEST_TOKEN} or more letters, digits and - _ . ~, since it "
            "opens a page that runs code. Leave --token out to have a new one."
        )
    return given


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is no port; accepted: 1 to {_LAST_PORT}")
    return int(text)


def _open(address: str) -> None:
    """Open the browser by way of a file: everybody on this machine can read the command line of a browser."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        # The address has been told.
        return
    with NamedTemporaryFile("w", suffix=".html", prefix="nbtrack-", delete=False) as file:
        file.write(f'<meta http-equiv="refresh" content="0; url={address}"><a href="{address}">nbtrack</a>')
    browser.open(Path(file.name).as_uri())
