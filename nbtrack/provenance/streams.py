"""The process's global random generators, as variables that cells seed, read and move on.

A stream is named like a call, so that no name of the notebook can be one: ``random()``, ``numpy()``, ``torch()``.
"""

from __future__ import annotations

import ctypes
import random
import re
import sys
from collections.abc import Iterable
from typing import Any

from nbtrack.provenance.paths import NamePath

RANDOM, NUMPY, TORCH = "random()", "numpy()", "torch()"
# Where a Mersenne Twister stands that NumPy has started from the system's entropy.
_START = 623
STREAMS = (RANDOM, NUMPY, TORCH)
_MT19937_BYTES = 625 * 4
_TITLES = {RANDOM: "Python's random", NUMPY: "NumPy's global generator", TORCH: "PyTorch's global generator"}
_SEEDING = frozenset(
    "seed manual_seed manual_seed_all seed_everything set_seed set_random_seed seed_all setstate set_state "
    "set_rng_state fix_seed set_all_seeds".split()
)
EVERYTHING = frozenset("seed_everything set_seed set_random_seed seed_all fix_seed set_all_seeds".split())
_SEEDING_WORDS = re.compile(r"\b(?:" + "|".join(sorted(_SEEDING)) + r")\b")
# Attributes of the modules that draw nothing from the global generators.
_QUIET = frozenset(
    "default_rng Generator RandomState SeedSequence PCG64 MT19937 Philox SFC64 PCG64DXSM BitGenerator get_state "
    "getstate Random SystemRandom mtrand bit_generator initial_seed get_rng_state".split()
)
_DRAWING_MODULES = {"random": RANDOM, "np.random": NUMPY, "numpy.random": NUMPY, "npr": NUMPY}
_TORCH_DRAWS = frozenset("rand randn randint randperm normal bernoulli multinomial rand_like randn_like".split())


def title(stream: str) -> str:
    """Return what a stream is called in a sentence."""
    return _TITLES.get(stream, stream)


def state_digests() -> dict[str, str]:
    """Return digests of the present states of the streams of imported libraries; reading changes none.

    Returns
    -------
    dict of str to str
    """
    found = {RANDOM: hash(random.getstate()).__format__("x")}
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        found[NUMPY] = _short(_numpy_state(numpy_random))
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "default_generator"):
        found[TORCH] = _short(torch.default_generator.get_state().numpy().tobytes())
    return found


def _numpy_state(numpy_random: Any) -> bytes:
    generator = numpy_random.mtrand._rand._bit_generator  # noqa: SLF001 - get_state() makes a copy
    if type(generator) is numpy_random.MT19937:
        # 624 words and the position among them; to have NumPy make an array of them takes a hundred times as long.
        return ctypes.string_at(generator.ctypes.state_address, _MT19937_BYTES)
    state = generator.state
    inner = state["state"]
    key = inner.get("key")
    return repr((inner.get("pos"), inner if key is None else "")).encode() + (b"" if key is None else key.tobytes())


def _short(data: bytes) -> str:
    # hashlib lets other threads run meanwhile, and waits for its turn behind them.
    return f"{hash(data):x}"


def is_untouched(stream: str) -> bool:
    """Tell whether nobody can have drawn from a stream since its library was loaded; True where that cannot be told."""
    numpy_random = sys.modules.get("numpy.random")
    if stream != NUMPY or numpy_random is None:
        return True
    state = numpy_random.mtrand._rand._bit_generator.state["state"]  # noqa: SLF001 - as above
    return bool(state.get("pos", _START) == _START)


def may_seed(source: str) -> bool:
    """Tell whether a source mentions anything that seeds; most do not, and need no closer look."""
    return _SEEDING_WORDS.search(source) is not None


def seeded_by(paths: Iterable[NamePath]) -> set[str]:
    """Return the streams that code seeds, by the paths that it reads.

    Parameters
    ----------
    paths : iterable of tuple

    Returns
    -------
    set of str

    Examples
    --------
    >>> seeded_by([("np", "random", "seed")])
    {'numpy()'}
    """
    found: set[str] = set()
    for path in paths:
        steps = [step for step in path if isinstance(step, str)]
        if steps[-1] not in _SEEDING:
            continue
        home = ".".join(steps[:-1])
        if home in _DRAWING_MODULES:
            found.add(_DRAWING_MODULES[home])
        elif home.startswith("torch"):
            found.add(TORCH)
        elif steps[-1] in EVERYTHING:
            found |= set(STREAMS)
        elif len(steps) == 1 and steps[0] == "seed":
            found |= {RANDOM, NUMPY}
        elif steps[-1] == "manual_seed" and len(steps) == 1:
            found.add(TORCH)
    return found


def drawn_by(paths: Iterable[NamePath]) -> set[str]:
    """Return the streams that code draws from for sure, by the paths that it reads.

    Parameters
    ----------
    paths : iterable of tuple

    Returns
    -------
    set of str

    Examples
    --------
    >>> drawn_by([("np", "random", "rand"), ("random", "seed")])
    {'numpy()'}
    """
    found: set[str] = set()
    for path in paths:
        steps = [step for step in path if isinstance(step, str)]
        for length in range(1, len(steps)):
            stream = _DRAWING_MODULES.get(".".join(steps[:length]))
            if stream is not None and steps[length] not in _SEEDING | _QUIET:
                found.add(stream)
        if steps[0] == "torch" and len(steps) == 2 and steps[1] in _TORCH_DRAWS:
            found.add(TORCH)
    return found
