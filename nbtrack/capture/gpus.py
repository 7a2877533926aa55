"""What NVIDIA's graphics cards do, as ``nvidia-smi`` tells it; nothing is loaded for it, and nobody waits for it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time

from nbtrack.views import Gpu

_EVERY_S = 5.0
_TIMEOUT_S = 5.0
_OLD_S = 20.0
_MEBIBYTE = 1 << 20
_QUESTION = ("--query-gpu=index,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")


class GpuWatch:
    """Asks every five seconds at most, without waiting for the answer; after one failure, never again.

    Examples
    --------
    >>> GpuWatch().read()  # doctest: +SKIP
    (Gpu(number=0, percent=87.0, memory_bytes=10695475200, total_bytes=25769803776),)
    """

    def __init__(self) -> None:
        self._tool: str | None = None
        self._has_looked = False
        self._asked: subprocess.Popen[str] | None = None
        self._asked_s = self._heard_s = float("-inf")
        self._newest: tuple[Gpu, ...] = ()

    def read(self) -> tuple[Gpu, ...]:
        """Return what the latest answer said; empty before there is one, and where there are no such cards.

        Returns
        -------
        tuple of Gpu
        """
        try:
            self._look()
        except Exception:  # noqa: BLE001 - a driver that does not answer is no matter of the user's cell
            self._give_up()
        # The answer may be one that an earlier cell asked for.
        return self._newest if time.monotonic() - self._heard_s < _OLD_S else ()

    def _look(self) -> None:
        if self._asked is not None:
            self._hear(self._asked)
        elif (tool := self._find()) and time.monotonic() - self._asked_s >= _EVERY_S:
            self._asked_s = time.monotonic()
            self._asked = subprocess.Popen(
                [tool, *_QUESTION],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                # An interrupt of the kernel goes to all of its group.
                start_new_session=True,
            )

    def _find(self) -> str | None:
        if not self._has_looked:
            self._has_looked = True
            self._tool = shutil.which("nvidia-smi")
        return self._tool

    def _hear(self, asked: subprocess.Popen[str]) -> None:
        if asked.poll() is None:
            if time.monotonic() - self._asked_s > _TIMEOUT_S:
                self._give_up()
            return
        self._asked = None
        assert asked.stdout is not None
        with asked.stdout:
            answer = asked.stdout.read()
        if asked.returncode:
            self._give_up()
        else:
            self._newest, self._heard_s = gpus_in(answer), time.monotonic()

    def _give_up(self) -> None:
        self._tool, self._newest = None, ()
        asked, self._asked = self._asked, None
        if asked is not None:
            with contextlib.suppress(OSError):
                asked.kill()
            if asked.stdout is not None:
                asked.stdout.close()
            with contextlib.suppress(subprocess.TimeoutExpired, OSError):
                asked.wait(0.1)


def gpus_in(answer: str) -> tuple[Gpu, ...]:
    """Return the cards of an answer in comma-separated values.

    Parameters
    ----------
    answer : str
        A line for each: number, per cent, MiB used, MiB there are.

    Returns
    -------
    tuple of Gpu

    Examples
    --------
    >>> gpus_in("0, 87, 1, [N/A]")
    (Gpu(number=0, percent=87.0, memory_bytes=1048576, total_bytes=None),)
    """
    found = []
    for line in answer.splitlines():
        fields = [_number(field) for field in line.split(",")]
        number = fields[0]
        if len(fields) == 4 and number is not None:
            found.append(Gpu(int(number), fields[1], _bytes(fields[2]), _bytes(fields[3])))
    return tuple(found)


def _number(field: str) -> float | None:
    try:
        return float(field)
    except ValueError:
        # A card that does not tell says so in words.
        return None


def _bytes(mebibytes: float | None) -> int | None:
    return None if mebibytes is None else int(mebibytes * _MEBIBYTE)
