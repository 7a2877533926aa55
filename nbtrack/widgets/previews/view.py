"""An artifact in small: what it looks like, and one quiet line on what it is."""

from __future__ import annotations

import re
from collections.abc import Callable

from nbtrack.records import Artifact
from nbtrack.store.store import Store
from nbtrack.widgets import html
from nbtrack.widgets.format import size
from nbtrack.widgets.html import Html, el, muted
from nbtrack.widgets.previews import figures, images, tables, texts
from nbtrack.widgets.previews.arrays import array_words
from nbtrack.widgets.previews.content import Content, UnreadableError
from nbtrack.widgets.text import clean, cut

MOST_BYTES = 64_000
"""Of HTML that one preview takes."""
_CSV, _JSON, _JSON_LINES = (".csv", ".tsv", ".tab"), (".json", ".ipynb", ".geojson"), (".jsonl", ".ndjson")
_DIGEST = 12
_HASH = re.compile("[0-9a-f]{64}")


def preview_html(artifact: Artifact, store: Store, most_bytes: int = MOST_BYTES) -> Html:
    """Return a picture, the first rows or lines, or what is known of an artifact; it never raises for what is in it.

    Nothing that the file holds is run: HTML is shown as text, SVG as an image, and no object is unpickled.

    Parameters
    ----------
    artifact : Artifact
    store : Store
        That keeps it.
    most_bytes : int
        About so long is what is returned, at most.

    Returns
    -------
    Html
        Static: inline style alone, nothing that an untrusted notebook strips.
    """
    facts = [cut(clean(artifact.media_type), 60), size(artifact.size_bytes)]
    try:
        # A digest that came with somebody else's runs must not lead to another file of this machine's.
        if not _HASH.fullmatch(artifact.digest):
            raise FileNotFoundError
        content = Content(artifact, store.artifact_file(artifact.digest))
        shown, first, more = _preview(content, most_bytes)
        return _block(shown, [first or facts[0], facts[1], more])
    except UnreadableError as why:
        return _block(None, [str(why), *facts, f"sha256 {artifact.digest[:_DIGEST]}"])
    except FileNotFoundError:
        return _block(None, ["The content is not in this store any more.", *facts])
    except (OSError, MemoryError) as error:
        return _block(None, [f"The content cannot be read: {clean(str(error))[:120]}.", *facts])
    except Exception as error:  # noqa: BLE001 - whatever is in a file, what else is shown beside it must be
        return _block(None, [f"No preview could be made ({type(error).__name__}).", *facts])


def _block(shown: Html | None, facts: list[str]) -> Html:
    first, *rest = (fact for fact in facts if fact)
    # A sentence ends by itself.
    line = f"{first} {' · '.join(rest)}" if first.endswith(".") else " · ".join([first, *rest])
    return el("div", shown, el("div", muted(line), style="font-size:12px"), style="margin:0 14px 4px 0")


def _preview(content: Content, most_bytes: int) -> tuple[Html, str, str]:
    """Return what is to be seen, what it is if that is not its media type, and a word more."""
    if not content.size_bytes:
        raise UnreadableError("The file is empty.")
    picture = images.recognised(content.head)
    if picture is not None:
        shown, more = images.image_html(content, picture, most_bytes)
        return shown, picture.words, more
    if content.head.startswith(b"PAR1"):
        shown, shape = tables.table_html(tables.read_parquet(content), most_bytes)
        return shown, "Parquet table", shape
    array = array_words(content.head)
    if array:
        return Html(), array, ""
    if content.text is None:
        raise UnreadableError("No preview: the file is binary.")
    return _of_text(content, content.text, most_bytes)


def _of_text(content: Content, text: str, most_bytes: int) -> tuple[Html, str, str]:
    name, kind = content.name, content.artifact.media_type
    attempts: list[Callable[[], tuple[Html, str, str]]] = []
    if name.endswith((".svg", ".svgz")) or kind == "image/svg+xml":
        attempts.append(lambda: (images.svg_html(content, most_bytes)[0], "SVG drawing", ""))
    elif name.endswith(_CSV) or kind in ("text/csv", "text/tab-separated-values"):
        attempts.append(lambda: _table(tables.read_csv(content), most_bytes))
    elif name.endswith(_JSON_LINES):
        attempts.append(lambda: _table(tables.read_json_lines(content), most_bytes))
    elif name.endswith(_JSON) or kind == "application/json":
        attempts.append(lambda: _json(content, most_bytes))
    why = ""
    for attempt in attempts:
        try:
            return attempt()
        except UnreadableError as error:
            why = str(error)
    shown, more = texts.text_html(text, content, most_bytes)
    return shown, "", " · ".join(filter(None, [more, why]))


def _table(table: tables.Table, most_bytes: int) -> tuple[Html, str, str]:
    shown, shape = tables.table_html(table, most_bytes)
    return shown, "table", shape


def _json(content: Content, most_bytes: int) -> tuple[Html, str, str]:
    value = texts.read_json(content)
    if figures.is_figure(value):
        try:
            shown, more = figures.figure_html(value, most_bytes)
        except UnreadableError as why:
            # Its JSON would tell nobody anything.
            return html.join([]), str(why), ""
        return shown, more, ""
    found = tables.table_of_json(value)
    if found is not None:
        return _table(found, most_bytes)
    shown, more = texts.json_html(value, most_bytes)
    return shown, "", more
