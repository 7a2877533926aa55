"""Two runs side by side, and what is found of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nbtrack.provenance.differences import Difference, Kind
from nbtrack.records import Input, RunRecord


@dataclass(frozen=True, slots=True)
class Both:
    """The baseline and another run.

    Attributes
    ----------
    a, b : RunRecord
    """

    a: RunRecord
    b: RunRecord

    @property
    def names(self) -> tuple[str, str]:
        """What the runs are called; with a part of their ids where they have the same name."""
        a, b = self.a.info, self.b.info
        if a.run_name != b.run_name:
            return a.run_name, b.run_name
        return f"{a.run_name} ({a.run_id[:8]})", f"{b.run_name} ({b.run_id[:8]})"

    def lacking(self, in_a: bool, in_b: bool) -> str:
        """Return which of the runs lacks something, in words.

        Parameters
        ----------
        in_a, in_b : bool
            Whether it is there.

        Returns
        -------
        str
        """
        if not in_a and not in_b:
            return "either run"
        return self.names[0 if not in_a else 1]


@dataclass(slots=True)
class Findings:
    """What was found so far.

    Attributes
    ----------
    run_id : str
        The other run.
    differences : list of Difference
    same : set of (str, str)
        Kinds and keys that are known to be equal.
    """

    run_id: str
    differences: list[Difference] = field(default_factory=list)
    same: set[tuple[str, str]] = field(default_factory=set)

    def differ(self, kind: Kind, key: str, a: Any, b: Any, sentence: str, **fields: Any) -> None:
        """Add a difference."""
        text = " ".join(sentence.split())
        self.differences.append(Difference(kind=kind, key=key, a=a, b=b, sentence=text, run_id=self.run_id, **fields))

    def unknown(self, kind: Kind, key: str, sentence: str, a: Any = None, b: Any = None) -> None:
        """Add that something is not known."""
        self.differ(kind, key, a, b, sentence, state="unknown")

    def equal(self, kind: Kind, key: str) -> None:
        """Add that something is equal."""
        self.same.add((kind, key))


def shown(value: Any, limit: int = 60) -> str:
    """Return a recorded value on one line, floats with up to 6 digits.

    Parameters
    ----------
    value : object
    limit : int
        Characters.

    Returns
    -------
    str

    Examples
    --------
    >>> shown(0.1 + 0.2), shown("rf"), shown(None)
    ('0.3', "'rf'", 'None')
    """
    text = f"{value:.6g}" if type(value) is float else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def inputs_by_name(inputs: tuple[Input, ...]) -> dict[str, Input]:
    """Return the data that a run read by their names; what was read under the same name again gets a number.

    Parameters
    ----------
    inputs : tuple of Input

    Returns
    -------
    dict of str to Input
    """
    seen: Counter[str] = Counter()
    found: dict[str, Input] = {}
    for item in inputs:
        seen[item.name] += 1
        found[item.name if seen[item.name] == 1 else f"{item.name} ({seen[item.name]})"] = item
    return found
