"""Cells and objects as bad as they come: recording them never runs their code, fails, speaks or hangs."""

from __future__ import annotations

import gc
import textwrap
import weakref

import pytest

import nbtrack

pytestmark = pytest.mark.timeout(120)


def cells_of(text):
    """Split a text into cells at lines of dashes."""
    return [textwrap.dedent(part).strip("\n") for part in textwrap.dedent(text).split("\n---\n")]


class Player:
    """Runs cells and holds nbtrack to silence."""

    def __init__(self, shell, capsys):
        self.shell = shell
        self.capsys = capsys

    def __call__(self, text, fails=None):
        """Run cells; they work, or the last of them fails with ``fails``, and not through nbtrack."""
        cells = cells_of(text)
        for number, cell in enumerate(cells):
            result = self.shell.run(cell)
            said = self.capsys.readouterr()
            expected = fails if number == len(cells) - 1 else None
            error = result.error_before_exec or result.error_in_exec
            assert type(error).__name__ == (expected or "NoneType"), (cell, error, said.out)
            assert "nbtrack" not in said.err.replace("<nbtrack", ""), cell
            assert "/nbtrack/" not in said.out, cell
            shown = "\n".join(self.shell.cards)
            assert "could not" not in shown, (cell, shown)
            if not cell.startswith("%%track"):
                assert "could not" not in said.out, (cell, said.out)
                assert "nbtrack" not in shown, (cell, shown)
        return self

    def __getitem__(self, name):
        return self.shell[name]


@pytest.fixture
def play(shell, capsys):
    player = Player(shell, capsys)
    yield player
    problems = nbtrack.sql("select text, detail from problems")
    assert problems.empty, problems.to_dict("records")


# --- cells ----------------------------------------------------------------------------------------------------------


def test_a_cell_that_does_not_parse(play):
    play("x = 1")
    play("x = = 1", fails="SyntaxError")
    play("def f(:\n", fails="SyntaxError")
    play("x = '\\ud800'\n---\n%%track\ny = x")


def test_names_that_nbtrack_and_ipython_need_are_the_users_to_take(play):
    play("""
        nbtrack = 3
        ---
        %%track
        y = nbtrack + 1
        ---
        def id(value): raise RuntimeError("id")
        def len(value): raise RuntimeError("len")
        type = hash = repr = isinstance = getattr = id
        ---
        x = [1, 2]
        y = x
        ---
        %%track
        z = y[0] + x[1]
        ---
        del id, len, type, hash, repr, isinstance, getattr
    """)
    play("""
        del get_ipython
        ---
        x = 5
        ---
        %%track
        y = x * 2
    """)


def test_builtins_that_somebody_has_replaced(play):
    play("""
        import builtins
        calls = []
        kept = {name: getattr(builtins, name) for name in ("open", "print", "id", "repr", "hash")}
        def replaced(name):
            def function(*arguments, **named):
                calls.append(name)
                return kept[name](*arguments, **named)
            return function
        for name in kept:
            setattr(builtins, name, replaced(name))
        ---
        calls.clear()
        data = {"a": [1, 2]}
        ---
        data["a"].append(3)
        ---
        for name in kept:
            setattr(builtins, name, kept[name])
        ---
        %%track
        total = sum(data["a"])
    """)
    play("""
        open = print = lambda *arguments, **named: 1 / 0
        ---
        x = 1
        ---
        %%track
        y = x + 1
    """)


def test_a_cell_of_5000_lines(play):
    lines = [f"v{number} = v{number - 1} + {number}" if number else "v0 = 0" for number in range(5000)]
    play("\n".join(lines))
    play("%%track\ntotal = v4999 + v2500")
    play("x = " + " + ".join(["1"] * 900))
    play("x = " + "(" * 90 + "1" + ")" * 90)


def test_code_nested_deeper_than_anybody_can_read(play):
    play("x = " + "-" * 200 + "1\n---\n%%track\ny = x")
    play("x = " + "".join(f"[{number}, " for number in range(80)) + "]" * 80)
    play("x = " + "f(" * 500 + ")" * 500, fails="SyntaxError")


def test_a_cell_that_is_interrupted(play):
    play("xs = []")
    play("xs.append(1)\nraise KeyboardInterrupt", fails="KeyboardInterrupt")
    play("%%track\nxs.append(2)\nraise KeyboardInterrupt", fails="KeyboardInterrupt")
    assert nbtrack.last_active_run().info.status == "interrupted"
    play("%%track\ntotal = sum(xs)")


@pytest.mark.filterwarnings("ignore:To exit")
def test_a_cell_that_exits(play):
    play("x = 1\nimport sys\nsys.exit(3)", fails="SystemExit")
    play("%%track\ny = x\nsys.exit(3)", fails="SystemExit")
    play("%%track\ny = x")


def test_a_cell_that_runs_cells(play):
    play("""
        x = 1
        get_ipython().run_cell("x = 2\\nget_ipython().run_cell('z = x')")
        ---
        %%track
        y = x + z
    """)
    assert nbtrack.last_active_run().data.metrics == {"y": 4}


def test_the_namespace_is_reset_between_cells_and_within_one(play):
    play("""
        x = [1]
        ---
        x.append(2)
        ---
        %reset -f
        ---
        y = 3
        get_ipython().run_line_magic("reset", "-f")
        z = 4
        ---
        %%track
        w = 5
        total = sum([w])
    """)


def test_the_extension_comes_and_goes(play):
    for _ in range(4):
        play("""
            x = [1]
            ---
            x.append(2)
            ---
            %unload_ext nbtrack
            ---
            x.append(3)
            ---
            %load_ext nbtrack
            ---
            %reload_ext nbtrack
            ---
            %%track
            total = sum(x)
        """)
        assert nbtrack.last_active_run().data.metrics == {"total": 6}


def test_threads_change_the_namespace_while_cells_run(play):
    play("""
        import threading, time
        stop = threading.Event()
        def bind():
            number = 0
            while not stop.is_set():
                number += 1
                globals()[f"thread_{number % 500}"] = [number]
                globals().pop(f"thread_{(number + 250) % 500}", None)
                time.sleep(0)
        threads = [threading.Thread(target=bind) for _ in range(2)]
        for thread in threads:
            thread.start()
    """)
    for number in range(15):
        play(f"x = [{number}]\n---\nx.append(1)\n---\n%%track --quiet\ny = sum(x)")
    play("stop.set()\nfor thread in threads:\n    thread.join()")


def test_names_that_are_no_names(play):
    play("""
        class Key:
            def __hash__(self): return 7
            def __eq__(self, other): raise RuntimeError("compared")
        class Name(str):
            def startswith(self, *arguments): raise RuntimeError("asked")
            __eq__ = lambda self, other: True
            __hash__ = str.__hash__
        globals()[3] = 4
        globals()[Key()] = 5
        globals()[Name("odd")] = 6
        globals()["not a name"] = 7
        globals()[""] = 8
        ---
        x = 1
        ---
        %%track
        y = x + 1
        ---
        for key in [key for key in globals() if type(key) is not str]:
            del globals()[key]
    """)


# --- objects whose code must not run --------------------------------------------------------------------------------

HOSTILE = """
touched = []

def touch(name):
    def method(self, *arguments, **named):
        touched.append(name)
        raise RuntimeError(f"{name} was called")
    return method

special = '''__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __repr__ __str__ __bytes__ __format__ __bool__ __len__
    __length_hint__ __iter__ __next__ __reversed__ __contains__ __getitem__ __setitem__ __delitem__ __missing__
    __getattr__ __getattribute__ __setattr__ __delattr__ __dir__ __call__ __reduce__ __reduce_ex__ __getstate__
    __copy__ __deepcopy__ __sizeof__ __index__ __int__ __float__ __complex__ __round__ __add__ __radd__ __and__
    __array__ __array_interface__ __array_struct__ __array_ufunc__ __array_function__ __array_finalize__ __buffer__
    __enter__ __exit__ __del__x __await__ __fspath__ __get__ __set__ __set_name__x __instancecheck__
    __subclasscheck__ __mro_entries__ __class_getitem__x __dataframe__ __arrow_c_stream__'''.split()
properties = "__class__ __dict__ __wrapped__ __name__ __module__x columns index shape dtype size base _mgr".split()
body = {name: touch(name) for name in special if not name.endswith("x")}
body |= {name: property(touch(name)) for name in properties if not name.endswith("x")}

class Plain:
    pass

Hostile = type("Hostile", (), body)
Meta = type("Meta", (type,), {name: body[name] for name in special if name in body and name != "__call__"})
"""


def hostile(play, make):
    """Have cells make an object, hold, read, pass and change things around it; none of its methods may be called."""
    play(HOSTILE)
    play(make)
    play("""
        touched.clear()
        ---
        held = [hostile, {"a": hostile}, (1, hostile)]
        other = hostile
        box = Plain()
        box.inner = hostile
        ---
        def uses(flag=False, given=hostile):
            return hostile if flag else 1
        ---
        held.append(uses())
        ---
        box.more = 3
        ---
        other
        None
        ---
        %%track
        kept = held
        inside = box
        again = hostile
        total = uses() + 1
        ---
        %%track
        held.append(2)
        total = len(held)
        ---
        pass
        hostile = 3
        ---
        %%track
        total = hostile + len(held)
        ---
        del held, other, box, uses, kept, inside, again
    """)
    assert play["touched"] == []


MADE = {
    "an object": "hostile = Hostile()",
    "the class": "hostile = Hostile",
    "with a hostile class of its class": "hostile = Meta('Odd', (), {'__slots__': ()})()",
    "a class with a hostile class": "hostile = Meta('Odd', (), {})",
    "a dict": "hostile = type('D', (dict,), body)()\ndict.__setitem__(hostile, 'a', 1)",
    "a list": "hostile = type('L', (list,), body)()\nlist.append(hostile, 1)",
    "an int": "hostile = type('I', (int,), body)(3)",
    "a float": "hostile = type('F', (float,), body)(3.5)",
    "a text": "hostile = type('S', (str,), body)('abc')",
    "a tuple": "hostile = type('T', (tuple,), body)((1, 2))",
    "a set": "hostile = type('Z', (set,), body)()",
    "an exception": "hostile = type('E', (Exception,), body)()",
    "a function's attribute": "def hostile(): pass\nhostile.__dict__['x'] = Hostile()",
    "a closure": "def maker():\n    inner = Hostile()\n    return lambda: inner\nhostile = maker()",
    "a bound method": "import types\nhostile = types.MethodType(len, Hostile())",
    "a partial": "import functools\nhostile = functools.partial(print, Hostile())",
    "a generator": "def gen():\n    inner = Hostile()\n    yield 1\n    yield inner\nhostile = gen()\nnext(hostile)",
    "an iterator": "hostile = iter([Hostile(), Hostile()])",
    "a map": "hostile = map(str, [Hostile()])",
    "a module": "import types\nhostile = types.ModuleType('odd')\nhostile.__dict__['x'] = Hostile()",
    "a module class": "import types\nhostile = type('M', (types.ModuleType,), body)('odd')",
    "a slot": "class S:\n    __slots__ = ('a', 'b')\nhostile = S()\nhostile.a = Hostile()",
    "a dataclass": "import dataclasses\n@dataclasses.dataclass(eq=False)\nclass C:\n    a: object\nhostile = C(Hostile())",
    "an array of objects": (
        "import numpy as np\nhostile = np.empty(1500, dtype=object)\nfor i in range(1500):\n    hostile[i] = Hostile()"
    ),
    "an array class": (
        "import numpy as np\nodd = {k: v for k, v in body.items() if k != '__array_finalize__'}\n"
        "hostile = np.ndarray.__new__(type('A', (np.ndarray,), odd), 3)"
    ),
    "a table class": (
        "import pandas as pd\nodd = {k: v for k, v in body.items() if k not in ('__setattr__', '_mgr', "
        "'__getattribute__', '__dict__', '__class__', 'index', 'columns')}\nclass T(pd.DataFrame):\n"
        "    def __len__(self): return touch('len')(self)\n    columns = property(touch('columns'))\n"
        "    def __getitem__(self, key): return touch('item')(self)\n"
        "plain = pd.DataFrame({'a': [1, 2]})\nhostile = object.__new__(T)\n"
        "for key, value in plain.__dict__.items():\n    object.__setattr__(hostile, key, value)"
    ),
    "objects in a table": (
        "import numpy as np, pandas as pd\nheld = np.empty(3, dtype=object)\nfor i in range(3):\n"
        "    held[i] = Hostile()\nhostile = pd.Series(held, dtype=object).to_frame()"
    ),
    "objects in a set": (
        "class H:\n    def __hash__(self): return 1\n    __repr__ = body['__repr__']\nhostile = {H()}"
    ),
    "a file": "import io\nclass Raw(io.RawIOBase):\n    def readable(self): return True\n"
    "    def readinto(self, b): return 0\n    def tell(self): touched.append('tell'); return 0\n"
    "    name = property(touch('name'))\n    mode = 'r'\n"
    "hostile = io.TextIOWrapper(io.BufferedReader(Raw()))",
}  # fmt: skip


@pytest.mark.parametrize("kind", MADE)
def test_nothing_of_a_hostile_object_is_called(play, kind):
    hostile(play, MADE[kind])


def test_objects_that_block_are_never_asked(play):
    play("""
        import time
        def wait(self, *arguments):
            time.sleep(60)
        Slow = type("Slow", (), {name: wait for name in ("__repr__", "__len__", "__eq__", "__getattr__", "__reduce_ex__")})
        slow = Slow()
        ---
        xs = [slow]
        ---
        %%track
        xs.append(slow)
        total = 1 + 1
    """)


def test_a_lazy_proxy_is_never_resolved(play):
    play("""
        resolved = []
        class Lazy:
            __slots__ = ("_load",)
            def __init__(self, load): object.__setattr__(self, "_load", load)
            def __getattribute__(self, name):
                resolved.append(name)
                return getattr(object.__getattribute__(self, "_load")(), name)
            def __len__(self): resolved.append("len"); return 1
            def __iter__(self): resolved.append("iter"); return iter([1])
            def __array__(self, *arguments, **named): resolved.append("array"); import numpy; return numpy.ones(1)
            def compute(self): resolved.append("compute")
        lazy = Lazy(lambda: 1 / 0)
        ---
        tables = {"a": lazy}
        ---
        %%track
        chosen = tables["a"]
        n = sum([1, 2])
    """)
    assert play["resolved"] == []


# --- odd, large and deep values -------------------------------------------------------------------------------------

ODD = {
    "circles": "xs = []\nxs.append(xs)\nd = {}\nd['d'] = d\nclass N: pass\nx = N()\nx.me = x\nx.all = [xs, d, x]",
    "depth of lists": "x = []\nfor _ in range(10_000):\n    x = [x]",
    "depth of dicts": "x = {}\nfor _ in range(10_000):\n    x = {'a': x}",
    "depth of objects": "class N: pass\nx = None\nfor _ in range(10_000):\n    n = N()\n    n.next = x\n    x = n",
    "depth of closures": (
        "def wrap(f):\n    def inner():\n        return f()\n    return inner\nx = lambda: 1\n"
        "for _ in range(10_000):\n    x = wrap(x)"
    ),
    "depth of partials": (
        "import functools\nx = [1]\nfor _ in range(10_000):\n    x = functools.partial(print, x, key=x)"
    ),
    "depth of iterators": "x = iter([1])\nfor _ in range(3_000):\n    x = map(str, x)",
    "a million dicts": "x = [{'i': i, 's': str(i)} for i in range(1_000_000)]",
    "a million items": "x = list(range(1_000_000))\nd = dict.fromkeys(map(str, range(1_000_000)), 1.5)\ns = set(range(1_000_000))",
    "a half-run generator": "def g():\n    held = [1]\n    while True:\n        held.append((yield held))\nx = g()\nnext(x)",
    "a coroutine": "async def c(): pass\nx = c()\nx.close()\nasync def a():\n    yield 1\ny = a()",
    "locks": "import threading\nx = threading.Lock()\ny = threading.RLock()\nx.acquire()\nz = threading.Event()",
    "a socket": "import socket\nx, y = socket.socketpair()",
    "a weak proxy": (
        "import weakref\nclass C: pass\nheld = C()\nx = weakref.proxy(held)\ny = weakref.ref(held)\n"
        "z = weakref.WeakKeyDictionary({held: 1})\ngone = weakref.proxy(C())"
    ),
    "mocks": "from unittest import mock\nx = mock.MagicMock()\ny = mock.Mock(spec=dict)\nz = mock.sentinel.a",
    "memory": (
        "import ctypes, mmap, array\nx = (ctypes.c_int * 10)(1, 2)\ny = memoryview(b'abc')\nz = mmap.mmap(-1, 100)\n"
        "w = memoryview(bytearray(5))\nv = array.array('d', [1.0])\nclass P(ctypes.Structure):\n"
        "    _fields_ = [('a', ctypes.c_int)]\np = P(3)\nr = ctypes.pointer(p)\ny2 = memoryview(b'x')\ny2.release()"
    ),
    "a memory map": (
        "import numpy as np\nx = np.memmap('m.bin', dtype='f8', mode='w+', shape=(1000,))\ny = x[10:]\ny[:] = 3"
    ),
    "arrays": (
        "import numpy as np\nx = np.empty(3, dtype=object)\nx[0] = x\nx[1] = [x]\ny = np.zeros((0, 3))\n"
        "z = np.array(3.0)\nw = np.zeros(4, dtype=[('a', 'i4'), ('b', 'f8', (2,))])\nv = np.array(['a', 'b'])\n"
        "u = np.broadcast_to(np.ones(3), (1000, 3))\nt = np.ones((50, 50)).T[::2]\n"
        "s = np.array(['2020-01-01'], dtype='M8[D]')\nr = np.ma.masked_array([1, 2], [0, 1])\n"
        "q = np.zeros(3, dtype=[('o', object)])\np = np.array([1 + 2j])\no = np.zeros(2, dtype='V8')\n"
        "n = np.empty(2000, dtype=object)\nm = np.matrix([[1]])\nl = np.array(['x' * 10] * 3000, dtype='T')\n"
        "k = np.recarray(3, dtype=[('a', 'i4')])\nj = np.nditer([1, 2])\ni = np.array([True])[np.newaxis]"
    ),
    "tables": (
        "import numpy as np, pandas as pd\na = pd.DataFrame([[1, 2]], columns=['x', 'x'])\n"
        "b = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)]))\n"
        "c = pd.DataFrame([[1, 2]], columns=[1, None])\nd = pd.DataFrame({'x': []})\ne = pd.DataFrame(index=[1, 2])\n"
        "f = pd.DataFrame(np.ones((5, 2000)))\ng = pd.DataFrame({'i': pd.array([1, None], dtype='Int64'), "
        "'s': pd.array(['a', None], dtype='string'), 'c': pd.Categorical(['a', 'b']), "
        "'p': pd.period_range('2020', periods=2, freq='D'), 't': pd.date_range('2020', periods=2, tz='UTC'), "
        "'v': pd.arrays.IntervalArray.from_breaks([0, 1, 2]), 'z': pd.arrays.SparseArray([0, 1]), "
        "'b': pd.array([True, None], dtype='boolean'), 'o': [[1], {}]})\nh = pd.DataFrame()\n"
        "i = g.set_index(['i', 's'])\nj = g['o']\nk = a.T\nl = pd.Series([1], index=[[1]])\nm = pd.Series(dtype=object)\n"
        "n = pd.DataFrame({('a', 'b'): [1], 3.5: [2], pd.Timestamp('2020'): [3]})\no = g.groupby('c')\n"
        "p = pd.DataFrame({'x': [1, 2]}).rolling(2)\nq = pd.Index([1, 'a', None])\nr = a.iloc[:, 0]\n"
        "s = pd.DataFrame({'x': range(3000), 'y': ['t'] * 3000}).iloc[::2]"
    ),
    "a large table": (
        "import numpy as np, pandas as pd\nx = pd.DataFrame({'a': np.arange(10_000_000), "
        "'b': np.random.rand(10_000_000)})\ny = x['a']\nz = pd.DataFrame({'s': ['text'] * 2_000_000})"
    ),
    "numbers": "x = 10 ** 10_000\ny = float('nan')\nz = complex(1, 2)\nw = True\nv = -0.0\nu = 1 << 100_000",
    "texts": "x = 'a' * 50_000_000\ny = '\\ud800'\nz = b'\\0' * 50_000_000\nw = {'\\ud800': 1}\nv = {None: 1, 1.5: 2, b'a': 3}",
    "classes": (
        "import abc, enum, typing, dataclasses, collections\nclass A(abc.ABC):\n    @abc.abstractmethod\n"
        "    def f(self): ...\nclass E(enum.Enum):\n    A = [1]\nclass N(typing.NamedTuple):\n    a: int\n"
        "class S:\n    __slots__ = ('a', '__dict__')\nclass T(S):\n    __slots__ = 'b'\nx = T()\nx.b = x\ny = N(1)\n"
        "z = E.A\nT.own = T\nw = typing.List[int]\nv = int | str\nclass G[X]:\n    pass" if __import__("sys").version_info >= (3, 12)
        else "import abc, enum, typing\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n"
        "class E(enum.Enum):\n    A = [1]\nclass N(typing.NamedTuple):\n    a: int\nclass S:\n"
        "    __slots__ = ('a', '__dict__')\nclass T(S):\n    __slots__ = 'b'\nx = T()\nx.b = x\ny = N(1)\nz = E.A\n"
        "T.own = T\nw = typing.List[int]\nv = int | str"
    ),
    "processes": "import subprocess, sys\nx = subprocess.Popen([sys.executable, '-c', 'pass'])\nx.wait()\ny = sys.stdout\nz = sys",
    "files": (
        "x = open('a.txt', 'w')\nx.write('abc')\ny = open('a.txt')\nz = open('a.txt', 'rb', buffering=0)\n"
        "w = open('a.txt', 'r+')\nv = open('a.txt')\nv.close()\nimport io, os, tempfile\nu = io.StringIO('a')\n"
        "t = io.BytesIO(b'a')\ns = tempfile.TemporaryFile()\nr, q = os.pipe()\np = os.fdopen(r)"
    ),
}  # fmt: skip
_CLOSING = {
    "files": "for file in (x, y, z, w, s, p):\n    file.close()\nos.close(q)",
    "a socket": "x.close()\ny.close()",
    "a coroutine": "del x, y",
    "memory": "z.close()",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ODD)
def test_odd_values_are_recorded_in_silence(play, kind):
    play(ODD[kind])
    names = [name for name in play.shell.ip.user_ns if len(name) == 1]
    read = ", ".join(names)
    play(f"""
        held = [{read}]
        ---
        held.append([{read}])
        ---
        def uses():
            return {read}, held
        ---
        held.pop()
        other = held
        ---
        %%track
        kept = [uses]
        here = ({read},)
        total = 1 + len(kept)
        ---
        %%track
        other.append(here)
        total = len(other)
    """)
    assert nbtrack.last_active_run().info.status == "finished"
    play(_CLOSING.get(kind, "None"))
    if kind == "files":
        assert open("a.txt").read() == "abc"  # noqa: SIM115 - nothing is left open by reading it whole


# --- memory ---------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_alive(play):
    play("""
        import numpy as np
        class Thing: pass
        array = np.ones(3_000_000)
        thing = Thing()
        thing.inner = array[5:]
        text = np.array(["a" * 10] * 5000, dtype=object)
        def generate():
            held = Thing()
            yield 1
            held = None
            yield 2
        running = generate()
        next(running)
        ---
        array[3] = 2
        thing.more = running
        first = text[0]
        ---
        %%track
        total = float(array.sum()) + len(thing.inner) + len(text)
    """)
    watched = [weakref.ref(play[name]) for name in ("array", "thing", "text")]
    inner = weakref.ref(play["running"].gi_frame.f_locals["held"])
    play("next(running)\n---\nnext(running, None)\n---\ndel array, thing, text, running\nNone")
    gc.collect()
    assert [found() for found in (*watched, inner)] == [None] * 4


def test_a_cell_may_go_through_more_files_than_anybody_wants_to_know_of(play):
    play("""
        for number in range(1200):
            with open(f"{number}.txt", "w") as file:
                file.write(str(number))
        ---
        total = 0
        for number in range(1200):
            with open(f"{number}.txt") as file:
                total += int(file.read())
        ---
        %%track
        mean = total / 1200
    """)
    assert nbtrack.last_active_run().data.metrics == {"mean": 599.5}
