"""What paths are called in the store: a replay's cells see a mirror of the user's folders."""

from __future__ import annotations

from collections.abc import Callable

_original: Callable[[str], str] | None = None


def record_as(original: Callable[[str], str]) -> None:
    """Have paths recorded as what a function returns for them.

    Parameters
    ----------
    original : callable
        Takes and returns a path.
    """
    global _original  # noqa: PLW0603 - one for the process: a replay's kernel
    _original = original


def recorded_path(path: str) -> str:
    """Return what a path is recorded as."""
    return path if _original is None else _original(path)


def recorded_name(name: str) -> str:
    """Return what a variable is recorded as: a file (``file:/data/x.csv``) by its path."""
    return f"file:{recorded_path(name[5:])}" if name.startswith("file:") else name
