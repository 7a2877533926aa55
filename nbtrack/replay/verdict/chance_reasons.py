"""Why replays differ from each other: generators without a seed, clocks, hash order, or nobody knows what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbtrack.provenance.cellparts import CellParts
from nbtrack.provenance.chance import unseeded_makers, volatile_uses
from nbtrack.provenance.python import as_python, parse
from nbtrack.provenance.streams import drawn_by, seeded_by, title
from nbtrack.replay.verdict.evidence import Evidence, reason_of
from nbtrack.verification import Reason

_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def of_chance(evidence: Evidence) -> Iterator[Reason]:
    """Yield what is known to make replays differ from each other."""
    seen = _how_they_waver(evidence)
    hazards = (*evidence.unseeded(), *evidence.hazards("volatile_input"))
    found = [reason_of(hazard, seen) for hazard in hazards]
    yield from found or [*_in_modules(evidence, seen), *_in_cells(evidence, seen)]


def nondeterministic(evidence: Evidence) -> Reason:
    """Return that replays differ from each other, where nobody knows why."""
    return Reason(
        label="nondeterministic",
        sentence="The same cells give something else each time: threads, a generator inside a library or a module "
        "that nobody seeds, or something outside.",
        evidence=(_how_they_waver(evidence),),
        names=tuple(evidence.wavering),
    )


def _in_modules(evidence: Evidence, seen: str) -> Iterator[Reason]:
    """Yield what the user's own modules take from chance or from the moment."""
    for file in evidence.files:
        tree = _parsed(file.path) if file.path.endswith(".py") else None
        if tree is None:
            continue
        scopes = [node for node in ast.walk(tree) if isinstance(node, _SCOPES)]
        makers = {text for node in scopes for text in unseeded_makers(node, frozenset())}
        moments = {text for node in scopes for text in volatile_uses(node)}
        who = f"The module {Path(file.path).name}"
        yield from _taken(who, file.execution_count, sorted(makers), sorted(moments), seen)


def _in_cells(evidence: Evidence, seen: str) -> Iterator[Reason]:
    """Yield what cells take from generators that no cell has seeded and from the moment, by what their code says.

    A cell that keeps what it draws in a file, and reads it back, does not look as if its names came of a draw.
    """
    seeded: set[str] = set()
    for execution in evidence.executions:
        try:
            statements = CellParts(as_python(execution.source or "")).statements
        except (SyntaxError, ValueError, RecursionError):
            continue
        paths = [path for statement in statements for path in statement.paths]
        seeded |= seeded_by(paths)
        drawn = [] if execution.run_id is not None else [title(stream) for stream in sorted(drawn_by(paths) - seeded)]
        tree = ast.Module([statement.node for statement in statements], [])
        makers = [*drawn, *unseeded_makers(tree, frozenset())]
        yield from _taken(execution.label, execution.execution_count, makers, volatile_uses(tree), seen)


def _taken(who: str, count: int | None, makers: Iterable[str], moments: Iterable[str], seen: str) -> Iterator[Reason]:
    for label, does, names in (
        ("unseeded_rng", "draws from {}, which nobody seeded", tuple(dict.fromkeys(makers))),
        ("volatile_input", "uses {}, which gives something else each time", tuple(dict.fromkeys(moments))),
    ):
        if names:
            yield Reason(
                label=label,
                sentence=f"{who} {does.format(' and '.join(names))}.",
                evidence=(seen,),
                names=names,
                executions=() if count is None else (count,),
            )


def _parsed(path: str) -> ast.Module | None:
    try:
        return parse(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _how_they_waver(evidence: Evidence) -> str:
    number = len(evidence.replays)
    for key in evidence.wavering[:1]:
        texts = [_text(replay.metrics.get(key)) for replay in evidence.replays]
        if len(set(texts)) == 1:
            texts = [repr(replay.metrics.get(key)) for replay in evidence.replays]
        values = ", ".join(texts)
        return f"{number} replays of the same cells gave {key} = {values}."
    step, name = next(iter(evidence.wavering_reads()), (None, ""))
    where = evidence.executions[step].label if step is not None else "a cell"
    return f"In {number} replays of the same cells {where} read another {name} each time."


def _text(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"
