"""``nbtrack ui`` before anything is served: what it accepts, and what it says where it cannot begin."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.errors import InputError
from nbtrack.ui import server


@pytest.fixture
def served(monkeypatch):
    """What would be served: nothing is."""
    found = []
    monkeypatch.setattr("nbtrack.cli.ui.serve", lambda service, started: (found.append(service), started("address")))
    with nbtrack.start_run():
        nbtrack.log_metric("loss", 1)
    return found


def test_each_start_has_a_token_of_its_own(served, capsys):
    assert main(["ui", "--no-browser"]) == main(["ui", "--no-browser"]) == 0
    first, second = served
    assert first.token != second.token
    assert len(first.token) >= 32
    assert first.port is None
    assert (first.name, first.store) == (Path.cwd().name, Path.cwd() / ".nbtrack")
    assert "  address\n" in capsys.readouterr().out


def test_what_is_asked_for_is_passed_on(served):
    assert main(["ui", "--no-browser", "--port", "9000", "--token", "long-enough", "--store", str(Path.cwd())]) == 0
    assert (served[0].port, served[0].token, served[0].store) == (9000, "long-enough", Path.cwd() / ".nbtrack")


@pytest.mark.parametrize("token", ["", "short", "with space in it", "quite&long=enough", "überlanges"])
def test_a_token_that_protects_nothing_is_refused(served, capsys, token):
    assert main(["ui", "--no-browser", "--token", token]) == 1
    assert "the token is not accepted" in capsys.readouterr().err
    assert served == []


@pytest.mark.parametrize("port", ["0", "70000", "-1", "web"])
def test_a_port_that_is_none_is_refused(capsys, port):
    with pytest.raises(SystemExit) as ended:
        main(["ui", "--port", port])
    assert ended.value.code == 2
    assert "is no port" in capsys.readouterr().err or port == "-1"


def test_without_a_store_there_is_nothing_to_serve(capsys):
    assert main(["ui", "--no-browser"]) == 1
    assert "there is no store at" in capsys.readouterr().err


def test_without_voila_it_says_what_to_type(capsys, monkeypatch):
    with nbtrack.start_run():
        nbtrack.log_metric("loss", 1)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "voila" else found(name, *rest)
    )
    assert main(["ui", "--no-browser"]) == 1
    assert capsys.readouterr().err == (
        "nbtrack: the page needs Voilà, which is not installed. Type: pip install 'nbtrack[ui]'\n"
    )


def test_a_port_that_is_taken_is_passed_over_unless_it_was_asked_for(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.setattr(server, "PORT", taken)
        with server.bound(None) as found:
            host, port = found.getsockname()
        assert host == "127.0.0.1"
        assert port != taken
        with pytest.raises(InputError, match=f"port {taken} cannot be used"):
            server.bound(taken)


def test_the_page_is_in_the_package():
    folder = Path(server.__file__).parent
    names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    template = f"templates/voila/templates/{server.TEMPLATE}"
    assert {"page.ipynb", "refusal.html", f"{template}/index.html.j2", f"{template}/page.css"} <= names
    shown = "".join((folder / name).read_text() for name in names)
    assert "https://" not in shown, "nothing is asked of anybody else"
