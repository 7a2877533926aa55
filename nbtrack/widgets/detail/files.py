"""A run's artifacts: pictures at once, everything else a line that opens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from nbtrack.records import Artifact
from nbtrack.store.store import Store
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.parts import line, part, section
from nbtrack.widgets.format import count, size
from nbtrack.widgets.html import Html, el, muted, text
from nbtrack.widgets.phrases import files_words
from nbtrack.widgets.previews import preview_html
from nbtrack.widgets.text import clean, cut

_MOST_PREVIEWS, _AT_ONCE, _MOST_LISTED = 40, 4, 20
_ROOMS = (64_000, 32_000, 16_000, 8_000, 3_000)
_LEAST = _ROOMS[-1]
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_PATH_LIMIT = 90


def artifacts_section(facts: Facts, most_bytes: int) -> Html | None:
    """Return a run's artifacts with what is inside; None where it has none.

    Parameters
    ----------
    facts : Facts
    most_bytes : int
        Of HTML; artifacts for which there is no more room are listed.

    Returns
    -------
    Html or None
    """
    artifacts = facts.record.artifacts
    if not artifacts:
        return None
    if facts.store is None:
        rows = [
            (text(_name(item)), text(size(item.size_bytes)), muted(clean(item.media_type)[:60])) for item in artifacts
        ]
        return section("Artifacts", files_words(artifacts), part("artifact", [], rows, right=(1,)))
    waiting = sorted(artifacts, key=lambda item: not _is_picture(item))
    seen: list[Html] = []
    folded: list[Html] = []
    left = most_bytes - _MOST_LISTED * _PATH_LIMIT
    while waiting and len(seen) + len(folded) < _MOST_PREVIEWS and left > _LEAST:
        item = waiting[0]
        preview = _preview(item, facts.store, left // min(len(waiting), 3))
        at_once = _is_picture(item) and len(seen) < _AT_ONCE
        shown = _figure(item, preview) if at_once else _folded(item, preview)
        if len(shown) > left:
            break
        left -= len(shown)
        del waiting[0]
        (seen if at_once else folded).append(shown)
    pictures = el("div", *seen) if seen else None
    return section("Artifacts", files_words(artifacts), pictures, *folded, _unseen(waiting))


def _preview(item: Artifact, store: Store, share: int) -> Html:
    """Return a preview that takes no more than a share of what there is, for others wait.

    What was made is kept for a while: a run under way is shown again and again, and its files never change.
    """
    room = next((room for room in _ROOMS if room <= share), _ROOMS[-1])
    if not store.artifact_file(item.digest).is_file():
        return preview_html(item, store, room)
    return _kept(item, store, room)


@lru_cache(maxsize=64)
def _kept(item: Artifact, store: Store, room: int) -> Html:
    return preview_html(item, store, room)


def _unseen(items: Sequence[Artifact]) -> Html | None:
    if not items:
        return None
    names = ", ".join(f"{cut(_name(item), 50, 'middle')} ({size(item.size_bytes)})" for item in items[:_MOST_LISTED])
    more = ", …" if len(items) > _MOST_LISTED else ""
    return line(muted(f"{count(len(items), 'artifact')} without a preview here: {names}{more}"))


def _name(item: Artifact) -> str:
    return cut(clean(item.path), _PATH_LIMIT, "middle")


def _is_picture(item: Artifact) -> bool:
    return item.path.lower().endswith(_IMAGES) or item.media_type.startswith("image/")


def _figure(item: Artifact, preview: Html) -> Html:
    name = cut(clean(item.path), 60, "middle")
    return el("div", el("div", name), preview, style="display:inline-block;vertical-align:top;margin:8px 16px 0 0")


def _folded(item: Artifact, preview: Html) -> Html:
    summary = el(
        "summary",
        _name(item),
        muted(f" \u2002{size(item.size_bytes)}"),
        style="cursor:pointer",
    )
    return el("details", summary, el("div", preview, style="padding:0 0 6px 15px"), style="margin:4px 0 0 0")
