"""IPython's magics as they look once they are calls, and which of them a script can do without."""

from __future__ import annotations

import ast
from dataclasses import dataclass

_LINE, _CELL = "run_line_magic", "run_cell_magic"
# They set up how things are shown or looked up and change no value.
_HARMLESS = frozenset({"matplotlib", "config", "autoreload", "nbtrack", "precision", "colors", "xmode"})
_HARMLESS_EXTENSIONS = frozenset({"nbtrack", "autoreload", "tensorboard", "line_profiler", "memory_profiler"})
# Nothing that a script has needs them, or they would change the environment that it runs in.
_NOTEBOOK_ONLY = _HARMLESS | frozenset(
    "pip conda mamba micromamba uv load_ext reload_ext unload_ext who whos who_ls pdoc pinfo pinfo2 psource pfile "
    "pdef history lsmagic quickref tensorboard html HTML latex markdown javascript js svg SVG".split()
)
# They run their text as the notebook's own code and only measure or hide what it shows.
_AROUND = frozenset({"time", "prun"})


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic that is a statement by itself.

    Attributes
    ----------
    name, line : str
        ``time`` and what follows on its line.
    body : str or None
        Of a cell magic, the lines below.
    """

    name: str
    line: str
    body: str | None = None

    @property
    def typed(self) -> str:
        """The first line as it was typed."""
        return f"{'%' if self.body is None else '%%'}{self.name} {self.line}".rstrip()


def magic_of(node: ast.stmt) -> Magic | None:
    """Return the magic that a statement is, or None.

    Parameters
    ----------
    node : ast.stmt
        Of code with its magics turned into calls.

    Returns
    -------
    Magic or None

    Examples
    --------
    >>> magic_of(ast.parse("get_ipython().run_line_magic('matplotlib', 'inline')").body[0]).typed
    '%matplotlib inline'
    """
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=kind), args=arguments
            )
        ) if kind in (_LINE, _CELL):
            texts = [item.value for item in arguments if isinstance(item, ast.Constant)]
            if len(texts) == len(arguments) == (2 if kind == _LINE else 3) and all(isinstance(x, str) for x in texts):
                return Magic(*(str(text) for text in texts))
    return None


def is_harmless(magic: Magic) -> bool:
    """Tell whether a magic neither binds nor changes anything that code can see."""
    if magic.name in ("load_ext", "reload_ext"):
        return magic.line.strip() in _HARMLESS_EXTENSIONS
    return magic.name in _HARMLESS and magic.body is None


def is_notebook_only(magic: Magic) -> bool:
    """Tell whether a script can do without a magic."""
    return magic.name in _NOTEBOOK_ONLY


def code_within(magic: Magic) -> str | None:
    """Return the code that a magic only runs, to time it or to hide its output; None for any other magic."""
    if magic.name in _AROUND and magic.body is None and not magic.line.startswith("-"):
        return magic.line or None
    if magic.body is not None and (magic.name in _AROUND or (magic.name == "capture" and _keeps_nothing(magic.line))):
        return magic.body if magic.name != "time" or not magic.line.strip() else None
    return None


def _keeps_nothing(line: str) -> bool:
    return all(word.startswith("--") for word in line.split())
