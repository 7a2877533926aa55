"""The data that a tracked cell reads by itself: tables and arrays among its values, and files, fingerprinted."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from nbtrack.capture.recordedpaths import recorded_path
from nbtrack.provenance.fingerprint import Fingerprint
from nbtrack.provenance.sampling import Plan, plan_of
from nbtrack.records import Input

BUDGET_S = 0.05
"""How long the data of one cell may take, and its files once more."""
CONTEXT = "read"
"""The context of an input that the cell read by itself."""
_MAX_INPUTS = 200
_MAX_HASHED_BYTES = 32 * 1024 * 1024
_SAMPLED_PIECES, _PIECE_BYTES = 64, 1 << 16
# A file that was written just now may be written again within one tick of the file system's clock.
_SETTLED_NS = 2_000_000_000
_MICROSECONDS = 1_000_000


def input_of(name: str, source: str, found: Fingerprint, context: str | None = CONTEXT) -> Input:
    """Return a fingerprint as an input of a run.

    Parameters
    ----------
    name : str
    source : str
        A file's path, else what kind of object it is.
    found : Fingerprint
    context : str, optional
        Default: that the cell read it by itself.

    Returns
    -------
    Input
    """
    return Input(
        name=name,
        digest=found.digest or None,
        source=source,
        schema=json.dumps(found.schema),
        profile=json.dumps(found.profile),
        context=context,
    )


class TakesInputs(Protocol):
    """What inputs can be recorded on: :class:`~nbtrack.capture.run.ActiveRun`."""

    def has_input(self, given: Input) -> bool:
        """Tell whether an input of the same name, or the same file, was recorded."""

    def add_input(self, given: Input) -> None:
        """Record an input."""


def data_inputs(values: Mapping[str, object], budget_s: float = BUDGET_S) -> list[Input]:
    """Fingerprint the tables and arrays among values; nothing lazy is computed and no code of the user's is run.

    The smallest come first. What would take longer than the budget is fingerprinted by a sample, and its profile says
    so; when even samples would, by its shape, without a digest.

    Parameters
    ----------
    values : mapping of str to object
        By name; anything.
    budget_s : float

    Returns
    -------
    list of Input
        In the order of ``values``.

    Examples
    --------
    >>> import numpy as np
    >>> [found.name for found in data_inputs({"X": np.zeros(3), "n": 3})]
    ['X']
    """
    # Its own time: what others on the machine take must not cost the run what it knows of its data.
    deadline = time.thread_time() + 2 * budget_s
    plans: dict[str, Plan] = {}
    for name, value in values.items():
        plan = _planned(value)
        if plan is not None:
            plans[name] = plan
            if len(plans) == _MAX_INPUTS or time.thread_time() > deadline:
                break
    left_us = budget_s * _MICROSECONDS
    found: dict[str, Input] = {}
    for name in sorted(plans, key=lambda name: plans[name].cost_us):
        plan = plans[name]
        # Samples of all that is still to come must fit, too.
        if plan.cost_us <= left_us * 0.75:
            take, cost_us = plan.full, plan.cost_us
        else:
            take, cost_us = plan.sample, plan.sample_cost_us
        is_late = cost_us > left_us or time.thread_time() > deadline
        printed = plan.shape if is_late else _taken(take, plan.shape)
        left_us -= 0.0 if is_late else cost_us
        found[name] = input_of(name, printed.kind, printed)
    return [found[name] for name in plans]


def _planned(value: object) -> Plan | None:
    try:
        return plan_of(value)
    except Exception:  # noqa: BLE001 - a library's object in a state that the library itself cannot describe
        return None


def _taken(take: Callable[[], Fingerprint], shape: Fingerprint) -> Fingerprint:
    try:
        return take()
    except Exception:  # noqa: BLE001 - what a library cannot hash has a shape at least
        return shape


# --- files ------------------------------------------------------------------------------------------------------


def file_inputs(paths: Iterable[str | os.PathLike[str]], budget_s: float = BUDGET_S) -> list[Input]:
    """Fingerprint files: whole up to 32 MiB, above by an evenly spread sample, and its profile says so.

    Parameters
    ----------
    paths : iterable of path
        What is not there any more, or no ordinary file, is left out.
    budget_s : float
        When it is used up, the files that follow have no digest, but their size and time.

    Returns
    -------
    list of Input
        Named by their paths, from the working directory on if they are below it.
    """
    deadline = time.perf_counter() + budget_s
    found: dict[str, Input] = {}
    for path in paths:
        try:
            file = Path(os.path.abspath(path))  # noqa: PTH100 - takes "a/../b" apart, and leaves links as they are
            status = file.stat()
            if not stat.S_ISREG(status.st_mode) or str(file) in found:
                continue
            printed = _print_file(file, status, hashed=time.perf_counter() < deadline)
        except (OSError, TypeError, ValueError):
            continue
        found[str(file)] = input_of(_shown(file), recorded_path(str(file)), printed)
        if len(found) == _MAX_INPUTS:
            break
    return list(found.values())


def _print_file(file: Path, status: os.stat_result, *, hashed: bool) -> Fingerprint:
    profile = {"size_bytes": status.st_size}
    if not hashed:
        return Fingerprint("", "file", {}, {**profile, "modified_ns": status.st_mtime_ns})
    key = (str(file), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if abs(time.time_ns() - status.st_mtime_ns) < _SETTLED_NS:
        return _hashed(*key)
    return _hashed_once(*key)


def _hashed(path: str, device: int, inode: int, size_bytes: int, modified_ns: int) -> Fingerprint:  # noqa: ARG001
    profile = {"size_bytes": size_bytes}
    hasher = hashlib.sha256()
    with Path(path).open("rb", buffering=0) as stream:
        if size_bytes <= _MAX_HASHED_BYTES:
            # No further than it was long when it was looked at: somebody may be writing to it.
            left = size_bytes
            while left > 0 and (chunk := stream.read(min(left, 1 << 20))):
                hasher.update(chunk)
                left -= len(chunk)
        else:
            hasher.update(str(size_bytes).encode())
            for number in range(_SAMPLED_PIECES):
                stream.seek(number * (size_bytes - _PIECE_BYTES) // (_SAMPLED_PIECES - 1))
                hasher.update(stream.read(_PIECE_BYTES))
            profile["sampled_bytes"] = _SAMPLED_PIECES * _PIECE_BYTES
    return Fingerprint(hasher.hexdigest(), "file", {}, profile)


_hashed_once = lru_cache(maxsize=512)(_hashed)


def _shown(file: Path) -> str:
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):
        return str(file)


# --- the run ----------------------------------------------------------------------------------------------------


def record_inputs(
    run: TakesInputs,
    values: Mapping[str, object],
    paths: Iterable[str | os.PathLike[str]],
    taken: Iterable[Input] = (),
) -> list[Input]:
    """Record on a run the data that its cell read; what the user logged under the same name is left alone.

    Parameters
    ----------
    run : ActiveRun
        Running or just ended.
    values : mapping of str to object
        Values that the cell reads; those that are no data are passed over.
    paths : iterable of path
        Files that it read.
    taken : iterable of Input
        Fingerprints that were taken before, as those of values that the cell was about to change.

    Returns
    -------
    list of Input
        What was recorded.
    """
    found = [*taken, *data_inputs(values), *file_inputs(paths)]
    new = [given for given in found if not run.has_input(given)]
    for given in new:
        run.add_input(given)
    return new
