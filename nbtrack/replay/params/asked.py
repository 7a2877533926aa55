"""What is typed on a line about replays, read: params and seeds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from nbtrack.errors import InputError
from nbtrack.records import RunRecord
from nbtrack.replay.params.literals import read_value

_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")
_MOST = 10_000


def params_of(words: Iterable[str], record: RunRecord) -> dict[str, Any]:
    """Read params as they are typed: ``C=0.5``.

    Parameters
    ----------
    words : iterable of str
    record : RunRecord
        A param of its that is a text stays one, whatever the new value looks like.

    Returns
    -------
    dict of str to object

    Raises
    ------
    InputError
        A word is no name and value.

    Examples
    --------
    >>> from nbtrack.records import RunData, RunInfo
    >>> info = RunInfo(run_id="", run_name="", experiment_id="", experiment_name="", status="finished", start_time=0)
    >>> params_of(["C=0.5", "cfg.kernel=rbf"], RunRecord(info, RunData()))
    {'C': 0.5, 'cfg.kernel': 'rbf'}
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"{word!r} is no param; accepted: NAME=VALUE, as C=0.5.")
        is_text = isinstance(record.typed_params.get(name), str) and text[:1] not in "'\""
        found[name] = text if is_text else read_value(text)
    return found


def seeds_of(text: str) -> int | list[int]:
    """Read how many seeds are asked for, or which: ``10``, ``1,2,3`` or ``0-9``.

    Parameters
    ----------
    text : str

    Returns
    -------
    int or list of int

    Raises
    ------
    InputError
        It is none of these.

    Examples
    --------
    >>> seeds_of("10"), seeds_of("1,2,5-7")
    (10, [1, 2, 5, 6, 7])
    """
    stripped = text.strip()
    if stripped.isdecimal():
        return int(stripped)
    found: list[int] = []
    for part in stripped.split(","):
        bounds = _RANGE.fullmatch(part)
        if bounds and int(bounds[2]) - int(bounds[1]) < _MOST:
            found += range(int(bounds[1]), int(bounds[2]) + 1)
        elif part.strip().isdecimal():
            found.append(int(part))
        else:
            raise InputError(f"seeds is {text!r}; accepted: how many of them, as 10, or which, as 1,2,3 or 0-9.")
    return found
