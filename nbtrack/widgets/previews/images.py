"""Images as data addresses, never larger than asked for; made smaller with Pillow where that happens to be here."""

from __future__ import annotations

import base64
import importlib.util
import io
import struct
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from nbtrack.widgets.format import size
from nbtrack.widgets.html import Html, el
from nbtrack.widgets.previews.content import Content, UnreadableError

_WIDEST, _HIGHEST = 420, 300
"""Of an image on the page, in pixels."""
_SMALL = 96
# People's drawings are commonly black on nothing, which a dark page would hide.
_STYLE = "max-width:100%;background:#fff"
_MOST_PIXELS = 60_000_000
_MOST_FILE_BYTES = 60_000_000
_STEPS = (840, 560, 420, 280, 180, 120)
_KINDS = {"PNG": "png", "JPEG": "jpeg", "GIF": "gif", "WebP": "webp"}
_FOREIGN = {b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
_NOT_SIZE = {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Picture:
    """What the first bytes of an image say: its format, and its size in pixels where that is known."""

    format: str
    width: int = 0
    height: int = 0

    @property
    def words(self) -> str:
        """Format and size, as ``PNG image, 640 × 480``."""
        measures = f", {self.width:,} × {self.height:,}" if self.width else ""
        return f"{self.format} image{measures}"


def recognised(head: bytes) -> Picture | None:
    """Return what image this is, by its content alone; None where it is none.

    Parameters
    ----------
    head : bytes
        The beginning of the file.

    Returns
    -------
    Picture or None

    Raises
    ------
    UnreadableError
        It begins as an image and does not go on as one.
    """
    for name, read, marks in (
        ("PNG", _png, (b"\x89PNG\r\n\x1a\n",)),
        ("JPEG", _jpeg, (b"\xff\xd8\xff",)),
        ("GIF", _gif, (b"GIF87a", b"GIF89a")),
        ("WebP", _webp, (b"RIFF",)),
    ):
        if head.startswith(marks) and (name != "WebP" or head[8:12] == b"WEBP"):
            try:
                width, height = read(head)
            except (struct.error, IndexError, ValueError):
                raise UnreadableError(f"The {name} image is broken: its size cannot be read.") from None
            if not width or not height:
                raise UnreadableError(f"The {name} image is broken: it has no pixels.")
            return Picture(name, width, height)
    return next((Picture(name) for mark, name in _FOREIGN.items() if head.startswith(mark)), None)


def _png(head: bytes) -> tuple[int, int]:
    if head[12:16] != b"IHDR":
        raise ValueError
    return struct.unpack(">II", head[16:24])


def _gif(head: bytes) -> tuple[int, int]:
    return struct.unpack("<HH", head[6:10])


def _jpeg(head: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while head[at] == 0xFF:
            at += 1
        kind, length = head[at], struct.unpack(">H", head[at + 1 : at + 3])[0]
        if 0xC0 <= kind <= 0xCF and kind not in _NOT_SIZE:
            height, width = struct.unpack(">HH", head[at + 4 : at + 8])
            return width, height
        at += 1 + length
        if head[at] != 0xFF:
            raise ValueError


def _webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        return (1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if kind == b"VP8L":
        bits = struct.unpack("<I", head[21:25])[0]
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def image_html(content: Content, picture: Picture, most_bytes: int) -> tuple[Html, str]:
    """Return an image, and a word on it if it is not shown as it is.

    Parameters
    ----------
    content : Content
    picture : Picture
        As :func:`recognised` found it.
    most_bytes : int
        Of HTML.

    Returns
    -------
    (Html, str)

    Raises
    ------
    UnreadableError
        It cannot be read, or is too large to be shown.
    """
    room = most_bytes * 3 // 4 - 400
    kind = _KINDS.get(picture.format)
    if kind is not None and content.size_bytes <= room:
        return _shown(content.bytes(room), kind, picture, content), ""
    why = "too large to be shown here" if kind is not None else "not a format that browsers show"
    if importlib.util.find_spec("PIL") is None:
        raise UnreadableError(f"The image is {why}; with Pillow installed it is shown smaller (pip install pillow).")
    if picture.width * picture.height > _MOST_PIXELS or content.size_bytes > _MOST_FILE_BYTES:
        raise UnreadableError(f"The image is {why}.")
    data, kind, width = _smaller(content, room)
    return _shown(data, kind, picture, content), f"shown with a width of {width:,}"


def _smaller(content: Content, room: int) -> tuple[bytes, str, int]:
    from PIL import Image

    formats = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
    try:
        with Image.open(io.BytesIO(content.bytes(_MOST_FILE_BYTES)), formats=formats) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise UnreadableError("The image has too many pixels to be shown here.")
            is_clear = "A" in opened.getbands() or "transparency" in opened.info
            image: Any = opened.convert("RGBA" if is_clear else "RGB")
        for widest in _STEPS:
            image.thumbnail((widest, widest))
            for kind, options in (("png", {"optimize": True}), ("jpeg", {"quality": 82})):
                if kind == "jpeg" and is_clear:
                    continue
                buffer = io.BytesIO()
                image.save(buffer, kind.upper(), **options)
                if buffer.tell() <= room:
                    return buffer.getvalue(), kind, image.width
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises whatever its decoders do, and a preview never raises
        raise UnreadableError(f"The image is broken: it cannot be decoded ({type(error).__name__}).") from None
    raise UnreadableError("The image is too large to be shown here.")


def _shown(data: bytes, kind: str, picture: Picture, content: Content) -> Html:
    scale = min(1.0, _WIDEST / picture.width, _HIGHEST / picture.height) if picture.width else 1.0
    if 0 < max(picture.width, picture.height) < _SMALL:
        # A digit of 8 × 8 pixels is a speck on the page: each pixel becomes a square of several.
        scale = _SMALL // max(picture.width, picture.height)
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    width = max(1, round(picture.width * scale)) if picture.width else None
    return el("img", src=source, alt=content.artifact.path[:200], width=width, style=_STYLE)


# --- SVG ------------------------------------------------------------------------------------------------------------


def svg_html(content: Content, most_bytes: int) -> tuple[Html, str]:
    """Return an SVG drawing as an image, in which no script runs and nothing is loaded.

    Parameters
    ----------
    content : Content
    most_bytes : int
        Of HTML.

    Returns
    -------
    (Html, str)

    Raises
    ------
    UnreadableError
        It is no such drawing, has entities of its own, or is too large.
    """
    room = most_bytes * 3 // 4 - 400
    if content.size_bytes > room:
        raise UnreadableError(f"The drawing is too large to be shown here: {size(content.size_bytes)}.")
    data = content.bytes(room)
    _check(data)
    source = f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
    return el("img", src=source, alt=content.artifact.path[:200], width=_WIDEST, style=_STYLE), ""


def _check(data: bytes) -> None:
    """Refuse what a browser would refuse, or would take long to read."""
    names: list[str] = []

    def entity(*_: object) -> None:
        raise UnreadableError("The drawing has entities of its own, which are not expanded here.")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = entity
    parser.StartElementHandler = lambda name, _: names.append(name) if not names else None
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnreadableError(f"The drawing is broken: {error}.") from None
    if not names or names[0].rpartition(":")[2] != "svg":
        raise UnreadableError("The file is no SVG drawing.")
