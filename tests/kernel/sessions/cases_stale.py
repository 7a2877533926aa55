"""Values computed from what has since been changed.

Where the cell above was edited and run again, its earlier execution is also one of an edited cell, and its later one
stands behind those below it: ``also`` accepts both.
"""

from __future__ import annotations

from model import case, delete, edit, insert

_ALSO = "edited_cell out_of_order"

CASES = [
    case(
        "stale/variable_changed_upstream",
        """
        # %% A
        rate = 0.1
        # %% B
        step = rate * 3
        # %% T
        %%track
        loss = step * 2
        """,
        ["A B", edit("A", "rate = 0.5"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
        metrics={"loss": 0.6},
        real=True,
    ),
    case(
        "stale/function_redefined",
        """
        # %% A
        def scale(x):
            return x * 2
        # %% B
        y = [scale(v) for v in (1, 2, 3)]
        # %% T
        %%track
        total = sum(y)
        """,
        ["A B", edit("A", "def scale(x):\n    return x * 10"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
        real=True,
    ),
    case(
        "stale/class_redefined_object_of_the_old_one",
        """
        # %% A
        class Model:
            def predict(self, x):
                return x + 1
        # %% B
        model = Model()
        # %% T
        %%track
        score = model.predict(10) / 4
        """,
        ["A B", edit("A", "class Model:\n    def predict(self, x):\n        return x + 5"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/base_class_redefined",
        """
        # %% A
        class Base:
            bias = 1
        # %% B
        class Child(Base):
            def value(self):
                return self.bias * 3
        # %% T
        %%track
        score = Child().value() / 2
        """,
        ["A B", edit("A", "class Base:\n    bias = 7"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/dataframe_read_again_filter_not_repeated",
        """
        # %% I
        import pandas as pd
        # %% A
        df = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1.0, 2.0, 3.0, 4.0]})
        # %% B
        big = df[df["a"] > 2]
        # %% T
        %%track
        mean_b = big["b"].mean()
        """,
        ["I A B", edit("A", 'df = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1.0, 2.0, 3.0, 40.0]})'), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 4, 6],
        real=True,
    ),
    case(
        "stale/default_argument_of_a_function",
        """
        # %% A
        lr = 0.1
        # %% B
        def update(w, lr=lr):
            return w - lr
        # %% T
        %%track
        w = update(1.0)
        """,
        ["A B", edit("A", "lr = 0.5"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/closure_cell",
        """
        # %% A
        k = 3
        # %% B
        def make(k):
            def scale(x):
                return x * k
            return scale
        scale = make(k)
        # %% T
        %%track
        out = scale(2.0)
        """,
        ["A B", edit("A", "k = 4"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/decorator_redefined",
        """
        # %% A
        def boosted(f):
            return lambda x: f(x) * 2
        # %% B
        @boosted
        def g(x):
            return x + 1
        # %% T
        %%track
        out = g(1.5)
        """,
        ["A B", edit("A", "def boosted(f):\n    return lambda x: f(x) * 3"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/partial_keeps_the_old_value",
        """
        # %% A
        from functools import partial
        power = 2
        # %% B
        raised = partial(pow, exp=power)
        # %% T
        %%track
        out = raised(1.5)
        """,
        ["A B", edit("A", "from functools import partial\npower = 3"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/lru_cache_remembers",
        """
        # %% A
        k = 2
        # %% B
        from functools import lru_cache
        @lru_cache
        def f(x):
            return x * k
        # %% C
        first = f(3)
        # %% T
        %%track
        out = f(3) / 4
        """,
        ["A B C", edit("A", "k = 5"), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[[2, 3, 6], [2, 3, 4, 6]],
        why="the value sits in a cache, not in a name",
    ),
    case(
        "stale/dict_of_settings_changed_by_an_inserted_cell",
        """
        # %% A
        cfg = {"lr": 0.1, "depth": 3}
        # %% B
        steps = [cfg["lr"] * n for n in range(4)]
        # %% T
        %%track
        total = sum(steps)
        """,
        ["A B", insert("C", 'cfg["lr"] = 0.5', after="A"), "C T"],
        labels="stale_input",
        also="out_of_order",
        slice=[2, 3, 5],
    ),
    case(
        "stale/list_appended_above_after_the_mean",
        """
        # %% A
        data = [1.0, 2.0, 3.0]
        # %% B
        mean = sum(data) / len(data)
        # %% T
        %%track
        spread = max(data) - mean
        """,
        ["A B", insert("C", "data.append(10.0)", after="A"), "C T"],
        labels="stale_input",
        also="out_of_order",
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "stale/array_changed_through_a_view",
        """
        # %% A
        import numpy as np
        base = np.arange(6.0)
        # %% B
        view = base[2:4]
        # %% C
        norm = float(np.sqrt((base ** 2).sum()))
        # %% T
        %%track
        ratio = base.max() / norm
        """,
        ["A B C", insert("D", "view[:] = 50", after="B"), "D T"],
        labels="stale_input",
        also="out_of_order",
        slice=[2, 3, 4, 5, 6],
        why="the name that norm was computed from is never written in a cell",
    ),
    case(
        "stale/scaler_fitted_on_old_data",
        """
        # %% A
        import numpy as np
        from sklearn.preprocessing import StandardScaler
        X = np.array([[1.0], [2.0], [3.0]])
        # %% B
        scaler = StandardScaler().fit(X)
        # %% T
        %%track
        top = scaler.transform(X).max()
        """,
        [
            "A B",
            edit(
                "A",
                """
                import numpy as np
                from sklearn.preprocessing import StandardScaler
                X = np.array([[1.0], [2.0], [30.0]])
                """,
            ),
            "A T",
        ],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "stale/file_written_by_a_cell_above",
        """
        # %% A
        import json
        from pathlib import Path
        _ = Path("cfg.json").write_text(json.dumps({"lr": 0.1}))
        # %% B
        lr = json.loads(Path("cfg.json").read_text())["lr"]
        # %% T
        %%track
        loss = lr * 7
        """,
        [
            "A B",
            edit(
                "A",
                """
                import json
                from pathlib import Path
                _ = Path("cfg.json").write_text(json.dumps({"lr": 0.9}))
                """,
            ),
            "A T",
        ],
        labels="stale_input",
        also=f"{_ALSO} external_changed",
        slice=[2, 3, 5],
        why="the value went through a file",
    ),
    case(
        "stale/two_steps_down_the_chain",
        """
        # %% A
        n = 4
        # %% B
        xs = list(range(n))
        # %% C
        squares = [x * x for x in xs]
        # %% D
        total = sum(squares)
        # %% T
        %%track
        score = total / 3
        """,
        ["A B C D", edit("A", "n = 6"), "A B T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 4, 5, 8],
        why="the middle of the chain was run again, its end was not",
    ),
    case(
        "stale/generator_holds_the_old_list",
        """
        # %% A
        weights = [0.5, 0.25]
        # %% B
        doubled = (w * 2 for w in weights)
        # %% T
        %%track
        total = sum(doubled) + 0.5
        """,
        ["A B", edit("A", "weights = [0.5, 0.75]"), "A T"],
        labels="stale_input mutates_own_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
    case(
        "stale/scratch_cell_changed_a_function_and_is_gone",
        """
        # %% A
        def loss(x):
            return x ** 2
        # %% B
        base = loss(3)
        # %% T
        %%track
        gain = base / loss(1.5)
        """,
        ["A B", insert("S", "def loss(x):\n    return abs(x)", after="B"), "S", delete("S"), "T"],
        labels="deleted_cell",
        also="stale_input",
        slice=[2, 3, 4, 5],
    ),
    case(
        "stale/environment_variable",
        """
        # %% A
        import os
        os.environ["N_ROUNDS"] = "3"
        # %% B
        rounds = int(os.environ["N_ROUNDS"])
        # %% T
        %%track
        total = rounds * 1.5
        """,
        ["A B", edit("A", 'import os\nos.environ["N_ROUNDS"] = "8"'), "A T"],
        labels="stale_input",
        also=_ALSO,
        slice=[2, 3, 5],
    ),
]
