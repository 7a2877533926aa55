"""Which notebook or script this process runs, as far as the process can know."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

DEFAULT_EXPERIMENT = "Default"
# Variables of the notebook, where papermill was started with --inject-paths.
_PAPERMILL_INPUT, _PAPERMILL_OUTPUT = "PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH"


def notebook_path(namespace: Mapping[str, Any] | None = None) -> str | None:
    """Return the path of the notebook that this kernel belongs to.

    Jupyter Server and VS Code name the notebook at kernel start only: after a rename the answer is the old name.

    Parameters
    ----------
    namespace : mapping, optional
        The user namespace of the shell, where VS Code and papermill leave their answers; default ``__main__``'s, which
        a kernel's is.

    Returns
    -------
    str or None
        None where no front end says so (nbclient, a plain console).

    Examples
    --------
    >>> notebook_path({"__vsc_ipynb_file__": "/home/ada/train.ipynb"})
    '/home/ada/train.ipynb'
    """
    names = _names_of_main() if namespace is None else namespace
    return _of_front_end(names) or _text(names.get(_PAPERMILL_INPUT))


def document_path(namespace: Mapping[str, Any] | None = None) -> str | None:
    """Return the path of the file that has the cells which this kernel runs.

    It is :func:`notebook_path`, but for papermill, which writes the cells that it runs, the one with the parameters
    among them, to another notebook; None where it was told to say only which one it has read.

    Parameters
    ----------
    namespace : mapping, optional
        The user namespace of the shell.

    Returns
    -------
    str or None

    Examples
    --------
    >>> document_path({"PAPERMILL_INPUT_PATH": "train.ipynb", "PAPERMILL_OUTPUT_PATH": "out/train-7.ipynb"})
    'out/train-7.ipynb'
    """
    names = _names_of_main() if namespace is None else namespace
    return _of_front_end(names) or _text(names.get(_PAPERMILL_OUTPUT))


def _of_front_end(names: Mapping[str, Any]) -> str | None:
    found = _text(names.get("__vsc_ipynb_file__") or names.get("__session__") or os.environ.get("JPY_SESSION_NAME"))
    if found is not None and found.startswith(("file:", "vscode-notebook-cell:")):
        return unquote(urlparse(found).path)
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _names_of_main() -> Mapping[str, Any]:
    return vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}


def script_path() -> str | None:
    """Return the path of the running script, or None in an interactive session.

    Returns
    -------
    str or None
        ``__main__``'s file; a package run with ``python -m`` gives the package's folder.

    Examples
    --------
    >>> script_path()  # doctest: +SKIP
    '/home/ada/train.py'
    """
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not file or hasattr(sys, "ps1"):
        return None
    path = Path(file)
    if path.name == "ipykernel_launcher.py" or "ipykernel" in path.parts[-2:-1]:
        return None
    return str(path.parent if path.name == "__main__.py" else path)


def source_name(namespace: Mapping[str, Any] | None = None, code_file: str | None = None) -> str | None:
    """Return the notebook's or script's path: what a run gives as its source.

    Parameters
    ----------
    namespace : mapping, optional
        The user namespace of the shell.
    code_file : str, optional
        File of the function that runs; it decides in worker processes, whose ``__main__`` is the pool's.

    Returns
    -------
    str or None

    Examples
    --------
    >>> source_name({"__vsc_ipynb_file__": "train.ipynb"})
    'train.ipynb'
    """
    found = notebook_path(namespace)
    if found is None and code_file and Path(code_file).is_file() and not _is_kernel_file(code_file):
        found = code_file
    return found or script_path()


def _is_kernel_file(name: str) -> bool:
    """IPython 8 and later compile cells under a temporary ``ipykernel_…`` file name."""
    return "ipykernel_" in name


def default_experiment(namespace: Mapping[str, Any] | None = None, code_file: str | None = None) -> str:
    """Return the experiment's name when nobody set one: the notebook's or script's name without its suffix.

    Parameters
    ----------
    namespace, code_file
        As for :func:`source_name`.

    Returns
    -------
    str
        ``Default`` where there is neither notebook nor script.

    Examples
    --------
    >>> default_experiment({"__vsc_ipynb_file__": "/home/ada/train.ipynb"})
    'train'
    """
    name = source_name(namespace, code_file)
    stem = Path(name).stem if name else ""
    return stem if stem and not stem.startswith("<") else DEFAULT_EXPERIMENT
