"""The grammar of filters and orders: text in, a small tree out.

::

    filter     = either
    either     = both ("OR" both)*
    both       = negated ("AND" negated)*
    negated    = "NOT" negated | "(" either ")" | comparison
    comparison = name "IS" ["NOT"] "NULL"
               | name ["NOT"] "IN" "(" value ("," value)* ")"
               | name ["NOT"] ("LIKE" | "ILIKE") text
               | name ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
    name       = [kind "."] key        key bare, or in `…`, "…" or '…'
    value      = text in '…' or "…" | number | nan | inf | true | false
    order      = name ["ASC" | "DESC"]

This is the grammar of MLflow's ``search_runs`` with OR, NOT, parentheses, NOT LIKE and true/false besides. What the
names mean is not known here, see :mod:`nbtrack.store.filters`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from nbtrack.store.filter_tokens import EXAMPLE, OPERATORS, ORDER_EXAMPLE, Token, complain, tokens, unquote

_MAX_DEPTH = 100
_WORD_VALUES: dict[str, float | bool] = {
    "nan": float("nan"),
    "inf": float("inf"),
    "+inf": float("inf"),
    "-inf": float("-inf"),
    "infinity": float("inf"),
    "-infinity": float("-inf"),
    "true": True,
    "false": False,
}
_RESERVED = frozenset("and or not in like ilike is null".split())

Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Value:
    """A literal and where it stands."""

    value: Scalar
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written: ``kind`` is the part before the first dot (empty without one), ``key`` the rest."""

    kind: str
    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``name operator values``; the operator is in capitals, ``==`` and ``<>`` are told as ``=`` and ``!=``."""

    name: Name
    operator: str
    values: tuple[Value, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Negation:
    """``NOT term``."""

    term: Node


@dataclass(frozen=True, slots=True)
class Junction:
    """Terms joined by one word, ``AND`` or ``OR``."""

    word: Literal["AND", "OR"]
    terms: tuple[Node, ...]


Node: TypeAlias = Comparison | Negation | Junction


def parse_filter(text: str) -> Node | None:
    """Read a filter.

    Parameters
    ----------
    text : str
        As ``metrics.rmse < 1 and params.model = 'rf'``.

    Returns
    -------
    Comparison, Negation, Junction or None
        None for a filter without a word in it.

    Raises
    ------
    FilterError
        The text does not follow the grammar.

    Examples
    --------
    >>> parse_filter("seed = 42").operator
    '='
    """
    parser = _Parser(text, EXAMPLE)
    return None if parser.at_end else parser.whole_filter()


def parse_order(text: str) -> list[tuple[Name, bool]]:
    """Read one entry of ``order_by``: a name with ASC or DESC, or several of them between commas.

    Parameters
    ----------
    text : str
        As ``metrics.rmse DESC``.

    Returns
    -------
    list of (Name, bool)
        Names, each with True for descending.

    Raises
    ------
    FilterError
        The text does not follow the grammar.

    Examples
    --------
    >>> [(name.key, descending) for name, descending in parse_order("metrics.rmse DESC")]
    [('rmse', True)]
    """
    return list(_Parser(text, ORDER_EXAMPLE).orders())


class _Parser:
    def __init__(self, text: str, example: str) -> None:
        self.text, self.example = text, example
        self.tokens = list(tokens(text, example))
        self.position = 0
        self.depth = 0

    @property
    def current(self) -> Token:
        return self.tokens[self.position]

    @property
    def at_end(self) -> bool:
        return self.current.kind == "end"

    def take(self) -> Token:
        token = self.current
        self.position += 1
        return token

    def take_word(self, *words: str) -> str | None:
        if self.current.kind == "word" and self.current.lower in words:
            return self.take().lower
        return None

    def expected(self, what: str, advice: str) -> NoReturn:
        token = self.current
        found = "the end" if self.at_end else token.text
        complain(self.text, token.start, token.end, f"expected {what}, found {found}:", advice)

    def whole_filter(self) -> Node:
        node = self.either()
        if not self.at_end:
            advice = f"Join conditions with AND or OR. Example: {self.example}"
            advice = "There is one ) too many." if self.current.text == ")" else advice
            self.expected("AND, OR or the end", advice)
        return node

    def either(self) -> Node:
        terms = [self.both()]
        while self.take_word("or"):
            terms.append(self.both())
        return terms[0] if len(terms) == 1 else Junction("OR", tuple(terms))

    def both(self) -> Node:
        terms = [self.negated()]
        while self.take_word("and"):
            terms.append(self.negated())
        return terms[0] if len(terms) == 1 else Junction("AND", tuple(terms))

    def negated(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.expected("a plain condition", f"NOT and parentheses nest at most {_MAX_DEPTH} deep.")
        if self.take_word("not"):
            node: Node = Negation(self.negated())
        elif self.current.text == "(" and self.current.kind == "mark":
            opening = self.take()
            node = self.either()
            if self.current.text != ")":
                if self.at_end:
                    complain(self.text, opening.start, opening.end, "this ( is never closed:", "Close it with ).")
                self.expected("AND, OR or )", f"Join conditions with AND or OR. Example: {self.example}")
            self.take()
        else:
            node = self.comparison()
        self.depth -= 1
        return node

    def comparison(self) -> Comparison:
        name = self.name()
        operator, values = self.operator_and_values()
        return Comparison(name, operator, values, name.start, self.tokens[self.position - 1].end)

    def operator_and_values(self) -> tuple[str, tuple[Value, ...]]:
        if self.take_word("is"):
            negation = "NOT " if self.take_word("not") else ""
            if not self.take_word("null"):
                self.expected("NULL", "Accepted: IS NULL, IS NOT NULL. Example: params.model IS NOT NULL")
            return f"IS {negation}NULL", ()
        negation = "NOT " if self.take_word("not") else ""
        if self.take_word("in"):
            return f"{negation}IN", self.value_list()
        if word := self.take_word("like", "ilike"):
            return f"{negation}{word.upper()}", (self.value(),)
        if negation:
            self.expected("IN, LIKE or ILIKE", f"Example: params.model NOT IN ('rf', 'svm'). Accepted: {OPERATORS}")
        if self.current.kind != "operator":
            advice = 'A name with spaces goes in quotes: metrics."f1 score". '
            advice = advice if self.current.kind in ("word", "text") else ""
            self.expected("a comparison", f"{advice}Accepted: {OPERATORS}. Example: {self.example}")
        operator = self.take().text
        return {"==": "=", "<>": "!="}.get(operator, operator), (self.value(),)

    def value_list(self) -> tuple[Value, ...]:
        advice = "Example: params.model IN ('rf', 'svm')"
        if self.current.text != "(":
            self.expected("( and a list", advice)
        self.take()
        values = [self.value()]
        while self.current.text == ",":
            self.take()
            values.append(self.value())
        if self.current.text != ")":
            self.expected(", or )", advice)
        self.take()
        return tuple(values)

    def value(self) -> Value:
        token = self.current
        if token.kind == "text":
            found: Scalar = unquote(token.text)
        elif token.kind == "number":
            whole = re.fullmatch(r"[+-]?\d{1,18}", token.text)
            found = int(token.text) if whole else float(token.text)
        elif token.kind == "word" and token.lower in _WORD_VALUES:
            found = _WORD_VALUES[token.lower]
        elif token.lower in ("null", "none"):
            self.expected("a value", "Write IS NULL or IS NOT NULL. Example: params.model IS NULL")
        elif token.kind == "word" and token.lower not in _RESERVED:
            advice = f"Put text in quotes: '{token.text}'. A name stands to the left and is compared with one value."
            self.expected("a value", advice)
        else:
            self.expected("a value", f"Accepted: text in quotes or a number. Example: {self.example}")
        self.take()
        return Value(found, token.start, token.end)

    def name(self) -> Name:
        token = self.current
        wanted = "Accepted: metrics.…, params.…, tags.…, or an attribute, as status."
        if token.kind == "path":
            kind, _, key = token.text.partition(".")
            key = unquote(key)
        elif token.kind == "quoted" or (token.kind == "text" and token.text[0] == '"'):
            kind, dot, key = unquote(token.text).partition(".")
            kind, key = (kind, key) if dot else ("", kind)
        elif token.kind == "word" and token.lower not in _RESERVED:
            kind, dot, key = token.text.partition(".")
            kind, key = (kind, key) if dot else ("", kind)
        else:
            self.expected("a name", f"{wanted} Example: {self.example}")
        if not key:
            self.expected("a name after the dot", f"{wanted} Example: {self.example}")
        self.take()
        return Name(kind.lower(), key, token.start, token.end)

    def orders(self) -> Iterator[tuple[Name, bool]]:
        advice = f'Accepted: a name with ASC or DESC; put a name with spaces in "quotes". Example: {self.example}'
        while True:
            name = self.name()
            yield name, self.take_word("asc", "desc") == "desc"
            if self.at_end:
                return
            if self.current.text != ",":
                self.expected("ASC or DESC", advice)
            self.take()
