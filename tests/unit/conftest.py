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
from nbtrack.verification import MetricCheck, Reason, Verdict, Verification

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
        verdict="diverged",
        verifications=(
            make_verification("could_not_run", text),
            make_verification("reproduced", text),
            make_verification("diverged", text),
        ),
    )


def make_verification(verdict: Verdict = "diverged", text: str = "data.csv", **fields: Any) -> Verification:
    """Return a verification with this text wherever there is text, and a metric of every outcome."""
    checks = {
        "diverged": (
            MetricCheck(key="n", recorded=3.0, replayed=3.0, outcome="exact"),
            MetricCheck(key=f"{text} accuracy", recorded=0.9722, replayed=0.9611, outcome="different"),
            MetricCheck(key="lost", recorded=float("nan"), replayed=None, outcome="missing"),
            MetricCheck(key="fit_s", recorded=0.1, replayed=0.2, outcome="timer"),
        ),
        "within_tolerance": (
            MetricCheck(key="loss", recorded=0.25, replayed=0.25 + 1e-10, outcome="close"),
            MetricCheck(key="n", recorded=3.0, replayed=3.0, outcome="exact"),
        ),
        "reproduced": (MetricCheck(key="accuracy", recorded=0.9722, replayed=0.9722, outcome="exact"),),
        "could_not_run": (),
    }
    reasons = {
        "diverged": (
            Reason(label="data_changed", sentence=f"{text} has changed.", evidence=(f"Of {text}.",), names=(text,) * 9),
            Reason(label="package_changed", sentence="numpy was 2.0 and is 2.1."),
        ),
        "could_not_run": (Reason(label="missing_file", sentence=f"In[4] found no {text}.", executions=(4,)),),
    }
    known: dict[str, Any] = {
        "sentence": f"A sentence about {text}.",
        "metrics": checks[verdict],
        "reasons": reasons.get(verdict, ()),
        "notes": (f"A note about {text}.",),
        "start_us": int(NOW_S * 1e6),
        "duration_s": 3.2,
        "kernel_s": 1.1,
        "cells_s": 2.0,
        "recorded_s": 1.5,
        "replays": 2,
        "cells": 5,
        "memory_bytes": 212_000_000,
    }
    return Verification(verification_id=verdict, run_id="a" * 32, verdict=verdict, **(known | fields))


@pytest.fixture
def verification() -> Callable[..., Verification]:
    """A function that makes verifications up."""
    return make_verification


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
