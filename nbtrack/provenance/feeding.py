"""What the handlers of kinds of values need of the walk that calls them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Feed(Protocol):
    """Takes what a value is made of.

    Attributes
    ----------
    content : bool
        False: only what can be changed in place is wanted.
    exact, sampled : bool
        All of the content went in; not all did, only because of its size.
    portable : bool
        Every process finds the same digest for the same content.
    columns : dict of int to list of str
        Digests of the columns of tables that were met, by the table's identity.
    entropy : list of int
        What generators were seeded with by the operating system.
    """

    content: bool
    exact: bool
    columns: dict[int, list[str]]
    sampled: bool
    portable: bool
    entropy: list[int]

    def text(self, text: str) -> None:
        """Feed a text."""

    def raw(self, data: bytes | memoryview) -> None:
        """Feed bytes."""

    def feed(self, value: Any) -> None:
        """Feed a value."""

    def items(self, values: list[Any] | tuple[Any, ...]) -> None:
        """Feed the items of a sequence."""

    def part(self, value: Any) -> str:
        """Return the digest of a value by itself."""

    def close(self, value: Any) -> None:
        """Feed of a value no more than its class, and say so."""

    def pairs(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        """Feed keys and values."""

    def unordered(self, values: Iterable[Any]) -> None:
        """Feed what has no order."""

    def changeable(self, *values: Any) -> None:
        """Keep the identities of what can be changed in place."""

    def state(self, data: bytes) -> None:
        """Keep the state of a random generator apart."""

    def passing(self) -> AbstractContextManager[None]:
        """Feed what was made for the purpose and has no identity of its own."""
