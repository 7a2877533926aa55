"""Generators that nobody seeded, and seeded ones that stand elsewhere than in a clean run."""

from __future__ import annotations

from model import case, delete, edit, insert

_CARRY = "rng_state_carryover"
_AGAIN = "reexecuted_non_idempotent"
_NP = "import numpy as np\nnp.random.seed(0)"
_DATA = "import numpy as np\nX = np.arange(40.0).reshape(-1, 2)\ny = (np.arange(20) % 3 > 0).astype(int)"

CASES = [
    # --- seeded, and displaced ------------------------------------------------------------------------------------
    case(
        "carry/draw_run_again",
        {"A": _NP, "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "carry/random_module",
        {"A": "import random\nrandom.seed(4)", "B": "x = random.gauss(0, 1)", "T": "out = x * 2"},
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
    ),
    case(
        "carry/generator_object",
        {
            "A": "import numpy as np\nrng = np.random.default_rng(0)",
            "B": "x = rng.normal(size=4)",
            "T": "mean = x.mean()",
        },
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "carry/tracked_cell_run_twice",
        {"A": "import numpy as np\nrng = np.random.default_rng(0)", "T": "mean = rng.normal(size=4).mean()"},
        ["A T T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4],
    ),
    case(
        "carry/tracked_cell_draws_globally_and_ran_twice",
        {"A": _NP, "T": "mean = np.random.rand(4).mean()"},
        ["A T T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4],
    ),
    case(
        "carry/scratch_draw_and_gone",
        {"A": _NP, "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        ["A", insert("S", "np.random.rand(3)", after="A"), "S", delete("S"), "B T"],
        labels=_CARRY,
        also="deleted_cell",
        slice=[2, 3, 4, 5],
        why="vanished draws",
    ),
    case(
        "carry/draw_through_a_function",
        {
            "A": "import numpy as np\nrng = np.random.default_rng(0)\ndef sample(n):\n    return rng.normal(size=n)",
            "B": "x = sample(4)",
            "T": "mean = x.mean()",
        },
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
    ),
    case(
        "carry/split_on_the_global_generator",
        {
            "A": _DATA + "\nfrom sklearn.model_selection import train_test_split\nnp.random.seed(1)",
            "B": "X_train, X_test, y_train, y_test = train_test_split(X, y)",
            "T": "mean = X_test.mean()",
        },
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "carry/random_state_object_passed_twice",
        {
            "A": _DATA + "\nfrom sklearn.utils import shuffle\nstate = np.random.RandomState(3)",
            "B": "Xs = shuffle(X, random_state=state)",
            "T": "mean = Xs[:5].mean()",
        },
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
    ),
    case(
        "carry/seed_run_again_without_the_first_draw",
        {"A": _NP, "B": "w = np.random.rand(3)", "C": "x = np.random.rand(3)", "T": "mean = x.mean()"},
        ["A B C A C T"],
        labels=_CARRY,
        also="out_of_order",
        slice=[[5, 6, 7], [2, 6, 7]],
    ),
    case(
        "carry/draw_below_ran_first",
        {"A": _NP, "T": "mean = np.random.rand(4).mean()", "Z": "noise = np.random.rand(2)"},
        ["A Z T"],
        labels=_CARRY,
        also="out_of_order",
        slice=[2, 3, 4],
    ),
    case(
        "carry/attribute_of_an_object",
        {
            "A": "import numpy as np\nclass Loader:\n    def __init__(self, seed):\n        self.rng = np.random.default_rng(seed)\n    def batch(self):\n        return self.rng.normal(size=3)\nloader = Loader(5)",
            "B": "x = loader.batch()",
            "T": "mean = x.mean()",
        },
        ["A B B T"],
        labels=_CARRY,
        also=_AGAIN,
        slice=[2, 3, 4, 5],
    ),
    case(
        "carry/list_shuffled_twice",
        {
            "A": "import random\nrandom.seed(0)\nxs = list(range(10))",
            "B": "random.shuffle(xs)",
            "T": "head = sum(xs[:4]) / 4",
        },
        ["A B B T"],
        labels=_AGAIN,
        also=_CARRY,
        slice=[2, 3, 4, 5],
    ),
    case(
        "carry/fewer_draws_after_an_edit",
        {"A": _NP, "B": "w = np.random.rand(7)", "C": "x = np.random.rand(3)", "T": "mean = x.mean()"},
        ["A B C", edit("B", "w = np.random.rand(2)"), "T"],
        labels="edited_cell",
        also=_CARRY,
        slice=[2, 3, 4, 5],
    ),
    case(
        "carry/drawing_cell_never_run",
        {"A": _NP, "B": "w = np.random.rand(7)", "C": "x = np.random.rand(3)", "T": "mean = x.mean()"},
        ["A C T"],
        labels="skipped_cell",
        also=_CARRY,
        slice=[2, 3, 4],
    ),
    # --- never seeded ---------------------------------------------------------------------------------------------
    case(
        "unseeded/numpy_global",
        {"A": "import numpy as np", "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        labels="unseeded_rng",
        slice=[2, 3, 4],
        real=True,
    ),
    case(
        "unseeded/in_the_tracked_cell",
        {"A": "import random", "T": "out = random.random() * 2"},
        labels="unseeded_rng",
        slice=[2, 3],
        real=True,
    ),
    case(
        "unseeded/default_rng_without_a_seed",
        {"A": "import numpy as np\nrng = np.random.default_rng()", "T": "mean = rng.normal(size=4).mean()"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/default_rng_made_in_the_tracked_cell",
        {"A": "import numpy as np", "T": "mean = np.random.default_rng().normal(size=4).mean()"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/split_without_random_state",
        {
            "A": _DATA + "\nfrom sklearn.model_selection import train_test_split",
            "B": "X_train, X_test, y_train, y_test = train_test_split(X, y)",
            "T": "mean = X_test.mean()",
        },
        labels="unseeded_rng",
        slice=[2, 3, 4],
        real=True,
    ),
    case(
        "unseeded/upstream_although_the_tracked_cell_is_seeded",
        {
            "A": _DATA + "\nfrom sklearn.model_selection import train_test_split",
            "B": "X_train, X_test, y_train, y_test = train_test_split(X, y)",
            "T": "%%track --seed 1\nmean = X_test.mean() + np.random.rand()",
        },
        labels="unseeded_rng",
        slice=[2, 3, 4],
    ),
    case(
        "unseeded/forest",
        {
            "A": "import numpy as np\nfrom sklearn.ensemble import RandomForestRegressor\nX = np.arange(30.0).reshape(-1, 1)\ny = np.sin(X[:, 0])",
            "T": "r2 = RandomForestRegressor(n_estimators=5).fit(X, y).score(X, y)",
        },
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/boosting_on_many_rows",
        {
            "A": "import numpy as np\nfrom sklearn.ensemble import HistGradientBoostingClassifier\n"
            "X = np.sin(np.arange(22_000.0)).reshape(-1, 2)\ny = (np.arange(11_000) % 3 > 0).astype(int)",
            "T": "loss = HistGradientBoostingClassifier(max_iter=3).fit(X, y).predict_proba(X)[:, 1].sum()",
        },
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/forest_of_a_function_beside_support_vectors",
        {
            "A": "import numpy as np\nfrom sklearn.ensemble import RandomForestRegressor\nfrom sklearn.svm import SVR\n"
            "X = np.arange(30.0).reshape(-1, 1)\ny = np.sin(X[:, 0])",
            "B": "def forest():\n    return RandomForestRegressor(n_estimators=5).fit(X, y).score(X, y)",
            "T": "gain = forest() - SVR().fit(X, y).score(X, y)",
        },
        labels="unseeded_rng",
        slice=[2, 3, 4],
    ),
    case(
        "carry/support_vectors_fitted_again",
        {
            "A": _DATA + "\nfrom sklearn.svm import SVC",
            "S": "np.random.seed(0)",
            "B": "acc = SVC().fit(X, y).score(X, y)",
            "C": "x = np.random.rand(3)",
            "T": "mean = x.mean()",
        },
        ["A S B B C T"],
        labels="rng_state_carryover",
        slice=[2, 3, 4, 5, 6, 7],
    ),
    case(
        "unseeded/pandas_sample",
        {
            "A": "import pandas as pd\ndf = pd.DataFrame({'a': [x ** 1.5 for x in range(500)]})",
            "B": "part = df.sample(50)",
            "T": "mean = part['a'].mean()",
        },
        labels="unseeded_rng",
        slice=[2, 3, 4],
    ),
    case(
        "unseeded/the_wrong_one_was_seeded",
        {
            "A": "import random\nimport numpy as np\nrandom.seed(0)",
            "B": "x = np.random.rand(5)",
            "T": "mean = x.mean()",
        },
        labels="unseeded_rng",
        slice=[2, 3, 4],
        real=True,
    ),
    case(
        "unseeded/global_seeded_but_a_new_generator_drawn",
        {"A": _NP, "B": "x = np.random.default_rng().normal(size=4)", "T": "mean = x.mean()"},
        labels="unseeded_rng",
        slice=[2, 3, 4],
    ),
    case(
        "unseeded/through_a_function",
        {"A": "import random\ndef jitter(x):\n    return x + random.uniform(-1, 1)", "T": "out = jitter(3.0)"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/through_a_method_upstream",
        {
            "A": "import random\nclass Noise:\n    def at(self, n):\n        return [random.random() for _ in range(n)]",
            "B": "xs = Noise().at(4)",
            "T": "top = max(xs)",
        },
        labels="unseeded_rng",
        slice=[2, 3, 4],
    ),
    case(
        "unseeded/shuffled_list",
        {"A": "import random\nxs = list(range(1000))\nrandom.shuffle(xs)", "T": "head = sum(xs[:40]) / 40"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/seeded_too_late",
        {"A": "import numpy as np", "B": "x = np.random.rand(5)", "S": "np.random.seed(0)", "T": "mean = x.mean()"},
        labels="unseeded_rng",
        slice=[2, 3, 5],
    ),
    case(
        "unseeded/run_twice",
        {"A": "import numpy as np", "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        ["A B B T"],
        labels="unseeded_rng",
        slice=[[2, 4, 5], [2, 3, 4, 5]],
        why="not a carry-over: there is no seed to be off from",
    ),
    case(
        "unseeded/random_state_object",
        {"A": "import numpy as np\nstate = np.random.RandomState()", "T": "mean = state.rand(4).mean()"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/random_object",
        {"A": "import random\ngen = random.Random()", "T": "out = gen.random() * 2"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/shuffled_folds",
        {
            "A": _DATA
            + "\nfrom sklearn.model_selection import KFold, cross_val_score\nfrom sklearn.linear_model import Ridge",
            "T": "score = cross_val_score(Ridge(), X, np.sin(X[:, 0]), cv=KFold(4, shuffle=True)).mean()",
        },
        labels="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "unseeded/imported_function",
        {"A": "from random import gauss", "T": "out = gauss(0, 1) * 2"},
        labels="unseeded_rng",
        slice=[2, 3],
    ),
]
