"""The table's JavaScript and style sheet, from the files beside this one.

The modules import one another, as a browser or Node can load them. A front end is given a single module, so they are
put one after the other, without the words that connect them; and since every table carries it along, it is packed.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import lru_cache
from importlib.resources import files

MODULES = (
    "format", "columns", "filters", "link", "data", "local", "paged", "dom", "cells", "grid", "header", "keys", "menus",
    "panes", "table", "doings", "main",
)  # fmt: skip
"""Names of the JavaScript files, each behind those that it imports."""

_IMPORT = re.compile(r"^import\b[^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)


_LOADER = """
const bytes = Uint8Array.from(atob("PACKED"), (char) => char.charCodeAt(0));
const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
const address = URL.createObjectURL(new Blob([await new Response(unpacked).text()], { type: "text/javascript" }));
const loaded = await import(address);
URL.revokeObjectURL(address);
export default loaded.default;
"""


@lru_cache(maxsize=1)
def module() -> str:
    """Return the ES module that a front end is given: one that unpacks :func:`script`.

    Returns
    -------
    str
    """
    packed = base64.b64encode(zlib.compress(script().encode(), 9)).decode()
    return _LOADER.replace("PACKED", packed)


def script() -> str:
    """Return the table's code as one ES module, its style sheet as the constant ``STYLE``.

    Returns
    -------
    str
    """
    folder = files(__package__)
    texts = (folder.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    return f"const STYLE = {json.dumps(style())};\n" + "".join(
        _slim(_EXPORT.sub("", _IMPORT.sub("", text))) for text in texts
    )


def style() -> str:
    """Return the table's style sheet.

    Returns
    -------
    str
    """
    return _INDENT.sub("", files(__package__).joinpath("runtable.css").read_text(encoding="utf-8"))


def _slim(text: str) -> str:
    """Leave out what only people read: every table in a notebook carries the script."""
    return _INDENT.sub("", _COMMENT.sub("", text))
