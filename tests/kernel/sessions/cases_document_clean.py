"""Edits, deletions, moves and gaps that change nothing."""

from __future__ import annotations

from model import case, delete, edit, insert, merge, move, restore, save, split, touch

_FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2.0, 3.0, 40.0], 'b': [2.0, 4.0, 6.0, 9.0]})"

CASES = [
    # --- edited ---------------------------------------------------------------------------------------------------
    case(
        "clean/edit_of_a_comment",
        {"A": "rate = 0.1  # to be tuned", "T": "loss = rate * 2"},
        ["A", edit("A", "# tuned on Monday\nrate = 0.1"), "T"],
        twin="edited_cell",
        slice=[2, 3],
        real=True,
    ),
    case(
        "clean/edit_of_the_layout",
        {"A": "cfg = {'lr': 0.1, 'n': 3}\ntotal = (cfg['lr'] + cfg['n'])", "T": "loss = total * 2"},
        ["A", edit("A", 'cfg = {\n    "lr": 0.1,\n    "n": 3,\n}\n\ntotal = cfg["lr"] + cfg["n"]'), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_of_a_docstring",
        {"A": "def f(x):\n    '''Add.'''\n    return x + 1", "T": "out = f(1.5)"},
        ["A", edit("A", "def f(x):\n    '''Add one to x.'''\n    return x + 1"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_of_an_annotation",
        {"A": "def f(x):\n    return x + 1\nk = 2", "T": "out = f(1.5) * k"},
        ["A", edit("A", "def f(x: float) -> float:\n    return x + 1\nk: int = 2"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_of_an_unrelated_cell",
        {"A": "rate = 0.1", "B": "width = 3", "T": "loss = rate * 2"},
        ["A B", edit("B", "width = 30"), "T"],
        twin="edited_cell",
        slice=[2, 4],
    ),
    case(
        "clean/edit_taken_back",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A", edit("A", "rate = 0.9"), save(), edit("A", "rate = 0.1"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_to_an_equal_value",
        {"A": "rate = 0.1\nn = 1000", "T": "loss = rate * n"},
        ["A", edit("A", "rate = 1e-1\nn = 10 ** 3"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_below_the_tracked_cell",
        {"A": "rate = 0.1", "T": "loss = rate * 2", "Z": "rate = 0.2"},
        ["A T Z", edit("Z", "rate = 0.9"), "A T"],
        twin="edited_cell",
        slice=[[5, 6], [2, 6]],
    ),
    case(
        "clean/edit_that_prints_more",
        {"A": _FRAME, "T": "mean = df['a'].mean()"},
        ["A", edit("A", _FRAME + "\nprint(df.shape)\ndf.head()"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_that_binds_something_else_too",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A", edit("A", "rate = 0.1\nmomentum = 0.9"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edit_that_imports_something_unused",
        {"A": "import math", "T": "out = math.sqrt(2.0)"},
        ["A", edit("A", "import json\nimport math\nimport os"), "T"],
        twin="edited_cell",
        slice=[2, 3],
    ),
    case(
        "clean/edited_run_and_not_saved",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A", edit("A", "rate = 0.5"), "A T"],
        mode="lab-unsaved",
        twin="edited_cell",
        slice=[3, 4],
        why="the file is older than the execution: it says nothing about an edit since",
        real=True,
    ),
    case(
        "clean/edited_run_and_saved",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A T", edit("A", "rate = 0.5"), "A T"],
        twin="edited_cell",
        slice=[4, 5],
        params={"rate": 0.5},
        metrics={"loss": 1.0},
    ),
    case(
        "clean/tracked_cell_itself_edited_and_run",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A T", edit("T", "%%track second\nloss = rate * 3"), "T"],
        twin="edited_cell",
        slice=[2, 4],
    ),
    # --- deleted --------------------------------------------------------------------------------------------------
    case(
        "clean/deleted_cell_that_nothing_depends_on",
        {"A": "rate = 0.1", "B": "other = rate * 3", "T": "loss = rate * 2"},
        ["A B", delete("B"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
        real=True,
    ),
    case(
        "clean/deleted_display_option",
        {"A": _FRAME, "S": "pd.set_option('display.max_rows', 10)", "T": "mean = df['a'].mean()"},
        ["A S", delete("S"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
    ),
    case(
        "clean/deleted_and_defined_elsewhere",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A", insert("B", "rate = 0.1\nn = 3", before="A"), "B", delete("A"), "T"],
        twin="deleted_cell",
        slice=[[3, 4], [2, 4]],
    ),
    case(
        "clean/deleted_and_typed_again_but_not_run",
        {"A": "rate = 0.1", "T": "loss = rate * 2"},
        ["A", delete("A"), insert("B", "rate = 0.1", before="T"), "T"],
        twin="deleted_cell",
        slice=[2, 3],
    ),
    case(
        "clean/deleted_and_brought_back",
        {"A": "rate = 0.1", "B": "n = 2", "T": "loss = rate * 2"},
        ["A", delete("A"), "B", restore("A", before="B"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
        why="the kernel was told of the deletion, and never that it was undone",
        real=True,
    ),
    case(
        "clean/cut_and_pasted_in_place",
        {"A": "rate = 0.1", "B": "n = 2", "T": "loss = rate * 2"},
        ["A B", move("A", after="B", by="cut"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
    ),
    case(
        "clean/deleted_duplicate",
        {"A": "rate = 0.1", "B": "rate = 0.1", "T": "loss = rate * 2"},
        ["A B", delete("B"), "T"],
        twin="deleted_cell",
        slice=[[3, 4], [2, 4]],
    ),
    case(
        "clean/cell_split_after_it_ran",
        {"A": "rate = 0.1\nn = 3", "T": "loss = rate * n"},
        ["A", split("A", "rate = 0.1", "n = 3"), "T"],
        twin="deleted_cell",
        slice=[2, 3],
    ),
    case(
        "clean/cell_split_and_its_parts_run",
        {"A": "rate = 0.1\nn = 3", "T": "loss = rate * n"},
        ["A", split("A", "rate = 0.1", "n = 3"), "A1 A2 T"],
        twin="deleted_cell",
        slice=[[3, 4, 5], [2, 5]],
    ),
    case(
        "clean/cells_merged_after_they_ran",
        {"A": "rate = 0.1", "B": "n = 3", "T": "loss = rate * n"},
        ["A B", merge("A", "B"), "T"],
        twin="deleted_cell",
        slice=[2, 3, 4],
    ),
    case(
        "clean/failing_cell_deleted",
        {"A": "rate = 0.1", "S": "1 / 0", "T": "loss = rate * 2"},
        ["A S", delete("S"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
    ),
    case(
        "clean/scratch_copy_changed_and_deleted",
        {"A": _FRAME, "S": "probe = df.copy()\nprobe['a'] = 0\nprobe.sum()", "T": "mean = df['a'].mean()"},
        ["A S", delete("S"), "T"],
        twin="deleted_cell",
        slice=[2, 4],
    ),
    # --- order ----------------------------------------------------------------------------------------------------
    case(
        "clean/independent_cells_in_another_order",
        {"A": "x = 1.5", "B": "y = 10", "C": "z = 3", "T": "out = x * y + z"},
        ["C A B T"],
        twin="out_of_order",
        slice=[2, 3, 4, 5],
        real=True,
    ),
    case(
        "clean/functions_defined_in_another_order",
        {
            "A": "def inner(x):\n    return x + 1",
            "B": "def outer(x):\n    return inner(x) * 2",
            "T": "out = outer(1.5)",
        },
        ["B A T"],
        twin="out_of_order",
        slice=[2, 3, 4],
    ),
    case(
        "clean/increments_commute",
        {"A": "total = 0.5", "B": "total += 1", "C": "total += 2", "T": "out = total * 2"},
        ["A C B T"],
        twin="out_of_order",
        slice=[2, 3, 4, 5],
        why="cells that do not commute in general do so here",
    ),
    case(
        "clean/columns_added_in_another_order",
        {
            "A": _FRAME,
            "B": "df['c'] = df['a'] * 2",
            "C": "df['d'] = df['b'] + 1",
            "T": "out = (df['c'] + df['d']).mean()",
        },
        ["A C B T"],
        twin="out_of_order",
        slice=[2, 3, 4, 5],
    ),
    case(
        "clean/cell_moved_without_effect",
        {"A": "x = 1.5", "B": "y = 10", "T": "out = x * y"},
        ["A B", move("A", after="B"), "T"],
        twin="out_of_order",
        slice=[2, 3, 4],
    ),
    case(
        "clean/earlier_cell_looked_at_again",
        {"A": _FRAME, "B": "df.describe()", "C": "df['a'] = df['a'] * 2", "T": "mean = df['a'].mean()"},
        ["A B C B T"],
        twin="out_of_order",
        slice=[2, 4, 6],
    ),
    case(
        "clean/worked_upwards_then_once_from_the_top",
        {"A": "x = 1.5", "B": "x = x * 10", "T": "out = x * 2.5"},
        ["A B A B T"],
        twin="out_of_order",
        slice=[[4, 5, 6], [2, 3, 6], [2, 5, 6]],
    ),
    case(
        "clean/cells_below_ran_before",
        {"A": "x = 1.5", "T": "out = x * 2.5", "Z": "x = 99", "Y": "out = 0"},
        ["A T Z Y A T"],
        twin="out_of_order",
        slice=[[6, 7], [2, 7]],
    ),
    # --- skipped --------------------------------------------------------------------------------------------------
    case(
        "clean/unrelated_cell_never_run",
        {"A": "x = 1.5", "B": "y = 10", "T": "out = x * 2.5"},
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
        real=True,
    ),
    case(
        "clean/plot_never_run",
        {
            "A": _FRAME,
            "B": "import matplotlib.pyplot as plt\nplt.hist(df['a'])\ndf.describe()",
            "T": "mean = df['a'].mean()",
        },
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/value_never_run_is_rebound_below",
        {"A": "x = 5", "B": "x = 1.5", "T": "out = x * 2.5"},
        ["B T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/install_never_run",
        {"P": "%pip --version", "M": "%matplotlib inline", "A": "x = 1.5", "T": "out = x * 2.5"},
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/equal_value_never_run",
        {"A": "x = 1.5", "B": "x = 3 / 2", "T": "out = x * 2.5"},
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/cell_below_never_run",
        {"A": "x = 1.5", "T": "out = x * 2.5", "Z": "x = x * 100"},
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/empty_and_comment_cells_never_run",
        """
        # %% N [markdown]
        # A study
        # %% A
        x = 1.5
        # %% E
        # %% C
        # x = 7
        # %% M [markdown]
        x = 9
        # %% T
        %%track
        out = x * 2.5
        """,
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/assertion_never_run",
        {"A": "xs = [1.0, 2.0]", "B": "assert len(xs) == 2\nfor x in xs:\n    print(x)", "T": "top = max(xs)"},
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/local_change_never_run",
        {"A": "xs = [1.0, 2.0]", "B": "def probe():\n    xs = []\n    return xs\nprobe()", "T": "top = max(xs)"},
        ["A T"],
        twin="skipped_cell",
        slice=[2, 3],
    ),
    case(
        "clean/saved_again_and_touched",
        {"A": "x = 1.5", "T": "out = x * 2.5"},
        ["A", save(), touch("work.ipynb"), "T", touch("work.ipynb"), "T"],
        twin="edited_cell",
        slice=[2, 4],
    ),
]
