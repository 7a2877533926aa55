"""Digests of live values: equal for equal content, found without running any of the user's code.

What cannot be looked into (a figure, a database connection, the compiled part of some library) and what is larger than
the budget makes a digest inexact: then it tells nothing about a change, and nobody may conclude one from it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import SimpleNamespace
from typing import Any

from nbtrack.provenance import librarydigests
from nbtrack.provenance.estimators import settings
from nbtrack.provenance.objects import members, own_attributes
from nbtrack.provenance.walker import Walker

_MAX_PARTS = 100


@dataclass(frozen=True, slots=True)
class ValueDigest:
    """What is known of a value's content.

    Attributes
    ----------
    digest : str
        Equal for equal content.
    exact : bool
        All of the content went into it.
    core : str
        The same without the states of random generators in it.
    parts : dict of str to str
        Digests of the items of a small dict, the fields of a record, the columns of a table, the shape of an array,
        or the settings of estimators.
    reach : frozenset of int
        Identities of what in it can be changed in place; two values that share one are aliases.
    sampled : bool
        Inexact only because of its size.
    entropy : tuple of int
        What the NumPy generators in it were seeded with, where that came from the operating system's entropy.
    portable : bool
        Every process finds the same digest for the same content.
    """

    digest: str
    exact: bool = True
    core: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    reach: frozenset[int] = frozenset()
    sampled: bool = False
    entropy: tuple[int, ...] = ()
    portable: bool = True


def digest_value(value: Any, namespace: Mapping[str, Any]) -> ValueDigest:
    """Return the digest of a value.

    Parameters
    ----------
    value : object
    namespace : mapping of str to object
        The notebook's names; tells the notebook's own classes from those of libraries.

    Returns
    -------
    ValueDigest

    Examples
    --------
    >>> digest_value([1, 2], {}).digest == digest_value([1, 2], {}).digest
    True
    """
    walker = Walker(namespace)
    parts = {key: walker.part(item) for key, item in _parts_of(value)}
    parts = parts or librarydigests.columns(walker, value, _MAX_PARTS)
    parts |= {key: walker.part(item) for key, item in settings(value, _MAX_PARTS)}
    walker.feed(value)
    core = walker.hexdigest()
    digest = core if not walker.states else hashlib.blake2b(b"".join([core.encode(), *walker.states])).hexdigest()[:32]
    return ValueDigest(
        digest,
        walker.exact,
        core,
        parts,
        frozenset(walker.reach),
        walker.sampled,
        tuple(walker.entropy),
        walker.portable,
    )


def reach_of(value: Any, namespace: Mapping[str, Any]) -> frozenset[int]:
    """Return the identities of what in a value can be changed in place, which costs less than its digest.

    Parameters
    ----------
    value : object
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    frozenset of int

    Examples
    --------
    >>> inner = [1]
    >>> reach_of((inner, "text"), {}) == {id(inner)}
    True
    """
    walker = Walker(namespace, content=False)
    walker.feed(value)
    return frozenset(walker.reach)


def plain_digest(digest: str) -> ValueDigest:
    """Return what is known of what has a digest of its own: a file, a state."""
    return ValueDigest(digest, core=digest)


def digest_text(*texts: str) -> str:
    """Return the digest of texts."""
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _parts_of(value: Any) -> Iterable[tuple[str, Any]]:
    cls = type(value)
    if cls is dict or cls is OrderedDict or cls is defaultdict:
        if len(value) <= _MAX_PARTS:
            yield from ((key, item) for key, item in dict.items(value) if type(key) is str)
            rest = [pair for pair in dict.items(value) if type(pair[0]) is not str]
            if rest:
                yield "<rest>", rest
        return
    if cls is SimpleNamespace or "__dataclass_fields__" in members(cls):
        yield from islice(own_attributes(value).items(), _MAX_PARTS)
