"""Plays the cases and prints how well nbtrack tells what happened.

Run it as ``python tests/kernel/sessions/score.py [NAME …] [-v] [--oracle] [--real] [--json FILE]``.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
# Built once by matplotlib, not again in every child's own home.
os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import verdicts  # noqa: E402
from kernels import warm_up  # noqa: E402
from model import Case  # noqa: E402
from pool import run_all  # noqa: E402
from table import all_cases, play_case  # noqa: E402


def chosen(filters: list[str], real: bool) -> list[Case]:
    """The cases whose name holds one of these texts."""
    return [
        case
        for case in all_cases()
        if (not filters or any(text in case.name for text in filters)) and (case.real or not real or filters)
    ]


def play_all(cases: list[Case], *, real: bool, oracle: bool, workers: int) -> dict[str, Any]:
    """Play cases, some at once, and return the facts of each."""
    jobs = {case.name: (lambda case=case: play_case(case, real=real, oracle=oracle)) for case in cases}
    facts = {}
    for done, (name, answer) in enumerate(run_all(jobs, workers, timeout_s=240.0), 1):
        facts[name] = answer
        if sys.stderr.isatty():
            print(f"\r{done}/{len(cases)}", end="", file=sys.stderr, flush=True)
    return facts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("filters", nargs="*", metavar="NAME", help="only cases whose name holds this text")
    parser.add_argument("-v", "--verbose", action="store_true", help="sentences, logs and defects of failing cases")
    parser.add_argument("--oracle", action="store_true", help="hold the cases themselves against what really happens")
    parser.add_argument("--real", action="store_true", help="in kernels of their own processes (the cases marked real)")
    parser.add_argument("--list", action="store_true", help="name the cases and play none")
    parser.add_argument("--json", metavar="FILE", help="write the facts of all cases to this file")
    parser.add_argument("-j", "--workers", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    cases = chosen(options.filters, options.real)
    if options.list:
        for case in cases:
            print(f"{case.name:55} {' '.join(sorted(case.labels)) or '-'}")
        print(f"{len(cases)} cases, {sum(not case.labels for case in cases)} clean")
        return 0
    begun = time.monotonic()
    warm_up()
    facts = play_all(cases, real=options.real, oracle=options.oracle, workers=options.workers)
    gc.unfreeze()
    if options.json:
        Path(options.json).write_text(json.dumps(facts, indent=1))
    judged = [verdicts.judge(case, facts[case.name]) for case in cases]
    print(verdicts.text(judged, verbose=options.verbose))
    print(verdicts.by_label(judged))
    if options.oracle:
        print(verdicts.oracle_text(cases, facts))
    print(f"{len(cases)} cases in {time.monotonic() - begun:.0f} s")
    return int(any(verdict.failed for verdict in judged))


if __name__ == "__main__":
    raise SystemExit(main())
