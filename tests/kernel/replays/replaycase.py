"""What a case is: a session, what happens to the world after it, and what must come of verifying its runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "sessions"))

import model
from model import Case, Step

Notebook = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What must come of verifying a run.

    Attributes
    ----------
    verdicts : frozenset of str
        Accepted ones; ``refused`` where verifying must raise :class:`nbtrack.InputError`.
    labels : frozenset of str
        Accepted labels of the first reason; empty where there must be none, or where it is not judged.
    says : tuple of str
        What the sentence, the reasons and the notes together must mention.
    corrected : bool or None
        Whether the slice must have been corrected.
    metrics : dict of str to str
        What must be said of single metrics.
    """

    verdicts: frozenset[str]
    labels: frozenset[str] = frozenset()
    says: tuple[str, ...] = ()
    corrected: bool | None = False
    metrics: dict[str, str] = field(default_factory=dict)


def truth(verdicts: str, labels: str = "", *says: str, corrected: bool | None = False, **metrics: str) -> Truth:
    """Read a truth as the tables write it: words for what is accepted."""
    return Truth(frozenset(verdicts.split()), frozenset(labels.split()), says, corrected, metrics)


REPRODUCED = truth("reproduced")


@dataclass(frozen=True, slots=True)
class ReplayCase:
    """A session and the truth about replays of its runs.

    Attributes
    ----------
    name : str
    session : Case
    truths : dict of str to Truth
        By the name of the run.
    after : callable or None
        Called in the working directory after the session, before anything is verified.
    variables : dict of str to str
        Environment variables while the session is played, and not afterwards.
    options : dict
        Arguments of ``verify``.
    writes : frozenset of str
        Files of the working directory that verifying may change.
    real : bool
        Whether the session is played in a kernel of its own process.
    inside : str or None
        A cell that verifies in the kernel of the session, rather than another process afterwards: it binds ``found``,
        a mapping of run names to verifications.
    why : str
    known_failure : str or None
        Why nbtrack does not get it right yet.
    """

    name: str
    session: Case
    truths: dict[str, Truth]
    after: Callable[[], None] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    real: bool = False
    inside: str | None = None
    why: str = ""
    known_failure: str | None = None


def replay_case(
    name: str,
    notebook: Notebook,
    truths: Truth | dict[str, Truth],
    *,
    steps: list[Step | str] | None = None,
    files: dict[str, str] | None = None,
    **facts: Any,
) -> ReplayCase:
    """Read a case as the tables write it.

    Parameters
    ----------
    name : str
    notebook : str or dict of str to str
        As :func:`model.case` reads it; a cell ``T`` without a ``%%track`` line is tracked as the run ``T``.
    truths : Truth or dict of str to Truth
        A single one is that of the run ``T``.
    steps, files
        As :func:`model.case` reads them.
    **facts
        Other fields of :class:`ReplayCase`.
    """
    if isinstance(notebook, dict) and "T" in notebook and "%%track" not in notebook["T"]:
        notebook = notebook | {"T": "%%track T\n" + model.dedent(notebook["T"])}
    session = model.case(name, notebook, steps, files=files or {})
    return ReplayCase(name, session, {"T": truths} if isinstance(truths, Truth) else truths, **facts)
