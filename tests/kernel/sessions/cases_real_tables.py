"""Notebooks as people write them: tables that are cleaned, joined, grouped and plotted before a model sees them."""

from __future__ import annotations

from model import case, delete, edit, insert, move, restart, save, write

PASSENGERS = """\
PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Fare,Embarked
1,0,3,"Braund, Mr. Owen",male,22,1,7.25,S
2,1,1,"Cumings, Mrs. John",female,38,1,71.28,C
3,1,3,"Heikkinen, Miss. Laina",female,26,0,7.92,S
4,1,1,"Futrelle, Mrs. Jacques",female,35,1,53.1,S
5,0,3,"Allen, Mr. William",male,35,0,8.05,S
6,0,3,"Moran, Mr. James",male,,0,8.46,Q
7,0,1,"McCarthy, Mr. Timothy",male,54,0,51.86,S
8,0,3,"Palsson, Master. Gosta",male,2,3,21.07,S
9,1,3,"Johnson, Mrs. Oscar",female,27,0,11.13,S
10,1,2,"Nasser, Mrs. Nicholas",female,14,1,30.07,C
11,1,3,"Sandstrom, Miss. Marg",female,4,1,16.7,S
12,1,1,"Bonnell, Miss. Eliza",female,58,0,26.55,S
13,0,3,"Saundercock, Mr. W",male,20,0,8.05,
14,0,3,"Andersson, Mr. Anders",male,39,1,31.27,S
15,0,3,"Vestrom, Miss. Hulda",female,14,0,7.85,S
16,1,2,"Hewlett, Mrs. (Mary)",female,55,0,16.0,S
17,0,3,"Rice, Master. Eugene",male,2,4,29.12,Q
18,1,2,"Williams, Mr. Charles",male,,0,13.0,S
19,0,3,"Vander Planke, Mrs.",female,31,1,18.0,S
20,1,3,"Masselmani, Mrs. F",female,,0,7.22,C
"""

TITANIC = """
    # %% title [markdown]
    # Who survived
    # %% imports
    import re
    import numpy as np
    import pandas as pd
    import matplotlib.pyplot as plt
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score, train_test_split
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    %matplotlib inline
    pd.set_option("display.max_columns", 20)
    # %% config
    SEED = 42
    TEST_SIZE = 0.3
    NUMERIC = ["Age", "Fare", "FamilySize"]
    CATEGORICAL = ["Sex", "Title", "Embarked"]
    # %% read
    raw = pd.read_csv("titanic.csv")
    raw.head()
    # %% look
    raw.info()
    raw.describe()
    # %% missing
    raw.isna().mean().sort_values(ascending=False)
    # %% helpers
    def title_of(name):
        found = re.search(r"(Mr|Mrs|Miss|Master)\\.", name)
        return found.group(1) if found else "Rare"

    def add_features(frame):
        frame = frame.copy()
        frame["Title"] = frame["Name"].map(title_of)
        frame["FamilySize"] = frame["SibSp"] + 1
        return frame
    # %% clean
    df = (
        raw.drop(columns=["PassengerId"])
        .assign(Embarked=lambda d: d["Embarked"].fillna("S"))
        .pipe(add_features)
        .rename(columns=str.strip)
    )
    df.shape
    # %% age
    df["Age"] = df.groupby("Pclass")["Age"].transform(lambda s: s.fillna(s.median()))
    # %% plot
    fig, ax = plt.subplots(1, 2, figsize=(8, 3))
    df["Age"].plot.hist(ax=ax[0], bins=8, title="age")
    df.groupby("Sex")["Survived"].mean().plot.bar(ax=ax[1])
    plt.tight_layout()
    plt.show()
    # %% pivot
    df.pivot_table(index="Sex", columns="Pclass", values="Survived", aggfunc="mean")
    # %% split
    X = df[NUMERIC + CATEGORICAL]
    y = df["Survived"]
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=TEST_SIZE, random_state=SEED, stratify=y)
    X_train.shape, X_test.shape
    # %% pipeline
    numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categorical = OneHotEncoder(handle_unknown="ignore")
    preprocess = ColumnTransformer([("num", numeric, NUMERIC), ("cat", categorical, CATEGORICAL)])
    # %% T
    %%track logistic
    C = 1.0
    model = Pipeline([("prep", preprocess), ("clf", LogisticRegression(C=C, max_iter=200))])
    model.fit(X_train, y_train)
    accuracy = model.score(X_test, y_test)
    cv = cross_val_score(model, X_train, y_train, cv=3).mean()
    age = float(X_test['Age'].mean())
    # %% after
    model.named_steps["clf"].coef_.round(2)
"""
_T = """%%track logistic
C = 1.0
model = Pipeline([("prep", preprocess), ("clf", LogisticRegression(C=C, max_iter=200))])
model.fit(X_train, y_train)
accuracy = model.score(X_test, y_test)
cv = cross_val_score(model, X_train, y_train, cv=3).mean()
age = float(X_test['Age'].mean())"""
_HEAD = "imports config read look missing helpers clean age plot pivot split pipeline"
_FILES = {"titanic.csv": PASSENGERS}
# Everything but what only looks at the data.
_WHOLE = [2, 3, 4, 7, 8, 9, 12, 13, 14]

_AGE_TWICE = """
df = df[df["Age"] < df["Age"].quantile(0.9)]
"""

SALES = """
    # %% imports
    import numpy as np
    import pandas as pd
    import matplotlib.pyplot as plt
    # %% read
    orders = pd.read_csv("orders.csv", parse_dates=["day"])
    shops = pd.read_csv("shops.csv")
    # %% types
    orders["amount"] = pd.to_numeric(orders["amount"], errors="coerce")
    orders = orders.dropna(subset=["amount"]).drop_duplicates()
    orders.dtypes
    # %% outliers
    low, high = orders["amount"].quantile([0.0, 0.95])
    orders["amount"] = orders["amount"].clip(low, high)
    # %% merge
    sales = orders.merge(shops, on="shop", how="left", validate="m:1")
    sales["region"] = sales["region"].fillna("unknown").astype("category")
    assert len(sales) == len(orders)
    # %% dates
    sales["month"] = sales["day"].dt.month
    sales["weekend"] = sales["day"].dt.dayofweek >= 5
    sales = sales.sort_values(["day", "shop"]).reset_index(drop=True)
    # %% look
    display(sales.sample(3, random_state=0))
    sales["region"].value_counts(dropna=False)
    # %% monthly
    monthly = sales.groupby(["region", "month"], observed=True)["amount"].agg(["sum", "mean", "count"]).reset_index()
    monthly.columns = ["region", "month", "total", "mean", "n"]
    # %% wide
    wide = monthly.pivot(index="month", columns="region", values="total").fillna(0.0)
    wide
    # %% plot
    ax = wide.plot(marker="o")
    ax.set_ylabel("sales")
    for label in wide.columns:
        ax.annotate(label, (wide.index[-1], wide[label].iloc[-1]))
    plt.close("all")
    # %% growth
    growth = wide.pct_change().replace([np.inf, -np.inf], np.nan).fillna(0)
    # %% long
    tidy = growth.reset_index().melt(id_vars="month", var_name="region", value_name="growth")
    # %% T
    %%track growth
    window = 2
    smooth = tidy.sort_values("month").groupby("region")["growth"].rolling(window, min_periods=1).mean()
    mean_growth = smooth.mean()
    volatility = smooth.std()
    best = smooth.groupby("region").mean().max()
"""
ORDERS = """\
day,shop,amount
2024-01-03,1,10.5
2024-01-05,2,20
2024-01-05,2,20
2024-01-13,1,oops
2024-02-02,1,12
2024-02-03,3,99
2024-02-11,2,21.5
2024-03-01,1,14
2024-03-03,2,18
2024-03-09,3,30
2024-03-10,9,7
"""
SHOPS = "shop,region\n1,north\n2,south\n3,north\n"
_SALES_FILES = {"orders.csv": ORDERS, "shops.csv": SHOPS}

CASES = [
    case("real/titanic", TITANIC, twin="unseeded_rng", slice=_WHOLE, files=_FILES),
    case(
        "real/titanic_twice_from_the_top",
        TITANIC,
        [_HEAD + " T after " + _HEAD + " T"],
        twin="reexecuted_non_idempotent",
        files=_FILES,
    ),
    case(
        "real/titanic_tuned",
        TITANIC,
        [
            _HEAD + " T after",
            edit("T", _T.replace("1.0", "0.1", 1)),
            "T after",
            edit("T", _T.replace("1.0", "10.0", 1).replace("logistic", "loose", 1)),
            "T after T",
        ],
        twin="edited_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_explored",
        TITANIC,
        [
            _HEAD + " T",
            insert("x1", "df.groupby('Title').size().plot.bar()", after="plot"),
            "x1",
            insert("x2", "corr = df[['Age', 'Fare', 'Survived']].corr()\ncorr", after="x1"),
            "x2",
            edit("x2", "corr = df.select_dtypes('number').corr()\ncorr.style.background_gradient()"),
            "x2",
            delete("x1", "missing"),
            move("x2", after="T"),
            "T",
        ],
        twin="deleted_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_cells_run_twice_without_effect",
        TITANIC,
        ["imports imports config read read look helpers helpers clean clean age age plot split split pipeline T T"],
        twin="reexecuted_non_idempotent",
        files=_FILES,
    ),
    case(
        "real/titanic_bare",
        TITANIC,
        [_HEAD + " T", "T"],
        mode="bare",
        twin="skipped_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_vscode_plots_skipped",
        TITANIC,
        ["imports config read helpers clean age split pipeline T"],
        mode="vscode",
        twin="skipped_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_unsaved",
        TITANIC,
        [
            _HEAD,
            edit("T", _T.replace("1.0", "0.5", 1)),
            "T",
            edit(
                "config",
                "SEED = 42\nTEST_SIZE = 0.4\nNUMERIC = ['Age', 'Fare', 'FamilySize']\nCATEGORICAL = ['Sex', 'Title', 'Embarked']",
            ),
            "config split pipeline T",
        ],
        mode="lab-unsaved",
        twin="edited_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_upstream_changed_and_all_run_again_below",
        TITANIC,
        [
            _HEAD + " T",
            edit("config", "SEED = 7\nTEST_SIZE = 0.4\nNUMERIC = ['Age', 'Fare']\nCATEGORICAL = ['Sex', 'Title']"),
            "config split pipeline T",
        ],
        twin="stale_input",
        files=_FILES,
    ),
    case(
        "real/titanic_restarted",
        TITANIC,
        [_HEAD + " T", restart(), edit("T", _T.replace("1.0", "0.2", 1)), "load " + _HEAD + " T"],
        twin="edited_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_new_test_size_and_old_split",
        TITANIC,
        [
            _HEAD + " T",
            edit(
                "config",
                "SEED = 42\nTEST_SIZE = 0.5\nNUMERIC = ['Age', 'Fare', 'FamilySize']\nCATEGORICAL = ['Sex', 'Title', 'Embarked']",
            ),
            "config T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_helper_changed_and_not_applied",
        TITANIC,
        [
            _HEAD + " T",
            edit(
                "helpers",
                "def title_of(name):\n    return 'Any'\n\ndef add_features(frame):\n    frame = frame.copy()\n    frame['Title'] = frame['Name'].map(title_of)\n    frame['FamilySize'] = frame['SibSp'] * 0\n    return frame",
            ),
            "helpers T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_edited_cleaning_not_run",
        TITANIC,
        [
            _HEAD,
            edit("age", "df['Age'] = df['Age'].fillna(0) * 3\ndf = df[df['Fare'] < 30]"),
            "T",
        ],
        labels="edited_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_filter_twice",
        TITANIC,
        [
            "imports config read look helpers clean age",
            insert("trim", _AGE_TWICE, after="age"),
            "trim trim split pipeline T",
        ],
        labels="reexecuted_non_idempotent",
        files=_FILES,
    ),
    case(
        "real/titanic_filter_deleted",
        TITANIC,
        [
            "imports config read look helpers clean age",
            insert("trim", "df = df.query('Fare < 50')", after="age"),
            "trim",
            delete("trim"),
            "split pipeline T",
        ],
        labels="deleted_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_age_skipped",
        TITANIC.replace(
            'df["Age"] = df.groupby("Pclass")["Age"].transform(lambda s: s.fillna(s.median()))',
            'df["Age"] = df["Age"].fillna(0) ** 2 % 17\n    df["Fare"] = -df["Fare"] * df["Survived"]',
        ),
        ["imports config read helpers clean plot split pipeline T"],
        labels="skipped_cell",
        files=_FILES,
    ),
    case(
        "real/titanic_split_without_a_seed",
        TITANIC.replace("random_state=SEED, stratify=y", "shuffle=True"),
        labels="unseeded_rng",
        files=_FILES,
        result=("cv",),
    ),
    case(
        "real/titanic_new_csv",
        TITANIC,
        [_HEAD + " T", write("titanic.csv", PASSENGERS.replace(",male,", ",female,", 5)), "T"],
        labels="external_changed",
        files=_FILES,
    ),
    # --- sales ----------------------------------------------------------------------------------------------------
    case("real/sales", SALES, twin="unseeded_rng", files=_SALES_FILES, slice=[2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14]),
    case(
        "real/sales_twice_from_the_top",
        SALES,
        ["imports read types outliers merge dates look monthly wide plot growth long T " * 2],
        twin="reexecuted_non_idempotent",
        files=_SALES_FILES,
        slice=[15, 16, 17, 18, 19, 20, 22, 23, 25, 26, 27],
    ),
    case(
        "real/sales_looked_at_in_between",
        SALES,
        [
            "imports read",
            insert("q1", "orders.shape, orders.amount.isna().sum()", after="read"),
            "q1 types",
            insert("q2", "tmp = orders.groupby('shop').amount.sum()\ntmp.nlargest(2)", after="types"),
            "q2 outliers merge dates",
            delete("q1"),
            edit("q2", "tmp = orders.groupby('shop').amount.max()\nprint(tmp)"),
            "monthly wide plot plot growth long",
            save(),
            "q2 T",
            edit(
                "T",
                "%%track growth\nwindow = 3\nsmooth = tidy.groupby('region')['growth'].rolling(window, min_periods=1).mean()\nmean_growth = smooth.mean()",
            ),
            "T",
        ],
        twin="deleted_cell",
        files=_SALES_FILES,
        slice=[2, 3, 5, 7, 8, 9, 10, 11, 14, 15, 18],
    ),
    case(
        "real/sales_cells_run_twice_without_effect",
        SALES,
        ["imports read types types merge merge dates dates monthly monthly wide wide growth growth long long T T"],
        labels="skipped_cell",
        files=_SALES_FILES,
        why="the rest is clean: the outliers alone were skipped",
        slice=[2, 3, 4, 6, 8, 10, 12, 14, 16, 19],
    ),
    case(
        "real/sales_dates_before_merge_repaired",
        SALES,
        ["imports read types outliers dates merge dates monthly wide growth long T"],
        twin="partial_execution",
        files=_SALES_FILES,
        why="a cell run too early fails, and is run again at its time",
        slice=[2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13],
    ),
    case(
        "real/sales_outliers_twice",
        SALES,
        ["imports read types outliers outliers merge dates monthly wide growth long T"],
        labels="reexecuted_non_idempotent",
        files=_SALES_FILES,
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
    ),
    case(
        "real/sales_read_again_and_not_merged",
        SALES,
        ["imports read types outliers merge dates monthly wide growth long T", "read types T"],
        twin="stale_input",
        labels="",
        also="stale_input out_of_order",
        files=_SALES_FILES,
        why="the orders of now are not those that were clipped, but a clean run clips them again: to be seen",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15],
    ),
    case(
        "real/sales_half_run",
        SALES.replace(
            "# %% monthly\n",
            "# %% fee\n    sales['amount'] = sales['amount'] * 0.8\n    sales['fee'] = sales['fees'] / 2\n    # %% monthly\n",
        ),
        [
            "imports read types outliers merge dates fee monthly wide growth long",
            edit("T", "%%track\ntotal = monthly['total'].sum() / 7"),
            "T",
        ],
        labels="partial_execution",
        files=_SALES_FILES,
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 13],
    ),
    case(
        "real/sales_shops_corrected",
        SALES,
        [
            "imports read types outliers merge dates monthly wide",
            write("shops.csv", "shop,region\n1,west\n2,south\n3,north\n"),
            "growth long T",
        ],
        labels="external_changed",
        files=_SALES_FILES,
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    ),
    case(
        "real/sales_moved_cells",
        SALES,
        [
            "imports read types outliers merge dates monthly wide growth long T",
            move("look", after="T"),
            move("outliers", after="merge"),
            "T",
        ],
        twin="out_of_order",
        labels="out_of_order",
        files=_SALES_FILES,
        why="clipped after the merge, nothing of it reaches the sales",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13],
    ),
]
