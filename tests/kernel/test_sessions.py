"""Notebook sessions, played for real: what nbtrack tells of each against what happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent / "sessions"
_ROOT = Path(__file__).resolve().parents[2]

sys.path.insert(0, str(_HERE))
try:
    from table import all_cases
    from verdicts import Verdict, by_label, figures, judge, oracle_text, text

    _CASES = {case.name: case for case in all_cases()}
finally:
    sys.path.remove(str(_HERE))


def _inherited() -> dict[str, str]:
    """Return this process's variables, but for the hash seed that an earlier test may have left for its children."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}


def _play(folder: Path, *options: str) -> dict[str, Verdict]:
    """Play cases in a process of its own, which forks one child a case; this one has threads and plugins."""
    answer = folder / "facts.json"
    environment = _inherited() | {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(_HERE / "score.py"), "--json", str(answer), *options]
    played = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert answer.exists(), played.stdout + played.stderr
    return json.loads(answer.read_text())


@pytest.fixture(scope="module")
def forked(tmp_path_factory):
    return _play(tmp_path_factory.mktemp("forked"))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return _play(tmp_path_factory.mktemp("real"), "--real")


def _parameters(names):
    found = []
    for name in names:
        reason = _CASES[name].known_failure
        found.append(
            pytest.param(name, marks=[pytest.mark.xfail(strict=True, reason=reason)] if reason else [], id=name)
        )
    return found


def _check(name, facts):
    verdict = judge(_CASES[name], facts[name])
    assert verdict.passed, text([verdict], verbose=True)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", _parameters(_CASES))
def test_a_session_is_understood(name, forked):
    _check(name, forked)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", _parameters(name for name, case in _CASES.items() if case.real))
def test_a_session_is_understood_in_a_real_kernel(name, real):
    _check(name, real)


@pytest.mark.timeout(900)
def test_both_kernels_measure_the_same(forked, real):
    """The forked kernel stands for the real one: the same executions, the same results."""
    for name in real:
        for key in ("ok", "names"):
            assert forked[name].get(key) == real[name].get(key), name
        outline = [
            [(item["count"], item["id"], item["ok"]) for item in facts["log"]] for facts in (forked[name], real[name])
        ]
        assert outline[0] == outline[1], name


@pytest.mark.timeout(900)
def test_the_figures_are_good_enough(forked):
    verdicts = [judge(case, forked[name]) for name, case in _CASES.items()]
    table = f"{figures(verdicts)}\n{by_label(verdicts)}"
    right = sum(len(verdict.labels & verdict.case.labels) for verdict in verdicts)
    wrong = sum(len(verdict.false_labels) + len(verdict.missed_labels) for verdict in verdicts)
    assert 2 * right >= 0.95 * (2 * right + wrong), table
    alarms = [verdict.case for verdict in verdicts if verdict.case.clean and verdict.false_labels]
    assert not [case.name for case in alarms if case.known_failure is None], table
    assert sum(verdict.slice_exact for verdict in verdicts) >= 0.95 * len(verdicts), table


def test_there_are_enough_cases_and_half_of_them_are_clean():
    clean = [case for case in _CASES.values() if not case.labels]
    assert len(_CASES) >= 130
    assert len(clean) >= 0.45 * len(_CASES)
    for label in {label for case in _CASES.values() for label in case.labels}:
        assert sum(label in case.labels for case in _CASES.values()) >= 5, label


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_cases_tell_the_truth(tmp_path):
    facts = _play(tmp_path, "--oracle")
    found = oracle_text(list(_CASES.values()), facts)
    assert not [name for name in facts if facts[name].get("contradictions") or "broken" in facts[name]], found
