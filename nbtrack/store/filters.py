"""Filters and orders of runs, in MLflow's grammar, as SQL over ``base.runs`` with ``?`` for every value of the user's.

A filter follows SQL's rule for what is not there: a comparison with a metric, param or tag that the run does not have
is neither true nor false, so neither it nor its NOT matches; ``IS NULL`` asks for it. NaN has no order: ``<`` and
``>`` are false of it, ``= nan`` finds it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from nbtrack.errors import FilterError
from nbtrack.records import HAZARD_LABELS
from nbtrack.store.filter_fields import (
    ATTRIBUTES,
    DATASET_COLUMNS,
    KINDS,
    STATUSES,
    TAG_ATTRIBUTES,
    Attribute,
    attribute_of,
    near,
    time_us,
)
from nbtrack.store.filter_syntax import Comparison, Name, Negation, Node, Scalar, Value, parse_filter, parse_order
from nbtrack.store.filter_tokens import EXAMPLE, ORDER_EXAMPLE, complain
from nbtrack.verification import VERDICTS

NEWEST_FIRST = "start_us desc, run_ix desc"


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of SQL and the values for its placeholders."""

    sql: str
    values: tuple[Scalar, ...] = ()

    def wrap(self, form: str, *more: Scalar) -> Clause:
        """Put this piece in place of every ``{}`` of a form, its values with it, ``more`` behind the first."""
        count = form.count("{}")
        return Clause(form.replace("{}", self.sql), (*self.values, *more, *self.values * (count - 1)))


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as SQL.

    Attributes
    ----------
    clause : Clause
        A condition over ``base.runs``.
    attributes : frozenset of str
        Attributes that the filter names.
    """

    clause: Clause
    attributes: frozenset[str] = frozenset()


def compile_filter(text: str) -> Filter:
    """Turn a filter into SQL.

    Parameters
    ----------
    text : str
        MLflow's grammar, with OR, NOT and parentheses besides; empty: all runs.

    Returns
    -------
    Filter

    Raises
    ------
    FilterError
        The filter cannot be read; the message points at the place.

    Examples
    --------
    >>> compile_filter("params.model = 'rf'").clause
    Clause(sql='params[?] = ?', values=('model', 'rf'))
    """
    if not isinstance(text, str):
        raise FilterError(f"the filter is {text!r}; accepted: text. Example: {EXAMPLE}")
    tree = parse_filter(text)
    if tree is None:
        return Filter(Clause("true"))
    compiler = _Compiler(text)
    clause = compiler.condition(tree)
    return Filter(clause, frozenset(compiler.attributes))


def compile_order(order_by: Sequence[str] | str = ()) -> Clause:
    """Turn an order into what stands behind ORDER BY: missing values last, NaN just before; of equals, the newest.

    Parameters
    ----------
    order_by : str or sequence of str
        As ``"metrics.rmse ASC"``.

    Returns
    -------
    Clause

    Raises
    ------
    FilterError
        The order cannot be read; the message points at the place.

    Examples
    --------
    >>> compile_order("seed").sql
    'seed asc nulls last, start_us desc, run_ix desc'
    """
    parts: list[Clause] = []
    for text in [order_by] if isinstance(order_by, str) else order_by:
        if not isinstance(text, str):
            raise FilterError(f"order_by holds {text!r}; accepted: text. Example: {ORDER_EXAMPLE}")
        if isinstance(order_by, str) and not text.strip():
            continue
        compiler = _Compiler(text)
        for name, descending in parse_order(text):
            parts += compiler.order(name, "desc" if descending else "asc")
    parts.append(Clause(NEWEST_FIRST))
    return _joined(parts, ", ")


def _joined(parts: Sequence[Clause], between: str) -> Clause:
    return Clause(between.join(part.sql for part in parts), tuple(value for part in parts for value in part.values))


class _Compiler:
    """Turns the tree of one filter or order into SQL; knows the text, so that it can point at it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.attributes: set[str] = set()

    def condition(self, node: Node) -> Clause:
        if isinstance(node, Comparison):
            return self.comparison(node)
        if isinstance(node, Negation):
            return self.condition(node.term).wrap("not ({})")
        return _joined([self.condition(term).wrap("({})") for term in node.terms], f" {node.word.lower()} ")

    def comparison(self, node: Comparison) -> Clause:
        kind = self.kind(node.name)
        if kind == "datasets":
            return self.dataset(node)
        if kind == "attributes":
            attribute = self.attribute(node.name)
            return self.compare(node, Clause(attribute.sql), attribute.kind)
        if kind == "metrics":
            return self.compare(node, Clause("metrics[?]", (node.name.key,)), "number")
        return self.compare(node, _keyed(kind, node.name.key), "text", loose=True)

    # --- names --------------------------------------------------------------------------------------------------

    def kind(self, name: Name) -> str:
        if not name.kind:
            return "attributes"
        if name.kind not in KINDS:
            hint = near(name.kind, sorted(KINDS))
            advice = f"{hint}Accepted before the dot: metrics, params, tags, attributes, datasets. Example: {EXAMPLE}"
            complain(self.text, name.start, name.end, f"{name.kind!r} is no kind of value:", advice)
        return KINDS[name.kind]

    def attribute(self, name: Name) -> Attribute:
        found = attribute_of(name.key)
        if found is None:
            advice = (
                f"{near(name.key, list(ATTRIBUTES))}Accepted: {', '.join(ATTRIBUTES)}. A metric, param or tag has its "
                f"kind before it: metrics.{name.key}, params.{name.key}, tags.{name.key}."
            )
            complain(self.text, name.start, name.end, f"{name.key!r} is no attribute of a run:", advice)
        self.attributes.add(found.name)
        return found

    def dataset(self, node: Comparison) -> Clause:
        column = node.name.key.lower()
        if column not in DATASET_COLUMNS or "NULL" in node.operator:
            advice = "Accepted: datasets.name, datasets.digest, datasets.context. Example: datasets.name = 'digits'"
            complain(self.text, node.start, node.end, "a run's datasets are not asked this way:", advice)
        condition = self.compare(node, Clause(f"i.{column}"), "text")
        return condition.wrap("run_ix in (select i.run_ix from base.inputs i where {})")

    # --- comparisons --------------------------------------------------------------------------------------------

    def compare(self, node: Comparison, field: Clause, kind: str, *, loose: bool = False) -> Clause:
        operator = node.operator.removeprefix("NOT ")
        if operator.endswith("NULL"):
            return field.wrap(f"({{}}) {operator.lower()}")
        if operator.endswith("LIKE"):
            condition = self.like(node, field, kind, operator)
        elif operator == "IN":
            parts = [self.equal(node, value, field, kind, loose) for value in node.values]
            condition = _joined([part.wrap("({})") for part in parts], " or ")
        else:
            condition = self.equal(node, node.values[0], field, kind, loose, operator)
        return condition.wrap("not ({})") if node.operator.startswith("NOT ") else condition

    def like(self, node: Comparison, field: Clause, kind: str, operator: str) -> Clause:
        value = node.values[0]
        if kind in ("number", "time"):
            self.refuse(node, value, "LIKE compares text, and this is a number or a time", "Use =, <, > instead.")
        if not isinstance(value.value, str):
            self.refuse(node, value, "LIKE takes text", "Put it in quotes; % stands for anything. Example: '%rf%'")
        if kind == "labels":
            field = field.wrap("array_to_string({}, ', ')")
        return field.wrap(f"{{}} {'ilike' if kind == 'status' else operator.lower()} ?", value.value)

    def equal(
        self, node: Comparison, value: Value, field: Clause, kind: str, loose: bool, operator: str = "="
    ) -> Clause:
        literal = value.value
        if kind == "number":
            return self.number(node, value, field, operator)
        if kind == "time":
            return self.time(node, value, field, operator)
        if kind == "status":
            return field.wrap(f"{{}} {operator} ?", self.status(node, value))
        if kind == "labels":
            return self.label(node, value, field, operator)
        if kind == "verdict":
            return field.wrap(f"{{}} {operator} ?", self.verdict(node, value, operator))
        if isinstance(literal, str):
            return field.wrap(f"{{}} {operator} ?", literal)
        if not loose:
            self.refuse(node, value, f"{node.name.key} is text", f"Put it in quotes: '{self.fragment(value)}'.")
        if isinstance(literal, bool):
            if operator not in ("=", "!="):
                self.refuse(node, value, "true and false have no order", "Use = or !=.")
            return field.wrap(f"lower({{}}) {operator} ?", str(literal).lower())
        # A text that does not read as a number differs from every number and has no order, just as NaN; but it is not
        # what somebody looks for who asks for nan.
        if math.isnan(literal) and operator in ("=", "!="):
            form = "case when {} is not null then coalesce(isnan(try_cast({} as double)), false) end"
            return field.wrap(form if operator == "=" else f"not {form}")
        form = "case when {} is not null then coalesce(try_cast({} as double), 'nan'::double) end"
        return self.number(node, value, field.wrap(form), operator)

    def number(self, node: Comparison, value: Value, field: Clause, operator: str) -> Clause:
        literal = value.value
        if isinstance(literal, str | bool):
            self.refuse(node, value, f"{node.name.key} is a number", "Compare it with a number, without quotes.")
        if math.isnan(literal):
            if operator not in ("=", "!="):
                self.refuse(node, value, "nan has no order", "Use = nan or != nan.")
            return field.wrap("isnan({})" if operator == "=" else "not isnan({})")
        if operator in (">", ">="):
            # DuckDB sorts NaN above every number.
            return field.wrap(f"{{}} {operator} ? and not isnan({{}})", literal)
        return field.wrap(f"{{}} {operator} ?", literal)

    def time(self, node: Comparison, value: Value, field: Clause, operator: str) -> Clause:
        literal = value.value
        moment_us = time_us(literal) if isinstance(literal, str) else None
        if moment_us is not None:
            return field.wrap(f"{{}} {operator} ?", moment_us)
        if isinstance(literal, str | bool) or not math.isfinite(literal):
            advice = "Accepted: '2026-03-01', '2026-03-01 14:30' (UTC), or milliseconds since 1970 as a number."
            self.refuse(node, value, f"{node.name.key} is a time", advice)
        return field.wrap(f"{{}} // 1000 {operator} ?", literal)

    def status(self, node: Comparison, value: Value) -> str:
        word = str(value.value).lower()
        if word not in STATUSES or not isinstance(value.value, str):
            advice = f"{near(word, list(STATUSES))}Accepted: {', '.join(map(repr, STATUSES))}."
            self.refuse(node, value, "this is no status", advice)
        return STATUSES[word]

    def verdict(self, node: Comparison, value: Value, operator: str) -> str:
        word = str(value.value).lower().replace(" ", "_")
        word = {"reproduced_within_tolerance": "within_tolerance"}.get(word, word)
        if word not in VERDICTS or not isinstance(value.value, str):
            advice = f"{near(word, list(VERDICTS))}Accepted: {', '.join(map(repr, VERDICTS))}."
            self.refuse(node, value, "this is no verdict", advice)
        if operator not in ("=", "!="):
            self.refuse(node, value, "verdicts have no order", "Use = or !=, LIKE, IN or IS NULL.")
        return word

    def label(self, node: Comparison, value: Value, field: Clause, operator: str) -> Clause:
        """A run has any number of labels: to be equal to one is to have it."""
        label = str(value.value).lower()
        if label not in HAZARD_LABELS or not isinstance(value.value, str):
            advice = f"{near(label, list(HAZARD_LABELS))}Accepted: {', '.join(map(repr, HAZARD_LABELS))}."
            self.refuse(node, value, "this is no hazard", advice)
        if operator not in ("=", "!="):
            self.refuse(node, value, "hazards have no order", "Use = or !=, LIKE or IN; hazard_count is a number.")
        return field.wrap(f"{'not ' if operator == '!=' else ''}list_contains({{}}, ?)", label)

    def refuse(self, node: Comparison, value: Value, problem: str, advice: str) -> NoReturn:
        complain(self.text, value.start, value.end, f"{problem}:", f"{advice} In: {self.fragment(node)}")

    def fragment(self, part: Value | Comparison) -> str:
        return self.text[part.start : part.end]

    # --- orders -------------------------------------------------------------------------------------------------

    def order(self, name: Name, direction: str) -> Iterator[Clause]:
        kind = self.kind(name)
        if kind == "datasets":
            complain(self.text, name.start, name.end, "runs have no order by datasets:", f"Example: {ORDER_EXAMPLE}")
        if kind == "metrics":
            field = Clause("metrics[?]", (name.key,))
            yield field.wrap(f"nullif({{}}, 'nan'::double) {direction} nulls last")
            yield field.wrap("{} is null")
            return
        field = Clause(self.attribute(name).sql) if kind == "attributes" else _keyed(kind, name.key)
        if kind != "attributes":
            # Numbers in the order of numbers, then what is text.
            yield field.wrap(f"nullif(try_cast({{}} as double), 'nan'::double) {direction} nulls last")
        yield field.wrap(f"{{}} {direction} nulls last")


def _keyed(kind: str, key: str) -> Clause:
    field = Clause(f"{kind}[?]", (key,))
    if kind == "tags" and key in TAG_ATTRIBUTES:
        return field.wrap(f"coalesce({{}}, {TAG_ATTRIBUTES[key]})")
    return field
