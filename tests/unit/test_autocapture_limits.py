"""What capture leaves alone, what the options force, and what is left of a cell that failed."""

from __future__ import annotations

import enum
import traceback
import types
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from nbtrack.capture.autocapture import (
    Captured,
    argument_params,
    bound_names,
    capture,
    snapshot_bound,
    snapshot_reads,
)
from nbtrack.provenance.cellcode import analyse, bound_until


def track(cell: str, before: str = "", given: dict[str, Any] | None = None, **options: Any) -> Captured:
    """Run a cell in a namespace of its own; one that raises has failed."""
    namespace: dict[str, Any] = {"__name__": "__main__", **(given or {})}
    exec(before, namespace)
    code = analyse(cell)
    read, marks = snapshot_reads(code, namespace), snapshot_bound(code, namespace)
    certain = None
    try:
        exec(cell, namespace)
    except ZeroDivisionError as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        certain = bound_until(cell, next(line for frame, line in frames if frame.f_globals is namespace))
    bound = bound_names(code, namespace, marks, certain)
    return capture(code, read=read, namespace=namespace, bound=bound, **options)


def plain(found: Captured) -> dict[str, Any]:
    return {key: param.value for key, param in found.params.items()}


# --- objects that must not be touched ----------------------------------------------------------------------------

TOUCHED: list[str] = []


def _hurt(*args: Any, **kwargs: Any) -> Any:
    TOUCHED.append("touched")
    raise AssertionError("code of the user's was run")


NAMES = (
    "__eq__ __ne__ __lt__ __le__ __hash__ __repr__ __str__ __format__ __len__ __bool__ __iter__ __next__ __contains__ "
    "__getitem__ __getattr__ __call__ __float__ __int__ __index__ __complex__ __array__ __dir__ __reduce__ __copy__ "
    "__fspath__ __round__ __abs__ __enter__ __instancecheck__ __subclasscheck__"
).split()


class Meta(type):
    """A metaclass that is touched by comparing, hashing or asking its classes."""

    __eq__ = __hash__ = __instancecheck__ = __subclasscheck__ = __getattr__ = __len__ = __bool__ = __repr__ = _hurt  # type: ignore[assignment]

    def __getattribute__(cls, name: str) -> Any:
        if name in ("__mro__", "__dict__", "__name__", "__module__", "__class__"):
            return _hurt()
        return type.__getattribute__(cls, name)


def _body(**more: Any) -> dict[str, Any]:
    return {"__module__": "__main__", **dict.fromkeys(NAMES, _hurt), "lr": property(_hurt), **more}


def hostile_objects() -> dict[str, Any]:
    """Make objects all of whose methods, properties and comparisons are traps."""
    attributes = {"__getattribute__": _hurt, "__class__": property(_hurt), "__dict__": property(_hurt)}
    made = {
        "an object": object.__new__(type("Plain", (), _body())),
        "one that lies about itself": object.__new__(type("Liar", (), _body(**attributes))),
        "one with a metaclass": object.__new__(Meta("Odd", (), _body())),
        "a dict": dict.__new__(type("OddDict", (dict,), _body(items=_hurt, keys=_hurt, get=_hurt, **attributes))),
        "a list": list.__new__(type("OddList", (list,), _body(**attributes))),
        "a tuple": tuple.__new__(type("OddTuple", (tuple,), _body(_fields=property(_hurt)))),
        "a set": set.__new__(type("OddSet", (set,), _body())),
        "a namespace": types.SimpleNamespace.__new__(type("OddNamespace", (types.SimpleNamespace,), _body(**attributes))),
        "an array": np.zeros(2).view(type("OddArray", (np.ndarray,), {"__module__": "__main__", "lr": property(_hurt),
                                      "__float__": _hurt, "item": _hurt, "__array_finalize__": lambda self, other: None})),
        "a class": Meta("OddClass", (), {"__module__": "__main__", "lr": property(_hurt)}),
        "a liar from torch": object.__new__(type("Tensor", (), _body(__module__="torch", shape=property(_hurt), dtype=1))),
        "a liar from pandas": object.__new__(type("Timestamp", (), _body(__module__="pandas"))),
        "a liar with fields": object.__new__(type("Fields", (), _body(__dataclass_fields__={"lr": 1}, **attributes))),
    }  # fmt: skip
    TOUCHED.clear()
    return made


CELLS = [
    "y = x", "y = x.lr", "y = x['a']", "y = x.a.b['c'].d", "y = f(x)", "d = {'a': x, 'b': [x]}", "x.lr = 3",
    "x['a'] = 3", "x.append(3)", "y = int(x)", "y = x or 3", "y = x.get('a')", "y = [x]", "y = (x, x)", "x",
    "x.lr", "g", "y = g()", "y = held['lr']", "y = held[x]", "print(ns, held, listed)", "with x as y: pass", "x += 1",
]  # fmt: skip


@pytest.mark.parametrize("kind", hostile_objects())
def test_no_code_of_the_user_is_run(kind: str) -> None:
    x = hostile_objects()[kind]
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "x": x,
        "listed": [x, 1],
        "held": {"lr": x, 3: x, "k": {"z": x}},
    }
    namespace["ns"] = types.SimpleNamespace(lr=x, deep=types.SimpleNamespace(x=x))
    exec("def g(a=1):\n    return x.lr + listed[0] + held['lr']\ng.__wrapped__ = x", namespace)
    g = types.FunctionType(namespace["g"].__code__, namespace, "g", (x,))
    g.__dict__.update(__wrapped__=x, func=x)
    namespace["g"] = g
    for cell in CELLS:
        code = analyse(cell)
        before = dict(namespace)
        read, marks = snapshot_reads(code, namespace), snapshot_bound(code, namespace)
        after = {**namespace, "y": x, "d": {"a": x, "b": [x], "lr": x}}
        bound = bound_names(code, after, marks)
        found = capture(code, read=read, namespace=after, bound=bound, last_value=x)
        assert TOUCHED == [], cell
        assert not found.metrics, cell
        assert not found.params, cell
        namespace = before
    assert argument_params({"x": x, "held": {"a": x}, "listed": [x]}) == {}
    assert TOUCHED == []


def test_builtin_subclasses_are_read_by_their_storage() -> None:
    odd_float = type("OddFloat", (float,), _body(__module__="__main__"))
    odd_int = type("OddInt", (int,), _body())
    odd_text = type("OddText", (str,), _body())
    values = {"a": float.__new__(odd_float, 0.5), "b": int.__new__(odd_int, 7), "c": str.__new__(odd_text, "x")}
    TOUCHED.clear()
    code = analyse("y = f(a, b, c)\nz = f(a)\nw = f(b)")
    read = snapshot_reads(code, {"__name__": "__main__", **values})
    after = {"__name__": "__main__", **values, "y": values["c"], "z": values["a"], "w": values["b"]}
    found = capture(code, read=read, namespace=after)
    assert plain(found) == {"a": 0.5, "b": 7, "c": "x"}
    assert found.metrics == {"z": 0.5, "w": 7.0}
    assert TOUCHED == []


def test_circular_structures_end() -> None:
    loop: dict[str, Any] = {"n": 1}
    loop["self"] = loop
    items: list[Any] = [1]
    items.append(items)
    space = types.SimpleNamespace(lr=0.5)
    space.me = space
    found = track("y = [loop, items, space]", given={"loop": loop, "items": items, "space": space})
    assert len(found.params) < 50


def test_odd_keys_in_attributes_and_dicts() -> None:
    space = types.SimpleNamespace(lr=0.5)
    space.__dict__[3] = 4  # type: ignore[index]
    found = track(
        "print(space, cfg)",
        given={"space": space, "cfg": {"a\nb": 1, "": 2, "x" * 600: 3, "ok": 4}, "print": len and (lambda *a: None)},
    )
    assert plain(found) == {"space.lr": 0.5, "cfg.ok": 4}


def test_dict_classes() -> None:
    before = "class Own(dict):\n    def __getitem__(self, key):\n        raise ZeroDivisionError\nown = Own(a=1)"
    foreign = type("Foreign", (dict,), {"__module__": "somewhere"})(a=1)
    cell = "f(own, ordered, foreign)\nmade = f(foreign)"
    found = track(cell, before, {"ordered": OrderedDict(b=2), "foreign": foreign, "f": lambda *args: args[0]})
    assert plain(found) == {"own.a": 1, "ordered.b": 2}


# --- options -----------------------------------------------------------------------------------------------------

SWEEP = "C = 1\nn = sum([3])\nloss = C / 2\nok = n > 2\nfor i in range(2):\n    pass"


@pytest.mark.parametrize(
    ("options", "params", "metrics"),
    [
        ({}, {"C": 1}, {"n": 3.0, "loss": 0.5}),
        ({"params": ["n"]}, {"C": 1, "n": 3}, {"loss": 0.5}),
        ({"params": ["i", "ok"]}, {"C": 1, "i": 1, "ok": True}, {"n": 3.0, "loss": 0.5}),
        ({"metrics": ["C", "i"]}, {}, {"C": 1.0, "i": 1.0, "n": 3.0, "loss": 0.5}),
        ({"ignore": ["n", "C"]}, {}, {"loss": 0.5}),
        ({"params": ["C"], "metrics": ["loss"]}, {"C": 1}, {"n": 3.0, "loss": 0.5}),
        ({"params": ["n"], "ignore": ["n"]}, {"C": 1}, {"loss": 0.5}),
    ],
)
def test_what_is_asked_for_wins(options: dict[str, Any], params: dict[str, Any], metrics: dict[str, float]) -> None:
    found = track(SWEEP, **options)
    assert (plain(found), found.metrics, found.problems) == (params, metrics, ())


def test_dotted_names_ask_for_parts() -> None:
    cell = "cfg = {'lr': 0.1, 'n': 2}\nr = dict.fromkeys(['acc', 'k'], sum([3]))"
    found = track(cell, params=["r.k"], metrics=["cfg.n"], ignore=["cfg.lr"])
    assert (plain(found), found.metrics) == ({"r.k": 3}, {"cfg.n": 2.0, "r.acc": 3.0})
    assert track(cell, ignore=["cfg", "r"]) == Captured()


def test_asked_for_by_name_a_librarys_attribute_is_fetched() -> None:
    class Search:
        __module__ = "somewhere"

        @property
        def best_score_(self) -> float:
            return 0.75

        @property
        def broken(self) -> float:
            raise RuntimeError

    found = track("search = make()", given={"make": Search}, metrics=["search.best_score_"], params=["search.broken"])
    assert found.metrics == {"search.best_score_": 0.75}
    assert found.problems == ("--params search.broken: the cell left no such name.",)


def test_a_read_name_asked_for_is_as_it_was_read() -> None:
    assert plain(track("f(big)", given={"big": list(range(100)), "f": len}, params=["big"])) == {
        "big": list(range(100))
    }
    assert plain(track("n += 1", given={"n": 1}, params=["n"])) == {"n": 2}
    assert plain(track("f(name)", given={"name": "x", "f": len}, params=["name"])) == {"name": "x"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": ["a"]}, "--metrics a: a str is no number"),
        ({"metrics": ["flag"]}, "int(value)"),
        ({"metrics": ["gone"]}, "--metrics gone: the cell left no such name"),
        ({"params": ["gone.x"]}, "--params gone.x: the cell left no such name"),
        ({"params": ["api_key"]}, "api_key looks like a credential"),
        ({"params": ["long"]}, "200,000 characters"),
        ({"params": ["empty"]}, "--params empty: a dict without simple values"),
    ],
)
def test_what_cannot_be_had_is_said(options: dict[str, Any], said: str) -> None:
    cell = "a = 'x'; flag = True; api_key = 'k'; empty = {}; long = 'x' * 200_000"
    found = track(cell, **options)
    assert len(found.problems) == 1
    assert said in found.problems[0]
    assert "api_key" not in found.params


def test_too_much_to_take_unasked_is_said_and_can_be_asked_for() -> None:
    cell = "r = {str(i): i / 2 for i in range(200)}"
    assert track(cell).problems[0].startswith("r has more than 100 values: none was taken. Ask for it with --metrics r")
    found = track(cell, metrics=["r"])
    assert len(found.metrics) == 200
    assert found.problems == ()
    assert track(cell, ignore=["r"]) == Captured()


# --- cells that fail ---------------------------------------------------------------------------------------------


def test_a_cell_that_fails_half_way() -> None:
    found = track("a = 1\nb = sum([a])\nc = 1 / 0\nd = 2\ne = sum([5])")
    assert (plain(found), found.metrics) == ({"a": 1}, {"b": 1.0})


def test_what_an_earlier_run_left_is_not_this_ones() -> None:
    earlier = "a = 1.5; b = 9.25; d = 7; e = 8.5; cfg = {'n': 1}; r = {}"
    found = track("a = 2.5\nb = sum([0.25])\ncfg['n'] = 1 / 0\nd = 2\ne = sum([0.5])\nr['x'] = 3", earlier)
    assert (plain(found), found.metrics) == ({"a": 2.5}, {"b": 0.25})


def test_an_interrupted_loop_keeps_its_last_values() -> None:
    found = track("n = 3\nfor i in range(n):\n    loss = 1 / (2 - i)", "n = 9; loss = 0.125")
    assert (plain(found), found.metrics) == ({"n": 3}, {"loss": 1.0})


def test_nothing_was_taken_before_and_nothing_is_there() -> None:
    assert capture(analyse("a = 1\nb = f()"), read={}, namespace={}) == Captured()
    assert capture(analyse(""), read={}, namespace={"a": 1}) == Captured()


def test_the_snapshot_is_of_before() -> None:
    found = track(
        "cfg['sizes'].append(3)\ncfg['lr'] = f()\nf.__name__", given={"cfg": {"sizes": [1], "n": 2}, "f": lambda: "x"}
    )
    assert plain(found) == {}
    sizes = [1]
    code = analyse("g(cfg)")
    read = snapshot_reads(code, {"cfg": {"sizes": sizes, "n": 2}})
    sizes.append(2)
    assert read["cfg.sizes"].value == [1]


# --- arguments of tracked functions --------------------------------------------------------------------------------


def test_arguments() -> None:
    class Mode(enum.Enum):
        FAST = 1

    found = argument_params(
        {"C": 0.1, "mode": Mode.FAST, "sizes": [64, 32], "none": None, "X": np.zeros(3), "rows": [[1.0]] * 500,
         "cfg": {"lr": 0.5, "m": {"d": 1}}, "args": (), "api_key": "k", "_x": 1, "clf": object()}
    )  # fmt: skip
    values = {key: param.value for key, param in found.items()}
    assert values == {"C": 0.1, "mode": "Mode.FAST", "sizes": [64, 32], "none": None, "cfg.lr": 0.5, "cfg.m.d": 1}


def test_only_some_arguments() -> None:
    found = argument_params({"C": 0.1, "n": 2, "X": [1] * 30, "password": "x"}, ["n", "X", "password"])
    assert {key: param.value for key, param in found.items()} == {"n": 2, "X": [1] * 30}
