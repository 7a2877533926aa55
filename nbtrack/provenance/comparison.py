"""What differs between runs, as data: one fact at a time, what can explain the metrics first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbtrack.findings.seedtest import SeedComparison
from nbtrack.provenance.comparison_text import comparison_text
from nbtrack.provenance.differences import Difference, Kind
from nbtrack.records import RunInfo
from nbtrack.report import plain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between a baseline and other runs.

    Attributes
    ----------
    runs : tuple of RunInfo
        The baseline first.
    differences : tuple of Difference
        What can explain a difference in the metrics first.
    same : dict of str to int
        By kind, how many facts are known to be equal in all of the runs.
    replication : SeedComparison or None
        Whether the metrics differ by more than the seeds make, where that was asked for.

    Examples
    --------
    >>> import nbtrack
    >>> [change.key for change in nbtrack.compare("baseline", "second").differences]  # doctest: +SKIP
    ['C', 'accuracy']
    """

    runs: tuple[RunInfo, ...]
    differences: tuple[Difference, ...]
    same: Mapping[str, int] = field(default_factory=dict)
    replication: SeedComparison | None = None

    def of(self, kind: Kind) -> tuple[Difference, ...]:
        """Return the differences of one kind.

        Parameters
        ----------
        kind : str

        Returns
        -------
        tuple of Difference
        """
        return tuple(change for change in self.differences if change.kind == kind)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values; NaN and the infinities as texts.

        Returns
        -------
        dict
            ``runs``, ``differences``, ``same`` and ``replication``.
        """
        runs = [
            {
                "run_id": info.run_id,
                "run_name": info.run_name,
                "experiment": info.experiment_name,
                "status": info.status,
            }
            for info in self.runs
        ]
        names = Difference.__dataclass_fields__
        found = [{name: plain(getattr(change, name)) for name in names} for change in self.differences]
        replication = None if self.replication is None else self.replication.to_dict()
        return {"runs": runs, "differences": found, "same": dict(self.same), "replication": replication}

    def to_frame(self) -> pd.DataFrame:
        """Return the differences as a table.

        Returns
        -------
        pandas.DataFrame
            A row for each, with the fields of :class:`Difference` and ``run_name`` of the other run.
        """
        import pandas as pd

        names = [*Difference.__dataclass_fields__]
        other = {info.run_id: info.run_name for info in self.runs}
        rows = [[getattr(change, name) for name in names] for change in self.differences]
        frame = pd.DataFrame(rows, columns=names, dtype=object)
        frame.insert(0, "run_name", [other.get(change.run_id, "") for change in self.differences])
        return frame.astype({"rank": "int64", "amount": "float64"})

    def __str__(self) -> str:
        seeds = [] if self.replication is None else self.replication.lines()
        return comparison_text(self.runs, self.differences, self.same, seeds)

    def __repr__(self) -> str:
        names = ", ".join(repr(info.run_name) for info in self.runs)
        return f"<Comparison of {names}: {len(self.differences)} differences>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        printer.text(str(self))
