"""The sections of a plan as a notebook."""

from __future__ import annotations

import sys
from typing import Any

from nbtrack.errors import MissingDependencyError
from nbtrack.replay.exporting.plan import Plan, Section


def notebook_text(plan: Plan) -> str:
    """Return a plan as the text of a notebook file.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str

    Raises
    ------
    MissingDependencyError
        nbformat is not installed.
    """
    try:
        import nbformat
    except ImportError as error:
        raise MissingDependencyError("a notebook needs nbformat: pip install 'nbtrack[replay]'.") from error
    cells = [_markdown(nbformat, "about", f"# {_plain(plan.title)}\n\n" + "\n\n".join(map(_plain, plan.about)))]
    for number, section in enumerate(plan.sections, start=1):
        cells.append(_markdown(nbformat, f"heading-{number}", f"**{_plain(section.title)}**"))
        cells.append(_code(nbformat, f"code-{number}", section))
    version = ".".join(map(str, sys.version_info[:3]))
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "version": version, "file_extension": ".py", "mimetype": "text/x-python"},
    }
    document = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(document)
    text: str = nbformat.writes(document)
    return text + "\n"


def _markdown(nbformat: Any, name: str, source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source, id=name)


def _code(nbformat: Any, name: str, section: Section) -> Any:
    tags = ["parameters"] if section.kind == "parameters" else ["raises-exception"] if section.raises else []
    return nbformat.v4.new_code_cell(section.source, id=name, metadata={"tags": tags} if tags else {})


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join("\\" + char if char in "\\`*_<>#$|~" else char for char in text).replace("](", "]\\(")
