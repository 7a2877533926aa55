"""The runs of a comparison: what they are called, where they are kept, and what was found to differ between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.differences import IMPORTED_ALONE_RANK, Difference, Kind
from nbtrack.records import RunRecord
from nbtrack.widgets.charts.fields import run_names

if TYPE_CHECKING:
    from nbtrack.store.store import Store

MOST_RUNS = 20
_MOST_ALONE = 3


@dataclass(frozen=True)
class Sides:
    """Runs side by side, the baseline first, and what was found to differ between them.

    Attributes
    ----------
    records : tuple of RunRecord
        Those that are shown.
    stores : tuple of Store
        Where each is kept.
    found : Comparison
        Of these, and of those that are not shown.
    left_out : int
        How many runs there is no room for.
    """

    records: tuple[RunRecord, ...]
    stores: tuple[Store, ...]
    found: Comparison
    left_out: int = 0

    @property
    def is_pair(self) -> bool:
        """Whether these are two runs, which can be told in more words than many."""
        return len(self.records) == 2

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the runs are called, each by a name of its own."""
        named = run_names(self.records)
        return tuple(named[record.info.run_id] for record in self.records)

    @cached_property
    def by_fact(self) -> Mapping[Kind, Mapping[str, frozenset[str]]]:
        """Which runs are known to differ from the baseline, by kind and key, what can explain more first."""
        found: dict[Kind, dict[str, set[str]]] = {}
        for change in self.differences():
            found.setdefault(change.kind, {}).setdefault(change.key, set()).add(change.run_id)
        return {kind: {key: frozenset(runs) for key, runs in keys.items()} for kind, keys in found.items()}

    @cached_property
    def imported_alone(self) -> frozenset[str]:
        """Packages that some runs have imported and others have not, where no cell imports them by name."""
        ranks: dict[str, int] = {}
        for change in self.differences("package"):
            ranks[change.key] = min(change.rank, ranks.get(change.key, change.rank))
        found = frozenset(key for key, rank in ranks.items() if rank == IMPORTED_ALONE_RANK)
        return found if len(found) > _MOST_ALONE else frozenset()

    def differences(self, *kinds: Kind, state: str = "different") -> list[Difference]:
        """Return what was found of the runs that are shown, what can explain more first.

        Parameters
        ----------
        *kinds : str
            All, if none is named.
        state : str

        Returns
        -------
        list of Difference
        """
        shown = {record.info.run_id for record in self.records}
        return [
            change
            for change in self.found.differences
            if change.state == state and change.run_id in shown and (not kinds or change.kind in kinds)
        ]


def side_by_side(records: Sequence[RunRecord], stores: Store | Sequence[Store], found: Comparison) -> Sides:
    """Return runs as they are shown beside each other.

    Parameters
    ----------
    records : sequence of RunRecord
    stores : Store or sequence of Store
        One for all, or one for each.
    found : Comparison

    Returns
    -------
    Sides
    """
    each = tuple(stores) if isinstance(stores, Sequence) else (stores,) * len(records)
    return Sides(tuple(records[:MOST_RUNS]), each[:MOST_RUNS], found, max(len(records) - MOST_RUNS, 0))
