"""What a newcomer copies out of the README does what is said below it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbtrack

README = Path(__file__).parents[2] / "README.md"


def snippets() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_the_first_cells_make_a_run(plain_shell: Any) -> None:
    load, track = snippets()[:2]
    assert plain_shell.run(load).success
    try:
        assert plain_shell.run(track).success
        (card,) = plain_shell.cards
        assert re.search(r"params +n_trees=20\n +metrics +accuracy +0\.\d+\n +seed 42", card), card
    finally:
        plain_shell.run("%unload_ext nbtrack")
    run = nbtrack.get_run("baseline")
    assert (run.params, list(run.metrics), run.hazards) == ({"n_trees": 20}, ["accuracy"], ())


def test_the_start_for_those_who_know_mlflow(plain_shell: Any) -> None:
    (code,) = [found for found in snippets() if "import nbtrack as mlflow" in found]
    found = plain_shell.run(code).result
    assert found["params.alpha"].tolist() == ["0.5"]
    assert found["metrics.rmse"].tolist() == [54.2]
