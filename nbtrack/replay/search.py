"""The replays that tell which change made a difference, what tells most first, as far as the budget goes."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Collection, Sequence

from nbtrack.errors import InputError, ReplayError
from nbtrack.findings.explanation import TOLERANCE, Change, Trial
from nbtrack.replay.engine.crowd import Crowd, Job
from nbtrack.replay.hybrids import Hybrids
from nbtrack.replay.outcome import Outcome
from nbtrack.replay.ready import Ready
from nbtrack.replay.recipe import Recipe

_RTOL = 1e-9


class Search:
    """The replays of one explanation."""

    def __init__(
        self,
        base: Ready,
        hybrids: Hybrids,
        keys: Sequence[str],
        crowd: Crowd,
        workers: int,
        most: float,
        seconds: float,
        watch: Callable[[int, int], None] | None,
    ) -> None:
        self._base = base
        self._hybrids = hybrids
        self._keys = keys
        self.crowd = crowd
        self._workers = workers
        self._most = most
        self._begun_s = time.monotonic()
        self._until_s = self._begun_s + seconds
        self._watch = watch
        self._known: dict[str, Outcome] = {}
        self._planned = 0
        self.trials: dict[tuple[int, ...], Trial] = {}
        self.untried: list[str] = []

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._begun_s

    @property
    def _changes(self) -> tuple[Change, ...]:
        return self._hybrids.changes

    def run(self) -> None:
        """Try what the budget allows, what tells most first."""
        number = len(self._changes)
        if not number:
            return
        everything = tuple(range(number))
        self._planned = number + 1 + (number > 1)
        self._try([()])
        if self.crowd.interrupted:
            raise KeyboardInterrupt
        self._check_base()
        self._try([everything], always=True)
        self._try([(place,) for place in everything])
        if number > 2 and not all(self._adds_up(key, everything) for key in self._keys):
            strongest = sorted(everything, key=lambda place: -self._strength(place))
            pairs = sorted(itertools.combinations(everything, 2), key=lambda pair: -sum(map(self._strength, pair)))
            cumulative = [tuple(sorted(strongest[:length])) for length in range(3, number)]
            self._planned += len(pairs) + len(cumulative)
            self._try(pairs)
            self._try(cumulative)

    def _check_base(self) -> None:
        """Make sure that the baseline comes back.

        Raises
        ------
        ReplayError
            It does not.
        """
        found = self.trials[()]
        name, recorded = self._base.record.info.run_name, self._base.metrics
        if found.failure:
            raise ReplayError(f"the baseline, {self._base.named}, could not be replayed: {found.failure}.")
        wrong = [
            f"{key} is {found.metrics.get(key, math.nan):.6g} in the replay and {recorded[key]:.6g} in the run"
            for key in self._keys
            if not _same(found.metrics.get(key), recorded[key])
        ]
        if wrong:
            raise ReplayError(
                f"the baseline, {self._base.named}, does not come back, so no change can be told apart from that: "
                f"{'; '.join(wrong)}. Why: nbtrack verify {name}"
            )

    def _strength(self, place: int) -> float:
        found = self.trials.get((place,))
        if found is None:
            return 0.0
        sizes = [
            abs(found.metrics[key] - self._base.metrics[key]) / max(abs(self._base.metrics[key]), 1e-300)
            for key in self._keys
            if key in found.metrics
        ]
        # One that cannot stand alone needs another.
        return max((size for size in sizes if math.isfinite(size)), default=math.inf)

    def _adds_up(self, key: str, everything: tuple[int, ...]) -> bool:
        base = self._base.metrics[key]
        alone = [self.trials.get((place,), Trial(changes=())).metrics.get(key, math.nan) - base for place in everything]
        whole = self.trials.get(everything, Trial(changes=())).metrics.get(key, math.nan) - base
        scale = max(abs(whole), *map(abs, alone))
        return abs(math.fsum(alone) - whole) <= TOLERANCE * scale

    # --- replays ----------------------------------------------------------------------------------------------------

    def _try(self, wanted: Sequence[tuple[int, ...]], *, always: bool = False) -> None:
        """Replay with each of some combinations, as many at once as there are workers, while the budget lasts."""
        left = [changes for changes in wanted if changes not in self.trials]
        while left:
            chunk, left = left[: self._workers], left[self._workers :]
            room = int(min(self._most - len(self._known), len(chunk)))
            if self.crowd.interrupted or (time.monotonic() > self._until_s and not always and self.trials):
                room = 0
            self._play(chunk[:room])
            if room < len(chunk):
                # What is the same code as something that was replayed costs nothing.
                self._leave_out([*chunk[room:], *left])
                return

    def _leave_out(self, wanted: Sequence[tuple[int, ...]]) -> None:
        for changes in wanted:
            self.untried.append(self._named(changes))

    def _named(self, changes: Collection[int]) -> str:
        if len(changes) == len(self._changes):
            return "all together"
        return " + ".join(self._changes[place].key for place in changes)

    def _play(self, wanted: Sequence[tuple[int, ...]]) -> None:
        jobs: dict[str, Recipe] = {}
        keys: dict[tuple[int, ...], str] = {}
        for changes in wanted:
            try:
                recipe = self._hybrids.recipe(changes)
            except InputError as error:
                self.trials[changes] = Trial(changes=changes, failure=f"it cannot be made: {error}")
                continue
            keys[changes] = repr((recipe.steps, recipe.target, recipe.folder))
            if keys[changes] not in self._known:
                jobs.setdefault(keys[changes], recipe)
        outcomes = self.crowd.play([Job(recipe) for recipe in jobs.values()]) if jobs else []
        self._known.update({key: found for key, found in zip(jobs, outcomes, strict=True) if found is not None})
        for changes, key in keys.items():
            found = self._known.get(key)
            if found is None:
                self._leave_out([changes])
                continue
            failure = "" if found.failure is None else found.failure.message
            self.trials[changes] = Trial(changes=changes, metrics=dict(found.metrics), failure=failure)
        if self._watch is not None:
            self._watch(len(self.trials), max(self._planned, len(self.trials)))


def _same(found: float | None, recorded: float) -> bool:
    if found is None:
        return False
    return (
        found == recorded
        or (math.isnan(found) and math.isnan(recorded))
        or math.isclose(found, recorded, rel_tol=_RTOL)
    )
