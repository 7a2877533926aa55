"""What one run has of one fact, in words, or that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from nbtrack.provenance.differences import Kind
from nbtrack.provenance.pairing import inputs_by_name
from nbtrack.records import Input, RunRecord
from nbtrack.widgets import phrases
from nbtrack.widgets.format import number, size

_DIGEST = 8
_GENERATORS = "generators."


@dataclass(frozen=True, slots=True)
class Value:
    """What one run has of a fact.

    Attributes
    ----------
    words : str
        Empty where there is none, or it is not known.
    is_known : bool
        False where nobody recorded it: it may be anything.
    """

    words: str = ""
    is_known: bool = True


ABSENT, UNKNOWN = Value(), Value(is_known=False)


def value_of(record: RunRecord, kind: Kind, key: str) -> Value:
    """Return what a run has of a fact.

    Parameters
    ----------
    record : RunRecord
    kind, key : str
        As a :class:`Difference` has them.

    Returns
    -------
    Value
    """
    return _READERS[kind](record, key)


def keys_of(record: RunRecord, kind: Kind) -> Iterable[str]:
    """Return the facts of a kind that a run has.

    Parameters
    ----------
    record : RunRecord
    kind : str
        Any but code and hazards, which are no values.

    Returns
    -------
    iterable of str
    """
    environment = record.provenance.environment
    variables = _mapping(environment.get("variables"))
    found: Mapping[str, Iterable[str]] = {
        "param": record.typed_params,
        "data": inputs_by_name(record.inputs),
        "seed": [
            *(["seed"] if record.info.seed is not None else []),
            *(f"{_GENERATORS}{stream}" for stream in record.provenance.generators),
        ],
        "package": _mapping(environment.get("packages")),
        "environment": [*(key for key in _PLACES if key in environment), *variables],
        "git": [key for key in ("commit", "branch", "remote", "dirty") if key in _mapping(environment.get("git"))],
        "metric": record.data.metrics,
        "tag": record.data.tags,
    }
    return found[kind]


_PLACES = {"python": "Python", "platform": "platform", "cpu": "CPU", "cpu_count": "CPUs", "gpus": "GPUs"}


def label_of(kind: Kind, key: str) -> str:
    """Return what a fact is called."""
    if kind == "environment":
        return _PLACES.get(key, key)
    if kind == "git":
        return {"dirty": "uncommitted"}.get(key, key)
    if kind == "seed" and key.startswith(_GENERATORS):
        return f"{key.removeprefix(_GENERATORS)} generator"
    return key


def _param(record: RunRecord, key: str) -> Value:
    if key not in record.typed_params:
        return ABSENT
    value = record.typed_params[key]
    text = record.data.params.get(key, str(value))
    # As typed where the type is what differs: 1 is not '1'.
    return Value(phrases.param_text(text, value) if not isinstance(value, str) or not _is_like(text) else repr(value))


def _is_like(text: str) -> bool:
    """Tell whether a text reads like something else than text."""
    if text in ("", "True", "False", "None"):
        return True
    try:
        float(text)
    except ValueError:
        return text[:1] in "[{"
    return True


def _metric(record: RunRecord, key: str) -> Value:
    value = record.data.metrics.get(key)
    return ABSENT if value is None else Value(number(value))


def _tag(record: RunRecord, key: str) -> Value:
    value = record.data.tags.get(key)
    return ABSENT if value is None else Value(value or "set")


def _data(record: RunRecord, key: str) -> Value:
    if not record.inputs:
        return UNKNOWN
    item = inputs_by_name(record.inputs).get(key)
    if item is None:
        return ABSENT
    return UNKNOWN if item.digest is None else Value(" · ".join(filter(None, [_extent(item), item.digest[:_DIGEST]])))


def _extent(item: Input) -> str:
    try:
        profile = _mapping(json.loads(item.profile or "{}"))
    except ValueError:
        return ""
    shape, size_bytes = profile.get("shape"), profile.get("size_bytes")
    if isinstance(shape, list) and shape:
        # One thing, on one line.
        return "\u00a0×\u00a0".join(f"{part:,}" if isinstance(part, int) else str(part) for part in shape)
    return size(size_bytes) if isinstance(size_bytes, int) else ""


def _seed(record: RunRecord, key: str) -> Value:
    if key == "seed":
        return ABSENT if record.info.seed is None else Value(str(record.info.seed))
    state = record.provenance.generators.get(key.removeprefix(_GENERATORS))
    return UNKNOWN if state is None else Value(state[:_DIGEST])


def _package(record: RunRecord, key: str) -> Value:
    packages = record.provenance.environment.get("packages")
    if not isinstance(packages, Mapping):
        return UNKNOWN
    return Value(str(packages[key])) if key in packages else ABSENT


def _environment(record: RunRecord, key: str) -> Value:
    environment = record.provenance.environment
    if key in _PLACES or key in environment:
        value = environment.get(key)
        if value is None:
            return UNKNOWN
        return Value(", ".join(map(str, value)) or "none") if isinstance(value, list | tuple) else Value(str(value))
    variables = environment.get("variables")
    if not isinstance(variables, Mapping):
        return UNKNOWN
    return Value(str(variables[key])) if key in variables else ABSENT


def _git(record: RunRecord, key: str) -> Value:
    state = _mapping(record.provenance.environment.get("git"))
    if "commit" not in state or (key == "dirty" and state.get(key) is None):
        return UNKNOWN
    value = state.get(key)
    if key == "dirty":
        # Two runs can both have changes, and not the same ones.
        mark = sha256(str(state["diff"]).encode()).hexdigest()[:_DIGEST] if state.get("diff") else ""
        return Value(" · ".join(filter(None, ["changes", mark])) if value else "no changes")
    return ABSENT if value is None else Value(str(value)[:10] if key == "commit" else str(value))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_READERS: Mapping[str, Callable[[RunRecord, str], Value]] = {
    "param": _param,
    "data": _data,
    "seed": _seed,
    "package": _package,
    "environment": _environment,
    "git": _git,
    "metric": _metric,
    "tag": _tag,
}
