"""The files of compared runs: what has the same path in several of them, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nbtrack.records import Artifact
from nbtrack.widgets import html
from nbtrack.widgets.compared.sidebyside import side_by_side_html
from nbtrack.widgets.compared.sides import Sides
from nbtrack.widgets.compared.texts import comparable_texts
from nbtrack.widgets.format import count, size
from nbtrack.widgets.html import Html, el, muted
from nbtrack.widgets.previews import preview_html
from nbtrack.widgets.text import clean, cut

_BUDGET, _LEAST, _LEAST_PICTURE = 120_000, 2_500, 9_000
_MOST_PREVIEW = 24_000
_MOST_PATHS, _MOST_NAMED, _OPEN_AT_ONCE = 20, 40, 4
_PATH_LIMIT, _NAME_LIMIT, _DIGEST = 60, 24, 8
_CELL = "text-align:left;vertical-align:top;padding:2px 8px 2px 0;width:50%;overflow-x:auto;font-size:13px"
_TABLE = "display:table;width:100%;margin:0;border:none;border-collapse:collapse;table-layout:fixed"


def artifacts_html(sides: Sides, room: int) -> Html | None:
    """Return the files that differ beside each other, and the names of those that are equal.

    Parameters
    ----------
    sides : Sides
    room : int
        About so long is what is returned, at most.

    Returns
    -------
    Html or None
        None where no run has any.
    """
    files = [{artifact.path: artifact for artifact in record.artifacts} for record in sides.records]
    paths = list(dict.fromkeys(path for mine in files for path in mine))
    same = [path for path in paths if len({mine[path].digest if path in mine else None for mine in files}) == 1]
    equal = set(same)
    other = {path: [mine.get(path) for mine in files] for path in paths if path not in equal}
    parts = list(_different(sides, other, min(room, _BUDGET)))
    if same:
        lines = [_named(path, _facts(files[0][path])) for path in same[:_MOST_NAMED]]
        if len(same) > _MOST_NAMED:
            lines.append(el("div", muted(f"and {len(same) - _MOST_NAMED} more")))
        parts.append(html.folded(f"{count(len(same), 'file')} the same", *lines))
    return el("div", el("div", muted("artifacts")), *parts, style="margin:10px 14px 0 0") if parts else None


def _named(path: str, facts: str) -> Html:
    return el("div", html.mono(cut(clean(path), _PATH_LIMIT, "middle")), muted(f" {facts}"))


def _different(sides: Sides, files: dict[str, list[Artifact | None]], room: int) -> Iterator[Html]:
    # Pictures are what one looks at, so there is room for them first.
    files = dict(sorted(files.items(), key=lambda item: not _are_pictures(item[1])))
    for number, (path, versions) in enumerate(files.items()):
        if number == _MOST_PATHS:
            named = ", ".join(cut(clean(path), _PATH_LIMIT, "middle") for path in [*files][number:][:_MOST_NAMED])
            yield el("div", muted(f"and {count(len(files) - number, 'more file')} that differ: {named}"))
            return
        body = _body(sides, versions, room)
        room -= len(body)
        amount = len({one.digest for one in versions if one is not None})
        heading = html.mono(cut(clean(path), _PATH_LIMIT, "middle"))
        if number < _OPEN_AT_ONCE and (sides.is_pair or _are_pictures(versions)):
            yield el("div", el("div", heading, style="margin:6px 0 0 0"), body)
        else:
            words = "" if sides.is_pair else f" {count(amount, 'version')}"
            yield html.folded(html.join([heading, words]), body)


def _body(sides: Sides, versions: Sequence[Artifact | None], room: int) -> Html:
    if sides.is_pair and versions[0] is not None and versions[1] is not None:
        texts = comparable_texts((versions[0], sides.stores[0]), (versions[1], sides.stores[1]))
        body = None if texts is None else side_by_side_html(*texts, most_bytes=room)
        if body is not None and len(body) <= room:
            return body
    there = [place for place, one in enumerate(versions) if one is not None]
    shown = there[: room // (_LEAST_PICTURE if _are_pictures(versions) else _LEAST)]
    if not shown or (sides.is_pair and shown != there):
        return el("div", *_listed(sides, versions, range(len(versions))))
    each = min(room // len(shown), _MOST_PREVIEW)
    previews = [
        muted("no such file") if one is None else preview_html(one, store, each) if place in shown else None
        for place, (one, store) in enumerate(zip(versions, sides.stores, strict=True))
    ]
    if sides.is_pair:
        cells = (el("td", preview, style=_CELL) for preview in previews)
        return el("table", el("tbody", el("tr", *cells, style="background:none")), style=_TABLE)
    rest = [place for place in range(len(versions)) if place not in shown]
    beside = (_beside(sides.names[place], previews[place]) for place in shown)
    return el("div", *beside, *_listed(sides, versions, rest))


def _are_pictures(versions: Sequence[Artifact | None]) -> bool:
    return all(one is None or one.media_type.startswith("image/") for one in versions)


def _beside(name: str, preview: Html | None) -> Html:
    heading = el("div", cut(clean(name), _NAME_LIMIT, "middle"))
    return el(
        "div", heading, preview, style="display:inline-block;vertical-align:top;margin:4px 12px 0 0;max-width:300px"
    )


def _listed(sides: Sides, versions: Sequence[Artifact | None], places: Iterable[int]) -> list[Html]:
    lines = []
    for place in places:
        one = versions[place]
        name = cut(clean(sides.names[place]), _NAME_LIMIT, "middle")
        lines.append(el("div", f"{name} ", muted("no such file" if one is None else _facts(one))))
    return lines


def _facts(artifact: Artifact) -> str:
    return f"{size(artifact.size_bytes)} · {cut(clean(artifact.media_type), 40)} · {artifact.digest[:_DIGEST]}"
