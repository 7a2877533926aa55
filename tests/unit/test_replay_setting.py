"""Other params put into a slice's code: where they are found, what stays as it is, and what is refused."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from nbtrack.errors import InputError
from nbtrack.provenance.python import as_python
from nbtrack.replay.params.literals import literal, read_value
from nbtrack.replay.params.setting import param_code, settable_params, with_params
from nbtrack.replay.recipe import Recipe, Step, Target, TrackedStep


def recipe(*sources: str, kind: str = "cell", name: str = "fit", position: int = 0, **params: object) -> Recipe:
    steps = [Step(sequence=place, execution_count=place + 1, source=source) for place, source in enumerate(sources)]
    if kind == "cell":
        steps[-1] = replace(steps[-1], tracked=TrackedStep(name=name, states={"numpy": "AAAA"}))
    return Recipe(
        run_id="0" * 32,
        run_name=name,
        experiment="e",
        steps=tuple(steps),
        target=Target(kind=kind, name=name, position=position),
        folder="/",
        params={key.replace("__", "."): str(value) for key, value in params.items()},
    )


def changed(old: Recipe, **params: object) -> list[str]:
    return [step.source for step in with_params(old, {key.replace("__", "."): v for key, v in params.items()}).steps]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("C = 0.1", "C = 0.5"),
        ("C = 0.1  # one\nscore = C", "C = 0.5  # one\nscore = C"),
        ("C: float = 0.1", "C: float = 0.5"),
        ("a, C = 1, 0.1", "a, C = 1, 0.5"),
        ("[a, (b, C)] = 1, (2, 0.1)", "[a, (b, C)] = 1, (2, 0.5)"),
        ("C = B = 0.1", "B = 0.1; C = 0.5"),
        ("B = C = 0.1 # x", "B = 0.1; C = 0.5 # x"),
        ("score = f(C := 0.1)", "score = f(C := 0.5)"),
        ("C = (\n  0.1\n)", "C = (\n  0.5\n)"),
        ("C = 2 ** -3 * base", "C = 0.5"),
        ("C = len(X)", "C = 0.5"),
        ("with open('x') as f:\n    C = 0.1\n", "with open('x') as f:\n    C = 0.5\n"),
        ("if fast:\n    C = 0.1\nelse:\n    C = 1.0", "if fast:\n    C = 0.5\nelse:\n    C = 0.5"),
        ("try:\n    C = 0.1\nfinally:\n    pass", "try:\n    C = 0.5\nfinally:\n    pass"),
        ("ä = 'ü'; C = 0.1; 日本 = C", "ä = 'ü'; C = 0.5; 日本 = C"),
        ("C = 0.1\r\nscore = C\r\n", "C = 0.5\r\nscore = C\r\n"),
        ("\n\n  C = 0.1\n  score = C", "\n\n  C = 0.5\n  score = C"),
        ("%matplotlib inline\nC = 0.1\n!ls", "%matplotlib inline\nC = 0.5\n!ls"),
        ("!ls \\\n -l \\\n -a\nC = 0.1", "!ls \\\n -l \\\n -a\nC = 0.5"),
        ("files = !ls\nC = 0.1; x = C?\n", None),
        ("%time C = 0.1", "%time C = 0.5"),
        ("%%time\n\nC = 0.1\nscore = C", "%%time\n\nC = 0.5\nscore = C"),
        ("%%capture out\n%time C = 0.1", "%%capture out\n%time C = 0.5"),
        ("print?\nC = 0.1", "print?\nC = 0.5"),
        ("C = 0.1; C = 0.1", "C = 0.5; C = 0.5"),
    ],
)
def test_a_name_gets_another_value_and_nothing_else_changes(source: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(InputError):
            changed(recipe(source), C=0.5)
        return
    assert changed(recipe(source), C=0.5) == [expected]
    assert ast.parse(as_python(expected.lstrip("\n")))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-1, "-1"),
        (True, "True"),
        (None, "None"),
        ("it's", '"it\'s"'),
        ([64, 32], "[64, 32]"),
        ((1,), "(1,)"),
        ({"a": [1.5]}, "{'a': [1.5]}"),
        (float("nan"), 'float("nan")'),
        (float("-inf"), 'float("-inf")'),
        (10**30, "1" + "0" * 30),
        ("100%?", "'100%?'"),
        ("%matplotlib", "'%matplotlib'"),
    ],
)
def test_any_literal_can_be_set(value: object, code: str) -> None:
    assert changed(recipe("C = 0.1\nscore = C"), C=value) == [f"C = {code}\nscore = C"]


def test_numbers_of_numpy_are_numbers() -> None:
    import numpy as np

    assert [literal(value) for value in (np.float32(0.5), np.int64(3), np.bool_(True), np.float64("nan"))] == [
        "0.5",
        "3",
        "True",
        'float("nan")',
    ]


def test_what_cannot_be_written_is_refused() -> None:
    looped: list[object] = []
    looped.append(looped)
    for value in (object(), [object()], looped):
        with pytest.raises(InputError, match="param 'C' cannot become this"):
            with_params(recipe("C = 0.1"), {"C": value})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("rbf", "rbf"),
        ("'0.5'", "0.5"),
        ("[1, 2]", [1, 2]),
        ("None", None),
        ("true", True),
        ("a b", "a b"),
    ],
)
def test_values_on_a_command_line(text: str, value: object) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["cfg = {'lr': 0.1, 'n': 2}"], ["cfg = {'lr': 0.5, 'n': 2}"]),
        (["cfg = dict(lr=0.1)"], ["cfg = dict(lr=0.5)"]),
        (["cfg = SimpleNamespace(n=1, lr = 0.1)"], ["cfg = SimpleNamespace(n=1, lr = 0.5)"]),
        (["cfg = {}\ncfg['lr'] = 0.1"], ["cfg = {}\ncfg['lr'] = 0.5"]),
        (["cfg = {'lr': 1}", "cfg.lr = 0.1"], ["cfg = {'lr': 1}", "cfg.lr = 0.5"]),
        (["cfg = {'lr': 1}", "cfg.update(lr=0.1)"], ["cfg = {'lr': 1}", "cfg.update(lr=0.5)"]),
        (["cfg = {'lr': 1}", "cfg.update({'lr': 0.1})"], ["cfg = {'lr': 1}", "cfg.update({'lr': 0.5})"]),
        (["cfg = N()\nsetattr(cfg, 'lr', 0.1)"], ["cfg = N()\nsetattr(cfg, 'lr', 0.5)"]),
        (["base = {'lr': 0.1}", "cfg = base"], ["base = {'lr': 0.5}", "cfg = base"]),
        (["base = {'lr': 0.1}", "cfg = {**base, 'n': 1}"], ["base = {'lr': 0.1}", "cfg = {**base, 'n': 1, 'lr': 0.5}"]),
        (["base = {'n': 1}", "cfg = {**base, 'lr': 0.1}"], ["base = {'n': 1}", "cfg = {**base, 'lr': 0.5}"]),
        (["base = {'lr': 0.1}", "cfg = Config(**base)"], ["base = {'lr': 0.5}", "cfg = Config(**base)"]),
        (["cfg = OmegaConf.create({'lr': 0.1})"], ["cfg = OmegaConf.create({'lr': 0.5})"]),
        (["cfg = {'n': 1} | {'lr': 0.1}"], ["cfg = {'n': 1} | {'lr': 0.5}"]),
        (["class cfg:\n    n = 1\n    lr = 0.1"], ["class cfg:\n    n = 1\n    lr = 0.5"]),
        (
            ["@dataclass\nclass Config:\n    n: int = 1\n    lr: float = 0.1", "cfg = Config()"],
            ["@dataclass\nclass Config:\n    n: int = 1\n    lr: float = 0.5", "cfg = Config()"],
        ),
        (
            ["@dataclass\nclass Config:\n    n: int = 1\n    lr: float = field(default=0.1)", "cfg = Config(n=2)"],
            ["@dataclass\nclass Config:\n    n: int = 1\n    lr: float = field(default=0.5)", "cfg = Config(n=2)"],
        ),
        (
            ["@dataclass\nclass Config:\n    n: int = 1\n    lr: float = 0.1", "cfg = Config(2, 0.1)"],
            ["@dataclass\nclass Config:\n    n: int = 1\n    lr: float = 0.1", "cfg = Config(2, 0.5)"],
        ),
        (
            ["@dataclass\nclass Config:\n    lr: float = 0.1", "other = Config()\ncfg = Config()"],
            ["@dataclass\nclass Config:\n    lr: float = 0.1", "other = Config()\ncfg = Config(lr=0.5)"],
        ),
        (
            ["class Config:\n    def __init__(self, lr=0.1):\n        self.lr = lr", "cfg = Config()"],
            ["class Config:\n    def __init__(self, lr=0.1):\n        self.lr = lr", "cfg = Config(lr=0.5)"],
        ),
        (
            ["class Config:\n    def __init__(self, n, lr):\n        self.lr = lr", "cfg = Config(1, 0.1)"],
            ["class Config:\n    def __init__(self, n, lr):\n        self.lr = lr", "cfg = Config(1, 0.5)"],
        ),
        (["cfg = SVC(\n    n=1,  # a, b\n)"], ["cfg = SVC(\n    n=1,  # a, b\n lr=0.5)"]),
        (
            ["p = ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)", "cfg = p.parse_args([])"],
            ["p = ArgumentParser()\np.add_argument('--lr', type=float, default=0.5)", "cfg = p.parse_args([])"],
        ),
        (["cfg = SVC(n=(1))"], ["cfg = SVC(n=(1), lr=0.5)"]),
    ],
)
def test_a_dotted_param_is_an_item_a_keyword_or_an_attribute(sources: list[str], expected: list[str]) -> None:
    assert changed(recipe(*sources, cfg__lr=0.1), cfg__lr=0.5) == expected


def test_nested_items_and_items_whose_keys_hold_dots() -> None:
    assert changed(recipe("cfg = {'opt': {'lr': 0.1}}"), cfg__opt__lr=1) == ["cfg = {'opt': {'lr': 1}}"]
    assert changed(recipe("cfg = {'opt.lr': 0.1}"), cfg__opt__lr=1) == ["cfg = {'opt.lr': 1}"]
    assert changed(recipe("opt = N(lr=0.1)", "cfg = N(opt=opt)"), cfg__opt__lr=1) == [
        "opt = N(lr=1)",
        "cfg = N(opt=opt)",
    ]


def test_all_cells_see_the_new_value() -> None:
    old = recipe("C = 0.1", "half = C / 2", "score = C + half", C=0.1)
    new = with_params(old, {"C": 0.5})
    assert [step.source for step in new.steps] == ["C = 0.5", "half = C / 2", "score = C + half"]
    assert new.params == {"C": "0.5"}
    assert new.steps[-1].tracked == old.steps[-1].tracked


def test_the_last_value_is_the_one_that_counts() -> None:
    assert changed(recipe("C = 1.0", "C = 0.1\nscore = C", C=0.1), C=0.5) == ["C = 1.0", "C = 0.5\nscore = C"]
    assert changed(recipe("C = 0.1", "x = C", "C = 0.1", "score = C", C=0.1), C=0.5) == [
        "C = 0.5",
        "x = C",
        "C = 0.5",
        "score = C",
    ]


def test_a_path_keeps_its_class() -> None:
    assert changed(recipe("data = Path('a.csv')"), data="b.csv") == ["data = Path('b.csv')"]
    assert changed(recipe("data = Path('a.csv')"), data=None) == ["data = None"]


@pytest.mark.parametrize(
    ("sources", "reason"),
    [
        (["C = 1.0\na = f(C)", "C = 0.1\nb = f(C)"], r"set to 1.0 in In\[1\] and to 0.1 in In\[2\], and both are used"),
        (["C = 1.0", "def g():\n    return C", "a = g()\nC = 0.1\nb = g()"], "both are used"),
        (["for C in (0.1, 1):\n    score = C"], r"is a loop variable in In\[1\]"),
        (["from conf import C"], "imported from conf"),
        (["C = 0.2\nC /= 2"], "an assignment with an operator"),
        (["C = draw()"], r"is computed in In\[1\], by draw\(\)"),
        (["C, n = load()"], "unpacked"),
        (["C, *n = 0.1, 1, 2"], "unpacked|unpacking"),
        (["def f():\n    global C\n    C = 0.1\nf()"], "within the function f"),
        (["score = C"], "is set nowhere"),
        (["C = 0.2", "score = C"], r"was 0.1 in the run, while In\[1\] sets it to 0.2"),
        (["with f() as C:\n    pass"], "with statement"),
        (["C = 0.1\ndel C"], "deleted"),
        (["C = 0.1", "this is no python"], "no Python"),
    ],
)
def test_what_has_no_single_place_is_refused_with_the_reason(sources: list[str], reason: str) -> None:
    old = recipe(*sources, "n_trees = 3", C=0.1, n_trees=3)
    with pytest.raises(InputError, match=reason) as caught:
        with_params(old, {"C": 0.5})
    assert "param 'C' of run 'fit' cannot be set: it" in str(caught.value)
    assert "Params that can be set: n_trees." in str(caught.value)


def test_an_unknown_param_is_refused() -> None:
    with pytest.raises(InputError, match=r"run 'fit' has no param 'D'. Params that can be set: C\."):
        with_params(recipe("C = 0.1", C=0.1), {"D": 1})


def test_several_params_at_once() -> None:
    assert changed(recipe("a = b = 1", "c, d = 2, 3"), a=5, b=6, d=7) == ["b = 6; a = 5", "c, d = 2, 7"]


def test_which_params_can_be_set() -> None:
    old = recipe("C = 0.1\nfor i in range(3): pass\ncfg = {'lr': 1}", C=0.1, i=2, cfg__lr=1)
    assert settable_params(old) == ["C", "cfg.lr"]


def test_the_code_of_a_param() -> None:
    old = recipe("C = 1e-1\nD = C * 2\nE = Path('x')\nF = float('nan')")
    assert [param_code(old, name) for name in ("C", "D", "E", "F", "G")] == ["1e-1", None, None, "float('nan')", None]


# --- tracked functions ------------------------------------------------------------------------------------------------

FIT = "@nbtrack.track\ndef fit(X, C=0.1, *, kernel='rbf', **more):\n    return {'score': C}"


@pytest.mark.parametrize(
    ("call", "params", "expected"),
    [
        ("fit(X, C=0.1)", {"C": 0.5}, "fit(X, C=0.5)"),
        ("fit(X, 0.1)", {"C": 0.5}, "fit(X, 0.5)"),
        ("fit(X)", {"C": 0.5}, "fit(X, C=0.5)"),
        ("fit(X,)", {"C": 0.5}, "fit(X, C=0.5)"),
        ("fit(\n    X,\n    C=0.1,\n)", {"kernel": "linear"}, "fit(\n    X,\n    C=0.1,\n kernel='linear')"),
        ("out = fit(X, **{'C': 0.1})", {"C": 0.5}, "out = fit(X, **{'C': 0.5})"),
        ("fit(X, gamma=2)", {"gamma": 3}, "fit(X, gamma=3)"),
        ("value = 0.1\nfit(X, value)", {"C": 0.5}, "value = 0.1\nfit(X, 0.5)"),
        ("%time fit(X, C=0.1)", {"C": 0.5}, "%time fit(X, C=0.5)"),
    ],
)
def test_an_argument_of_a_tracked_call(call: str, params: dict[str, object], expected: str) -> None:
    new = with_params(recipe(FIT, "X = load()", call, kind="function"), params)
    assert [step.source for step in new.steps] == [FIT, "X = load()", expected]


def test_which_of_several_calls_was_the_run() -> None:
    calls = "a = fit(X, C=1)\nb = fit(X, C=2)"
    assert changed(recipe(FIT, calls, kind="function", position=1), C=9)[-1] == "a = fit(X, C=1)\nb = fit(X, C=9)"
    with pytest.raises(InputError, match="one of several calls"):
        changed(recipe(FIT, f"if a:\n    fit(X, C=3)\n{calls}", kind="function", position=1), C=9)


def test_a_call_in_a_loop_over_the_param_is_refused() -> None:
    with pytest.raises(InputError, match="unpacked from something computed"):
        changed(recipe(FIT, "for C in (1, 2):\n    fit(*args)", kind="function"), C=9)


def test_a_method() -> None:
    code = "class A:\n    @track(name='fit')\n    def run(self, C):\n        return C"
    assert changed(recipe(code, "a = A()\na.run(1)", kind="function"), C=2)[-1] == "a = A()\na.run(2)"


def test_a_name_that_is_no_argument_is_one_of_the_notebook() -> None:
    strict = "@track\ndef fit(C):\n    return C * scale"
    assert changed(recipe("scale = 2", strict, "fit(1)", kind="function"), scale=3)[0] == "scale = 3"


# --- blocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "with nbtrack.start_run():\n    C = 0.1\n    nbtrack.log_param('C', C)",
            "with nbtrack.start_run():\n    C = 0.5\n    nbtrack.log_param('C', C)",
        ),
        (
            "p = {'C': 0.1}\nwith start_run() as run:\n    run.log_params(p)",
            "p = {'C': 0.5}\nwith start_run() as run:\n    run.log_params(p)",
        ),
        (
            "with start_run():\n    p = {'C': 0.1}\n    log_params({**p, 'n': 1})",
            "with start_run():\n    p = {'C': 0.5}\n    log_params({**p, 'n': 1})",
        ),
        (
            "value = 0.1\nwith start_run():\n    log_params({'C': value})",
            "value = 0.5\nwith start_run():\n    log_params({'C': value})",
        ),
        (
            "m = SVC(C=0.1)\nwith start_run():\n    log_param('C', m.C)",
            "m = SVC(C=0.5)\nwith start_run():\n    log_param('C', m.C)",
        ),
        (
            "def go(C):\n    with start_run():\n        log_param('C', C)\ngo(0.1)",
            "def go(C):\n    with start_run():\n        log_param('C', C)\ngo(0.5)",
        ),
    ],
)
def test_a_logged_param_is_set_where_it_comes_from(source: str, expected: str) -> None:
    assert changed(recipe(source, kind="block", C=0.1), C=0.5) == [expected]


def test_what_is_only_logged_is_not_set() -> None:
    with pytest.raises(InputError, match="only written down"):
        changed(recipe("with start_run():\n    log_param('C', 0.1)\n    SVC(C=0.1)", kind="block", C=0.1), C=0.5)


def test_the_block_that_was_the_run() -> None:
    source = "a, b = 1, 2\nwith start_run():\n    log_param('C', a)\nwith start_run():\n    log_param('C', b)"
    assert changed(recipe(source, kind="block", position=1), C=5)[0].startswith("a, b = 1, 5\n")
