"""Other seeds put into a slice's code: which places are found, and that the code then draws other numbers."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nbtrack.errors import InputError
from nbtrack.replay.recipe import Recipe, Step, Target, TrackedStep
from nbtrack.replay.seeds.reseeding import seed_points, seeds_in_words, with_seed


def recipe(*sources: str, kind: str = "cell", seed: int | None = None) -> Recipe:
    steps = [Step(sequence=place, execution_count=place + 1, source=source) for place, source in enumerate(sources)]
    if kind == "cell":
        steps[-1] = replace(steps[-1], tracked=TrackedStep(name="fit", seed=seed, states={"numpy": "AAAA"}))
    return Recipe(
        run_id="0" * 32,
        run_name="fit",
        experiment="e",
        steps=tuple(steps),
        target=Target(kind=kind, name="fit"),
        folder="/",
    )


def sources(old: Recipe, number: int) -> list[str]:
    """Return the steps' code under another seed."""
    return [step.source for step in with_seed(old, number).steps]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("np.random.seed(0)", "np.random.seed(7)"),
        ("np.random.seed(seed=0)", "np.random.seed(seed=7)"),
        ("random.seed(0)", "random.seed(7)"),
        ("rng = np.random.default_rng(0)", "rng = np.random.default_rng(7)"),
        ("rng = default_rng([0, 1])", "rng = default_rng([7, 1])"),
        ("rng = RandomState(0)", "rng = RandomState(7)"),
        ("rng = Generator(PCG64(0))", "rng = Generator(PCG64(7))"),
        ("s = SeedSequence(entropy=0)", "s = SeedSequence(entropy=7)"),
        ("torch.manual_seed(0); torch.cuda.manual_seed_all(0)", "torch.manual_seed(7); torch.cuda.manual_seed_all(7)"),
        ("g = torch.Generator().manual_seed(0)", "g = torch.Generator().manual_seed(7)"),
        ("tf.random.set_seed(0)", "tf.random.set_seed(7)"),
        ("keras.utils.set_random_seed(0)", "keras.utils.set_random_seed(7)"),
        ("key = jax.random.key(0); k = jax.random.PRNGKey(0)", "key = jax.random.key(7); k = jax.random.PRNGKey(7)"),
        ("seed_everything(0)", "seed_everything(7)"),
        ("%nbtrack seed 0", "%nbtrack seed 7"),
        ("with nbtrack.start_run(seed=0):\n    pass", "with nbtrack.start_run(seed=7):\n    pass"),
        ("@track(seed=0)\ndef f(): pass", "@track(seed=7)\ndef f(): pass"),
        ("m = Forest(random_state=0)", "m = Forest(random_state=7)"),
        ("df.sample(5, random_state=0)", "df.sample(5, random_state=7)"),
        ("SEED = 0\nf(SEED)", "SEED = 7\nf(SEED)"),
        ("seed: int = 0", "seed: int = 7"),
        ("SEED, n = 0, 10", "SEED, n = 7, 10"),
        ("cfg = {'seed': 0, 'n': 0}", "cfg = {'seed': 7, 'n': 0}"),
        ("cfg = dict(seed=0)", "cfg = dict(seed=7)"),
        ("cfg.random_state = 0", "cfg.random_state = 7"),
        ("class C:\n    seed: int = 0", "class C:\n    seed: int = 7"),
        ("class C:\n    seed: int = field(default=0)", "class C:\n    seed: int = field(default=7)"),
        ("def f(n=0, seed=0): pass", "def f(n=0, seed=7): pass"),
        ("def f(n, seed): pass\nf(0, 0)", "def f(n, seed): pass\nf(0, 7)"),
        ("k = 0\nr = default_rng(k)", "k = 7\nr = default_rng(k)"),
        ("k = 0\nr = default_rng(k + 1)", "k = 7\nr = default_rng(k + 1)"),
        ("def f(k):\n    return default_rng(k)\nf(0)", "def f(k):\n    return default_rng(k)\nf(7)"),
        ("for seed in (0,): f(seed)", "for seed in (7,): f(seed)"),
        ("p.add_argument('--seed', type=int, default=0)", "p.add_argument('--seed', type=int, default=7)"),
        ("r = default_rng(s := 0)", "r = default_rng(s := 7)"),
        ("r = default_rng(0 if fast else 0)", "r = default_rng(7 if fast else 7)"),
        ("clf.set_params(svc__random_state=0)", "clf.set_params(svc__random_state=7)"),
        ("p = Pipeline([('a', SVC(random_state=0))])", "p = Pipeline([('a', SVC(random_state=7))])"),
        ("r = [default_rng(0 + len(x)) for x in y]", "r = [default_rng(7 + len(x)) for x in y]"),
        ("%%time\nnp.random.seed(0)", "%%time\nnp.random.seed(7)"),
        ("%time m = fit(random_state=0)", "%time m = fit(random_state=7)"),
        ("%matplotlib inline\n!ls\nnp.random.seed(0)", "%matplotlib inline\n!ls\nnp.random.seed(7)"),
        ("ä = 'ö'; np.random.seed(0)", "ä = 'ö'; np.random.seed(7)"),
    ],
)
def test_a_seed_becomes_another_one_and_nothing_else_changes(source: str, expected: str) -> None:
    assert sources(recipe(source), 7) == [expected]
    assert "Varied" in seeds_in_words(recipe(source))[0]
    assert "computed" not in " ".join(seeds_in_words(recipe(source)))


@pytest.mark.parametrize(
    "source",
    [
        "n_seeds = 3",
        "m = Forest(random_state=None)",
        "m = Forest(n_estimators=0)",
        "state = 0",
        "m = Forest(bootstrap=True)",
        "np.random.rand(3)",
        "seed = None",
        "use_seed = True",
        "def f(n): return n % 100",
    ],
)
def test_what_is_no_seed_stays(source: str) -> None:
    assert sources(recipe(source), 7) == [source]
    assert not seed_points(recipe(source))
    assert "sets no seed" in seeds_in_words(recipe(source))[0]


def test_equal_seeds_stay_equal_and_different_ones_different() -> None:
    old = recipe("np.random.seed(1)\nm = Forest(random_state=2)\nk = KFold(random_state=2)")
    new = sources(old, 7)[0].split("\n")
    numbers = [int("".join(char for char in line.split("(")[1] if char.isdigit())) for line in new]
    assert numbers[0] != numbers[1] == numbers[2]
    assert 1 not in numbers
    assert 2 not in numbers
    assert sources(old, 7) == sources(old, 7) != sources(old, 8)


def test_the_seed_of_the_magic_is_one_of_them() -> None:
    old = recipe("m = Forest(random_state=3)", seed=3)
    new = with_seed(old, 7)
    assert new.steps[-1].source == "m = Forest(random_state=7)"
    assert new.steps[-1].tracked == TrackedStep(name="fit", seed=7)
    assert [point.words for point in seed_points(old)] == ["--seed 3 of In[1]", "random_state=3 in In[1]"]


def test_recorded_states_are_not_put_back() -> None:
    new = with_seed(recipe("np.random.seed(0)", "x = np.random.rand()"), 7)
    assert new.steps[-1].tracked is not None
    assert new.steps[-1].tracked.states == {}


def test_without_a_seed_the_run_is_seeded() -> None:
    cell = with_seed(recipe("x = np.random.rand()"), 7).steps
    assert (cell[0].source, cell[0].tracked) == ("x = np.random.rand()", TrackedStep(name="fit", seed=7))
    function = with_seed(recipe("  x = np.random.rand()", kind="function"), 7).steps
    assert [step.source for step in function] == ["%nbtrack seed 7\nx = np.random.rand()"]


def test_draws_before_anything_is_seeded_are_seeded_otherwise_than_the_run() -> None:
    steps = with_seed(recipe("from __future__ import annotations", "%%time\nx = 1", "X = rand()", "fit(X)"), 7).steps
    assert [step.source for step in (*steps[:2], steps[3])] == [
        "from __future__ import annotations",
        "%%time\nx = 1",
        "fit(X)",
    ]
    first, rest = steps[2].source.split("\n")
    assert first.startswith("%nbtrack seed ")
    assert first != "%nbtrack seed 7"
    assert rest == "X = rand()"


def test_a_loop_that_counts_is_shifted_where_it_seeds() -> None:
    old = recipe("for i in range(3):\n    scores[i] = fit(random_state=i)")
    new = sources(old, 7)[0]
    assert new.startswith("for i in range(3):\n    scores[i] = fit(random_state=(i + ")
    assert sources(old, 8)[0] != new


def test_what_is_computed_is_told() -> None:
    old = recipe("np.random.seed(pick())\nm = Forest(random_state=3)")
    assert seeds_in_words(old) == (
        "Varied: random_state=3 in In[1].",
        "Not varied, since it is computed: np.random.seed(pick()) in In[1].",
    )


def test_only_what_is_added_to_is_a_seed() -> None:
    old = recipe("r = default_rng(hash(name) % 1000)")
    assert sources(old, 0) == ["r = default_rng(hash(name) % 1000)"]
    assert "Not varied, since it is computed: default_rng(hash(name) % 1000) in In[1]." in seeds_in_words(old)


def test_a_generator_that_is_passed_on_is_no_computed_seed() -> None:
    old = recipe("rng = np.random.RandomState(0)\nm = Forest(random_state=rng)")
    assert seeds_in_words(old) == ("Varied: np.random.RandomState(0) in In[1].",)


@pytest.mark.parametrize("number", [-1, 2**32, 1.5, True, "3"])
def test_numbers_that_are_no_seed(number: Any) -> None:
    with pytest.raises(InputError, match="a whole number from 0 to 4294967295"):
        with_seed(recipe("np.random.seed(0)"), number)


PROGRAMS = {
    "legacy": "np.random.seed(3); value = np.random.rand()",
    "own": "value = np.random.default_rng(3).random()",
    "name": "SEED = 3\nrng = np.random.default_rng(SEED)\nvalue = rng.random()",
    "python": "random.seed(3); value = random.random()",
    "config": "cfg = {'seed': 3}\nvalue = np.random.RandomState(cfg['seed']).rand()",
    "namespace": "cfg = SimpleNamespace(rs=3)\nvalue = np.random.RandomState(cfg.rs).rand()",
    "argument": "def draw(n, seed=3):\n    return np.random.default_rng(seed).random()\nvalue = draw(1)",
    "followed": "def draw(k):\n    return np.random.default_rng(k).random()\nstart = 3\nvalue = draw(start)",
    "keyword": "def draw(k):\n    return np.random.default_rng(k).random()\nvalue = draw(k=3)",
    "bit generator": "value = np.random.Generator(np.random.PCG64(3)).random()",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_programs_draw_other_numbers_and_the_same_under_the_same_seed(program: str) -> None:
    def value(source: str) -> float:
        names: dict[str, Any] = {"np": np, "random": random, "SimpleNamespace": SimpleNamespace}
        exec(source, names)
        return names["value"]

    old = recipe(program)
    assert value(sources(old, 3)[0]) == value(program)
    assert len({value(sources(old, number)[0]) for number in range(5)}) == 5
    assert value(sources(old, 11)[0]) == value(sources(old, 11)[0])


def test_a_counting_program_draws_other_numbers() -> None:
    program = "value = tuple(np.random.default_rng(i).random() for i in range(3))"
    names: dict[str, Any] = {"np": np}
    exec(program, names)
    before = names["value"]
    exec(sources(recipe(program), 5)[0], names)
    assert not set(before) & set(names["value"])
