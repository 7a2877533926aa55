"""Runs made up for the tests of what a run looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import md5
from typing import Any

import pytest

from nbtrack.records import (
    Artifact,
    CellExecution,
    Hazard,
    Input,
    Provenance,
    RunData,
    RunError,
    RunInfo,
    RunRecord,
    Source,
)

NOW_S = 1_900_000_000.0
# What people, and worse than people, put into names and values.
NASTY = (
    "<script>alert(1)</script>",
    '"\' onmouseover="alert(1)" x=\'',
    "</td></table></div></details><h1>x",
    "&lt;b&gt; &amp; <b>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "line\nbreak\ttab\rreturn\x1b[31mred\x00\x9b",
    "\u202eright to left\u2066\u200b\ufeff",
    "lone \udcff surrogate",
    "データセット 👩\u200d🔬 ñ e\u0301",
    "{}%s{0}$x`y`",
    "x" * 5_000,
    " ",
    "-->]]>",
)


def make_run(
    name: str = "baseline",
    status: str = "finished",
    *,
    params: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    ago_s: float = 130.0,
    took_s: float = 1.23,
    experiment: str = "digits",
    run_id: str | None = None,
    error: RunError | None = None,
    parent: str | None = None,
    seed: int | None = None,
    code: str | None = None,
    stage: str = "active",
    **fields: Any,
) -> RunRecord:
    """Return a run of an experiment; its id follows from its name and age."""
    start = int((NOW_S - ago_s) * 1000)
    typed = dict(params or {})
    info = RunInfo(
        run_id=run_id or md5(f"{name}{ago_s}".encode("utf-8", "surrogatepass")).hexdigest(),
        run_name=name,
        experiment_id="1",
        experiment_name=experiment,
        status=status,
        start_time=start,
        end_time=None if status == "running" else start + int(took_s * 1000),
        parent_run_id=parent,
        seed=seed,
        error=error,
        source=Source(kind="cell", name="digits.ipynb", execution_count=4, code=code),
        lifecycle_stage=stage,
    )
    data = RunData({key: str(value) for key, value in typed.items()}, dict(metrics or {}), fields.pop("tags", {}))
    return RunRecord(info, data, typed, **fields)


def nasty_run(text: str) -> RunRecord:
    """Return a run with this text wherever a user can put text."""
    return make_run(
        text,
        "failed",
        params={text: text},
        metrics={text: 0.5},
        tags={text: text, f"{text}2": text},
        note=text,
        warnings=(text,) * 5,
        artifacts=(Artifact(text, "a" * 64, 10, text),),
        error=RunError(text, text, f"{text}\n{text}"),
        experiment=text,
        code=text,
        provenance=Provenance(
            hazards=tuple(make_hazard(text, sentence=text, remedy=text, names=(text,) * 9) for _ in range(5)),
            unknown={text: text, f"{text}2": text},
            slice=(CellExecution(session=text, sequence=0, execution_count=1, cell_id=text, source=text, start_us=0),),
            generators={text: text},
            environment={text: [text, float("nan")]},
        ),
        inputs=(Input(name=text, source=text),),
    )


def make_hazard(label: str = "stale_input", **fields: Any) -> Hazard:
    """Return a hazard."""
    known: dict[str, Any] = {
        "severity": "high",
        "names": ("X_train", "scaler"),
        "executions": (3, 7),
        "sentence": f"X_train is a case of {label}.",
        "remedy": "Run In[3] again.",
    }
    return Hazard(label=label, **(known | fields))


@pytest.fixture
def hazard() -> Callable[..., Hazard]:
    """A function that makes hazards up."""
    return make_hazard


@pytest.fixture
def run() -> Callable[..., RunRecord]:
    """A function that makes runs up."""
    return make_run


@pytest.fixture
def now_s() -> float:
    """The moment at which these runs are looked at."""
    return NOW_S


@pytest.fixture(params=NASTY, ids=range(len(NASTY)))
def nasty(request: pytest.FixtureRequest) -> tuple[str, RunRecord]:
    """A hostile text, and a run that has it everywhere."""
    return request.param, nasty_run(request.param)
