"""Runs that can be repeated: whatever their notebooks look like, a replay must give their numbers."""

from __future__ import annotations

from pathlib import Path

from model import delete, edit, run
from replaycase import REPRODUCED, replay_case, truth

IRIS = """
    # %% imports
    import numpy as np
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    # %% data
    X, y = load_iris(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)
    # %% T
    %%track pipeline
    C = 0.5
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=500)).fit(X_train, y_train)
    accuracy = model.score(X_test, y_test)
    # %% cv
    %%track cv
    folds = 3
    scores = cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), X, y, cv=folds)
    mean, spread = scores.mean(), scores.std()
"""

FORESTS = """
    # %% imports
    import numpy as np
    from sklearn.datasets import load_wine, load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV, train_test_split
    # %% data
    X, y = load_wine(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    # %% T
    %%track forest
    n_estimators = 10
    forest = RandomForestClassifier(n_estimators=n_estimators, random_state=3).fit(X_train, y_train)
    accuracy = forest.score(X_test, y_test)
    # %% grid
    %%track grid
    search = GridSearchCV(RandomForestClassifier(n_estimators=5, random_state=0), {"max_depth": [2, 3]}, cv=3)
    search.fit(X_train, y_train)
    best = search.best_score_
    depth = search.best_params_["max_depth"]
    # %% unseeded
    %%track unseeded_forest
    wild = RandomForestClassifier(n_estimators=5).fit(X_train, y_train)
    accuracy = wild.score(X_test, y_test)
    margin = wild.predict_proba(X_test).max(axis=1).mean()
    # %% seeded
    %%track --seed 11 seeded_forest
    wild = RandomForestClassifier(n_estimators=5).fit(X_train, y_train)
    margin = wild.predict_proba(X_test).max(axis=1).mean()
"""

NETS = """
    # %% imports
    import warnings
    import numpy as np
    from sklearn.datasets import load_digits, load_diabetes
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.linear_model import Ridge
    warnings.filterwarnings("ignore")
    # %% data
    X, y = load_digits(return_X_y=True)
    X = X[:300] / 16; y = y[:300]
    # %% T
    %%track mlp
    hidden = 8
    net = MLPClassifier((hidden,), max_iter=15, random_state=1).fit(X[:200], y[:200])
    accuracy = net.score(X[200:], y[200:])
    loss = net.loss_
    # %% diabetes
    A, b = load_diabetes(return_X_y=True)
    # %% ridge
    %%track ridge
    alpha = 1.0
    r2 = Ridge(alpha=alpha).fit(A, b).score(A, b)
"""

QUICK = frozenset(
    """
    clean/iris clean/generators_in_the_tracked_cell clean/tracked_again_and_again clean/stale_input
    clean/outputs_and_inputs clean/magics clean/await clean/log_appended clean/absolute_paths
    clean/nan_and_infinity clean/timer_beside_a_metric clean/blocks_in_a_loop
    """.split()
)
"""The cases of the default run; the others are soaked."""

CASES = [
    replay_case("clean/iris", IRIS, {"pipeline": REPRODUCED, "cv": REPRODUCED}),
    replay_case(
        "clean/forests",
        FORESTS,
        {"forest": REPRODUCED, "grid": REPRODUCED, "unseeded_forest": REPRODUCED, "seeded_forest": REPRODUCED},
        why="draws of the tracked cell from the global generators come back: their states were recorded",
    ),
    replay_case("clean/nets", NETS, {"mlp": REPRODUCED, "ridge": REPRODUCED}),
    replay_case(
        "clean/generators_in_the_tracked_cell",
        {
            "A": "import random\nimport numpy as np\nnp.random.rand(3); random.random()",
            "T": "a = random.random()\nb = float(np.random.normal())\nc = int(np.random.randint(1_000_000))",
            "U": "%%track --seed 5 U\nd = random.random()\ne = float(np.random.rand())",
        },
        {"T": REPRODUCED, "U": REPRODUCED},
    ),
    replay_case(
        "clean/own_generators",
        {
            "A": "import random\nimport numpy as np\nrng = np.random.default_rng(3)\nother = random.Random(4)",
            "B": "x = rng.normal(size=50)",
            "T": "m = float(x.mean())\nn = float(rng.normal())\no = other.random()",
        },
        REPRODUCED,
    ),
    replay_case(
        "clean/tracked_again_and_again",
        {
            "A": "total = 0\nseen = []",
            "T": "step = 3\ntotal += step\nseen.append(total)\nlevel = total * 2\nlongest = len(seen)",
        },
        REPRODUCED,
        steps=["A " + "T " * 10],
        why="ten runs have one name: the last one is meant, which has the state of all before it",
    ),
    replay_case(
        "clean/stale_input",
        {"A": "k = 2", "B": "data = [k * i for i in range(5)]", "T": "score = sum(data) / k"},
        REPRODUCED,
        steps=["A B", "A", "T"],
    ),
    replay_case(
        "clean/edited_and_deleted_upstream",
        {"A": "k = 2", "B": "data = [k * i for i in range(5)]", "T": "score = sum(data)"},
        REPRODUCED,
        steps=["A B", edit("A", "k = 3"), delete("B"), "T"],
        why="what is on the page does not give the number; what ran does",
    ),
    replay_case(
        "clean/outputs_and_inputs",
        {
            "A": "20 + 1",
            "B": "x = _ + 1\nx",
            "C": "y = Out[2] + _3\ny",
            "T": "z = y + len(In[2]) + _",
        },
        REPRODUCED,
    ),
    replay_case(
        "clean/magics",
        {
            "A": "%matplotlib inline\nimport os\nimport sys",
            "B": "%%time\nvalues = [1, 2, 3]",
            "C": "!echo 17 > number.txt\nlines = !cat number.txt",
            "D": "%cd sub\nhere = open('inner.txt').read()",
            "E": "%cd ..",
            "F": "%run helper.py",
            "G": "sys.path.append('lib')\nimport tool",
            "T": "total = sum(values) + int(lines[0]) + len(here) + HELP + tool.VALUE",
        },
        REPRODUCED,
        files={"sub/inner.txt": "abcd", "helper.py": "HELP = 100\n", "lib/tool.py": "VALUE = 1000\n"},
    ),
    replay_case(
        "clean/await",
        {
            "A": "import asyncio\nasync def get(n):\n    await asyncio.sleep(0)\n    return n",
            "B": "found = await asyncio.gather(*[get(i) for i in range(4)])",
            "T": "total = sum(found) + await get(5)",
        },
        REPRODUCED,
    ),
    replay_case(
        "clean/half_a_cell",
        {"A": "a = 5\nb = a / 0\nc = 7", "T": "score = a * 2"},
        REPRODUCED,
        why="the cell raised, and what it had bound by then counts",
    ),
    replay_case(
        "clean/failed_run_with_metrics",
        {"A": "import nbtrack\na = 5", "T": "nbtrack.log_metric('loss', a * 0.1)\nraise ValueError('stop')"},
        truth("reproduced refused"),
        why="the tracked cell itself raised, behind its metric",
    ),
    replay_case(
        "clean/files_it_writes",
        {
            "A": "import os, json\nos.makedirs('out', exist_ok=True)",
            "B": "with open('out/values.json', 'w') as f:\n    json.dump([1, 2, 3], f)",
            "T": "values = json.load(open('out/values.json'))\ntotal = sum(values)\nwith open('out/result.txt', 'w') as f:\n    f.write(str(total))",
        },
        REPRODUCED,
    ),
    replay_case(
        "clean/mkdir_without_exist_ok",
        {
            "A": "import os\nos.mkdir('out')\nopen('out/a.txt', 'w').write('12')",
            "T": "n = int(open('out/a.txt').read())",
        },
        REPRODUCED,
        why="the folder is there since the run, and must not be for the replay",
    ),
    replay_case(
        "clean/log_appended",
        {
            "A": "import os",
            "T": "loss = 0.25\nwith open('log.txt', 'a') as f:\n    f.write(f'{loss}\\n')\nlines = len(open('log.txt').readlines())",
        },
        REPRODUCED,
        why="the file has a line of the run's own, which the replay writes anew",
    ),
    replay_case(
        "clean/absolute_paths",
        {
            "A": "import os, pickle\nfrom pathlib import Path\nHERE = Path.cwd().resolve()\nP = str(HERE / 'model.pkl')",
            "B": "with open(P, 'wb') as f:\n    pickle.dump({'w': 2.5}, f)",
            "T": "w = pickle.load(open(P, 'rb'))['w']\nos.remove(P)\nos.rename(HERE / 'a.txt', HERE / 'b.txt')\nn = len((HERE / 'b.txt').read_text())",
            "U": "(HERE / 'b.txt').rename(HERE / 'a.txt')",
        },
        REPRODUCED,
        files={"a.txt": "abc"},
    ),
    replay_case(
        "clean/chdir",
        {
            "A": "import os\nos.chdir('sub')",
            "B": "text = open('inner.txt').read()",
            "T": "n = len(text) + len(os.listdir('.'))",
        },
        REPRODUCED,
        files={"sub/inner.txt": "abcd"},
    ),
    replay_case(
        "clean/parent_folder",
        {"A": "%cd -q notebooks", "B": "text = open('../data/x.txt').read()", "T": "n = len(text)"},
        REPRODUCED,
        files={"notebooks/a.txt": "", "data/x.txt": "abcde"},
    ),
    replay_case(
        "clean/order_of_a_folder",
        {
            "A": "import glob",
            "T": "order = [int(open(p).read()) for p in glob.glob('parts/*.txt')]\nweighted = sum(i * v for i, v in enumerate(order))",
        },
        REPRODUCED,
        files={f"parts/{name}.txt": str(number) for number, name in enumerate("qwertzuiopasdfg")},
        why="the system lists files in an order of its own; the mirror lists them as the folder does",
    ),
    replay_case(
        "clean/data_changed_and_changed_back",
        {"A": "rows = [int(x) for x in open('data.csv').read().split()]", "T": "total = sum(rows)"},
        REPRODUCED,
        files={"data.csv": "1 2 3"},
        after=lambda: Path("data.csv").write_text("1 2 3"),
    ),
    replay_case(
        "clean/nan_and_infinity",
        {
            "A": "import math\nimport nbtrack",
            "T": "nbtrack.log_metric('n', math.nan)\nnbtrack.log_metric('p', math.inf)\nnbtrack.log_metric('m', -math.inf)\nnbtrack.log_metric('z', -0.0)",
        },
        truth("reproduced", n="exact", p="exact", m="exact", z="exact"),
    ),
    replay_case(
        "clean/thousands_of_points",
        {
            "A": "import nbtrack",
            "T": "for step in range(5000):\n    nbtrack.log_metric('loss', 1 / (step + 1), step=step)",
        },
        REPRODUCED,
    ),
    replay_case(
        "clean/timer_beside_a_metric",
        {
            "A": "import time",
            "T": "t0 = time.perf_counter()\ntotal = sum(i * i for i in range(20000))\nelapsed = time.perf_counter() - t0",
            "U": "%%track U\nstart = time.time()\nscore = sum([0.5, 3])\ntook = time.time() - start",
        },
        {"T": truth("reproduced", "", total="exact", elapsed="timer"), "U": truth("reproduced", took="timer")},
    ),
    replay_case(
        "clean/functions_and_blocks",
        {
            "A": "import nbtrack\nnbtrack.configure(live=False)",
            "B": "@nbtrack.track\ndef fit(c):\n    nbtrack.log_metric('score', c * 1.5)\n    return c",
            "C": "for c in (1, 2, 3):\n    fit(c)",
            "D": "for lr in (0.1, 0.2):\n    with nbtrack.start_run(run_name=f'block{lr}'):\n        nbtrack.log_metric('loss', 1 / lr)",
            "E": "with nbtrack.start_run(run_name='outer'):\n    nbtrack.log_metric('a', 1.0)\n    with nbtrack.start_run(run_name='child', nested=True):\n        nbtrack.log_metric('b', 2.5)",
        },
        {
            "fit@0": REPRODUCED,
            "fit@2": REPRODUCED,
            "block0.1": REPRODUCED,
            "block0.2": REPRODUCED,
            "outer": REPRODUCED,
            "child": REPRODUCED,
        },
    ),
    replay_case(
        "clean/blocks_in_a_loop",
        {
            "A": "import random\nimport nbtrack",
            "B": "random.seed(1)\nfor lr in (0.1, 0.2, 0.3):\n    with nbtrack.start_run(run_name=f'block{lr}'):\n        nbtrack.log_metric('loss', random.random() / lr)",
        },
        {"block0.2": REPRODUCED},
    ),
    replay_case(
        "clean/threads_and_processes",
        {
            "A": "from joblib import Parallel, delayed\nfrom concurrent.futures import ThreadPoolExecutor\nimport math",
            "T": "roots = Parallel(n_jobs=2)(delayed(math.sqrt)(i) for i in range(10))\ntotal = sum(roots)\nwith ThreadPoolExecutor(4) as pool:\n    most = max(pool.map(math.sqrt, range(100)))",
        },
        REPRODUCED,
        real=True,
    ),
    replay_case(
        "clean/much_output",
        {
            "A": "x = 1",
            "T": "for i in range(20000):\n    print('a line of output that nobody reads', i)\nscore = x + 0.5",
        },
        REPRODUCED,
    ),
    replay_case(
        "clean/databases",
        {
            "A": "import sqlite3\nconn = sqlite3.connect('work.db')\nconn.execute('CREATE TABLE t(a)')\nconn.commit()",
            "B": "conn.executemany('INSERT INTO t VALUES (?)', [(1,), (2,), (3,)])\nconn.commit()",
            "T": "total = conn.execute('SELECT SUM(a) FROM t').fetchone()[0]\nrows = conn.execute('SELECT COUNT(*) FROM t').fetchone()[0]",
        },
        truth("reproduced", corrected=None),
        why="the table is there since the run, and would be there twice",
    ),
    replay_case(
        "clean/not_idempotent",
        {"A": "xs = [1, 2]", "B": "xs.append(3)", "T": "n = len(xs)\ntotal = sum(xs)"},
        REPRODUCED,
        steps=["A B B B T"],
    ),
    replay_case(
        "clean/interrupted_and_done_again",
        {
            "A": "import time\nfrom pathlib import Path\nvalues = []",
            "B": "for i in range(3):\n    values.append(i)\n    if not done: Path('interrupt-me').touch(); time.sleep(20)",
            "C": "done = True\nvalues = []",
            "T": "n = len(values)\ntotal = sum(values)",
        },
        REPRODUCED,
        steps=["A", run("C"), "B", "T"],
    ),
]
