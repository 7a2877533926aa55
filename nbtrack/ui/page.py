"""What the kernel behind a visitor runs: the run table over the whole page, and charts of what is selected in it."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from nbtrack.errors import InputError, NbtrackError
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store
from nbtrack.widgets import html
from nbtrack.widgets.charts.curves import drawing, request
from nbtrack.widgets.charts.follow import LiveChart
from nbtrack.widgets.charts.request import Request
from nbtrack.widgets.format import count
from nbtrack.widgets.frontend.watcher import watcher
from nbtrack.widgets.runtable.table import RunTable, table

_ROWS = 40
_MOST_CHARTED = 20
# A chart is drawn when the selection has come to rest: choosing ten runs one by one draws once.
_REST_S = 0.25
_COUNTS = """
    select count(*) filter (status = 'running') as running, count(distinct experiment) as experiments, count(*) as runs
    from runs where lifecycle_stage = 'active'
"""
_kept: list[Any] = []


def show() -> None:
    """Display the page's three parts, in the order in which the template lays them out."""
    from IPython.display import display

    try:
        store = current_store()
        runs = table(rows=_ROWS)
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever looks at the page must be told
        display({"text/html": html.text(error), "text/plain": str(error)}, raw=True)
        return
    # The first chart should not have to wait for this, and a kernel is made ready before anybody comes.
    importlib.import_module("plotly.graph_objects")
    counts, charts = Counts(store, runs), Charts(runs)
    runs.widget.opens_selection = True
    for widget in (counts.widget, runs.widget, charts.widget):
        display(widget)
    # Whatever nobody holds is collected, and its widget goes dead.
    _kept.extend([runs, counts, charts])


class Counts:
    """How much there is in the store, in a line that keeps itself up to date.

    Parameters
    ----------
    store : Store
    runs : RunTable
        As long as it is seen, the line is.
    """

    def __init__(self, store: Store, runs: RunTable) -> None:
        import ipywidgets

        self._store = store
        self._runs = runs
        self.widget = ipywidgets.HTML(self._words())
        self.widget.add_class("nt-counts")
        watcher().add(self)

    def is_seen(self) -> bool:
        """Tell whether the line is on somebody's screen."""
        return self._runs.is_seen()

    def look(self) -> None:
        """Bring the line up to date."""
        try:
            words = self._words()
        except (NbtrackError, OSError):
            # The store is busy or away: the next look may do better.
            return
        if words != self.widget.value:
            self.widget.value = words

    def _words(self) -> str:
        with self._store.reading() as connection:
            found = connection.execute(_COUNTS).fetchone()
        running, experiments, runs = found or (0, 0, 0)
        words = [count(runs, "run"), count(experiments, "experiment")]
        return " · ".join([*words, *([f"<b>{count(running, 'run')} under way</b>"] if running else [])])


class Charts:
    """Charts of the runs that are selected: plotly's, which follow runs that are still under way.

    Parameters
    ----------
    runs : RunTable
    """

    def __init__(self, runs: RunTable) -> None:
        import ipywidgets

        self.widget = ipywidgets.VBox()
        self.widget.add_class("nt-charts")
        # Is there at once, and hidden when plotly has drawn.
        self._still = ipywidgets.HTML()
        self._still.add_class("nt-still")
        self._drawing = threading.Lock()
        self._chosen: tuple[str, ...] = ()
        runs.on_selection(self._choose)

    def _choose(self, ids: tuple[str, ...]) -> None:
        self._chosen = ids
        timer = threading.Timer(_REST_S if ids else 0.0, self._draw, [ids])
        timer.daemon = True
        timer.start()

    def _draw(self, ids: tuple[str, ...]) -> None:
        with self._drawing:
            if ids != self._chosen:
                return
            try:
                parts = self._parts(ids)
            except InputError:
                # Runs without any metric: the table shows what they have.
                parts = ()
            except (NbtrackError, OSError) as error:
                self._still.value = html.block(html.muted(str(error)))
                parts = (self._still,)
            if parts != self.widget.children:
                self.widget.children = parts

    def _parts(self, ids: tuple[str, ...]) -> tuple[Any, ...]:
        asked = request(list(ids[:_MOST_CHARTED]), None, "step") if ids else None
        if asked is None or not _has_curves(asked):
            return ()
        chart = LiveChart(asked, drawing)
        self._still.value = chart.static_html()
        return self._still, chart.as_widget()


def _has_curves(asked: Request) -> bool:
    """Tell whether there is more to draw than a dot for each run, which the table says better."""
    return asked.is_running or any(len(line.x) > 1 for panel in asked.plot(lenient=True).panels for line in panel.lines)
