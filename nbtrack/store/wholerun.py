"""A run that no code of the user's is: begun and ended from outside, as the parent of others."""

from __future__ import annotations

import getpass
import time
import uuid
from collections.abc import Mapping
from typing import Literal

from nbtrack.store.writer import StoreWriter


class WholeRun:
    """A run under way, written to a store's journal as it goes.

    Attributes
    ----------
    run_id : str
    """

    def __init__(
        self,
        store: StoreWriter,
        *,
        experiment: str,
        name: str,
        notebook: str | None = None,
        parent: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.run_id = uuid.uuid4().hex
        self._store = store
        store.append_event(
            {
                "t": "run",
                "run": self.run_id,
                "experiment": experiment,
                "name": name,
                "start": time.time_ns() // 1000,
                "parent": parent,
                "seed": None,
                "user": _user(),
                "source": {
                    "kind": "block",
                    "name": notebook,
                    "cell_id": None,
                    "execution_count": None,
                    "code": None,
                },
            }
        )
        if tags:
            store.append_event({"t": "tags", "run": self.run_id, "v": dict(tags)})

    def end(
        self,
        status: Literal["finished", "failed", "interrupted"] = "finished",
        *,
        metrics: Mapping[str, float] | None = None,
        note: str = "",
        error: str = "",
    ) -> None:
        """End the run.

        Parameters
        ----------
        status : str
        metrics : mapping of str to float, optional
        note : str
        error : str
            What went wrong, in a sentence.
        """
        now_us = time.time_ns() // 1000
        for key, value in (metrics or {}).items():
            self._store.append_point(self.run_id, key, 0, now_us, float(value))
        if note:
            self._store.append_event({"t": "note", "run": self.run_id, "text": note})
        described = {"type": "ReplayError", "message": error, "traceback": ""} if error else None
        self._store.append_event({"t": "end", "run": self.run_id, "status": status, "end": now_us, "error": described})
        self._store.flush()


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""
