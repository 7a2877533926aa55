"""What this process has already given to a store, of the facts that a store keeps once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from nbtrack.store.store import Store

_MAX_REMEMBERED = 10_000


class Sent:
    """Remembers hashes by store, for as long as the journal that they went into is the store's.

    A journal is left in a forked child, and when somebody deletes the store's folder: then all is said again.

    Examples
    --------
    >>> sent = Sent()
    >>> sent.send(store, "0a1b…", lambda: {"t": "environment", "hash": "0a1b…", "facts": {}})  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self._seen: WeakKeyDictionary[Store, tuple[str, set[str]]] = WeakKeyDictionary()

    def send(self, store: Store, digest: str, event: Callable[[], Mapping[str, Any]]) -> None:
        """Append an event to a store, unless it was before.

        Parameters
        ----------
        store : Store
        digest : str
            What the event is known by.
        event : callable
            Makes it, where it is needed.
        """
        journal, seen = self._seen.get(store, ("", set()))
        if journal != store.journal_id or len(seen) > _MAX_REMEMBERED:
            seen = set()
        if digest in seen:
            return
        store.append_event(event())
        seen.add(digest)
        self._seen[store] = (store.journal_id, seen)
