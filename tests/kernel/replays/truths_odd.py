"""Ways in which a run may seem to be repeatable and is not, or the other way round; and ways to verify."""

from __future__ import annotations

import os
from pathlib import Path

from model import edit, write
from replaycase import REPRODUCED, replay_case, truth
from worlds import both, remove, rewrite

UNSEEDED = truth("diverged", "unseeded_rng")
CHANCE = truth("diverged", "unseeded_rng nondeterministic volatile_input")

_UNTOUCHED = """
import random
import numpy as np
import nbtrack
before = {name: id(value) for name, value in globals().items() if not name.startswith("_") and name not in ("In", "Out")}
states = random.getstate(), np.random.get_state()[1].tolist(), np.random.get_state()[2]
folder = __import__("os").getcwd()
"""
_CHECKED = """
after = {name: id(value) for name, value in globals().items()}
assert all(after[name] == value for name, value in before.items()), before
assert states == (random.getstate(), np.random.get_state()[1].tolist(), np.random.get_state()[2])
assert folder == __import__("os").getcwd()
"""
_SIMPLE = {"A": "import numpy as np\nnp.random.seed(1)", "B": "x = np.random.rand(5)", "T": "m = float(x.sum())"}


def _enter_clone() -> None:
    place = Path.cwd()
    place.rename(place.parent / "clone")
    os.chdir(place.parent / "clone")


QUICK = frozenset(
    """
    kept/in_a_file_written_and_read_by_a_library kept/made_by_a_subprocess edited/module_after_its_import
    ways/inside_the_notebook ways/in_a_clone_elsewhere
    """.split()
)
"""The cases of the default run; the others are soaked."""

CASES = [
    # --- kept somewhere ------------------------------------------------------------------------------------------
    replay_case(
        "kept/in_the_folder_for_temporary_files",
        {
            "A": "import os, pickle, random, tempfile",
            "B": "P = tempfile.gettempdir() + '/cache.pkl'\nif not os.path.exists(P):\n    pickle.dump(random.random(), open(P, 'wb'))\nx = pickle.load(open(P, 'rb'))",
            "T": "m = x * 2",
        },
        UNSEEDED,
    ),
    replay_case(
        "kept/in_the_home_directory",
        {
            "A": "import os, pickle, random",
            "B": "P = os.path.expanduser('~/cache.pkl')\nif not os.path.exists(P):\n    pickle.dump(random.random(), open(P, 'wb'))\nx = pickle.load(open(P, 'rb'))",
            "T": "m = x * 2",
        },
        CHANCE,
    ),
    replay_case(
        "kept/among_the_caches",
        {
            "A": "import os, pickle, random\nfrom pathlib import Path",
            "B": "P = Path.home() / '.cache' / 'mine' / 'x.pkl'\nP.parent.mkdir(parents=True, exist_ok=True)\nif not P.exists():\n    P.write_bytes(pickle.dumps(random.random()))\nx = pickle.loads(P.read_bytes())",
            "T": "m = x * 2",
        },
        CHANCE,
    ),
    replay_case(
        "kept/in_a_file_written_and_read_by_a_library",
        {
            "A": "import duckdb",
            "B": "duckdb.sql(\"COPY (SELECT random() AS a) TO 'x.parquet'\")",
            "T": "m = duckdb.execute(\"SELECT a FROM 'x.parquet'\").fetchone()[0]",
        },
        truth("diverged could_not_run", "unseeded_rng nondeterministic volatile_input"),
        why="neither the writing nor the reading is seen by Python",
    ),
    replay_case(
        "kept/in_a_database_of_a_library",
        {
            "A": "import duckdb",
            "B": "with duckdb.connect('x.db') as c:\n    c.execute('CREATE TABLE IF NOT EXISTS t AS SELECT random() AS a')",
            "T": "with duckdb.connect('x.db') as c:\n    m = c.execute('SELECT a FROM t').fetchone()[0]",
        },
        truth("diverged could_not_run", "unseeded_rng nondeterministic volatile_input"),
    ),
    replay_case(
        "kept/made_by_a_subprocess",
        {
            "A": "!python -c \"import random; open('x.txt', 'w').write(str(random.random()))\"",
            "B": "x = float(open('x.txt').read())",
            "T": "m = x * 2",
        },
        CHANCE,
    ),
    replay_case(
        "kept/made_by_a_shell_cell_and_read_by_another",
        {
            "A": "%%bash\necho $RANDOM$RANDOM > x.txt",
            "B": "lines = !cat x.txt",
            "T": "m = int(lines[0]) * 2",
        },
        truth("diverged could_not_run", "unseeded_rng nondeterministic volatile_input"),
    ),
    replay_case(
        "kept/by_lru_cache",
        {
            "A": "import random\nfrom functools import lru_cache",
            "B": "@lru_cache\ndef draw(n):\n    return random.random()",
            "C": "first = draw(1)",
            "T": "m = draw(1) * 2",
        },
        truth("diverged", "unseeded_rng nondeterministic unknown"),
    ),
    replay_case(
        "kept/in_shelve",
        {
            "A": "import random, shelve",
            "B": "with shelve.open('store') as s:\n    if 'x' not in s: s['x'] = random.random()",
            "T": "with shelve.open('store') as s:\n    m = s['x'] * 2",
        },
        truth("diverged could_not_run", "unseeded_rng nondeterministic"),
    ),
    replay_case(
        "kept/and_loaded_by_name_only_if_there",
        {
            "A": "import glob, os, random",
            "B": "found = glob.glob('part-*.txt')\nif not found:\n    open('part-1.txt', 'w').write(str(random.random()))\n    found = glob.glob('part-*.txt')",
            "T": "m = float(open(found[0]).read()) * 2",
        },
        CHANCE,
    ),
    replay_case(
        "kept/fetched_from_a_network_that_is_gone",
        {
            "A": "import os, urllib.request",
            "B": "if not os.path.exists('data.csv'):\n    if os.environ.get('NETWORK'):\n        open('data.csv', 'w').write('1 2 3')\n    else:\n        urllib.request.urlretrieve('http://127.0.0.1:9/data.csv', 'data.csv')",
            "T": "rows = open('data.csv').read().split()\nm = len(rows) * 2.5",
        },
        truth("reproduced", "", "data.csv", "fetched"),
        variables={"NETWORK": "1"},
        why="what came from elsewhere is data: where it cannot be had again, it is read as it is",
    ),
    replay_case(
        "kept/a_network_that_is_gone_and_nothing_fetched",
        {
            "A": "import os, urllib.request",
            "B": "page = '1 2 3' if os.environ.get('NETWORK') else urllib.request.urlopen('http://127.0.0.1:9/').read()",
            "T": "m = len(page) * 2.5",
        },
        truth("could_not_run", "error environment"),
        variables={"NETWORK": "1"},
    ),
    # --- seeds that are none --------------------------------------------------------------------------------------
    replay_case(
        "seeds/empty",
        {
            "A": "import random, numpy as np\nrandom.seed()\nnp.random.seed(None)",
            "B": "x = random.random() + np.random.rand()",
            "T": "m = x * 2",
        },
        CHANCE,
    ),
    replay_case(
        "seeds/by_the_clock",
        {
            "A": "import random, time\nrandom.seed(int(time.time() * 1000))",
            "B": "x = random.random()",
            "T": "m = x * 2",
        },
        truth("diverged", "volatile_input unseeded_rng"),
    ),
    replay_case(
        "seeds/by_the_hash_of_a_text",
        {"A": "import random\nrandom.seed(hash('experiment'))", "B": "x = random.random()", "T": "m = x * 2"},
        truth("diverged", "volatile_input nondeterministic"),
    ),
    replay_case(
        "seeds/in_a_cell_of_their_own",
        {"A": "import random", "S": "random.seed(3)", "B": "x = random.random()", "T": "m = x * 2"},
        REPRODUCED,
    ),
    replay_case(
        "seeds/drawn_between",
        {
            "A": "import random\nrandom.seed(3)",
            "U": "unused = [random.random() for _ in range(5)]",
            "B": "x = random.random()",
            "T": "m = x * 2",
        },
        REPRODUCED,
        why="the cell between has moved the generator on",
    ),
    replay_case(
        "seeds/shared_state_in_an_object",
        {
            "A": "import numpy as np\nfrom sklearn.cluster import KMeans\nrs = np.random.RandomState(0)\nX = rs.rand(60, 2)",
            "B": "first = KMeans(3, n_init=1, random_state=rs).fit(X)",
            "T": "k = 4\nsecond = KMeans(k, n_init=1, random_state=rs).fit(X)\ninertia = second.inertia_",
        },
        REPRODUCED,
        why="the fit before has moved the object on",
    ),
    replay_case(
        "seeds/upstream_of_a_tracked_cell_that_is_upstream",
        {
            "A": "import random",
            "U": "%%track U\nx = random.random()",
            "T": "m = x * 2",
        },
        REPRODUCED,
        why="the state of the generator was recorded with the other run",
    ),
    # --- state that is no variable --------------------------------------------------------------------------------
    replay_case(
        "state/environment_set_by_the_notebook",
        {"A": "%env FACTOR=3", "B": "import os", "T": "m = float(os.environ['FACTOR']) * 2"},
        REPRODUCED,
    ),
    replay_case(
        "state/options_of_modules",
        {
            "A": "import decimal, sys\nimport numpy as np\nimport pandas as pd",
            "B": "decimal.getcontext().prec = 4",
            "C": "pd.set_option('mode.copy_on_write', True) if False else None\nsys.setrecursionlimit(3456)",
            "T": "m = float(decimal.Decimal(1) / decimal.Decimal(3))\nn = sys.getrecursionlimit() * 2",
        },
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "state/attribute_of_a_module",
        {"A": "import settings", "B": "settings.K = 5", "T": "m = settings.K * 2"},
        truth("reproduced", corrected=None),
        files={"settings.py": "K = 1\n"},
    ),
    replay_case(
        "state/patched_library",
        {"A": "import random, math", "B": "math.sqrt = lambda x: x * 10", "T": "m = math.sqrt(4) + 1"},
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "state/names_bound_around_the_syntax",
        {"A": "exec('k = 3')", "B": "globals()['j'] = 4", "C": "get_ipython().user_ns['i'] = 5", "T": "m = k * j * i"},
        truth("reproduced", corrected=None),
    ),
    replay_case(
        "state/counts_of_cells",
        {"A": "x = 1", "B": "y = 2", "T": "m = len(In) * 10 + get_ipython().execution_count"},
        REPRODUCED,
    ),
    replay_case(
        "state/times_of_files",
        {"A": "import os", "T": "m = int(os.path.getmtime('data.csv')) % 100003 + os.path.getsize('data.csv')"},
        REPRODUCED,
        files={"data.csv": "1 2 3"},
    ),
    replay_case(
        "state/before_loading",
        {"A": "import random\nk = 3\nx = random.random()", "L": "%load_ext nbtrack", "T": "m = k * 2.5"},
        REPRODUCED,
        steps=["A L T"],
    ),
    replay_case(
        "state/chance_before_loading",
        {"A": "import random\nx = random.random()", "L": "%load_ext nbtrack", "T": "m = x * 2.5"},
        truth("diverged", "unseeded_rng nondeterministic"),
        steps=["A L T"],
    ),
    replay_case(
        "state/while_time_lasts",
        {"A": "import time", "T": "t0 = time.time()\nn = 0\nwhile time.time() - t0 < 0.05:\n    n += 1\ncount = n * 2"},
        truth("diverged", "volatile_input nondeterministic"),
    ),
    replay_case(
        "state/recursion_and_classes",
        {
            "A": "class Model:\n    scale = 2\n    def fit(self, xs):\n        self.mean = sum(xs) / len(xs)\n        return self",
            "B": "model = Model().fit([1, 2, 4])",
            "C": "Model.scale = 3",
            "T": "m = model.mean * model.scale",
        },
        truth("reproduced", corrected=None),
    ),
    # --- edited while the kernel lived ------------------------------------------------------------------------------
    replay_case(
        "edited/module_after_its_import",
        {"A": "import helper", "T": "m = helper.scale(3)"},
        truth("diverged", "module_changed external_changed", "helper"),
        steps=["A", write("helper.py", "def scale(x):\n    return x * 5\n"), "T"],
        files={"helper.py": "def scale(x):\n    return x * 2\n"},
    ),
    replay_case(
        "edited/module_and_loaded_again",
        {"A": "import helper", "R": "import importlib\nhelper = importlib.reload(helper)", "T": "m = helper.scale(3)"},
        REPRODUCED,
        steps=["A", write("helper.py", "def scale(x):\n    return x * 5\n"), "R T"],
        files={"helper.py": "def scale(x):\n    return x * 2\n"},
    ),
    replay_case(
        "edited/data_after_it_was_read",
        {"A": "rows = [int(x) for x in open('data.csv').read().split()]", "T": "total = sum(rows)"},
        truth("diverged", "data_changed external_changed", "data.csv"),
        steps=["A", write("data.csv", "7 8 9"), "T"],
        files={"data.csv": "1 2 3"},
    ),
    replay_case(
        "edited/cell_between_its_runs",
        {"A": "k = 2", "B": "xs = [k]", "T": "total = sum(xs) * 2"},
        REPRODUCED,
        steps=["A B", edit("A", "k = 3"), edit("B", "xs.append(k)"), "B T"],
    ),
    replay_case(
        "edited/module_whose_change_makes_no_difference",
        {"A": "import helper", "T": "m = helper.scale(3)"},
        truth("reproduced", "", "helper"),
        files={"helper.py": "def scale(x):\n    return x * 2\n"},
        after=rewrite("helper.py", "def scale(x):\n    return 2 * x\n"),
    ),
    # --- ways to verify --------------------------------------------------------------------------------------------
    replay_case(
        "ways/inside_the_notebook",
        _SIMPLE,
        REPRODUCED,
        real=True,
        inside=_UNTOUCHED + 'found = {"T": nbtrack.verify("T")}\n' + _CHECKED,
    ),
    replay_case(
        "ways/twice_at_once",
        _SIMPLE,
        REPRODUCED,
        real=True,
        inside=_UNTOUCHED
        + "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n"
        + '    pair = list(pool.map(nbtrack.verify, ["T", "T"]))\nassert pair[0].verdict == pair[1].verdict\n'
        + 'found = {"T": pair[0]}\n'
        + _CHECKED,
    ),
    replay_case(
        "ways/in_a_clone_elsewhere",
        {"A": "import helper", "B": "rows = open('data.csv').read().split()", "T": "m = helper.scale(len(rows))"},
        REPRODUCED,
        files={"helper.py": "def scale(x):\n    return x * 2.5\n", "data.csv": "1 2 3"},
        after=_enter_clone,
    ),
    replay_case(
        "ways/in_a_clone_without_the_data",
        {"A": "rows = open('data.csv').read().split()", "T": "m = len(rows) * 2.5"},
        truth("could_not_run", "missing_file", "data.csv"),
        files={"data.csv": "1 2 3"},
        after=both(remove("data.csv"), _enter_clone),
    ),
]
