"""What replays come to, in figures and words, without a replay: spread, luck, seed noise, explanations."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from nbtrack.findings.explanation import Change, Explanation, Trial
from nbtrack.findings.replication import MetricSpread, Replicate, Replication
from nbtrack.findings.seedtest import SeedComparison, SeedTest
from nbtrack.findings.wording import columns_of, printable, shown_p, table
from nbtrack.replay.seeds.seedtests import seed_tests
from nbtrack.widgets.replication import explanation_html, replication_html, seed_lines

NAN = math.nan


def spread(**fields: Any) -> MetricSpread:
    defaults: dict[str, Any] = {
        "key": "accuracy", "original": 0.97, "n": 10, "mean": 0.95, "sd": 0.01, "low": 0.94, "high": 0.96,
        "below": 9, "equal": 0, "above": 1, "direction": "higher",
    }  # fmt: skip
    return MetricSpread(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("fields", "sentence", "luck"),
    [
        ({}, "accuracy: 0.97 is better than 9 of 10 other seeds: lucky", "lucky"),
        ({"below": 5, "above": 5}, "accuracy: 0.97 is better than 5 of 10 other seeds: typical", "typical"),
        ({"below": 1, "above": 9}, "accuracy: 0.97 is better than 1 of 10 other seeds: unlucky", "unlucky"),
        ({"key": "loss", "direction": "lower"}, "loss: 0.97 is better than 1 of 10 other seeds: unlucky", "unlucky"),
        ({"key": "depth", "direction": None}, "depth: 0.97 is above 9 of 10 other seeds: at the edge", "at the edge"),
        ({"n": 3, "below": 3, "above": 0}, "accuracy: 0.97 in the run; 3 other seeds are too few to tell luck", ""),
        ({"n": 0, "below": 0, "above": 0}, "accuracy: no replay gave a number", ""),
        (
            {"constant": True, "below": 0, "above": 0, "equal": 10, "mean": 0.97},
            "accuracy does not depend on the seed: 0.97 under all 10 other seeds",
            "",
        ),
        (
            {"constant": True, "below": 0, "above": 0, "equal": 3, "n": 3, "mean": 0.97},
            "accuracy: 0.97 under all 3 other seeds, too",
            "",
        ),
        (
            {"constant": True, "below": 10, "above": 0},
            "accuracy: 0.97 in the run, and 0.95 under all 10 other seeds: verify the run",
            "",
        ),
        (
            {"constant": True, "fixed": True, "below": 0, "above": 0, "equal": 10, "mean": 0.97},
            "accuracy: 0.97 under all 10 other seeds, but not all that seeds it could be varied",
            "",
        ),
        (
            {"original": NAN, "below": 0, "above": 0},
            "accuracy is nan in the run, and 0.95 ± 0.01 under other seeds",
            "",
        ),
    ],
)
def test_luck_in_words(fields: dict[str, Any], sentence: str, luck: str) -> None:
    found = spread(**fields)
    assert (found.sentence, found.luck) == (sentence, luck)


def test_the_percentile_is_of_what_is_better() -> None:
    assert spread().percentile == 90
    assert spread(direction="lower").percentile == 10
    assert spread(below=4, equal=2, above=4).percentile == 50


def replication(values: dict[int, float], *, varied: bool = True, key: str = "accuracy", **fields: Any) -> Replication:
    replicates = [Replicate(seed=seed, run_id=f"{seed:032x}", metrics={key: value}) for seed, value in values.items()]
    return Replication(
        run_id="a" * 32,
        run_name=fields.pop("run_name", "baseline"),
        parent_run_id="b" * 32,
        replicates=(*replicates, *fields.pop("failed", ())),
        metrics=(spread(key=key),),
        seeding=("Varied: SEED = 3 in In[2].",),
        varied=varied,
        **fields,
    )


def test_a_replication_tells_everything() -> None:
    failed = (Replicate(seed=9, failure="In[3] raised ValueError: <b>no</b>\x1b[31m"),)
    found = replication({1: 0.9, 2: NAN}, failed=failed, interrupted=True)
    text = str(found)
    assert "baseline (aaaaaaaa) under 3 other seeds" in text
    assert "Interrupted" in text
    assert "1 of 3 replays failed, as seed 9: In[3] raised ValueError" in text
    assert "\x1b" not in text
    assert max(map(columns_of, text.split("\n"))) <= 100
    markup = replication_html(found)
    assert "<b>no</b>" not in markup
    assert "&lt;b&gt;no" in markup
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False))["replicates"][1]["metrics"] == {"accuracy": "NaN"}
    assert told["metrics"][0]["luck"] == "lucky"
    frame = found.to_frame()
    assert list(frame.columns) == ["seed", "run_id", "failure", "metrics.accuracy"]
    assert frame["metrics.accuracy"].isna().tolist() == [False, True, True]
    assert len(found.good) == 2


@pytest.mark.parametrize(
    ("fields", "sentence", "verdict"),
    [
        ({}, "+0.021 accuracy: likely real (p = 0.002, 10 seeds)", "likely real"),
        ({"p": 0.41}, "accuracy: within noise (p = 0.41, 10 seeds)", "within noise"),
        ({"p": 0.0001}, "+0.021 accuracy: likely real (p < 0.001, 10 seeds)", "likely real"),
        (
            {"p": 0.25, "n": 3, "smallest": 0.25},
            "accuracy: too few seeds to say (3 seeds; the smallest p they can give is 0.25)",
            "open",
        ),
        ({"p": NAN, "n": 1}, "accuracy: too few replays gave a number to say (1 seed)", "open"),
        (
            {"constant": True},
            "+0.021 accuracy: likely real (neither run's depends on the seed, 10 seeds)",
            "likely real",
        ),
        ({"constant": True, "difference": 0.0}, "accuracy: the same in both, under 10 seeds", "within noise"),
    ],
)
def test_seed_noise_in_words(fields: dict[str, Any], sentence: str, verdict: str) -> None:
    defaults: dict[str, Any] = {
        "key": "accuracy", "a": 0.95, "b": 0.971, "difference": 0.021, "p": 0.00195, "n": 10, "paired": True,
    }  # fmt: skip
    found = SeedTest(**{**defaults, **fields})
    assert (found.sentence, found.verdict) == (sentence, verdict)


def test_runs_are_compared_seed_by_seed_where_both_have_seeds() -> None:
    noise = [0.0, 0.05, -0.04, 0.02, -0.01, 0.03, -0.02, 0.01]
    a = replication({seed: 0.5 + value for seed, value in enumerate(noise)})
    b = replication({seed: 0.51 + value for seed, value in enumerate(noise)}, run_name="second")
    (paired,) = seed_tests(a, b)
    assert (paired.paired, paired.n, paired.verdict) == (True, 8, "likely real")
    assert paired.difference == pytest.approx(0.01)
    (apart,) = seed_tests(replace(a, varied=False), b)
    assert (apart.paired, apart.verdict) == (False, "within noise")
    (fewer,) = seed_tests(a, replace(b, replicates=b.replicates[4:]))
    assert (fewer.paired, fewer.n) == (True, 4)


def test_constant_metrics_differ_for_certain_once_there_are_enough_seeds() -> None:
    a, b = (replication(dict.fromkeys(range(5), value)) for value in (0.5, 0.6))
    assert next(iter(seed_tests(a, b))).constant
    a, b = (replication(dict.fromkeys(range(3), value)) for value in (0.5, 0.6))
    assert not next(iter(seed_tests(a, b))).constant


def test_metrics_that_one_run_lacks_are_no_test() -> None:
    a, b = replication({1: 0.5, 2: 0.6}), replication({1: 0.5, 2: 0.6}, key="loss")
    assert list(seed_tests(a, b)) == []
    assert "no metric in common" in str(SeedComparison(tests=(), a=a, b=b))


def test_a_comparison_of_seeds_tells_everything() -> None:
    a, b = replication({1: 0.5, 2: 0.6, 3: 0.7}), replication({1: 0.6, 2: 0.7, 3: 0.8}, run_name="<second>")
    found = SeedComparison(tests=tuple(seed_tests(a, b)), a=a, b=b)
    assert "Seed by seed." in str(found)
    assert json.dumps(found.to_dict(), allow_nan=False)
    assert "&lt;second&gt;" in "".join(seed_lines(found))


# --- explanations -----------------------------------------------------------------------------------------------------

CHANGES = (
    Change(kind="param", key="C", words="C: 0.1 → 1.0"),
    Change(kind="code", key="In[3]", words="In[3]: with max_depth=9"),
)


def explanation(effects: dict[tuple[int, ...], float | str], total: float = 0.1, **fields: Any) -> Explanation:
    trials = [
        Trial(changes=changes, failure=value)
        if isinstance(value, str)
        else Trial(changes=changes, metrics={"accuracy": 0.8 + value})
        for changes, value in effects.items()
    ]
    defaults: dict[str, Any] = {"changes": CHANGES}
    return Explanation(
        a_id="a" * 32,
        a_name="baseline",
        b_id="b" * 32,
        b_name="second",
        a={"accuracy": 0.8},
        b={"accuracy": 0.8 + total},
        trials=tuple(trials),
        **{**defaults, **fields},
    )


@pytest.mark.parametrize(
    ("effects", "sentence"),
    [
        ({(): 0, (0, 1): 0.1, (0,): 0.1, (1,): 0.0}, "+0.1 accuracy: C: 0.1 → 1.0 alone makes it."),
        ({(): 0, (0, 1): 0.1, (0,): 0.08, (1,): 0.02}, "+0.1 accuracy: C: 0.1 → 1.0 makes 80 % of it."),
        (
            {(): 0, (0, 1): 0.1, (0,): 0.3, (1,): -0.2},
            "+0.1 accuracy: C: 0.1 → 1.0 +0.3, In[3]: with max_depth=9 -0.2.",
        ),
        (
            {(): 0, (0, 1): 0.1, (0,): 0.0, (1,): 0.0},
            "+0.1 accuracy: the effects do not add up; C and In[3] together give +0.1 beyond what each gives alone.",
        ),
        ({(): 0, (0, 1): 0.1, (0,): 0.1}, "+0.1 accuracy: not every change could be tried alone."),
        (
            {(): 0, (0, 1): 0.1, (0,): 0.1, (1,): "In[3] raised NameError"},
            "+0.1 accuracy: not every change could be tried alone.",
        ),
        (
            {(): 0, (0, 1): 0.05, (0,): 0.05, (1,): 0.0},
            "+0.1 accuracy: all changes together give +0.05, so something else differs that the replays do not have.",
        ),
        (
            {(): 0, (0, 1): "In[3] raised NameError", (0,): 0.1},
            "+0.1 accuracy: what all changes do together is not known: In[3] raised NameError.",
        ),
        ({(): 0}, "+0.1 accuracy: what all changes do together is not known."),
    ],
)
def test_explanations_in_words(effects: dict[tuple[int, ...], float | str], sentence: str) -> None:
    found = explanation(effects)
    assert found.sentences[0] == sentence
    assert sentence in " ".join(str(found).split())


def test_a_single_change_is_the_explanation() -> None:
    found = explanation({(): 0, (0,): 0.1}, changes=CHANGES[:1])
    assert found.sentences[0] == "+0.1 accuracy: C: 0.1 → 1.0."
    assert [row[0] for row in found.rows()] == ["C: 0.1 → 1.0"]


def test_nothing_to_replay_is_said() -> None:
    found = explanation({}, changes=(), beyond=("Not replayed: numpy 1 → 2.",))
    assert found.sentences == (
        "Nothing differs between the two runs that can be replayed.",
        "Not replayed: numpy 1 → 2.",
    )
    assert "change" not in str(found).split("\n")[0]


def test_an_explanation_tells_everything() -> None:
    found = explanation(
        {(): 0, (0, 1): 0.1, (0,): 0.1, (1,): "In[3] raised <b>"},
        untried=tuple(f"change {number}" for number in range(9)),
        interrupted=True,
    )
    text = str(found)
    assert (
        "Not tried, for the budget: change 0, change 1, change 2, change 3, change 4, change 5, and 3 more."
        in " ".join(text.split())
    )
    assert "Interrupted" in text
    assert max(map(columns_of, text.split("\n"))) <= 100
    assert "raised &lt;b&gt;" in explanation_html(found)
    frame = found.to_frame()
    assert frame["change"].tolist() == ["C: 0.1 → 1.0", "In[3]: with max_depth=9", "all together"]
    assert frame["accuracy"].tolist() == pytest.approx([0.1, NAN, 0.1], nan_ok=True)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["effects"][1]["effects"] == {"accuracy": "NaN"}
    assert found.replays == 4


def test_figures_in_words() -> None:
    assert [shown_p(p) for p in (0.5, 0.049, 0.0019, 0.0)] == ["= 0.5", "= 0.049", "= 0.002", "< 0.001"]
    assert table([["a", "1"], ["日本", "20"]]) == ["a      1", "日本  20"]
    assert printable("a\nb\x1b[31m") == "a b\ufffd[31m"
