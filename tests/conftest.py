"""What every test starts from: fixed seeds, a folder of its own, and none of the user's settings."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nbtrack import config

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))
try:
    import quickstores

    # Named by the tests of kernels, which find it once it is loaded.
    import realkernels  # noqa: F401
finally:
    sys.path.remove(str(_HERE))

# Kernels and other processes side by side: each with a thread for every processor would mostly wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Built once by matplotlib, not again in every test's own home.
os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))


# Whole files go to a process each: the longest first, or one of them is played at the end while others are idle.
_LONGEST_FIRST = ("kernel/test_sessions.py", "binder", "notebooks", "browser", "kernel", "store", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(_HERE).as_posix()
        return next((place for place, start in enumerate(_LONGEST_FIRST) if path.startswith(start)), 0)

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_stores: bool) -> Iterator[None]:
    """Hold a test apart from the user's store and settings, from the repository, and from the tests before it."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    for name in _settings_set():
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local" / "share"))
    monkeypatch.setenv("IPYTHONDIR", str(home / ".ipython"))
    monkeypatch.chdir(work)
    random.seed(0)
    np.random.seed(0)
    if quick_stores:
        monkeypatch.setattr(quickstores.database, "_create", quickstores.create)
    yield
    _close_stores(quick_stores)
    config._explicit.clear()
    for name in _settings_set():
        del os.environ[name]


@pytest.fixture
def quick_stores() -> bool:
    """Whether an empty database may be a copied one, and what is pending at the end be forgotten."""
    return True


@pytest.fixture
def store_root(tmp_path: Path) -> Path:
    """Return the folder of a store that does not exist yet: the one found from the working directory."""
    return tmp_path / "work" / config.STORE_FOLDER


def _settings_set() -> list[str]:
    return [name for name in os.environ if name.startswith("NBTRACK_")]


def _close_stores(quickly: bool) -> None:
    """End what the test left open; modules that it never loaded stay unloaded."""
    active = sys.modules.get("nbtrack.capture.active")
    if active is not None:
        active._ambient.clear()
        active._current.set(None)
        active._last = None
    surroundings = sys.modules.get("nbtrack.capture.surroundings")
    if surroundings is not None:
        surroundings.surroundings.flush(10)
    store = sys.modules.get("nbtrack.store.store")
    if store is not None:
        if quickly:
            quickstores.forget_pending()
        store.close_all()
        store._stores.clear()
