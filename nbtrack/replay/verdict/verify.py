"""``nbtrack.verify``: replay a run's slice in a fresh kernel, and say whether its numbers come back."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError
from nbtrack.records import CellExecution, RunRecord
from nbtrack.replay.engine.leftovers import with_downloads
from nbtrack.replay.engine.player import play
from nbtrack.replay.engine.recipes import located, recipe_of, recipe_of_log
from nbtrack.replay.outcome import Failure, Outcome, Progress
from nbtrack.replay.recipe import Recipe
from nbtrack.replay.verdict.checks import Curve, check_metrics, verdict_of
from nbtrack.replay.verdict.evidence import Evidence, Way
from nbtrack.replay.verdict.preflight import files_read, named_since, packages_imported, variables_read
from nbtrack.replay.verdict.reasons import reasons_of
from nbtrack.replay.verdict.timers import longest_s, timers_of
from nbtrack.replay.verdict.widening import widened
from nbtrack.replay.verdict.words import could_not_run, lacking_reasons, notes_of, sentence_of
from nbtrack.store.references import recorded
from nbtrack.store.verifications import correct_slice, record_verification
from nbtrack.verification import MetricCheck, Reason, Verdict, Verification

if TYPE_CHECKING:
    from nbtrack.store.handle import Run
    from nbtrack.store.store import Store

RTOL = 1e-9
_CHANCE = frozenset({"unseeded_rng", "volatile_input"})
_CONFIRMATIONS = 2
_SHOWN = 5
_SETTLED_S = 0.05
# What a wider slice cannot mend.
_FINAL = frozenset({"timeout", "kernel_died", "cancelled", "unsafe_write"})


def verify(
    run: str | Run | RunRecord | Any,
    *,
    rtol: float = RTOL,
    timeout_s: float | None = None,
    watch: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Verification:
    """Replay what a run depends on in a fresh kernel, and record whether its metrics come back.

    The cells of the run's slice run again as they were, in their order, with the recorded seeds and states of
    generators; metrics are compared bit for bit first, then by the relative tolerance. Where they do not come back,
    the cells run once more, to tell chance from change, and then everything that ran before the run: if that gives the
    metrics, the slice was too small and is corrected. Nothing of this kernel's state is touched, and what the cells
    write goes to a scratch folder.

    Parameters
    ----------
    run : str, Run or ActiveRun
        As text its id, the beginning of it, or its name.
    rtol : float
        Relative tolerance, 1e-9 unless given.
    timeout_s : float, optional
        For each replay; default ten times what the cells took, and at least a minute.
    watch : callable, optional
        Called with a :class:`~nbtrack.replay.outcome.Progress` several times a second, from another thread.
    cancelled : threading.Event, optional
        Set it from elsewhere to stop: the verification then says so and is not recorded.

    Returns
    -------
    Verification
        Its ``verdict`` is ``reproduced``, ``within_tolerance``, ``diverged`` or ``could_not_run``.

    Raises
    ------
    InputError
        The run cannot be replayed, or has no metrics.
    RunNotFoundError
        There is no such run.
    MissingDependencyError
        The libraries that start kernels are not installed.

    Examples
    --------
    >>> nbtrack.verify("baseline").verdict  # doctest: +SKIP
    'reproduced'
    """
    if not 0 <= rtol < 1:
        raise InputError(f"rtol is {rtol!r}; accepted: a relative tolerance from 0 to below 1, as 1e-6.")
    if timeout_s is not None and not timeout_s > 0:
        raise InputError(f"timeout_s is {timeout_s!r}; accepted: a number of seconds above 0.")
    record, store = recorded(run)
    record = located(record, store)
    recipe = recipe_of(record, store)
    if not record.data.metrics:
        raise InputError(
            f"run {record.info.run_name!r} has no metrics: there is nothing to compare. Let its cell bind a computed "
            "number, or call nbtrack.log_metric, and run it again."
        )
    stop = cancelled or threading.Event()
    found = _Trial(record, store, recipe, rtol, timeout_s, watch, stop).verification()
    if not stop.is_set():
        record_verification(store, found)
    return found


class _Trial:
    """One verification under way."""

    def __init__(
        self,
        record: RunRecord,
        store: Store,
        recipe: Recipe,
        rtol: float,
        timeout_s: float | None,
        watch: Callable[[Progress], None] | None,
        stop: threading.Event,
    ) -> None:
        self._record = record
        self._store = store
        self._recipe = recipe
        self._rtol = rtol
        self._timeout_s = timeout_s
        self._watch = watch
        self._stop = stop
        self._start_us = time.time_ns() // 1000
        self._begun_s = time.monotonic()
        self._replays: list[Outcome] = []
        self._notes: list[str] = []
        # All that ran before the run, where that was replayed and did not give the metrics.
        self._whole: tuple[Recipe, Outcome] | None = None
        self._timers = timers_of(record.data.metrics, [step.source for step in recipe.steps], longest_s(record, recipe))
        self._curves = _curves_of(record, store, recipe)
        self._files = files_read(record.provenance.slice, recipe)
        self._packages = packages_imported(record, record.provenance.slice)

    def verification(self) -> Verification:
        """Come to a verdict."""
        lacking = lacking_reasons(self._files, self._packages)
        if lacking:
            return self._made("could_not_run", lacking[0].sentence, reasons=lacking)
        first = self._play(self._recipe)
        if first.failure is not None:
            first = self._offline(first, first.failure)
        if first.failure is not None:
            return self._failed(first)
        checks = self._checks(first)
        verdict = verdict_of(checks)
        if verdict != "diverged":
            return self._confirmed(first, checks, verdict)
        return self._diverged(first, checks)

    def _play(self, recipe: Recipe) -> Outcome:
        outcome = play(recipe, timeout_s=self._timeout_s, watch=self._watch, cancelled=self._stop)
        self._replays.append(outcome)
        return outcome

    def _checks(self, outcome: Outcome) -> tuple[MetricCheck, ...]:
        return check_metrics(self._record.data.metrics, self._curves, outcome, self._rtol, self._timers)

    def _gives(self, outcome: Outcome) -> bool:
        return outcome.failure is None and verdict_of(self._checks(outcome)) != "diverged"

    def _offline(self, first: Outcome, failure: Failure) -> Outcome:
        """Replay once more with what had been fetched, where it cannot be fetched again."""
        recipe = with_downloads(self._recipe, self._executions(self._recipe), failure)
        if recipe == self._recipe:
            return first
        again = self._play(recipe)
        if again.failure is not None:
            return first
        files = ", ".join(sorted(set(self._recipe.absent) - set(recipe.absent))[:_SHOWN])
        self._notes.append(f"{failure.message}: read as it was fetched then: {files}.")
        self._recipe = recipe
        return again

    # --- the verdicts -------------------------------------------------------------------------------------------

    def _confirmed(self, first: Outcome, checks: tuple[MetricCheck, ...], verdict: Verdict) -> Verification:
        """Replay again what may have come back by luck."""
        same = [first]
        strayed = self._strayed(first, checks)
        for _ in range(_CONFIRMATIONS if strayed or self._is_chancy(first) else 0):
            again = self._play(self._recipe)
            if again.failure is not None:
                break
            same.append(again)
            if not self._gives(again):
                return self._explained(self._evidence(same, self._checks(again)))
        self._notes += [f"{told} The metrics came back all the same." for told in strayed]
        return self._made(verdict, sentence_of(verdict, checks, len(self._recipe.steps)), checks)

    def _strayed(self, replay: Outcome, checks: tuple[MetricCheck, ...]) -> tuple[str, ...]:
        """Tell at which cell a replay left the recorded way, where no file that has changed explains it."""
        if any(file.is_changed for file in self._files):
            return ()
        return Way.of(self._evidence([replay], checks)).told(self._record.provenance.slice)

    def _is_chancy(self, replay: Outcome) -> bool:
        """Tell whether anything that is known of a run makes it come back by luck."""
        labels = {hazard.label for hazard in self._record.provenance.hazards}
        labels |= {str(hazard["label"]) for hazard in replay.hazards}
        return bool(labels & _CHANCE) or any(step.interrupted for step in self._recipe.steps)

    def _diverged(self, first: Outcome, checks: tuple[MetricCheck, ...]) -> Verification:
        """Tell chance from change, and a slice that is too small from both."""
        again = self._play(self._recipe)
        if again.failure is not None:
            return self._explained(self._evidence([first], checks))
        evidence = self._evidence(self._settled([first, again], checks), checks)
        # What is known to have changed, or to hang on chance and does, no other cell brings back but by luck.
        is_known = evidence.blames_chance() if evidence.wavers() else any(file.is_changed for file in self._files)
        wider = None if is_known else self._wider()
        if wider is not None:
            return wider
        return self._explained(evidence)

    def _settled(self, same: list[Outcome], checks: tuple[MetricCheck, ...]) -> list[Outcome]:
        """Replay again where chance is known to be at work, and metrics too coarse to show it each time."""
        for _ in range(_CONFIRMATIONS):
            evidence = self._evidence(same, checks)
            if evidence.wavering or not (evidence.blames_chance() and evidence.wavers()):
                break
            again = self._play(self._recipe)
            if again.failure is not None:
                break
            same = [*same, again]
        return same

    def _failed(self, first: Outcome) -> Verification:
        failure = first.failure
        assert failure is not None
        wider = None if failure.kind in _FINAL else self._wider()
        if wider is not None:
            return wider
        if self._whole is not None and not self._stop.is_set():
            # The slice was too small to run; all that ran before does run, and does not give the metrics.
            log, outcome = self._whole
            again = self._play(log)
            same = [outcome] if again.failure is not None else [outcome, again]
            return self._explained(self._evidence(same, self._checks(outcome), log))
        reason = could_not_run(failure, self._files, self._packages, variables_read(self._record.provenance.slice))
        return self._made("could_not_run", f"could not run: {failure.message}", reasons=reason)

    def _wider(self) -> Verification | None:
        """Look for a slice that gives the metrics in all that ran before."""
        log = recipe_of_log(self._record, self._store)
        if len(log.steps) <= len(self._recipe.steps):
            return None
        outcome = self._play(log)
        if not self._gives(outcome) or self._stop.is_set():
            if outcome.failure is None:
                self._whole = (log, outcome)
            return None
        if self._is_chancy(outcome) and not self._gives(self._play(log)):
            return None
        found = widened(self._recipe, log, lambda recipe: self._gives(self._play(recipe)))
        # Once more, for what may have come back by luck.
        for _ in range(_CONFIRMATIONS if self._is_chancy(self._replays[0]) else 1):
            again = self._play(found)
            if not self._gives(again):
                return None
        self._correct(found)
        checks = self._checks(again)
        verdict = verdict_of(checks)
        sentence = sentence_of(verdict, checks, len(found.steps))
        return self._made(verdict, sentence, checks, cells=len(found.steps), corrected=True)

    def _correct(self, recipe: Recipe) -> None:
        """Record the wider slice in place of the one that was too small."""
        correct_slice(self._store, self._record, self._executions(recipe))

    def _executions(self, recipe: Recipe) -> tuple[CellExecution, ...]:
        """Return the executions that a recipe's steps were."""
        inside = {step.sequence for step in recipe.steps}
        return tuple(found for found in self._log if found.sequence in inside)

    @cached_property
    def _log(self) -> tuple[CellExecution, ...]:
        """All that ran in the session until the run, as it was recorded."""
        last = self._record.provenance.slice[-1]
        return self._store.session_executions(last.session, last.sequence)

    def _evidence(
        self, replays: Sequence[Outcome], checks: tuple[MetricCheck, ...], recipe: Recipe | None = None
    ) -> Evidence:
        played = recipe or self._recipe
        executions = self._record.provenance.slice if recipe is None else self._executions(recipe)
        return Evidence(
            record=self._record,
            executions=executions,
            checks=checks,
            replays=replays,
            files=self._files,
            packages=self._packages,
            named_since=named_since(executions, played, self._ended_s()),
            rtol=self._rtol,
        )

    def _explained(self, evidence: Evidence) -> Verification:
        """Return that the metrics did not come back, and why."""
        cells = len(evidence.executions)
        sentence = sentence_of("diverged", evidence.checks, cells)
        return self._made("diverged", sentence, tuple(evidence.checks), reasons_of(evidence), cells=cells)

    def _ended_s(self) -> float:
        info = self._record.info
        return (info.start_time if info.end_time is None else info.end_time) / 1000 + _SETTLED_S

    def _made(
        self,
        verdict: Verdict,
        sentence: str,
        checks: tuple[MetricCheck, ...] = (),
        reasons: tuple[Reason, ...] = (),
        *,
        cells: int | None = None,
        corrected: bool = False,
    ) -> Verification:
        first = self._replays[0] if self._replays else Outcome()
        notes = [*first.notes, *self._notes, *notes_of(self._record, verdict)]
        notes += [
            f"{file.path} has changed since, which made no difference."
            for file in self._files
            if file.is_changed and verdict in ("reproduced", "within_tolerance")
        ]
        return Verification(
            verification_id=uuid.uuid4().hex,
            run_id=self._record.info.run_id,
            verdict=verdict,
            sentence=sentence,
            metrics=checks,
            reasons=reasons,
            notes=tuple(notes),
            start_us=self._start_us,
            duration_s=time.monotonic() - self._begun_s,
            kernel_s=first.kernel_s,
            cells_s=first.cells_s,
            recorded_s=self._recipe.recorded_s,
            rtol=self._rtol,
            replays=len(self._replays),
            cells=len(self._recipe.steps) if cells is None else cells,
            slice_corrected=corrected,
            memory_bytes=max((found.memory_bytes or 0 for found in self._replays), default=0) or None,
        )


def _curves_of(record: RunRecord, store: Store, recipe: Recipe) -> dict[str, Curve]:
    if not recipe.curves:
        return {}
    history = store.history(record.info.run_id)
    return {
        str(key): (points["step"].tolist(), points["value"].tolist())
        for key, points in history.groupby("key", sort=False)
    }
