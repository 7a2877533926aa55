"""One JupyterLab for each module of browser tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent


def _load_lab() -> Any:
    spec = importlib.util.spec_from_file_location("nbtrack_tests_lab", _HERE / "lab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# Not for the whole session: Playwright's event loop would go on running under the tests of other folders.
@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running JupyterLab with a browser; at the end, nothing may have asked for another host."""
    with _load_lab().Lab(tmp_path_factory.mktemp("lab"), _HERE / "screenshots") as lab:
        yield lab
        assert lab.refused == []
