"""How the metrics of a replay are judged, and why they did not come back: the pure parts."""

from __future__ import annotations

import math
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nbtrack.records import CellExecution, Hazard, Provenance, RunData, RunInfo, RunRecord, Source
from nbtrack.replay.engine.relocation import move_of
from nbtrack.replay.outcome import Failure, Outcome
from nbtrack.replay.recipe import Recipe, Step, Target
from nbtrack.replay.verdict.checks import check_metrics, differing, verdict_of
from nbtrack.replay.verdict.evidence import Evidence, Way
from nbtrack.replay.verdict.preflight import (
    Package,
    ReadFile,
    file_digest,
    files_read,
    named_since,
    packages_imported,
    variables_read,
)
from nbtrack.replay.verdict.reasons import reasons_of
from nbtrack.replay.verdict.timers import timers_of
from nbtrack.replay.verdict.widening import MOST_REPLAYS, widened
from nbtrack.replay.verdict.words import could_not_run, lacking_reasons, notes_of, sentence_of
from nbtrack.verification import MetricCheck


def execution(number: int, source: str = "", **fields: Any) -> CellExecution:
    return CellExecution(
        session="s", sequence=number, execution_count=number, cell_id=None, source=source, start_us=0, **fields
    )


def record(
    *executions: CellExecution, hazards: tuple[Hazard, ...] = (), metrics: dict[str, float] | None = None, **facts: Any
) -> RunRecord:
    info = RunInfo(
        run_id="f" * 32,
        run_name="baseline",
        experiment_id="1",
        experiment_name="digits",
        status="finished",
        start_time=0,
        source=Source(kind="cell"),
    )
    provenance = Provenance(hazards=hazards, slice=executions, environment=facts)
    return RunRecord(info, RunData(metrics={"accuracy": 0.9} if metrics is None else metrics), provenance=provenance)


def hazard(label: str, names: tuple[str, ...] = (), executions: tuple[int, ...] = ()) -> Hazard:
    return Hazard(label=label, severity="high", names=names, executions=executions, sentence="It is so.", remedy="")


def recipe(*numbers: int, folder: str = "/home/ada/work", absent: tuple[str, ...] = ()) -> Recipe:
    steps = tuple(Step(sequence=number, execution_count=number, source="pass") for number in numbers)
    return Recipe(
        run_id="f" * 32,
        run_name="baseline",
        experiment="digits",
        steps=steps,
        target=Target(kind="cell", name="baseline"),
        folder=folder,
        absent=absent,
    )


# --- metrics ----------------------------------------------------------------------------------------------------


def outcomes(recorded: dict[str, float], replayed: dict[str, float], **options: Any) -> dict[str, str]:
    checks = check_metrics(recorded, {}, Outcome(metrics=replayed), options.pop("rtol", 1e-9), **options)
    return {check.key: check.outcome for check in checks}


@pytest.mark.parametrize(
    ("recorded", "replayed", "word"),
    [
        (0.1, 0.1, "exact"),
        (0.1 + 0.2, 0.3, "close"),
        (1.0, 1.0 + 1e-8, "different"),
        (math.nan, math.nan, "exact"),
        (math.nan, 0.0, "different"),
        (math.inf, math.inf, "exact"),
        (math.inf, -math.inf, "different"),
        (math.inf, 1e308, "different"),
        (0.0, -0.0, "close"),
        (0.0, 1e-300, "different"),
        (1e16, 1e16 + 2, "close"),
        (7.0, 8.0, "different"),
        (1e10, 1e10 + 1, "different"),
        (1e10 + 0.5, 1e10 + 1.5, "close"),
        (5e-324, 5e-324, "exact"),
    ],
)
def test_numbers_are_compared_bit_for_bit_and_then_by_the_tolerance(recorded, replayed, word):
    assert outcomes({"m": recorded}, {"m": replayed}) == {"m": word}


def test_whole_numbers_are_the_same_or_not_whatever_the_tolerance():
    assert outcomes({"rows": 100.0, "loss": 100.5}, {"rows": 101.0, "loss": 101.5}, rtol=0.1) == {
        "rows": "different",
        "loss": "close",
    }


def test_a_tolerance_of_zero_takes_bits_alone():
    assert outcomes({"m": 0.1 + 0.2}, {"m": 0.3}, rtol=0.0) == {"m": "different"}


def test_a_metric_that_is_not_there_is_missing_and_what_is_new_does_not_count():
    assert outcomes({"a": 1.0, "b": 2.0}, {"b": 2.0, "c": 3.0}) == {"a": "missing", "b": "exact"}


def test_a_curve_counts_with_all_of_its_points():
    def check(steps: list[int], values: list[float]) -> str:
        outcome = Outcome(metrics={"loss": 0.5}, curves={"loss": (steps, values)})
        return check_metrics({"loss": 0.5}, {"loss": ([0, 1, 2], [2.0, 1.0, 0.5])}, outcome, 1e-9)[0].outcome

    assert check([0, 1, 2], [2.0, 1.0, 0.5]) == "exact"
    assert check([0, 1, 2], [2.0, 1.0 + 1e-12, 0.5]) == "close"
    assert check([0, 1, 2], [2.0, 1.1, 0.5]) == "different"
    assert check([0, 1], [2.0, 0.5]) == "different"
    assert check([0, 1, 3], [2.0, 1.0, 0.5]) == "different"


def checks(**words: str) -> list[MetricCheck]:
    return [MetricCheck(key=key, recorded=1.0, replayed=2.0, outcome=word) for key, word in words.items()]


def test_the_worst_metric_gives_the_verdict():
    assert verdict_of(checks(a="exact", b="timer")) == "reproduced"
    assert verdict_of(checks(a="exact", b="close")) == "within_tolerance"
    assert verdict_of(checks(a="close", b="different")) == "diverged"
    assert verdict_of(checks(a="exact", b="missing")) == "diverged"


def test_where_only_times_were_measured_nothing_was_reproduced():
    assert verdict_of(checks(elapsed="timer")) == "diverged"
    assert verdict_of([]) == "diverged"


@pytest.mark.parametrize(
    ("source", "metric"),
    [
        ("t0 = time.time()\nfit()\ntook = time.time() - t0", "took"),
        ("t0 = time.perf_counter()\nfit()\nt1 = time.perf_counter()\nms = round((t1 - t0) * 1000, 1)", "ms"),
        ("start = perf_counter()\nfit()\nwall = perf_counter() - start\nper_row = wall / 100", "per_row"),
        ("t0 = time.time()\nfit()\nnbtrack.log_metric('cost', time.time() - t0)", "cost"),
        ("with nbtrack.start_run():\n    a = time.time()\n    fit()\n    b = time.time() - a", "b"),
        ("scores = cross_validate(model, X, y)", "scores.fit_time"),
        ("from time import time\nt0 = time()\nfit()\nwall = time() - t0", "wall"),
        ("import time as t\nt0 = t.time()\nfit()\nwall = t.time() - t0", "wall"),
        ("t0 = dt.datetime.now()\nfit()\nwall = (dt.datetime.now() - t0).total_seconds()", "wall"),
    ],
)
def test_a_duration_is_known_by_the_code_that_measures_it(source, metric):
    assert timers_of([metric, "accuracy"], [source]) == {metric}


@pytest.mark.parametrize(
    "source",
    [
        "t = stats.ttest_ind(a, b).statistic",
        "now = time.time()\nt = model.predict(now % 24)",
        "t0 = time.time()\nt = score()\nprint(time.time() - t0)",
        "t0 = time.time()\nt = train(model, budget_s=time.time() - t0)",
        "t0 = time.time()\nt = train(model, time.time() - t0)",
        "t = (",
    ],
)
def test_what_is_no_duration_counts(source):
    assert timers_of(["t"], [source]) == frozenset()


def test_a_duration_may_begin_in_another_cell():
    sources = ["from time import time\nbegin = time()", "wall = time() - begin"]
    assert timers_of(["wall"], sources) == {"wall"}
    # There the names stand for times, and in the last cell for something else.
    assert timers_of(["wall"], ["begin = end = time.time()", "begin, end = 3, 5\nwall = end - begin"]) == frozenset()
    assert timers_of(["wall"], ["wall = time.time() - time.time()", "wall = model.score(X, y)"]) == frozenset()


@pytest.mark.parametrize(
    ("source", "measured"),
    [
        ("t0 = time.time()\nresult = {'acc': f(x), 'took': time.time() - t0}", {"result.took"}),
        ("t0 = time.time()\nscore, took = f(x), time.time() - t0", {"took"}),
        ("t0 = time.time()\ntook = time.time() - t0\nscore = judge(model, took)", {"took"}),
        ("t0 = time.time()\ntook = time.time() - t0\nrate = n / round(took, 3)", {"took", "rate"}),
    ],
)
def test_what_is_measured_beside_a_time_is_no_time(source, measured):
    assert timers_of(["result.acc", "result.took", "score", "took", "rate"], [source], 0.0) - {"took"} == measured - {
        "took"
    }


@pytest.mark.parametrize(
    ("key", "value", "may_be"),
    [
        ("fit_time", 0.5, True),
        ("fit_time", 3.9, True),
        ("survival_time", 40.0, False),
        ("train_time_s", 1.0, True),
        ("fit_seconds_mean", 1.0, True),
        ("real_time_accuracy", 0.9, False),
        ("time_score", 0.9, False),
        ("time_to_failure", -1.0, False),
        ("latency_ms", 1500.0, True),
        ("latency", 1500.0, False),
        ("runtime", math.nan, False),
    ],
)
def test_no_longer_time_than_the_cells_took_can_have_been_measured(key, value, may_be):
    assert timers_of({key: value}, ["pass"], 2.0) == ({key} if may_be else set())


def test_replays_are_compared_bit_for_bit():
    first = Outcome(metrics={"a": 1.0, "b": math.nan, "time": 3.0})
    assert differing(first, Outcome(metrics={"a": 1.0, "b": math.nan, "time": 4.0}), ["time"]) == []
    assert differing(first, Outcome(metrics={"a": 1.0 + 1e-15, "time": 3.0})) == ["a", "b"]
    curved = replace(first, curves={"a": ([0, 1], [2.0, 1.0])})
    assert differing(curved, replace(first, curves={"a": ([0, 1], [3.0, 1.0])})) == ["a"]


# --- reasons ----------------------------------------------------------------------------------------------------


def evidence(
    found: RunRecord, *replays: Outcome, files: tuple[ReadFile, ...] = (), packages: tuple[Package, ...] = ()
) -> Evidence:
    return Evidence(
        record=found,
        executions=found.provenance.slice,
        checks=check_metrics(found.data.metrics, {}, replays[0], 1e-9),
        replays=replays,
        files=files,
        packages=packages,
    )


def labels(found: Evidence) -> list[str]:
    return [reason.label for reason in reasons_of(found)]


CHANGED = ReadFile("/home/ada/work/data.csv", 1, "old", "new")
SAME = ReadFile("/home/ada/work/data.csv", 1, "old", "old")
A, B, C = (Outcome(metrics={"accuracy": value}) for value in (0.8, 0.7, 0.9))


def test_what_differs_from_replay_to_replay_comes_of_the_generator_that_nobody_seeded():
    found = record(execution(1), hazards=(hazard("unseeded_rng", ("np.random.default_rng",), (1,)),))
    (reason,) = reasons_of(evidence(found, A, B, files=(CHANGED,)))
    assert reason.label == "unseeded_rng"
    assert reason.executions == (1,)
    assert "0.8, 0.7" in reason.evidence[0]


def test_without_a_hazard_it_is_only_known_to_be_not_deterministic():
    assert labels(evidence(record(execution(1)), A, B)) == ["nondeterministic"]


def test_a_global_generator_whose_state_was_put_back_is_not_blamed():
    drawn = hazard("unseeded_rng", ("NumPy's global generator",), (2,))
    found = record(execution(1), execution(2, run_id="f" * 32), hazards=(drawn,))
    from nbtrack.provenance.streams import STREAMS, title

    assert drawn.names[0] in {title(stream) for stream in STREAMS}
    assert labels(evidence(found, A, B)) == ["nondeterministic"]


def test_replays_that_agree_blame_what_has_changed_and_not_chance():
    found = record(execution(1), hazards=(hazard("unseeded_rng", ("np.random.default_rng",), (1,)),))
    assert labels(evidence(found, A, A, files=(CHANGED,)))[0] == "data_changed"
    assert labels(evidence(found, A, A, files=(SAME,))) == ["unseeded_rng"]


def test_chance_seen_in_what_a_cell_read_counts_where_a_coarse_metric_agrees():
    first, second = (replace(A, trail=({}, {"X": digest})) for digest in ("1", "2"))
    found = record(execution(1), execution(2), hazards=(hazard("unseeded_rng", ("np.random.default_rng",), (1,)),))
    assert labels(evidence(found, first, second)) == ["unseeded_rng"]


def test_a_changed_file_comes_before_what_cells_read_otherwise_each_time_where_the_metrics_agree():
    first, second = (replace(A, trail=({"t0": digest},)) for digest in ("1", "2"))
    assert labels(evidence(record(execution(1)), first, second, files=(CHANGED,))) == ["data_changed"]
    assert labels(evidence(record(execution(1)), first, second)) == ["nondeterministic"]
    harmless = record(execution(1), hazards=(hazard("unseeded_rng", ("np.random.default_rng",), (1,)),))
    assert labels(evidence(harmless, first, second, files=(CHANGED,))) == ["data_changed", "unseeded_rng"]


def test_replays_that_differ_in_the_last_bits_alone_do_not_explain_a_large_difference():
    found = replace(evidence(record(execution(1)), A, Outcome(metrics={"accuracy": 0.8 + 1e-16})), files=(CHANGED,))
    assert labels(replace(found, rtol=1e-9)) == ["data_changed"]


def test_data_modules_and_packages_are_told_apart():
    found = record(execution(1))
    module = ReadFile("/home/ada/work/helper.py", 1, "old", "new")
    package = Package("scikit-learn", "1.5.0", "1.6.0")
    assert labels(evidence(found, A, A, files=(CHANGED,))) == ["data_changed"]
    assert labels(evidence(found, A, A, files=(module,))) == ["module_changed"]
    assert labels(evidence(found, A, A, packages=(package,))) == ["package_changed"]
    assert labels(evidence(found, A, A, packages=(replace(package, present="1.5.0"),))) == ["unknown"]


def test_a_module_of_a_package_that_has_another_version_is_no_module_that_changed():
    module = ReadFile("/home/ada/mylib/src/my_lib/fit.py", 1, "old", "new")
    package = Package("my-lib", "1.0", "2.0")
    found = record(execution(1))
    assert labels(evidence(found, A, A, files=(module,), packages=(package,))) == ["package_changed"]
    assert labels(evidence(found, A, A, files=(CHANGED, module), packages=(package,))) == [
        "data_changed",
        "package_changed",
    ]
    assert labels(evidence(found, A, A, files=(module,), packages=(replace(package, present="1.0"),))) == [
        "module_changed"
    ]


def test_an_interrupted_cell_and_the_clock_are_reasons():
    stopped = record(execution(1, outcome="interrupted"))
    assert labels(evidence(stopped, A, A)) == ["partial_execution"]
    assert labels(evidence(stopped, A, B)) == ["partial_execution"]
    clock = record(execution(1), hazards=(hazard("volatile_input", ("time.time",), (1,)),))
    assert labels(evidence(clock, A, B)) == ["volatile_input"]
    assert labels(evidence(clock, A, A)) == ["volatile_input"]


def test_a_file_that_a_cell_began_with_and_changed_itself_is_a_reason():
    name = f"file:{SAME.path}"
    appending = record(execution(1, reads=(name,), binds=(name,)), execution(2, reads=(name,)))
    (reason,) = reasons_of(evidence(appending, A, A, files=(SAME,)))
    assert (reason.label, reason.names, reason.executions) == ("data_changed", (SAME.path,), (1,))
    assert "itself changed data.csv" in reason.sentence
    reading = record(execution(1, reads=(name,)))
    assert labels(evidence(reading, A, A, files=(SAME,))) == ["unknown"]


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("import numpy as np\nnp.save('w.npy', np.random.default_rng().normal(size=3))", "unseeded_rng"),
        ("import numpy as np\nnp.save('w.npy', np.random.normal(size=3))", "unseeded_rng"),
        ("import time\nopen('w.txt', 'w').write(str(int(time.time())))", "volatile_input"),
        ("import numpy as np\nnp.save('w.npy', np.random.default_rng(0).normal(size=3))", "nondeterministic"),
    ],
)
def test_a_cell_that_keeps_what_it_draws_in_a_file_is_known_by_its_code(source, label):
    assert labels(evidence(record(execution(1, source)), A, B)) == [label]


def test_environment_variables_and_addresses_are_reasons_where_nothing_else_is(monkeypatch):
    monkeypatch.delenv("LEARNING_RATE", raising=False)
    asked = record(execution(1, "lr = float(os.environ.get('LEARNING_RATE', 0.1))"))
    (reason,) = reasons_of(evidence(asked, A, A))
    assert (reason.label, reason.names) == ("environment", ("LEARNING_RATE",))
    assert "not set" in reason.evidence[0]
    fetched = record(execution(1, "df = pd.read_csv('https://example.org/x.csv')"))
    assert [reason.names for reason in reasons_of(evidence(fetched, A, A))] == [("https://example.org/x.csv",)]


def test_another_machine_is_a_reason():
    found = record(execution(1), python="3.11.1", machine="x86_64")
    here = replace(A, facts={"python": "3.12.0", "machine": "x86_64"})
    (reason,) = reasons_of(evidence(found, here, here))
    assert (reason.label, reason.names) == ("environment", ("Python",))


def test_a_module_that_draws_by_itself_is_named(tmp_path):
    module = tmp_path / "noise.py"
    module.write_text("import numpy as np\ndef noise():\n    return np.random.default_rng().normal()\n")
    file = ReadFile(str(module), 1, "same", "same")
    (reason,) = reasons_of(evidence(record(execution(1)), A, B, files=(file,)))
    assert reason.label == "unseeded_rng"
    assert "noise.py" in reason.sentence


def test_the_first_step_that_read_something_else_is_found():
    then = (execution(1, digests={"df": "1"}), execution(2, digests={"df": "1", "X": "2", "gone": "3"}))
    now = replace(A, trail=({"df": "1"}, {"df": "1", "X": "other", "new": "4"}))
    way = Way.of(evidence(record(*then), now))
    assert (way.step, way.names, way.compared) == (1, ("X",), 3)
    assert "In[2]" in way.told(then)[0]


# --- before anything runs ---------------------------------------------------------------------------------------


def test_files_that_the_slice_makes_itself_are_not_asked_for(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a")
    digest = file_digest(str(data), None)
    made, gone = str(tmp_path / "made.csv"), str(tmp_path / "gone.csv")
    cells = (
        execution(1, binds=(f"file:{made}",)),
        execution(2, reads=(f"file:{made}", f"file:{data}", f"file:{gone}"), digests={f"file:{data}": digest or ""}),
    )
    found = files_read(cells, recipe(1, 2))
    assert [(file.path, file.is_missing, file.is_changed) for file in found] == [
        (str(data), False, False),
        (gone, True, False),
    ]
    data.write_text("b")
    assert files_read(cells, recipe(1, 2))[0].is_changed


def test_packages_that_are_imported_and_not_installed_are_missing():
    cells = (execution(1, "import sklearn.linear_model\nfrom nowhere import x\nimport pandas as pd"),)
    versions = {"scikit-learn": "0.1", "nowhere": "1.0", "pandas": pd.__version__, "torch": "2.0"}
    found = {package.name: package for package in packages_imported(record(packages=versions), cells)}
    assert set(found) == {"scikit-learn", "nowhere", "pandas"}
    assert found["nowhere"].present is None
    assert found["pandas"].present == pd.__version__
    reason = lacking_reasons([], list(found.values()))[0]
    assert reason.label == "missing_package"
    assert "pip install nowhere==1.0" in reason.sentence


def test_variables_that_a_cell_sets_itself_are_none_of_the_surroundings():
    cells = (
        execution(1, "os.environ['A'] = '1'\nb = os.environ[\"B\"]"),
        execution(2, "a = os.getenv('A')\nc = os.environ.get('C')"),
    )
    assert variables_read(cells) == ("B", "C")


def test_files_that_the_code_names_are_known_to_be_newer(tmp_path):
    data, model, other = (tmp_path / name for name in ("x.parquet", "m.bin", "y.parquet"))
    for file in (data, model, other):
        file.write_text("x")
    os.utime(other, (1.0, 1.0))
    cells = (execution(1, "a = read('x.parquet', 'y.parquet', 'nothing', '')\nsave('m.bin')", folder=str(tmp_path)),)
    assert named_since(cells, recipe(1, absent=(str(model),)), 1_000.0) == [str(data)]


def test_folders_that_the_code_lists_are_known_to_be_newer(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "9.txt").write_text("x")
    listing = execution(1, "import os\nn = len(os.listdir('parts')) + len(os.listdir('.'))", folder=str(tmp_path))
    assert named_since((listing,), recipe(1), 1_000.0) == [str(parts)]
    globbing = execution(1, "import glob\nfound = glob.glob('parts/*.txt')", folder=str(tmp_path))
    assert named_since((globbing,), recipe(1), 1_000.0) == [str(parts / "9.txt")]
    saving = execution(1, "model.save('parts')", folder=str(tmp_path))
    assert named_since((saving,), recipe(1), 1_000.0) == []


# --- words ------------------------------------------------------------------------------------------------------


def made(key: str, old: float, new: float | None, word: Any) -> MetricCheck:
    return MetricCheck(key=key, recorded=old, replayed=new, outcome=word)


@pytest.mark.parametrize(
    ("verdict", "found", "words"),
    [
        ("reproduced", [made("a", 1, 1, "exact")], "reproduced: a came back bit for bit from 1 cell."),
        (
            "reproduced",
            [made("a", 1, 1, "exact"), made("b", 1, 1, "exact"), made("took", 1, 2, "timer")],
            "reproduced: all 2 metrics came back bit for bit from 1 cell. Not compared: took, which measures time.",
        ),
        ("within_tolerance", [made("a", 1.0, 1.0 + 1e-12, "close")], "differs by at most 1e-12 of its value."),
        ("diverged", [made("a", 0.5, 0.25, "different")], "diverged: a 0.5 → 0.25."),
        ("diverged", [made("a", 0.5, None, "missing")], "a was 0.5 and is missing"),
        ("diverged", [made("a", 0.5, 0.5, "different")], "ends at the same 0.5, but not its points before"),
        ("diverged", [made("a", 0.1, 0.1 + 1e-8, "different")], "a 0.1 → 0.10000001"),
        ("diverged", [made("t", 1, 2, "timer")], "nothing but measured times could be compared"),
        (
            "diverged",
            [made("a", 1, 1, "exact"), *(made(key, 1, 2, "different") for key in "bcdef")],
            "b 1 → 2, c 1 → 2, d 1 → 2 and 2 more. 1 of 6 metrics came back.",
        ),
    ],
)
def test_a_verdict_is_said_in_words(verdict, found, words):
    assert words in sentence_of(verdict, found, 1)


def test_a_number_that_came_back_says_what_else_to_know():
    stale = record(hazards=(hazard("stale_input"),))
    assert "stale_input" in notes_of(stale, "reproduced")[0]
    assert "put back" in notes_of(record(hazards=(hazard("unseeded_rng"),)), "reproduced")[0]
    assert notes_of(stale, "diverged") == ()
    assert notes_of(record(hazards=(hazard("mutates_own_input"),)), "reproduced") == ()


def test_what_could_not_run_names_the_cell_and_what_may_be_behind_it(monkeypatch):
    monkeypatch.delenv("LR", raising=False)
    failure = Failure(kind="error", message="In[4] raised KeyError: 'b'", execution_count=4, error="KeyError")
    found = could_not_run(failure, [CHANGED], [Package("pandas", "1", "2")], ["LR"])
    assert [reason.label for reason in found] == ["error", "environment", "data_changed", "package_changed"]
    assert found[0].executions == (4,)
    assert lacking_reasons([ReadFile("/x/gone.csv", 3, "a", None)], [])[0].names == ("/x/gone.csv",)


# --- slices that are too small ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", [{3}, {1, 7}, {2, 3, 4}, set(range(1, 9))])
def test_the_executions_that_a_slice_lacks_are_found(lacking):
    asked = []

    def gives(candidate: Recipe) -> bool:
        asked.append(candidate)
        return lacking <= {step.sequence for step in candidate.steps}

    found = widened(recipe(0, 9), recipe(*range(10)), gives)
    inside = {step.sequence for step in found.steps}
    assert lacking | {0, 9} <= inside
    assert len(asked) <= MOST_REPLAYS
    assert [step.sequence for step in found.steps] == sorted(inside)
    if len(lacking) == 1:
        assert inside == lacking | {0, 9}


def test_widening_never_loses_what_gives_the_metrics():
    rng = random.Random(0)
    for _ in range(200):
        size = rng.randint(2, 40)
        narrow = sorted({0, size, *rng.sample(range(size), rng.randint(0, size // 2))})
        lacking = set(rng.sample(range(size), rng.randint(1, min(5, size))))
        found = widened(
            recipe(*narrow),
            recipe(*range(size + 1)),
            lambda candidate, lacking=lacking: lacking <= {step.sequence for step in candidate.steps},
        )
        assert lacking | set(narrow) <= {step.sequence for step in found.steps}


# --- moved folders ----------------------------------------------------------------------------------------------


def test_a_folder_that_was_moved_is_found_with_its_files(tmp_path):
    (tmp_path / "clone" / "notebooks").mkdir(parents=True)
    (tmp_path / "clone" / "data.csv").write_text("a")
    old = "/nowhere/ada/project"
    cells = (
        execution(
            1,
            folder=f"{old}/notebooks",
            reads=(f"file:{old}/data.csv", "df", "file:/etc/hosts"),
            digests={f"file:{old}/data.csv": "1", "df": "2"},
        ),
    )
    move = move_of(cells, tmp_path / "clone")
    assert move is not None
    moved = move.execution(cells[0])
    assert moved.folder == str(tmp_path / "clone" / "notebooks")
    assert moved.reads == (f"file:{tmp_path / 'clone' / 'data.csv'}", "df", "file:/etc/hosts")
    assert moved.digests == {f"file:{tmp_path / 'clone' / 'data.csv'}": "1", "df": "2"}


def test_a_folder_that_is_still_there_is_left_alone(tmp_path):
    assert move_of((execution(1, folder=str(tmp_path)),), Path("/elsewhere")) is None
    assert move_of((execution(1),), Path("/elsewhere")) is None
