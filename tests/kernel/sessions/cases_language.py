"""Long notebooks and every corner of the language."""

from __future__ import annotations

from model import case, delete, edit, run

_FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2.0, 3.0, 40.0], 'b': [2.0, 4.0, 6.0, 9.0]})"


def _chain(length: int, changed: dict[int, str] | None = None) -> dict[str, str]:
    """A long notebook: every third cell belongs to the result, the others to something else."""
    cells = {"C0": "v0 = 1.5\nw0 = 2"}
    for n in range(1, length):
        cells[f"C{n}"] = (
            f"v{n} = v{n - 3} * 1.25 + {n}" if n % 3 == 0 else f"w{n} = w{n - 1 if n % 3 == 2 else 0} + {n}"
        )
    last = max(n for n in range(length) if n % 3 == 0)
    return cells | {f"C{n}": source for n, source in (changed or {}).items()} | {"T": f"score = v{last} / 7"}


def _names(notebook: dict[str, str]) -> str:
    return " ".join(notebook)


CASES = [
    # --- long notebooks -------------------------------------------------------------------------------------------
    case(
        "clean/thirty_cells",
        _chain(30),
        [_names(_chain(30))],
        twin="stale_input",
        slice=[2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32],
        real=True,
    ),
    case(
        "clean/thirty_cells_some_edited",
        _chain(30),
        [" ".join(list(_chain(30))[:-1]), edit("C4", "w4 = 99"), edit("C10", ""), delete("C13"), "C5 C5 T"],
        twin="edited_cell",
        slice=[2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 34],
    ),
    case(
        "mixed/thirty_cells_one_stale",
        _chain(30),
        [" ".join(list(_chain(30))[:-1]), edit("C12", "v12 = v9 * 2"), "C12 T"],
        labels="stale_input",
        also="edited_cell out_of_order",
        slice=[2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 33],
    ),
    # --- corners of the language ----------------------------------------------------------------------------------
    case(
        "clean/star_import",
        {"A": "from math import *", "B": "import json", "T": "out = sqrt(2.0) * pi"},
        twin="stale_input",
        slice=[2, 4],
    ),
    case(
        "clean/exec_and_globals",
        {"A": "exec('k = 2')", "B": "globals()['m'] = 3.5", "T": "out = k * m"},
        twin="stale_input",
        slice=[2, 3, 4],
    ),
    case(
        "clean/run_magic",
        {"A": "%run prepare.py", "B": "z = 1", "T": "out = rate * 3"},
        files={"prepare.py": "rate = 0.1\n"},
        twin="external_changed",
        slice=[2, 4],
    ),
    case(
        "clean/top_level_await",
        {
            "A": "import asyncio\nasync def fetch(x):\n    await asyncio.sleep(0)\n    return x * 2",
            "B": "got = await fetch(1.5)",
            "T": "await asyncio.sleep(0)\nout = got + 1",
        },
        twin="stale_input",
        slice=[2, 3, 4],
        real=True,
    ),
    case("clean/last_output", {"A": "x = 3.5\nx", "T": "out = _ * 2"}, twin="out_of_order", slice=[2, 3]),
    case(
        "order/last_output",
        {"A": "3.5", "B": "7.5", "T": "out = _ * 2"},
        ["A B A T"],
        labels="out_of_order",
        slice=[[4, 5], [2, 5]],
    ),
    case(
        "clean/shell_output",
        {"A": "lines = !echo 3", "T": "out = int(lines[0]) * 1.5"},
        twin="volatile_input",
        slice=[2, 3],
    ),
    case(
        "clean/writefile_magic",
        {"A": "%%writefile n.txt\n4", "B": "n = int(open('n.txt').read())", "T": "out = n * 1.5"},
        twin="external_changed",
        slice=[2, 3, 4],
    ),
    case(
        "edited/writefile_magic",
        {"A": "%%writefile n.txt\n4", "B": "n = int(open('n.txt').read())", "T": "out = n * 1.5"},
        ["A B", edit("A", "%%writefile n.txt\n9"), "T"],
        labels="edited_cell",
        slice=[2, 3, 4],
    ),
    case(
        "clean/match_and_unpacking",
        {
            "A": "point = {'kind': 'p', 'at': (1.5, 2, 3)}",
            "B": "match point:\n    case {'kind': 'p', 'at': (x, *rest)}:\n        pass",
            "T": "out = x + sum(rest)",
        },
        twin="stale_input",
        slice=[2, 3, 4],
    ),
    case(
        "clean/walrus_in_a_comprehension",
        {"A": "last = 0", "B": "ys = [last := last + x for x in (1.5, 2)]", "T": "out = last + ys[0]"},
        twin="reexecuted_non_idempotent",
        slice=[2, 3, 4],
    ),
    case(
        "clean/deleted_name_bound_again",
        {"A": "x = 1.5\ny = 2", "B": "del x", "C": "x = y * 3", "T": "out = x / 4"},
        twin="deleted_cell",
        slice=[2, 4, 5],
    ),
    case(
        "clean/class_body_reads_a_global",
        {
            "A": "size = 3",
            "B": "class Net:\n    width = size * 2\n    def cost(self):\n        return self.width ** 2",
            "T": "out = Net().cost() / 4",
        },
        twin="stale_input",
        slice=[2, 3, 4],
    ),
    case(
        "clean/dataclass_and_property",
        {
            "A": "from dataclasses import dataclass\n@dataclass\nclass Cfg:\n    lr: float = 0.1\n    n: int = 4\n    @property\n    def total(self):\n        return self.lr * self.n",
            "B": "cfg = Cfg(n=6)",
            "T": "out = cfg.total * 2",
        },
        twin="stale_input",
        slice=[2, 3, 4],
    ),
    case(
        "clean/context_manager",
        {
            "A": "from contextlib import contextmanager\nlevel = [1.0]\n@contextmanager\ndef raised():\n    level.append(2.0)\n    yield\n    level.pop()",
            "T": "with raised():\n    out = sum(level) * 1.5",
        },
        ["A T T"],
        twin="mutates_own_input",
        slice=[2, 4],
    ),
    case(
        "clean/recursion_and_closures",
        {
            "A": "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)",
            "B": "def twice(f):\n    return lambda n: f(n) * 2\ng = twice(fact)",
            "T": "out = g(4) / 5",
        },
        twin="stale_input",
        slice=[2, 3, 4],
    ),
    case(
        "clean/two_tracked_cells",
        {"A": "rate = 0.1", "U": "%%track train\nweight = rate * 30", "T": "%%track test\nscore = weight / 4"},
        twin="reexecuted_non_idempotent",
        slice=[2, 3, 4],
    ),
    case(
        "clean/seeded_by_nbtrack",
        {"A": "import nbtrack, random\nnbtrack.seed_everything(3)", "B": "x = random.random()", "T": "out = x * 2"},
        ["A B A B T"],
        twin="unseeded_rng",
        slice=[[4, 5, 6], [2, 3, 6]],
    ),
    case(
        "clean/options_that_only_show",
        {
            "A": _FRAME + "\nimport numpy as np, warnings",
            "B": "np.set_printoptions(precision=2)\npd.options.display.width = 80\nwarnings.filterwarnings('ignore')",
            "T": "mean = df['a'].mean()",
        },
        ["A B B T"],
        twin="reexecuted_non_idempotent",
        slice=[2, 5],
    ),
    case(
        "clean/path_and_logging_set_up_twice",
        {
            "A": "import sys, logging\nsys.path.insert(0, 'src')\nlogging.getLogger('x').addHandler(logging.NullHandler())\nrate = 0.1",
            "T": "logging.getLogger('x').info('go')\nloss = rate * 2",
        },
        ["A A T"],
        twin="reexecuted_non_idempotent",
        slice=[[3, 4], [2, 4]],
    ),
    case(
        "clean/cell_magic_below_track",
        {"A": "rate = 0.1", "T": "%%track\n%%time\nloss = rate * 2"},
        twin="volatile_input",
        slice=[2, 3],
    ),
    case(
        "clean/what_is_captured",
        {
            "A": "cfg = {'lr': 0.1, 'depth': 3}\ntest_size = 0.25\n_hidden = 7\nunused = 9",
            "F": "def cost(n):\n    return n * test_size * cfg['lr']",
            "T": "epochs = 4\nfor i in range(epochs):\n    last = i\nloss = cost(epochs) + _hidden\nok = loss > 1\nparts = {'p': loss / 2, 'q': loss / 4}",
        },
        result=("loss",),
        twin="stale_input",
        slice=[2, 3, 4],
        params={"cfg.lr": 0.1, "test_size": 0.25, "epochs": 4},
        metrics={"loss": 7.1, "parts.p": 3.55, "parts.q": 1.775, "last": 3},
    ),
    case(
        "clean/whole_notebook_three_times",
        {"A": "xs = [1.0, 2.0]", "B": "xs.append(6.0)", "C": "mean = sum(xs) / len(xs)", "T": "out = mean * 2"},
        ["A B C T", run("A", "B", "C", "T"), "A B C T"],
        twin="reexecuted_non_idempotent",
        slice=[[10, 11, 12, 13], [2, 3, 4, 13]],
    ),
]
