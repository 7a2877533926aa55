"""``nbtrack.show``: everything about one run in the notebook, and its Python side."""

from __future__ import annotations

import threading
import time
from typing import Any

from nbtrack.errors import InputError, NbtrackError
from nbtrack.records import RunRecord
from nbtrack.store.grid import change_stamp
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store
from nbtrack.store.references import recorded
from nbtrack.store.store import Store
from nbtrack.widgets.detail.facts import Facts, gather
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.detail.view import MOST_BYTES, parts_of, whole
from nbtrack.widgets.frontend.onscreen import OnScreen, is_live
from nbtrack.widgets.frontend.watcher import watcher
from nbtrack.widgets.inline import Shown
from nbtrack.widgets.phrases import tag_words
from nbtrack.widgets.rundetail.widget import widget_class

_MOST_NOTE_LETTERS, _MOST_TAG_LETTERS = 100_000, 5_000


def show(run: str | Run | Any | None = None) -> RunDetail:
    """Show everything about a run; where widgets can be shown, its note and tags are edited in place.

    Parameters
    ----------
    run : str, Run or ActiveRun, optional
        A name, an id or its beginning, or a run; default the newest one.

    Returns
    -------
    RunDetail
        As the last value of a cell it is shown, and ``display(nbtrack.show(run))`` shows it anywhere.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    InputError
        It is something else.

    Examples
    --------
    >>> nbtrack.show("baseline")  # doctest: +SKIP
    """
    if run is None:
        newest = current_store().runs(limit=1)
        if not newest:
            raise InputError("the store has no runs yet; put %%track on top of a cell and run it.")
        run = newest[0]
    return RunDetail(*recorded(run))


class RunDetail(OnScreen):
    """Everything about one run: made by :func:`nbtrack.show`.

    While it is on a screen it follows the run: new points, its end, a replay's verdict. Whoever needs the HTML alone
    has it in ``.html``.

    Examples
    --------
    >>> detail = nbtrack.show("baseline")  # doctest: +SKIP
    >>> print(detail)  # doctest: +SKIP
    baseline  ✓ finished in 1.2 s  experiment digits · run 3f2a1b2c
    """

    def __init__(self, record: RunRecord, store: Store) -> None:
        super().__init__()
        self._record = record
        self._store = store
        self._stamp: Any = None
        self._state = ""
        self._widget: Any = None
        self._sending = threading.Lock()

    @property
    def run(self) -> Run:
        """The run."""
        return Run(self._store.run(self._record.info.run_id), self._store)

    @property
    def html(self) -> str:
        """The view as static HTML, as the run is now."""
        return whole(self._gather())

    def _gather(self) -> Facts:
        return gather(self._record, self._store)

    # --- showing ------------------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        facts = self._gather()
        still = Shown(whole(facts), detail_text(facts))
        if not is_live():
            from IPython.display import display

            display(still)
            return
        if self._widget is None:
            self._widget = widget_class()(model_id=self._model_id, _twin=self._twin)
            self._widget.on_msg(self._hear)
        self._put(facts)
        self._show_beside(still)

    def _put(self, facts: Facts) -> None:
        """Give the browser what is there now."""
        parts, record = parts_of(facts, MOST_BYTES), facts.record
        self._state = _state_of(facts)
        with self._widget.hold_sync():
            self._widget._page = [str(parts.head), str(parts.body)]  # noqa: SLF001 - as above
            self._widget._note = _sent(record.note)  # noqa: SLF001
            tags = {key: value for key, value in record.data.tags.items() if tag_words({key: value}, 80)}
            self._widget._tags = [  # noqa: SLF001
                [_sent(key), _sent(value), _sent(tag_words({key: value}, 80)[0])] for key, value in tags.items()
            ]

    def __repr__(self) -> str:
        return detail_text(self._gather())

    # --- messages -----------------------------------------------------------------------------------------------

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Put a note or tags on the run, as ``%nbtrack note`` and ``%nbtrack tag`` do."""
        self._store.check_there()
        run_id = self._record.info.run_id
        note, tags = message.get("note"), message.get("tags")
        if isinstance(note, str):
            if len(note) > _MOST_NOTE_LETTERS:
                raise InputError(f"the note has {len(note):,} characters; accepted: up to {_MOST_NOTE_LETTERS:,}.")
            self._store.append_event({"t": "note", "run": run_id, "text": note.strip()})
        elif isinstance(tags, dict) and tags:
            for key, value in tags.items():
                if not str(key).strip() or len(f"{key}{value}") > _MOST_TAG_LETTERS:
                    raise InputError("a tag is a name, or a name and a value as stage=candidate.")
            self._store.append_event({"t": "tags", "run": run_id, "v": tags})
        else:
            raise InputError("there is nothing to save.")
        # What was typed must be seen, and by whoever reads the store next.
        with self._sending:
            self._put(self._gather())
        watcher().wake()
        return {}

    # --- following ----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Show what is new."""
        try:
            stamp = change_stamp(self._store.layout)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            with self._sending:
                facts = self._gather()
                if _state_of(facts) != self._state:
                    self._put(facts)
        except (NbtrackError, OSError):
            # The store is busy or away: the next look may do better, and until then the view stays as it is.
            self._stamp = None
        except Exception:  # noqa: BLE001 - a defect of ours must neither print into a cell nor end the watcher
            self._views.clear()


def _state_of(facts: Facts) -> str:
    """Return what the view depends on, but for the time of day; a run that is still running always looks new."""
    points = {key: series.points for key, series in facts.series.items()}
    moment = time.time() if facts.record.info.status == "running" else 0
    return repr((facts.record, points, facts.children, moment))


def _sent(text: str) -> str:
    """Return a text that can be sent: a lone surrogate cannot."""
    return text.encode("utf-8", "replace").decode()
