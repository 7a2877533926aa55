"""How a run's facts are put, wherever they are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nbtrack.records import Artifact, RunError, RunInfo, RunRecord, Status
from nbtrack.verification import Verdict
from nbtrack.widgets.format import count, duration, size
from nbtrack.widgets.html import BAD, CALM, GOOD, WARN, Html, mono
from nbtrack.widgets.text import clean, cut

# Glyph and colour; the word always stands beside them.
STATUS_LOOK: Mapping[Status, tuple[str, str]] = {
    "running": ("●", CALM),
    "finished": ("✓", GOOD),
    "failed": ("✗", BAD),
    "interrupted": ("■", WARN),
    "crashed": ("✗", BAD),
}
# The same of verdicts, with the word.
VERDICT_LOOK: Mapping[Verdict, tuple[str, str, str]] = {
    "reproduced": ("✓", GOOD, "reproduced"),
    "within_tolerance": ("≈", GOOD, "within tolerance"),
    "diverged": ("✗", BAD, "diverged"),
    "could_not_run": ("!", WARN, "could not run"),
}
_LONGEST_FLOAT = 10
_TAG_LIMIT, _MOST_TAGS = 40, 8
_MOST_LISTED = 6


def short_id(run_id: str) -> str:
    """Return the part of a run's id that tells it from others."""
    return run_id[:8]


def listed(words: Sequence[str]) -> str:
    """Return words with commas between them, the last ones as a number where there are many."""
    rest = len(words) - _MOST_LISTED
    return ", ".join([*words[:_MOST_LISTED], f"and {rest} more"] if rest > 1 else words)


def run_id(full: str) -> Html:
    """Return a run's id, short."""
    return mono(short_id(full), title=full)


def status_words(info: RunInfo) -> str:
    """Return a run's status, and that it is deleted where it is."""
    return info.status if info.lifecycle_stage == "active" else f"{info.status}, deleted"


def time_phrase(info: RunInfo, now_s: float | None) -> str:
    """Return how long a run took, as ``in 1.2 s``, or has been running for."""
    if info.end_time is not None:
        return f"{'in' if info.status == 'finished' else 'after'} {duration(info.duration_s)}"
    return "" if now_s is None else f"for {duration(max(now_s - info.start_time / 1000, 0))}"


def facts(record: RunRecord) -> list[str]:
    """Return a run's seed, tags and number of artifacts, those that it has."""
    found = [] if record.info.seed is None else [f"seed {record.info.seed}"]
    tags = tag_words(record.data.tags, _TAG_LIMIT)
    if tags:
        rest = [f"and {len(tags) - _MOST_TAGS} more"] if len(tags) > _MOST_TAGS else []
        found.append(("tag " if len(tags) == 1 else "tags ") + ", ".join(tags[:_MOST_TAGS] + rest))
    if record.artifacts:
        found.append(files_words(record.artifacts))
    return found


def shown_params(record: RunRecord) -> dict[str, str]:
    """Return a run's params as they are read best: as typed, but for a float's rounding tail.

    Examples
    --------
    >>> param_text("0.30000000000000004", 0.30000000000000004)
    '0.3'
    """
    return {key: param_text(text, record.typed_params.get(key)) for key, text in record.data.params.items()}


def param_text(text: str, value: Any) -> str:
    """Return one param's text; floats are rounded to six digits where they have many more."""
    if isinstance(value, float) and math.isfinite(value) and len(text) > _LONGEST_FLOAT:
        return f"{value:.6g}"
    return clean(text)


def error_words(error: RunError, limit: int) -> str:
    """Return what ended a run, on one line."""
    message = clean(error.message).strip()
    return cut(f"{error.type}: {message}" if message else error.type, limit)


def files_words(artifacts: tuple[Artifact, ...]) -> str:
    """Return how many artifacts a run has, and how large they are together."""
    total = sum(artifact.size_bytes for artifact in artifacts)
    return f"{count(len(artifacts), 'artifact')} ({size(total)})"


def tag_words(tags: Mapping[str, str], limit: int) -> list[str]:
    """Return tags as ``key=value``; those that MLflow keeps for itself are left out."""
    return [
        cut(clean(key if value == "" else f"{key}={value}"), limit)
        for key, value in tags.items()
        if not key.startswith("mlflow.")
    ]
