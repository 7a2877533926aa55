"""Seeding every random number generator that the process has loaded."""

from __future__ import annotations

import importlib
import os
import random
import sys

from nbtrack.errors import InputError

_MAX_SEED = 2**32 - 1


def check_seed(seed: object) -> int:
    """Return a seed that every generator accepts, or say why it is none.

    Parameters
    ----------
    seed : int
        0 to 4294967295, the range that NumPy's global generator takes.

    Returns
    -------
    int

    Raises
    ------
    InputError
        It is no whole number in the range.

    Examples
    --------
    >>> check_seed(42)
    42
    """
    try:
        number = int(seed) if isinstance(seed, str) else seed.__index__()  # type: ignore[attr-defined]
    except (AttributeError, TypeError, ValueError):
        number = -1
    if 0 <= number <= _MAX_SEED:
        return int(number)
    raise InputError(f"seed is {seed!r}; accepted: a whole number from 0 to {_MAX_SEED}, as --seed 42.")


def seed_everything(seed: int) -> int:
    """Seed ``random``, NumPy's global generator, and those of PyTorch and TensorFlow where they are imported.

    JAX has no global generator: pass
    ``jax.random.key(seed)`` yourself.

    Parameters
    ----------
    seed : int
        0 to 4294967295.

    Returns
    -------
    int
        The seed.

    Raises
    ------
    InputError
        The seed is out of range.

    Examples
    --------
    >>> import random
    >>> _ = seed_everything(7); a = random.random()
    >>> _ = seed_everything(7); a == random.random()
    True
    """
    seed = check_seed(seed)
    random.seed(seed)
    # Read by interpreters started from here (worker processes); this one's string hashing is already fixed.
    os.environ["PYTHONHASHSEED"] = str(seed)
    # Imported if need be: a cell that imports NumPy itself must not draw from an unseeded generator.
    importlib.import_module("numpy.random").seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        tensorflow.random.set_seed(seed)
    return seed
