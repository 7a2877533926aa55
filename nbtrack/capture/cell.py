"""Reading a ``%%track`` cell: its line, its body, and what the body's code binds and reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nbtrack.capture.options import TrackOptions, check_names, parse_track_line
from nbtrack.provenance.cellcode import CellCode, analyse

_TRACK_LINE = re.compile(r"%%track(?:[ \t]+(?P<line>[^\n]*))?\r?\n?\Z")
# Cell magics that run their body in the notebook's namespace: what they bind is what the cell binds.
_TRANSPARENT = re.compile(r"%%(?:time|capture|prun)\b[^\n]*\n")


@dataclass(frozen=True, slots=True)
class TrackedCell:
    """A cell that starts with ``%%track``.

    Attributes
    ----------
    options : TrackOptions
    body : str
        The cell below its first line.
    code : CellCode or None
        What the body binds and reads; None where that cannot be told.
    source : str
        The body as Python.
    broken : bool
        The body is no Python: it will not run at all.
    """

    options: TrackOptions
    body: str
    code: CellCode | None
    source: str = ""
    broken: bool = False


def split_cell(lines: list[str]) -> tuple[str, str] | None:
    r"""Split a cell's lines into the text after ``%%track`` and the body.

    Parameters
    ----------
    lines : list of str
        With their line ends.

    Returns
    -------
    (str, str) or None
        None where the cell does not start with ``%%track``, or has nothing below it.

    Examples
    --------
    >>> split_cell(["%%track baseline\n", "C = 1"])
    ('baseline', 'C = 1')
    """
    match = _TRACK_LINE.match(lines[0]) if lines else None
    # IPython ends every cell with a line break; the front end does not send one.
    body = "".join(lines[1:]).rstrip("\n")
    if match is None or not body.strip():
        return None
    return match["line"] or "", body


def read_cell(line: str, body: str, shell: Any) -> TrackedCell:
    """Read the options and the code of a tracked cell.

    Parameters
    ----------
    line : str
        The text after ``%%track``.
    body : str
    shell : IPython.core.interactiveshell.InteractiveShell
        Turns magics and ``!commands`` of the body into Python.

    Returns
    -------
    TrackedCell

    Raises
    ------
    OptionError
        An option is unknown, has a bad value, or names what the cell never binds or reads.
    """
    options = parse_track_line(line)
    try:
        source = _as_python(body, shell)
        code = analyse(source)
    except SyntaxError:
        return TrackedCell(options, body, None, broken=True)
    except (ValueError, RecursionError):
        # Null bytes, or nesting beyond the parser: IPython will have its own say.
        return TrackedCell(options, body, None)
    if not code.opaque:
        check_names(options, code.binds | frozenset(code.reads))
    return TrackedCell(options, body, code, source)


def _as_python(body: str, shell: Any) -> str:
    """Turn magics and shell commands into Python; a cell magic that runs its body here is left out."""
    text = body
    while (match := _TRANSPARENT.match(text)) is not None:
        text = text[match.end() :]
    found: str = shell.input_transformer_manager.transform_cell(text)
    return found
