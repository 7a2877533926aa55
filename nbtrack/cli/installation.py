"""What is installed beside nbtrack, and how this Python is called from the shell."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import nbtrack
from nbtrack.errors import MissingDependencyError
from nbtrack.store.maintenance import Finding

_SHOWN = (
    "duckdb pandas numpy ipython ipywidgets anywidget plotly tqdm ipykernel nbclient nbformat jupyterlab notebook"
).split()
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}
_AT_LEAST = re.compile(r"([A-Za-z][\w.-]*)>=(\d+(?:\.\d+)*)\s*$")


def versions() -> dict[str, str | None]:
    """Return the versions of Python, nbtrack and what it works with; None for what is not installed.

    Returns
    -------
    dict
    """
    found: dict[str, str | None] = {"python": platform.python_version(), "nbtrack": nbtrack.__version__}
    return found | {name: version_of(name) for name in _SHOWN}


def version_of(distribution: str) -> str | None:
    """Return a distribution's version, or None where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def front_ends() -> list[str]:
    """Return where notebooks can be opened on this machine, as far as can be seen.

    Returns
    -------
    list of str
    """
    found = [
        f"{title} {version}"
        for title, name in (("JupyterLab", "jupyterlab"), ("Notebook", "notebook"))
        if (version := version_of(name))
    ]
    if shutil.which("code") or os.environ.get("TERM_PROGRAM") == "vscode":
        found.append("VS Code")
    return [*found, f"IPython {version_of('ipython')} in a terminal"]


def check_installation() -> list[Finding]:
    """Look for what is missing or too old, and for a notebook kernel that runs another Python.

    Returns
    -------
    list of Finding
    """
    return [*_check_requirements(), *_check_kernel(), *_check_front_end()]


def _check_requirements() -> list[Finding]:
    try:
        required = metadata.requires("nbtrack") or []
    except metadata.PackageNotFoundError:
        folder = Path(nbtrack.__file__).parents[1]
        return [
            Finding(
                "ok", f"nbtrack is used from {folder} without being installed", f"{python()} -m pip install -e {folder}"
            )
        ]
    findings = []
    for name, least in (match.groups() for text in required if (match := _AT_LEAST.match(text))):
        present = version_of(name)
        if present is None or _numbers(present) < _numbers(least):
            state = "is not installed" if present is None else f"is {present}"
            text = f"{name} {state}; nbtrack needs {least}"
            findings.append(Finding("error", text, f"{python()} -m pip install '{name}>={least}'"))
    return findings


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's leading numbers; enough to compare releases."""
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


def _check_kernel() -> list[Finding]:
    """A kernel installed under the default's name for another Python is why notebooks find no nbtrack."""
    if importlib.util.find_spec("jupyter_client") is None:
        return []
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except (NoSuchKernel, IndexError):
        return []
    if not Path(program).is_absolute() or Path(program).parent == Path(sys.executable).parent:
        return []
    return [
        Finding(
            "warn",
            f"the notebook kernel python3 runs {program}, not this Python; nbtrack may not be there",
            f"{python()} -m ipykernel install --user --name nbtrack, and choose that kernel",
        )
    ]


def _check_front_end() -> list[Finding]:
    if len(front_ends()) > 1:
        return []
    return [Finding("ok", "no notebook front end is installed here", f"{python()} -m pip install jupyterlab")]


def require(*modules: str) -> None:
    """Refuse to begin when a library is missing that is needed later.

    Parameters
    ----------
    *modules : str
        Names to import.

    Raises
    ------
    MissingDependencyError
        It says what to install.
    """
    missing = [_DISTRIBUTIONS.get(name, name) for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. "
            f"Install with: {python()} -m pip install {' '.join(missing)}"
        )


def python() -> str:
    """Return the word that starts this Python from this shell.

    Returns
    -------
    str
        ``python`` where that is this one, else its path, relative where that is below the working directory.
    """
    for name in ("python", "python3"):
        on_path = shutil.which(name)
        if on_path and Path(on_path).absolute() == Path(sys.executable).absolute():
            return name
    return near(Path(sys.executable))


def jupyter() -> list[str]:
    """Return the words that start this Python's Jupyter from this shell.

    Returns
    -------
    list of str
    """
    beside = Path(sys.executable).with_name("jupyter")
    on_path = shutil.which("jupyter")
    if on_path and Path(on_path).absolute() == beside.absolute():
        return ["jupyter"]
    return [near(beside)] if beside.exists() else [python(), "-m", "jupyter"]


def near(file: Path) -> str:
    """Return a path relative to the working directory where it is below that, else whole."""
    file = file.absolute()
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)
