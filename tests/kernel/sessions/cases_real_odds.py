"""What else is found in people's notebooks: databases, threads, guards, figures that grow, transformers of their own."""

from __future__ import annotations

from model import case, delete, edit, insert, restart, write

DATABASE = """
    # %% imports
    import asyncio
    import contextlib
    import gc
    import io
    import os
    import sqlite3
    import sys
    from concurrent.futures import ThreadPoolExecutor
    from datetime import datetime
    from itertools import islice
    import numpy as np
    import pandas as pd
    import matplotlib.pyplot as plt
    from joblib import Parallel, delayed
    try:
        import seaborn_that_is_not_there as sns
    except ImportError:
        sns = None
    # %% env
    os.environ["OMP_NUM_THREADS"] = "1"
    os.makedirs("figures", exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    print("run of", stamp)
    # %% db
    conn = sqlite3.connect(":memory:")
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"id": range(12), "age": rng.integers(20, 60, 12), "city": list("abcabcabcabc")})
    people.to_sql("people", conn, index=False, if_exists="replace")
    # %% query
    df = pd.read_sql("select city, age, id from people where age > 25", conn)
    df.info()
    # %% guard
    if "cache" not in globals():
        cache = {}
    # %% slow
    def slow_mean(city):
        if city not in cache:
            cache[city] = df.loc[df["city"] == city, "age"].mean()
        return cache[city]
    # %% threads
    with ThreadPoolExecutor(2) as pool:
        means = dict(zip("abc", pool.map(slow_mean, "abc")))
    means
    # %% parallel
    squares = Parallel(n_jobs=2, prefer="threads")(delayed(lambda v: v**2)(v) for v in range(5))
    # %% coroutine
    async def fetch(i):
        await asyncio.sleep(0)
        return i * 0.5
    fetched = [await fetch(i) for i in range(3)]
    # %% cities
    cities = set(df["city"])
    print(cities, len(cities))
    order = sorted(cities)
    # %% capture
    %%capture out
    print("noisy", id(df))
    # %% figure
    fig, ax = plt.subplots()
    # %% draw
    ax.bar(order, [means[c] for c in order])
    ax.set_title(stamp)
    fig.savefig(f"figures/{stamp}.png")
    # %% silent
    with contextlib.redirect_stdout(io.StringIO()) as buffer:
        print("not shown")
    # %% big
    big = np.ones((200, 200))
    total_big = big.sum()
    del big
    gc.collect()
    # %% first
    firsts = (row for row in df.itertuples())
    head = [row.age for row in islice(firsts, 3)]
    # %% T
    %%track
    shrink = 0.8
    grand = np.mean(list(means.values()))
    effects = {c: shrink * (means[c] - grand) for c in order}
    spread = max(effects.values()) - min(effects.values())
    share = len(cities) / len(df) + sum(fetched) + sum(squares) * 1e-3 + sum(head) / total_big
    # %% show
    display(effects)
    ax.figure
"""
_D = "imports env db query guard slow threads parallel coroutine cities capture figure draw silent big first"
_DATABASE_T = """%%track
shrink = 0.8
grand = np.mean(list(means.values()))
effects = {c: shrink * (means[c] - grand) for c in order}
spread = max(effects.values()) - min(effects.values())
share = len(cities) / len(df) + sum(fetched) + sum(squares) * 1e-3 + sum(head) / total_big"""

CUSTOM = """
    # %% imports
    import logging
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import Lasso, LinearRegression, Ridge
    from sklearn.metrics import mean_absolute_error, r2_score
    from sklearn.model_selection import GridSearchCV, KFold, cross_validate, train_test_split
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.INFO)
    # %% constants
    RANDOM_STATE = 17
    TARGET = "price"
    # %% make
    def make_houses(n, seed=RANDOM_STATE):
        r = np.random.RandomState(seed)
        frame = pd.DataFrame({"area": r.uniform(30, 200, n), "rooms": r.randint(1, 6, n), "kind": r.choice(["flat", "house"], n)})
        frame[TARGET] = frame["area"] * 2 + frame["rooms"] * 10 + (frame["kind"] == "house") * 40 + r.randn(n) * 8
        return frame
    houses = make_houses(80)
    houses.head(3)
    # %% eda
    logger.info("median price %s", houses[TARGET].median())
    houses.groupby("kind")[TARGET].agg(["mean", "std"])
    # %% features
    houses["per_room"] = houses["area"] / houses["rooms"]
    houses.drop(columns=["rooms"], inplace=True)
    # %% split
    train_df, test_df = train_test_split(houses, test_size=0.25, random_state=RANDOM_STATE)
    X_train, y_train = train_df.drop(columns=TARGET), train_df[TARGET]
    X_test, y_test = test_df.drop(columns=TARGET), test_df[TARGET]
    # %% clipper
    class Clipper(BaseEstimator, TransformerMixin):
        def __init__(self, quantile=0.95):
            self.quantile = quantile

        def fit(self, X, y=None):
            self.high_ = np.quantile(X, self.quantile, axis=0)
            return self

        def transform(self, X):
            return np.minimum(X, self.high_)
    # %% steps
    numeric = Pipeline([("clip", Clipper()), ("log", FunctionTransformer(np.log1p)), ("scale", StandardScaler())])
    prep = make_column_transformer(
        (numeric, make_column_selector(dtype_include="number")), (OrdinalEncoder(), ["kind"])
    )
    # %% models
    MODELS = {
        "ridge": Ridge(),
        "lasso": Lasso(alpha=0.1),
        "forest": RandomForestRegressor(n_estimators=4, random_state=RANDOM_STATE),
    }
    # %% compare
    rows = []
    for name, model in MODELS.items():
        pipe = Pipeline([("prep", prep), ("model", model)])
        scores = cross_validate(pipe, X_train, y_train, cv=KFold(3, shuffle=True, random_state=RANDOM_STATE))
        rows.append({"name": name, "r2": scores["test_score"].mean(), "fit_time": scores["fit_time"].mean()})
    board = pd.DataFrame(rows).set_index("name").sort_values("r2", ascending=False)
    board
    # %% grid
    grid = GridSearchCV(Pipeline([("prep", clone(prep)), ("model", Ridge())]), {"model__alpha": [0.1, 1.0, 10.0]}, cv=3)
    grid.fit(X_train, y_train)
    print(grid.best_params_)
    # %% T
    %%track
    quantile = 0.9
    final = Pipeline([("prep", prep), ("model", MODELS["forest"])])
    final.set_params(prep__pipeline__clip__quantile=quantile)
    final.fit(X_train, y_train)
    mae = mean_absolute_error(y_test, final.predict(X_test))
    r2 = r2_score(y_test, final.predict(X_test))
    gain = r2 - grid.score(X_test, y_test)
    # %% errors
    errors = (y_test - final.predict(X_test)).abs()
    errors.nlargest(3)
"""
_C = "imports constants make eda features split clipper steps models compare grid"
_CUSTOM_T = """%%track
quantile = 0.9
final = Pipeline([("prep", prep), ("model", MODELS["forest"])])
final.set_params(prep__pipeline__clip__quantile=quantile)
final.fit(X_train, y_train)
mae = mean_absolute_error(y_test, final.predict(X_test))
r2 = r2_score(y_test, final.predict(X_test))
gain = r2 - grid.score(X_test, y_test)"""

SCRIPT = """
    # %% imports
    import importlib
    import numpy as np
    import pandas as pd
    import matplotlib.pyplot as plt
    %matplotlib inline
    # %% run
    %run prepare.py
    # %% tools
    import tools
    from tools import normalise
    # %% look
    !head -2 data.csv
    %who
    # %% reload
    importlib.reload(tools)
    from tools import normalise
    # %% z
    z = normalise(values)
    # %% %time
    %time scores = [float(v) for v in np.convolve(z, np.ones(3) / 3, mode="valid")]
    # %% T
    %%track
    threshold = 0.2
    above = [s for s in scores if s > threshold]
    mean_above = float(np.mean(above))
    # %% end
    %timeit -n 1 -r 1 normalise(values)
"""
_S = "imports run tools look reload z %time"
_SCRIPT_FILES = {
    "prepare.py": "import csv\nwith open('data.csv') as file:\n    values = [float(row['v']) for row in csv.DictReader(file)]\nn_values = len(values)\n",
    "data.csv": "v\n1.0\n4.5\n2.5\n7.0\n3.0\n9.0\n",
    "tools.py": "import math\n\ndef normalise(xs):\n    mean = sum(xs) / len(xs)\n    sd = math.sqrt(sum((x - mean) ** 2 for x in xs) / len(xs))\n    return [(x - mean) / sd for x in xs]\n",
}

CASES = [
    # --- a database, threads, figures -----------------------------------------------------------------------------
    case("real/database", DATABASE, twin="volatile_input"),
    case("real/database_twice", DATABASE, [f"{_D} T show {_D} T show"], twin="reexecuted_non_idempotent"),
    case(
        "real/database_shrunk_more",
        DATABASE,
        [
            f"{_D} T show",
            edit("T", _DATABASE_T.replace("0.8", "0.5")),
            "draw T show figure draw capture silent big first T",
        ],
        twin="edited_cell",
    ),
    case(
        "real/database_figure_drawn_upon_again",
        DATABASE,
        [f"{_D} draw draw env threads parallel T"],
        twin="reexecuted_non_idempotent",
    ),
    case("real/database_vscode", DATABASE, [f"{_D} T T"], mode="vscode", twin="volatile_input"),
    case(
        "real/database_old_cache",
        DATABASE,
        [
            f"{_D} T",
            edit("query", 'df = pd.read_sql("select city, age, id from people where age > 40", conn)'),
            "query guard slow threads cities first T",
        ],
        labels="stale_input",
        also="edited_cell reexecuted_non_idempotent",
        why="the cache remembers the means of the query before",
    ),
    case(
        "real/database_people_appended",
        DATABASE.replace(
            'if_exists="replace")',
            'if_exists="replace")\n    # %% more\n    people = pd.concat([people, people.tail(3)])\n    people.to_sql("people", conn, index=False, if_exists="replace")',
        ),
        [_D.replace("db", "db more more") + " T"],
        labels="reexecuted_non_idempotent",
        known_failure="what is in a database cannot be seen through its connection",
    ),
    case(
        "real/database_first_rows_taken_twice",
        DATABASE.replace("    head = [", "    # %% head\n    head = ["),
        [f"{_D} head head T"],
        labels="reexecuted_non_idempotent",
    ),
    # --- transformers -----------------------------------------------------------------------------------------------
    case("real/custom", CUSTOM, twin="unseeded_rng"),
    case("real/custom_twice", CUSTOM, [f"{_C} T errors {_C} T errors"], twin="reexecuted_non_idempotent"),
    case(
        "real/custom_tuned",
        CUSTOM,
        [
            f"{_C} T errors",
            edit("T", _CUSTOM_T.replace("0.9", "0.8")),
            "T errors",
            edit("T", _CUSTOM_T.replace("0.9", "0.99").replace("%%track", "%%track loose --tag kind=last")),
            "T errors T",
        ],
        twin="edited_cell",
    ),
    case(
        "real/custom_compared_again",
        CUSTOM,
        [
            f"{_C} T",
            edit(
                "models",
                'MODELS = {\n    "linear": LinearRegression(),\n    "forest": RandomForestRegressor(n_estimators=4, random_state=RANDOM_STATE),\n}',
            ),
            "models compare T eda errors T",
        ],
        twin="edited_cell",
    ),
    case(
        "real/custom_peeked",
        CUSTOM,
        [
            f"{_C}",
            insert("p1", "pd.DataFrame(prep.fit_transform(X_train)).describe()", after="steps"),
            "p1",
            insert(
                "p2",
                "MODELS['forest'].fit(X_train.select_dtypes('number'), y_train).feature_importances_",
                after="models",
            ),
            "p2",
            delete("p1"),
            "T",
            delete("p2"),
            "T",
        ],
        twin="deleted_cell",
        why="what was fitted in between is fitted anew by the run",
    ),
    case(
        "real/custom_unsaved",
        CUSTOM,
        [f"{_C} T", insert("p1", "grid.cv_results_['mean_test_score']", after="grid"), "p1", delete("p1"), "T"],
        mode="lab-unsaved",
        twin="deleted_cell",
    ),
    case(
        "real/custom_restarted",
        CUSTOM,
        [f"{_C} T errors", restart(), f"load {_C} T errors T"],
        twin="skipped_cell",
    ),
    case(
        "real/custom_clipper_edited",
        CUSTOM,
        [
            f"{_C} T",
            edit(
                "clipper",
                CUSTOM.split("# %% clipper\n")[1]
                .split("    # %% steps", maxsplit=1)[0]
                .replace("np.minimum(X, self.high_)", "np.minimum(X, self.high_ * 0.5)"),
            ),
            "clipper T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
        why="the steps were made of the class before",
    ),
    case(
        "real/custom_target_shifted_twice",
        CUSTOM,
        [
            "imports constants make features",
            insert("shift", "houses[TARGET] += houses['area'] ** 2 / 100", after="features"),
            "shift shift split clipper steps models compare grid T",
        ],
        labels="reexecuted_non_idempotent",
    ),
    case(
        "real/custom_features_failed_again",
        CUSTOM,
        ["imports constants make features features split clipper steps models compare grid T"],
        twin="partial_execution",
        why="the column is gone: the second run raises before it changes anything",
    ),
    case(
        "real/custom_gradient_boosting_unseeded",
        CUSTOM.replace(
            '"forest": RandomForestRegressor(n_estimators=4, random_state=RANDOM_STATE)',
            '"forest": GradientBoostingRegressor(n_estimators=4, subsample=0.5)',
        ),
        labels="unseeded_rng",
        result=("mae",),
    ),
    # --- a script -----------------------------------------------------------------------------------------------------
    case("real/script", SCRIPT, files=_SCRIPT_FILES, twin="external_changed"),
    case("real/script_twice", SCRIPT, [f"{_S} T end {_S} T"], files=_SCRIPT_FILES, twin="reexecuted_non_idempotent"),
    case("real/script_bare", SCRIPT, [f"{_S} T look T"], mode="bare", files=_SCRIPT_FILES, twin="skipped_cell"),
    case(
        "real/script_data_changed",
        SCRIPT,
        [_S, write("data.csv", "v\n1.0\n2.0\n8.0\n2.0\n0.0\n1.0\n"), "T"],
        files=_SCRIPT_FILES,
        labels="external_changed",
    ),
    case(
        "real/script_tools_changed_and_reloaded",
        SCRIPT,
        [
            f"{_S} T",
            write("tools.py", "def normalise(xs):\n    return [x / max(xs) for x in xs]\n\nSCALE = 'max'\n"),
            "reload z %time T",
        ],
        files=_SCRIPT_FILES,
        twin="external_changed",
    ),
    case(
        "real/script_changed_and_not_run",
        SCRIPT,
        [_S, write("prepare.py", "values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]\nn_values = 6\n"), "T"],
        files=_SCRIPT_FILES,
        labels="external_changed",
    ),
]
