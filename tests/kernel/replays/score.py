"""Plays the cases of replays and prints which verdicts are wrong.

Run it as ``python tests/kernel/replays/score.py [NAME …] [-v] [--all] [--json FILE]``; with ``--sessions``, the slices
of the sessions' own cases are replayed, and each verdict is held against what a replay without nbtrack gives.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from replaycase import ReplayCase  # noqa: E402, I001 - has the modules of the sessions found
from kernels import warm_up  # noqa: E402
from playing import judge, play_case, text  # noqa: E402
from pool import run_all  # noqa: E402


def _tables() -> list[Any]:
    return [importlib.import_module(file.stem) for file in sorted(Path(__file__).resolve().parent.glob("truths_*.py"))]


def quick_names() -> frozenset[str]:
    """The names of the cases that the default run of the tests plays."""
    found = frozenset().union(*(module.QUICK for module in _tables()))
    unheard = found - {case.name for case in all_cases()}
    if unheard:
        raise ValueError(f"no cases are called {sorted(unheard)}")
    return found


def all_cases() -> list[ReplayCase]:
    """The cases of all ``truths_*`` modules beside this one."""
    found: list[ReplayCase] = []
    for module in _tables():
        found += module.CASES
    names = [case.name for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases have one name: {sorted(twice)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("filters", nargs="*", metavar="NAME", help="only cases whose name holds this text")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--all", action="store_true", help="also the cases that the default suite leaves out")
    parser.add_argument("--sessions", action="store_true", help="replay the slices of the sessions' cases")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the sessions, only each Nth")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="of the sessions, begin with this one")
    parser.add_argument("--json", metavar="FILE", help="write what was told to this file")
    parser.add_argument("-j", "--workers", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    begun = time.monotonic()
    warm_up()
    if options.sessions:
        import slices

        code = int(slices.main(options))
        gc.unfreeze()
        return code
    quick = quick_names()
    cases = [
        case
        for case in all_cases()
        if (
            any(word in case.name for word in options.filters) if options.filters else options.all or case.name in quick
        )
    ]
    facts: dict[str, Any] = {}
    jobs = {case.name: (lambda case=case: play_case(case)) for case in cases}
    for done, (name, answer) in enumerate(run_all(jobs, options.workers, timeout_s=400.0), 1):
        facts[name] = answer
        if sys.stderr.isatty():
            print(f"\r{done}/{len(cases)}", end="", file=sys.stderr, flush=True)
    gc.unfreeze()
    if options.json:
        Path(options.json).write_text(json.dumps(facts, indent=1, default=str))
    judged = [judge(case, facts[case.name]) for case in cases]
    print(text(judged, verbose=options.verbose))
    slowest = sorted(judged, key=lambda one: -one.seconds)[:5]
    print("slowest: " + ", ".join(f"{one.case.name} {one.seconds:.0f} s" for one in slowest))
    print(f"{len(cases)} cases in {time.monotonic() - begun:.0f} s")
    return int(any(not one.passed and one.case.known_failure is None for one in judged))


if __name__ == "__main__":
    raise SystemExit(main())
