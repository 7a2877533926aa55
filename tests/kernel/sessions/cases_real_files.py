"""Notebooks as people write them: files, modules and magics, text, simulations, and cells that only look."""

from __future__ import annotations

from model import case, delete, edit, insert, restart, touch, write

FILES = """
    # %% imports
    import json
    import os
    from pathlib import Path
    import joblib
    import numpy as np
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import MinMaxScaler
    # %% paths
    ROOT = Path("out")
    ROOT.mkdir(exist_ok=True)
    CONFIG = Path("config.json")
    # %% config
    with open(CONFIG) as file:
        config = json.load(file)
    config
    # %% raw
    rng = np.random.RandomState(config["seed"])
    raw = pd.DataFrame(rng.rand(40, 4), columns=list("abcd"))
    raw.loc[::7, "b"] = np.nan
    raw.to_csv(ROOT / "raw.csv", index=False)
    # %% listing
    !ls -l out
    # %% clean
    data = pd.read_csv(ROOT / "raw.csv")
    data = data.fillna(data.mean()).round(config.get("digits", 3))
    # %% scale
    scaler = MinMaxScaler()
    values = scaler.fit_transform(data)
    np.save(ROOT / "values.npy", values)
    joblib.dump(scaler, ROOT / "scaler.joblib")
    # %% time
    %%time
    points = PCA(2, random_state=0).fit_transform(np.load(ROOT / "values.npy"))
    # %% sizes
    print({path.name: path.stat().st_size for path in ROOT.iterdir()})
    # %% T
    %%track clusters
    k = 3
    km = KMeans(n_clusters=k, n_init=2, random_state=config["seed"]).fit(points)
    inertia = km.inertia_
    back = joblib.load(ROOT / "scaler.joblib")
    spread = float(back.inverse_transform(values[km.labels_ == 0]).std())
    # %% results
    with open(ROOT / "results.json", "w") as file:
        json.dump({"inertia": inertia, "k": k}, file)
    # %% log
    with open(ROOT / "log.txt", "a") as file:
        print(k, inertia, file=file)
"""
_FILES = "imports paths config raw listing clean scale time sizes"
_FILES_T = """%%track clusters
k = 3
km = KMeans(n_clusters=k, n_init=2, random_state=config["seed"]).fit(points)
inertia = km.inertia_
back = joblib.load(ROOT / "scaler.joblib")
spread = float(back.inverse_transform(values[km.labels_ == 0]).std())"""
_CONFIG = {"config.json": '{"seed": 4, "digits": 2}'}

MODULE = """
    # %% imports
    import sys
    import math
    import statistics as st
    # %% helper
    %%writefile helper.py
    import math

    SCALE = 2.0

    def area(r):
        return SCALE * math.pi * r ** 2
    # %% use
    import helper
    from helper import area
    # %% radii
    radii = [0.5 * i for i in range(1, 9)]
    # %% timing
    %timeit -n 2 -r 2 area(1.0)
    # %% squares
    %time areas = [area(r) for r in radii]
    # %% T
    %%track areas
    trim = 1
    kept = sorted(areas)[trim:-trim]
    mean_area = st.mean(kept)
    spread = st.pstdev(kept)
    # %% done
    print(f"{mean_area:.2f} ± {spread:.2f}", sys.version_info.major)
"""

TEXT = """
    # %% imports
    import re
    import string
    from collections import Counter, defaultdict
    from itertools import chain, islice
    import numpy as np
    import pandas as pd
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.model_selection import cross_val_score
    # %% corpus
    corpus = [
        ("the film was a wonderful surprise", 1),
        ("a dull and boring film", 0),
        ("wonderful acting, wonderful story", 1),
        ("boring, boring, boring", 0),
        ("I loved the story", 1),
        ("I hated the acting", 0),
        ("what a surprise: I loved it", 1),
        ("dull story and dull acting", 0),
    ]
    # %% stop
    STOP = {"the", "a", "and", "was", "i", "it"}
    # %% tokens
    _word = re.compile(r"[a-z]+")

    def tokens(text):
        return [w for w in _word.findall(text.lower()) if w not in STOP]
    # %% count
    counts = Counter(chain.from_iterable(tokens(text) for text, _ in corpus))
    counts.most_common(3)
    # %% vocabulary
    vocabulary = sorted(w for w, n in counts.items() if n >= 2)
    index = {w: i for i, w in enumerate(vocabulary)}
    # %% by_label
    by_label = defaultdict(Counter)
    for text, label in corpus:
        by_label[label].update(tokens(text))
    {label: c.most_common(1) for label, c in by_label.items()}
    # %% matrix
    M = np.zeros((len(corpus), len(index)))
    for row, (text, _) in enumerate(corpus):
        for w in tokens(text):
            if w in index:
                M[row, index[w]] += 1
    labels = np.array([label for _, label in corpus])
    # %% table
    pd.DataFrame(M, columns=vocabulary).assign(label=labels)
    # %% T
    %%track bayes
    alpha = 0.5
    nb = MultinomialNB(alpha=alpha).fit(M, labels)
    accuracy = nb.score(M, labels)
    mean_log = float(nb.predict_log_proba(M)[:, 1].mean())
    vocabulary_size = len(index) * 1.0
    # %% words
    for w in vocabulary[:3]:
        print(w, nb.feature_log_prob_[:, index[w]].round(2))
"""
_TEXT = "imports corpus stop tokens count vocabulary by_label matrix table"

SIMULATION = """
    # %% imports
    import itertools
    import random
    import statistics
    from contextlib import contextmanager
    from datetime import datetime
    from enum import Enum
    from functools import lru_cache
    from time import perf_counter
    from typing import NamedTuple
    import numpy as np
    from nbtrack import progress
    # %% started
    started = datetime.now()
    print(f"started {started:%H:%M}")
    # %% timer
    @contextmanager
    def timer(what):
        begun = perf_counter()
        yield
        print(f"{what}: {perf_counter() - begun:.4f} s")
    # %% kinds
    class Kind(Enum):
        CALL = 1
        PUT = -1

    class Option(NamedTuple):
        kind: Kind
        strike: float
        years: float = 1.0
    # %% market
    market = {"spot": 100.0, "rate": 0.02, "sigma": 0.2}
    option = Option(Kind.CALL, 105.0)
    # %% paths
    def paths(n, steps, seed):
        rng = np.random.default_rng(seed)
        dt = option.years / steps
        drift = (market["rate"] - market["sigma"] ** 2 / 2) * dt
        moves = drift + market["sigma"] * np.sqrt(dt) * rng.standard_normal((n, steps))
        return market["spot"] * np.exp(moves.cumsum(axis=1))
    # %% payoff
    payoff = lambda s: np.maximum(option.kind.value * (s - option.strike), 0.0)
    # %% fib
    @lru_cache(maxsize=None)
    def steps_for(level):
        return 1 if level < 2 else steps_for(level - 1) + steps_for(level - 2)
    # %% quick
    with timer("quick"):
        print(payoff(paths(50, 4, 0)[:, -1]).mean())
    # %% dice
    dice = random.Random(7)
    rolls = [dice.randint(1, 6) for _ in range(20)]
    statistics.mean(rolls)
    # %% levels
    prices = []
    for level in progress(range(2, 6)):
        end = paths(100, steps_for(level), seed=level)[:, -1]
        prices.append(float(payoff(end).mean()))
    # %% ids
    ids = itertools.count(1)
    table = {next(ids): p for p in prices}
    # %% T
    %%track price
    n = 200
    discount = np.exp(-market["rate"] * option.years)
    end = paths(n, steps_for(5), seed=1)[:, -1]
    price = float(discount * payoff(end).mean())
    error = float(payoff(end).std() / np.sqrt(n))
    shift = price - table[1] + statistics.mean(rolls)
    # %% took
    print(f"took {datetime.now() - started}")
"""
_SIM = "imports started timer kinds market paths payoff fib quick dice levels ids"
_SIM_T = """%%track price
n = 200
discount = np.exp(-market["rate"] * option.years)
end = paths(n, steps_for(5), seed=1)[:, -1]
price = float(discount * payoff(end).mean())
error = float(payoff(end).std() / np.sqrt(n))
shift = price - table[1] + statistics.mean(rolls)"""

CASES = [
    # --- files ----------------------------------------------------------------------------------------------------
    case("real/files", FILES, files=_CONFIG, twin="external_changed", slice=[2, 3, 4, 5, 7, 8, 9, 11]),
    case(
        "real/files_twice_from_the_top",
        FILES,
        [f"{_FILES} T results log {_FILES} T"],
        files=_CONFIG,
        twin="external_changed",
        slice=[14, 15, 16, 17, 19, 20, 21, 23],
    ),
    case(
        "real/files_tuned",
        FILES,
        [f"{_FILES} T results log", edit("T", _FILES_T.replace("k = 3", "k = 4")), "T results log T log"],
        files=_CONFIG,
        twin="edited_cell",
        slice=[2, 3, 4, 5, 7, 8, 9, 17],
    ),
    case(
        "real/files_written_again_the_same",
        FILES,
        [f"{_FILES} raw clean scale T", "raw", touch("config.json"), "T"],
        files=_CONFIG,
        twin="external_changed",
        slice=[2, 3, 4, 5, 7, 8, 9, 16],
    ),
    case(
        "real/files_kept_from_before_the_restart",
        FILES,
        [f"{_FILES} T", restart(), "load imports paths config raw clean scale time T"],
        files=_CONFIG,
        twin="external_changed",
        slice=[2, 3, 4, 5, 6, 7, 8, 9],
    ),
    case(
        "real/files_vscode",
        FILES,
        [f"{_FILES} T listing T"],
        mode="vscode",
        files=_CONFIG,
        twin="external_changed",
        slice=[2, 3, 4, 5, 7, 8, 9, 13],
    ),
    case(
        "real/files_other_config",
        FILES,
        [_FILES, write("config.json", '{"seed": 5, "digits": 2}'), "T"],
        files=_CONFIG,
        labels="external_changed",
        slice=[2, 3, 4, 5, 7, 8, 9, 11],
    ),
    case(
        "real/files_other_config_read",
        FILES,
        [_FILES + " T", write("config.json", '{"seed": 5, "digits": 1}'), "config raw clean scale time T"],
        files=_CONFIG,
        twin="external_changed",
    ),
    case(
        "real/files_values_written_again_and_not_projected",
        FILES,
        [
            _FILES,
            edit("clean", "data = pd.read_csv(ROOT / 'raw.csv')\ndata = data.fillna(0) ** 2"),
            "clean scale T",
        ],
        files=_CONFIG,
        labels="stale_input",
        also="out_of_order external_changed edited_cell",
        slice=[2, 3, 4, 5, 7, 8, 9, 11, 12, 13],
    ),
    case(
        "real/files_raw_never_written_here",
        FILES.replace('rng = np.random.RandomState(config["seed"])', "rng = np.random.RandomState()"),
        files=_CONFIG,
        labels="unseeded_rng",
    ),
    # --- a module -------------------------------------------------------------------------------------------------
    case("real/module", MODULE, twin="volatile_input", slice=[2, 3, 4, 5, 7, 8]),
    case(
        "real/module_twice",
        MODULE,
        ["imports helper use radii timing squares T done " * 2],
        twin="external_changed",
        slice=[2, 3, 4, 5, 7, 16],
    ),
    case(
        "real/module_bare",
        MODULE,
        ["imports helper use radii squares T timing T"],
        mode="bare",
        twin="external_changed",
        slice=[2, 3, 4, 5, 6, 9],
    ),
    case(
        "real/module_written_again_and_not_imported",
        MODULE,
        [
            "imports helper use radii squares",
            edit(
                "helper",
                "%%writefile helper.py\nimport math\n\nSCALE = 3.0\n\ndef area(r):\n    return SCALE * math.pi * r ** 2",
            ),
            "helper use squares T",
        ],
        labels="external_changed",
        also="stale_input out_of_order edited_cell",
        slice=[2, 3, 5, 8, 9, 10],
    ),
    # --- text -----------------------------------------------------------------------------------------------------
    case("real/text", TEXT, twin="volatile_input", slice=[2, 3, 4, 5, 6, 7, 9, 11]),
    case(
        "real/text_twice",
        TEXT,
        [f"{_TEXT} T words {_TEXT} T"],
        twin="reexecuted_non_idempotent",
        slice=[13, 14, 15, 16, 17, 18, 20, 22],
    ),
    case(
        "real/text_cells_run_twice",
        TEXT,
        [
            "imports corpus stop stop tokens tokens count count vocabulary vocabulary by_label by_label matrix matrix T T"
        ],
        twin="reexecuted_non_idempotent",
        slice=[2, 3, 5, 7, 9, 11, 15, 17],
    ),
    case(
        "real/text_more_stop_words",
        TEXT,
        [
            f"{_TEXT} T",
            edit("stop", "STOP = {'the', 'a', 'and', 'was', 'i', 'it', 'film', 'story'}"),
            "stop count vocabulary matrix T",
        ],
        twin="stale_input",
        slice=[2, 3, 5, 12, 13, 14, 15, 16],
    ),
    case(
        "real/text_more_stop_words_not_counted",
        TEXT,
        [
            f"{_TEXT} T",
            edit("stop", "STOP = {'the', 'a', 'and', 'was', 'i', 'it', 'film', 'story', 'boring'}"),
            "stop matrix T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
        slice=[2, 3, 4, 5, 6, 7, 12, 13, 14],
    ),
    case(
        "real/text_counted_twice",
        TEXT.replace(
            "counts = Counter(chain.from_iterable(tokens(text) for text, _ in corpus))",
            "counts.update(chain.from_iterable(tokens(text) for text, _ in corpus))",
        ).replace("# %% tokens", "# %% counter\n    counts = Counter()\n    # %% tokens"),
        ["imports corpus stop counter tokens count count vocabulary matrix T"],
        labels="reexecuted_non_idempotent",
        slice=[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
    case(
        "real/text_order_of_a_set",
        TEXT.replace(
            "vocabulary = sorted(w for w, n in counts.items() if n >= 2)",
            "vocabulary = list({w for w, n in counts.items() if n >= 2})",
        ).replace(
            "mean_log = float(nb.predict_log_proba(M)[:, 1].mean())",
            "mean_log = float(M[:, 0].sum() - M[:, 1].sum() * 2 + M[:, 2].sum() * 5 - M[:, 3].sum() * 17)",
        ),
        labels="volatile_input",
        result=("mean_log",),
    ),
    case(
        "real/text_sorted_set",
        TEXT.replace(
            "sorted(w for w, n in counts.items() if n >= 2)", "sorted({w for w, n in counts.items() if n >= 2})"
        ),
        twin="volatile_input",
        slice=[2, 3, 4, 5, 6, 7, 9, 11],
    ),
    case(
        "real/text_corpus_extended_below",
        TEXT,
        [
            _TEXT,
            insert("extra", "corpus.append(('wonderful wonderful film', 1))", after="T"),
            "extra count vocabulary matrix T",
        ],
        labels="out_of_order",
        also="stale_input",
        slice=[2, 3, 4, 5, 11, 12, 13, 14, 15],
    ),
    # --- a simulation ---------------------------------------------------------------------------------------------
    case("real/simulation", SIMULATION, twin="volatile_input", slice=[2, 5, 6, 7, 8, 9, 11, 12, 13, 14]),
    case(
        "real/simulation_twice",
        SIMULATION,
        [f"{_SIM} T took {_SIM} T took T"],
        twin="rng_state_carryover",
        slice=[16, 19, 20, 21, 22, 23, 25, 26, 27, 30],
    ),
    case(
        "real/simulation_tuned",
        SIMULATION,
        [
            f"{_SIM} T",
            edit("T", _SIM_T.replace("n = 200", "n = 300")),
            "T",
            edit("market", 'market = {"spot": 100.0, "rate": 0.03, "sigma": 0.3}\noption = Option(Kind.PUT, 95.0)'),
            "market levels ids T took",
        ],
        twin="stale_input",
        slice=[2, 5, 7, 8, 9, 11, 16, 17, 18, 19],
    ),
    case(
        "real/simulation_cells_run_twice",
        SIMULATION,
        [
            "imports imports started timer kinds market paths paths payoff payoff fib fib quick dice dice levels levels ids ids T T"
        ],
        twin="reexecuted_non_idempotent",
        slice=[3, 6, 7, 9, 11, 13, 16, 18, 20, 22],
    ),
    case(
        "real/simulation_unsaved",
        SIMULATION,
        [f"{_SIM} T", insert("peek", "paths(2, 2, 0)", after="paths"), "peek", delete("peek"), "T"],
        mode="lab-unsaved",
        twin="deleted_cell",
        slice=[2, 5, 6, 7, 8, 9, 11, 12, 13, 16],
    ),
    case(
        "real/simulation_other_market",
        SIMULATION,
        [
            f"{_SIM} T",
            edit("market", 'market = {"spot": 90.0, "rate": 0.02, "sigma": 0.3}\noption = Option(Kind.CALL, 105.0)'),
            "market T",
        ],
        labels="stale_input",
        also="out_of_order edited_cell",
        slice=[2, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16],
    ),
    case(
        "real/simulation_market_changed_in_place",
        SIMULATION,
        [_SIM, insert("shock", "market['spot'] *= 1.1", after="market"), "shock shock levels ids T"],
        labels="reexecuted_non_idempotent",
        also="out_of_order stale_input",
        slice=[2, 5, 6, 7, 8, 9, 11, 14, 15, 16, 17, 18],
    ),
    case(
        "real/simulation_dice_elsewhere",
        SIMULATION.replace("rolls = [dice", "# %% rolls\n    rolls = [dice"),
        [_SIM.replace("dice", "dice rolls rolls") + " T"],
        labels="rng_state_carryover",
        also="reexecuted_non_idempotent",
        slice=[2, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16],
    ),
    case(
        "real/simulation_starts_at_the_clock",
        SIMULATION.replace("dice = random.Random(7)", "dice = random.Random(started.timestamp())"),
        labels="volatile_input",
        also="unseeded_rng",
        result=("shift",),
    ),
]
