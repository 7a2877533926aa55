"""The sections of a plan as a script that plain Python runs."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types

from nbtrack.errors import InputError
from nbtrack.provenance.python import as_python, parse
from nbtrack.replay.exporting.names import ModuleBindings
from nbtrack.replay.exporting.plan import Plan, Section
from nbtrack.replay.magics import Magic, code_within, is_notebook_only, magic_of

_WIDTH = 100
_SHELL = """# IPython's magics and shell commands, over the names of this script.
import sys

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

InteractiveShell.instance(user_module=sys.modules[__name__], config=Config({"HistoryManager": {"enabled": False}}))
get_ipython = InteractiveShell.instance"""
_LOOP = """# The cells that await share one event loop, as in a notebook.
import asyncio

_loop = asyncio.new_event_loop()
asyncio.set_event_loop(_loop)"""
_DISPLAY = "from IPython.display import display"


def script_text(plan: Plan) -> str:
    """Return a plan as the text of a script.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str

    Raises
    ------
    InputError
        A cell cannot be put into a script.
    """
    written = [_Body(section) for section in plan.sections]
    futures, pieces = [], []
    for body in written:
        lines = body.text.split("\n")
        if body.section.kind == "imports":
            futures = [line for line in lines if line.startswith("from __future__")]
            lines = [line for line in lines if not line.startswith("from __future__")]
        if any(line.strip() for line in lines):
            pieces.append(f"# --- {_line(body.section.title)}\n\n" + "\n".join(lines).strip("\n"))
    head = [*futures]
    if "display" in plan.free:
        head.append(_DISPLAY)
    if any(body.needs_shell for body in written):
        head.append(_SHELL)
    if any(body.awaits for body in written):
        head.append(_LOOP)
    about = "\n".join(line for sentence in (plan.title, *plan.about) for line in _comment(sentence))
    text = "\n\n".join([about, *head, *pieces]) + "\n"
    if parse(text) is None:
        raise InputError("the run's code cannot be put into one script; export it as a notebook: a path in .ipynb.")
    return text


class _Body:
    """A section's code in plain Python."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.needs_shell = self.awaits = False
        self.text = section.source
        if section.kind == "cell":
            self.text = self._without_magics(section.source)
            if "get_ipython" in self.text:
                self.needs_shell = True
            if _awaits(self.text):
                self.awaits = True
                self.text = self._in_loop(self.text)
            if section.raises:
                self.text = self._in_try(self.text)

    def _without_magics(self, source: str) -> str:
        python = as_python(source)
        tree = parse(python)
        if tree is None:
            raise InputError(
                f"{self.section.title} is not Python as it stands, so a script cannot hold it; export the run as a "
                "notebook: a path in .ipynb."
            )
        lines: list[str | None] = [*python.rstrip().split("\n")]
        for node in tree.body:
            magic = magic_of(node)
            shown = None if magic is None else self._replaced(magic)
            if shown is not None and _has_lines(node, tree):
                first, last = node.lineno - 1, node.end_lineno or node.lineno
                lines[first:last] = [shown, *[None] * (last - first - 1)]
        return "\n".join(line for line in lines if line is not None)

    def _replaced(self, magic: Magic) -> str | None:
        """Return what stands in a script for a magic; None where IPython is to run it."""
        inner = code_within(magic)
        if inner is not None:
            typed = magic.typed if magic.body is not None else f"%{magic.name}"
            return f"# {typed}  (left out)\n{self._without_magics(inner.rstrip())}"
        if is_notebook_only(magic):
            body = [f"#   {line}".rstrip() for line in (magic.body or "").rstrip().split("\n") if line]
            return "\n".join([f"# {magic.typed}  (left out: for notebooks only)", *body])
        return None

    def _in_loop(self, text: str) -> str:
        tree = ast.parse(text)
        found = ModuleBindings(tree)
        annotated = any(isinstance(node, ast.AnnAssign) for node in tree.body)
        if found.star or annotated:
            what = "a star import" if found.star else "an annotated name"
            raise InputError(
                f"{self.section.title} awaits at its top level beside {what}, which a script cannot hold; export the "
                "run as a notebook: a path in .ipynb."
            )
        assert self.section.cell is not None
        name = f"_cell_{self.section.cell.execution.sequence}"
        names = sorted(found.counts)
        declared = [f"    global {', '.join(names)}"] if names else []
        body = _indented(text)
        return "\n".join([f"async def {name}():", *declared, body, "", "", f"_loop.run_until_complete({name}())"])

    def _in_try(self, text: str) -> str:
        return "\n".join(
            ["try:", _indented(text), "except Exception as _error:", '    print("raised, as it did:", repr(_error))']
        )


def _awaits(text: str) -> bool:
    """Tell whether code awaits at its top level."""
    try:
        found = compile(text, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return isinstance(found, types.CodeType) and bool(found.co_flags & inspect.CO_COROUTINE)


def _indented(text: str) -> str:
    tree = ast.parse(text)
    texts = (ast.JoinedStr, ast.Constant)
    if any(isinstance(node, texts) and node.end_lineno != node.lineno for node in ast.walk(tree)):
        # A text over several lines would get the blanks too.
        text = ast.unparse(tree)
    return textwrap.indent(text if tree.body else f"{text}\npass", "    ")


def _has_lines(node: ast.stmt, tree: ast.Module) -> bool:
    last = node.end_lineno or node.lineno
    return not any(
        other is not node and other.lineno <= last and (other.end_lineno or other.lineno) >= node.lineno
        for other in tree.body
    )


def _comment(sentence: str) -> list[str]:
    return textwrap.wrap(_line(sentence), _WIDTH, initial_indent="# ", subsequent_indent="# ") or ["#"]


def _line(text: str) -> str:
    """Return text on one line of a comment."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
