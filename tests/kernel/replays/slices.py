"""Verifies the last run of each of the sessions' cases, and holds the verdicts against the facts of the cases.

What a case claims of its session is held against what really happens by the sessions' own oracle: where no generator is
unseeded and nothing volatile is read, the cells of its slice give the run's numbers in a kernel of their own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import replaycase  # noqa: F401 - has the modules of the sessions found
from driver import Player, play_before_restart, segments
from kernels import ForkedKernel
from model import Case, Cell
from playing import contents
from pool import in_fork, run_all
from table import _inside_child, _settle, all_cases


class Watcher(Player):
    """A player that does not run the tracked cell once more."""

    def _after_decisive(self, cell: Cell, reply: Any) -> None:
        import nbtrack

        last = nbtrack.last_active_run()
        self.facts["run"] = None if last is None else last.info.run_id
        self.facts["ok"] = reply.ok
        from nbtrack.capture.surroundings import surroundings

        surroundings.flush(20)


def verify_session(case: Case) -> dict[str, Any]:
    """Play a session and verify its last run from another process."""
    with tempfile.TemporaryDirectory(prefix="slice-", ignore_cleanup_errors=True) as place:
        work, home, temporary = (Path(place) / name for name in ("work", "home", "tmp"))
        for folder in (work, home, temporary):
            folder.mkdir()
        _settle(work, home)
        os.environ["TMPDIR"] = str(temporary)
        tempfile.tempdir = None
        for number in range(len(segments(case)) - 1):
            in_fork(lambda number=number: _inside_child(lambda: play_before_restart(case, number, ForkedKernel)))
        played = in_fork(lambda: _inside_child(lambda: _play(case)))
        if "broken" in played or not played.get("run"):
            return {"unplayed": played.get("broken", "no run")}
        before = contents(work)
        found = in_fork(lambda: _verify(played["run"]), timeout_s=240)
        after = contents(work)
        found["touched"] = sorted(
            name
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name) and "__pycache__" not in name
        )
        os.chdir("/")
        return dict(found)


def _play(case: Case) -> dict[str, Any]:
    *before, last = segments(case)
    player: Player = Player(case, None)
    if not before:
        player.set_up()
    for steps in before:
        player.start_kernel()
        player.play(steps)
    dry, player = player, Watcher(case, ForkedKernel)
    player.document = dry.document
    player.start_kernel()
    player.play(last)
    return player.facts


def _verify(run: str) -> dict[str, Any]:
    import nbtrack

    try:
        return dataclasses.asdict(nbtrack.verify(run))
    except nbtrack.NbtrackError as error:
        return {"verdict": "refused", "sentence": f"{type(error).__name__}: {error}"}


def expected(case: Case) -> str:
    """What the case's own facts, which the oracle of the sessions holds against reality, say of its last run."""
    labels = case.labels
    if labels & {"unseeded_rng", "volatile_input"} or not case.reproducible:
        return "chance"
    if "external_changed" in labels:
        return "changed"
    return "comes back"


def came_by_luck(found: dict[str, Any]) -> bool:
    """Whether the reader is told why numbers that hang on chance have come back."""
    return any("put back" in note or "all the same" in note for note in found.get("notes", ()))


def is_untrue(case: Case, found: dict[str, Any]) -> bool:
    """Whether numbers that hang on chance are said to be reproduced, and nothing is said of luck."""
    return expected(case) == "chance" and found.get("verdict") == "reproduced" and not came_by_luck(found)


def main(options: Any) -> int:
    """Play the sessions and print how verdicts and truths go together."""
    cases = [case for case in all_cases() if not options.filters or any(word in case.name for word in options.filters)]
    cases = cases[options.offset :: options.every]
    begun = time.monotonic()
    jobs = {case.name: (lambda case=case: verify_session(case)) for case in cases}
    facts = dict(run_all(jobs, options.workers, timeout_s=500.0))
    if options.json:
        Path(options.json).write_text(json.dumps(facts, indent=1, default=str))
    table: Counter[tuple[str, str]] = Counter()
    lines = []
    for case in cases:
        found, right = facts[case.name], expected(case)
        verdict = found.get("verdict", "unplayed")
        reason = next(iter(found.get("reasons", ())), {}).get("label", "")
        table[right, verdict] += 1
        strange = (right == "comes back" and verdict not in ("reproduced", "refused", "unplayed")) or (
            right != "comes back" and verdict in ("reproduced", "within_tolerance") and not came_by_luck(found)
        )
        if found.get("touched"):
            lines.append(f"TOUCHED {case.name}: {found['touched']}")
        if strange or options.verbose or found.get("slice_corrected"):
            lines.append(f"{right:10} {verdict:13} {reason:16} {case.name}  {' '.join(sorted(case.labels))}")
            lines.append(
                f"           | {found.get('sentence') or found.get('broken', found.get('unplayed', ''))[-300:]}"
            )
            lines += [f"           |   {one['label']}: {one['sentence']}" for one in found.get("reasons", ())]
    print("\n".join(lines))
    verdicts = sorted({verdict for _, verdict in table})
    print(f"{'truth':12}" + "".join(f"{verdict:>16}" for verdict in verdicts))
    for right in ("comes back", "changed", "chance"):
        print(f"{right:12}" + "".join(f"{table[right, verdict]:16}" for verdict in verdicts))
    corrected = sum(bool(found.get("slice_corrected")) for found in facts.values())
    print(f"{corrected} slices corrected; {len(cases)} sessions in {time.monotonic() - begun:.0f} s")
    return int(any("TOUCHED" in line for line in lines))
