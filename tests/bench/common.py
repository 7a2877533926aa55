"""What the bench scripts share: subprocesses in either environment, rounds, figures and the table."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peers
from trackers import TRACKERS, Tracker

REPOSITORY = Path(__file__).resolve().parents[2]
RESULT = "bench-result: "
_CHILD_TIMEOUT_S = 300


@dataclass(frozen=True)
class Options:
    """``quick``: tiny sizes and one round, to see that the scripts work; its figures mean nothing."""

    quick: bool = False
    with_peers: bool = True
    rounds: int = 3

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass
class Figure:
    """One tracker's result; ``value`` is in the row's unit, ``detail`` is what else there is to say."""

    tracker: str
    value: float
    detail: str = ""


@dataclass
class Row:
    """One line of the table. The first figure is nbtrack's; ``target`` is the most (``at_least``: the least).

    ``wrong`` says what else than the number misses the target.
    """

    what: str
    unit: str
    target: float | None
    figures: list[Figure] = field(default_factory=list)
    rounds: str = ""
    at_least: bool = False
    wrong: str = ""
    foreign: float = 0.0

    def verdict(self) -> str:
        if self.target is None or not self.figures:
            return "no target" if self.figures else "not measured"
        if self.wrong:
            return f"missed: {self.wrong}"
        ours = self.figures[0].value
        if ours >= self.target if self.at_least else ours <= self.target:
            return "met"
        missing = abs(ours - self.target)
        return f"missed by {_number(missing)} {self.unit} ({_number(ours / self.target)}× the target)"

    def cells(self) -> list[str]:
        ours, *others = self.figures or [None]
        target = "" if self.target is None else f"{'≥' if self.at_least else '≤'} {_number(self.target)} {self.unit}"
        beside = [f"{self._text(other)}{self._ratio(other, ours)}" for other in others]
        shown = self._text(ours, named=False) if ours else ""
        return [self.what, target, shown, self.verdict(), "; ".join(beside), self.rounds, f"{self.foreign:.0%}"]

    def _text(self, figure: Figure, named: bool = True) -> str:
        detail = f" ({figure.detail})" if figure.detail else ""
        return f"{figure.tracker + ' ' if named else ''}{_number(figure.value)} {self.unit}{detail}"

    def _ratio(self, other: Figure, ours: Figure) -> str:
        if self.at_least or not ours.value or other.value <= 0:
            return ""
        return f" **{_number(other.value / ours.value)}×**"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


HEADER = ["what", "target", "nbtrack", "verdict", "beside it (ratio to nbtrack)", "rounds", "foreign CPU"]


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out as a Markdown table."""
    lines = [HEADER, ["---"] * len(HEADER), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# --- rounds ---------------------------------------------------------------------------------------------------------


def trackers(options: Options, *wanted: str) -> list[str]:
    """Name nbtrack and, of the peers wanted (all, if none is named), those that are installed."""
    if not options.with_peers:
        return ["nbtrack"]
    state = peers.ensure()
    names = [name for name in TRACKERS if not wanted or name in wanted]
    there = [name for name in names if "version" in state.get(TRACKERS[name].package, {})]
    return ["nbtrack", *there]


def missing_peers() -> list[str]:
    """Say which peers are not there and why."""
    return [f"{peer}: {found['error']}" for peer, found in peers.ensure().items() if "error" in found]


def interleave(names: Sequence[str], rounds: int, measure: Callable[[str, int], Any]) -> dict[str, list[Any]]:
    """Call ``measure(name, round)`` for all names in turn, round after round, so that a busy spell hits them all."""
    results: dict[str, list[Any]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            results[name].append(measure(name, number))
    return results


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def median_of(results: Sequence[dict[str, Any]], key: str) -> float:
    return statistics.median(result[key] for result in results)


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder for one script's stores, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="nbtrack-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def folder_of(base: Path, tracker: str, number: int = 0) -> Path:
    made = base / f"{tracker.replace(' ', '-').replace('&', '')}-{number}"
    made.mkdir(exist_ok=True)
    return made


# --- subprocesses ---------------------------------------------------------------------------------------------------


def environment(folder: Path) -> dict[str, str]:
    """No network, no telemetry, nothing outside the folder, and this checkout of nbtrack."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NBTRACK_")}
    # What is installed comes with its bytecode; a checkout that may keep none would be compiled each time.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "IPYTHONDIR": str(folder), "PYTHONWARNINGS": "ignore"}
    return {**kept, **peers.QUIET, **own, "PYTHONPATH": str(REPOSITORY)}


def python_of(tracker: str) -> str:
    return sys.executable if tracker == "nbtrack" else str(peers.PYTHON)


def command(script: str, workload: str, tracker: str, folder: Path, **arguments: Any) -> list[str]:
    return [python_of(tracker), script, "--child", workload, tracker, str(folder), json.dumps(arguments)]


def child(
    script: str,
    workload: str,
    tracker: str,
    folder: Path,
    killed: bool = False,
    timeout_s: float = _CHILD_TIMEOUT_S,
    **arguments: Any,
) -> Any:
    """Run ``workload`` of ``script`` in a process of its own and return what it reports."""
    return _outcome(command(script, workload, tracker, folder, **arguments), folder, killed, timeout_s)


def bare_child(code: str, tracker: str, folder: Path) -> Any:
    """Run ``code`` in an interpreter that has loaded nothing yet; what it prints behind :data:`RESULT` is returned."""
    return _outcome([python_of(tracker), "-c", code], folder)


def _outcome(arguments: Sequence[str], folder: Path, killed: bool = False, timeout_s: float = _CHILD_TIMEOUT_S) -> Any:
    done = subprocess.run(
        arguments, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=timeout_s,
        check=False,
    )  # fmt: skip
    if done.returncode and not killed:
        raise RuntimeError(f"{arguments[1:5]} failed:\n{done.stderr[-3000:]}")
    return result_in(done.stdout)


def result_in(output: str) -> Any:
    lines = [line for line in output.splitlines() if line.startswith(RESULT)]
    return json.loads(lines[-1][len(RESULT) :]) if lines else None


def report(result: Any) -> None:
    """Hand a result to the parent, at once and past whatever the tracker did to ``sys.stdout``."""
    os.write(1, f"\n{RESULT}{json.dumps(result)}\n".encode())


def main(measure: Callable[[Options], list[Row]], **workloads: Callable[..., Any]) -> None:
    """Be the bench script, or with ``--child`` one of its workloads: called with the tracker and the arguments."""
    if sys.argv[1:2] == ["--child"]:
        _, _, workload, name, folder, arguments = sys.argv
        tracker: Tracker = TRACKERS[name](folder)
        result = workloads[workload](tracker, **json.loads(arguments))
        if result is not None:
            report(result)
        return
    print(table(measured(measure, options_from(measure.__globals__["__doc__"]))))


def options_from(description: str | None) -> Options:
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: only to see that it works")
    parser.add_argument("--no-peers", action="store_true", help="nbtrack alone")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    return Options(given.quick, not given.no_peers, 1 if given.quick else given.rounds)


def measured(measure: Callable[[Options], list[Row]], options: Options) -> list[Row]:
    """Measure, and note how much of the machine other programs used meanwhile."""
    before = _cpu_seconds()
    rows = measure(options)
    busy, total, own = (after - start for after, start in zip(_cpu_seconds(), before, strict=True))
    for row in rows:
        row.foreign = max(0.0, busy - own) / max(0.01, total)
    return rows


def _cpu_seconds() -> tuple[float, float, float]:
    """Busy and total time of the machine, and ours with that of our ended children; zeros where ``/proc`` is not."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split(None, 9)[1:9]]
    except OSError:
        return 0.0, 0.0, 0.0
    own = os.times()
    hertz = os.sysconf("SC_CLK_TCK")
    idle = ticks[3] + ticks[4]
    used = own.user + own.system + own.children_user + own.children_system
    return (sum(ticks) - idle) / hertz, sum(ticks) / hertz, used
