"""NumPy's arrays in files: what their first bytes say, for nothing of them is loaded."""

from __future__ import annotations

import ast

from nbtrack.widgets.previews.content import UnreadableError
from nbtrack.widgets.text import clean, cut

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000


def array_words(head: bytes) -> str:
    """Return what array a file holds, as ``NumPy array of float32, 1,000 × 20``; empty where it is none.

    Parameters
    ----------
    head : bytes
        The beginning of the file.

    Returns
    -------
    str

    Raises
    ------
    UnreadableError
        It begins as an array and does not go on as one.
    """
    if not head.startswith(_MAGIC):
        return ""
    try:
        wide = 2 if head[6] == 1 else 4
        length = int.from_bytes(head[8 : 8 + wide], "little")
        if length > _LONGEST_HEADER:
            raise ValueError(length)
        # Literals alone are read: names and calls are refused.
        facts = ast.literal_eval(head[8 + wide : 8 + wide + length].decode("latin-1").strip())
        shape, kind = facts["shape"], facts["descr"]
        measures = " × ".join(f"{int(part):,}" for part in shape) or "one value"
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError, RecursionError, MemoryError):
        raise UnreadableError("The NumPy array is broken: its header cannot be read.") from None
    name = _KINDS.get(kind.lstrip("<>|="), kind) if isinstance(kind, str) else "records"
    return f"NumPy array of {cut(clean(name), 30)}, {measures}"


_KINDS = {
    "f2": "float16", "f4": "float32", "f8": "float64", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "b1": "bool", "c8": "complex64", "c16": "complex128",
    "O": "objects",
}  # fmt: skip
