"""Habits of people at notebooks: results kept in lists, cells that only look, callbacks, caches, clocks for show."""

from __future__ import annotations

from model import case, delete, edit, insert, merge, move, restart, restore, split

LEDGER = """
    # %% imports
    import copy
    import time
    import warnings
    from pathlib import Path
    import numpy as np
    import pandas as pd
    import matplotlib.pyplot as plt
    import nbtrack
    from tqdm import tqdm
    warnings.filterwarnings("ignore")
    plt.rcParams["figure.figsize"] = (4, 3)
    np.set_printoptions(precision=3)
    pd.options.display.float_format = "{:.3f}".format
    # %% results
    results = []
    history = {}
    best = {"loss": float("inf")}
    # %% data
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 40)
    y = 1.5 * x**2 - x + rng.normal(scale=0.1, size=x.size)
    train, val = np.arange(40) % 4 != 0, np.arange(40) % 4 == 0
    # %% fit
    def fit(degree, ridge=0.0):
        A = np.vander(x[train], degree + 1)
        return np.linalg.solve(A.T @ A + ridge * np.eye(degree + 1), A.T @ y[train])

    def loss(w, rows):
        return float(np.mean((np.polyval(w, x[rows]) - y[rows]) ** 2))
    # %% T
    %%track
    degree = 2
    ridge = 1e-3
    w = fit(degree, ridge)
    train_loss = loss(w, train)
    val_loss = loss(w, val)
    results.append({"degree": degree, "ridge": ridge, "val": val_loss})
    history[degree] = val_loss
    if val_loss < best["loss"]:
        best = {"loss": val_loss, "w": w.copy()}
    # %% table
    pd.DataFrame(results).sort_values("val")
    # %% plot
    plt.plot(x, y, ".")
    for row in results:
        plt.plot(x, np.polyval(fit(row["degree"], row["ridge"]), x), label=str(row["degree"]))
    plt.legend()
    plt.show()
"""
_LEDGER_T = """%%track
degree = 2
ridge = 1e-3
w = fit(degree, ridge)
train_loss = loss(w, train)
val_loss = loss(w, val)
results.append({"degree": degree, "ridge": ridge, "val": val_loss})
history[degree] = val_loss
if val_loss < best["loss"]:
    best = {"loss": val_loss, "w": w.copy()}"""
_L = "imports results data fit"

TRAINER = """
    # %% imports
    import random
    from dataclasses import asdict, dataclass, replace
    from typing import Callable, Iterator
    import numpy as np
    import nbtrack
    from nbtrack import progress
    # %% seeds
    SEED = 11
    def seed_everything(seed=SEED):
        random.seed(seed)
        np.random.seed(seed)
    seed_everything()
    # %% config
    @dataclass(frozen=True)
    class Settings:
        lr: float = 0.2
        momentum: float = 0.9
        epochs: int = 4
        batch_size: int = 10
        dropout: float = 0.0

    settings = Settings()
    # %% dataset
    class Dataset:
        def __init__(self, n):
            self.X = np.random.randn(n, 2)
            self.y = (self.X.sum(1) > 0).astype(float)

        def __len__(self):
            return len(self.X)

        def __getitem__(self, rows):
            return self.X[rows], self.y[rows]

        def split(self, share):
            cut = int(len(self) * share)
            order = np.random.permutation(len(self))
            return order[:cut], order[cut:]

    dataset = Dataset(60)
    train_rows, test_rows = dataset.split(0.7)
    # %% loader
    class Loader:
        def __init__(self, dataset, rows, batch_size, shuffle=True):
            self.dataset, self.rows, self.batch_size, self.shuffle = dataset, list(rows), batch_size, shuffle

        def __iter__(self):
            rows = self.rows.copy()
            if self.shuffle:
                random.shuffle(rows)
            for start in range(0, len(rows), self.batch_size):
                yield self.dataset[rows[start : start + self.batch_size]]

    loader = Loader(dataset, train_rows, settings.batch_size)
    # %% peek
    xb, yb = next(iter(Loader(dataset, test_rows, 4, shuffle=False)))
    xb.shape, yb
    # %% model
    class Model:
        def __init__(self, inputs):
            self.w = np.zeros(inputs)
            self.v = np.zeros(inputs)

        def __call__(self, X):
            return 1 / (1 + np.exp(-X @ self.w))

        def update(self, grad, lr, momentum):
            self.v = momentum * self.v - lr * grad
            self.w += self.v
    # %% callbacks
    class EarlyStop:
        def __init__(self, patience=2):
            self.patience, self.best, self.bad = patience, float("inf"), 0

        def __call__(self, loss):
            self.bad = 0 if loss < self.best else self.bad + 1
            self.best = min(loss, self.best)
            return self.bad >= self.patience

    callbacks: list[Callable] = []
    callbacks.append(lambda epoch, loss: print(f"{epoch}: {loss:.3f}"))
    # %% train
    def train(settings, loader):
        model, stop = Model(2), EarlyStop()
        for epoch in progress(range(settings.epochs)):
            for X, y in loader:
                p = model(X)
                model.update(X.T @ (p - y) / len(y), settings.lr, settings.momentum)
            X, y = dataset[test_rows]
            loss = float(-np.mean(np.log(np.where(y == 1, model(X), 1 - model(X)))))
            for callback in callbacks:
                callback(epoch, loss)
            if stop(loss):
                break
        return model, loss
    # %% T
    %%track --seed 1
    settings = replace(settings, lr=0.3)
    model, test_loss = train(settings, loader)
    accuracy = float(np.mean((model(dataset.X[test_rows]) > 0.5) == dataset.y[test_rows]))
    # %% report
    print(asdict(settings), f"{accuracy:.2f}")
"""
_TR = "imports seeds config dataset loader peek model callbacks train"
_TRAINER_T = """%%track --seed 1
settings = replace(settings, lr=0.3)
model, test_loss = train(settings, loader)
accuracy = float(np.mean((model(dataset.X[test_rows]) > 0.5) == dataset.y[test_rows]))"""

WEATHER = """
    # %% imports
    import numpy as np
    import pandas as pd
    from scipy import stats
    from sklearn.linear_model import LinearRegression
    # %% days
    days = pd.date_range("2023-01-01", periods=60, freq="D")
    gen = np.random.RandomState(5)
    df = pd.DataFrame({
        "temp": 10 + 8 * np.sin(np.arange(60) / 9) + gen.randn(60),
        "rain": gen.poisson(2, 60).astype(float),
        "station": gen.choice(["a", "b"], 60),
    }, index=days)
    # %% gaps
    df.loc[df.index[::13], "temp"] = np.nan
    df["temp"] = df["temp"].interpolate()
    # %% summary
    df.describe().T
    # %% features
    df["week"] = df.index.isocalendar().week.astype(int)
    df["lag1"] = df.groupby("station")["temp"].shift(1)
    df["roll"] = df["temp"].rolling(3).mean()
    df["wet"] = np.where(df["rain"] > 2, 1, 0)
    # %% dummies
    df = pd.get_dummies(df, columns=["station"], dtype=float)
    # %% dropna
    df = df.dropna()
    print(len(df))
    # %% table
    cols = ["lag1", "roll", "wet"] + [c for c in df.columns if c.startswith("station_")]
    X, y = df[cols], df["temp"]
    # %% corr
    X.corr().round(2)
    # %% cut
    cut = int(len(X) * 0.8)
    X_train, X_test, y_train, y_test = X[:cut], X[cut:], y[:cut], y[cut:]
    # %% T
    %%track linear
    model = LinearRegression().fit(X_train, y_train)
    pred = model.predict(X_test)
    rmse = float(np.sqrt(((pred - y_test) ** 2).mean()))
    r = stats.pearsonr(pred, y_test)[0]
    # %% residuals
    (y_test - pred).abs().nlargest(3)
"""
_W = "imports days gaps summary features dummies dropna table corr cut"

CASES = [
    # --- results kept ---------------------------------------------------------------------------------------------
    case("real/ledger", LEDGER, twin="mutates_own_input", slice=[2, 3, 4, 5, 6]),
    case(
        "real/ledger_many_runs",
        LEDGER,
        [
            f"{_L} T table",
            edit("T", _LEDGER_T.replace("degree = 2", "degree = 3")),
            "T table plot",
            edit("T", _LEDGER_T.replace("degree = 2", "degree = 5")),
            "T table T table plot",
        ],
        twin="mutates_own_input",
        why="what is kept of each run is not what the run is about",
    ),
    case(
        "real/ledger_twice",
        LEDGER,
        [f"{_L} T table plot {_L} T table plot"],
        twin="reexecuted_non_idempotent",
        slice=[9, 10, 11, 12, 13],
    ),
    case(
        "real/ledger_cleared",
        LEDGER,
        [f"{_L} T T results T table", insert("wipe", "results.clear()", before="table"), "wipe T"],
        twin="out_of_order",
        slice=[2, 4, 5, 8, 12],
    ),
    case(
        "real/ledger_noise_drawn_again",
        LEDGER.replace("rng = np.random.default_rng(0)\n    x =", "x =").replace(
            "# %% data", "# %% rng\n    rng = np.random.default_rng(0)\n    # %% data"
        ),
        ["imports results rng data data fit T"],
        labels="rng_state_carryover",
        also="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 7, 8],
    ),
    case(
        "real/ledger_rows_changed_below",
        LEDGER,
        [f"{_L} T", insert("swap", "train, val = val, train", after="plot"), "swap T"],
        labels="out_of_order",
        also="stale_input reexecuted_non_idempotent",
        why="and the best of both runs is not that of one",
    ),
    case(
        "real/ledger_fit_in_a_deleted_cell",
        LEDGER,
        [
            f"{_L} T",
            insert(
                "f2",
                "def loss(w, rows):\n    return float(np.abs(np.polyval(w, x[rows]) - y[rows]).mean())",
                after="fit",
            ),
            "f2 T",
            delete("f2"),
            "T",
        ],
        labels="deleted_cell",
        slice=[2, 3, 4, 5, 7, 9],
    ),
    case(
        "real/ledger_the_loss_so_far",
        LEDGER.replace(
            '"val": val_loss})\n    history',
            '"val": val_loss})\n    mean_val = sum(r["val"] for r in results) / len(results)\n    rank = len(results) * 1.5\n    history',
        ),
        ["imports results data fit T"],
        labels="mutates_own_input",
        slice=[2, 3, 4, 5, 6],
    ),
    case(
        "real/ledger_ideas_not_run",
        LEDGER,
        [
            "imports results data",
            insert("i1", "plt.hist(np.random.normal(size=100))\nnp.append(x, 2.0).shape", after="data"),
            insert("i2", "pd.DataFrame({'x': x, 'y': y}).sample(5)", after="i1"),
            insert("i3", "for degree in range(1, 4):\n    print(degree, loss(fit(degree), val))", after="fit"),
            "fit T",
        ],
        twin="skipped_cell",
        why="cells that were typed and never run, and would change nothing",
        slice=[2, 3, 4, 5, 6],
    ),
    case(
        "real/ledger_ideas_run_and_gone",
        LEDGER,
        [
            "imports results data",
            insert("i1", "np.append(x, 2.0).shape, np.insert(y, 0, 1.0).mean(), np.sort(x)[:3]", after="data"),
            "i1 i1 fit T",
            delete("i1"),
            "T",
        ],
        twin="deleted_cell",
        slice=[2, 3, 4, 7, 9],
    ),
    case(
        "real/ledger_idea_edited_after_it_ran",
        LEDGER,
        [
            "imports results data",
            insert("i1", "print(np.append(x, 2.0).mean())\ny[:3]", after="data"),
            "i1",
            edit("i1", "np.append(x, 5.0).mean()\nprint(np.sort(np.append(y, x))[:3])"),
            "fit T",
        ],
        twin="edited_cell",
        slice=[2, 3, 4, 6, 7],
    ),
    # --- a trainer ------------------------------------------------------------------------------------------------
    case("real/trainer", TRAINER, twin="unseeded_rng", slice=[2, 3, 4, 5, 6, 8, 9, 10, 11]),
    case(
        "real/trainer_twice",
        TRAINER,
        [f"{_TR} T report {_TR} T report"],
        twin="rng_state_carryover",
        slice=[13, 14, 15, 16, 17, 19, 20, 21, 22],
    ),
    case(
        "real/trainer_tuned",
        TRAINER,
        [
            f"{_TR} T report",
            edit("T", _TRAINER_T.replace("0.3", "0.1")),
            "T report peek",
            edit("T", _TRAINER_T.replace("lr=0.3", "lr=0.1, momentum=0.5")),
            "T T",
        ],
        twin="edited_cell",
        labels="",
        also="edited_cell mutates_own_input",
        why="each run replaces the same fields; one of them may stay from the run before",
    ),
    case(
        "real/trainer_lr_only",
        TRAINER,
        [f"{_TR} T report", edit("T", _TRAINER_T.replace("0.3", "0.1")), "T report", edit("T", _TRAINER_T), "T"],
        twin="edited_cell",
        why="each run replaces the same field",
    ),
    case(
        "real/trainer_model_class_run_again",
        TRAINER,
        [f"{_TR} T model callbacks train T report T"],
        twin="stale_input",
    ),
    case(
        "real/trainer_model_changed_and_run",
        TRAINER,
        [
            f"{_TR} T",
            edit(
                "model",
                TRAINER.split("# %% model\n")[1]
                .split("    # %% callbacks", maxsplit=1)[0]
                .replace("np.zeros(inputs)", "np.full(inputs, 0.1)"),
            ),
            "model T",
        ],
        twin="stale_input",
    ),
    case(
        "real/trainer_looked_at",
        TRAINER,
        [
            f"{_TR} T",
            insert("look", "len(dataset), dataset[:2], loader.rows[:3]", after="loader"),
            "look",
            insert("w", "model.w.round(3)", after="T"),
            "w look",
            delete("look"),
            "T",
        ],
        twin="deleted_cell",
    ),
    case("real/trainer_vscode", TRAINER, [f"{_TR} T report T"], mode="vscode", twin="unseeded_rng"),
    case("real/trainer_bare", TRAINER, [f"{_TR} T report T"], mode="bare", twin="rng_state_carryover"),
    case(
        "real/trainer_unsaved",
        TRAINER,
        [f"{_TR} T report", edit("T", _TRAINER_T.replace("0.3", "0.7")), "T report"],
        mode="lab-unsaved",
        twin="edited_cell",
    ),
    case(
        "real/trainer_batch_size_left_in_the_loader",
        TRAINER,
        [
            f"{_TR} T",
            edit(
                "config",
                TRAINER.split("# %% config\n")[1]
                .split("    # %% dataset", maxsplit=1)[0]
                .replace("batch_size: int = 10", "batch_size: int = 3"),
            ),
            "config T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
    ),
    case(
        "real/trainer_dataset_again",
        TRAINER,
        ["imports seeds config dataset dataset loader model callbacks train T"],
        labels="rng_state_carryover",
        also="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
    case(
        "real/trainer_without_a_seed",
        TRAINER.replace("    seed_everything()\n", ""),
        labels="unseeded_rng",
    ),
    case(
        "real/trainer_shuffled_without_a_seed",
        TRAINER.replace("%%track --seed 1", "%%track").replace("random.seed(seed)\n        ", ""),
        labels="unseeded_rng",
        result=("test_loss",),
    ),
    # --- a table that is changed in place -----------------------------------------------------------------------------
    case("real/weather", WEATHER, twin="unseeded_rng", slice=[2, 3, 4, 6, 7, 8, 9, 11, 12]),
    case(
        "real/weather_twice",
        WEATHER,
        [f"{_W} T residuals {_W} T residuals"],
        twin="reexecuted_non_idempotent",
        slice=[14, 15, 16, 18, 19, 20, 21, 23, 24],
    ),
    case(
        "real/weather_cells_run_twice",
        WEATHER,
        ["imports days gaps gaps features features dummies dropna dropna table table cut cut T T"],
        labels="",
        also="reexecuted_non_idempotent",
        why="what was interpolated is blanked and interpolated again: the same but for the last digits, if at all",
        slice=[2, 3, 4, 6, 8, 9, 11, 13, 16],
    ),
    case(
        "real/weather_features_before_gaps",
        WEATHER,
        ["imports days features gaps dummies dropna table cut T"],
        labels="out_of_order",
        also="stale_input",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10],
    ),
    case(
        "real/weather_more_rolling",
        WEATHER,
        [
            f"{_W} T",
            edit(
                "features",
                'df["week"] = df.index.isocalendar().week.astype(int)\ndf["lag1"] = df.groupby("station")["temp"].shift(1)\ndf["roll"] = df["temp"].rolling(5).mean()\ndf["wet"] = np.where(df["rain"] > 1, 1, 0)',
            ),
            "days gaps features dummies dropna table cut T",
        ],
        twin="stale_input",
        slice=[2, 13, 14, 15, 16, 17, 18, 19, 20],
    ),
    case(
        "real/weather_dummies_failed_the_second_time",
        WEATHER,
        ["imports days gaps features dummies dummies dropna table cut T"],
        twin="partial_execution",
        why="a cell that has done its work raises when it is run again, and changes nothing",
        slice=[2, 3, 4, 5, 6, 8, 9, 10, 11],
    ),
    case(
        "real/weather_split_and_merged",
        WEATHER,
        [
            _W,
            merge("table", "corr"),
            split(
                "cut",
                "cut = int(len(X) * 0.8)",
                "X_train, X_test, y_train, y_test = X[:cut], X[cut:], y[:cut], y[cut:]",
            ),
            "T",
        ],
        twin="deleted_cell",
        slice=[2, 3, 4, 6, 7, 8, 9, 11, 12],
    ),
    case(
        "real/weather_summary_deleted_and_back",
        WEATHER,
        [_W, delete("gaps", "summary"), restore("gaps", after="days"), "T"],
        twin="deleted_cell",
        slice=[2, 3, 4, 6, 7, 8, 9, 11, 12],
    ),
    case(
        "real/weather_lag_edited",
        WEATHER,
        [
            _W,
            edit(
                "features",
                'df["lag1"] = df.groupby("station")["temp"].shift(2)\ndf["roll"] = df["temp"].rolling(9).mean()\ndf["wet"] = np.where(df["rain"] > 2, 1, 0)',
            ),
            "T",
        ],
        labels="edited_cell",
        slice=[2, 3, 4, 6, 7, 8, 9, 11, 12],
    ),
    case(
        "real/weather_trimmed_twice",
        WEATHER.replace("df = df.dropna()", "df = df.dropna().iloc[2:-2]"),
        ["imports days gaps features dummies dropna dropna table cut T"],
        labels="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
    case(
        "real/weather_moved_below",
        WEATHER,
        [_W, move("gaps", after="table"), "T"],
        labels="out_of_order",
        also="stale_input",
        slice=[2, 3, 4, 6, 7, 8, 9, 11, 12],
    ),
    case(
        "real/weather_restarted_and_table_skipped",
        WEATHER,
        [f"{_W} T", restart(), "load imports days features dummies dropna table cut T"],
        labels="skipped_cell",
        slice=[2, 3, 4, 5, 6, 7, 8, 9],
    ),
    case(
        "real/weather_outliers_cut_and_cell_gone",
        WEATHER,
        [
            "imports days gaps",
            insert("rain", "df = df[df['rain'] < df['rain'].quantile(0.9)]", after="gaps"),
            "rain features dummies dropna",
            delete("rain"),
            "table cut T",
        ],
        labels="deleted_cell",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
]
