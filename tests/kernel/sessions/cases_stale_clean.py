"""What looks stale and is not: a clean run gives the same."""

from __future__ import annotations

from model import case, delete, edit, insert

CASES = [
    case(
        "clean/rebound_to_an_equal_value",
        """
        # %% A
        rate = 0.1
        # %% B
        step = rate * 3
        # %% T
        %%track
        loss = step * 2
        """,
        ["A B", edit("A", "rate = 1 / 10"), "A T"],
        twin="stale_input",
        slice=[2, 3, 5],
        real=True,
    ),
    case(
        "clean/comment_added_and_cell_run_again",
        """
        # %% A
        rate = 0.1
        # %% B
        step = rate * 3
        # %% T
        %%track
        loss = step * 2
        """,
        ["A B", edit("A", "# the learning rate\nrate = 0.1   # small"), "A T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/docstring_added_to_a_function",
        """
        # %% A
        def scale(x):
            return x * 2
        # %% B
        y = scale(3)
        # %% T
        %%track
        total = y + 0.5
        """,
        ["A B", edit("A", 'def scale(x):\n    """Double it."""\n    return x * 2'), "A T"],
        twin="stale_input",
        slice=[2, 3, 5],
        real=True,
    ),
    case(
        "clean/function_moved_down_by_a_line",
        """
        # %% A
        import math
        def scale(x):
            return math.sqrt(x)
        # %% B
        y = scale(3)
        # %% T
        %%track
        total = y + 0.5
        """,
        ["A B", edit("A", "import math\n\n\n\ndef scale(x):\n    return math.sqrt(x)"), "A T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/class_defined_again_as_it_was",
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
        ["A B A T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/whole_chain_run_again",
        """
        # %% A
        n = 4
        # %% B
        xs = list(range(n))
        # %% C
        squares = [x * x for x in xs]
        # %% T
        %%track
        score = sum(squares) / 3
        """,
        ["A B C T", edit("A", "n = 6"), "A B C T"],
        twin="stale_input",
        slice=[6, 7, 8, 9],
        metrics={"score": 55 / 3},
        real=True,
    ),
    case(
        "clean/changed_and_changed_back",
        """
        # %% A
        rate = 0.1
        # %% B
        step = rate * 3
        # %% T
        %%track
        loss = step * 2
        """,
        ["A B", edit("A", "rate = 0.9"), "A", edit("A", "rate = 0.1"), "A T"],
        twin="stale_input",
        slice=[2, 3, 6],
    ),
    case(
        "clean/function_reads_the_global_when_called",
        """
        # %% A
        k = 2
        # %% B
        def scale(x):
            return x * k
        # %% T
        %%track
        y = scale(3.5)
        """,
        ["A B", edit("A", "k = 5"), "A T"],
        twin="stale_input",
        slice=[3, 4, 5],
        params={"k": 5},
        metrics={"y": 17.5},
        real=True,
    ),
    case(
        "clean/method_reads_the_global_when_called",
        """
        # %% A
        bias = 2
        # %% B
        class Model:
            def predict(self, x):
                return x + bias
        model = Model()
        # %% T
        %%track
        y = model.predict(3.5)
        """,
        ["A B", edit("A", "bias = 5"), "A T"],
        twin="stale_input",
        slice=[3, 4, 5],
    ),
    case(
        "clean/callee_redefined_caller_not_called_before",
        """
        # %% A
        def inner(x):
            return x + 1
        # %% B
        def outer(x):
            return inner(x) * 2
        # %% T
        %%track
        y = outer(1.5)
        """,
        ["A B", edit("A", "def inner(x):\n    return x + 4"), "A T"],
        twin="stale_input",
        slice=[3, 4, 5],
    ),
    case(
        "clean/stale_name_that_nothing_reads",
        """
        # %% A
        rate = 0.1
        # %% B
        step = rate * 3
        # %% C
        width = 4
        # %% T
        %%track
        loss = width / 8
        """,
        ["A B C", edit("A", "rate = 0.5"), "A T"],
        twin="stale_input",
        slice=[4, 6],
        params={"width": 4},
    ),
    case(
        "clean/reassigned_below_in_document_order",
        """
        # %% A
        x = 1.5
        # %% B
        y = x * 3
        # %% C
        x = 10
        # %% T
        %%track
        score = y + x
        """,
        twin="stale_input",
        slice=[2, 3, 4, 5],
        why="y was computed from an x that has since been reassigned, and a clean run does the same",
    ),
    case(
        "clean/data_mutated_below_in_document_order",
        """
        # %% A
        data = [1.0, 2.0, 3.0]
        # %% B
        mean = sum(data) / len(data)
        # %% C
        data.append(100.0)
        # %% T
        %%track
        score = mean + len(data)
        """,
        twin="stale_input",
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "clean/other_key_of_the_settings_changed",
        """
        # %% A
        cfg = {"lr": 0.1}
        # %% B
        steps = [cfg["lr"] * n for n in range(4)]
        # %% T
        %%track
        total = sum(steps)
        """,
        ["A B", insert("C", 'cfg["title"] = "first try"', after="A"), "C T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/other_column_of_the_frame_added",
        """
        # %% A
        import pandas as pd
        df = pd.DataFrame({"a": [1.0, 2.0, 4.0]})
        # %% B
        mean = df["a"].mean()
        # %% T
        %%track
        score = mean * 2
        """,
        ["A B", insert("C", 'df["label"] = ["x", "y", "z"]', after="A"), "C T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/same_name_used_for_something_else_above",
        """
        # %% A
        n = 3
        # %% B
        xs = [i * 0.5 for i in range(n)]
        # %% C
        n = 100
        grid = list(range(n))
        # %% T
        %%track
        total = sum(xs)
        """,
        ["A B C T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/loop_variable_left_over",
        """
        # %% A
        i = 5
        # %% B
        base = i * 1.5
        # %% C
        for i in range(3):
            pass
        # %% T
        %%track
        total = base + 1
        """,
        ["A B C T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/comprehension_variable_is_its_own",
        """
        # %% A
        x = 2.5
        # %% B
        y = x * 2
        # %% C
        rows = [x for x in range(10)]
        # %% T
        %%track
        total = y + x
        """,
        ["A B C T"],
        twin="stale_input",
        slice=[2, 3, 5],
    ),
    case(
        "clean/upstream_change_that_changes_nothing",
        """
        # %% A
        n = 10
        # %% B
        large = n > 5
        # %% T
        %%track
        score = 1.5 if large else 0.5
        """,
        ["A B", edit("A", "n = 12"), "A T"],
        twin="stale_input",
        slice=[2, 3, 5],
        why="a clean run gives the same, though every input differs",
    ),
    case(
        "clean/scratch_cell_looked_and_is_gone",
        """
        # %% A
        import pandas as pd
        df = pd.DataFrame({"a": [1.0, 2.0, 4.0]})
        # %% T
        %%track
        mean = df["a"].mean()
        """,
        ["A", insert("S", "df.describe()\ndf.head(2)\nprint(df.shape)", after="A"), "S", delete("S"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
    ),
    case(
        "clean/plot_of_the_data_between",
        """
        # %% A
        import matplotlib.pyplot as plt
        import numpy as np
        xs = np.linspace(0, 1, 5)
        # %% B
        plt.plot(xs, xs ** 2)
        plt.title("squares")
        # %% T
        %%track
        area = float((xs ** 2).mean())
        """,
        ["A B B T"],
        twin="reexecuted_non_idempotent",
        slice=[2, 5],
    ),
]
