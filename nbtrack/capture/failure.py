"""Putting the exception that ended a run into words."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from nbtrack.records import RunError

_PACKAGE_FOLDER = str(Path(__file__).parent.parent)
_MAX_TRACEBACK_CHARS = 20_000


def describe_error(error: BaseException) -> RunError:
    """Put an exception into words, with the traceback of the user's frames only.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    RunError
    """
    try:
        message = str(error)
    except Exception as broken:  # noqa: BLE001 - the user's __str__ may raise anything
        message = f"(its message cannot be read: {type(broken).__name__})"
    trace = first_user_frame(error)
    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception:  # noqa: BLE001 - as above
        text = "".join(traceback.format_tb(trace))
    if len(text) > _MAX_TRACEBACK_CHARS:
        half = _MAX_TRACEBACK_CHARS // 2
        text = f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
    return RunError(type(error).__name__, message, text)


def first_user_frame(error: BaseException) -> TracebackType | None:
    """Return an exception's traceback from the first frame on that is neither IPython's nor ours.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    traceback or None
    """
    trace = error.__traceback__
    while trace is not None and _is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_machinery(file: str) -> bool:
    return file.startswith(_PACKAGE_FOLDER) or "/IPython/" in file.replace("\\", "/")
