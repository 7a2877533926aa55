"""What a run read and in what it ran: data, Python and packages, git; each folded, with the gist on its line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from nbtrack.provenance.git import diff_text
from nbtrack.records import Input, RunRecord
from nbtrack.widgets import html
from nbtrack.widgets.detail.parts import code, folded_section, line, part
from nbtrack.widgets.format import count, size
from nbtrack.widgets.html import Html, mono, muted, text
from nbtrack.widgets.text import clean, cut, fit, grid

_MOST_PACKAGES, _PACKAGE_COLUMNS = 300, 3
_MOST_DIFF_LINES, _DIFF_WIDTH = 120, 160
_VALUE_LIMIT, _NAME_LIMIT = 100, 60
# Said on the line, or in a part of their own.
_ELSEWHERE = ("packages", "git", "variables", "python", "platform", "editable", "local")


def environment_section(record: RunRecord) -> Html | None:
    """Return in what a run ran; None where that is not known.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    Html or None
    """
    found = record.provenance.environment
    if not found:
        return None
    rows = [(name.replace("_", " "), _words(value)) for name, value in found.items() if name not in _ELSEWHERE]
    rows += [(name, _words(value)) for name, value in _mapping(found, "variables").items()]
    rows += [(f"generator {name}", f"state {digest[:12]}") for name, digest in record.provenance.generators.items()]
    facts = [(muted(cut(clean(name), _NAME_LIMIT)), text(value)) for name, value in rows if value]
    return folded_section(
        "Environment",
        environment_words(found),
        part("fact", [], [(muted("platform"), text(_words(found.get("platform")))), *facts]),
        _packages(found),
    )


def environment_words(found: Mapping[str, Any]) -> str:
    """Return what matters most of an environment, on one line.

    Parameters
    ----------
    found : mapping

    Returns
    -------
    str

    Examples
    --------
    >>> environment_words({"python": "3.12.1", "platform": "Linux-6.1", "packages": {"numpy": "2.1"}})
    'Python 3.12.1 · Linux · 1 package'
    """
    packages = _mapping(found, "packages")
    system = _words(found.get("platform")).partition("-")[0]
    python = _words(found.get("python"))
    amount = count(len(packages), "package") if packages else ""
    return " · ".join(filter(None, [f"Python {python}" if python else "", system, amount]))


def _packages(found: Mapping[str, Any]) -> Html | None:
    packages = _mapping(found, "packages")
    if not packages:
        return None
    moving = {name for key in ("editable", "local") for name in (found.get(key) or ()) if isinstance(name, str)}
    pairs = [(name, f"{_words(version)}{'*' if name in moving else ''}") for name, version in sorted(packages.items())]
    shown = [[fit(name, 28), fit(version, 14)] for name, version in pairs[:_MOST_PACKAGES]]
    height = -(-len(shown) // _PACKAGE_COLUMNS)
    rows = [
        [word for column in range(_PACKAGE_COLUMNS) for word in _at(shown, row + column * height)]
        for row in range(height)
    ]
    rest = len(pairs) - len(shown)
    notes = [f"and {count(rest, 'more package')}"] if rest > 0 else []
    notes += ["* installed from a folder whose code can have changed"] if any(v.endswith("*") for _, v in pairs) else []
    return html.join([code("\n".join(grid(rows, gap=3))), *(line(muted(note)) for note in notes)])


def _at(pairs: list[list[str]], place: int) -> list[str]:
    return pairs[place] if place < len(pairs) else ["", ""]


def git_section(record: RunRecord) -> Html | None:
    """Return the state of the repository around a run; None where there was none.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    Html or None
    """
    found = _mapping(record.provenance.environment, "git")
    if not found:
        return None
    names = ("commit", "branch", "remote")
    rows = [(muted(name), text(_words(found.get(name)))) for name in names if found.get(name)]
    diff = _diff(found)
    lines = diff.splitlines()
    shown = [cut(row, _DIFF_WIDTH) for row in lines[:_MOST_DIFF_LINES]]
    rest = len(lines) - len(shown)
    return folded_section(
        "Git",
        git_words(found),
        part("fact", [], rows),
        code("\n".join(shown)) if shown else None,
        line(muted(f"and {count(rest, 'more line')} of the diff")) if rest > 0 else None,
    )


def git_words(found: Mapping[str, Any]) -> str:
    """Return what matters most of a repository's state, on one line.

    Parameters
    ----------
    found : mapping

    Returns
    -------
    str

    Examples
    --------
    >>> git_words({"branch": "main", "commit": "3f2a1b2c4d", "dirty": True, "diff_bytes": 1200, "untracked": 0})
    'main at 3f2a1b2c, changes not committed (1.2 kB)'
    """
    if "problem" in found:
        return f"not known: {cut(clean(_words(found['problem'])), _VALUE_LIMIT)}"
    branch, commit = _words(found.get("branch")) or "no branch", _words(found.get("commit"))[:8] or "no commit"
    words = [f"{cut(branch, _NAME_LIMIT)} at {commit}"]
    if found.get("dirty"):
        amount = found.get("diff_bytes")
        words.append("changes not committed" + (f" ({size(amount)})" if isinstance(amount, int) and amount else ""))
    untracked = found.get("untracked")
    if isinstance(untracked, int) and untracked:
        words.append(f"{count(untracked, 'file')} not tracked")
    return ", ".join(words)


def _diff(found: Mapping[str, Any]) -> str:
    try:
        return diff_text(dict(found))
    except Exception:  # noqa: BLE001 - a diff that cannot be unpacked is worth no more than its absence
        return ""


# --- data -----------------------------------------------------------------------------------------------------------


def data_section(record: RunRecord) -> Html | None:
    """Return what a run read, by what it looked like; None where nothing is known of it.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    Html or None
    """
    if not record.inputs:
        return None
    rows = [
        (
            text(cut(clean(found.name), _NAME_LIMIT, "middle")),
            text(data_words(found)),
            mono(found.digest[:12], title=found.digest) if found.digest else muted("not known"),
            muted(cut(clean(found.context or ""), 30)),
        )
        for found in record.inputs
    ]
    names = ", ".join(cut(clean(found.name), 30, "middle") for found in record.inputs[:4])
    about = f"{names}{', …' if len(record.inputs) > 4 else ''}"
    return folded_section("Data", about, part("input", ["name", "what", "fingerprint", "for"], rows))


def data_words(found: Input) -> str:
    """Return what a run's input looked like, as ``DataFrame, 1,347 × 64``.

    Parameters
    ----------
    found : Input

    Returns
    -------
    str

    Examples
    --------
    >>> data_words(Input(name="x", source="ndarray", schema='{"dtype": "int64"}', profile='{"shape": [450]}'))
    'ndarray, 450 of int64'
    """
    profile, schema = _read(found.profile), _read(found.schema)
    source = found.source or ""
    kind = PurePath(source).name if "size_bytes" in profile else source
    words = [cut(clean(kind), _NAME_LIMIT, "middle")] if kind and kind != found.name else []
    shape, length = profile.get("shape"), profile.get("size_bytes")
    if isinstance(shape, list) and shape:
        dtype = schema.get("dtype")
        of = f" of {cut(clean(dtype), 30)}" if isinstance(dtype, str) else ""
        words.append(" × ".join(f"{part:,}" if isinstance(part, int) else "?" for part in shape[:8]) + of)
    if isinstance(length, int):
        words.append(size(length))
    if any("sampl" in key for key in profile):
        words.append("fingerprinted by a sample")
    return ", ".join(words)


def _read(facts: str | None) -> dict[str, Any]:
    try:
        found = json.loads(facts or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _mapping(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, Mapping) else {}


def _words(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return ""
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return cut(clean(words), _VALUE_LIMIT, "middle")
