"""Traps: metrics that look like times and are none, luck, names and sources of all kinds."""

from __future__ import annotations

from replaycase import REPRODUCED, replay_case, truth
from worlds import rewrite

UNSEEDED = truth("diverged", "unseeded_rng")
_DRAW = {"A": "import random, time", "B": "x = random.random()"}

QUICK = frozenset(
    """
    timers/a_metric_named_like_one source/run_names source/written_module
    """.split()
)
"""The cases of the default run; the others are soaked."""

CASES = [
    # --- what is called a time and is none ------------------------------------------------------------------------
    replay_case(
        "timers/a_metric_named_like_one",
        _DRAW | {"T": "survival_time = 40 + x\naccuracy = sum([0.5, 0.25])"},
        truth("diverged", "unseeded_rng", survival_time="different", accuracy="exact"),
    ),
    replay_case(
        "timers/a_dict_that_holds_one",
        _DRAW | {"T": "t0 = time.time()\nresults = {'accuracy': x * 2, 'took': time.time() - t0}\nother = sum([1, 2])"},
        truth("diverged", "unseeded_rng"),
    ),
    replay_case(
        "timers/logged_with_one",
        {"A": "import random, time, nbtrack", "B": "x = random.random()"}
        | {
            "T": "t0 = time.time()\ntook = time.time() - t0\nnbtrack.log_metrics({'accuracy': x * 2, 'took': took, 'n': 2.5})"
        },
        truth("diverged", "unseeded_rng", accuracy="different", n="exact"),
    ),
    replay_case(
        "timers/assigned_beside_one",
        _DRAW | {"T": "t0 = time.time()\nscore, took = x * 2, time.time() - t0\nother = sum([1, 2])"},
        truth("diverged", "unseeded_rng", score="different", took="timer", other="exact"),
    ),
    replay_case(
        "timers/of_scikit_learn",
        {
            "A": "from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import cross_validate",
            "B": "X, y = load_iris(return_X_y=True)",
            "T": "found = cross_validate(LogisticRegression(max_iter=500), X, y, cv=3)\nscore = found['test_score'].mean()\nfit_time = found['fit_time'].mean()",
        },
        truth("reproduced", score="exact", fit_time="timer"),
    ),
    replay_case(
        "timers/throughput",
        {
            "A": "import time",
            "T": "t0 = time.perf_counter()\nn = sum(range(1000))\nper_second = 1000 / (time.perf_counter() - t0)",
        },
        truth("reproduced", n="exact", per_second="timer"),
    ),
    replay_case(
        "timers/from_a_function_of_the_notebook",
        {
            "A": "import time",
            "B": "def timed(f):\n    t0 = time.perf_counter()\n    value = f()\n    return value, time.perf_counter() - t0",
            "T": "value, fit_seconds = timed(lambda: sum(range(1000)))",
        },
        truth("reproduced", value="exact", fit_seconds="timer"),
    ),
    # --- luck -----------------------------------------------------------------------------------------------------
    replay_case(
        "luck/the_day",
        {"A": "import datetime", "T": "m = datetime.date.today().toordinal() * 2"},
        truth("reproduced diverged", "volatile_input", "today"),
        why="it comes back today; the reader must be told",
    ),
    replay_case(
        "luck/order_of_a_small_set",
        {
            "A": "names = {'alpha', 'beta', 'gamma', 'delta'}",
            "T": "first = len(sorted(names)) * 10 + list(names).index('beta')",
        },
        truth("diverged", "volatile_input nondeterministic"),
    ),
    # --- names and sources ------------------------------------------------------------------------------------------
    replay_case(
        "source/run_names",
        {
            "A": "import nbtrack\nk = 2.5",
            "T": '%%track "it\'s {k} $HOME é"\nm = k * 2',
            "U": "%%track --seed 3 --metrics m,n 'a b'\nm = k * 3\nn = 4\nfor _ in range(2):\n    pass",
        },
        {"it's {k} $HOME é": REPRODUCED, "a b": REPRODUCED},
    ),
    replay_case(
        "source/unicode_tabs_and_line_ends",
        {
            "A": "größe = 2.5\r\nx = [\r\n\t1,\r\n\t2]\r\n",
            "B": "π = 3\ntext = 'naïve \\u2028 日本'",
            "T": "ergebnis = größe * π + len(text) + sum(x)",
        },
        REPRODUCED,
    ),
    replay_case(
        "source/written_module",
        {"W": "%%writefile helper.py\nK = 3\n", "A": "import helper", "T": "m = helper.K * 2"},
        REPRODUCED,
        after=rewrite("helper.py", "K = 5\n"),
        why="the slice writes the module anew",
    ),
    replay_case(
        "source/captured_and_timed",
        {
            "A": "%%capture out\nprint('12')",
            "B": "%%time\ny = 3\nprint(y)",
            "C": "%time z = 4",
            "D": "# a comment first\n%pip --version\nw = 5",
            "T": "m = int(out.stdout) * y + z + w",
        },
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "source/help_and_shell",
        {"A": "len?\n!true\nx = 3", "B": "files = !ls\nn = len(files)", "T": "m = x * n"},
        REPRODUCED,
        files={"a.txt": "", "b.txt": ""},
    ),
    replay_case(
        "source/generators_and_closures",
        {
            "A": "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step",
            "B": "step = counter()\ngen = (i * i for i in range(10))",
            "C": "step(); step(); next(gen); next(gen)",
            "T": "m = step() * 10 + next(gen)",
        },
        truth("reproduced", corrected=None),
        why="what has moved on is seen by no digest",
    ),
    replay_case(
        "source/inherited_and_patched_classes",
        {
            "A": "class Base:\n    k = 2",
            "B": "class Sub(Base):\n    def get(self):\n        return self.k",
            "C": "Base.k = 7",
            "D": "s = Sub()\ns.extra = [1]",
            "E": "s.extra.append(2)",
            "T": "m = s.get() * len(s.extra)",
        },
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "source/deleted_names",
        {
            "A": "k = 2\nj = 3",
            "B": "m0 = k * j\ndel k",
            "C": "try:\n    k\nexcept NameError:\n    k = 10",
            "T": "m = m0 + k",
        },
        REPRODUCED,
    ),
    replay_case(
        "source/classes_of_data",
        {
            "A": "from dataclasses import dataclass, field\nfrom enum import Enum\nimport pandas as pd",
            "B": "@dataclass\nclass Config:\n    lr: float = 0.1\n    sizes: list = field(default_factory=list)\nclass Kind(Enum):\n    A = 1\n    B = 2",
            "C": "config = Config(sizes=[1, 2])\nframe = pd.DataFrame({'a': [1, 2, 3]})",
            "D": "config.sizes.append(3)\nframe['b'] = frame['a'] * config.lr",
            "T": "m = frame['b'].sum() + sum(config.sizes) + Kind.B.value",
        },
        truth("reproduced", corrected=None),
    ),
    # --- more of what changes, and of what stays ---------------------------------------------------------------------
    replay_case(
        "more/seeded_from_nothing_in_the_tracked_cell",
        {"A": "import random", "T": "random.seed()\nm = random.random() * 2"},
        truth("diverged", "unseeded_rng"),
    ),
    replay_case(
        "more/own_generator_upstream_in_a_tracked_cell",
        {"A": "import numpy as np", "U": "%%track U\nx = np.random.default_rng().normal()", "T": "m = x * 2"},
        UNSEEDED,
    ),
    replay_case(
        "more/data_read_by_a_module",
        {"A": "import tool", "T": "m = tool.K * 2"},
        truth("diverged", "data_changed", "weights.json"),
        files={"tool.py": "import json\nK = json.load(open('weights.json'))['k']\n", "weights.json": '{"k": 2}'},
        after=rewrite("weights.json", '{"k": 3}'),
    ),
    replay_case(
        "more/data_read_by_a_function_of_a_module",
        {"A": "import tool", "B": "k = tool.load()", "T": "m = k * 2"},
        truth("diverged", "data_changed", "weights.json"),
        files={
            "tool.py": "import json\ndef load():\n    return json.load(open('weights.json'))['k']\n",
            "weights.json": '{"k": 2}',
        },
        after=rewrite("weights.json", '{"k": 3}'),
    ),
    replay_case(
        "more/data_read_by_a_library",
        {
            "A": "import duckdb",
            "B": "rows = duckdb.execute(\"SELECT a FROM 'data.csv'\").fetchall()",
            "T": "m = sum(a for a, in rows)",
        },
        truth("diverged", "data_changed", "data.csv"),
        files={"data.csv": "a\n1\n2\n"},
        after=rewrite("data.csv", "a\n1\n5\n"),
    ),
    replay_case(
        "more/data_read_by_a_library_as_it_was",
        {
            "A": "import duckdb",
            "B": "rows = duckdb.execute(\"SELECT a FROM 'data.csv'\").fetchall()",
            "T": "m = sum(a for a, in rows)",
        },
        REPRODUCED,
        files={"data.csv": "a\n1\n2\n"},
    ),
    replay_case(
        "more/everything_imported",
        {"A": "from tool import *", "T": "m = K * scale(2)"},
        truth("diverged", "module_changed", "tool.py"),
        files={"tool.py": "K = 3\ndef scale(x):\n    return x * 2\n"},
        after=rewrite("tool.py", "K = 3\ndef scale(x):\n    return x * 2.5\n"),
    ),
    replay_case(
        "more/reset",
        {"A": "k = 1", "R": "%reset -f", "B": "k = 2.5", "T": "m = k * 2"},
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "more/magics_of_the_namespace",
        {
            "A": "a, b = 2, 3",
            "B": "%xdel a\n%reset_selective -f b",
            "C": "a = 5",
            "T": "m = a * (2 if 'b' not in globals() else 3)",
        },
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "more/one_name_for_many_runs",
        {
            "A": "import nbtrack",
            "B": "for k in (1, 2, 3):\n    with nbtrack.start_run(run_name='trial'):\n        nbtrack.log_metric('loss', k * 1.5)",
        },
        {"trial@0": REPRODUCED, "trial@1": REPRODUCED, "trial@2": REPRODUCED},
    ),
    replay_case(
        "more/runs_in_a_tracked_cell",
        {
            "A": "import nbtrack",
            "T": "%%track T\nbest = 0\nfor k in (1, 2):\n    with nbtrack.start_run(run_name='inner', nested=True):\n        nbtrack.log_metric('loss', k * 1.5)\n    best += k * 0.5",
        },
        {"T": REPRODUCED, "inner@0": REPRODUCED, "inner@1": REPRODUCED},
    ),
    replay_case(
        "more/a_run_over_several_cells",
        {
            "A": "import nbtrack\nk = 3",
            "B": "run = nbtrack.start_run(run_name='r')",
            "C": "nbtrack.log_metric('a', k * 1.5)",
            "D": "nbtrack.log_metric('b', k * 2.5)",
            "E": "nbtrack.end_run()",
        },
        {"r": truth("reproduced refused", corrected=None)},
        why="its numbers come from cells behind the one that began it",
    ),
    replay_case(
        "more/a_run_gone_on_with",
        {
            "A": "import nbtrack\nk = 3",
            "B": "with nbtrack.start_run(run_name='r') as run:\n    nbtrack.log_metric('a', k * 1.5)",
            "C": "with nbtrack.start_run(run_id=run.info.run_id):\n    nbtrack.log_metric('b', k * 2.5)",
        },
        {"r": truth("reproduced refused", corrected=None)},
    ),
    replay_case(
        "more/a_tracked_function_in_several_cells",
        {
            "A": "import nbtrack\n@nbtrack.track\ndef fit(c):\n    return c * 1.5",
            "B": "first = fit(2)",
            "C": "second = fit(first)",
        },
        {"fit@0": REPRODUCED, "fit@1": REPRODUCED},
    ),
    replay_case(
        "more/a_lambda_and_an_object_that_remember",
        {
            "A": "import random",
            "B": "class Lazy:\n    value = None\n    def get(self):\n        if self.value is None:\n            self.value = random.random()\n        return self.value\nlazy = Lazy()",
            "C": "lazy.get()",
            "T": "m = lazy.get() * 2",
        },
        UNSEEDED,
    ),
    replay_case(
        "more/a_default_that_grows",
        {
            "A": "def add(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
            "B": "add(1); add(2)",
            "T": "m = add(3) * 2",
        },
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "more/a_thread_that_goes_on",
        {
            "A": "import threading, time\nbox = []\ndef work():\n    for i in range(3):\n        box.append(i)\n        time.sleep(0.01)\nt = threading.Thread(target=work); t.start()",
            "B": "t.join()",
            "T": "m = sum(box) * 2.5",
        },
        truth("reproduced", corrected=None),
    ),
]
