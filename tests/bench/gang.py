"""Several processes that begin at one word: ready, go, done."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import command, environment, report, result_in


class Gang:
    """Start one process per set of arguments; each calls :func:`wait_for_go` once it is warm."""

    def __init__(self, script: str, workload: str, tracker: str, folder: Path, arguments: list[dict[str, Any]]) -> None:
        self._processes = [
            subprocess.Popen(
                command(script, workload, tracker, folder, **given), env=environment(folder), cwd=folder, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / f"gang-{number}.log").open("w"),
            )
            for number, given in enumerate(arguments)
        ]  # fmt: skip
        self._logs = [folder / f"gang-{number}.log" for number in range(len(arguments))]

    def go(self) -> float:
        """Wait until all are ready, let them go, and return the time of day."""
        for process, log in zip(self._processes, self._logs, strict=True):
            while (line := process.stdout.readline()) and "gang-ready" not in line:
                pass
            if not line:
                self.stop()
                raise RuntimeError(f"a process did not get ready:\n{log.read_text()[-3000:]}")
        for process in self._processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return time.time()

    def results(self, timeout_s: float = 300.0) -> list[Any]:
        """Wait for all and return what they reported."""
        outputs = [process.communicate(timeout=timeout_s)[0] for process in self._processes]
        for process, log in zip(self._processes, self._logs, strict=True):
            if process.returncode:
                raise RuntimeError(f"a process failed:\n{log.read_text()[-3000:]}")
        return [result_in(output) for output in outputs]

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


def wait_for_go() -> None:
    """In a member: say ready, and wait."""
    report("gang-ready")
    sys.stdin.readline()
