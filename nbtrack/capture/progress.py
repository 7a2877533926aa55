"""A loop with a known length: :func:`progress` wraps tqdm and lets the live panel show how much is left."""

from __future__ import annotations

import io
import math
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from tqdm.std import tqdm as Bar  # noqa: N812 - tqdm's class is spelt like its module

T = TypeVar("T")


class _Shown:
    """Whether the live panel stands in for tqdm's own bar, and the newest bar."""

    by_live_panel = False
    bar: weakref.ref[Bar[Any]] | None = None


def progress(iterable: Iterable[T], total: int | None = None, desc: str | None = None, **options: Any) -> Iterator[T]:
    """Iterate, showing progress: in a tracked cell on its live panel, elsewhere as a tqdm bar.

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
    if _Shown.by_live_panel:
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


def stand_in(on: bool) -> None:
    """Let the live panel stand in for tqdm's own bar, or no longer."""
    _Shown.by_live_panel = on


class Loop(NamedTuple):
    """A running loop.

    Attributes
    ----------
    begun_s : float
        By :func:`time.time`; also tells one loop from the next.
    done : int
    total : int or None
    """

    begun_s: float
    done: int
    total: int | None


def current() -> Loop | None:
    """Return the innermost running loop; None outside of one.

    Returns
    -------
    Loop or None
    """
    bar = _Shown.bar() if _Shown.bar is not None else None
    # A bar that is switched off counts nothing.
    begun_s = getattr(bar, "start_t", None)
    if bar is None or begun_s is None:
        return None
    total = bar.total
    return Loop(begun_s, int(bar.n), None if total is None or not math.isfinite(total) else int(total))
