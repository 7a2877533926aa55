"""What this process uses: CPU, memory, and what graphics cards do; cheap enough to be asked every few seconds.

On Linux it is read from ``/proc``. Elsewhere psutil tells it where it is installed, and what is left is what Python
itself knows. Whatever cannot be told is None.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from nbtrack.capture.gpus import GpuWatch
from nbtrack.views import Usage

_EVERY_S = 2.0
# CPU use of a shorter time is noise: the system counts in hundredths of a second.
_SHORTEST_S = 0.2
_PROC = Path("/proc")
# On a machine with more processes, to look for children among them is not worth it.
_MOST_PROCESSES = 2000
# To read a file lets go of the interpreter, and beside a busy cell it takes milliseconds to get it back: so many of the
# processes that are not known yet are read at a time, and the panel does not wait for the rest.
_READ_AT_ONCE = 8


class _Look(NamedTuple):
    """What was counted at one moment."""

    at_s: float
    cpu_s: float
    children: dict[int, float]


class Meter:
    """Measures what the process uses from when it is made.

    Parameters
    ----------
    gpus : GpuWatch
    """

    def __init__(self, gpus: GpuWatch) -> None:
        self._gpus = gpus
        self._family = Family()
        self._peak_before = _peak_bytes()
        self._most_seen = 0
        self._begun = self._before = _Look(time.monotonic(), time.process_time(), {})
        self._newest: Usage | None = None

    def read(self) -> Usage:
        """Return what is used now; looked at every two seconds at most.

        Returns
        -------
        Usage
        """
        now_s = time.monotonic()
        if now_s - self._before.at_s < (_SHORTEST_S if self._newest is None else _EVERY_S):
            return self._newest or Usage()
        before, self._before = self._before, _Look(now_s, time.process_time(), self._family.cpu_s())
        passed_s = now_s - before.at_s
        # Of a child that is seen for the first time nobody knows how much of it is new.
        children_s = sum(
            max(used - before.children[child], 0.0)
            for child, used in self._before.children.items()
            if child in before.children
        )
        self._newest = Usage(
            cpu_percent=(self._before.cpu_s - before.cpu_s) / passed_s * 100,
            cpu_s=self._before.cpu_s - self._begun.cpu_s,
            memory_bytes=self._memory(),
            peak_bytes=self._peak(),
            children=len(self._before.children),
            children_percent=None if before is self._begun else children_s / passed_s * 100,
            gpus=self._gpus.read(),
        )
        return self._newest

    def total(self) -> Usage:
        """Return what was used from the beginning until now, without a look at the moment.

        Returns
        -------
        Usage
            CPU time and the peak of memory.
        """
        self._memory()
        return Usage(cpu_s=time.process_time() - self._begun.cpu_s, peak_bytes=self._peak())

    def _memory(self) -> int | None:
        now = memory_bytes()
        self._most_seen = max(self._most_seen, now or 0)
        return now

    def _peak(self) -> int | None:
        """Return the system's peak where it has risen since the beginning, else the most that was seen."""
        peak = _peak_bytes()
        risen = peak is not None and self._peak_before is not None and peak > self._peak_before
        return max(self._most_seen, peak if risen and peak else 0) or None


class Family:
    """Finds the processes that this one has started, and theirs."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._psutil: Any = None
        self._is_able = True

    def cpu_s(self) -> dict[int, float]:
        """Return the CPU seconds of each of them, by process id.

        Returns
        -------
        dict of int to float
            Empty where they cannot be found.
        """
        if not self._is_able:
            return {}
        try:
            return self._from_proc() if _PROC.is_dir() else self._from_psutil()
        except Exception:  # noqa: BLE001 - a system where this cannot be found out; it is not worth a word
            self._is_able = False
            return {}

    def _from_proc(self) -> dict[int, float]:
        numbers = [int(name) for name in os.listdir(_PROC) if name.isdigit()]
        if len(numbers) > _MOST_PROCESSES:
            self._is_able = False
            return {}
        # A process gets another parent when its own ends, and then it is no longer one of these.
        self._parents = {number: self._parents[number] for number in numbers if number in self._parents}
        # Children are younger than this process, and so are their numbers higher, nearly always.
        unknown = sorted((number for number in numbers if number not in self._parents), reverse=True)
        for number in unknown[:_READ_AT_ONCE]:
            self._parents[number] = int((_stat(number) or ["0"] * 2)[1])
        found: dict[int, float] = {}
        for number in self._descendants():
            fields = _stat(number)
            if fields is not None and fields[0] != "Z":
                found[number] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            else:
                self._parents.pop(number, None)
        return found

    def _descendants(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for number, parent in self._parents.items():
            children.setdefault(parent, []).append(number)
        found, waiting = [], [os.getpid()]
        while waiting:
            begun = children.pop(waiting.pop(), [])
            found += begun
            waiting += begun
        return found

    def _from_psutil(self) -> dict[int, float]:
        if self._psutil is None:
            import psutil

            self._psutil = psutil
        found: dict[int, float] = {}
        for child in self._psutil.Process().children(recursive=True):
            with contextlib.suppress(self._psutil.Error):
                times = child.cpu_times()
                found[child.pid] = times.user + times.system
        return found


def _stat(number: int) -> list[str] | None:
    """Return the fields of a process behind its name, which may hold anything; None where it is gone."""
    # Three calls, where pathlib makes six, each of which lets go of the interpreter.
    try:
        file = os.open(f"{_PROC}/{number}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        content = os.read(file, 4096)
    except OSError:
        return None
    finally:
        os.close(file)
    return content.rpartition(b")")[2].decode("ascii").split()


def memory_bytes() -> int | None:
    """Return the memory that this process has now; None where that cannot be told.

    Returns
    -------
    int or None
    """
    try:
        if _PROC.is_dir():
            pages = (_PROC / "self" / "statm").read_bytes().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE")
        import psutil

        return int(psutil.Process().memory_info().rss)
    except Exception:  # noqa: BLE001 - psutil is not there, or may not look; the panel leaves it out
        return None


def _peak_bytes() -> int | None:
    """Return the most memory that this process ever had."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts it in kilobytes, macOS in bytes.
    return peak if sys.platform == "darwin" else peak * 1024
