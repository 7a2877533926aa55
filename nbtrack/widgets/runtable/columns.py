"""The columns of one table: which its runs have, which are shown, and which metrics can be drawn as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.directions import better_direction
from nbtrack.errors import InputError
from nbtrack.store import grid, grid_columns, grid_curves
from nbtrack.store.filters import Clause
from nbtrack.store.grid_columns import GridColumn
from nbtrack.widgets.runtable import choice, small

if TYPE_CHECKING:
    import duckdb


class Columns:
    """What is known of a table's columns; it grows, and nothing in it is forgotten.

    Parameters
    ----------
    wanted : sequence of str or str, optional
        What to show, as :func:`nbtrack.widgets.runtable.choice.chosen` takes it; default what tells the runs apart.

    Attributes
    ----------
    shown : list of str
        Ids of the columns that are shown.
    curves : list of str
        Ids of the metrics that have more than one point, the one first that says most.
    """

    def __init__(self, wanted: Sequence[str] | str | None) -> None:
        self._wanted = [wanted] if isinstance(wanted, str) else wanted
        self._known: tuple[GridColumn, ...] = ()
        self.shown: list[str] = []
        self.curves: list[str] = []

    @property
    def wanted(self) -> list[str] | None:
        """Ids of those shown where a person has said what to show, else None."""
        return None if self._wanted is None else self.shown

    @property
    def are_named(self) -> bool:
        """Whether a person has named each of them."""
        return self._wanted is not None and not any(name in choice.KINDS for name in self._wanted)

    @property
    def ids(self) -> list[str]:
        """Ids of all columns."""
        return [column.id for column in self._known]

    @property
    def numbers(self) -> frozenset[str]:
        """Ids of those that hold numbers."""
        return grid_columns.numeric(self._known)

    @property
    def read(self) -> list[str]:
        """Ids of those shown that runs have values for."""
        return [column for column in self.shown if column != small.COLUMN]

    @property
    def has_curves_shown(self) -> bool:
        """Whether there is a column of small curves, and a metric to draw in it."""
        return small.COLUMN in self.shown and bool(self.curves)

    def begin(self, connection: duckdb.DuckDBPyConnection, condition: Clause, newest: Any) -> None:
        """Learn what some runs have, and choose what was wanted.

        Parameters
        ----------
        connection : duckdb.DuckDBPyConnection
        condition : Clause
            Which runs the table has.
        newest : sequence of int
            ``run_ix`` of those to look at.

        Raises
        ------
        InputError
            No run has a column that is wanted.
        """
        self._known = grid_columns.columns_of(connection, newest)
        self.curves = small.in_order(grid_curves.metrics_with_curves(connection, newest))
        if self._wanted is None:
            return
        try:
            self.shown = choice.chosen(self._wanted, self._known, bool(self.curves))
        except InputError:
            # What the newest do not have, others may.
            self._known = grid_columns.columns(connection, condition)
            self.shown = choice.chosen(self._wanted, self._known, bool(self.curves))
        self._know(self._known)

    def _know(self, found: Sequence[GridColumn]) -> None:
        """Take what runs have for all there is, and what is shown without any."""
        ids = {column.id for column in found}
        more = [column for column in self.read if column not in ids]
        self._known = (*found, *map(grid_columns.unseen, more))

    def show_at_first(self, values: Mapping[str, Any]) -> None:
        """Choose what to show where nobody has said it, from the values of some runs."""
        if self._wanted is None:
            self.shown = choice.shown_at_first(self._known, values, bool(self.curves))

    def show(self, more: Sequence[str]) -> None:
        """Show more columns."""
        self.shown = list(dict.fromkeys([*self.shown, *more]))

    def news(self, connection: duckdb.DuckDBPyConnection, newest: Any) -> list[dict[str, Any]]:
        """Learn of columns that no run had before, and of metrics with a second point.

        Parameters
        ----------
        connection : duckdb.DuckDBPyConnection
        newest : sequence of int
            ``run_ix`` of the runs to look at.

        Returns
        -------
        list of dict
            All columns as the browser is told of them; empty where none of them is new.
        """
        found = grid_columns.columns_of(connection, newest)
        metrics = small.in_order(grid_curves.metrics_with_curves(connection, newest))
        curves = [metric for metric in metrics if metric not in self.curves]
        self.curves += curves
        known = {column.id: column for column in self._known}
        if not curves and all(column.id in known and (known[column.id].runs or not column.runs) for column in found):
            return []
        self._known = tuple({**known, **{column.id: column for column in found}}.values())
        return self.described()

    def facts(self, connection: duckdb.DuckDBPyConnection, condition: Clause) -> dict[str, Any]:
        """Learn the columns of all runs, and the best values of the metrics shown.

        Parameters
        ----------
        connection : duckdb.DuckDBPyConnection
        condition : Clause
            Which runs.

        Returns
        -------
        dict
            ``columns``, as the browser is told of them, and ``best``, by id.
        """
        self._know(grid_columns.columns(connection, condition))
        ways = {column.key: better_direction(column.key) for column in self._known if column.kind == "metric"}
        directions = {key: way for key, way in ways.items() if way is not None and f"metrics.{key}" in self.shown}
        best = grid.best_values(connection, condition, directions)
        return {"columns": self.described(), "best": {f"metrics.{key}": value for key, value in best.items()}}

    def described(self) -> list[dict[str, Any]]:
        """Return all columns as the browser is told of them, the curves last."""
        curves = {"id": small.COLUMN, "kind": "attribute", "key": "curve", "type": "curve", "metrics": self.curves}
        return choice.described(self._known) + ([curves] if self.curves else [])
