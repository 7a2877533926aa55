"""Reruns, replications and explanations of recorded runs: their logic without kernels, and a few with real ones."""

from __future__ import annotations

import pickle
import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.errors import InputError, ReplayError, RunNotFoundError
from nbtrack.replay import rerun
from nbtrack.replay.engine import crowd
from nbtrack.replay.outcome import Failure, Outcome
from nbtrack.replay.verdict import verify
from nbtrack.store.store import open_store
from nbtrack.store.wholerun import WholeRun

DATA = "import numpy as np\nSEED = {seed}\nX = np.random.default_rng(SEED).normal(size=50)"
CENTRED = "X = X - X.mean()"
SCORE = "%%track {name}\nC = {C}\nk = {k}\nscore = float((X ** k).sum() * C)"


def score(seed: int, *, C: float = 1.0, k: int = 2, noise: float = 0.0) -> float:
    X = np.random.default_rng(seed).normal(size=50)
    X = X - X.mean()
    return float((X**k).sum() * C) + noise


@pytest.fixture
def baseline(shell: Any) -> Any:
    for cell in (DATA.format(seed=3), CENTRED, SCORE.format(name="baseline", C=1.0, k=2)):
        assert shell.run(cell).success
    return shell


class World:
    """Stands in for kernels: plays recipes in this process."""

    def __init__(self) -> None:
        self.played: list[Any] = []
        self.fails: list[str] = []
        self.lock = threading.Lock()

    def play(
        self, recipe: Any, *, timeout_s: Any = None, into: Any = None, watch: Any = None, cancelled: Any = None
    ) -> Outcome:
        with self.lock:
            self.played.append(recipe)
            names: dict[str, Any] = {}
            try:
                for step in recipe.steps:
                    if step.tracked is not None and step.tracked.seed is not None:
                        random.seed(step.tracked.seed)
                    lines = [line for line in step.source.split("\n") if not line.startswith("%")]
                    exec("\n".join(lines), names)
                for word in self.fails:
                    if any(word in step.source for step in recipe.steps):
                        raise ValueError(word)
            except Exception as error:
                message = f"In[{step.execution_count}] raised {type(error).__name__}: {error}"
                return Outcome(failure=Failure(kind="error", message=message))
            metrics = {key: float(names[key]) for key in ("score", "loss") if key in names}
            run_id = None
            if into is not None:
                run = WholeRun(
                    open_store(Path(into.store)),
                    experiment=recipe.experiment,
                    name=into.run_name,
                    parent=into.parent_run_id,
                    tags=into.tags,
                )
                run.end(metrics=metrics)
                run_id = run.run_id
            return Outcome(metrics=metrics, run_id=run_id)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    monkeypatch.setattr(crowd, "play", found.play)
    monkeypatch.setattr(rerun, "play", found.play)
    return found


# --- reruns -----------------------------------------------------------------------------------------------------------


def test_a_rerun_is_a_new_run_with_the_other_param(baseline: Any, world: World) -> None:
    made = nbtrack.rerun("baseline", C=0.5, k=4)
    assert made.metrics == {"score": score(3, C=0.5, k=4)}
    assert made.info.run_name == "baseline-rerun"
    assert made.info.parent_run_id == nbtrack.get_run("baseline").info.run_id
    assert made.tags == {"nbtrack.rerun_of": made.info.parent_run_id}
    assert nbtrack.get_run("baseline").metrics == {"score": score(3)}
    assert nbtrack.get_run("baseline").rerun({"SEED": 5}).metrics == {"score": score(5)}


def test_a_seed_that_is_no_param_is_set_everywhere(baseline: Any, world: World) -> None:
    assert nbtrack.rerun("baseline", seed=9, name="other").metrics == {"score": score(9)}
    assert nbtrack.get_run("other").metrics == {"score": score(9)}


def test_what_cannot_be_rerun_is_said_before_anything_runs(baseline: Any, world: World) -> None:
    with pytest.raises(InputError, match=r"no param 'D'. Params that can be set: "):
        nbtrack.rerun("baseline", D=1)
    with pytest.raises(RunNotFoundError):
        nbtrack.rerun("nobody", C=1)
    with pytest.raises(InputError, match="name is empty"):
        nbtrack.rerun("baseline", C=1, name=" ")
    assert world.played == []


def test_a_rerun_that_fails_says_where(baseline: Any, world: World) -> None:
    with pytest.raises(ReplayError, match=r"the rerun of run 'baseline' did not come to its end: In\[4\] raised"):
        nbtrack.rerun("baseline", C="word")


def test_missing_files_are_named_first(shell: Any, world: World) -> None:
    Path("data.txt").write_text("3")
    assert shell.run("from pathlib import Path").success
    assert shell.run("%%track reading\nC = 2\nscore = float(Path('data.txt').read_text()) * C").success
    Path("data.txt").unlink()
    with pytest.raises(ReplayError, match=r"run 'reading' could not run: .*data\.txt"):
        nbtrack.rerun("reading", C=3)
    assert world.played == []


# --- replications -----------------------------------------------------------------------------------------------------


class Pickling:
    """An executor to which everything travels as it does to another process."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(2)

    def submit(self, fn: Any, /, *args: Any) -> Future[Any]:
        sent = pickle.dumps((fn.__module__, fn.__qualname__, args))
        return self.pool.submit(lambda: pickle.loads(pickle.dumps(fn(*pickle.loads(sent)[2]))))


def test_a_replication_says_how_far_a_number_is_luck(baseline: Any, world: World) -> None:
    seen: list[tuple[int, int]] = []
    found = nbtrack.replicate("baseline", seeds=6, workers=2, watch=lambda *counts: seen.append(counts))
    seeds = [0, 1, 2, 4, 5, 6]
    assert [replicate.seed for replicate in found.replicates] == seeds
    assert {replicate.seed: replicate.metrics["score"] for replicate in found.replicates} == {
        seed: score(seed) for seed in seeds
    }
    (metric,) = found.metrics
    assert metric.mean == pytest.approx(np.mean([score(seed) for seed in seeds]))
    assert metric.sd == pytest.approx(np.std([score(seed) for seed in seeds], ddof=1))
    assert metric.original == score(3)
    assert seen[-1] == (6, 6)
    parent = nbtrack.get_run(found.parent_run_id)
    assert (parent.info.run_name, parent.info.status) == ("baseline-seeds", "finished")
    assert parent.metrics["score.mean"] == pytest.approx(metric.mean)
    children = parent.store.children(found.parent_run_id)
    assert sorted(child.info.run_name for child in children) == sorted(f"baseline-seed-{seed}" for seed in seeds)
    assert found.seeding == ("Varied: SEED = 3 in In[2].",)


def test_replays_under_other_seeds_are_no_bar_for_other_runs(baseline: Any, world: World) -> None:
    nbtrack.replicate("baseline", seeds=8, workers=1)
    ranges = open_store(Path.cwd() / ".nbtrack").metric_ranges("Default")
    assert (ranges["score"].minimum, ranges["score"].maximum, ranges["score"].previous) == (score(3),) * 3
    assert "baseline-seed-" not in str(baseline.run("%nbtrack best score --highest").result)


def test_any_executor_with_submit_will_do(baseline: Any, world: World) -> None:
    found = nbtrack.get_run("baseline").replicate(seeds=[7, 8], executor=Pickling())
    assert [replicate.metrics["score"] for replicate in found.replicates] == [score(7), score(8)]


def test_replays_that_fail_are_told_and_not_fatal(baseline: Any, world: World) -> None:
    world.fails = ["SEED = 1\n"]
    found = nbtrack.replicate("baseline", seeds=[1, 2, 4], workers=1)
    assert len(found.good) == 2
    assert "1 of 3 replays failed, as seed 1: In[4] raised ValueError" in str(found)
    world.fails = ["SEED"]
    with pytest.raises(ReplayError, match="0 of 2 replays of run 'baseline' came to their end"):
        nbtrack.replicate("baseline", seeds=2, workers=1)
    assert nbtrack.runs("name = 'baseline-seeds'")["status"].tolist() == ["failed", "finished"]


def test_an_interrupt_keeps_what_is_done(baseline: Any, world: World) -> None:
    def watch(done: int, total: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    found = nbtrack.replicate("baseline", seeds=500, workers=1, watch=watch)
    assert found.interrupted
    assert 2 <= len(found.replicates) < 500
    assert nbtrack.get_run(found.parent_run_id).info.status == "interrupted"

    def at_once(done: int, total: int) -> None:
        raise KeyboardInterrupt

    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(KeyboardInterrupt):
        nbtrack.replicate("baseline", seeds=500, workers=1, watch=at_once, cancelled=cancelled)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": 1}, "seeds is 1; accepted: 2 to 10000"),
        ({"seeds": [1]}, "2 to 10000 different ones"),
        ({"seeds": [1, 1]}, "different ones"),
        ({"seeds": [1, -1]}, "seed is -1"),
        ({"seeds": "abc"}, "accepted: how many of them"),
        ({"seeds": True}, "accepted: how many of them"),
        ({"workers": 0}, "workers is 0"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"executor": object()}, r"anything with submit\(\)"),
    ],
)
def test_options_that_are_none(baseline: Any, world: World, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        nbtrack.replicate("baseline", **options)
    assert world.played == []
    assert nbtrack.runs("name = 'baseline-seeds'").empty


def test_times_are_left_out(shell: Any, world: World) -> None:
    assert shell.run(
        "%%track timed\nimport time, random\nrandom.seed(1)\nscore = random.random()\ntook = time.time() - 5.0"
    ).success
    assert [metric.key for metric in nbtrack.replicate("timed", seeds=2).metrics] == ["score"]


def test_a_run_without_metrics_has_nothing_to_replicate(shell: Any, world: World) -> None:
    assert shell.run("%%track empty\nC = 1").success
    with pytest.raises(InputError, match="no metrics beside times"):
        nbtrack.replicate("empty")


# --- comparisons ------------------------------------------------------------------------------------------------------


def test_a_comparison_says_whether_a_difference_is_seed_noise(baseline: Any, world: World) -> None:
    assert baseline.run(SCORE.format(name="second", C=1.5, k=2)).success
    found = nbtrack.compare("baseline", "second", replicate=8, workers=2)
    assert found.replication is not None
    (test,) = found.replication.tests
    assert (test.paired, test.verdict, test.n) == (True, "likely real", 8)
    seeds = [0, 1, 2, 4, 5, 6, 7, 8]
    assert test.difference == pytest.approx(np.mean([score(seed, C=1.5) - score(seed) for seed in seeds]))
    assert "Under other seeds:" in str(found)
    assert found.to_dict()["replication"]["tests"][0]["verdict"] == "likely real"
    assert nbtrack.compare("baseline", "second").replication is None
    with pytest.raises(InputError, match="more than two runs"):
        nbtrack.compare("baseline", "second", found.replication.a.parent_run_id, replicate=3)


# --- explanations -----------------------------------------------------------------------------------------------------


def effects(found: Any) -> dict[str, float]:
    return {words: values[0] for words, values, _ in found.rows()}


def test_each_change_is_tried_alone(baseline: Any, world: World) -> None:
    assert baseline.run("noise = 0.5").success
    cell = SCORE.format(name="second", C=3.0, k=2).replace("* C)", "* C) + noise")
    assert baseline.run(cell).success
    found = nbtrack.explain("baseline", "second", workers=2)
    assert [(change.kind, change.key) for change in found.changes] == [("param", "C"), ("code", "In[4] → In[6]")]
    base = score(3)
    assert effects(found) == pytest.approx(
        {
            "C: 1.0 → 3.0": score(3, C=3.0) - base,
            "In[4] → In[6]: with + noise, with In[5] added": 0.5,
            "all together": score(3, C=3.0, noise=0.5) - base,
        }
    )
    assert found.adds_up("score")
    assert found.reached("score")
    assert "C: 1.0 → 3.0 makes" in found.sentences[0]
    assert found.replays == len(world.played) == 4
    assert nbtrack.runs().shape[0] == 2


def test_effects_that_do_not_add_up_are_tried_in_pairs(baseline: Any, world: World) -> None:
    for cell in (DATA.format(seed=4), CENTRED, SCORE.format(name="second", C=9.0, k=4)):
        assert baseline.run(cell).success
    found = nbtrack.explain("baseline", "second", workers=1)
    assert {change.key for change in found.changes} == {"C", "k", "seed"}
    tried = [trial.changes for trial in found.trials]
    assert tried[:5] == [(), (0, 1, 2), (0,), (1,), (2,)]
    assert set(tried[5:]) == {(0, 1), (0, 2), (1, 2)}
    assert "together give" in found.sentences[0]
    assert not found.untried


def test_seeds_and_the_order_of_cells_are_changes(shell: Any, world: World) -> None:
    for seed in (1, 2):
        assert shell.run(f"%%track run{seed} --seed {seed}\nimport random\nscore = random.random()").success
    found = nbtrack.explain("run1", "run2")
    assert [change.words for change in found.changes] == ["--seed 1 → --seed 2"]
    assert found.reached("score")
    for number, cells in enumerate(
        (["a = 2", "b = 3", "a = a * 2", "a = a + b"], ["a = 2", "b = 3", "a = a + b", "a = a * 2"])
    ):
        for cell in (*cells, f"%%track order{number}\nscore = float(a) * 1.5"):
            assert shell.run(cell).success
    found = nbtrack.explain("order0", "order1")
    assert [change.kind for change in found.changes] == ["order"]
    assert found.reached("score")


def test_seeds_in_the_code_are_one_change(shell: Any, world: World) -> None:
    for name, seed in (("first", 1), ("second", 2)):
        cell = f"%%track {name}\nimport random\nrandom.seed({seed})\nscore = random.random()"
        assert shell.run(cell).success
    found = nbtrack.explain("first", "second")
    assert [(change.kind, change.words) for change in found.changes] == [("seed", "the seeds in the code")]


def test_the_budget_is_kept_and_what_it_leaves_out_is_told(baseline: Any, world: World) -> None:
    for cell in (DATA.format(seed=4), CENTRED, SCORE.format(name="second", C=3.0, k=4)):
        assert baseline.run(cell).success
    found = nbtrack.explain("baseline", "second", budget=3, workers=1)
    assert found.replays == len(world.played) == 3
    assert found.untried[:2] == ("k", "seed")
    assert "Not tried, for the budget: k, seed" in " ".join(str(found).split())
    assert nbtrack.explain("baseline", "second", budget="0.000001s", workers=1).replays == 2
    for budget in (1, "soon", -3, True, "0s", 2.5):
        with pytest.raises(InputError, match="accepted: a number of replays from 2"):
            nbtrack.explain("baseline", "second", budget=budget)


def test_a_baseline_that_does_not_come_back_is_said(baseline: Any, world: World) -> None:
    assert baseline.run(SCORE.format(name="second", C=3.0, k=2)).success
    world.fails = ["C = 1.0"]
    with pytest.raises(ReplayError, match="the baseline, run 'baseline', could not be replayed"):
        nbtrack.explain("baseline", "second")
    store = open_store(Path.cwd() / ".nbtrack")
    store.append_point(nbtrack.get_run("baseline").info.run_id, "score", 1, 2**50, 123.0)
    world.fails = []
    with pytest.raises(ReplayError, match=r"does not come back.*in the replay and 123 in the run"):
        nbtrack.explain("baseline", "second")


def test_nothing_to_explain(baseline: Any, world: World) -> None:
    assert baseline.run(SCORE.format(name="same", C=1.0, k=2)).success
    with pytest.raises(InputError, match="no metric of theirs differs"):
        nbtrack.explain("baseline", "same")
    assert baseline.run("%%track other\nloss = float(X.sum())").success
    with pytest.raises(InputError, match="no metric in common"):
        nbtrack.explain("baseline", "other")


# --- faces ------------------------------------------------------------------------------------------------------------


def test_the_verbs(baseline: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert baseline.run(SCORE.format(name="second", C=3.0, k=2)).success
    assert baseline.run("%nbtrack rerun baseline C=0.5 --name half").success
    assert f"half ({nbtrack.get_run('half').info.run_id[:8]}) from baseline" in baseline.cards[-1]
    assert baseline.run("%nbtrack replicate baseline --seeds 2").success
    assert "baseline" in baseline.cards[-1]
    assert "under 2 other seeds" in baseline.cards[-1]
    assert baseline.run("%nbtrack explain baseline second").success
    assert "C: 1.0 → 3.0" in baseline.cards[-1]
    assert baseline.run("%nbtrack compare baseline second --replicate 2").success
    assert "Under other seeds" in baseline.cards[-1]
    capsys.readouterr()


def test_the_commands(baseline: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert baseline.run(SCORE.format(name="second", C=3.0, k=2)).success
    capsys.readouterr()
    assert main(["rerun", "baseline", "-p", "C=0.5", "--name", "half"]) == 0
    assert "half" in capsys.readouterr().out
    assert nbtrack.get_run("half").metrics == {"score": score(3, C=0.5)}
    assert main(["rerun", "baseline", "-p", "C=0.5", "--json"]) == 0
    assert '"params"' in capsys.readouterr().out
    assert main(["rerun", "baseline", "-p", "C"]) == 1
    assert "accepted: NAME=VALUE" in capsys.readouterr().err
    assert main(["replicate", "baseline", "--seeds", "5,6"]) == 0
    assert "under 2 other seeds" in capsys.readouterr().out
    assert main(["replicate", "baseline", "--seeds", "many"]) == 1
    assert "as 1,2,3 or 0-9" in capsys.readouterr().err
    assert main(["explain", "baseline", "second", "--json"]) == 0
    assert '"C: 1.0 \\u2192 3.0"' in capsys.readouterr().out.replace("→", "\\u2192")
    assert main(["compare", "baseline", "second", "--replicate", "2"]) == 0
    assert "too few seeds to say" in capsys.readouterr().out


# --- real kernels -----------------------------------------------------------------------------------------------------


def test_a_rerun_in_a_real_kernel(baseline: Any) -> None:
    made = nbtrack.rerun("baseline", C=0.5, k=3)
    assert made.metrics == {"score": score(3, C=0.5, k=3)}
    assert (made.params["C"], made.params["k"], made.info.status) == (0.5, 3, "finished")
    assert made.info.parent_run_id == nbtrack.get_run("baseline").info.run_id
    assert [execution.source for execution in made.slice()][-1].startswith("C = 0.5\nk = 3\n")
    assert baseline["C"] == 1.0


@pytest.mark.parametrize(("value", "replays"), [("recorded", 1), ("other", 3)])
def test_what_comes_back_from_other_values_is_replayed_again(
    shell: Any, monkeypatch: pytest.MonkeyPatch, value: str, replays: int
) -> None:
    shell.run("import time, pathlib\nt0 = time.time()\nrows = [3, 1, 2]\nroot = str(pathlib.Path.cwd())")
    shell.run("%%track coarse\nm = float(rows[0] > 0) + len(root) / 2\ntook = time.time() - t0")
    own = nbtrack.get_run("coarse").slice()[-1].digests
    # The time is another one each time, and so is the folder, and nobody minds.
    trail = ({}, {"rows": own["rows"] if value == "recorded" else "other", "t0": "other", "root": "other"})
    told = Outcome(metrics=dict(nbtrack.get_run("coarse").metrics), trail=trail)
    monkeypatch.setattr(verify, "play", lambda *_, **__: told)
    found = nbtrack.verify("coarse")
    assert (found.verdict, found.replays) == ("reproduced", replays)
    assert any("read something else" in note for note in found.notes) is (value == "other")


def test_chance_gets_its_chance_to_show_before_a_changed_file_is_blamed(
    shell: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data.txt"
    data.write_text("3", encoding="utf-8")
    shell.run("import numpy as np\nrows = np.random.default_rng().permutation(9)")
    shell.run("from pathlib import Path")
    shell.run(f"%%track coarse\nm = float(rows[0] > 0) + int(Path({str(data)!r}).read_text())")
    data.write_text("4", encoding="utf-8")
    told = iter([("a", 7.0), ("b", 7.0), ("c", 7.0), ("d", 8.0)])

    def play(*_: Any, **__: Any) -> Outcome:
        rows, m = next(told)
        return Outcome(metrics={"m": m}, trail=({}, {}, {"rows": rows}))

    monkeypatch.setattr(verify, "play", play)
    found = nbtrack.verify("coarse")
    assert (found.replays, found.reasons[0].label) == (4, "unseeded_rng")


def test_variables_that_cells_have_set_since_are_not_those_of_a_replay(
    shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE", "0.5")
    monkeypatch.delenv("DEPTH", raising=False)
    shell.run("import os")
    shell.run("%%track rate\nm = float(os.environ['RATE']) * float(os.environ.get('DEPTH', '3'))")
    shell.run("os.environ.update({'RATE': '0.9', 'DEPTH': '5'})")
    assert nbtrack.verify("rate").verdict == "reproduced"


def test_a_param_that_the_code_changes_further_on_is_told(shell: Any) -> None:
    assert shell.run("layers = [64]\nlayers.append(32)\nclass cfg:\n    depth = 2").success
    assert shell.run(
        "%%track deep\ncfg.depth = cfg.depth * 2 if cfg.depth > 2 else 2\nscore = sum(layers) / 7 + cfg.depth"
    ).success
    made = nbtrack.rerun("deep", layers=[128])
    assert made.metrics["score"] == (128 + 32) / 7 + 2
    assert made.record.warnings == (
        "layers was set to [128] for the rerun, and is [128, 32] in it: the code changes it further on.",
    )


def test_a_failing_rerun_leaves_its_run(baseline: Any) -> None:
    with pytest.raises(ReplayError, match=r"In\[4\] raised .*It is recorded as run \w{8}\.") as caught:
        nbtrack.rerun("baseline", k="word")
    failed = nbtrack.get_run(str(caught.value).rpartition("run ")[2].rstrip("."))
    assert (failed.info.status, failed.info.run_name) == ("failed", "baseline-rerun")
    assert failed.tags["nbtrack.rerun_of"] == nbtrack.get_run("baseline").info.run_id


def test_a_rerun_of_a_tracked_call(shell: Any) -> None:
    assert shell.run("import nbtrack").success
    assert shell.run("@nbtrack.track\ndef fit(C=1, *, scale=10):\n    return {'score': C * scale / 4}").success
    assert shell.run("fit(2)").success
    made = nbtrack.rerun("fit", C=3, scale=5, name="other")
    assert made.metrics == {"score": 3.75}
    assert nbtrack.get_run("other").params == {"C": 3, "scale": 5}


def test_a_replication_in_real_kernels(baseline: Any) -> None:
    found = nbtrack.replicate("baseline", seeds=[5, 6], workers=2)
    assert [replicate.metrics["score"] for replicate in found.replicates] == [score(5), score(6)]
    children = open_store(Path.cwd() / ".nbtrack").children(found.parent_run_id)
    assert {child.info.run_id for child in children} == {replicate.run_id for replicate in found.replicates}


def test_draws_without_a_seed_differ_and_come_back(shell: Any) -> None:
    assert shell.run("import random\nx = random.random()").success
    assert shell.run("%%track drawn\nscore = random.random() + 2 * x").success
    found = [nbtrack.replicate("drawn", seeds=[5, 6], workers=2) for _ in range(2)]
    values = [[replicate.metrics["score"] for replicate in item.replicates] for item in found]
    assert values[0] == values[1]
    assert values[0][0] != values[0][1]
    assert "sets no seed" in found[0].seeding[0]
