"""Runs and points as pandas tables, built column by column."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from nbtrack.store.rows import typed_value

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_INT64 = range(-(2**63), 2**63)


def runs_frame(connection: duckdb.DuckDBPyConnection, page: Sequence[int]) -> pd.DataFrame:
    """Return the runs with these numbers as a table, in this order.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    page : sequence of int
        ``run_ix`` of the runs.

    Returns
    -------
    pandas.DataFrame
        As :func:`nbtrack.store.query.runs_frame` describes it.
    """
    import pandas as pd

    with registered(connection, page):
        found: Any = connection.execute(
            """
            select run_id, name, experiment, status, start_us, end_us, parent, seed, note, username, stage,
                   hazard_count, hazard_severity, coalesce(hazards, []) as hazards, verdict
            from page join base.runs using (run_ix) order by place
            """
        ).fetchnumpy()
        params = _spread(connection, len(page), "params", _param_column)
        metrics = _spread(connection, len(page), "metrics", _float_column)
        tags = _spread(connection, len(page), "tags", _text_column)
    start, end = _times(found["start_us"]), _times(found["end_us"])
    columns = {
        "run_id": _texts(found["run_id"]),
        "run_name": _texts(found["name"]),
        "experiment": _texts(found["experiment"]),
        "status": _texts(found["status"]),
        "start_time": start,
        "duration_s": (end - start).dt.total_seconds(),
        **{f"params.{key}": params[key] for key in sorted(params)},
        **{f"metrics.{key}": metrics[key] for key in sorted(metrics)},
        **{f"tags.{key}": tags[key] for key in sorted(tags)},
        "end_time": end,
        "parent_run_id": _texts(found["parent"]),
        "seed": pd.Series(pd.array(found["seed"].tolist(), dtype="Int64")),
        "note": _texts(found["note"]),
        "user": _texts(found["username"]),
        "lifecycle_stage": _texts(found["stage"]),
        "hazard_count": pd.Series(pd.array(found["hazard_count"].tolist(), dtype="Int64")),
        "hazard_severity": _texts(found["hazard_severity"]),
        "hazards": pd.Series([list(labels) for labels in found["hazards"]], dtype=object),
        "verdict": _texts(found["verdict"]),
    }
    return pd.DataFrame(columns)


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, page: Sequence[int]) -> Iterator[None]:
    """Have the runs with these numbers as the table ``page(run_ix, place)`` meanwhile.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    page : sequence of int
        ``run_ix`` of the runs; ``place`` counts them from 0.
    """
    import numpy as np

    numbers = np.asarray(page, dtype=np.int32)
    connection.register("page", {"run_ix": numbers, "place": np.arange(len(numbers))})
    try:
        yield
    finally:
        connection.unregister("page")


def points_frame(
    connection: duckdb.DuckDBPyConnection, chosen: Sequence[int], keys: Sequence[str] | None
) -> pd.DataFrame:
    """Return the points of the runs with these numbers as a table.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    chosen : sequence of int
        ``run_ix`` of the runs, in the order wanted.
    keys : sequence of str or None
        Only these metrics.

    Returns
    -------
    pandas.DataFrame
        ``run_id, key, step, timestamp, value``.
    """
    import pandas as pd

    # The few series first and the points by their numbers: so only blocks that hold them are read.
    series = connection.execute(
        """
        select run_ix, key_ix, run_id, key
        from base.series join base.runs using (run_ix) join base.keys using (key_ix)
        where run_ix in (select unnest(?::integer[])) and (? or key in (select unnest(?::varchar[])))
        """,
        [list(chosen), keys is None, list(keys or ())],
    ).fetchall()
    places = {number: place for place, number in reversed(list(enumerate(chosen)))}
    series.sort(key=lambda row: (places[row[0]], row[3]))
    ranks = [(run_ix, key_ix, rank) for rank, (run_ix, key_ix, _, _) in enumerate(series)]
    numbers = sorted({row[0] for row in ranks})
    found: Any = connection.execute(
        f"""
        select rank, step, ts_us, value
        from base.points join (
            select unnest(?::integer[]) as run_ix, unnest(?::integer[]) as key_ix, unnest(?::integer[]) as rank
        ) using (run_ix, key_ix)
        where run_ix in ({", ".join("?" for _ in numbers) or "-1"})
        order by rank, step, ts_us, points.rowid
        """,  # noqa: S608 - placeholders alone
        [*([row[part] for row in ranks] for part in range(3)), *numbers],
    ).fetchnumpy()
    return pd.DataFrame(
        {
            "run_id": _named(found["rank"], [row[2] for row in series]),
            "key": _named(found["rank"], [row[3] for row in series]),
            "step": found["step"],
            "timestamp": _times(found["ts_us"]),
            "value": found["value"],
        }
    )


def _named(ranks: Any, names: list[str]) -> Any:
    """Give each point its series' name, through a table: a text for every point would cost most of the read."""
    import pandas as pd

    table = pd.Series(names, dtype=_text_dtype())
    return table.take(ranks).reset_index(drop=True)


_Column: TypeAlias = Callable[[Any, Any, Any, int], Any]


def _spread(connection: duckdb.DuckDBPyConnection, size: int, column: str, build: _Column) -> dict[str, Any]:
    """Turn a map column of the page into a column for every key."""
    import numpy as np
    import pandas as pd

    found: Any = connection.execute(
        f"select place, {_ENTRIES[column]} from page join base.runs using (run_ix)"  # noqa: S608 - ours
    ).fetchnumpy()
    codes, names = pd.factorize(found["key"])
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    columns = {}
    for number, name in enumerate(names):
        part = order[bounds[number] : bounds[number + 1]]
        kinds = found["kind"][part] if "kind" in found else None
        columns[str(name)] = build(found["place"][part], found["value"][part], kinds, size)
    return columns


def _float_column(places: Any, values: Any, kinds: Any, size: int) -> Any:
    import numpy as np
    import pandas as pd

    del kinds
    column = np.full(size, np.nan)
    column[places] = values
    return pd.Series(column)


def _text_column(places: Any, values: Any, kinds: Any, size: int) -> Any:
    import numpy as np
    import pandas as pd

    del kinds
    column = np.full(size, None, dtype=object)
    column[places] = values
    return pd.Series(column, dtype=_text_dtype())


def _param_column(places: Any, values: Any, kinds: Any, size: int) -> Any:
    """Give a param's column the narrowest type that keeps every value; a None counts as missing."""
    import numpy as np
    import pandas as pd

    column = np.full(size, None, dtype=object)
    for kind in set(kinds):
        chosen = kinds == kind
        # The same few texts again and again: each is read once.
        codes, texts = pd.factorize(values[chosen])
        typed = np.empty(len(texts), dtype=object)
        for number, text in enumerate(texts):
            typed[number] = typed_value(text, kind)
        column[places[chosen]] = typed[codes]
    present = [value for value in column if value is not None]
    types = {type(value) for value in present}
    whole = len(present) == size
    if types == {int} and all(value in _INT64 for value in (min(present), max(present))):
        return pd.Series(column, dtype="int64" if whole else "Int64")
    if types == {bool}:
        return pd.Series(column, dtype="bool" if whole else "boolean")
    if types == {str}:
        return pd.Series(column, dtype=_text_dtype())
    if types in ({float}, {int, float}):
        with contextlib.suppress(OverflowError):
            return pd.Series(np.array([np.nan if value is None else float(value) for value in column]))
    return pd.Series(column, dtype=object)


_ENTRIES = {
    # The types have the params' order unless somebody edited the store.
    "params": """
        unnest(map_keys(params)) as key, unnest(map_values(params)) as value,
        unnest(case when map_keys(param_types) = map_keys(params) then map_values(param_types)
                    else list_transform(map_keys(params), lambda name: coalesce(param_types[name], 'str')) end) as kind
    """,
    "metrics": "unnest(map_keys(metrics)) as key, unnest(map_values(metrics)) as value",
    "tags": "unnest(map_keys(tags)) as key, unnest(map_values(tags)) as value",
}


def _texts(values: Any) -> Any:
    import pandas as pd

    # A masked array's tolist has None where the database has NULL.
    return pd.Series(values.tolist(), dtype=_text_dtype())


def _text_dtype() -> Any:
    import pandas as pd

    # Before pandas 3 the dtype "str" would turn None into the text "None".
    return "str" if int(pd.__version__.partition(".")[0]) >= 3 else object


def _times(values_us: Any) -> Any:
    import numpy as np
    import pandas as pd

    filled = np.ma.filled(np.ma.asarray(values_us, dtype=np.int64), np.iinfo(np.int64).min)
    return pd.Series(filled.view("M8[us]")).dt.tz_localize("UTC")
