"""Playing a case: its session in a kernel, and then verifying its runs from another process."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import replaycase  # noqa: F401 - has the modules of the sessions found
from driver import Player
from kernels import ForkedKernel, RealKernel
from model import Cell
from pool import in_fork
from replaycase import ReplayCase, Truth
from table import _inside_child, _settle

WORDS = ("reproduced", "within_tolerance", "diverged", "could_not_run", "refused")


class Recorder(Player):
    """A player that leaves the kernel alone behind the last tracked run."""

    def _before_decisive(self, cell: Cell) -> None:
        pass

    def _after_decisive(self, cell: Cell, reply: Any) -> None:
        pass


def play_case(case: ReplayCase) -> dict[str, Any]:
    """Play a case in an empty folder, with a home of its own.

    Returns
    -------
    dict
        ``runs``: by name what :func:`nbtrack.verify` returned, as a mapping, or ``refused``; ``faults``: what is
        wrong whatever the verdicts are; ``seconds``.
    """
    with tempfile.TemporaryDirectory(prefix="replay-", ignore_cleanup_errors=True) as place:
        work, home, temporary = (Path(place) / name for name in ("work", "home", "tmp"))
        for folder in (work, home, temporary):
            folder.mkdir()
        _settle(work, home)
        os.environ["TMPDIR"] = str(temporary)
        tempfile.tempdir = None
        begun = time.monotonic()
        played = in_fork(lambda: _record(case), timeout_s=120)
        if "broken" in played:
            return played
        found = played if case.inside else in_fork(lambda: _verify(case), timeout_s=240)
        os.chdir("/")
        if "broken" not in found:
            found["log"] = played["log"]
            found["seconds"] = time.monotonic() - begun
            found["faults"] += [f"left behind: {name}" for name in os.listdir(temporary) if "nbtrack" in name]
        return dict(found)


def _record(case: ReplayCase) -> dict[str, Any]:
    os.environ.update(case.variables)
    os.environ["NBTRACK_STORE"] = str(Path.cwd() / ".nbtrack")

    def play() -> dict[str, Any]:
        player = Recorder(case.session, RealKernel if case.real else ForkedKernel)
        player.set_up()
        player.start_kernel()
        try:
            player.play(case.session.steps)
            _flush(player)
            found: dict[str, Any] = {"log": player.log}
            if case.inside is not None:
                found |= _verify_inside(case, player)
            return found
        finally:
            player.close()

    return play() if case.real else dict(_inside_child(play))


def _flush(player: Player) -> None:
    """Wait for what is recorded a moment later: what the runs ran in."""
    kernel: Any = player._kernel
    code = "__import__('nbtrack.capture.surroundings', fromlist=['_']).surroundings.flush(20)"
    if isinstance(kernel, RealKernel):
        kernel._silently("", flushed=code)
    else:
        eval(code)


def _verify_inside(case: ReplayCase, player: Player) -> dict[str, Any]:
    kernel = player._kernel
    assert kernel is not None
    before = contents(Path.cwd())
    code = f"{case.inside}\nfrom dataclasses import asdict as _d\nimport json as _j\n"
    code += "open('found.json', 'w').write(_j.dumps({k: _d(v) for k, v in found.items()}))"
    reply = kernel.run(code, {})
    if not reply.ok:
        return {"broken": reply.error}
    runs = json.loads(Path("found.json").read_text())
    Path("found.json").unlink()
    return {"runs": runs, "faults": changes(before, contents(Path.cwd()), case.writes)}


def _verify(case: ReplayCase) -> dict[str, Any]:
    import nbtrack
    from nbtrack.store.references import recorded

    if case.after is not None:
        case.after()
    before = contents(Path.cwd())
    runs: dict[str, Any] = {}
    for name in case.truths:
        try:
            runs[name] = dataclasses.asdict(nbtrack.verify(run_id(name), **case.options))
        except nbtrack.NbtrackError as error:
            runs[name] = {"verdict": "refused", "sentence": f"{type(error).__name__}: {error}"}
    faults = changes(before, contents(Path.cwd()), case.writes)
    for name, found in runs.items():
        if found["verdict"] == "refused":
            continue
        kept = recorded(found["run_id"])[0].verifications
        if [one.verdict for one in kept] != [found["verdict"]]:
            faults.append(f"the store has the verdicts {kept} for {name}")
    return {"runs": runs, "faults": faults}


def run_id(name: str) -> str:
    """The id of a run: of the latest with a name, or of the one at a position, as in ``fit@0``."""
    import nbtrack

    name, _, position = name.partition("@")
    found = nbtrack.sql("SELECT run_id, run_name FROM runs ORDER BY start_time, run_id")
    same = found[found["run_name"] == name]["run_id"].tolist()
    if not same:
        raise nbtrack.NbtrackError(f"no run is called {name}; there are {sorted(set(found['run_name']))}")
    return str(same[int(position or -1)])


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """What is in a folder, but for nbtrack's own files: times and contents."""
    found = {}
    for file in folder.rglob("*"):
        name = str(file.relative_to(folder))
        if file.is_file() and ".nbtrack" not in name:
            found[name] = (file.stat().st_mtime_ns, file.read_bytes())
        elif file.is_dir() and ".nbtrack" not in name and "__pycache__" not in name:
            found[name + "/"] = (0, b"")
    return found


def changes(before: dict[str, Any], after: dict[str, Any], allowed: frozenset[str]) -> list[str]:
    """What has changed in a folder, in words."""
    names = sorted(before.keys() | after.keys())
    return [
        f"verifying changed {name}"
        for name in names
        if before.get(name) != after.get(name) and name not in allowed and "__pycache__" not in name
    ]


# --- judging ----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(slots=True)
class Judged:
    """How a case went: the verdict of each run, and what is wrong."""

    case: ReplayCase
    told: dict[str, str]
    faults: list[str]
    seconds: float = 0.0
    details: list[str] = dataclasses.field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.faults

    @property
    def untrue(self) -> bool:
        """Whether a run is said to be reproduced that is not."""
        return any("untrue" in fault for fault in self.faults)


def judge(case: ReplayCase, facts: dict[str, Any]) -> Judged:
    """Compare what was told with the truth."""
    if "broken" in facts:
        return Judged(case, {}, [f"the driver broke: {facts['broken'].strip()}"])
    judged = Judged(case, {}, list(facts["faults"]), facts["seconds"])
    for name, right in case.truths.items():
        found = facts["runs"].get(name)
        if found is None:
            judged.faults.append(f"{name} was not verified")
            continue
        first = next(iter(found.get("reasons", ())), {})
        judged.told[name] = " ".join(filter(None, (found["verdict"], first.get("label"))))
        judged.faults += [f"{name}: {fault}" for fault in _faults(right, found, first.get("label"))]
        judged.details += _details(name, found)
    for item in facts.get("log", ()):
        if not item["ok"]:
            judged.details.append(f"In[{item['count']}] ({item['id']}) raised {item['error']}")
    return judged


def _faults(right: Truth, found: dict[str, Any], label: str | None) -> list[str]:
    faults = []
    verdict = found["verdict"]
    if verdict not in right.verdicts:
        untrue = verdict in ("reproduced", "within_tolerance") and not right.verdicts & {
            "reproduced",
            "within_tolerance",
        }
        faults.append(f"{'untrue: ' * untrue}{verdict} ({label}), right: {' or '.join(sorted(right.verdicts))}")
    elif right.labels and verdict in ("diverged", "could_not_run") and label not in right.labels:
        faults.append(f"blamed on {label}, right: {' or '.join(sorted(right.labels))}")
    elif verdict in ("diverged", "could_not_run") and not label:
        faults.append("no reason is given")
    if right.corrected is not None and verdict != "refused" and found.get("slice_corrected") != right.corrected:
        faults.append(f"slice corrected: {found.get('slice_corrected')}, right: {right.corrected}")
    text = json.dumps([found.get(key) for key in ("sentence", "reasons", "notes")], ensure_ascii=False)
    faults += [f"nothing is said of {word!r}" for word in right.says if word.lower() not in text.lower()]
    outcomes = {check["key"]: check["outcome"] for check in found.get("metrics", ())}
    for key, outcome in right.metrics.items():
        if outcomes.get(key) != outcome:
            faults.append(f"metric {key} is said to be {outcomes.get(key)}, right: {outcome}")
    return faults


def _details(name: str, found: dict[str, Any]) -> list[str]:
    lines = [f"{name}: {found['sentence']}"]
    for reason in found.get("reasons", ()):
        lines.append(f"  {reason['label']}: {reason['sentence']}")
        lines += [f"    {seen}" for seen in reason["evidence"]]
    lines += [f"  note: {note}" for note in found.get("notes", ())]
    for check in found.get("metrics", ()):
        lines.append(f"  {check['key']}: {check['recorded']!r} → {check['replayed']!r} {check['outcome']}")
    if "cells" in found:
        lines.append(
            f"  {found['replays']} replays of {found['cells']} cells, kernel {found['kernel_s']:.1f} s, cells "
            f"{found['cells_s']:.2f} s (recorded {found['recorded_s']:.2f} s), all {found['duration_s']:.1f} s"
        )
    return lines


def text(judged: list[Judged], *, verbose: bool = False) -> str:
    """The cases that went wrong, all of them where verbose, and figures."""
    lines = []
    for one in judged:
        known = one.case.known_failure
        word = "ok" if one.passed else "known" if known else "UNTRUE" if one.untrue else "FAIL"
        if verbose or not one.passed or known:
            lines.append(f"{word:6} {one.case.name}  ({'; '.join(f'{k}: {v}' for k, v in one.told.items())})")
            lines += [f"       {fault}" for fault in one.faults]
            lines += [f"       | {line}" for line in one.details] if verbose or not one.passed else []
    passed = sum(one.passed for one in judged)
    untrue = sum(one.untrue for one in judged)
    lines.append(
        f"{passed} of {len(judged)} cases as they should be; {untrue} untrue; "
        f"{sum(len(one.told) for one in judged)} runs verified"
    )
    return "\n".join(lines)


def call(function: Callable[[], Any]) -> Any:
    """Call a function with this folder's modules to be found."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    return function()
