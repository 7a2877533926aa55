"""Draws that do not matter, and generators that stand where they should."""

from __future__ import annotations

from model import case, delete, insert

_CARRY = "rng_state_carryover"
_NP = "import numpy as np\nnp.random.seed(0)"
_DATA = "import numpy as np\nX = np.arange(40.0).reshape(-1, 2)\ny = (np.arange(20) % 3 > 0).astype(int)"

CASES = [
    case(
        "clean/seeded_and_drawn_once",
        {"A": _NP, "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        twin="unseeded_rng",
        slice=[2, 3, 4],
        real=True,
    ),
    case(
        "clean/seeded_and_drawn_again_from_the_seed",
        {"A": _NP, "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        ["A B B A B T"],
        twin=_CARRY,
        slice=[[5, 6, 7], [2, 3, 7]],
        real=True,
    ),
    case(
        "clean/seed_in_the_drawing_cell_run_twice",
        {"B": "import numpy as np\nnp.random.seed(0)\nx = np.random.rand(5)", "T": "mean = x.mean()"},
        ["B B T"],
        twin=_CARRY,
        slice=[[3, 4], [2, 4]],
    ),
    case(
        "clean/seed_at_the_top_of_the_tracked_cell",
        {"A": "import numpy as np\nnp.random.rand(3)", "T": "np.random.seed(7)\nmean = np.random.rand(4).mean()"},
        ["A T A T"],
        twin="unseeded_rng",
        slice=[[4, 5], [2, 5]],
        real=True,
    ),
    case(
        "clean/seed_option",
        {
            "A": "import numpy as np\nimport random\nnp.random.rand(3)",
            "T": "%%track --seed 3\nmean = np.random.rand(4).mean() + random.random()",
        },
        ["A A T T"],
        twin="unseeded_rng",
        slice=[[3, 5], [2, 5]],
        real=True,
    ),
    case(
        "clean/default_rng_made_in_the_cell",
        {"A": "import numpy as np", "T": "rng = np.random.default_rng(3)\nmean = rng.normal(size=4).mean()"},
        ["A T T"],
        twin="unseeded_rng",
        slice=[2, 4],
    ),
    case(
        "clean/unseeded_draw_that_nothing_uses",
        {"A": "import numpy as np", "B": "noise = np.random.rand(100)", "T": "out = np.sqrt(2.0) * 3"},
        twin="unseeded_rng",
        slice=[2, 4],
        real=True,
    ),
    case(
        "clean/unseeded_draw_bound_again",
        {"A": "import numpy as np\nw = np.random.rand(3)", "B": "w = np.ones(3)", "T": "out = w.sum() / 2"},
        twin="unseeded_rng",
        slice=[2, 3, 4],
    ),
    case(
        "clean/logistic_regression_without_random_state",
        {
            "A": _DATA + "\nfrom sklearn.linear_model import LogisticRegression",
            "T": "acc = LogisticRegression().fit(X, y).score(X, y)",
        },
        ["A T T"],
        twin="unseeded_rng",
        slice=[2, 4],
        why="random_state=None, and lbfgs draws nothing",
        real=True,
    ),
    case(
        "clean/support_vectors_without_random_state",
        {"A": _DATA + "\nfrom sklearn.svm import SVC", "T": "acc = SVC().fit(X, y).score(X, y)"},
        twin="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "clean/support_vectors_on_a_seeded_split",
        {
            "A": _DATA + "\nfrom sklearn.model_selection import train_test_split\nfrom sklearn.svm import SVC",
            "T": "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
            "acc = SVC().fit(X_train, y_train).score(X_test, y_test)",
        },
        ["A T T"],
        twin="unseeded_rng",
        slice=[2, 4],
        real=True,
    ),
    case(
        "clean/support_vectors_of_a_pipeline_in_a_function",
        {
            "A": _DATA
            + "\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler"
            "\nfrom sklearn.svm import SVC",
            "B": "def accuracy(model):\n    return model.fit(X, y).score(X, y)",
            "C": "model = make_pipeline(StandardScaler(), SVC())",
            "T": "acc = accuracy(model)",
        },
        twin="unseeded_rng",
        slice=[2, 3, 4, 5],
    ),
    case(
        "clean/boosting_on_few_rows",
        {
            "A": _DATA + "\nfrom sklearn.ensemble import HistGradientBoostingClassifier",
            "T": "acc = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2).fit(X, y).score(X, y)",
        },
        twin="unseeded_rng",
        slice=[2, 3],
        why="with more than ten thousand it would hold some back to know when to stop",
    ),
    case(
        "clean/support_vectors_between_a_seed_and_a_draw",
        {
            "A": _DATA + "\nfrom sklearn.svm import SVC",
            "S": "np.random.seed(0)",
            "B": "acc = SVC().fit(X, y).score(X, y)",
            "C": "x = np.random.rand(3)",
            "T": "mean = x.mean()",
        },
        twin=_CARRY,
        slice=[2, 3, 4, 5, 6],
        why="what is drawn behind it hangs on the one number that the fit took",
    ),
    case(
        "clean/support_vectors_behind_a_seed",
        {
            "A": _DATA + "\nfrom sklearn.svm import SVC",
            "S": "np.random.seed(0)",
            "T": "acc = SVC().fit(X, y).score(X, y)",
        },
        ["A S T T"],
        twin=_CARRY,
        slice=[2, 5],
    ),
    case(
        "clean/lasso_without_random_state",
        {"A": _DATA + "\nfrom sklearn.linear_model import Lasso", "T": "r2 = Lasso().fit(X, y).score(X, y)"},
        twin="unseeded_rng",
        slice=[2, 3],
        why="it draws a seed, and goes round the coefficients in their order",
    ),
    case(
        "clean/split_without_shuffling",
        {
            "A": _DATA + "\nfrom sklearn.model_selection import train_test_split",
            "B": "X_train, X_test = train_test_split(X, shuffle=False)",
            "T": "mean = X_test.mean()",
        },
        ["A B B T"],
        twin="unseeded_rng",
        slice=[[2, 4, 5], [2, 3, 5]],
    ),
    case(
        "clean/split_with_random_state",
        {
            "A": _DATA + "\nfrom sklearn.model_selection import train_test_split",
            "B": "X_train, X_test = train_test_split(X, random_state=5)",
            "T": "mean = X_test.mean()",
        },
        ["A B B T"],
        twin=_CARRY,
        slice=[[2, 4, 5], [2, 3, 5]],
    ),
    case(
        "clean/forest_with_random_state",
        {
            "A": "import numpy as np\nfrom sklearn.ensemble import RandomForestRegressor\nX = np.arange(30.0).reshape(-1, 1)\ny = np.sin(X[:, 0])",
            "T": "r2 = RandomForestRegressor(n_estimators=5, random_state=42).fit(X, y).score(X, y)",
        },
        ["A T T"],
        twin="unseeded_rng",
        slice=[2, 4],
    ),
    case(
        "clean/folds_without_shuffling",
        {
            "A": _DATA
            + "\nfrom sklearn.model_selection import cross_val_score\nfrom sklearn.linear_model import Ridge",
            "T": "score = cross_val_score(Ridge(), X, np.sin(X[:, 0]), cv=4).mean()",
        },
        twin="unseeded_rng",
        slice=[2, 3],
    ),
    case(
        "clean/draws_on_another_generator",
        {"I": "import random", "A": _NP, "S": "random.random()", "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        ["I A S S S B T"],
        twin=_CARRY,
        slice=[3, 7, 8],
    ),
    case(
        "clean/draws_after_the_data_was_drawn",
        {"A": _NP, "B": "x = np.random.rand(5)", "S": "noise = np.random.rand(3)", "T": "mean = x.mean()"},
        ["A B S S S T"],
        twin=_CARRY,
        slice=[2, 3, 7],
    ),
    case(
        "clean/scratch_draws_then_seeded_again",
        {"A": _NP, "B": "x = np.random.rand(5)", "T": "mean = x.mean()"},
        ["A", insert("S", "np.random.rand(3)", after="A"), "S", delete("S"), "A B T"],
        twin=_CARRY,
        slice=[[4, 5, 6], [2, 5, 6]],
    ),
    case(
        "clean/generator_made_again_each_time",
        {
            "A": "import numpy as np\nrng = np.random.default_rng(0)",
            "B": "x = rng.normal(size=4)",
            "T": "mean = x.mean()",
        },
        ["A B A B T"],
        twin=_CARRY,
        slice=[[4, 5, 6], [2, 3, 6]],
    ),
    case(
        "clean/size_of_an_unseeded_sample",
        {
            "A": "import pandas as pd\ndf = pd.DataFrame({'a': range(50)})",
            "B": "part = df.sample(frac=0.1)",
            "T": "n = len(part) * 1.5",
        },
        twin="unseeded_rng",
        slice=[2, 3, 4],
        why="how many were drawn does not depend on which",
        known_failure="that only the size of a sample is used is not looked for",
    ),
    case(
        "clean/sorted_permutation",
        {"A": "import numpy as np\norder = np.sort(np.random.permutation(20))", "T": "mid = float(order[10]) * 1.5"},
        twin="unseeded_rng",
        slice=[2, 3],
        why="the draw does not come through",
        known_failure="that sorting undoes a permutation is not looked for",
    ),
    case(
        "clean/jitter_in_a_plot",
        {
            "A": "import numpy as np\nimport matplotlib.pyplot as plt\nxs = np.linspace(0, 1, 6)",
            "B": "plt.scatter(xs, xs + np.random.rand(6) / 10)",
            "T": "area = float((xs ** 2).mean())",
        },
        ["A B B T"],
        twin="unseeded_rng",
        slice=[2, 5],
    ),
    case(
        "clean/seeded_by_a_function",
        {
            "A": "import random\nimport numpy as np\ndef seed_all(n):\n    random.seed(n)\n    np.random.seed(n)",
            "B": "seed_all(3)\nx = np.random.rand(3) + random.random()",
            "T": "mean = x.mean()",
        },
        ["A B B T"],
        twin=_CARRY,
        slice=[[2, 4, 5], [2, 3, 5]],
    ),
    case(
        "clean/seeded_object_drawn_from_once_per_cell",
        {
            "A": "import random\ngen = random.Random(3)",
            "B": "x = gen.random()",
            "C": "y = gen.random()",
            "T": "out = x + y",
        },
        twin=_CARRY,
        slice=[2, 3, 4, 5],
    ),
    case(
        "clean/state_saved_and_put_back",
        {
            "A": _NP,
            "S": "state = np.random.get_state()\nnp.random.rand(9)\nnp.random.set_state(state)",
            "B": "x = np.random.rand(5)",
            "T": "mean = x.mean()",
        },
        ["A S S B T"],
        twin=_CARRY,
        slice=[[2, 5, 6], [2, 3, 5, 6], [2, 4, 5, 6], [2, 3, 4, 5, 6]],
    ),
]
