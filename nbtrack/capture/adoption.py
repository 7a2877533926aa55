"""Runs of a replay that are to be kept: whose children they are, and where their code comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbtrack.records import Source


@dataclass(frozen=True, slots=True)
class _Family:
    """What the runs that begin are given."""

    parent: str | None
    notebook: str | None


_family: _Family | None = None


def adopt(parent: str | None, notebook: str | None) -> None:
    """From now on, make runs that would have no parent children of one.

    Parameters
    ----------
    parent : str or None
        Its id.
    notebook : str or None
        Path of the notebook that the replayed cells are of.
    """
    global _family  # noqa: PLW0603 - one for the process: a replay's kernel
    _family = _Family(parent, notebook)


def adopted(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run is to be made with.

    Parameters
    ----------
    identity : mapping
        What it would be made with by itself.

    Returns
    -------
    dict
    """
    if _family is None:
        return dict(identity)
    source = identity.get("source") or Source(kind="block")
    return {
        **identity,
        "parent": identity.get("parent") or _family.parent,
        "source": replace(source, name=source.name or _family.notebook),
    }
