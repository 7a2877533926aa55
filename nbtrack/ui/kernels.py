"""The kernels behind the page: this very Python, started where the command was typed, without the user's history."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from nbtrack.kernels import transport

NAME = "nbtrack"


class OnlyThisPython(KernelSpecManager):
    """Knows one kernel, whatever kernels are installed under which name."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how to start it."""
        del kernel_name
        options = ["--InteractiveShellApp.ignore_cwd=True", "--HistoryManager.enabled=False", "--log-level=ERROR"]
        # A random.py beside the notebooks is not what the libraries mean: the launcher takes the folder that -m puts in
        # front away, and nothing puts it back.
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *options]
        return KernelSpec(argv=command, display_name=NAME, language="python")

    def get_all_specs(self) -> dict[str, Any]:
        """Return the one."""
        return {NAME: {"resource_dir": "", "spec": self.get_kernel_spec(NAME).to_dict()}}

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the one."""
        return {NAME: ""}


class Kernels(AsyncMappingKernelManager):
    """Starts kernels in the working directory: the page's own notebook lies in the package."""

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override] # which says nothing of being async
        """Start one; what it has to say when it is ended in the middle of something is not for the terminal."""
        started: str = await super().start_kernel(stderr=DEVNULL, **options)
        return started

    def pre_start_kernel(self, *asked: Any) -> tuple[Any, str, str]:
        """Make a kernel's manager, one that speaks to it through files where that can be."""
        manager, name, kernel_id = super().pre_start_kernel(*asked)
        for setting, value in transport(Path(manager.connection_file).with_suffix("")).items():
            setattr(manager, setting, value)
        return manager, name, kernel_id

    def cwd_for_path(self, path: str, **options: Any) -> str:
        """Return the folder that a kernel starts in."""
        del path, options
        return str(Path.cwd())
