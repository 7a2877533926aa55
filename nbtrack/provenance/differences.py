"""One thing in which two runs differ, and how much such a thing can explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["code", "param", "data", "seed", "package", "hazard", "environment", "git", "metric", "tag"]
State: TypeAlias = Literal["different", "unknown", "cosmetic"]

RANKS: Mapping[Kind, int] = {
    "code": 10, "param": 20, "data": 30, "seed": 40, "package": 50, "hazard": 60, "environment": 70, "git": 80,
    "metric": 100, "tag": 110,
}  # fmt: skip
"""Lower ranks come first: what can explain more."""
UNKNOWN_RANK, COSMETIC_RANK = 90, 120
IMPORTED_ALONE_RANK = RANKS["package"] + 7
"""Of packages that one run alone has imported, and no cell by name."""
EXPLAINING = frozenset(RANKS) - {"metric", "tag"}
"""Kinds that can be the reason why metrics differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact in which a run differs from the baseline, or of which it is not known whether it does.

    Attributes
    ----------
    kind : str
        ``code``, ``param``, ``data``, ``seed``, ``package``, ``hazard``, ``environment``, ``git``, ``metric`` or
        ``tag``.
    key : str
        The param's or metric's name, the package, the cell as ``In[3]``, …
    a, b : object
        Values of the baseline and of the other run; None where there is none, or it is not known.
    sentence : str
        The same in words, on one line.
    run_id : str
        The other run.
    state : str
        ``different``; ``cosmetic`` where code differs in comments, docstrings or layout alone, or a generator that
        nothing depends on stood elsewhere; ``unknown`` where a fact is missing.
    rank : int
        Lower comes first.
    diff : str
        Of code, a unified diff.
    amount : float or None
        Of metrics, ``b - a``.
    verdict : str
        Of metrics, ``better`` or ``worse``; empty where the metric's name does not say.
    """

    kind: Kind
    key: str
    a: Any
    b: Any
    sentence: str
    run_id: str = ""
    state: State = "different"
    rank: int = 0
    diff: str = ""
    amount: float | None = None
    verdict: Literal["better", "worse", ""] = ""
