"""One JupyterLab for each module of browser tests."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent


@functools.cache
def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"nbtrack_tests_{name}", _HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _load_tables() -> None:
    """Make what the tests of the run table share importable."""
    spec = importlib.util.spec_from_file_location("nbtrack_tests_tables", _HERE / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_load_tables()


# Not for the whole session: Playwright's event loop would go on running under the tests of other folders.
@pytest.fixture(scope="module")
def face() -> str:
    """Which of Jupyter's faces ``lab`` shows; a module may have another one."""
    return "jupyterlab"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, face: str) -> Iterator[Any]:
    """A running JupyterLab with a browser; at the end, nothing may have asked for another host."""
    with _load("lab").Lab(tmp_path_factory.mktemp("lab"), _HERE / "screenshots", face) as lab:
        yield lab
        assert lab.refused == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for other pages than JupyterLab's; the same holds for what they ask for."""
    with _load("lab").Browser() as browser:
        yield browser
        assert browser.refused == []


@pytest.fixture(scope="session")
def lost() -> str:
    """A script for a page with three widgets that are there just when it gives up; ``nbtrackLost``: where it said so."""
    return (_HERE / "lost.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures of the pages are kept."""
    folder = _HERE / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def violations() -> Any:
    """What is wrong with a page, or with elements of it, for people who cannot see it well or have no mouse."""
    return _load("axe").violations
