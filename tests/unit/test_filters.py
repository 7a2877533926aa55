"""Filters and orders: a table of cases, messages, and random filters against a plain Python evaluator."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from nbtrack.errors import FilterError
from nbtrack.store import schema
from nbtrack.store.artifacts import ADDRESS
from nbtrack.store.filters import compile_filter, compile_order

MAPS = {"params": "varchar", "tags": "varchar", "metrics": "double"}
NAN, INF = math.nan, math.inf
START_US = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000


def run(run_id: str, **fields: Any) -> dict[str, Any]:
    base = {"name": f"name-{run_id}", "status": "finished", "start_us": START_US, "end_us": START_US + 2_500_000}
    base |= {"experiment": "digits", "username": "ada", "note": "", "stage": "active", "source_kind": "cell"}
    return {**base, "params": {}, "metrics": {}, "tags": {}, **fields, "run_id": run_id}


RUNS = [
    run("a", params={"model": "rf", "C": "0.05", "flag": "True"}, metrics={"rmse": 0.5, "f1 score": 0.9}, seed=42),
    run("b", params={"model": "svm", "C": "1e1"}, metrics={"rmse": 1.5}, tags={"x": "my'y"}, note="try % again"),
    run("c", params={"C": "auto", "a b": "1"}, metrics={"rmse": NAN}, tags={"x": "XyZ", "mlflow.user": "bob"}),
    run("d", params={"model": "RF", "cfg.lr": "0.1"}, metrics={"rmse": INF, "train/loss": -2.0}, status="interrupted"),
    run("e", status="running", end_us=None, start_us=START_US + 86_400_000_000, experiment="Default", parent="a"),
    run("f", params={"C": "nan", "path": "C:\\data"}, metrics={"rmse": -0.25}, stage="deleted", username="eve"),
]


def connect(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema base")
    for _, statements in schema.MIGRATIONS:
        connection.execute(statements)
    # As texts: DuckDB 1.5 takes a NaN from Python for NULL.
    forms = {name: f"map(?::varchar[], ?::varchar[]::{kind}[])" for name, kind in MAPS.items()}
    for number, row in enumerate(rows):
        columns = {**row, "run_ix": number}
        marks = ", ".join(forms.get(name, "?") for name in columns)
        values: list[Any] = []
        for name, value in columns.items():
            values += [list(value), [str(item) for item in value.values()]] if name in MAPS else [value]
        connection.execute(f"insert into base.runs({', '.join(columns)}) values ({marks})", values)
    connection.execute("insert into base.experiments values ('0', 'Default', 'active', map())")
    connection.execute("insert into base.inputs(run_ix, name, digest, context) values (0, 'digits', 'd1', 'train')")
    return connection


@pytest.fixture(scope="module")
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(RUNS)
    yield connection
    connection.close()


def found(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    clause = compile_filter(text).clause
    query = f"select run_id from base.runs where {clause.sql} order by run_ix"
    return "".join(row[0] for row in connection.execute(query, list(clause.values)).fetchall())


def ordered(connection: duckdb.DuckDBPyConnection, *order_by: str) -> str:
    clause = compile_order(order_by)
    query = f"select run_id from base.runs order by {clause.sql}"
    return "".join(row[0] for row in connection.execute(query, list(clause.values)).fetchall())


CASES = {
    "": "abcdef",
    "  \n": "abcdef",
    "metrics.rmse < 1": "af",
    "metric.rmse<1": "af",
    "metrics.rmse > 1": "bd",
    "metrics.rmse >= 1.5": "bd",
    "metrics.rmse <= -.25": "f",
    "metrics.rmse = 0.5": "a",
    "metrics.rmse == 5e-1": "a",
    "metrics.rmse != 0.5": "bcdf",
    "metrics.rmse <> +0.5": "bcdf",
    "metrics.rmse = nan": "c",
    "metrics.rmse != NaN": "abdf",
    "metrics.rmse = inf": "d",
    "metrics.rmse > -Infinity": "abdf",
    "metrics.rmse IN (0.5, nan)": "ac",
    "metrics.rmse NOT IN (0.5, 1.5)": "cdf",
    "metrics.rmse IS NULL": "e",
    "metrics.rmse is not null": "abcdf",
    "not metrics.rmse < 1": "bcd",
    'metrics."f1 score" > .5': "a",
    "metrics.`f1 score` > 0.5": "a",
    "metrics.'f1 score' > 0.5": "a",
    '"metrics.rmse" < 1': "af",
    "metrics.train/loss=-2": "d",
    "metrics.train/loss<-1.": "d",
    "metrics.nothing < 1 or metrics.nothing >= 1": "",
    "params.model = 'rf'": "a",
    'parameter.model = "rf"': "a",
    "param.model != 'rf'": "bd",
    "parameters.model ILIKE 'r%'": "ad",
    "params.model LIKE 'r_'": "a",
    "params.model NOT LIKE 'r%'": "bd",
    "params.model NOT ILIKE 'r%'": "b",
    "params.model in ('rf', 'svm')": "ab",
    "params.model not in ('rf','svm')": "d",
    "params.model > 'b'": "ab",
    "params.cfg.lr = 0.1": "d",
    "params.C > 0.04": "ab",
    "params.C < 1": "a",
    "params.C = 10": "b",
    "params.C = '10'": "",
    "params.C != 10": "acf",
    "not params.C = 10": "acf",
    "not params.C > 1": "acf",
    "params.C = nan": "f",
    "params.C != nan": "abc",
    "params.C IN (0.05, 'auto')": "ac",
    "params.C NOT IN (10)": "acf",
    "params.flag = true": "a",
    "params.flag != false": "a",
    "params.`a b` = 1": "c",
    r"params.path = 'C:\data'": "f",
    r"params.path = 'C:\\data'": "f",
    "tags.x LIKE '%y%'": "bc",
    "tags.x = 'my''y'": "b",
    r"tags.x = 'my\'y'": "b",
    'tags.x = "my\'y"': "b",
    "tags.mlflow.user = 'ada'": "abde",
    "tag.`mlflow.user` = 'bob'": "c",
    "tags.mlflow.parentRunId = 'a'": "e",
    "parent_run_id = 'a'": "e",
    "attributes.status = 'FINISHED'": "abcf",
    "status = 'KILLED'": "d",
    "status IN ('running', 'Killed')": "de",
    "status != 'finished'": "de",
    "status LIKE 'FIN%'": "abcf",
    "run.run_id = 'a'": "a",
    "run_id IN ('a', 'f')": "af",
    "attribute.`run name` = 'name-a'": "a",
    "\"Run Name\" LIKE '%-b'": "b",
    "run_name = 'name-c'": "c",
    "name = 'name-c'": "c",
    "start_time > '2026-03-01'": "abcdef",
    "start_time > '2026-03-01 12:00'": "e",
    "start_time >= '2026-03-01T13:00:00+01:00'": "abcdef",
    f"created > {START_US // 1000}": "e",
    f"attributes.start_time = {START_US // 1000}": "abcdf",
    "end_time < '2026-03-02'": "abcdf",
    "end_time IS NULL": "e",
    "duration_s > 2": "abcdf",
    "duration = 2.5": "abcdf",
    "experiment = 'Default'": "e",
    "experiment_id = '0'": "e",
    "user_id = 'eve'": "f",
    f"artifact_uri = '{ADDRESS}a'": "a",
    "artifact_uri IS NULL": "",
    "seed = 42": "a",
    "seed IN (41, 42)": "a",
    "seed IS NULL": "bcdef",
    "note LIKE '%again'": "b",
    "lifecycle = 'deleted'": "f",
    "lifecycle_stage = 'active'": "abcde",
    "datasets.name = 'digits' and dataset.context = 'train'": "a",
    "not datasets.name LIKE 'd%'": "bcdef",
    "metrics.rmse < 1 and params.model = 'rf' AND not tags.x LIKE '%y%'": "",
    "seed = 42 or metrics.rmse > 1 and params.model = 'svm'": "ab",
    "(seed = 42 or metrics.rmse > 1) and params.model = 'svm'": "b",
    "not (seed = 42 or status = 'finished')": "",
    "not not (((seed = 42)))": "a",
    "NOT status = 'finished' AND experiment = 'digits'": "d",
}


@pytest.mark.parametrize("text", CASES)
def test_filter_finds(store: duckdb.DuckDBPyConnection, text: str) -> None:
    assert found(store, text) == CASES[text]


def test_all_kinds_of_names_mean_the_same(store: duckdb.DuckDBPyConnection) -> None:
    for prefix in ("", "attributes.", "attribute.", "attr.", "run.", "ATTRIBUTES."):
        assert found(store, f"{prefix}seed = 42") == "a"


INJECTIONS = [
    "x' OR '1'='1",
    "'; drop table base.runs; --",
    "\\'; select 1; --",
    '"]) or true --',
    "?",
    "{}",
    "$1",
    "/*",
    "a\x00b",
    "%' or 1=1 --",
]


@pytest.mark.parametrize("evil", INJECTIONS)
def test_values_and_names_never_reach_the_sql(evil: str) -> None:
    connection = connect([run("a", params={evil: evil}, metrics={evil: 1.0}, tags={evil: evil}), run("b")])
    text = "'" + evil.replace("\\", "\\\\").replace("'", "''") + "'"
    name = "`" + evil.replace("`", "``") + "`"
    assert found(connection, f"params.{name} = {text}") == "a"
    assert found(connection, f"metrics.{name} = 1 and tags.{name} IN ({text}, 'y')") == "a"
    assert found(connection, f"run_name = {text} or note = {text}") == ""
    assert ordered(connection, f"metrics.{name} DESC", f"params.{name}") == "ab"
    clause = compile_filter(f"params.{name} = {text} and metrics.{name} > 0").clause
    assert clause.sql == "(params[?] = ?) and (metrics[?] > ? and not isnan(metrics[?]))"
    assert clause.sql.count("?") == len(clause.values)
    assert connection.execute("select count(*) from base.runs").fetchall() == [(2,)]


REFUSED = {
    "metrics.rmse <": ("expected a value, found the end", "metrics.rmse < 1"),
    "metrics.rmse < and params.model = 'rf'": ("expected a value, found and", "^^^"),
    "stauts = 'finished'": ("'stauts' is no attribute", "Did you mean 'status'?"),
    "rmse < 1": ("'rmse' is no attribute", "metrics.rmse"),
    "metirc.x = 1": ("'metirc' is no kind", "'metric'"),
    "params.model = rf": ("found rf", "quotes: 'rf'"),
    "metrics.a < metrics.b": ("found metrics.b", "one value"),
    "metrics.x = 'a'": ("x is a number", "without quotes"),
    "metrics.x = true": ("x is a number", "without quotes"),
    "metrics.x < nan": ("nan has no order", "= nan"),
    "metrics.x LIKE '1%'": ("LIKE compares text", "Use ="),
    "seed = '42'": ("seed is a number", "seed = '42'"),
    "run_name = 5": ("run_name is text", "quotes: '5'"),
    "params.x LIKE 5": ("LIKE takes text", "%"),
    "params.x > true": ("no order", "= or !="),
    "status = 'finish'": ("no status", "'finished'"),
    "status = 1": ("no status", "'finished'"),
    "start_time > 'yesterday'": ("start_time is a time", "2026-03-01"),
    "start_time > nan": ("start_time is a time", "2026-03-01"),
    "params.x = NULL": ("expected a value, found NULL", "IS NULL"),
    "params.x IS 5": ("expected NULL", "IS NOT NULL"),
    "params.x NOT 5": ("expected IN, LIKE or ILIKE", "NOT IN"),
    "params.x BETWEEN 1 and 2": ("expected a comparison, found BETWEEN", "IN"),
    "metrics.f1 score > 1": ("found score", 'metrics."f1 score"'),
    "params.x IN 5": ("expected ( and a list", "IN ('rf', 'svm')"),
    "params.x IN ()": ("expected a value, found )", "quotes"),
    "params.x IN ('a' 'b')": ("expected , or )", "IN ('rf', 'svm')"),
    "params.x = 'abc": ("never closed", "Close it"),
    "params.x = 'C:\\'": ("never closed", "backslash"),
    "(seed = 1": ("this ( is never closed", "Close it"),
    "seed = 1)": ("found )", "one ) too many"),
    "seed = 1 seed = 2": ("expected AND, OR or the end, found seed", "AND or OR"),
    "seed = 1 and": ("expected a name, found the end", "metrics"),
    "1 < metrics.x": ("expected a name, found 1", "metrics"),
    "seed ! 1": ("cannot read '!'", "!="),
    "metrics. > 1": ("name after the dot", "metrics"),
    "datasets.size = 'x'": ("datasets", "datasets.digest"),
    "datasets.name IS NULL": ("datasets", "datasets.digest"),
    "not " * 101 + "seed = 1": ("100", "nest"),
    "params.x = '\ud800'": ("half a character", "Example"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_filter_refused_says_what_is_accepted(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    message = str(caught.value)
    for fragment in REFUSED[text]:
        assert fragment in message
    assert re.search(r"^ +\^+$", message, re.MULTILINE)


def test_caret_stands_under_the_fault() -> None:
    text = "experiment = 'digits'\n  and\tmetrics.x = 'one' and " + "seed = 1 and " * 20 + "seed = 2"
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    _, shown, marks, _ = str(caught.value).split("\n")
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "'one'"
    assert "digits" not in shown
    assert len(shown) < 150


@pytest.mark.parametrize("text", [None, 5, ["seed = 1"]])
def test_filter_that_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(FilterError, match="accepted: text"):
        compile_filter(text)


def test_filter_names_its_attributes() -> None:
    assert compile_filter("lifecycle_stage = 'deleted' or not run.name = 'x'").attributes == {"lifecycle", "run_name"}
    assert compile_filter("metrics.lifecycle > 1").attributes == frozenset()


def test_thousands_of_terms(store: duckdb.DuckDBPyConnection) -> None:
    assert found(store, " or ".join(f"seed = {number}" for number in range(3000))) == "a"
    assert found(store, f"seed in ({', '.join(map(str, range(3000)))})") == "a"


ORDERS = {
    (): "efdcba",
    ("metrics.rmse",): "fabdce",
    ("metrics.rmse ASC",): "fabdce",
    ("metrics.rmse DESC",): "dbafce",
    ("params.C",): "abcfed",
    ("params.C desc",): "bafced",
    ("status", "metrics.rmse"): "fabcde",
    ("status, metrics.rmse desc",): "bafcde",
    ("attributes.start_time", "run_id"): "abcdfe",
    ("`Run Name` DESC",): "fedcba",
    ("end_time", "run_id DESC"): "fdcbae",
    ('metrics."f1 score" DESC',): "aefdcb",
    ("tags.x",): "cbefda",
}


@pytest.mark.parametrize("order_by", ORDERS)
def test_order(store: duckdb.DuckDBPyConnection, order_by: tuple[str, ...]) -> None:
    assert ordered(store, *order_by) == ORDERS[order_by]


@pytest.mark.parametrize(
    ("order_by", "fragment"),
    [
        ("metrics.rmse up", "ASC or DESC"),
        ("metrics.f1 score", "quotes"),
        ("foo", "metrics.foo"),
        ("strat_time", "'start_time'"),
        ("a.b", "no kind of value"),
        ("", "expected a name"),
        ("seed,", "expected a name"),
        ("datasets.name", "no order by datasets"),
        (5, "accepted: text"),
    ],
)
def test_order_refused(order_by: Any, fragment: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_order([order_by])
    assert fragment in str(caught.value)


def test_one_text_is_an_order_too() -> None:
    assert compile_order("seed desc") == compile_order(["seed desc"])
    assert compile_order("") == compile_order(())


# --- random filters against plain Python ---------------------------------------------------------------------------
# The tree is made here, so that the evaluator shares nothing with the parser under test.

KEYS = ["a", "b", "cfg.lr", "f1 score", "x-y"]
TEXTS = ["rf", "RF", "5", "5.0", "-1e3", "nan", "it's", 'say "hi"', "a%b", "ünï", "", "True", "back\\slash"]
NUMBERS = [0, 1, 5, -1000, 0.5, 1e300, INF, -INF, NAN]
Truth = bool | None


def random_run(generator: random.Random, number: int) -> dict[str, Any]:
    def some(values: list[Any]) -> dict[str, Any]:
        return {key: generator.choice(values) for key in KEYS if generator.random() < 0.6}

    metrics = {key: float(value) for key, value in some(NUMBERS).items()}
    seed = generator.choice([None, 0, 5])
    return run(f"{number:03}", params=some(TEXTS), tags=some(TEXTS), metrics=metrics, seed=seed)


def random_tree(generator: random.Random, depth: int) -> tuple[Any, ...]:
    shape = generator.random() if depth else 1.0
    if shape < 0.5:
        terms = [random_tree(generator, depth - 1) for _ in range(generator.randint(2, 3))]
        return (generator.choice(["and", "or"]), terms)
    if shape < 0.65:
        return ("not", random_tree(generator, depth - 1))
    kind = generator.choice(["metrics", "params", "tags", "seed"])
    numeric = kind in ("metrics", "seed")
    operators = ["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]
    operator = generator.choice(operators if numeric else [*operators, "like", "ilike", "not like", "not ilike"])
    count = 0 if "null" in operator else generator.randint(1, 3) if "in" in operator.split() else 1
    if "like" in operator:
        values: list[Any] = [generator.choice(["%", "r_", "%5%", "_%s", "TRUE", "", "ü%"])]
    else:
        pool = [*NUMBERS, *([] if numeric else TEXTS)]
        ordering = operator in ("<", "<=", ">", ">=")
        values = [
            generator.choice([value for value in pool if not (ordering and value != value)]) for _ in range(count)
        ]
    return ("is", kind, generator.choice(KEYS), operator, values)


def rendered(generator: random.Random, tree: tuple[Any, ...]) -> str:
    if tree[0] == "not":
        return f"{generator.choice(['NOT', 'not'])} ({rendered(generator, tree[1])})"
    if tree[0] in ("and", "or"):
        word = generator.choice([tree[0], tree[0].upper()])
        return f" {word} ".join(f"({rendered(generator, term)})" for term in tree[1])
    _, kind, key, operator, values = tree
    quoted = generator.choice(['"{}"', "`{}`", "'{}'"]).format(key)
    name = kind if kind == "seed" else f"{kind}.{quoted if ' ' in key or generator.random() < 0.5 else key}"
    space = generator.choice([" ", "  ", "\n"])
    if "null" in operator:
        return f"{name}{space}{operator}"
    texts = [rendered_value(generator, value) for value in values]
    right = f"({', '.join(texts)})" if "in" in operator.split() else texts[0]
    return f"{name}{space}{generator.choice([operator, operator.upper()])}{space}{right}"


def rendered_value(generator: random.Random, value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    quote = generator.choice("'\"")
    escape = generator.choice(["\\" + quote, quote * 2])
    return quote + value.replace("\\", "\\\\").replace(quote, escape) + quote


def truth(tree: tuple[Any, ...], row: dict[str, Any]) -> Truth:
    """Evaluate with three values: None is what cannot be told because the run lacks it."""
    if tree[0] == "not":
        inner = truth(tree[1], row)
        return None if inner is None else not inner
    if tree[0] in ("and", "or"):
        parts = [truth(term, row) for term in tree[1]]
        decisive = tree[0] == "or"
        return decisive if decisive in parts else None if None in parts else not decisive
    _, kind, key, operator, values = tree
    field = row["seed"] if kind == "seed" else row[kind].get(key)
    if "null" in operator:
        return (field is None) == (operator == "is null")
    if field is None:
        return None
    negated = operator.startswith("not ")
    operator = operator.removeprefix("not ")
    if operator == "in":
        return any(compared(field, "=", value) for value in values) != negated
    return compared(field, operator, values[0]) != negated


def compared(field: Any, operator: str, value: Any) -> bool:
    if operator in ("like", "ilike"):
        pattern = re.escape(value).replace("%", ".*").replace("_", ".")
        flags = re.DOTALL | (re.IGNORECASE if operator == "ilike" else 0)
        return re.fullmatch(pattern, field, flags) is not None
    if isinstance(field, str) and not isinstance(value, str):
        try:
            field = float(field)
        except ValueError:
            return operator == "!="
    if value != value:
        return (field != field) == (operator == "=")
    outcomes = {"=": field == value, "!=": field != value}
    if operator in outcomes:
        return outcomes[operator]
    return {"<": field < value, "<=": field <= value, ">": field > value, ">=": field >= value}[operator]


@pytest.mark.parametrize("seed", range(8))
def test_random_filters_agree_with_plain_python(seed: int) -> None:
    generator = random.Random(seed)
    rows = [random_run(generator, number) for number in range(40)]
    connection = connect(rows)
    matched = 0
    for _ in range(60):
        tree = random_tree(generator, 3)
        text = rendered(generator, tree)
        expected = [row["run_id"] for row in rows if truth(tree, row)]
        matched += 0 < len(expected) < len(rows)
        assert found(connection, text) == "".join(expected), text
    assert matched > 20


def test_random_garbage_is_refused_never_crashes() -> None:
    generator = random.Random(7)
    pieces = [
        "metrics.a",
        "params.`x y`",
        "seed",
        "=",
        "<",
        "in",
        "(",
        ")",
        ",",
        "'t'",
        '"',
        "'",
        "`",
        "1",
        "nan",
        "not",
    ]
    pieces += [
        "and",
        "or",
        "is",
        "null",
        "like",
        "\\",
        "!",
        "status",
        ".",
        "é",
        "\n",
        "true",
        "-",
        "%",
        "datasets.name",
    ]
    outcomes = set()
    for _ in range(4000):
        text = generator.choice(["", " "]).join(generator.choices(pieces, k=generator.randint(1, 9)))
        try:
            compile_filter(text)
        except FilterError as error:
            outcomes.add("pointed" if "^" in str(error) else "vague")
        else:
            outcomes.add("read")
    assert outcomes == {"pointed", "read"}


def test_random_orders_put_nan_and_missing_last() -> None:
    generator = random.Random(11)
    rows = [random_run(generator, number) for number in range(60)]
    connection = connect(rows)
    by_id = {row["run_id"]: row for row in rows}
    for key, direction in itertools.product(KEYS, ["ASC", "DESC"]):
        text = ordered(connection, f'metrics."{key}" {direction}')
        values = [by_id[text[at : at + 3]]["metrics"].get(key) for at in range(0, len(text), 3)]
        ranks = [2 if value is None else 1 if value != value else 0 for value in values]
        assert ranks == sorted(ranks)
        numbers = [value for value, rank in zip(values, ranks, strict=True) if rank == 0]
        assert numbers == sorted(numbers, reverse=direction == "DESC")
