"""The bytes of an artifact, read no further than a preview needs."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbtrack.errors import NbtrackError
from nbtrack.records import Artifact

HEAD_BYTES = 1 << 18
"""Of a file of whatever size, so much is looked at to tell what it is."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\b\x1b")


class UnreadableError(NbtrackError):
    """A preview cannot be made; says why in one sentence. Never leaves this package."""


@dataclass(frozen=True)
class Content:
    """An artifact with the file that keeps it.

    Attributes
    ----------
    artifact : Artifact
    file : Path
        Named by the hash of its content; never changes.
    """

    artifact: Artifact
    file: Path

    @property
    def name(self) -> str:
        """Path within the run, in lower case, to tell what its suffix says."""
        return self.artifact.path.lower()

    @cached_property
    def size_bytes(self) -> int:
        """How long the file really is."""
        return self.file.stat().st_size

    @cached_property
    def head(self) -> bytes:
        """The beginning of the file."""
        with self.file.open("rb") as opened:
            return opened.read(HEAD_BYTES)

    @property
    def is_whole(self) -> bool:
        """Whether the beginning is all that there is."""
        return self.size_bytes <= len(self.head)

    def bytes(self, most: int) -> bytes:
        """Return the whole file.

        Parameters
        ----------
        most : int
            Of bytes.

        Raises
        ------
        UnreadableError
            It is longer.
        """
        if self.size_bytes > most:
            raise UnreadableError("The file is too large to be looked at here.")
        return self.head if self.is_whole else self.file.read_bytes()

    @cached_property
    def text(self) -> str | None:
        """The beginning as text; None where it is none."""
        return decoded(self.head, is_whole=self.is_whole)


def decoded(data: bytes, *, is_whole: bool) -> str | None:
    r"""Return bytes as text, or None where they are something else.

    Parameters
    ----------
    data : bytes
    is_whole : bool
        False: what stands at the end may be half a character.

    Returns
    -------
    str or None

    Examples
    --------
    >>> decoded(b"a,b\n", is_whole=True), decoded(b"a\x00b", is_whole=True)
    ('a,b\n', None)
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _tried(data, encoding, is_whole)
    if any(byte in _CONTROLS for byte in data[:8192]) or b"\0" in data:
        return None
    # What is no UTF-8 and has no control characters is mostly text of one of the older encodings.
    text = _tried(data, "utf-8", is_whole)
    return data.decode("latin-1") if text is None and is_wordy(data) else text


def is_wordy(data: bytes) -> bool:
    """Tell whether bytes are mostly ASCII, as texts in older encodings are."""
    sample = data[:8192]
    return sum(byte < 128 for byte in sample) >= 0.7 * len(sample)


def _tried(data: bytes, encoding: str, is_whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, is_whole)
    except UnicodeDecodeError:
        return None
