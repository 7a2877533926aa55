"""Numbers, times, sizes and text as people read them."""

from __future__ import annotations

import math
import random

import pytest

from nbtrack.widgets.comparison import delta
from nbtrack.widgets.format import age, align, column, duration, moment, number, size
from nbtrack.widgets.series import blocks
from nbtrack.widgets.text import cells, clean, cut, fit, grid, printable, wrap


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.75, "0.75"),
        (0.97222222, "0.9722"),
        (-0.97222222, "-0.9722"),
        (0.00012345, "0.0001234"),
        (0.000099999, "0.0001"),
        (1.2e-05, "1.2e-05"),
        (9.99996, "10"),
        (999.96, "1,000"),
        (54.2039, "54.2"),
        (1234.567, "1,234.6"),
        (1797.0, "1,797"),
        (123456789.0, "123,456,789"),
        (1.3e9, "1.3e+09"),
        (1e308, "1e+308"),
        (5e-324, "4.941e-324"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number(value, shown):
    assert number(value) == shown


def test_a_number_keeps_its_value():
    chance = random.Random(1)
    for _ in range(2_000):
        value = chance.choice((-1, 1)) * 10 ** chance.uniform(-12, 12)
        assert float(number(value).replace(",", "")) == pytest.approx(value, rel=6e-4)


def test_a_column_has_one_number_of_decimals():
    chance = random.Random(2)
    for _ in range(300):
        scale = 10 ** chance.uniform(-2, 4)
        values = [scale * chance.uniform(1, 9) for _ in range(5)]
        assert len({len(text.partition(".")[2]) for text in column(values)}) == 1


def test_a_column_keeps_close_values_apart_and_drops_what_is_zero_in_all():
    assert column([0.97222, 0.97223]) == ["0.97222", "0.97223"]
    assert column([0.5, 0.25]) == ["0.50", "0.25"]
    assert column([0.5, math.nan]) == ["0.5", "nan"]
    assert column([1.0, 20.0]) == ["1", "20"]
    assert column([1e-7, 0.5]) == ["1e-07", "0.5"]
    assert column([]) == []


def test_decimal_points_stand_above_one_another():
    padded = align(["0.97", "12", "3.5", "nan"], " ", " ")
    width = max(map(len, padded))
    places = [text.rjust(width).find(".") for text in padded]
    assert places[0] == places[2] == padded[1].rjust(width).index("2") + 1
    assert padded[3] == "nan"


def test_times():
    assert [duration(seconds) for seconds in (None, math.nan, 0, 0.9996, 59.96, 3599.6)] == [
        "",
        "",
        "0 ms",
        "1.0 s",
        "1 min 00 s",
        "1 h 00 min",
    ]
    assert age(0, 59.9) == "59 s ago"
    assert age(0, 3 * 86400) == "3 d ago"
    assert age(100, 0) == "just now"
    assert age(1_900_000_000, 1_900_000_000 + 30 * 86400).startswith("2030-03-1")
    assert moment(1_900_000_000, local=False) == "2030-03-17 17:46:40 UTC"


def test_sizes():
    assert [size(bytes_) for bytes_ in (0, 999, 999_999, 10**15)] == ["0 B", "999 B", "1.0 MB", "1000.0 TB"]


@pytest.mark.parametrize(
    ("value", "reference", "direction", "shown"),
    [
        (0.9722, 0.9805, "higher", "▼ -0.0083 worse"),
        (0.1, 0.2, "lower", "▼ -0.1 better"),
        (0.8, 0.9, "higher", "▼ -0.1 worse"),
        (0.1 + 0.2, 0.3, "higher", "= same"),
        (57.0, 55.0, None, "▲ +2"),
        (1.0, 0.95, "higher", "▲ +0.05 better"),
        (0.5, 0.4999996, "higher", "▲ +4e-07 better"),
        (1e9, 2e9, "lower", "▼ -1e+09 better"),
        (0.0, 0.0, "lower", "= same"),
    ],
)
def test_a_difference_says_where_it_points_and_whether_that_is_good(value, reference, direction, shown):
    assert str(delta(value, reference, direction)) == shown


def test_there_is_no_difference_to_what_is_no_number():
    for value in (math.nan, math.inf, -math.inf):
        assert delta(value, 1.0, "higher") is None
        assert delta(1.0, value, "higher") is None


def test_text_stays_on_its_line(nasty):
    text, _ = nasty
    for shown in (clean(text), fit(text, 30)):
        shown.encode()
        assert not set(shown) & set(map(chr, [*range(32), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x200B, 0xFEFF]))
    assert cells(fit(text, 30)) <= 30
    assert len(cut(text, 30)) <= 30
    assert len(cut(text, 30, "middle")) <= 30


def test_lines_of_code_keep_their_shape():
    assert printable("if x:\n\treturn\r\n\n\x1b[31m") == "if x:\n    return\n\n\ufffd[31m"


def test_columns_of_wide_characters_line_up():
    lines = grid([["日本", "1"], ["abcd", "2"], ["e\u0301", "3"]])
    assert {cells(line) for line in lines} == {7}


def test_pieces_are_wrapped_but_not_broken():
    pieces = [f"key_{index}={index}" for index in range(40)]
    lines = wrap(pieces, 50)
    assert max(map(len, lines)) <= 50
    assert "  ".join(lines).split("  ") == pieces


def test_blocks_go_from_low_to_high():
    assert blocks([0.0, 1.0]) == "▁█"
    assert blocks([3.0]) == ""
    assert blocks([2.0, 2.0, 2.0]) == "▁▁▁"
    assert blocks([-1.7e308, 1.7e308]) == "▁█"
    assert len(blocks(range(500))) == 20
