"""Notebooks as people write them: models chosen, trained by hand, compared in loops, and kept in dictionaries."""

from __future__ import annotations

from model import case, delete, edit, insert, move, restart

GRID = """
    # %% imports
    import time
    from collections import defaultdict
    import numpy as np
    import pandas as pd
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from tqdm.auto import tqdm
    # %% data
    X, y = make_classification(n_samples=120, n_features=6, n_informative=3, random_state=0)
    X = pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])])
    # %% split
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=1)
    # %% scale
    scaler = StandardScaler().fit(X_train)
    X_train_s = scaler.transform(X_train)
    X_test_s = scaler.transform(X_test)
    # %% evaluate
    results = []

    def evaluate(name, model, X_train, X_test):
        started = time.perf_counter()
        model.fit(X_train, y_train)
        predicted = model.predict(X_test)
        row = {"model": name, "accuracy": accuracy_score(y_test, predicted), "f1": f1_score(y_test, predicted)}
        print(f"{name}: {row['accuracy']:.3f} in {time.perf_counter() - started:.2f} s")
        return row
    # %% baseline
    results.append(evaluate("logistic", LogisticRegression(), X_train_s, X_test_s))
    # %% forest
    models = {}
    for depth in tqdm([2, 3]):
        models[depth] = RandomForestClassifier(n_estimators=5, max_depth=depth, random_state=0)
        results.append(evaluate(f"forest {depth}", models[depth], X_train, X_test))
    # %% table
    pd.DataFrame(results).sort_values("accuracy", ascending=False)
    # %% search
    folds = StratifiedKFold(3, shuffle=True, random_state=2)
    search = GridSearchCV(
        RandomForestClassifier(random_state=0), {"n_estimators": [3, 6], "max_depth": [2, 4]}, cv=folds, n_jobs=1
    )
    search.fit(X_train, y_train)
    # %% best
    best = search.best_params_
    best
    # %% T
    %%track forest
    min_samples_leaf = 2
    clf = RandomForestClassifier(**best, min_samples_leaf=min_samples_leaf, random_state=0).fit(X_train, y_train)
    accuracy = clf.score(X_test, y_test)
    f1 = f1_score(y_test, clf.predict(X_test))
    # %% importance
    pd.Series(clf.feature_importances_, X.columns).sort_values().plot.barh()
"""
_GRID = "imports data split scale evaluate baseline forest table search best"
_GRID_T = """%%track forest
min_samples_leaf = 2
clf = RandomForestClassifier(**best, min_samples_leaf=min_samples_leaf, random_state=0).fit(X_train, y_train)
accuracy = clf.score(X_test, y_test)
f1 = f1_score(y_test, clf.predict(X_test))"""

NET = """
    # %% load
    %load_ext nbtrack
    %matplotlib inline
    # %% imports
    import math
    from dataclasses import dataclass, field
    from functools import partial, wraps
    import logging
    import time
    import numpy as np
    import matplotlib.pyplot as plt
    import nbtrack
    logging.basicConfig(level=logging.INFO)
    log = logging.getLogger("train")
    # %% config
    @dataclass
    class Config:
        hidden: int = 4
        lr: float = 0.1
        epochs: int = 5
        batch: int = 8
        seed: int = 3

    cfg = Config()
    # %% timed
    def timed(function):
        @wraps(function)
        def inner(*args, **kwargs):
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                log.info("%s took %.3f s", function.__name__, time.perf_counter() - started)
        return inner
    # %% data
    rng = np.random.default_rng(cfg.seed)
    X = rng.normal(size=(64, 3))
    y = (X @ np.array([1.0, -2.0, 0.5]) + 0.1 * rng.normal(size=64) > 0).astype(float)
    # %% look
    plt.scatter(X[:, 0], X[:, 1], c=y)
    plt.title(f"{y.mean():.2f} positive")
    # %% batches
    def batches(X, y, size, rng):
        order = rng.permutation(len(X))
        for start in range(0, len(X), size):
            rows = order[start : start + size]
            yield X[rows], y[rows]
    # %% net
    class Net:
        def __init__(self, inputs, hidden, rng):
            self.W1 = rng.normal(scale=0.5, size=(inputs, hidden))
            self.w2 = rng.normal(scale=0.5, size=hidden)

        def forward(self, X):
            self.h = np.tanh(X @ self.W1)
            return 1 / (1 + np.exp(-self.h @ self.w2))

        def step(self, X, y, lr):
            error = (self.forward(X) - y) / len(y)
            back = np.outer(error, self.w2) * (1 - self.h**2)
            self.w2 -= lr * self.h.T @ error
            self.W1 -= lr * X.T @ back

    def loss_of(net, X, y):
        p = net.forward(X)
        return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
    # %% train
    @timed
    def train(cfg, X, y, log_metric=None):
        rng = np.random.default_rng(cfg.seed)
        net = Net(X.shape[1], cfg.hidden, rng)
        history = []
        for epoch in range(cfg.epochs):
            for xb, yb in batches(X, y, cfg.batch, rng):
                net.step(xb, yb, cfg.lr)
            history.append(loss_of(net, X, y))
            if log_metric:
                log_metric("loss", history[-1], step=epoch)
        return net, history
    # %% try
    net, history = train(Config(epochs=2), X, y)
    plt.plot(history)
    # %% T
    %%track net
    cfg.lr = 0.3
    net, history = train(cfg, X, y, nbtrack.log_metric)
    final = history[-1]
    accuracy = float(np.mean((net.forward(X) > 0.5) == y))
    # %% curve
    plt.plot(history)
    plt.xlabel("epoch")
    # %% state
    best = min(history), int(np.argmin(history))
    best
"""
_NET = "imports config timed data look batches net train try"
_NET_T = """%%track net
cfg.lr = 0.3
net, history = train(cfg, X, y, nbtrack.log_metric)
final = history[-1]
accuracy = float(np.mean((net.forward(X) > 0.5) == y))"""

PIPE = """
    # %% imports
    import numpy as np
    from sklearn.datasets import make_moons
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    # %% data
    X, y = make_moons(60, noise=0.3, random_state=5)
    # %% pipe
    pipe = Pipeline([("poly", PolynomialFeatures(2)), ("scale", StandardScaler()), ("clf", LogisticRegression())])
    # %% models
    models = {"pipe": pipe, "forest": RandomForestClassifier(4, random_state=0)}
    # %% helper
    def fitted_score(model):
        return model.fit(X[:40], y[:40]).score(X[40:], y[40:])
    # %% T
    %%track
    pipe.set_params(clf__C=1.0)
    pipe.fit(X[:40], y[:40])
    accuracy = pipe.score(X[40:], y[40:])
    margin = float(np.abs(pipe.decision_function(X)).mean())
"""
_PIPE_T = """%%track
pipe.set_params(clf__C=1.0)
pipe.fit(X[:40], y[:40])
accuracy = pipe.score(X[40:], y[40:])
margin = float(np.abs(pipe.decision_function(X)).mean())"""
_MODELS_T = """%%track
scores = {}
for name, model in models.items():
    model.fit(X[:40], y[:40])
    scores[name] = model.score(X[40:], y[40:])
best = max(scores.values())"""

LOOP = """
    # %% imports
    import random
    import numpy as np
    from sklearn.linear_model import SGDClassifier, SGDRegressor
    from sklearn.neural_network import MLPClassifier
    from sklearn.metrics import log_loss
    # %% seed
    random.seed(0)
    np.random.seed(0)
    # %% data
    n = 90
    X = np.random.randn(n, 4)
    w_true = np.array([1.0, 0.0, -1.0, 2.0])
    y = (X @ w_true + np.random.randn(n) * 0.3 > 0).astype(int)
    # %% split
    index = np.random.permutation(n)
    train, test = index[:60], index[60:]
    # %% scaled
    mean, std = X[train].mean(0), X[train].std(0)
    X = (X - mean) / std
    # %% weights
    w = np.zeros(X.shape[1])
    losses = []
    # %% loop
    for epoch in range(10):
        z = 1 / (1 + np.exp(-X[train] @ w))
        w -= 0.5 * X[train].T @ (z - y[train]) / len(train)
        losses.append(log_loss(y[train], z))
    # %% check
    assert losses[-1] < losses[0]
    print(f"{losses[-1]:.3f}")
    # %% mlp
    mlp = MLPClassifier((4,), max_iter=20, random_state=1)
    mlp.fit(X[train], y[train])
    # %% T
    %%track by_hand
    threshold = 0.5
    p = 1 / (1 + np.exp(-X[test] @ w))
    accuracy = float(((p > threshold) == y[test]).mean())
    loss = log_loss(y[test], p)
    better_than_mlp = accuracy - mlp.score(X[test], y[test])
"""
_LOOP = "imports seed data split scaled weights loop check mlp"

CASES = [
    # --- a search ---------------------------------------------------------------------------------------------------
    case("real/grid", GRID, twin="volatile_input", slice=[2, 3, 4, 10, 11, 12]),
    case(
        "real/grid_twice_from_the_top",
        GRID,
        [f"{_GRID} T importance {_GRID} T"],
        twin="reexecuted_non_idempotent",
        slice=[14, 15, 16, 22, 23, 24],
    ),
    case(
        "real/grid_results_appended_again",
        GRID,
        [f"{_GRID} baseline forest baseline table T"],
        twin="reexecuted_non_idempotent",
        why="the list of results piles up, and the run does not look at it",
        slice=[2, 3, 4, 10, 11, 16],
    ),
    case(
        "real/grid_tuned",
        GRID,
        [
            f"{_GRID} T",
            edit("T", _GRID_T.replace("leaf = 2", "leaf = 5")),
            "T importance",
            insert("T2", _GRID_T.replace("leaf = 2", "leaf = 9").replace("track forest", "track leafy"), after="T"),
            "T2 importance T2",
        ],
        twin="edited_cell",
        slice=[2, 3, 4, 10, 11, 17],
    ),
    case(
        "real/grid_searched_again",
        GRID,
        [
            f"{_GRID} T",
            edit(
                "search",
                "folds = StratifiedKFold(4, shuffle=True, random_state=2)\nsearch = GridSearchCV(RandomForestClassifier(random_state=0), {'n_estimators': [2], 'max_depth': [1, 3]}, cv=folds)\nsearch.fit(X_train, y_train)",
            ),
            "search best T",
        ],
        twin="stale_input",
        slice=[2, 3, 4, 13, 14, 15],
    ),
    case(
        "real/grid_unsaved",
        GRID,
        [f"{_GRID} T", edit("forest", "models = {d: RandomForestClassifier(d) for d in (1, 2)}"), "T"],
        mode="lab-unsaved",
        twin="edited_cell",
        slice=[2, 3, 4, 10, 11, 13],
    ),
    case("real/grid_bare", GRID, [f"{_GRID} T T"], mode="bare", twin="unseeded_rng", slice=[2, 3, 4, 10, 11, 13]),
    case(
        "real/grid_test_of_another_split",
        GRID,
        [
            f"{_GRID} T",
            edit("split", "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=9)"),
            "split T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
        why="the best parameters come from the split before",
        slice=[2, 3, 4, 10, 11, 13, 14],
    ),
    case(
        "real/grid_forest_without_a_state",
        GRID.replace("min_samples_leaf=min_samples_leaf, random_state=0", "min_samples_leaf=min_samples_leaf"),
        labels="unseeded_rng",
        result=("accuracy", "f1"),
    ),
    case(
        "real/grid_the_printed_forest_without_a_state",
        GRID.replace("max_depth=depth, random_state=0", "max_depth=depth"),
        twin="unseeded_rng",
        why="only the table of the other models depends on it",
        slice=[2, 3, 4, 10, 11, 12],
    ),
    case(
        "real/grid_edited_best",
        GRID,
        [_GRID, edit("best", "best = {'n_estimators': 1, 'max_depth': 1}"), "T"],
        labels="edited_cell",
        slice=[2, 3, 4, 10, 11, 12],
    ),
    case(
        "real/grid_deleted_best",
        GRID,
        [
            _GRID,
            insert("over", "best = dict(best, max_depth=1, n_estimators=1)", after="best"),
            "over",
            delete("over"),
            "T",
        ],
        labels="deleted_cell",
        slice=[2, 3, 4, 10, 11, 12, 13],
    ),
    # --- the same estimators, fitted again and again --------------------------------------------------------------
    case(
        "real/pipeline_set_and_fitted",
        PIPE,
        [
            "imports data pipe T",
            edit("T", _PIPE_T.replace("C=1.0", "C=0.05")),
            "T",
            edit("T", _PIPE_T.replace("C=1.0", "C=30.0").replace("track", "track loose")),
            "T T",
        ],
        twin="edited_cell",
    ),
    case(
        "real/pipeline_left_set_otherwise",
        PIPE,
        [
            "imports data pipe",
            edit("T", _PIPE_T.replace("C=1.0", "C=0.05, scale__with_mean=False, clf__fit_intercept=False")),
            "T",
            edit("T", _PIPE_T),
            "T",
        ],
        labels="edited_cell",
        also="reexecuted_non_idempotent",
        why="what the earlier run set is not set back",
    ),
    case(
        "real/models_in_a_dict_fitted",
        PIPE,
        [
            "imports data pipe models",
            edit("T", _MODELS_T),
            "T",
            edit("T", _MODELS_T.replace("[:40]", "[:30]")),
            "T models T T",
            edit("T", _MODELS_T.replace("best =", "top =")),
            "T",
        ],
        twin="edited_cell",
    ),
    case(
        "real/fitted_by_a_function",
        PIPE,
        [
            "imports data pipe models helper",
            edit("T", "%%track\nscore = fitted_score(pipe)\nother = fitted_score(models['forest'])"),
            "T",
            edit("T", "%%track\nn = 3\nscore = fitted_score(pipe)\nother = fitted_score(models['forest']) * n"),
            "T T",
        ],
        twin="edited_cell",
    ),
    case(
        "real/fitted_above_on_other_rows",
        PIPE,
        [
            "imports data pipe",
            insert("first", "pipe.fit(X[:20], y[:20])\npipe.score(X, y)", after="pipe"),
            "first",
            delete("first"),
            edit("T", "%%track\npipe.fit(X[:40], y[:40])\nscore = pipe.score(X[40:], y[40:])"),
            "T",
        ],
        twin="deleted_cell",
    ),
    case(
        "real/fitted_above_on_other_rows_and_used",
        PIPE,
        [
            "imports data pipe",
            insert("first", "pipe.fit(X[:12], 1 - y[:12])", after="pipe"),
            "first",
            delete("first"),
            edit("T", "%%track\nscore = pipe.score(X[40:], y[40:]) + 0.0"),
            "T",
        ],
        labels="deleted_cell",
    ),
    # --- a net by hand ------------------------------------------------------------------------------------------------
    case("real/net", NET, twin="volatile_input", slice=[2, 3, 4, 5, 7, 8, 9, 11]),
    case(
        "real/net_twice_from_the_top",
        NET,
        [f"load {_NET} T curve state {_NET} T"],
        twin="reexecuted_non_idempotent",
        slice=[14, 15, 16, 17, 19, 20, 21, 23],
    ),
    case(
        "real/net_tuned",
        NET,
        [
            f"load {_NET} T curve",
            edit("T", _NET_T.replace("0.3", "0.05")),
            "T curve",
            edit("T", _NET_T.replace("cfg.lr = 0.3", "cfg = Config(lr=0.2, epochs=4)")),
            "T curve T state",
        ],
        twin="edited_cell",
        why="each run sets the rate before it uses it",
        slice=[2, 3, 4, 5, 7, 8, 9, 17],
    ),
    case(
        "real/net_other_rate",
        NET,
        [f"load {_NET} T curve", edit("T", _NET_T.replace("0.3", "0.05")), "T curve"],
        twin="edited_cell",
        why="the run before left its rate behind, and this one sets its own",
    ),
    case(
        "real/net_class_run_again",
        NET,
        [f"load {_NET} T net batches train T curve timed train T"],
        twin="stale_input",
        why="definitions that read as before",
    ),
    case(
        "real/net_explored",
        NET,
        [
            f"load {_NET} T",
            insert("s1", "net.W1.round(2), [p.shape for p in (net.W1, net.w2)]", after="T"),
            "s1",
            insert(
                "s2", "sample = next(batches(X, y, 4, np.random.default_rng(0)))\nnet.forward(sample[0])", after="net"
            ),
            "s2",
            delete("s1"),
            move("s2", after="T"),
            "T",
        ],
        twin="deleted_cell",
    ),
    case(
        "real/net_redefined_and_trained",
        NET,
        [
            f"load {_NET} T",
            edit(
                "net",
                NET.split("# %% net\n")[1].split("    # %% train", maxsplit=1)[0].replace("scale=0.5", "scale=0.1"),
            ),
            "net T",
        ],
        twin="stale_input",
    ),
    case("real/net_vscode", NET, [f"load {_NET} T T T"], mode="vscode", twin="reexecuted_non_idempotent"),
    case(
        "real/net_loaded_late",
        NET.replace("%load_ext nbtrack\n    ", "").replace("# %% try", "# %% ext\n    %load_ext nbtrack\n    # %% try"),
        ["load imports config timed data look batches net train ext try T curve T"],
        twin="unseeded_rng",
    ),
    case(
        "real/net_more_epochs_elsewhere",
        NET,
        [f"load {_NET} T", insert("more", "cfg.epochs = 9", after="T"), "more T"],
        labels="out_of_order",
        also="stale_input",
    ),
    case(
        "real/net_data_drawn_again",
        NET,
        [
            f"load {_NET}",
            insert(
                "extra", "X = np.vstack([X, rng.normal(size=(4, 3))])\ny = np.append(y, [0.0, 1, 0, 1])", after="look"
            ),
            "extra extra T",
        ],
        labels="reexecuted_non_idempotent",
        also="rng_state_carryover",
        slice=[2, 3, 4, 5, 7, 8, 9, 11, 12, 13],
    ),
    case(
        "real/net_generator_moved_on",
        NET.replace("rng = np.random.default_rng(cfg.seed)\n    X = ", "X = ").replace(
            "# %% timed", "# %% rng\n    rng = np.random.default_rng(cfg.seed)\n    # %% timed"
        ),
        ["load imports config rng timed data look data batches net train try T"],
        labels="rng_state_carryover",
        also="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 8, 9, 10, 11, 13],
    ),
    case(
        "real/net_unseeded",
        NET.replace("default_rng(cfg.seed)\n        net", "default_rng()\n        net"),
        ["load " + _NET + " T"],
        labels="unseeded_rng",
        result=("final",),
    ),
    case(
        "real/net_trained_on",
        NET.replace(
            "net, history = train(cfg, X, y, nbtrack.log_metric)\n    final = history[-1]",
            "net.step(X, y, cfg.lr)\n    final = loss_of(net, X, y)",
        ),
        ["load " + _NET + " T"],
        labels="mutates_own_input",
        slice=[2, 3, 4, 5, 7, 8, 9, 10, 11],
    ),
    # --- a loop -------------------------------------------------------------------------------------------------------
    case("real/loop", LOOP, twin="rng_state_carryover", slice=[2, 3, 4, 5, 6, 7, 8, 10, 11]),
    case(
        "real/loop_twice_from_the_top",
        LOOP,
        [f"{_LOOP} T {_LOOP} T"],
        twin="reexecuted_non_idempotent",
        slice=[12, 13, 14, 15, 16, 17, 18, 20, 21],
    ),
    case(
        "real/loop_started_afresh",
        LOOP,
        [f"{_LOOP} T weights loop check T", "weights loop T T"],
        twin="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 10, 16, 17, 19],
    ),
    case(
        "real/loop_tuned_rate",
        LOOP,
        [
            f"{_LOOP} T",
            edit(
                "loop",
                "for epoch in range(20):\n    z = 1 / (1 + np.exp(-X[train] @ w))\n    w -= 0.1 * X[train].T @ (z - y[train]) / len(train)\n    losses.append(log_loss(y[train], z))",
            ),
            "weights loop T",
        ],
        twin="edited_cell",
        slice=[2, 3, 4, 5, 6, 10, 12, 13, 14],
    ),
    case(
        "real/loop_scaled_twice",
        LOOP,
        ["imports seed data split scaled scaled weights loop check mlp T"],
        labels="reexecuted_non_idempotent",
        why="standardised twice: the same but for the last digits",
    ),
    case(
        "real/loop_went_on",
        LOOP,
        ["imports seed data split scaled weights loop loop check mlp T"],
        labels="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 11, 12],
    ),
    case(
        "real/loop_split_again",
        LOOP,
        ["imports seed data split split scaled weights loop mlp T"],
        labels="rng_state_carryover",
        also="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
    case(
        "real/loop_never_seeded",
        LOOP,
        ["imports data split scaled weights loop mlp T"],
        labels="unseeded_rng skipped_cell",
        also="unseeded_rng skipped_cell",
        why="the cell that seeds was left out",
    ),
    case(
        "real/loop_wrong_generator_seeded",
        LOOP.replace("    np.random.seed(0)\n", ""),
        labels="unseeded_rng",
    ),
    case(
        "real/loop_not_restarted_weights",
        LOOP,
        [f"{_LOOP} T", restart(), "load imports seed data split weights scaled loop mlp T"],
        twin="out_of_order",
        why="the weights start at zero wherever they are made",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10],
    ),
]
