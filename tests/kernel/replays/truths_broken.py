"""Runs that cannot be repeated, or whose world has changed: what is said must be true, and so must be the reason."""

from __future__ import annotations

from model import insert, run, write
from replaycase import REPRODUCED, replay_case, truth
from worlds import both, forget, grow, installed, remove, rewrite

UNSEEDED = truth("diverged", "unseeded_rng")

QUICK = frozenset(
    """
    chance/upstream_numpy chance/default_rng_unseeded chance/cached_in_a_file chance/cached_and_read_twice
    chance/hash_order changed/data changed/data_gone changed/module changed/variable changed/package
    changed/rounding stops/kernel_died stops/raises_now stops/no_metrics slices/one_execution_lost
    """.split()
)
"""The cases of the default run; the others are soaked."""

CASES = [
    # --- chance --------------------------------------------------------------------------------------------------
    replay_case(
        "chance/upstream_numpy",
        {"A": "import numpy as np", "B": "x = np.random.rand(100)", "T": "m = float(x.mean())"},
        truth("diverged", "unseeded_rng", "In[3]"),
    ),
    replay_case(
        "chance/upstream_random",
        {"A": "import random", "B": "xs = [random.random() for _ in range(9)]", "T": "m = sum(xs)"},
        UNSEEDED,
    ),
    replay_case(
        "chance/default_rng_unseeded",
        {"A": "import numpy as np\nrng = np.random.default_rng()", "T": "m = float(rng.normal(size=10).mean())"},
        UNSEEDED,
    ),
    replay_case(
        "chance/default_rng_in_the_tracked_cell",
        {"A": "import numpy as np", "T": "m = float(np.random.default_rng().normal())"},
        UNSEEDED,
        why="the states of the global generators are put back, and this one has nothing to do with them",
    ),
    replay_case(
        "chance/system_random",
        {
            "A": "import random\nimport secrets\nimport uuid",
            "T": "m = random.SystemRandom().random()\nn = secrets.randbelow(10**9)\no = uuid.uuid4().int % 10**9",
        },
        truth("diverged", "unseeded_rng volatile_input nondeterministic"),
    ),
    replay_case(
        "chance/random_state_none_upstream",
        {
            "A": "from sklearn.datasets import load_wine\nfrom sklearn.model_selection import train_test_split\nfrom sklearn.tree import DecisionTreeClassifier",
            "B": "X, y = load_wine(return_X_y=True)\nA, B, a, b = train_test_split(X, y)",
            "T": "deep = 3\nm = float(A.mean())",
        },
        UNSEEDED,
    ),
    replay_case(
        "chance/coarse_score_of_an_unseeded_split",
        {
            "A": "import random",
            "B": "pick = random.random()",
            "T": "score = sum([1, pick > 0.5])",
        },
        truth("reproduced diverged", "unseeded_rng", corrected=None),
        why="it comes back half of the time: a verdict of reproduced is not to be had by luck too often",
    ),
    replay_case(
        "chance/cached_in_a_file",
        {
            "A": "import os, pickle\nimport numpy as np",
            "B": "if os.path.exists('cache.pkl'):\n    x = pickle.load(open('cache.pkl', 'rb'))\nelse:\n    x = np.random.rand(50)\n    pickle.dump(x, open('cache.pkl', 'wb'))",
            "T": "m = float(x.mean())",
        },
        UNSEEDED,
        why="the run's own cache would give the number again without anything being computed",
    ),
    replay_case(
        "chance/cached_in_a_file_by_absolute_path",
        {
            "A": "import os, pickle\nimport numpy as np\nCACHE = os.path.abspath('cache.pkl')",
            "B": "try:\n    with open(CACHE, 'rb') as f:\n        x = pickle.load(f)\nexcept FileNotFoundError:\n    x = np.random.rand(50)\n    with open(CACHE, 'wb') as f:\n        pickle.dump(x, f)",
            "T": "m = float(x.mean())",
        },
        UNSEEDED,
    ),
    replay_case(
        "chance/cached_and_read_twice",
        {
            "A": "import os, pickle\nimport numpy as np",
            "B": "if not os.path.exists('cache.pkl'):\n    pickle.dump(np.random.rand(50), open('cache.pkl', 'wb'))\nx = pickle.load(open('cache.pkl', 'rb'))",
            "T": "m = float(x.mean())",
        },
        UNSEEDED,
        steps=["A B B T"],
        why="the cell ran again and read what its first run had written",
    ),
    replay_case(
        "chance/cached_by_joblib",
        {
            "A": "import numpy as np\nfrom joblib import Memory\nmemory = Memory('cache', verbose=0)",
            "B": "@memory.cache\ndef draw(n):\n    return np.random.rand(n)",
            "C": "x = draw(50)",
            "T": "m = float(x.mean())",
        },
        UNSEEDED,
    ),
    replay_case(
        "chance/saved_by_numpy",
        {
            "A": "import numpy as np\nfrom pathlib import Path",
            "B": "if not Path('x.npy').exists():\n    np.save('x.npy', np.random.rand(20))",
            "T": "m = float(np.load('x.npy').mean())",
        },
        UNSEEDED,
    ),
    replay_case(
        "chance/cached_in_a_database",
        {
            "A": "import sqlite3, random\nconn = sqlite3.connect('work.db')\nconn.execute('CREATE TABLE IF NOT EXISTS t(a)')",
            "B": "if conn.execute('SELECT COUNT(*) FROM t').fetchone()[0] == 0:\n    conn.execute('INSERT INTO t VALUES (?)', (random.random(),))\n    conn.commit()",
            "T": "m = conn.execute('SELECT a FROM t').fetchone()[0]",
        },
        truth("diverged could_not_run", "unseeded_rng error"),
    ),
    replay_case(
        "chance/cached_by_an_earlier_session",
        {
            "A": "import os, pickle, random",
            "B": "x = pickle.load(open('cache.pkl', 'rb')) if os.path.exists('cache.pkl') else random.random()",
            "T": "m = x * 2",
        },
        truth("reproduced"),
        files={},
        steps=[write("cache.pkl", "I5\n."), "A B T"],
        why="what was there before the slice is data, and stays",
    ),
    replay_case(
        "chance/hash_order",
        {
            "A": "words = {'one', 'two', 'three', 'four', 'five', 'six', 'seven'}",
            "T": "order = sum(i * len(w) for i, w in enumerate(words))\nfirst = sum(map(ord, next(iter(words))))",
        },
        truth("diverged", "volatile_input nondeterministic"),
    ),
    replay_case(
        "chance/clock",
        {"A": "import time", "B": "now = time.time()", "T": "phase = (now * 1000) % 997"},
        truth("diverged", "volatile_input"),
    ),
    replay_case(
        "chance/clock_beside_a_real_metric",
        {"A": "import time", "T": "t0 = time.time()\ntotal = sum(range(10))\nstamp = t0 * 2"},
        truth("diverged", "volatile_input", total="exact", stamp="different"),
    ),
    replay_case(
        "chance/only_a_timer",
        {"A": "import time", "T": "t0 = time.perf_counter()\nelapsed = time.perf_counter() - t0"},
        truth("diverged", "volatile_input", elapsed="timer"),
    ),
    replay_case(
        "chance/process_id",
        {"A": "import os", "T": "m = os.getpid() * 2"},
        truth("diverged", "volatile_input nondeterministic"),
    ),
    replay_case(
        "chance/object_ids",
        {"A": "a = object()", "T": "m = id(a) % 100003"},
        truth("diverged", "volatile_input nondeterministic"),
    ),
    replay_case(
        "chance/threads_racing",
        {
            "A": "import threading, time, random",
            "T": "order = []\ndef work(i):\n    time.sleep(random.SystemRandom().random() / 50)\n    order.append(i)\nts = [threading.Thread(target=work, args=(i,)) for i in range(12)]\n[t.start() for t in ts]; [t.join() for t in ts]\nm = sum(i * v for i, v in enumerate(order))",
        },
        truth("diverged", "nondeterministic unseeded_rng volatile_input"),
    ),
    replay_case(
        "chance/own_module_draws",
        {"A": "import tool", "B": "x = tool.draw()", "T": "m = x * 2"},
        truth("diverged", "unseeded_rng nondeterministic"),
        files={"tool.py": "import random\n\ndef draw():\n    return random.random()\n"},
    ),
    replay_case(
        "chance/drawn_twice_by_reruns",
        {"A": "import numpy as np\nnp.random.seed(0)", "B": "x = np.random.rand(3)", "T": "m = float(x.sum())"},
        REPRODUCED,
        steps=["A B B T"],
        why="seeded, and moved on by a cell that ran twice",
    ),
    # --- what has changed since ----------------------------------------------------------------------------------
    replay_case(
        "changed/data",
        {"A": "rows = [int(x) for x in open('data.csv').read().split()]", "T": "total = sum(rows)"},
        truth("diverged", "data_changed", "data.csv"),
        files={"data.csv": "1 2 3"},
        after=rewrite("data.csv", "1 2 4"),
    ),
    replay_case(
        "changed/data_by_pandas_beside_an_unseeded_cell",
        {
            "A": "import pandas as pd, numpy as np",
            "B": "noise = np.random.rand()",
            "C": "df = pd.read_csv('data.csv')",
            "T": "total = df['a'].sum()",
        },
        truth("diverged", "data_changed", "data.csv"),
        files={"data.csv": "a\n1\n2\n"},
        after=rewrite("data.csv", "a\n1\n5\n"),
        why="the generator has nothing to do with it",
    ),
    replay_case(
        "changed/data_that_makes_no_difference",
        {"A": "rows = open('data.csv').read().split(',')", "T": "n = len(rows)"},
        truth("reproduced", "", "data.csv"),
        files={"data.csv": "a,b,c"},
        after=rewrite("data.csv", "x,y,z"),
    ),
    replay_case(
        "changed/data_gone",
        {"A": "rows = [int(x) for x in open('data.csv').read().split()]", "T": "total = sum(rows)"},
        truth("could_not_run", "missing_file", "data.csv"),
        files={"data.csv": "1 2 3"},
        after=remove("data.csv"),
    ),
    replay_case(
        "changed/database",
        {
            "Z": "!python -c \"import sqlite3; c = sqlite3.connect('data.db'); c.execute('CREATE TABLE t AS SELECT 1 AS a'); c.commit()\"",
            "A": "import sqlite3\nconn = sqlite3.connect('data.db')",
            "B": "rows = conn.execute('SELECT a FROM t').fetchall()",
            "T": "total = sum(a for a, in rows)",
        },
        truth("diverged", "data_changed", "data.db"),
        after=grow("data.db"),
    ),
    replay_case(
        "changed/a_folder_that_is_listed",
        {"A": "import glob", "T": "n = sum(1 for p in glob.glob('parts/*.txt'))"},
        truth("diverged", "data_changed unknown environment"),
        files={"parts/a.txt": "a", "parts/b.txt": "b"},
        after=rewrite("parts/c.txt", "c"),
        why="no file that was read has changed: nobody can know, and nothing wrong may be said",
    ),
    replay_case(
        "changed/module",
        {"A": "import helper", "T": "m = helper.scale(3)"},
        truth("diverged", "module_changed", "helper"),
        files={"helper.py": "def scale(x):\n    return x * 2\n"},
        after=rewrite("helper.py", "def scale(x):\n    return x * 2.5\n"),
    ),
    replay_case(
        "changed/module_in_a_package",
        {"A": "from lib.inner import scale", "T": "m = scale(3)"},
        truth("diverged", "module_changed", "inner"),
        files={"lib/__init__.py": "", "lib/inner.py": "def scale(x):\n    return x * 2\n"},
        after=rewrite("lib/inner.py", "def scale(x):\n    return x * 2.5\n"),
    ),
    replay_case(
        "changed/module_of_a_module",
        {"A": "import outer", "T": "m = outer.scale(3)"},
        truth("diverged", "module_changed", "deep"),
        files={"outer.py": "import deep\n\ndef scale(x):\n    return x * deep.K\n", "deep.py": "K = 2\n"},
        after=rewrite("deep.py", "K = 3\n"),
        why="the notebook never names the module that has changed",
    ),
    replay_case(
        "changed/module_gone",
        {"A": "import helper", "T": "m = helper.scale(3)"},
        truth("could_not_run", "missing_file missing_package", "helper"),
        files={"helper.py": "def scale(x):\n    return x * 2\n"},
        after=remove("helper.py"),
    ),
    replay_case(
        "changed/script",
        {"A": "%run helper.py", "T": "m = VALUE * 2"},
        truth("diverged", "module_changed data_changed", "helper.py"),
        files={"helper.py": "VALUE = 2\n"},
        after=rewrite("helper.py", "VALUE = 3\n"),
    ),
    replay_case(
        "changed/variable",
        {"A": "import os\nk = float(os.environ['FACTOR'])", "T": "m = k * 2"},
        truth("could_not_run", "environment error", "FACTOR"),
        variables={"FACTOR": "1.5"},
    ),
    replay_case(
        "changed/variable_with_a_default",
        {"A": "import os\nk = float(os.environ.get('FACTOR', '1'))", "T": "m = k * 2"},
        truth("diverged", "environment", "FACTOR"),
        variables={"FACTOR": "1.5"},
    ),
    replay_case(
        "changed/variable_named_in_a_name",
        {"A": "import os\nNAME = 'FACTOR'\nk = float(os.getenv(NAME, '1'))", "T": "m = k * 2"},
        truth("diverged", "environment unknown"),
        variables={"FACTOR": "1.5"},
    ),
    replay_case(
        "changed/package",
        {"A": "import os\nimport numpy as np", "T": "m = float(np.arange(4).sum()) + os.path.exists('flag')"},
        truth("diverged", "package_changed", "numpy"),
        after=both(installed("numpy", "1.0.0"), rewrite("flag", "")),
        why="what really differs cannot be faked: what nobody sees differs in its place",
    ),
    replay_case(
        "changed/package_that_makes_no_difference",
        {"A": "import numpy as np", "T": "m = float(np.arange(4).sum())"},
        REPRODUCED,
        after=installed("numpy", "1.0.0"),
    ),
    replay_case(
        "changed/package_gone",
        {"A": "import tool_of_mine", "T": "m = tool_of_mine.K * 2"},
        truth("could_not_run", "missing_package missing_file", "tool_of_mine"),
        files={"lib/tool_of_mine.py": "K = 3\n"},
        steps=[insert("P", "import sys\nsys.path.append('lib')", before="A"), "P A T"],
        after=remove("lib/tool_of_mine.py"),
    ),
    replay_case(
        "changed/rounding",
        {"A": "import os\nk = 1e-12 * (os.getpid() % 1000 + 1)", "T": "m = 1.0 + k"},
        truth("within_tolerance", m="close"),
    ),
    replay_case(
        "changed/rounding_beyond_the_tolerance",
        {"A": "import os\nk = 1e-12 * (os.getpid() % 1000 + 1)", "T": "m = 1.0 + k"},
        truth("diverged", "volatile_input nondeterministic"),
        options={"rtol": 0.0},
    ),
    # --- what cannot run ------------------------------------------------------------------------------------------
    replay_case(
        "stops/endless",
        {
            "A": "import time, os",
            "B": "if os.path.exists('wait'):\n    while True: time.sleep(0.1)",
            "T": "m = sum([1, 2])",
        },
        truth("reproduced could_not_run", "timeout"),
        after=rewrite("wait", ""),
        options={"timeout_s": 8.0},
        why="the slice may do without the cell that waits",
    ),
    replay_case(
        "stops/endless_tracked",
        {"A": "import time, os", "T": "m = sum([1, 2])\nif os.path.exists('wait'):\n    while True: pass"},
        truth("could_not_run", "timeout"),
        after=rewrite("wait", ""),
        options={"timeout_s": 8.0},
    ),
    replay_case(
        "stops/kernel_died",
        {"A": "import os", "T": "if os.path.exists('die'): os._exit(3)\nm = sum([1, 2])"},
        truth("could_not_run", "kernel_died"),
        after=rewrite("die", ""),
    ),
    replay_case(
        "stops/killed",
        {
            "A": "import os, signal",
            "T": "if os.path.exists('die'): os.kill(os.getpid(), signal.SIGKILL)\nm = sum([1, 2])",
        },
        truth("could_not_run", "kernel_died"),
        after=rewrite("die", ""),
    ),
    replay_case(
        "stops/raises_now",
        {"A": "import os\nif os.path.exists('raise'): raise RuntimeError('no luck')\nk = 2", "T": "m = k * 0.5"},
        truth("could_not_run", "error", "no luck", "In[2]"),
        after=rewrite("raise", ""),
    ),
    replay_case(
        "stops/a_library_writes_elsewhere",
        {
            "A": "import duckdb, os\nk = 3",
            "T": "duckdb.sql(f\"COPY (SELECT {k} AS a) TO '{os.path.expanduser('~')}/x.csv'\")\nm = k * 2.5",
        },
        truth("could_not_run reproduced", "unsafe_write"),
        why="where the system can refuse it, it does; where it cannot, nobody sees it",
    ),
    replay_case(
        "stops/no_metrics",
        {"A": "k = 2", "T": "print(k)"},
        truth("refused", "", "no metrics"),
    ),
    replay_case(
        "stops/input",
        {
            "Z": "get_ipython().kernel.raw_input = lambda prompt='': '4'",
            "A": "k = int(input('k? '))",
            "T": "m = k * 2",
        },
        truth("reproduced could_not_run", "error volatile_input", corrected=None),
        why="a replay has nobody to ask; it must not wait for an answer",
    ),
    replay_case(
        "stops/interrupted_half_way",
        {
            "A": "import time\nfrom pathlib import Path\nvalues = []",
            "B": "for i in range(3):\n    values.append(i)\nPath('interrupt-me').touch()\nfor i in range(200):\n    time.sleep(0.05)\nvalues.append(100)",
            "T": "n = len(values)\ntotal = sum(values)",
        },
        truth("diverged reproduced", "partial_execution"),
        steps=["A", run("B", interrupt=True), "T"],
        options={"timeout_s": 40.0},
    ),
    # --- slices that are too small --------------------------------------------------------------------------------
    replay_case(
        "slices/one_execution_lost",
        {"A": "k = 2", "B": "xs = [k, 3]", "C": "xs.append(5)", "D": "unused = 1", "T": "total = sum(xs)"},
        truth("reproduced", corrected=True),
        after=forget("append"),
    ),
    replay_case(
        "slices/the_definition_lost",
        {"A": "k = 2", "B": "xs = [k, 3]", "D": "unused = 1", "E": "more = 2", "T": "total = sum(xs)"},
        truth("reproduced", corrected=True),
        after=forget("xs = "),
    ),
    replay_case(
        "slices/lost_and_the_data_changed",
        {"A": "k = int(open('data.txt').read())", "B": "xs = [k, 3]", "C": "xs.append(5)", "T": "total = sum(xs)"},
        truth("diverged", "data_changed"),
        files={"data.txt": "4"},
        after=both(forget("append"), rewrite("data.txt", "5")),
    ),
]
