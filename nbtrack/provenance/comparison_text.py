"""A comparison as text of at most a hundred columns."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nbtrack.provenance.differences import EXPLAINING, Difference
from nbtrack.records import RunInfo

WIDTH = 100
_KIND_WIDTH = 13
_MOST_DIFF_LINES = 30
_FROM_THE_TOP = re.compile(r"@@ -[01]\b.* \+[01]\b.* @@")
_PLURALS = {
    "code": ("cell", "cells"), "data": ("input", "inputs"), "git": ("fact of git", "facts of git"),
    "environment": ("fact of the environment", "facts of the environment"), "seed": ("seed fact", "seed facts"),
}  # fmt: skip


def comparison_text(
    runs: Sequence[RunInfo], differences: Sequence[Difference], same: Mapping[str, int], seeds: Sequence[str] = ()
) -> str:
    """Return a comparison as text.

    Parameters
    ----------
    runs : sequence of RunInfo
        The baseline first.
    differences : sequence of Difference
    same : mapping of str to int
        By kind, how many facts are equal.
    seeds : sequence of str
        What replays under other seeds came to.

    Returns
    -------
    str
    """
    baseline, *others = runs
    lines: list[str] = []
    for other in others:
        changes = [change for change in differences if change.run_id == other.run_id]
        lines += [*_of_run(baseline, other, changes), ""]
    if seeds:
        lines.append("Under other seeds:")
        lines += [line for text in seeds for line in _wrapped("  ", text)]
        lines.append("")
    if same:
        counts = [counted_kind(kind, number) for kind, number in same.items()]
        where = "all" if len(others) > 1 else "both"
        lines += _wrapped("", f"The same in {where}: {', '.join(counts)}.")
    return "\n".join(line for line in lines).rstrip()


def _of_run(baseline: RunInfo, other: RunInfo, changes: Sequence[Difference]) -> Iterator[str]:
    names, experiment = [_named(info) for info in (other, baseline)], baseline.experiment_name
    if other.experiment_name == experiment:
        yield from _wrapped("", f"{names[0]} against {names[1]}, experiment {experiment}")
    else:
        names = [
            f"{name} of experiment {info.experiment_name}" for name, info in zip(names, (other, baseline), strict=True)
        ]
        yield from _wrapped("", f"{names[0]} against {names[1]}")
    certain = [change for change in changes if change.state == "different"]
    explaining = [change for change in certain if change.kind in EXPLAINING]
    metrics = [change for change in certain if change.kind == "metric"]
    yield ""
    if explaining:
        yield "What can explain other metrics:"
        for change in explaining:
            yield from _lines(change)
    else:
        yield "Nothing that is known to differ can explain other metrics."
    yield "" if metrics else "No metric differs."
    if metrics:
        yield "Metrics:"
        for change in metrics:
            yield from _lines(change)
    rest = [change for change in changes if change.state == "cosmetic" or change.kind == "tag"]
    if rest:
        yield ""
        yield "Besides:"
        for change in rest:
            yield from _wrapped(_head(change), change.sentence)
    unknown = [change for change in changes if change.state == "unknown"]
    if unknown:
        yield ""
        yield "Not known:"
        for change in unknown:
            yield from _wrapped(_head(change), change.sentence)


def _named(info: RunInfo) -> str:
    status = "" if info.status == "finished" else f", {info.status}"
    return f"{info.run_name} ({info.run_id[:8]}{status})"


def _head(change: Difference) -> str:
    return f"  {change.kind:<{_KIND_WIDTH - 2}}"


def _lines(change: Difference) -> Iterator[str]:
    yield from _wrapped(_head(change), change.sentence)
    if change.diff:
        # Without the names of the two sides, which the sentence has, and where a cell differs from its first line on.
        body = change.diff.split("\n")[2:]
        if body and _FROM_THE_TOP.match(body[0]):
            del body[0]
        for line in body[:_MOST_DIFF_LINES]:
            yield _fit(" " * _KIND_WIDTH + "  " + line.expandtabs(4))
        if len(body) > _MOST_DIFF_LINES:
            yield " " * _KIND_WIDTH + f"  … {len(body) - _MOST_DIFF_LINES} more lines"


def _wrapped(head: str, text: str) -> Iterable[str]:
    found = textwrap.wrap(_clean(text), WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    return [_fit(line) for line in found] or [head.rstrip()]


def counted_kind(kind: str, number: int) -> str:
    """Return how many facts of a kind there are, in words.

    Examples
    --------
    >>> counted_kind("code", 2), counted_kind("param", 1)
    ('2 cells', '1 param')
    """
    one, many = _PLURALS.get(kind, (kind, f"{kind}s"))
    return f"{number} {one if number == 1 else many}"


def _clean(text: str) -> str:
    """Return text without what controls a terminal, reorders text or cannot be encoded."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _fit(line: str) -> str:
    """Return a line cut to the width, wide characters counted as two columns."""
    line = _clean(line)
    columns = 0
    for position, char in enumerate(line):
        columns += 2 if not char.isascii() and unicodedata.east_asian_width(char) in "WF" else 1
        if columns > WIDTH:
            cut = line[:position]
            while _columns(cut) > WIDTH - 1:
                cut = cut[:-1]
            return cut.rstrip() + "…"
    return line


def _columns(line: str) -> int:
    return len(line) + sum(unicodedata.east_asian_width(char) in "WF" for char in line if not char.isascii())
