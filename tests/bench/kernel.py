"""A real IPython kernel with nbtrack's environment and a store of its own."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from common import environment


class Kernel:
    """A kernel in ``folder``; :meth:`run` gives what a front end would wait for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        from jupyter_client.manager import start_new_kernel

        variables = {**environment(self.folder), "NBTRACK_STORE": str(self.folder / "store")}
        self._log = (self.folder / "kernel.log").open("w")
        self.manager, self.client = start_new_kernel(
            kernel_name="python3", env=variables, cwd=str(self.folder), stderr=self._log
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()
        self._log.close()

    def run(self, code: str, timeout_s: float = 120.0) -> list[str]:
        """Run a cell; return the text of its outputs once the kernel is idle again, so its cards are out too."""
        message = self.client.execute(code)
        outputs: list[str] = []
        end = time.monotonic() + timeout_s
        while True:
            seen = self.client.get_iopub_msg(timeout=end - time.monotonic())
            if seen["parent_header"].get("msg_id") != message:
                continue
            kind, content = seen["msg_type"], seen["content"]
            if kind == "status" and content["execution_state"] == "idle":
                self.client.get_shell_msg(timeout=end - time.monotonic())
                return outputs
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if kind == "stream":
                outputs.append(content["text"])
            elif kind in ("display_data", "execute_result", "update_display_data"):
                outputs.append(content["data"].get("text/plain", ""))
