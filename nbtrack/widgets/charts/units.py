"""What a chart's x axis counts: steps, this machine's clock, or the time since each run's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from nbtrack.records import RunInfo

X: TypeAlias = Literal["step", "time", "relative"]


@dataclass(frozen=True, slots=True)
class Units:
    """How the store's x become a chart's: ``shown = (stored - offset) / scale``."""

    title: str
    scale: float = 1.0
    offsets: Mapping[str, float] | float = 0.0
    is_date: bool = False

    def shown(self, x: Any, run_id: str) -> Any:
        """Return the chart's x for the store's x of a run."""
        import numpy as np

        if self.scale == 1.0 and self.offsets == 0.0:
            return np.asarray(x, dtype=np.float64)
        return (np.asarray(x, dtype=np.float64) - self._offset(run_id)) / self.scale

    def stored(self, x: float, run_id: str = "") -> float:
        """Return the store's x for a chart's x."""
        return x * self.scale + self._offset(run_id)

    def _offset(self, run_id: str) -> float:
        return self.offsets if isinstance(self.offsets, float) else self.offsets.get(run_id, 0.0)


def units(x: X, runs: Sequence[RunInfo], now_s: float) -> Units:
    """Choose the units of x.

    Parameters
    ----------
    x : str
    runs : sequence of RunInfo
    now_s : float
        Seconds since the epoch.

    Returns
    -------
    Units
    """
    if x == "step":
        return Units("step")
    if x == "relative":
        lasted = ((info.end_time or now_s * 1e3) / 1e3 - info.start_time / 1e3 for info in runs)
        longest_s = max(lasted, default=0.0)
        name, size_s = ("s", 1.0) if longest_s < 300 else ("min", 60.0) if longest_s < 3 * 3600 else ("h", 3600.0)
        starts_us = {info.run_id: info.start_time * 1e3 for info in runs}
        return Units(f"time since start ({name})", size_s * 1e6, starts_us)
    latest_s = max((info.start_time / 1e3 for info in runs), default=now_s)
    # Plotly knows no zones: it is handed this machine's clock, and the axis says which that is.
    there = datetime.fromtimestamp(latest_s).astimezone()
    away = there.utcoffset()
    away_us = away.total_seconds() * 1e6 if away is not None else 0.0
    zone = there.strftime("%z")
    title = f"time (UTC{zone[:3]}:{zone[3:5]})" if away_us else "time (UTC)"
    return Units(title, 1e3, -away_us, is_date=True)
