"""The states of the global random number generators: read at the start of every run, and put back for a replay.

Only generators that the process has loaded are read, and reading draws nothing. A state is written as few bytes that
are the same in every process, so that equal states are kept once.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import random
import struct
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nbtrack.capture.sent import Sent
from nbtrack.errors import InputError
from nbtrack.provenance.objects import own_attributes

if TYPE_CHECKING:
    from nbtrack.capture.state import RunState

# A Mersenne Twister: 624 words, the place in them, and the normal number that it has in hand, if it has one.
_WORDS = struct.Struct("<624I")
_REST = struct.Struct("<H?d")
_TWISTER, _OTHER = b"MT", b"JS"

# The user's module may be patched, or replaced by a file of that name.
_read_random, _write_random = random.getstate, random.setstate
_sent = Sent()


def states() -> dict[str, bytes]:
    """Read the state of every global generator that is loaded.

    Returns
    -------
    dict of str to bytes
        By stream: ``random``, ``numpy`` (its legacy global generator), ``torch`` (the one of the CPU). A stream is
        left out whose library is not imported, or does not tell.

    Examples
    --------
    >>> import random
    >>> before = states()["random"]
    >>> drawn = random.random()
    >>> restore("random", before)
    >>> drawn == random.random()
    True
    """
    found = {}
    for stream, (read, _) in _STREAMS.items():
        try:
            state = read()
        except Exception:  # noqa: BLE001, S112 - half imported, replaced or broken: it has no state to tell
            continue
        if state is not None:
            found[stream] = state
    return found


def restore(stream: str, state: bytes) -> None:
    """Put a generator back into a state.

    Parameters
    ----------
    stream : str
        ``random``, ``numpy`` or ``torch``; the library is imported if need be.
    state : bytes
        As :func:`states` gave it.

    Raises
    ------
    InputError
        There is no such stream, or it is no state of it.
    """
    if stream not in _STREAMS:
        raise InputError(f"generator {stream!r} is not known; accepted: {', '.join(_STREAMS)}.")
    try:
        _STREAMS[stream][1](state)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, struct.error) as error:
        raise InputError(f"these {len(state)} bytes are no state of generator {stream!r}: {error}.") from error


def digest(state: bytes) -> str:
    """Return the hash that a state is stored under.

    Parameters
    ----------
    state : bytes

    Returns
    -------
    str
        SHA-256 in hex.
    """
    return hashlib.sha256(state).hexdigest()


def record(run: RunState) -> dict[str, str]:
    """Record at which states of the generators a run starts.

    Parameters
    ----------
    run : RunState
        Has said to its store that it started.

    Returns
    -------
    dict of str to str
        The states' hashes, by stream.
    """
    streams = {}
    for stream, state in states().items():
        streams[stream] = digest(state)
        _sent.send(run.store, stream + streams[stream], partial(_event, stream, streams[stream], state))
    if streams:
        run.store.append_event({"t": "generators", "run": run.run_id, "streams": streams})
    return streams


def _event(stream: str, digest: str, state: bytes) -> dict[str, str]:
    return {
        "t": "generator_state",
        "hash": digest,
        "stream": stream,
        "state": base64.b64encode(state).decode("ascii"),
    }


# --- random -----------------------------------------------------------------------------------------------------


def _random_state() -> bytes:
    version, words, normal = _read_random()
    if version != 3 or len(words) != 625:
        return _OTHER + json.dumps([version, words, normal], separators=(",", ":")).encode("ascii")
    return _twister(_WORDS.pack(*words[:-1]), words[-1], normal is not None, normal or 0.0)


def _restore_random(state: bytes) -> None:
    if state[:2] == _TWISTER:
        words, place, has_normal, normal = _untwisted(state)
        _write_random((3, (*_WORDS.unpack(words), place), normal if has_normal else None))
    else:
        version, told, normal = json.loads(state[2:])
        _write_random((version, tuple(told), normal))


# --- NumPy ------------------------------------------------------------------------------------------------------


def _numpy_state() -> bytes | None:
    generator = own_attributes(sys.modules.get("numpy.random.mtrand")).get("_rand")
    if generator is None:
        return None
    state = generator.get_state(legacy=False)
    if state["bit_generator"] == "MT19937":
        inner = state["state"]
        words = inner["key"].astype("<u4", copy=False).tobytes()
        return _twister(words, int(inner["pos"]), bool(state["has_gauss"]), float(state["gauss"]))
    told = json.dumps(state, sort_keys=True, separators=(",", ":"), default=lambda array: array.tolist())
    return _OTHER + told.encode("ascii")


def _restore_numpy(state: bytes) -> None:
    numpy = importlib.import_module("numpy")
    if state[:2] == _TWISTER:
        words, place, has_normal, normal = _untwisted(state)
        key = numpy.frombuffer(words, "<u4").astype(numpy.uint32)
        told: Mapping[str, Any] = {
            "bit_generator": "MT19937",
            "state": {"key": key, "pos": place},
            "has_gauss": int(has_normal),
            "gauss": normal,
        }
    else:
        told = json.loads(state[2:])
    name = told["bit_generator"]
    if numpy.random.get_bit_generator().state["bit_generator"] != name:
        numpy.random.set_bit_generator(getattr(numpy.random, name)())
    numpy.random.set_state(told)


# --- PyTorch ----------------------------------------------------------------------------------------------------


def _torch_state() -> bytes | None:
    read = own_attributes(sys.modules.get("torch")).get("get_rng_state")
    return None if read is None else bytes(read().numpy().tobytes())


def _restore_torch(state: bytes) -> None:
    torch = importlib.import_module("torch")
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


# --- one form for both Mersenne Twisters ------------------------------------------------------------------------


def _twister(words: bytes, place: int, has_normal: bool, normal: float) -> bytes:
    return _TWISTER + words + _REST.pack(place, has_normal, normal if has_normal else 0.0)


def _untwisted(state: bytes) -> tuple[bytes, int, bool, float]:
    if len(state) != 2 + _WORDS.size + _REST.size:
        raise ValueError("they are too few or too many")
    return (state[2 : 2 + _WORDS.size], *_REST.unpack(state[2 + _WORDS.size :]))


_STREAMS: dict[str, tuple[Callable[[], bytes | None], Callable[[bytes], None]]] = {
    "random": (_random_state, _restore_random),
    "numpy": (_numpy_state, _restore_numpy),
    "torch": (_torch_state, _restore_torch),
}
