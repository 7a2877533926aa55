"""What it takes to fingerprint a value that nobody asked to be fingerprinted: in full, by a sample, or not at all.

No code of the user's is run and nothing lazy is computed. So a value counts by its exact class, and cells of a table
that may be anything are hashed only where all of them are plain. Costs are estimates and not measured: the same data
is sampled the same way today and tomorrow.
"""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import importlib
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from nbtrack.provenance.fingerprint import Fingerprint, of_array, of_pandas
from nbtrack.provenance.objects import is_a, own_attributes

_SAMPLED_CELLS = 40_000
_SAMPLED_ROWS = 5_000
_SAMPLED_COLUMNS = 100
_SAMPLED_ELEMENTS = 200_000
_MAX_COLUMNS = 2_000
# Microseconds: of a column, of a number and of a text in it, of a byte of an array.
_COLUMN_US, _NUMBER_US, _TEXT_US, _BYTE_US = 60.0, 0.025, 0.5, 0.0007
_SAMPLE_US = 5_000.0
_PLAIN = (
    str, bytes, int, float, complex, bool, type(None), dt.date, dt.datetime, dt.time,
    dt.timedelta, decimal.Decimal,
)  # fmt: skip


class Plan(NamedTuple):
    """How a value can be fingerprinted.

    Attributes
    ----------
    cost_us, sample_cost_us : float
        Estimates, for all of it and for a sample.
    full, sample : callable
        Give the fingerprint; may raise what the value's library raises.
    shape : Fingerprint
        What is known without a look at the content.
    """

    cost_us: float
    sample_cost_us: float
    full: Callable[[], Fingerprint]
    sample: Callable[[], Fingerprint]
    shape: Fingerprint


def plan_of(value: Any) -> Plan | None:
    """Find out how a value can be fingerprinted.

    Parameters
    ----------
    value : object

    Returns
    -------
    Plan or None
        None for what is no table or array that lies in this process's memory.

    Examples
    --------
    >>> import numpy as np
    >>> plan_of(np.arange(3)).full().profile, plan_of([1, 2, 3])
    ({'shape': [3]}, None)
    """
    for library, classes, planned in _KINDS:
        held = own_attributes(sys.modules.get(library))
        known = [held[name] for name in classes if name in held]
        if known and is_a(value, *known):
            return planned(value)
    return None


# --- NumPy and PyTorch ------------------------------------------------------------------------------------------


def _plan_array(data: Any, kind: str = "ndarray") -> Plan:
    shape = Fingerprint("", kind, {"dtype": str(data.dtype)}, {"shape": list(data.shape)})
    step = max(data.size // _SAMPLED_ELEMENTS, 1)
    while step > 1 and any(math.gcd(step, length) > 1 for length in data.shape):
        # Else it would come upon the same columns in every row.
        step += 1

    def hashed(step: int) -> Fingerprint:
        if data.dtype.hasobject and not _all_plain(data.flat[::step].tolist()):
            return shape
        return replace(of_array(data, step), kind=kind)

    cost_us = data.size * _TEXT_US if data.dtype.hasobject else data.nbytes * _BYTE_US
    return Plan(cost_us, min(_SAMPLE_US, cost_us), lambda: hashed(1), lambda: hashed(step), shape)


def _plan_tensor(data: Any) -> Plan | None:
    torch = sys.modules["torch"]
    if data.device.type != "cpu" or data.layout is not torch.strided:
        # On a GPU it would have to be fetched; a sparse one has no elements to go through.
        return None
    plain = data.detach().resolve_conj().resolve_neg()
    if plain.dtype is torch.bfloat16:
        plain = plain.view(torch.int16)
    return _plan_array(plain.numpy(), "Tensor")


# --- pandas -----------------------------------------------------------------------------------------------------


def _plan_pandas(data: Any) -> Plan:
    kind, table = type(data).__name__, data
    profile: dict[str, Any] = {"shape": list(data.shape)}
    if kind == "Series":
        table = data.to_frame() if is_a(data.name, *_PLAIN) else data.to_frame(name="values")
    width = table.shape[1]
    if width > _MAX_COLUMNS:
        table = table.iloc[:, :: width // _SAMPLED_COLUMNS]
        profile["sampled_columns"] = table.shape[1]
    labels = table.columns.tolist()
    if not all(is_a(label, *_PLAIN) or (is_a(label, tuple) and _all_plain(label)) for label in labels):
        # A label may be anything, too; the places of the columns stand for them.
        table = table.set_axis(range(len(labels)), axis=1)
    dtypes = list(table.dtypes)
    schema = {str(label): str(dtype) for label, dtype in zip(table.columns, dtypes, strict=True) if _is_pandas(dtype)}
    shape = Fingerprint("", kind, schema, profile)
    texts = sum(1 for dtype in dtypes if _may_be_anything(dtype) or str(dtype).startswith(("str", "large_str")))
    row_us = texts * _TEXT_US + len(dtypes) * _NUMBER_US
    rows = min(max(_SAMPLED_CELLS // max(len(dtypes), 1), 50), _SAMPLED_ROWS)
    step = max(len(table) // rows, 1)

    def hashed(step: int) -> Fingerprint:
        part, left_out = _hashable(table, dtypes, step)
        found = of_pandas(part, step, list(data.shape))
        more = {"unhashed": left_out} if left_out else {}
        return Fingerprint(found.digest, kind, schema, {**found.profile, **profile, **more})

    columns_us = len(dtypes) * _COLUMN_US
    cost_us = columns_us + len(table) * row_us
    sample_us = columns_us + min(rows, len(table)) * row_us
    return Plan(cost_us, sample_us, lambda: hashed(1), lambda: hashed(step), shape)


def _hashable(table: Any, dtypes: list[Any], step: int) -> tuple[Any, list[str]]:
    """Leave out the columns, and the index, whose hash would be the business of somebody else's code."""
    sampled = table.iloc[::step]
    kept, left_out = [], []
    for number, dtype in enumerate(dtypes):
        plain = not _may_be_anything(dtype) or _all_plain(sampled.iloc[:, number].to_numpy().tolist())
        if plain and _is_pandas(dtype):
            kept.append(number)
        else:
            left_out.append(str(table.columns[number]))
    if left_out:
        table = table.iloc[:, kept]
    levels = getattr(table.index, "levels", None) or [table.index]
    for level in levels:
        if not _is_pandas(level.dtype) or (_may_be_anything(level.dtype) and not _all_plain(level.tolist())):
            return table.reset_index(drop=True), [*left_out, "index"]
    return table, left_out


def _may_be_anything(dtype: Any) -> bool:
    return str(dtype) in ("object", "category") or str(dtype).startswith("Sparse[object")


def _is_pandas(dtype: Any) -> bool:
    """Whether a type of column is NumPy's or pandas's own: others bring their own code."""
    return type(dtype).__module__.partition(".")[0] in ("numpy", "pandas")


def _all_plain(values: Iterable[Any]) -> bool:
    """Whether all are of plain classes; by identity, as a class may have a metaclass with an ``__eq__`` of its own."""
    known = {id(cls) for cls in _PLAIN}
    pandas = own_attributes(sys.modules.get("pandas"))
    known |= {id(type(pandas[name])) for name in ("NaT", "NA") if name in pandas}
    known |= {id(pandas[name]) for name in ("Timestamp", "Timedelta") if name in pandas}
    return set(map(id, map(type, values))) <= known


# --- polars and Arrow -------------------------------------------------------------------------------------------


def _plan_polars(data: Any) -> Plan:
    kind, table = type(data).__name__, data
    if kind == "Series":
        table = data.to_frame()
    schema = {name: str(dtype) for name, dtype in list(table.schema.items())[:_MAX_COLUMNS]}
    version = str(own_attributes(sys.modules.get("polars")).get("__version__"))
    # How polars hashes may change with its version.
    shape = Fingerprint("", kind, schema, {"shape": list(data.shape), "hashed_by": f"polars {version}"})
    step = max(table.height // _SAMPLED_ROWS, 1)

    def hashed(step: int) -> Fingerprint:
        if any("Object" in dtype for dtype in schema.values()):
            return shape
        part = table if step == 1 else table.gather_every(step)
        hasher = hashlib.sha256(repr((list(table.shape), list(schema.items()))).encode())
        hasher.update(part.hash_rows(seed=0).to_numpy().tobytes() if table.width else b"")
        more = {} if step == 1 else {"sampled_rows": part.height}
        return Fingerprint(hasher.hexdigest(), kind, schema, {**shape.profile, **more})

    cost_us = table.width * _COLUMN_US + table.estimated_size() * 10 * _BYTE_US
    return Plan(cost_us, min(_SAMPLE_US, cost_us), lambda: hashed(1), lambda: hashed(step), shape)


def _plan_arrow(data: Any) -> Plan:
    schema = {field.name: str(field.type) for field in list(data.schema)[:_MAX_COLUMNS]}
    shape = Fingerprint("", "Table", schema, {"shape": list(data.shape)})
    step = max(data.num_rows // _SAMPLED_ROWS, 1)

    def hashed(step: int) -> Fingerprint:
        pa = importlib.import_module("pyarrow")
        ipc = importlib.import_module("pyarrow.ipc")
        if any(isinstance(field.type, pa.BaseExtensionType) for field in data.schema):
            return shape
        part = data if step == 1 else data.take(pa.array(range(0, data.num_rows, step)))
        sink = pa.BufferOutputStream()
        part = part.combine_chunks().replace_schema_metadata(None)
        with ipc.new_stream(sink, part.schema) as stream:
            stream.write_table(part)
        hasher = hashlib.sha256(repr(list(data.shape)).encode())
        hasher.update(sink.getvalue())
        more = {} if step == 1 else {"sampled_rows": part.num_rows}
        return Fingerprint(hasher.hexdigest(), "Table", schema, {**shape.profile, **more})

    cost_us = data.num_columns * _COLUMN_US + data.nbytes * 4 * _BYTE_US
    return Plan(cost_us, min(_SAMPLE_US, cost_us), lambda: hashed(1), lambda: hashed(step), shape)


_KINDS: tuple[tuple[str, tuple[str, ...], Callable[[Any], Plan | None]], ...] = (
    ("pandas", ("DataFrame", "Series"), _plan_pandas),
    ("numpy", ("ndarray",), _plan_array),
    ("torch", ("Tensor",), _plan_tensor),
    ("polars", ("DataFrame", "Series"), _plan_polars),
    ("pyarrow", ("Table",), _plan_arrow),
)
