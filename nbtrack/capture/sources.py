"""Sources as the store has them: each once, by its hash, without what looks like a credential."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from nbtrack.capture.secrets import without_secrets

if TYPE_CHECKING:
    from nbtrack.store.store import Store


def record_source(store: Store, code: str | None) -> str | None:
    """Record a source.

    Parameters
    ----------
    store : Store
    code : str or None
        None where it is not to be kept.

    Returns
    -------
    str or None
        The hash by which other events name it.
    """
    if code is None:
        return None
    text = without_secrets(code)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    store.append_event({"t": "source", "hash": digest, "text": text})
    return digest
