"""Which processes hold a lock, as far as the system tells."""

from __future__ import annotations

import json
import os
from pathlib import Path

_LOCKS = Path("/proc/locks")


def flock_holders(file: Path) -> list[int]:
    """Return the processes that hold an ``flock`` on a file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    list of int
        Process ids; empty where nobody does, or where the system does not say (all but Linux).
    """
    try:
        status = file.stat()
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    found = set()
    for line in lines:
        # As "1: FLOCK  ADVISORY  WRITE 1310 fe:00:2419847 0 EOF"; one that waits has "->" in second place.
        fields = line.split()
        if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5] == place and int(fields[4]) > 0:
            found.add(int(fields[4]))
    return sorted(found)


def owner_of(file: Path) -> str:
    """Return the process that an owner file names, in words; empty without one.

    Parameters
    ----------
    file : Path

    Returns
    -------
    str
    """
    try:
        owner = json.loads(file.read_text(encoding="utf-8"))
        return f"process {int(owner['pid'])} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
