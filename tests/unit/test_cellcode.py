"""One cell's source in, what it reads, changes and binds out."""

from __future__ import annotations

import builtins
import warnings

import pytest

from nbtrack.provenance.cellcode import CellCode, analyse, bound_until
from nbtrack.provenance.functions import code_paths, reached_paths
from nbtrack.provenance.paths import Item, dotted

READS = {
    "nothing": ("x = 1", ()),
    "in order of first use": ("f(b, a)\na", ("f", "b", "a")),
    "bound above": ("a = 1\nf(a)", ("f",)),
    "value before target": ("a = a + 1", ("a",)),
    "augmented": ("a += b", ("a", "b")),
    "annotation": ("x: Kind = a", ("Kind", "a")),
    "unpacked": ("a, (b, *c) = d\nf(a, b, c)", ("d", "f")),
    "walrus": ("if (n := g()) > m:\n    f(n)", ("g", "m", "f")),
    "one branch": ("if a:\n    b = 1\nf(b)", ("a", "f", "b")),
    "both branches": ("if a:\n    b = 1\nelse:\n    b = 2\nf(b)", ("a", "f")),
    "a branch that leaves": ("if a:\n    b = 1\nelse:\n    raise E\nf(b)", ("a", "E", "f")),
    "elif": ("if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    x = 3\nf(x)", ("a", "b", "f")),
    "a loop counts as run": ("for i in a:\n    b = i\nf(b, i)", ("a", "f")),
    "a while loop": ("while a:\n    b = 1\nelse:\n    c = 2\nf(b, c)", ("a", "f")),
    "a later statement of a loop": ("for i in r:\n    f(last)\n    last = i", ("r", "f", "last")),
    "with": ("with o(p) as h, q(h):\n    f(h)", ("o", "p", "q", "f")),
    "try": ("try:\n    a = g()\nexcept E as e:\n    a = e\nelse:\n    b = a\nfinally:\n    f(a, b)", ("g", "E", "f", "b")),
    "a handler that leaves": ("try:\n    a = g()\nexcept E:\n    raise\nf(a)", ("g", "E", "f")),
    "except star": ("try:\n    a = g()\nexcept* E:\n    a = 1\nf(a)", ("g", "E", "f")),
    "match": ("match m:\n    case P(x=1, y=[a, *b]) if g:\n        f(a, b)\n    case {'k': k, **r} | {'j': k, **r}:\n        f(k, r)\n    case A.B:\n        pass\n    case _:\n        pass", ("m", "P", "g", "f", "A")),
    "match that may not match": ("match m:\n    case 1:\n        a = 1\nf(a)", ("m", "f", "a")),
    "delete": ("a = 1\ndel a\nf(b)\ndel b, c[d].e", ("f", "b", "c", "d")),
    "import": ("import a.b, c as d\nfrom e import g as h\nf(a, d, h)", ("f",)),
    "lambda": ("f(lambda x, *y, z=d, **w: (x, y, z, w, a))", ("f", "d", "a")),
    "a named lambda reads when used": ("g = lambda: a\na = 1\nf(g)", ("f",)),
    "comprehension": ("f([x + y for x in xs for y in ys if x < z])", ("f", "xs", "ys", "z")),
    "its first source is outer": ("f({x: v for x in x})", ("f", "x", "v")),
    "its walrus binds": ("f([y := x for x in xs])\nf(y)", ("f", "xs")),
    "function, used": ("def g(a, *b, c=d, **e) -> t:\n    x = a, b, c, e\n    return x, h\ng()", ("d", "t", "h")),
    "function, used after what it reads": ("def g():\n    return a\na = 1\ng()", ()),
    "function, used before what it reads": ("def g():\n    return a\ng()\na = 1", ("a",)),
    "function, never used": ("def g():\n    return a\na = 1", ()),
    "function, never used, of the notebook": ("def g():\n    return a", ("a",)),
    "function in a function": ("def g():\n    b = 1\n    def h(c):\n        return a, b, c\n    return h\ng()", ("a",)),
    "global and nonlocal": ("def g():\n    global a\n    n = 1\n    def h():\n        nonlocal n\n        n += a\n    h()\n    a = n\ng()", ("a",)),
    "class body runs at once": ("class C(B, metaclass=M):\n    x: int = a\n    y = x\n    def f(self):\n        return x, b", ("B", "M", "a", "x", "b")),
    "class of its own name": ("lr = 1\nclass C:\n    lr = lr\nC()", ()),
    "methods read when the class is used": ("class C:\n    def f(self):\n        return b\nb = 1\nC()", ()),
    "decorator": ("@d(a)\ndef g():\n    pass", ("d", "a")),
    "await, yield, starred, slices": ("await a\nf(*b, **c)\nd[e:g:h]", ("a", "f", "b", "c", "d", "e", "g", "h")),
    "f-string": ("f'{a!r:>{b}} {c.d}'", ("a", "b", "c")),
    "assert, raise": ("assert a, b\nraise c from d", ("a", "b", "c", "d")),
    "async": ("async for x in a:\n    async with b as c:\n        f(x, c)", ("a", "b", "f")),
    "what is changed": ("r['a'] = 1\no.p = 2\nl.append(x)", ("r", "o", "x", "l")),
    "builtins that the cell binds": ("sum(a)\nsum = 3", ("sum", "a")),
    "magics run code": ("get_ipython().run_line_magic('time', 'b = a')\nget_ipython().run_cell_magic('capture', 'out', 'c = b + d')", ("get_ipython", "a", "d")),
}  # fmt: skip


@pytest.mark.parametrize(("source", "reads"), READS.values(), ids=READS)
def test_reads(source: str, reads: tuple[str, ...]) -> None:
    found = analyse(source).reads
    assert tuple(name for name in found if name not in dir(builtins) or name == "sum") == reads
    assert set(found) - set(reads) <= {"Ellipsis"}


PATHS = {
    "chains": ("f(cfg.lr, cfg['lr'], cfg.model['depth'].x[0])", {("cfg", "lr"), ("cfg", Item("lr")), ("cfg", "model", Item("depth"), "x", Item(0))}),
    "up to what is known": ("cfg.models[name].lr\n0", {("cfg", "models"), ("name",)}),
    "the whole": ("f(cfg)", {("cfg",)}),
    "methods": ("cfg.get('lr')\n0", {("cfg", "get")}),
    "shown only": ("cfg.lr", set()),
    "shown and used": ("f(lr)\nlr", {("lr",)}),
    "bound in some branch": ("if a:\n    b = 1\nf(b)", {("a",)}),
    "collected into": ("for k in ks:\n    r[k] = r.get(k, 0)\nf(r)", {("ks",), ("r", "get")}),
    "set above": ("cfg['lr'] = 1\nf(cfg['lr'], cfg['n'], cfg)", {("cfg", Item("n")), ("cfg",)}),
    "augmented part": ("cfg.n += 1", {("cfg", "n")}),
    "an unused function": ("def g():\n    return a", set()),
}  # fmt: skip


@pytest.mark.parametrize(("source", "inputs"), PATHS.values(), ids=PATHS)
def test_inputs(source: str, inputs: set[tuple[object, ...]]) -> None:
    assert {path for path in analyse(source).inputs if path != ("f",)} == inputs


BINDS = {
    "all kinds": (
        (
            "import a.b\nfrom c import d as e\nf = g = 1\nh: int = 2\nk: int\nl, *m = n\nwith o as p:\n    pass\n"
            "for q, (r, s) in t:\n    pass\ntry:\n    u = 1\nexcept E as v:\n    pass\ndef w():\n    x = 1\n"
            "class y:\n    z = 1\n(aa := 2)\nbb += 1\ndel cc\ndd.ee = ff['gg'] = 1\nmatch hh:\n    case [ii, *jj]:\n        pass"
        ),
        "a e f g h l m p q r s u v w y aa bb ii jj",
    ),
    "global in a function": (
        "def f():\n    global a, b\n    a = 1\n    def g():\n        global c\n        import c",
        "f a c",
    ),
    "a comprehension's walrus": ("[b := a for a in c]", "b"),
    "nothing": ("f(a)\nb[0] = 1", ""),
}


@pytest.mark.parametrize(("source", "names"), BINDS.values(), ids=BINDS)
def test_binds(source: str, names: str) -> None:
    assert analyse(source).binds == set(names.split())


def test_kinds_of_names() -> None:
    code = analyse(
        "import os\nfrom math import pi\nC = 0.1\nD = C\nloss = f(C)\nr = {'C': C, 'acc': f(1)}\nj = 0\nfor i in g: pass\n"
        "while j < 3:\n    j += 1\ndef h(): pass\nclass K: pass\nwith o as p: pass\nn = 1\nn += 1\nx, y = 1, f(2)"
    )
    assert code.constants == {"C", "x"}
    assert code.computed == {"loss", "r", "n", "y"}
    assert code.counters == {"i", "j"}
    assert (code.imports, code.defines) == ({"os", "pi"}, {"h", "K"})
    assert "D" in code.bindings


@pytest.mark.parametrize(
    ("source", "expression", "name"),
    [
        ("a", "a", "a"),
        ("a;", "a", "a"),
        ("f( x,y )", "f(x, y)", None),
        ("f(x,\n  y)", "f(x, y)", None),
        ("(a := f())", "(a := f())", "a"),
        ("a.b", "a.b", None),
        ("await f()", "await f()", None),
        ("a = 1", None, None),
        ("", None, None),
        ("a\n# end", "a", "a"),
        ("a\nb = 1", None, None),
        ("'é' + ü", "'é' + ü", None),
    ],
)
def test_last_expression(source: str, expression: str | None, name: str | None) -> None:
    code = analyse(source)
    assert (code.last_expression, code.last_name) == (expression, name)


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        ("from a import *", True),
        ("exec(s)", True),
        ("globals()['a'] = 1", True),
        ("get_ipython().run_line_magic('run', 'a.py')", True),
        ("a = f()", False),
    ],
)
def test_opaque(source: str, opaque: bool) -> None:
    assert analyse(source).opaque is opaque


@pytest.mark.parametrize("source", ["a = = 1", "def f(:", "a b", "(", "x = '"])
def test_no_python_is_refused(source: str) -> None:
    with pytest.raises(SyntaxError):
        analyse(source)


def test_no_warning_is_given_twice() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        analyse("pattern = '\\d'")
    assert caught == []


def test_long_and_deep_code() -> None:
    assert analyse("n = " + " + ".join(["a"] * 900)).reads == ("a",)
    assert len(analyse("\n".join(f"x{i} = f(x{i - 1}, C={i})" for i in range(1, 5_000))).binds) == 4_999
    assert analyse(f"xs = {list(range(20_000))}").constants == {"xs"}


UNTIL = {
    "the line itself": ("a = 1\nb = f()\nc = 2", 2, "a"),
    "a call over lines": ("a = 1\nb = f(\n    1,\n    g(),\n)\nc = 2", 4, "a"),
    "a loop that ended": ("for i in r:\n    a = i\nf()", 3, "a i"),
    "inside a loop": ("for i in r:\n    a = i\n    b = f(a)\n    c = 1", 3, "a"),
    "inside a branch": ("if x:\n    a = 1\n    f()\nelse:\n    b = 2", 3, "a"),
    "a branch that ended": ("if x:\n    a = 1\nelse:\n    a = b = 2\nf()", 5, "a"),
    "inside a handler": ("try:\n    a = f()\nexcept E:\n    b = 1\n    g()", 5, "b"),
    "inside a case": ("match m:\n    case 1:\n        a = 1\n        f()\n    case _:\n        b = 1", 4, "a"),
    "a with": ("with o as p:\n    a = 1\n    f()", 3, "a"),
    "the last line": ("a = 1\nf()", 2, "a"),
    "nothing above": ("f()", 1, ""),
}


@pytest.mark.parametrize(("source", "line", "names"), UNTIL.values(), ids=UNTIL)
def test_bound_until(source: str, line: int, names: str) -> None:
    assert bound_until(source, line) == set(names.split())


def test_an_empty_cell() -> None:
    assert analyse("# nothing") == CellCode(bindings={}, stores={})


def test_dotted() -> None:
    assert dotted(("cfg", "model", Item("depth"), Item(0))) == "cfg.model.depth.0"


# --- compiled functions ------------------------------------------------------------------------------------------

FUNCTIONS = {
    "globals and builtins": ("return len(a) + b", {"len", "a", "b"}),
    "arguments and locals": ("y = x\nreturn y", set()),
    "attributes and items": ("return cfg.lr + cfg['m']['d'] + cfg[0].x", {"cfg.lr", "cfg.m.d", "cfg.0.x"}),
    "items by variable": ("return cfg.m[x]", {"cfg.m"}),
    "methods": ("return cfg.get('a') + name.upper()", {"cfg.get", "name.upper"}),
    "what is set": ("cfg.lr = 1\nr[x] = 2\nr['a'] = 3\nl.append(x)", set()),
    "what is augmented": ("cfg.lr += a\nr['n'] += 1", {"cfg.lr", "a", "r.n"}),
    "inner functions": ("def g():\n    return a\nreturn g, (lambda: b), [c for _ in x], {d for _ in x}", {"a", "b", "c", "d"}),
    "a class": ("class A:\n    p = q\n    def f(self):\n        return r\nreturn A", {"q", "r", "__name__"}),
    "control": ("try:\n    with a as h:\n        return h\nexcept E:\n    raise b from c", {"a", "E", "b", "c"}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "paths"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_code_paths(body: str, paths: set[str]) -> None:
    namespace: dict[str, object] = {}
    exec("def f(x):\n" + "\n".join(f"    {line}" for line in body.splitlines()), namespace)
    assert {dotted(path) for path in code_paths(namespace["f"].__code__)} == paths  # type: ignore[attr-defined]


def test_reached_paths_are_of_the_notebook() -> None:
    import textwrap

    namespace: dict[str, object] = {"a": 1, "indent": 2}
    exec("def f():\n    return a, missing, len", namespace)
    assert reached_paths(namespace["f"], namespace) == (("a",),)
    assert reached_paths(textwrap.dedent, namespace) == ()
    assert reached_paths(3, namespace) == ()
