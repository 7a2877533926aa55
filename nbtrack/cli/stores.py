"""Which store a command works on."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from nbtrack.config import STORE_FOLDER, configure, find_store_root
from nbtrack.errors import StoreError
from nbtrack.store.layout import Layout
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store


def chosen_root(found: Namespace) -> Path:
    """Return the folder of the store that was named, or else found.

    ``--store`` may name the store, the folder that it is in, or its database file.

    Parameters
    ----------
    found : argparse.Namespace
        The command line; its ``store`` is a path or None.

    Returns
    -------
    Path
        It may not exist.
    """
    if found.store is None:
        return find_store_root()
    root = Path(found.store).expanduser().absolute()
    if root.is_file() and root == Layout(root.parent).database:
        root = root.parent
    elif not is_store(root) and is_store(root / STORE_FOLDER):
        root /= STORE_FOLDER
    configure(store=str(root))
    return root


def is_store(root: Path) -> bool:
    """Tell whether there is a store in this folder."""
    return Layout(root).database.is_file() or Layout(root).journals.is_dir()


def existing_store(found: Namespace) -> Store:
    """Return the store that was named, or else found; looking never makes a new one.

    Parameters
    ----------
    found : argparse.Namespace

    Returns
    -------
    Store

    Raises
    ------
    StoreError
        There is no store.
    """
    root = chosen_root(found)
    if not is_store(root):
        raise StoreError(
            f"there is no store at {root}. Go to the folder of your notebooks, or name one: --store PATH. "
            "The first tracked cell makes one; nbtrack demo shows how."
        )
    return current_store()
