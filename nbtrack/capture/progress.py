"""A loop with a known length: :func:`progress` wraps tqdm and lets the live line show how much is left."""

from __future__ import annotations

import io
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tqdm.std import tqdm as Bar  # noqa: N812 - tqdm's class is spelt like its module

T = TypeVar("T")


class _Shown:
    """Whether the live line stands in for tqdm's own bar, and the newest bar."""

    by_live_line = False
    bar: weakref.ref[Bar[Any]] | None = None


def progress(iterable: Iterable[T], total: int | None = None, desc: str | None = None, **options: Any) -> Iterator[T]:
    """Iterate, showing progress: in a tracked cell on its live line, elsewhere as a tqdm bar.

    Parameters
    ----------
    iterable : iterable
    total : int, optional
        Number of items, where ``len(iterable)`` does not tell it.
    desc : str, optional
        Text before the bar.
    **options
        Passed to :class:`tqdm.tqdm`.

    Yields
    ------
    object
        The items of ``iterable``.

    Examples
    --------
    >>> for epoch in progress(range(100)):  # doctest: +SKIP
    ...     nbtrack.log_metric("loss", train_one_epoch())
    """
    if _Shown.by_live_line:
        from tqdm import tqdm as make_bar

        options = {"file": io.StringIO(), "mininterval": 0.1, **options}
    else:
        from tqdm.auto import tqdm as make_bar
    bar = make_bar(iterable, total=total, desc=desc, **options)
    outer, _Shown.bar = _Shown.bar, weakref.ref(bar)
    try:
        yield from bar
    finally:
        _Shown.bar = outer


def show_on_live_line(on: bool) -> None:
    """Let the live line stand in for tqdm's own bar, or no longer."""
    _Shown.by_live_line = on


def current() -> tuple[int, int | None, float | None] | None:
    """Return the innermost running loop's items done, total and rate per second; None outside of one."""
    bar = _Shown.bar() if _Shown.bar is not None else None
    if bar is None:
        return None
    state = bar.format_dict
    rate = state["rate"] or (state["n"] / state["elapsed"] if state["elapsed"] else None)
    return int(state["n"]), None if state["total"] is None else int(state["total"]), rate
