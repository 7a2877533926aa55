"""Linux's own way of taking from a process the right to write, which holds for libraries in C and for subprocesses."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
# Bits of the kernel's interface: linux/landlock.h.
_WRITE_FILE, _REMOVE_AND_MAKE, _REFER, _TRUNCATE = 1 << 1, sum(1 << bit for bit in range(4, 13)), 1 << 13, 1 << 14
_OF_FILES = _WRITE_FILE | _TRUNCATE


def forbid_writing_elsewhere(places: Iterable[str]) -> bool:
    """Let this thread, and every thread and process that it starts, write below some folders only; for good.

    Parameters
    ----------
    places : iterable of str
        Folders and files; those that do not exist are left out.

    Returns
    -------
    bool
        False where the system has nothing of the kind; nothing is forbidden then.
    """
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError, ValueError):
        return _restrict(places)
    return False


def _restrict(places: Iterable[str]) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    call = library.syscall
    call.restype = ctypes.c_long
    version = call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    # Before its second version no file could be renamed into another folder at all.
    if version < 2:
        return False
    handled = _WRITE_FILE | _REMOVE_AND_MAKE | _REFER | (_TRUNCATE if version >= 3 else 0)
    attributes = struct.pack("=Q", handled)
    rules = call(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        for place in places:
            with contextlib.suppress(OSError):
                _allow(call, rules, place, handled)
        locked: int = library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or call(_RESTRICT, rules, ctypes.c_uint32(0))
        return locked == 0
    finally:
        os.close(rules)


def _allow(call: ctypes._NamedFuncPointer, rules: int, place: str, handled: int) -> None:
    folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = handled if os.path.isdir(place) else handled & _OF_FILES  # noqa: PTH112
        call(_ADD, rules, _PATH_BENEATH, struct.pack("=Qi", rights, folder), ctypes.c_uint32(0))
    finally:
        os.close(folder)
