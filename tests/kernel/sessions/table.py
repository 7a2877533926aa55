"""All cases, and playing one of them in a folder of its own."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from driver import play, play_before_restart, segments
from kernels import ForkedKernel, RealKernel
from model import Case
from oracle import contradictions
from pool import in_fork


def all_cases() -> list[Case]:
    """The cases of all ``cases_*`` modules beside this one."""
    here = Path(__file__).resolve().parent
    found: list[Case] = []
    for file in sorted(here.glob("cases_*.py")):
        found += importlib.import_module(file.stem).CASES
    names = [case.name for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases have one name: {sorted(twice)}")
    return found


def play_case(case: Case, *, real: bool = False, oracle: bool = False) -> dict[str, Any]:
    """Play a case in an empty folder, with a home of its own.

    Parameters
    ----------
    case : Case
    real : bool
        In kernels of their own processes.
    oracle : bool
        Also hold the case's claims against what really happens; ``contradictions`` has what is wrong with them.

    Returns
    -------
    dict
        What :func:`driver.play` gives.
    """
    make: Any = RealKernel if real else ForkedKernel

    def run(function: Any) -> Any:
        return function() if real else in_fork(lambda: _inside_child(function))

    # A keeper's thread may still be writing to the store as the folder goes.
    with tempfile.TemporaryDirectory(prefix="session-", ignore_cleanup_errors=True) as place:
        work, home, kept = Path(place) / "work", Path(place) / "home", Path(place) / "kept"
        work.mkdir()
        home.mkdir()
        _settle(work, home)
        for number in range(len(segments(case)) - 1):
            run(lambda number=number: play_before_restart(case, number, make))
        if not real and not oracle:
            # Nothing comes after it in this process.
            return dict(_inside_child(lambda: play(case, make)))
        facts: dict[str, Any] = run(lambda: play(case, make, kept if oracle else None))
        if oracle and "broken" not in facts:
            facts["contradictions"] = contradictions(case, facts, kept, make, run)
        os.chdir("/")
        return facts


def _settle(work: Path, home: Path) -> None:
    os.chdir(work)
    for name in [name for name in os.environ if name.startswith(("NBTRACK_", "JPY_"))]:
        del os.environ[name]
    os.environ["HOME"] = str(home)
    os.environ["IPYTHONDIR"] = str(home / ".ipython")
    os.environ["XDG_DATA_HOME"] = str(home / ".local" / "share")
    os.environ["MPLBACKEND"] = "agg"


def _inside_child(function: Any) -> Any:
    """What a fresh process has and a fork has not: its own place in the generators, and the directory on the path."""
    import random

    import numpy as np

    random.seed()
    np.random.seed()
    if sys.path[0] != "":
        sys.path.insert(0, "")
    with open(os.devnull, "w") as sink:
        sys.stdout = sys.__stdout__ = sink
        return function()
