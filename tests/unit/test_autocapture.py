"""Cells in, params and metrics out: every case is executed, twice where a second run must give the same."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import math
import textwrap
from typing import Any, NamedTuple

import pytest

from nbtrack.capture.autocapture import Captured, bound_names, capture, snapshot_bound, snapshot_reads
from nbtrack.provenance.cellcode import analyse


class Case(NamedTuple):
    """What was run before, the tracked cell, and what it must give."""

    before: str
    cell: str
    params: dict[str, Any]
    metrics: dict[str, float]


def case(
    cell: str, params: dict[str, Any] | None = None, metrics: dict[str, float] | None = None, before: str = ""
) -> Case:
    return Case(textwrap.dedent(before), textwrap.dedent(cell).strip("\n"), params or {}, metrics or {})


CONSTANTS = {
    "a number": case("C = 0.1", {"C": 0.1}),
    "text, bool, None": case("a = 'rf'; b = True; c = None", {"a": "rf", "b": True, "c": None}),
    "arithmetic": case("n = 2 ** 10 + 1; m = -3; k = 10 * 60 // 7", {"n": 1025, "m": -3, "k": 85}),
    "a long sum": case("n = " + " + ".join(["1"] * 800), {"n": 800}),
    "comparison": case("big = 3 > 2 and not False", {"big": True}),
    "joined text": case("name = 'a' 'b' + 'c'", {"name": "abc"}),
    "an f-string of literals": case("s = f'{1 + 1}-{\"x\":>3}'", {"s": "2-  x"}),
    "list, tuple, set": case("a = [64, 32]; b = (3, 4); c = {2, 1}", {"a": [64, 32], "b": [3, 4], "c": [1, 2]}),
    "a list of lists": case("kernels = [[3, 3], [5, 5]]", {"kernels": [[3, 3], [5, 5]]}),
    "an empty list": case("found = []"),
    "a pasted table": case(f"xs = {list(range(300))}"),
    "a dict": case("cfg = {'lr': 0.1, 'opt': {'name': 'adam', 'betas': [0.9, 0.99]}}",
                   {"cfg.lr": 0.1, "cfg.opt.name": "adam", "cfg.opt.betas": [0.9, 0.99]}),
    "dict()": case("cfg = dict(lr=0.1, depth=3)", {"cfg.lr": 0.1, "cfg.depth": 3}),
    "a lookup table": case("label = {0: 'cat', 1: 'dog'}", {"label.0": "cat", "label.1": "dog"}),
    "chained and unpacked": case("a = b = 3; c, (d, e) = 1, (2, 'x')", {"a": 3, "b": 3, "c": 1, "d": 2, "e": "x"}),
    "annotated": case("lr: float = 0.5\ndepth: int", {"lr": 0.5}),
    "walrus": case("if (n := 4) > 3:\n    pass", {"n": 4}),
    "conversions": case("n = int(1e6); top = float('inf'); s = str(3)", {"n": 1_000_000, "top": math.inf, "s": "3"}),
    "a range as a list": case("folds = list(range(3))", {"folds": [0, 1, 2]}),
    "a path": case("from pathlib import Path\ndata = Path('data') / 'raw'", {"data": "data/raw"}),
    "decimal, date, timedelta": case(
        "from decimal import Decimal\nimport datetime\np = Decimal('0.10')\nd = datetime.date(2026, 1, 2)\n"
        "w = datetime.timedelta(days=1)", {"p": 0.1, "d": "2026-01-02", "w": "1 day, 0:00:00"}),
    "pi": case("import math\nangle = math.pi / 2", {"angle": math.pi / 2}),
    "either branch": case("if 3 > 2:\n    n = 10\nelse:\n    n = 1000", {"n": 10}),
    "a branch not taken": case("if 3 < 2:\n    n = 10"),
    "a branch not taken, bound before": case("if 3 < 2:\n    limit = 2.5; n = 3; m = k", {"k": 5}, before="limit = 1.5; n = 7; k = 5; m = 6"),
    "branches of an earlier run": case("if 3 > 2:\n    device = 'cpu'; n = 3; m = -1; k = j\nelse:\n    device = 'gpu'",
                                       {"device": "cpu", "n": 3, "m": -1, "k": 0.5, "j": 0.5}, before="j = 0.5"),
    "a fallback": case("try:\n    import nowhere_at_all\n    fast = True\nexcept ImportError:\n    fast = False", {"fast": False}),
    "the last of two": case("n = 3\nn = 4", {"n": 4}),
    "private": case("_n = 3; __m = 4"),
    "no param": case("z = 1j; b = b'x'; e = ...; r = range(3)"),
    "deleted": case("n = 3\ndel n"),
    "unicode": case("größe = 'ß'; 损失 = 1", {"größe": "ß", "损失": 1}),
    "a document": case("text = 'word ' * 5000"),
    "a prompt": case("prompt = 'line\\n' * 20", {"prompt": "line\n" * 20}),
    "a flag set in a loop": case("hit = False\nfor x in [1, 2]:\n    if x > 1:\n        hit = True"),
    "a constant inside a loop only": case("for x in [1, 2]:\n    kernel = 'rbf'", {"kernel": "rbf"}),
    "a class of settings": case("class CFG:\n    '''Doc.'''\n    lr = 0.1\n    n: int = 3\n    _x = 1", {"CFG.lr": 0.1, "CFG.n": 3}),
    "a class with methods": case("class Net:\n    depth = 3\n    def f(self):\n        return 1"),
    "an alias of a constant": case("C = 3; D = C; E = float(D)", {"C": 3, "D": 3, "E": 3.0}),
    "a part of a constant": case("cfg = {'lr': 0.1}\nlr = cfg['lr']", {"cfg.lr": 0.1, "lr": 0.1}),
    "a dict that grows by constants": case("cfg = {}\ncfg['lr'] = 0.1\ncfg.update(depth=3)\ncfg.update({'n': 1})",
                                           {"cfg.lr": 0.1, "cfg.depth": 3, "cfg.n": 1}),
    "a dict of inputs": case("params = {'C': C, 'gamma': 0.5}", {"params.C": 1, "params.gamma": 0.5, "C": 1}, before="C = 1"),
    "a dict spread": case("cfg = {**base, 'lr': 0.5}", {"cfg.lr": 0.5, "cfg.n": 2, "base.lr": 0.1, "base.n": 2},
                          before="base = {'lr': 0.1, 'n': 2}"),
    "credentials": case("api_key = 'abc'; password = 'x'; cfg = {'token': 't', 'n': 3}; u = 'pg://me:pw@host/db'", {"cfg.n": 3}),
    "a credential by another name": case("api_key = 'abc'\nx = api_key\ny = str(x); z = dict(v=api_key); n = db['pwd']", before="db = {'pwd': 'abc'}"),
    "a credential in a list of dicts": case("servers = [{'host': 'h', 'password': 'x'}]; plain = [{'host': 'h'}]", {"plain": [{"host": "h"}]}),
    "credentials of a dict": case("secrets = {'openai': 'abc', 'n': 3}", {"secrets.n": 3}),
    "a credential in a list": case("keys = ['ghp_" + "a" * 36 + "']"),
}  # fmt: skip

METRICS = {
    "computed": case("loss = sum([1, 2]) / 4", {}, {"loss": 0.75}),
    "from a constant": case("n = 4\nhalf = n / 2", {"n": 4}, {"half": 2.0}),
    "no number": case("ok = all([1]); s = '-'.join('ab'); xs = sorted([2, 1]); z = abs(1) + 1j"),
    "private": case("_loss = sum([1])"),
    "unpacked": case("loss, acc = divmod(7, 2)", {}, {"loss": 3.0, "acc": 1.0}),
    "starred": case("first, *others = divmod(7, 2)", {}, {"first": 3.0}),
    "swapped": case("a, b = 1, sum([2])", {"a": 1}, {"b": 2.0}),
    "nan and inf": case("a = sum([float('nan')]); b = sum([float('-inf')])", {}, {"a": math.nan, "b": -math.inf}),
    "a huge int": case("n = pow(10, 400)"),
    "Decimal and Fraction": case("import fractions, decimal\na = sum([fractions.Fraction(1, 4)])\nb = decimal.Decimal(1).exp()",
                                 {}, {"a": 0.25, "b": math.e}),
    "walrus": case("if (m := max([1, 2])):\n    pass", {}, {"m": 2.0}),
    "constant, then computed": case("x = 1\nx = max([5, 2])", {}, {"x": 5.0}),
    "an accumulator": case("total = 0\nfor x in [1, 2]:\n    total += x", {}, {"total": 3.0}),
    "counted events": case("hits = 0\nfor x in [1, 2]:\n    if x > 1:\n        hits += 1", {}, {"hits": 1.0}),
    "the best of a loop": case("best, best_C = None, None\nfor C in [3, 1]:\n    s = C * 2\n    if best is None or s > best:\n        best, best_C = s, C",
                               {}, {"s": 2.0, "best": 6.0, "best_C": 3.0}),
    "a sweep": case("for C in [0.1, 1]:\n    score = C * 2", {}, {"score": 2.0}),
    "loop counters": case("for i, (a, b) in enumerate([(1, 2)]):\n    s = a + b", {}, {"s": 3.0}),
    "while counters": case("i = 0; k = 0\nwhile i < 3:\n    i += 1\nwhile k < 2:\n    k = k + 1"),
    "steps until it converges": case("err = 8.0; steps = 0\nwhile err > 1:\n    err = err / 2\n    steps += 1", {}, {"err": 1.0, "steps": 3.0}),
    "a tolerance halved": case("tol = 1\nwhile tol > 0.3:\n    tol *= 0.5", {}, {"tol": 0.25}),
    "a bounded search": case("n = 0\nwhile True:\n    n += 1\n    if n > 3:\n        break", {}, {"n": 4.0}),
    "comprehension variables": case("n = len([i for i in range(3) if (last := i) >= 0])", {}, {"n": 3.0, "last": 2.0}),
    "a dict": case("r = dict(zip(['acc', 'f1'], [0.5, 0.25]))", {}, {"r.acc": 0.5, "r.f1": 0.25}),
    "a dict of dicts": case("r = {k: {'p': v / 2} for k, v in [('a', 1), ('b', 2)]}", {}, {"r.a.p": 0.5, "r.b.p": 1.0}),
    "a dict by number": case("r = {}\nfor C in [0.1, 1]:\n    r[C] = C * 2", {}, {"r.0.1": 0.2, "r.1": 2.0}),
    "a dict of both": case("r = {'model': 'rf', 'C': C, 'acc': sum([1]) / 2, 'clf': object()}",
                           {"r.model": "rf", "r.C": 1, "C": 1}, {"r.acc": 0.5}, before="C = 1"),
    "a dict of bools and text": case("r = {k: k for k in 'ab'}; s = {k: True for k in 'ab'}"),
    "a dict filled by a method": case("r = {'n': 0}\nr.update(acc=sum([1]))\nr.update(dict.fromkeys('ab', sum([2])))",
                                      {"r.n": 0}, {"r.acc": 1.0, "r.a": 2.0, "r.b": 2.0}),
    "a dict filled elsewhere": case("r = {}\nfill(r)", {}, {"r.acc": 0.5}, before="def fill(d):\n    d['acc'] = 0.5"),
    "a part replaced": case("r = {'acc': 0}\nr['acc'] = sum([1])", {}, {"r.acc": 1.0}),
    "a default dict": case("import collections\nr = collections.defaultdict(float)\nr['a'] += sum([2])", {}, {"r.a": 2.0}),
    "a list filled": case("losses = []\nfor x in [1, 2]:\n    losses.append(x / 2)"),
    "a list filled elsewhere": case("losses = []\nfill(losses)", before="def fill(x):\n    x.extend([1, 2])"),
    "settings computed": case("cfg = load(); best_params = load()",
                              {"cfg.lr": 0.1, "cfg.name": "x", "best_params.lr": 0.1, "best_params.name": "x"},
                              before="def load():\n    return {'lr': 0.1, 'name': 'x'}"),
    "a named tuple": case("r = R(sum([1]), p=0.25)", {"r.p": 0.25}, {"r.stat": 1.0},
                          before="import collections\nR = collections.namedtuple('R', 'stat p')"),
    "a record returned": case("r = test()", {}, {"r.stat": 1.0, "r.p": 0.25},
                              before="import collections\nR = collections.namedtuple('R', 'stat p')\ndef test():\n    return R(1, 0.25)"),
    "a record made": case("cfg = Config(lr=0.1)\nres = Result(acc=sum([1]) / 2, name='x')",
                          {"cfg.lr": 0.1, "cfg.n": 3, "res.name": "x"}, {"res.acc": 0.5},
                          before="""
                          from dataclasses import dataclass
                          @dataclass
                          class Config:
                              lr: float
                              n: int = 3
                          @dataclass(slots=True)
                          class Result:
                              acc: float
                              name: str
                          """),
    "a namespace made": case("import types\na = types.SimpleNamespace(lr=0.1, n=len('ab'))", {"a.lr": 0.1}, {"a.n": 2.0}),
    "a clock": case("import time\nfrom time import perf_counter\nt0 = time.time(); t1 = perf_counter(); took = time.time() - t0 > 0"),
    "time taken": case("import time\nt0 = time.perf_counter()\ntook = 0 * (time.perf_counter() - t0)", {}, {"took": 0.0}),
    "in a function": case("def f():\n    inner = sum([1])\n    return inner\nout = f()", {}, {"out": 1.0}),
    "through global": case("def f():\n    global made\n    made = sum([1])\nf()"),
    "with": case("import contextlib\nwith contextlib.nullcontext(3) as k:\n    y = k * 2", {}, {"y": 6.0}),
    "try": case("try:\n    y = 1 / 0\nexcept ZeroDivisionError as error:\n    y = -abs(1)\nfinally:\n    z = y * 2", {}, {"y": -1.0, "z": -2.0}),
    "match": case("match {'k': 2, 'rest': 1}:\n    case {'k': k, **rest}:\n        y = k * 2\n    case _:\n        y = 0", {}, {"y": 4.0}),
    "an untaken branch of an earlier run": case("if len('a') > 1:\n    extra = sum([0.25]) * 3", before="extra = 0.75"),
    "%time": case("get_ipython().run_line_magic('time', 'acc = sum([1]) / k')", {"k": 4}, {"acc": 0.25},
                  before="k = 4\nclass Shell:\n    def run_line_magic(self, name, line):\n        exec(line, globals())\n"
                         "def get_ipython():\n    return Shell()"),
    "!command": case("files = get_ipython().getoutput('ls')\nn = len(files)", {}, {"n": 2.0},
                     before="class Shell:\n    def getoutput(self, line):\n        return ['a', 'b']\ndef get_ipython():\n    return Shell()"),
    "too many": case("r = {str(i): i * 1.5 for i in range(101)}"),
}  # fmt: skip

READS = {
    "a value": case("y = test_size * 2", {"test_size": 0.2}, {"y": 0.4}, before="test_size = 0.2; unread = 1"),
    "text in a call": case("print(name)", {"name": "x"}, before="name = 'x'"),
    "in an f-string": case("print(f'{name:>{width}}')", {"name": "x", "width": 3}, before="name = 'x'; width = 3"),
    "bound above": case("n = 4\nprint(n)", {"n": 4}, before="n = 3"),
    "read, then set": case("m = n * 1\nn = 4", {"n": 4}, {"m": 3.0}, before="n = 3"),
    "rebound": case("x = x + 1", {"x": 1}, {"x": 2.0}, before="x = 1"),
    "augmented": case("n += 1", {"n": 1}, {"n": 2.0}, before="n = 1"),
    "passed on": case("lr = base_lr\nrate = float(lr)", {"base_lr": 1, "lr": 1, "rate": 1.0}, before="base_lr = 1"),
    "a default": case("n = n_given or 5; m = 1 if fast else 9", {"n_given": 0, "fast": True, "n": 5, "m": 1}, before="n_given = 0; fast = True"),
    "a device": case("device = 'cuda' if torch.cuda.is_available() else 'cpu'", {"device": "cpu"},
                     before="import types\ntorch = types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: False))"),
    "an environment variable": case("import os\nn = int(os.environ.get('NBTRACK_NO_SUCH', '7'))", {"n": 7}),
    "bound in one branch only": case("if flag:\n    k = 2.5\ny = k * 2", {"flag": False, "k": 1.5}, {"y": 3.0}, before="k = 1.5; flag = False"),
    "bound in a loop": case("for x in [1, 2]:\n    loss = x / 2\nprint(loss)", {}, {"loss": 1.0}, before="loss = 9"),
    "a counter of the notebook": case("for i in range(n):\n    pass", {"n": 3}, before="i = 7; n = 3"),
    "in a comprehension": case("n = len([x for x in [1, 3] if x > t])", {"t": 2}, {"n": 1.0}, before="t = 2; x = 9"),
    "nested comprehensions": case("n = sum(a * b * k for a in [1] for b in [a, 2])", {"k": 2}, {"n": 6.0}, before="a = b = 5; k = 2"),
    "in a lambda": case("f = lambda a, b=k: a * b * j\ny = f(2)", {"k": 2, "j": 3}, {"y": 12.0}, before="a = 5; k = 2; j = 3"),
    "in a lambda passed on": case("y = max([1, 3], key=lambda v: -v * k)", {"k": 1}, {"y": 1.0}, before="k = 1"),
    "in a function of the cell": case("def f(a, k=k0):\n    return a * k * j\ny = f(2)", {"k0": 2, "j": 3}, {"y": 12.0}, before="k0 = 2; j = 3; a = k = 9"),
    "in a function never called": case("def f():\n    return k\nx = 1", {"x": 1}, before="k = 2"),
    "in a decorated function": case("@keep\ndef f():\n    return k", {"k": 2}, before="k = 2\nkept = []\ndef keep(f):\n    kept.append(f)\n    return f"),
    "a function before its constant": case("def f():\n    return k\nk = 3\ny = f() * 1", {"k": 3}, {"y": 3.0}, before="k = 1"),
    "functions calling functions": case("def f():\n    return g()\ndef g():\n    return k\ny = f() * 1", {"k": 2}, {"y": 2.0}, before="k = 2"),
    "a recursion": case("def f(n):\n    return k if not n else f(n - 1)\ny = f(2) * 1", {"k": 2}, {"y": 2.0}, before="k = 2; n = 1"),
    "a local hides": case("def f():\n    k = 5\n    def g():\n        return k\n    return g()\ny = f() * 1", {}, {"y": 5.0}, before="k = 2"),
    "nonlocal": case("def f():\n    k = 5\n    def g():\n        nonlocal k\n        k += 1\n        return k\n    return g()\ny = f() * 1", {}, {"y": 6.0}, before="k = 2"),
    "global in a function": case("def f():\n    global count\n    count = count + 1\nf()", {"count": 1}, before="count = 1"),
    "in a class body and a method": case("class A:\n    x = k\n    k = 5\n    def f(self):\n        return k * j\ny = A().f()", {"k": 2, "j": 3}, {"y": 6.0}, before="k = 2; j = 3"),
    "async": case("async def f():\n    return k\ny = await f()\nasync def g():\n    yield j\nasync for v in g():\n    z = v * 2", {"k": 2, "j": 3}, {"y": 2.0, "z": 6.0}, before="k = 2; j = 3"),
    "a star import": case("from math import *\ny = sqrt(k)", {"k": 4}, {"y": 2.0}, before="k = 4"),
    "slices": case("y = sum([1, 2, 3][:n])", {"n": 2}, {"y": 3.0}, before="n = 2"),
    "a path, an enum, a date": case("print(p, kind, mode, d)", {"p": "x/y", "kind": "adam", "mode": "Mode.FAST", "d": "2026-01-02"},
        before="import enum, datetime\nfrom pathlib import Path\np = Path('x') / 'y'\nclass Kind(enum.Enum):\n    ADAM = 'adam'\n"
               "class Mode(enum.Enum):\n    FAST = 1\nkind = Kind.ADAM; mode = Mode.FAST; d = datetime.date(2026, 1, 2)"),
    "a member of an enum": case("print(Mode.FAST)", before="import enum\nclass Mode(enum.Enum):\n    FAST = 1"),
    "a method of a text": case("s = name.upper()", {"name": "rf"}, before="name = 'rf'"),
    "a short list": case("y = sum(grid); z = sizes[0] * 1", {"grid": [1, 2], "sizes.0": 64}, {"y": 3.0, "z": 64.0}, before="grid = [1, 2]; sizes = (64, 32)"),
    "data": case("y = sum(xs) + len(rows) + len(words)", {}, {"y": 500503.0}, before="xs = list(range(1001)); rows = [[object()]]; words = {i: 'w' for i in range(2)}"),
    "a collecting list": case("losses.append(0.5)\nprint(losses)", before="losses = [1.0, 0.7]"),
    "a collecting dict": case("for C in [1, 2]:\n    results[C] = C / 2\nprint(results)", before="results = {'a': 1}"),
    "not functions, modules, classes": case("import math\ny = f(math.sqrt(4))", {}, {"y": 2.0}, before="def f(x):\n    return x\nclass A: pass"),
    "private and IPython's": case("y = _k * 1\nprint(In, Out, _i1)", {}, {"y": 2.0}, before="_k = 2; In = ['']; Out = {'a': 1}; _i1 = 'x'"),
    "credentials": case("print(api_key, hf_token, url, max_tokens, pad_token)", {"max_tokens": 5, "pad_token": "<pad>"},
        before="api_key = 'abc'; hf_token = 'x'; url = 'https://me:pw@h/'; max_tokens = 5; pad_token = '<pad>'"),
    "missing": case("try:\n    print(nowhere)\nexcept NameError:\n    pass"),
}  # fmt: skip

PARTS = {
    "an item": case("y = cfg['lr'] * 2", {"cfg.lr": 0.5}, {"y": 1.0}, before="cfg = {'lr': 0.5, 'n': 3}"),
    "a nested item": case("y = cfg['m']['depth'] * 2", {"cfg.m.depth": 3}, {"y": 6.0}, before="cfg = {'m': {'depth': 3}, 'n': 1}"),
    "an item passed on": case("lr = cfg['lr']\ndepth = int(cfg.get('depth', 3))", {"cfg.lr": 0.5, "lr": 0.5, "depth": 3}, before="cfg = {'lr': 0.5}"),
    "the whole": case("print(cfg)", {"cfg.lr": 0.5, "cfg.n": 3, "cfg.sizes": [1]}, before="cfg = {'lr': 0.5, 'n': 3, 'sizes': [1], 'X': object(), '_x': 1}"),
    "spread into a call": case("y = f(**cfg)", {"cfg.a": 1, "cfg.b": 2}, {"y": 3.0}, before="cfg = {'a': 1, 'b': 2}\ndef f(a, b):\n    return a + b"),
    "its methods": case("for k, v in cfg.items():\n    print(k, v)", {"cfg.a": 1}, before="cfg = {'a': 1}"),
    "by a variable": case("y = cfg[key] * 1", {"key": "a", "cfg.a": 1}, {"y": 1.0}, before="cfg = {'a': 1}; key = 'a'"),
    "a table of lists": case("print(table)", before="table = {'x': [1, 2], 'y': [3, 4]}"),
    "a large dict": case("print(vocabulary)", before="vocabulary = {str(i): i for i in range(51)}"),
    "set by the cell": case("cfg['lr'] = 0.9\nprint(cfg)", {"cfg.lr": 0.9, "cfg.n": 3}, before="cfg = {'lr': 0.5, 'n': 3}"),
    "set to what is computed": case("cfg['n'] = len('abc')\nprint(cfg['n'], cfg)", {"cfg.lr": 0.5}, {"cfg.n": 3.0}, before="cfg = {'lr': 0.5, 'n': 9}"),
    "augmented": case("cfg.lr *= 2", {"cfg.lr": 0.5}, {"cfg.lr": 1.0}, before="import types\ncfg = types.SimpleNamespace(lr=0.5)"),
    "deleted": case("del cfg['a']\nprint(cfg)", {"cfg.b": 2}, before="cfg = {'a': 1, 'b': 2}"),
    "a namespace": case("y = cfg.lr * 2", {"cfg.lr": 0.5}, {"y": 1.0}, before="import types\ncfg = types.SimpleNamespace(lr=0.5, n=2)"),
    "a namespace, whole": case("y = f(args)", {"args.lr": 0.5, "args.n": 2}, {"y": 0.5}, before="import argparse\nargs = argparse.Namespace(lr=0.5, n=2)\ndef f(c):\n    return c.lr"),
    "a dataclass": case("print(cfg)\ny = cfg.opt.lr * 2", {"cfg.opt.lr": 0.5, "cfg.n": 2}, {"y": 1.0}, before="""
        from dataclasses import dataclass, field
        @dataclass(frozen=True, slots=True)
        class Opt:
            lr: float = 0.5
        @dataclass
        class Config:
            opt: Opt = field(default_factory=Opt)
            n: int = 2
        cfg = Config()
        """),
    "a class of settings": case("y = CFG.lr * 2", {"CFG.lr": 0.5}, {"y": 1.0}, before="class CFG:\n    lr = 0.5\n    n = 2"),
    "a class of settings, whole": case("print(CFG)", {"CFG.lr": 0.5, "CFG.n": 2}, before="class CFG:\n    lr = 0.5\n    n = 2"),
    "an instance of it": case("y = cfg.lr * cfg.n", {"cfg.lr": 0.5, "cfg.n": 4}, {"y": 2.0}, before="class CFG:\n    lr = 0.5\n    n = 2\ncfg = CFG()\ncfg.n = 4"),
    "an object of the notebook": case("y = m.depth * 1", {"m.depth": 3}, {"y": 3.0}, before="class M:\n    def __init__(self):\n        self.depth = 3\nm = M()"),
    "slots": case("y = m.depth * 1", {"m.depth": 3}, {"y": 3.0}, before="class M:\n    __slots__ = ('depth', 'unset')\n    def __init__(self):\n        self.depth = 3\nm = M()"),
    "a property": case("y = m.depth * 1", {}, {"y": 3.0}, before="class M:\n    @property\n    def depth(self):\n        return 3\nm = M()"),
    "a named tuple": case("y = p.a * 1", {"p.a": 1}, {"y": 1.0}, before="from collections import namedtuple\np = namedtuple('P', 'a b')(1, 2)"),
    "a library's object": case("import fractions\ny = half.numerator * 1\nz = len(t.template)", {"half": "1/2"}, {"y": 1.0, "z": 1.0},
        before="import fractions, string\nhalf = fractions.Fraction(1, 2)\nt = string.Template('x')"),
}  # fmt: skip

FUNCTIONS = {
    "a global": case("y = f(2)", {"rate": 0.5}, {"y": 1.0}, before="rate = 0.5; other = 1\ndef f(x):\n    return x * rate"),
    "through another": case("y = f(2)", {"rate": 0.5}, {"y": 1.0}, before="rate = 0.5\ndef g():\n    return rate\ndef f(x):\n    return x * g()"),
    "its parts": case("y = f()", {"cfg.lr": 0.5, "ns.a.b": 1}, {"y": 1.5}, before="import types\ncfg = {'lr': 0.5, 'n': 2}\nns = types.SimpleNamespace(a={'b': 1}, c=2)\ndef f():\n    return cfg['lr'] + ns.a['b']"),
    "set by the cell": case("rate = 3\ny = f()", {"rate": 3}, {"y": 3.0}, before="rate = 0.5\ndef f():\n    return rate"),
    "computed by the cell": case("rate = sum([3])\ny = f()", {}, {"rate": 3.0, "y": 3.0}, before="rate = 0.5\ndef f():\n    return rate"),
    "a local hides": case("y = f() * 1", {}, {"y": 3.0}, before="k = 2\ndef f():\n    k = 3\n    return k"),
    "what it collects into": case("y = f()", {}, {"y": 1.0}, before="seen = {'a': 1}; names = ['x']\ndef f():\n    seen['b'] = 2\n    names.append('y')\n    return 1"),
    "not used": case("y = sum([1])", {}, {"y": 1.0}, before="k = 2\ndef f():\n    return k"),
    "partial": case("y = p()", {"k": 2}, {"y": 6.0}, before="import functools\nk = 2\ndef f(a):\n    return a * k\np = functools.partial(f, 3)"),
    "cached": case("y = f() * 1", {"k": 2}, {"y": 2.0}, before="import functools\nk = 2\n@functools.lru_cache\ndef f():\n    return k"),
    "decorated here": case("y = f() * 1", {"k": 2, "j": 3}, {"y": 6.0}, before="import functools\nk = 2; j = 3\ndef deco(g):\n    @functools.wraps(g)\n    def inner():\n        return g() * j\n    return inner\n@deco\ndef f():\n    return k"),
    "decorated by a library": case("with f():\n    y = sum([1])", {"k": 2}, {"y": 1.0}, before="import contextlib\nk = 2\n@contextlib.contextmanager\ndef f():\n    yield k"),
    "a method": case("y = a.run() * 1", {"k": 2}, {"y": 2.0}, before="k = 2\nclass A:\n    def run(self):\n        return k\na = A()"),
    "a class": case("y = A().v * 1", {"k": 2}, {"y": 2.0}, before="k = 2\nclass A:\n    def __init__(self):\n        self.v = k"),
    "an inherited, a static, a property": case("b = B()\ny = b.f() + B.g() + b.h", {"i": 1, "j": 2, "k": 3}, {"y": 6.0},
        before="i = 1; j = 2; k = 3\nclass A:\n    def f(self):\n        return i\nclass B(A):\n    @staticmethod\n    def g():\n        return j\n    @property\n    def h(self):\n        return k"),
    "a closure": case("y = h() * 1", {"k": 2}, {"y": 2.0}, before="k = 2\ndef make():\n    def g():\n        return k\n    return g\nh = make()"),
    "an inner function, lambda, comprehension": case("y = f()", {"i": 1, "j": 2, "k": 3}, {"y": 6.0}, before="i = 1; j = 2; k = 3\ndef f():\n    def g():\n        return i\n    return g() + (lambda: j)() + sum([k for _ in [0]])"),
    "in a dict of functions": case("y = sum(f() for f in table.values())", {"k": 2}, {"y": 2.0}, before="k = 2\ndef g():\n    return k\ntable = {'g': g}"),
    "passed to map": case("y = sum(map(f, [1]))", {"k": 2}, {"y": 2.0}, before="k = 2\ndef f(x):\n    return x * k"),
    "a generator": case("y = sum(f())", {"k": 2}, {"y": 2.0}, before="k = 2\ndef f():\n    yield k"),
    "async": case("y = await f()", {"k": 2}, {"y": 2.0}, before="k = 2\nasync def f():\n    return k"),
    "each other": case("y = f(1)", {"k": 2}, {"y": 2.0}, before="k = 2\ndef f(n):\n    return g(n)\ndef g(n):\n    return k if n else f(n)"),
    "of the cell and of the notebook": case("def f():\n    return g() * 1\ny = f()", {"k": 2}, {"y": 2.0}, before="k = 2\ndef g():\n    return k"),
}  # fmt: skip

LAST = {
    "a number": case("sum([1, 2]) / 2", {}, {"sum([1, 2]) / 2": 1.5}),
    "a call over lines": case("sum([1,\n     2])", {}, {"sum([1, 2])": 3.0}),
    "a computed name": case("acc = sum([1]) / 2\nacc", {}, {"acc": 0.5}),
    "a constant's name": case("C = 3\nC", {"C": 3}),
    "a counter": case("for i in range(3):\n    pass\ni"),
    "a literal": case("42"),
    "a notebook's name": case("acc", {}, {"acc": 0.5}, before="acc = 0.5"),
    "a notebook's name that is used too": case("y = C * 2\nC", {"C": 3}, {"y": 6.0}, before="C = 3"),
    "a private name": case("_", before="_ = 3"),
    "a part": case("results['acc']", {}, {"results['acc']": 0.5}, before="results = {'acc': 0.5, 'n': 1}"),
    "a mapping": case("dict(a=1, b={'c': 2.5}, d='x', e=True)", {}, {"a": 1.0, "b.c": 2.5}),
    "a mapping's name": case("r = dict(zip('ab', [1, 2]))\nr", {}, {"r.a": 1.0, "r.b": 2.0}),
    "a notebook's mapping": case("results", {}, {"acc": 0.5}, before="results = {'acc': 0.5}"),
    "settings shown": case("cfg", before="cfg = {'lr': 0.5}"),
    "settings fetched": case("m.get_params()", before="class M:\n    def get_params(self):\n        return {'lr': 0.5}\nm = M()"),
    "no number": case("'done'"),
    "a bool": case("1 < len('ab')"),
    "None": case("print(1)"),
    "a walrus": case("(acc := sum([1]))", {}, {"acc": 1.0}),
    "awaited": case("await f()", {}, {"await f()": 2.0}, before="async def f():\n    return 2"),
    "text of a long call": case("sum([" + "1, " * 100 + "])", {}, {"sum([" + "1, " * 38 + "…": 100.0}),
}  # fmt: skip

CASES = {
    f"{group}: {name}": found
    for group, cases in {
        "constants": CONSTANTS, "metrics": METRICS, "reads": READS, "parts": PARTS, "functions": FUNCTIONS, "last": LAST,
    }.items()
    for name, found in cases.items()
}  # fmt: skip
# What these read they also change, so that a second run reads something else.
NOT_TWICE = {
    "reads: read, then set", "reads: rebound", "reads: augmented", "reads: global in a function", "parts: augmented",
    "parts: deleted", "reads: a collecting list", "metrics: too many",
}  # fmt: skip


def execute(cell: str, namespace: dict[str, Any]) -> Any:
    """Run a cell as IPython does, top-level await included, and return the value of its last expression."""
    tree = ast.parse(cell)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    value = None
    with contextlib.redirect_stdout(io.StringIO()):
        result = eval(compile(tree, "<cell>", "exec", flags), namespace)
        if inspect.iscoroutine(result):
            asyncio.run(result)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval", flags), namespace)
            value = asyncio.run(value) if inspect.iscoroutine(value) else value
    return value


def track(cell: str, namespace: dict[str, Any], **options: Any) -> Captured:
    code = analyse(cell)
    read, marks = snapshot_reads(code, namespace), snapshot_bound(code, namespace)
    value = execute(cell, namespace)
    bound = bound_names(code, namespace, marks)
    return capture(code, read=read, namespace=namespace, bound=bound, last_value=value, **options)


def notebook(before: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    execute(textwrap.dedent(before), namespace)
    return namespace


def plain(found: Captured) -> dict[str, Any]:
    return {key: param.value for key, param in found.params.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_cell(name: str) -> None:
    before, cell, params, metrics = CASES[name]
    namespace = notebook(before)
    found = track(cell, namespace)
    assert plain(found) == params
    assert found.metrics == pytest.approx(metrics, nan_ok=True)
    assert [type(value) for value in found.metrics.values()] == [float] * len(found.metrics)
    assert bool(found.problems) == name.endswith("too many")


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_TWICE])
def test_a_second_run_of_the_cell_gives_the_same(name: str) -> None:
    before, cell, params, metrics = CASES[name]
    namespace = notebook(before)
    track(cell, namespace)
    found = track(cell, namespace)
    assert plain(found) == params
    assert found.metrics == pytest.approx(metrics, nan_ok=True)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 180
    assert set(CASES) >= NOT_TWICE
