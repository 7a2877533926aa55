"""Real kernels, as many side by side as tests want: spoken to through files, since of free ports two may take the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from nbtrack.kernels import transport


def start(**options: Any) -> tuple[KernelManager, BlockingKernelClient]:
    """Start an ipykernel of this Python and wait until it answers; options are ``KernelManager.start_kernel``'s."""
    folder = Path(tempfile.mkdtemp(prefix="nbt-"))
    spoken = transport(folder / "kernel")
    manager = KernelManager(kernel_name="python3", connection_file=str(folder / "connection.json"), **spoken)
    manager.start_kernel(**options)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=240)
    except BaseException:
        end(manager, client)
        raise
    return manager, client


def end(manager: KernelManager, client: BlockingKernelClient) -> None:
    """Kill a kernel."""
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    shutil.rmtree(Path(manager.connection_file).parent, ignore_errors=True)
