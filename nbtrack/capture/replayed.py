"""What runs inside the kernel of a replay, beside the replayed cells.

The process that replays sends calls of :func:`call` between the cells, silently: the cells' counters, namespace and
generators are those of the recorded session.
"""

from __future__ import annotations

import base64
import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nbtrack.capture import active, generators
from nbtrack.capture.adoption import adopt
from nbtrack.capture.confinement import confine
from nbtrack.capture.observer import digests_read
from nbtrack.capture.run import ActiveRun
from nbtrack.capture.surroundings import surroundings
from nbtrack.config import pin_store
from nbtrack.errors import InputError
from nbtrack.provenance.environment import environment

_SURROUNDINGS_TIMEOUT_S = 3.0


class _Replay:
    """One replay, from the kernel's side."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.begun: list[ActiveRun] = []
        # Those that other cells than the last have begun: it may have gone on with one, or ended it.
        self.earlier: list[ActiveRun] = []
        self.steps: list[int] = []

    @property
    def executions(self) -> list[Any]:
        """What nbtrack has recorded of the cells so far."""
        extension = self.shell._nbtrack_extension  # noqa: SLF001 - where the extension keeps itself
        found: list[Any] = extension.session.observer.recorder.history.executions
        return found

    def begin(self, store: str, allowed: list[str], mirrors: Mapping[str, str]) -> dict[str, Any]:
        """Load nbtrack into a store of the replay's own, and keep the cells from writing elsewhere."""
        pin_store(Path(store))
        self.shell.extension_manager.load_extension("nbtrack")
        active.listen(self.begun.append)
        confine(allowed, mirrors)
        return {"process_id": os.getpid()}

    def before(
        self, folder: str | None, count: int | None, states: Mapping[str, str], mentions_torch: bool
    ) -> dict[str, Any]:
        """Put the kernel into the state that a cell began in, as far as it is recorded."""
        self.steps.append(len(self.executions))
        self.earlier += self.begun
        self.begun.clear()
        if folder is not None:
            os.chdir(folder)
        if count is not None:
            self._count(count)
        for stream, state in states.items():
            if stream != "torch" or mentions_torch or "torch" in sys.modules:
                generators.restore(stream, base64.b64decode(state))
        return {}

    def _count(self, count: int) -> None:
        """Have the next cell be ``In[count]``, as it was: cells may say ``Out[3]``."""
        if count < self.shell.execution_count:
            # Recorded as another kernel's, or counted anew: what cannot be is left as it is.
            return
        self.shell.execution_count = count
        history = self.shell.history_manager
        for inputs in (history.input_hist_parsed, history.input_hist_raw):
            inputs.extend([""] * (count - len(inputs)))

    def keep(self, store: str, parent: str | None, notebook: str | None) -> dict[str, Any]:
        """Have the runs of the cell that comes now recorded in a store."""
        pin_store(Path(store))
        adopt(parent, notebook)
        return {}

    def finish(
        self, kind: str, name: str, position: int, tags: Mapping[str, str], note: str, curves: bool
    ) -> dict[str, Any]:
        """Tell what the replayed run gave."""
        run = self._target(kind, name, position)
        if run is not None:
            if tags:
                run.set_tags(tags)
            if note:
                run.set_note(note)
        surroundings.flush(_SURROUNDINGS_TIMEOUT_S)
        return {
            "trail": [digests_read(execution) for execution in self.executions[self.steps[0] :]],
            "facts": environment(),
            **({} if run is None else _told(run, curves=curves)),
        }

    def _target(self, kind: str, name: str, position: int) -> ActiveRun | None:
        same_kind = [run for run in self.begun if run.source.kind == kind]
        # Functions are told apart by their names; those of blocks may be made up.
        named = [run for run in same_kind if run.run_name == name] if kind == "function" else []
        found = named or same_kind
        if not found and kind == "block":
            earlier = [run for run in self.earlier if run.source.kind == kind]
            found = [run for run in earlier if run.run_name == name][-1:] or earlier[-1:]
            position = 0
        return found[position] if position < len(found) else None


def _told(run: ActiveRun, *, curves: bool) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "status": run.status,
        "metrics": {key: _number(value) for key, value in run.data.metrics.items()},
        "params": dict(run.data.params),
        "hazards": [
            {"label": found.label, "names": list(found.names), "executions": list(found.executions),
             "sentence": found.sentence}
            for found in run.hazards
        ],
        "curves": _curves(run) if curves else {},
    }  # fmt: skip


def _curves(run: ActiveRun) -> dict[str, Any]:
    history = run.history()
    return {
        str(key): (points["step"].tolist(), list(map(_number, points["value"].tolist())))
        for key, points in history.groupby("key", sort=False)
    }


def _number(value: float) -> str:
    """Return a number as a text that gives the same bits again."""
    return float(value).hex() if math.isfinite(value) else str(float(value))


_replay: _Replay | None = None


def call(method: str, arguments: Mapping[str, Any], answer: str) -> None:
    """Do something between two cells.

    Parameters
    ----------
    method : str
        ``begin``, ``before``, ``keep`` or ``finish``.
    arguments : mapping
        Its arguments.
    answer : str
        The file to write what it returns to, as JSON; an exception as ``{"raised": …}``.
    """
    global _replay  # noqa: PLW0603 - one for the process
    from IPython import get_ipython

    if _replay is None:
        _replay = _Replay(get_ipython())
    function: Callable[..., dict[str, Any]] = getattr(_replay, method)
    try:
        told = function(**arguments)
    except (InputError, OSError) as error:
        told = {"raised": f"{type(error).__name__}: {error}"}
    half = f"{answer}.half"
    Path(half).write_text(json.dumps(told), encoding="utf-8")
    os.replace(half, answer)  # noqa: PTH105 - what the cells made of pathlib does not matter here
