"""Verdicts on replays of real sessions, against what really happened: the cases are in ``replays/truths_*.py``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent / "replays"
_ROOT = Path(__file__).resolve().parents[2]

sys.path[:0] = [str(_HERE), str(_HERE.parent / "sessions")]
try:
    from playing import Judged, judge, text
    from replaycase import ReplayCase, replay_case, truth
    from score import all_cases, quick_names
    from slices import all_cases as sessions
    from slices import is_untrue

    _CASES = {case.name: case for case in all_cases()}
    _QUICK = quick_names()
    _SESSIONS = {case.name: case for case in sessions()}
finally:
    for _folder in (_HERE, _HERE.parent / "sessions"):
        sys.path.remove(str(_folder))


def _inherited() -> dict[str, str]:
    """Return this process's variables, but for the hash seed that an earlier test may have left for its children."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}


def _play(folder: Path, *options: str) -> dict[str, dict]:
    """Play cases in a process of its own, which forks one child a case; this one has threads and plugins."""
    answer = folder / "facts.json"
    environment = _inherited() | {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(_HERE / "score.py"), "--json", str(answer), *options]
    played = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert answer.exists(), played.stdout + played.stderr
    return dict(json.loads(answer.read_text()))


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    return _play(tmp_path_factory.mktemp("replays"))


@pytest.fixture(scope="module")
def all_facts(tmp_path_factory):
    return _play(tmp_path_factory.mktemp("replays"), "--all")


def _parameters(quick: bool):
    found = []
    for name, case in _CASES.items():
        reason = case.known_failure
        if (name in _QUICK) == quick:
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            found.append(pytest.param(name, marks=marks, id=name))
    return found


def _check(case: ReplayCase, facts: dict) -> None:
    judged = judge(case, facts[case.name])
    assert judged.passed, text([judged], verbose=True)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", _parameters(quick=True))
def test_the_verdict_is_true(name, facts):
    _check(_CASES[name], facts)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", _parameters(quick=False))
def test_the_verdict_of_more_cases_is_true(name, all_facts):
    _check(_CASES[name], all_facts)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_slices_of_sessions_come_back_where_they_can(tmp_path):
    """Every third session: nothing may be said to be reproduced that hangs on chance, and no file may be touched."""
    found = _play(tmp_path, "--sessions", "--every", "3")
    assert not [name for name, told in found.items() if told.get("touched")]
    assert not [name for name, told in found.items() if is_untrue(_SESSIONS[name], told)]
    came_back = sum(told.get("verdict") == "reproduced" for told in found.values())
    assert came_back > len(found) / 2


def test_there_are_enough_cases_of_each_kind():
    verdicts = [right for case in _CASES.values() for right in case.truths.values()]
    assert len(_CASES) >= 100
    for verdict, least in (("reproduced", 40), ("diverged", 40), ("could_not_run", 10)):
        assert sum(verdict in right.verdicts for right in verdicts) >= least, verdict


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"verdict": "reproduced"}, "untrue"),
        ({"verdict": "diverged", "reasons": [{"label": "data_changed", "sentence": "", "evidence": []}]}, "blamed"),
        ({"verdict": "diverged", "reasons": []}, "blamed"),
        ({"verdict": "could_not_run"}, "right: diverged"),
    ],
)
def test_a_wrong_verdict_is_seen(told, fault):
    case = replay_case("wrong", {"T": "m = 1"}, truth("diverged", "unseeded_rng"))
    found = {"sentence": "", "slice_corrected": False, "metrics": [], **told}
    judged = judge(case, {"runs": {"T": found}, "faults": [], "seconds": 0.0})
    assert isinstance(judged, Judged)
    assert not judged.passed
    assert fault in " ".join(judged.faults)
