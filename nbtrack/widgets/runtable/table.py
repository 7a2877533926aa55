"""``nbtrack.table``: the run table in the notebook, and its Python side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError, NbtrackError
from nbtrack.store.filter_fields import KINDS, attribute_of
from nbtrack.store.filter_syntax import parse_order
from nbtrack.store.grid import GridView
from nbtrack.store.grid_columns import split
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store
from nbtrack.widgets import table as still
from nbtrack.widgets.columns import MOST_COLUMNS
from nbtrack.widgets.frontend.onscreen import OnScreen, is_live
from nbtrack.widgets.frontend.watcher import watcher
from nbtrack.widgets.inline import Shown
from nbtrack.widgets.runtable import actions, widget
from nbtrack.widgets.runtable.choice import MOST_SHOWN
from nbtrack.widgets.runtable.source import RunSource

if TYPE_CHECKING:
    import pandas as pd

# Attributes that a filter names otherwise than the table does.
_COLUMN_OF = {"user_id": "user", "error_type": "error", "parent_run_id": "parent"}
_ATTRIBUTE_OF = {column: name for name, column in _COLUMN_OF.items()}


def table(
    where: str = "",
    order_by: Sequence[str] | str = (),
    *,
    experiment: str | Sequence[str] | None = None,
    columns: Sequence[str] | str | None = None,
    deleted: bool = False,
    rows: int = 15,
) -> RunTable:
    """Show the runs as a table to sort, filter, group and select in; new runs appear by themselves.

    Parameters
    ----------
    where : str
        Only runs that fit, in the grammar of :func:`nbtrack.search_runs`.
    order_by : str or sequence of str
        As ``"metrics.accuracy DESC"``; default the newest first.
    experiment : str or sequence of str, optional
        Only these experiments; default all.
    columns : str or sequence of str, optional
        Names as ``"metrics.accuracy"``, kinds as ``"params"``, or ``"all"``; default what tells the runs apart.
    deleted : bool
        Only deleted runs, in place of the others.
    rows : int
        At most so many rows are seen at once.

    Returns
    -------
    RunTable
        As the last value of a cell it is shown; :attr:`RunTable.selection` has the runs selected in it.

    Raises
    ------
    FilterError
        The filter or the order cannot be read.
    InputError
        No run has such a column.

    Examples
    --------
    >>> runs = nbtrack.table("metrics.accuracy > 0.9", "metrics.accuracy DESC")  # doctest: +SKIP
    >>> runs.selection  # doctest: +SKIP
    ('5f0c9d2e…', '81b7a4c3…')
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows <= 200:
        raise InputError(f"rows is {rows!r}; accepted: a whole number from 1 to 200. Example: rows=25")
    experiments = (experiment,) if isinstance(experiment, str) else None if experiment is None else tuple(experiment)
    lifecycle = "deleted" if deleted else "active"
    view = GridView(where=where, experiments=experiments, lifecycle=lifecycle, sort=_sort_of(order_by))
    return RunTable(current_store(), view, columns, rows)


class RunTable(OnScreen):
    """A run table: made by :func:`nbtrack.table`.

    Examples
    --------
    >>> runs = nbtrack.table()  # doctest: +SKIP
    >>> runs.on_selection(lambda ids: print(len(ids), "selected"))  # doctest: +SKIP
    """

    def __init__(self, store: Store, view: GridView, columns: Sequence[str] | str | None, rows: int) -> None:
        super().__init__()
        self._store = store
        self._source = RunSource(store, view, columns)
        start = self._source.start()
        empty = "No deleted runs." if view.lifecycle == "deleted" else still.EMPTY if not view.where else "No such run."
        self._widget = widget.widget_class()(
            model_id=self._model_id, _start=start, _twin=self._twin, _height_rows=rows, _empty=empty
        )
        self._widget.on_msg(self._hear)
        self._actions: dict[str, Callable[[list[Run]], Any]] = {}
        self._was_told = False
        self._sending = threading.Lock()

    @property
    def widget(self) -> Any:
        """The anywidget that is shown, to be put beside other widgets."""
        return self._widget

    # --- selection ----------------------------------------------------------------------------------------------

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of the runs that are selected, in the order in which they were; may be set, also to names or runs."""
        return tuple(self.widget.selection)

    @selection.setter
    def selection(self, runs: Iterable[Any]) -> None:
        if isinstance(runs, str):
            runs = [runs]
        self.widget.selection = list(dict.fromkeys(self._id_of(run) for run in runs))

    def _id_of(self, run: Any) -> str:
        if isinstance(run, Run):
            return run.info.run_id
        if isinstance(run, str):
            is_whole = len(run) == 32 and set(run) <= set("0123456789abcdef")
            return run if is_whole else self._store.run(run).info.run_id
        raise InputError(f"the selection holds {run!r}; accepted: ids, names, or runs as nbtrack.get_run gives them.")

    @property
    def baseline(self) -> str | None:
        """Id of the run that the others' metrics are held against, None for none; may be set, also to a name or run."""
        return self.widget.baseline or None

    @baseline.setter
    def baseline(self, run: Any) -> None:
        self.widget.baseline = "" if run is None else self._id_of(run)

    def selected(self) -> list[Run]:
        """Return the runs that are selected.

        Returns
        -------
        list of Run

        Examples
        --------
        >>> [run.metrics["accuracy"] for run in runs.selected()]  # doctest: +SKIP
        [0.97, 0.95]
        """
        return self._runs(self.selection)

    def _runs(self, ids: Sequence[str]) -> list[Run]:
        return [Run(record, self._store) for record in self._store.each_run(ids)]

    def observe(self, handler: Callable[[Any], Any], names: str = "selection") -> None:
        """Have a function called when the selection changes, as ipywidgets call it.

        Parameters
        ----------
        handler : callable
            Takes the change: ``change["new"]`` is the list of ids.
        names : str
            ``"selection"``.
        """
        self.widget.observe(handler, names)

    def unobserve(self, handler: Callable[[Any], Any], names: str = "selection") -> None:
        """Call a function of :meth:`observe` no more.

        Parameters
        ----------
        handler : callable
        names : str
        """
        self.widget.unobserve(handler, names)

    def on_selection(self, callback: Callable[[tuple[str, ...]], Any]) -> None:
        """Have a function called with the ids when the selection changes.

        Parameters
        ----------
        callback : callable
            What it prints goes to the log of the notebook: write to an ``ipywidgets.Output`` to see it in a cell.
        """
        self.widget.observe(lambda change: callback(tuple(change["new"])), "selection")

    def on(self, action: str, callback: Callable[[list[Run]], Any]) -> None:
        """Have a function do what a button does.

        Parameters
        ----------
        action : str
            ``compare``, ``chart``, ``show``, ``tag``, ``note``, ``export``, ``archive`` or ``restore``.
        callback : callable
            Takes the runs; text that it returns is shown below the table.

        Raises
        ------
        InputError
            There is no such button.

        Examples
        --------
        >>> runs.on("compare", lambda chosen: chart(chosen))  # doctest: +SKIP
        """
        if action not in actions.ACTIONS:
            raise InputError(f"the table has no button {action!r}; accepted: {', '.join(actions.ACTIONS)}.")
        self._actions[action] = callback

    def to_frame(self) -> pd.DataFrame:
        """Return the table's runs as :func:`nbtrack.runs` does, whatever is typed into its filters.

        Returns
        -------
        pandas.DataFrame
        """
        view = self._source.view
        order = [f"{_name_of(column)} {'DESC' if down else 'ASC'}" for column, down in view.sort]
        return self._store.runs_frame(view.where, order, None, 0, view.experiments, view.lifecycle)

    # --- showing ------------------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        if is_live():
            self._show_beside(self._still())
            return
        from IPython.display import display

        display(self._still())

    def _still(self) -> Shown:
        now_s, total = time.time(), self._source.total
        records, wanted = self._source.first, self._source.wanted
        most = MOST_SHOWN if self._source.are_named else MOST_COLUMNS
        return Shown(
            still.runs_html(records, now_s, total, wanted=wanted, most=most),
            still.runs_text(records, now_s, total, wanted=wanted, most=most),
        )

    def __str__(self) -> str:
        return self._still().text

    def __repr__(self) -> str:
        return f"<RunTable of {self._source.total:,} runs, {len(self.selection):,} selected>"

    # --- messages -----------------------------------------------------------------------------------------------

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        return self._act(message) if message.get("op") == "act" else self._source.answer(message)

    def _heed(self, message: dict[str, Any]) -> None:
        name = message.get("name")
        if message.get("op") == "choose" and name in ("selection", "baseline"):
            self._widget.take(name, message.get("value"))
        else:
            super()._heed(message)

    def _act(self, message: dict[str, Any]) -> dict[str, Any]:
        name, ids = message.get("name"), [str(run_id) for run_id in message.get("ids") or []]
        if name not in actions.ACTIONS or not ids:
            raise InputError(f"the table was asked to {name} {len(ids)} runs, which it does not know.")
        self._store.check_there()
        own = self._actions.get(name)
        if own is not None:
            found = own(self._runs(ids))
            return {"said": found} if isinstance(found, str) else {}
        answer = actions.ACTIONS[name](self._store, ids, message)
        watcher().wake()
        return answer

    def _split(self, values: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        return widget.without_bytes(values)

    def _tell(self, news: dict[str, Any]) -> None:
        content, sent = self._split(news)
        self._widget.send({"news": content}, sent)

    def look(self) -> None:
        """Send what is new."""
        try:
            with self._sending:
                if not self._was_told:
                    self._was_told = True
                    late = self._source.late()
                    if late:
                        self.widget._late = late  # noqa: SLF001 - a trait of ours, not for users
                    self._send_curves(None)
                news = self._source.poll()
                if news:
                    changed = news.pop("changed", None)
                    self._tell(news)
                    self._send_curves(changed)
        except (NbtrackError, OSError):
            # The store is busy or away: the next look may do better, and until then the table stays as it is.
            return
        except Exception:  # noqa: BLE001 - a defect of ours must neither print into a cell nor end the watcher
            self._views.clear()

    def prepare(self) -> bool:
        """Make ready for what is likely to be asked, a little of it.

        Returns
        -------
        bool
            Whether there is more to do.
        """
        try:
            return self._source.prepare()
        except (NbtrackError, OSError):
            return False
        except Exception:  # noqa: BLE001 - as in look: nothing of this is needed for the table to work
            self._views.clear()
            return False

    def _send_curves(self, changed: list[str] | None) -> None:
        curves = self._source.curves(changed)
        if curves:
            self._tell(curves)


def _name_of(column: str) -> str:
    """Return a column as an order names it."""
    kind, key = split(column)
    if kind == "attributes":
        return _ATTRIBUTE_OF.get(key, key)
    quoted = key.replace("`", "``")
    return f"{kind}.`{quoted}`"


def _sort_of(order_by: Sequence[str] | str) -> tuple[tuple[str, bool], ...]:
    """Return an order as columns of the table."""
    found = []
    for text in [order_by] if isinstance(order_by, str) else order_by:
        if not isinstance(text, str):
            raise InputError(f"order_by holds {text!r}; accepted: text, as 'metrics.accuracy DESC'.")
        for name, descending in parse_order(text) if text.strip() else []:
            kind = KINDS.get(name.kind, name.kind) if name.kind else "attributes"
            attribute = attribute_of(name.key) if kind == "attributes" else None
            key = attribute.name if attribute is not None else name.key
            column = _COLUMN_OF.get(key, key) if kind == "attributes" else f"{kind}.{name.key}"
            split(column)
            found.append((column, descending))
    return tuple(found)
