"""Holds the truth that a case claims against what really happens when its cells are run again, without nbtrack.

* A clean run (Restart & Run All Above, then the cell) of the document as displayed: it must give something else, or
  stop at an error, where a hazard is claimed that a clean run cures; it must give the same where nothing is claimed,
  if need be going on behind a cell that raises.
* The tracked cell once more in the same kernel, generators restored: something else exactly where
  ``mutates_own_input`` is claimed.
* The whole log in a kernel whose generators stand elsewhere: something else exactly where a hazard is claimed that
  makes a result irreproducible.
* The claimed slice: the same result; and something else, or an error, without any one of its executions.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driver import MakeKernel, replay
from model import CURED, UNCURED, Case

Run = Callable[[Callable[[], Any]], Any]
"""How to call a function where a kernel can be started: in a fork, or just so."""


def contradictions(case: Case, facts: dict[str, Any], files: Path, make_kernel: MakeKernel, run: Run) -> list[str]:
    """Return what is wrong with a case, in words.

    Parameters
    ----------
    case : Case
    facts : dict
        What :func:`driver.play` measured.
    files : Path
        The working directory as it was right before the last tracked run.
    make_kernel : callable
    run : callable
    """
    told = case.labels | case.also
    expected, names = facts.get("results"), facts.get("names", [])
    if not facts.get("ok") and not case.result:
        return [f"the tracked cell raised {facts.get('error')}"]
    if not expected:
        return ["the tracked cell has no result: name one with result=…"]

    found: list[str] = []

    def again(sources: list[tuple[str, bool]], folder: Path | None = None) -> Any:
        answer = run(lambda: _in_copy(case, folder, lambda: replay(sources, names, make_kernel)))
        if "broken" in answer:
            found.append(f"a replay broke: {answer['broken']}")
        return answer.get("results")

    irreproducible = bool(told & {"unseeded_rng", "volatile_input"}) or not case.reproducible
    *above, cell = facts["above"]
    clean_differs = again([*((source, False) for source in above), (cell, False)], files) != expected
    if clean_differs and case.labels <= {"mutates_own_input"} and case.unknown is None:
        forced_differs = again([*((source, True) for source in above), (cell, False)], files) != expected
        if forced_differs:
            found.append(f"a clean run gives something else, and only {sorted(case.labels)} is claimed")
    if not clean_differs and case.labels & CURED:
        found.append(f"a clean run gives the same: {sorted(case.labels & CURED)} cannot be")
    again_differs = facts["again"] != expected
    if again_differs and not irreproducible and "mutates_own_input" not in told:
        found.append("running the tracked cell again gives something else: mutates_own_input")
    if not again_differs and "mutates_own_input" in case.labels:
        found.append("running the tracked cell again gives the same: no mutates_own_input")
    log = [(item["source"], not item["ok"]) for item in facts["log"]]
    outside = any(step.do in ("write", "remove", "restart") for step in case.steps)
    if not outside:
        log_differs = again(log) != expected
        if log_differs and not irreproducible:
            found.append("the same executions give something else in another kernel: unseeded_rng or volatile_input")
        if not log_differs and "unseeded_rng" in case.labels:
            found.append("the same executions give the same with other generators: no unseeded_rng")
    if not irreproducible:
        found += _about_slices(case, facts, files, again)
    return found


def _about_slices(case: Case, facts: dict[str, Any], files: Path, again: Callable[..., Any]) -> list[str]:
    expected = facts["results"]
    by_count = {item["count"]: (item["source"], not item["ok"]) for item in facts["log"]}
    found: list[str] = []
    for number, counts in enumerate(case.slices):
        unheard = [count for count in counts if count not in by_count]
        if unheard:
            found.append(f"slice {list(counts)} names executions that were not: {unheard}")
            continue
        whole = [by_count[count] for count in counts]
        # The files that it read are those of the beginning, or what another program made of them since.
        written = any(step.do in ("write", "remove") for step in case.steps)
        folders = [folder for folder in (None, files if written else None) if again(whole, folder) == expected]
        if not folders:
            found.append(f"slice {list(counts)} does not give the result again")
            continue
        if number:
            continue
        for left_out in counts:
            rest = [by_count[count] for count in counts if count != left_out]
            if again(rest, folders[0]) == expected:
                found.append(f"slice {list(counts)} is not the least: it gives the same without {left_out}")
    if not case.slices and not case.labels & UNCURED:
        found.append("no slice is claimed")
    return found


def _in_copy(case: Case, folder: Path | None, function: Callable[[], Any]) -> Any:
    """Call a function in a fresh folder: a copy of one, or the files that the case starts with."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as fresh:
        if folder is not None:
            shutil.copytree(folder, fresh, dirs_exist_ok=True)
        else:
            for path, content in case.files.items():
                (Path(fresh) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(fresh) / path).write_text(content)
        os.chdir(fresh)
        try:
            return function()
        finally:
            os.chdir(before)
