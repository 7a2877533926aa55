"""How the kernels that nbtrack starts are spoken to."""

from __future__ import annotations

import os
from pathlib import Path

# The system allows about a hundred; jupyter_client adds a number.
_MAX_SOCKET_BYTES = 90


def transport(socket: Path) -> dict[str, str]:
    """Return how to speak to a kernel: through files where that can be.

    The free ports that ``jupyter_client`` chooses are free until the kernel listens, most of a second later. Of kernels
    that start side by side, one in some hundreds finds a port taken, and dies.

    Parameters
    ----------
    socket : Path
        What the files' names are to begin with, in a folder of this kernel's own.

    Returns
    -------
    dict of str to str
        Settings of a ``KernelManager``; none where it has to be ports.
    """
    if os.name != "posix" or len(os.fsencode(socket)) > _MAX_SOCKET_BYTES:
        return {}
    return {"transport": "ipc", "ip": str(socket)}
