"""How params, data, seeds, hazards, metrics and tags of two runs differ."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from nbtrack.directions import better_direction
from nbtrack.provenance.differences import COSMETIC_RANK
from nbtrack.provenance.pairing import Both, Findings, inputs_by_name, shown
from nbtrack.provenance.streams import title
from nbtrack.records import Hazard, Input
from nbtrack.report import is_checked

# Two values closer than this, relative to their size, differ by rounding alone: 0.8 - 0.9 is -0.09999999999999998.
_ROUNDING = 1e-12


def of_params(both: Both, found: Findings) -> None:
    """Compare the params, with their types."""
    a, b = both.a.typed_params, both.b.typed_params
    texts_a, texts_b = both.a.data.params, both.b.data.params
    for key in {**a, **b}:
        if key not in a or key not in b:
            has, lacks = both.names if key in a else both.names[::-1]
            value = a[key] if key in a else b[key]
            found.differ(
                "param", key, a.get(key), b.get(key), f"{key} is {shown(value)} in {has}; {lacks} has no such param"
            )
        elif _same(a[key], b[key], texts_a.get(key), texts_b.get(key)):
            found.equal("param", key)
        else:
            found.differ("param", key, a[key], b[key], f"{key}: {shown(a[key])} → {shown(b[key])}")


def _same(a: Any, b: Any, text_a: str | None, text_b: str | None) -> bool:
    if type(a) is not type(b):
        return False
    # Texts tell that two NaNs are the same; values, that two mappings in another order are.
    return bool(a == b) or (text_a is not None and text_a == text_b)


def of_data(both: Both, found: Findings) -> None:
    """Compare the fingerprints of the data that the runs read."""
    a, b = inputs_by_name(both.a.inputs), inputs_by_name(both.b.inputs)
    if not a or not b:
        found.unknown("data", "data", f"no data of {both.lacking(bool(a), bool(b))} was fingerprinted")
        return
    for key in {**a, **b}:
        left, right = a.get(key), b.get(key)
        if left is None or right is None:
            name = both.names[0 if right is None else 1]
            digests = (left.digest if left else None, right.digest if right else None)
            found.differ("data", key, *digests, f"only {name} read {key}, as far as data was fingerprinted")
        elif left.digest is None or right.digest is None:
            lacking = both.lacking(left.digest is not None, right.digest is not None)
            found.unknown("data", key, f"the content of {key} was not fingerprinted in {lacking}")
        elif left.digest != right.digest:
            if _is_part(left) != _is_part(right):
                sentence = f"{key} was fingerprinted whole in one run and by a sample in the other"
                found.unknown("data", key, sentence, left.digest, right.digest)
            else:
                found.differ("data", key, left.digest, right.digest, f"{key}: {_data_change(left, right)}")
        elif _is_part(left) or _is_part(right):
            sentence = f"{key} is equal as far as it was sampled"
            found.unknown("data", key, sentence, left.digest, right.digest)
        else:
            found.equal("data", key)


def _is_part(item: Input) -> bool:
    return any("sampl" in key for key in _read(item.profile))


def _data_change(a: Input, b: Input) -> str:
    profiles = _read(a.profile), _read(b.profile)
    for key, word in (("shape", "shape"), ("size_bytes", "size")):
        values = [profile.get(key) for profile in profiles]
        if None not in values and values[0] != values[1]:
            return f"{word} {_size(values[0])} → {_size(values[1])}"
    if a.schema != b.schema:
        return "other columns or types"
    return "same shape, other content" if "shape" in profiles[0] else "other content"


def _size(value: Any) -> str:
    return " × ".join(map(str, value)) if isinstance(value, list) else f"{value} bytes"


def _read(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def of_seeds(both: Both, found: Findings) -> None:
    """Compare the seeds, and the states of the generators at the start."""
    a, b = both.a.info.seed, both.b.info.seed
    if a != b:
        words = ["no seed" if seed is None else f"seed {seed}" for seed in (a, b)]
        found.differ("seed", "seed", a, b, f"{words[0]} → {words[1]}")
    elif a is not None:
        found.equal("seed", "seed")
    if a is not None and b is not None and a != b:
        # That the generators stood elsewhere follows.
        return
    states_a, states_b = both.a.provenance.generators, both.b.provenance.generators
    if not states_a or not states_b:
        lacking = both.lacking(bool(states_a), bool(states_b))
        found.unknown("seed", "generators", f"where the generators of {lacking} stood at the start is not known")
        return
    for stream in {**states_a, **states_b}:
        left, right = states_a.get(stream), states_b.get(stream)
        if left is None or right is None:
            lacking = both.lacking(left is not None, right is not None)
            sentence = f"where {title(f'{stream}()')} stood at the start of {lacking} is not known"
            found.unknown("seed", f"generators.{stream}", sentence, left, right)
        elif left != right and _undrawn(both, stream):
            sentence = f"{title(f'{stream}()')} stood elsewhere at the start, which nothing here depends on"
            found.differ("seed", f"generators.{stream}", left, right, sentence, state="cosmetic", rank=COSMETIC_RANK)
        elif left != right:
            sentence = f"{title(f'{stream}()')} stood elsewhere at the start"
            found.differ("seed", f"generators.{stream}", left, right, sentence, rank=45)
        else:
            found.equal("seed", f"generators.{stream}")


def _undrawn(both: Both, stream: str) -> bool:
    """Tell whether neither run depends on a generator, as far as the cells are known that the runs depend on."""
    slices = both.a.provenance.slice, both.b.provenance.slice
    return all(slices) and not any(f"{stream}()" in cell.reads for cells in slices for cell in cells)


def of_hazards(both: Both, found: Findings) -> None:
    """Compare the hazards, and what could not be decided."""
    a, b = both.a.provenance, both.b.provenance
    checked = is_checked(a), is_checked(b)
    if not all(checked):
        found.unknown("hazard", "hazards", f"hazards of {both.lacking(*checked)} were not looked for")
    first, second = _hazards(a.hazards), _hazards(b.hazards)
    for key in {**first, **second}:
        left, right = first.get(key), second.get(key)
        if left is not None and right is not None:
            found.equal("hazard", key)
            continue
        hazard = left or right
        assert hazard is not None
        has, lacks = both.names if right is None else both.names[::-1]
        other, was_checked = (b, checked[1]) if right is None else (a, checked[0])
        sentences = (left.sentence if left else None, right.sentence if right else None)
        if hazard.label in other.unknown or not was_checked:
            sentence = f"{hazard.label} in {has}; for {lacks} that is not known"
            found.unknown("hazard", key, sentence, *sentences)
        else:
            found.differ("hazard", key, *sentences, f"{hazard.label}, only {has}: {hazard.sentence}")
    undecided = sorted({*a.unknown, *b.unknown} - {item.label for item in (*a.hazards, *b.hazards)})
    if undecided:
        names = both.lacking(not a.unknown, not b.unknown)
        found.unknown("hazard", "undecided", f"{', '.join(undecided)} could not be decided for {names}")


def _hazards(hazards: tuple[Hazard, ...]) -> dict[str, Hazard]:
    return {" ".join([item.label, *sorted(item.names)]): item for item in hazards}


def of_metrics(both: Both, found: Findings) -> None:
    """Compare the last values of the metrics."""
    a, b = both.a.data.metrics, both.b.data.metrics
    for key in {**a, **b}:
        if key not in a or key not in b:
            has, lacks = both.names if key in a else both.names[::-1]
            value = a[key] if key in a else b[key]
            sentence = f"{key} is {shown(value)} in {has}; {lacks} has no such metric"
            found.differ("metric", key, a.get(key), b.get(key), sentence)
        elif a[key] == b[key] or (math.isnan(a[key]) and math.isnan(b[key])):
            found.equal("metric", key)
        else:
            _of_metric(found, key, a[key], b[key])


def _of_metric(found: Findings, key: str, a: float, b: float) -> None:
    sentence = f"{key}: {shown(a)} → {shown(b)}"
    if not (math.isfinite(a) and math.isfinite(b)):
        found.differ("metric", key, a, b, sentence)
        return
    amount = b - a
    if abs(amount) <= _ROUNDING * max(abs(a), abs(b)):
        found.differ("metric", key, a, b, f"{sentence}, by rounding alone ({amount:+.2g})", amount=amount)
        return
    direction = better_direction(key)
    verdict: Literal["better", "worse", ""] = ""
    if direction is not None:
        verdict = "better" if (amount > 0) == (direction == "higher") else "worse"
    words = ", ".join(_filled(f"{amount:+.4g}", verdict))
    found.differ("metric", key, a, b, f"{sentence}, {words}", amount=amount, verdict=verdict)


def _filled(*words: str) -> Iterator[str]:
    return filter(None, words)


def of_tags(both: Both, found: Findings) -> None:
    """Compare the tags."""
    a, b = both.a.data.tags, both.b.data.tags
    for key in {**a, **b}:
        if a.get(key) == b.get(key):
            found.equal("tag", key)
        else:
            words = ["none" if value is None else shown(value) for value in (a.get(key), b.get(key))]
            found.differ("tag", key, a.get(key), b.get(key), f"{key}: {words[0]} → {words[1]}")
