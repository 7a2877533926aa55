"""A run's slice as a notebook or script: what moves to the front, what stays, and what cannot be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack.errors import InputError
from nbtrack.records import CellExecution, Hazard, Provenance, RunData, RunInfo, RunRecord, Source
from nbtrack.replay.celltext import read_cell
from nbtrack.replay.exporting.lifting import Lifted, lift
from nbtrack.replay.exporting.names import ModuleBindings
from nbtrack.replay.exporting.plan import plan
from nbtrack.replay.exporting.script import script_text


def execution(number: int, source: str | None, **fields: Any) -> CellExecution:
    return CellExecution(
        session="s", sequence=number, execution_count=number, cell_id=f"c{number}", source=source, start_us=0, **fields
    )


def executions(*sources: str | None) -> tuple[CellExecution, ...]:
    return tuple(execution(number, source) for number, source in enumerate(sources, start=1))


def make_run(name: str = "baseline", params: dict[str, Any] | None = None, **fields: Any) -> RunRecord:
    info = RunInfo(
        run_id="f" * 32,
        run_name=name,
        experiment_id="1",
        experiment_name="digits",
        status=fields.pop("status", "finished"),
        start_time=0,
        seed=fields.pop("seed", None),
        source=Source(kind="cell"),
    )
    typed = params or {}
    return RunRecord(info, RunData({key: str(value) for key, value in typed.items()}), typed, **fields)


def sliced(*sources: str | None, **fields: Any) -> RunRecord:
    return make_run(provenance=Provenance(slice=executions(*sources)), **fields)


def lifted(*sources: str, params: str = "", **options: Any) -> Lifted:
    return lift([read_cell(item) for item in executions(*sources)], params.split(), **options)


# --- params -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "params", "expected"),
    [
        (["C = 0.1\nscore = fit(C)"], "C", ["C = 0.1"]),
        (["C = 0.1  # strength\nscore = fit(C)"], "C", ["C = 0.1  # strength"]),
        (["import os\nC: float = -1.5\nscore = fit(C)"], "C", ["C: float = -1.5"]),
        (["cfg = {'lr': 0.1,\n       'layers': [64, 2 * 32]}", "x = fit(cfg)"], "cfg.lr cfg.layers", [0]),
        (["a = 1", "b = 'x'", "f(a, b)"], "b a", ["a = 1", "b = 'x'"]),
        # Bound twice, in whatever way.
        (["C = 0.1", "C = 0.2", "fit(C)"], "C", []),
        (["C = 0.1", "C += 1", "fit(C)"], "C", []),
        (["C = 0.1", "def g():\n    global C\n    C = 3", "g()", "fit(C)"], "C", []),
        (["C = 0.1", "for C in range(3): fit(C)"], "C", []),
        (["C = 0.1", "[(C := x) for x in range(3)]", "fit(C)"], "C", []),
        (["C = 0.1", "del C", "f()"], "C", []),
        (["C = 0.1", "import math as C", "f()"], "C", []),
        # Read before, perhaps.
        (["def f(): return C", "C = 0.1", "f()"], "C", []),
        (["try:\n    x = C\nexcept NameError:\n    x = 1\nC = 0.1", "f(x)"], "C", []),
        (["x = max(1, 2)", "max = 3", "f(x)"], "max", []),
        # Who knows what stands above.
        (["from lib import *", "C = 0.1", "f(C)"], "C", []),
        (["exec(code)", "C = 0.1", "f(C)"], "C", []),
        (["%run setup.py", "C = 0.1", "f(C)"], "C", []),
        (["%matplotlib inline", "C = 0.1", "f(C)"], "C", ["C = 0.1"]),
        (["C = 0.1", "exec(code)", "f(C)"], "C", ["C = 0.1"]),
        # Not one literal of its own.
        (["C = D = 0.1", "f(C)"], "C", []),
        (["C, D = 0.1, 1", "f(C)"], "C", []),
        (["C = 0.1; D = 1", "f(C)"], "C D", []),
        (["C = x * 0.1", "f(C)"], "C", []),
        (["C = float('0.1')", "f(C)"], "C", []),
        (["if True:\n    C = 0.1", "f(C)"], "C", []),
        (["C = 0.1", "f(C)"], "D", []),
        (["%%time\nC = 0.1", "f(C)"], "C", []),
    ],
)
def test_params_that_can_be_set_in_front(sources: list[str], params: str, expected: list[Any]) -> None:
    found = list(lifted(*sources, params=params).params.values())
    assert found == [sources[item] if isinstance(item, int) else item for item in expected]


def test_a_param_of_a_cell_that_raised_stays() -> None:
    cells = [execution(1, "C = 0.1\n1 / 0", outcome="error"), execution(2, "f(C)")]
    assert not lift([read_cell(cell) for cell in cells], ["C"]).params


def test_what_moves_leaves_its_cell() -> None:
    found = lifted("# settings\nC = 0.1\n\nprint(C)\n", "D = 1  # alone", "f(C, D)", params="C D")
    assert found.cells == ["# settings\n\nprint(C)", "", "f(C, D)"]


# --- imports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["import os\nx = 1", "from math import (\n    pi,\n    tau,\n)  # both\ny = pi"], ["import os", 1]),
        (["import os\nx = f()", "import os\ny = os.sep"], ["import os"]),
        (["import numpy as np\nx = np.ones(3)", "import json\ny = f(x)"], ["import numpy as np", "import json"]),
        (["x = 1", "from __future__ import annotations\ny = 2"], ["from __future__ import annotations"]),
        # Code above can decide what comes of it.
        (["import os\nos.environ['OMP_NUM_THREADS'] = '1'", "import numpy as np"], ["import os"]),
        (["import sys\nsys.path.append('src')", "import json"], ["import sys"]),
        (["%pip install x", "import json"], []),
        (["!echo 1 > helpers.py", "import helpers"], []),
        (["x = make()", "import helpers\nhelpers.f(x)"], []),
        (["x = 1", "import helpers\nhelpers.f(x)"], ["import helpers"]),
        # Those below an import that stays keep their place behind it.
        (["x = make()", "import helpers", "import json"], []),
        # The name is something else elsewhere.
        (["import math as m", "m = 3"], []),
        (["from math import pi as p", "from cmath import pi as p"], []),
        (["try:\n    import ujson as json\nexcept ImportError:\n    import json", "x = f(json)"], []),
        (["x = sum([1])", "from numpy import sum"], []),
        (["try:\n    x = np.ones(1)\nexcept NameError:\n    x = 2", "import numpy as np"], []),
        (["import numpy as np", "np = stub()", "import numpy as np"], []),
        (["import numpy as np", "exec(code)", "import numpy as np"], ["import numpy as np"]),
        (["from numpy import *", "import json"], []),
        (["if x:\n    import json"], []),
        (["import os; x = f()"], []),
        (["def f():\n    import json\n    return json", "f()"], []),
    ],
)
def test_imports_that_can_stand_in_front(sources: list[str], expected: list[Any]) -> None:
    wanted = ["from math import (\n    pi,\n    tau,\n)  # both" if item == 1 else item for item in expected]
    assert lifted(*sources).imports == wanted


def test_a_second_import_stays_where_something_came_between() -> None:
    assert lifted("import numpy as np", "exec(code)", "import numpy as np").cells[2] == "import numpy as np"
    assert lifted("import numpy as np", "x = f()", "import numpy as np\ny = 1").cells[2] == "y = 1"


def test_seeding_does_not_reach_a_library_that_was_not_there_yet() -> None:
    source = "import torch\nimport json\nx = torch.rand(1)"
    assert lifted(source, seeded=[0]).imports == []
    assert lifted(source, seeded=[0], streams=["torch"]).imports == ["import torch", "import json"]
    assert lifted(source).imports == ["import torch", "import json"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("with f() as a, g() as (b, c): pass", {"a": 1, "b": 1, "c": 1}),
        ("try:\n    pass\nexcept E as e:\n    pass", {"e": 1}),
        ("match x:\n    case {'a': y, **rest}: pass\n    case [z, *more] as w: pass", dict.fromkeys(["y", "rest", "z", "more", "w"], 1)),
        ("def f(a, b=(c := 1)):\n    d = 1", {"f": 1, "c": 1}),
        ("class K:\n    a = 1\n    def m(self): self.b = 1", {"K": 1}),
        ("f = lambda a: (b := a)", {"f": 1}),
        ("a.b = 1; a[0] = 2", {}),
        ("import a.b, c as d", {"a": 1, "d": 1}),
    ],
)  # fmt: skip
def test_names_are_counted_where_they_are_bound(code: str, expected: dict[str, int]) -> None:
    import ast

    assert dict(ModuleBindings(ast.parse(code)).counts) == expected


# --- the plan -----------------------------------------------------------------------------------------------------


def test_the_order_of_the_sections() -> None:
    found = plan(sliced("import os", "C = 0.1", "score = f(C)", params={"C": 0.1}, seed=7), {})
    assert [(section.kind, section.source) for section in found.sections] == [
        ("parameters", "C = 0.1\nseed = 7"),
        ("imports", "import os\nimport nbtrack"),
        ("seed", "nbtrack.seed_everything(seed)"),
        ("cell", "score = f(C)"),
    ]
    assert found.sections[-1].title == "In[3]: the tracked cell of baseline"


def test_a_seed_that_the_code_names_itself_is_not_renamed() -> None:
    found = plan(sliced("seed = 1\nseed = 2", "score = f(seed)", seed=7), {})
    assert [section.source for section in found.sections if section.kind == "seed"] == ["nbtrack.seed_everything(7)"]


def test_nbtrack_can_be_called_whatever_its_name_is_used_for() -> None:
    found = plan(sliced("nbtrack = 3", "score = f(nbtrack)", seed=7), {})
    seed = next(section.source for section in found.sections if section.kind == "seed")
    assert seed == '__import__("nbtrack").seed_everything(seed)'


def test_an_earlier_tracked_cell_gets_its_own_seed() -> None:
    cells = (execution(1, "x = draw()", run_id="a" * 32), execution(2, "score = f(x)"))
    found = plan(make_run(provenance=Provenance(slice=cells)), {"a" * 32: 5})
    assert [section.source for section in found.sections] == [
        "import nbtrack", "nbtrack.seed_everything(5)", "x = draw()", "score = f(x)"
    ]  # fmt: skip


def test_what_does_not_come_back_by_itself_is_said() -> None:
    hazard = Hazard(
        label="unseeded_rng", severity="medium", names=("numpy",), executions=(1,), sentence="NumPy was not seeded.",
        remedy="Seed it.",
    )  # fmt: skip
    stale = Hazard(label="stale_input", severity="high", names=(), executions=(), sentence="X is stale.", remedy="")
    record = make_run(provenance=Provenance(slice=executions("x = 1", "y = _ + Out[1]"), hazards=(hazard, stale)))
    about = " ".join(plan(record, {}).about)
    assert "NumPy was not seeded." in about
    assert "X is stale" not in about
    assert "reads Out, _:" in about


# --- what cannot be exported --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (make_run(), "has no slice"),
        (sliced("x = 1", None), r"the code of In\[2\].*--no-code"),
        (sliced("x = 1", status="running"), "still running"),
    ],
)
def test_a_run_without_its_code_is_refused(record: RunRecord, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        nbtrack.export(record, tmp_path / "x.py")
    assert not list(tmp_path.glob("*x.py*"))


def test_paths_are_checked_first(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.ipynb or \.py"):
        nbtrack.export("no such run", "x.txt")
    with pytest.raises(InputError, match=r"nbtrack\.get_run"):
        nbtrack.export(3, tmp_path / "x.py")
    with pytest.raises(InputError, match="cannot be written"):
        nbtrack.export(sliced("x = 1"), tmp_path / "no folder" / "x.py")


@pytest.mark.parametrize("name", ["x.py", "x.ipynb"])
def test_a_file_is_replaced_only_on_request(name: str, tmp_path: Path) -> None:
    record = sliced("x = 1")
    assert nbtrack.export(record, tmp_path / name) == tmp_path / name
    first = (tmp_path / name).read_text()
    with pytest.raises(InputError, match="overwrite=True"):
        nbtrack.export(record, tmp_path / name)
    nbtrack.export(record, str(tmp_path / name), overwrite=True)
    assert (tmp_path / name).read_text() == first
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [name]


# --- the files ----------------------------------------------------------------------------------------------------


def test_a_notebook_has_its_params_tagged(tmp_path: Path) -> None:
    import nbformat

    nbtrack.export(sliced("C = 0.1", "%time s = f(C)", params={"C": 0.1}), tmp_path / "x.ipynb")
    document = nbformat.read(tmp_path / "x.ipynb", as_version=4)
    nbformat.validate(document)
    code = [cell for cell in document.cells if cell.cell_type == "code"]
    assert [(cell.source, cell.metadata.get("tags")) for cell in code] == [
        ("C = 0.1", ["parameters"]),
        ("%time s = f(C)", None),
    ]


def test_names_are_only_words_in_a_notebook(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)> [a](javascript:1) *b*"
    nbtrack.export(make_run(name, provenance=Provenance(slice=executions("x = 1"))), tmp_path / "x.ipynb")
    texts = [
        "".join(cell["source"])
        for cell in json.loads((tmp_path / "x.ipynb").read_text())["cells"]
        if cell["cell_type"] == "markdown"
    ]
    assert "\\<img" in texts[0]
    assert "](javascript" not in "".join(texts)


def test_names_are_only_words_in_a_script() -> None:
    name = "x\nimport os\u2028os.system('true')\x00"
    text = script_text(plan(make_run(name, provenance=Provenance(slice=executions("x = 1"))), {}))
    assert [line for line in text.split("\n") if line and not line.startswith("#")] == ["x = 1"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline\nx = 1", "# %matplotlib inline  (left out: for notebooks only)\nx = 1"),
        ("%pip install requests", "# %pip install requests  (left out: for notebooks only)"),
        ("%time x = f(1)", "# %time  (left out)\nx = f(1)"),
        ("%%time\nx = 1\n%matplotlib inline", "# %%time  (left out)\nx = 1\n# %matplotlib inline  (left out: for notebooks only)"),
        ("%%capture\nx = 1", "# %%capture  (left out)\nx = 1"),
        ("%%html\n<b>x</b>", "# %%html  (left out: for notebooks only)\n#   <b>x</b>"),
        ("x = 7 % 3\ny = '''\n%time\n!ls'''", "x = 7 % 3\ny = '''\n%time\n!ls'''"),
    ],
)  # fmt: skip
def test_magics_in_a_script(source: str, expected: str) -> None:
    text = script_text(plan(sliced(source), {}))
    assert text.endswith(f"the tracked cell of baseline\n\n{expected}\n")
    assert "get_ipython" not in text


def test_what_is_no_python_cannot_be_a_script(tmp_path: Path) -> None:
    record = sliced("x = = 1", "y = 2")
    with pytest.raises(InputError, match=r"In\[1\] is not Python.*\.ipynb"):
        nbtrack.export(record, tmp_path / "x.py")
    assert nbtrack.export(record, tmp_path / "x.ipynb").exists()
    with pytest.raises(InputError, match="awaits at its top level beside a star import"):
        nbtrack.export(sliced("from asyncio import *\nawait sleep(0)"), tmp_path / "y.py")
