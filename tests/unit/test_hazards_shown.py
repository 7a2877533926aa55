"""Hazards wherever they are shown: card, detail view, run table, and on their own."""

from __future__ import annotations

import re

import pytest

from nbtrack.records import CellExecution, Provenance
from nbtrack.views import CardView
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.detail.view import whole
from nbtrack.widgets.hazards import hazards_html, hazards_text, unknown_line
from nbtrack.widgets.table import runs_html, runs_text
from nbtrack.widgets.text import cells

SEEN = CellExecution(session="s", sequence=0, execution_count=1, cell_id=None, source="x = 1", start_us=0)


@pytest.fixture
def flagged(run, hazard):
    """A function that returns a run with so many hazards."""

    def make(amount=1, name="baseline", **fields):
        hazards = tuple(hazard(f"hazard_{number}") for number in range(amount))
        return run(name, metrics={"accuracy": 0.9}, provenance=Provenance(hazards=hazards, slice=(SEEN,), **fields))

    return make


def test_the_card_has_a_line_for_each(flagged, now_s):
    record = flagged(2, unknown={"skipped_cell": "no notebook"})
    markup, plain = card_html(CardView(record), now_s), card_text(CardView(record))
    for number in (0, 1):
        assert f"⚠ X_train is a case of hazard_{number}. → Run In[3] again." in plain
        assert f"X_train is a case of hazard_{number}.</span>" in markup
    assert '<span style="opacity:0.7">Run In[3] again.</span>' in markup
    assert "skipped_cell" not in markup + plain
    assert "<details" not in markup


@pytest.mark.parametrize(("amount", "folded"), [(4, 0), (5, 2), (9, 6)])
def test_more_than_four_are_folded(flagged, now_s, amount, folded):
    record = flagged(amount)
    for markup, plain in (
        (card_html(CardView(record), now_s), card_text(CardView(record))),
        (whole(Facts(record, now_s)), detail_text(Facts(record))),
    ):
        words = f"{folded} more hazard"
        assert (words in markup) == (words in plain) == bool(folded)
        before, _, inside = markup.partition("<details")
        assert before.count("is a case of") == amount - folded
        assert inside.count("is a case of") == folded
        assert plain.count("is a case of") == amount - folded


def test_a_clean_run_has_nothing_of_it_anywhere(run, now_s):
    record = run(metrics={"accuracy": 0.9}, provenance=Provenance(slice=(SEEN,)))
    shown = [
        *(card_html(CardView(record), now_s), card_text(CardView(record))),
        *(whole(Facts(record, now_s)), detail_text(Facts(record))),
        *(runs_html([record], now_s), runs_text([record], now_s)),
    ]
    assert not re.search("⚠|hazard|decided", "".join(shown))


def test_long_words_are_wrapped_in_the_text(run, hazard, now_s):
    long = hazard(sentence="words that go on " * 15 + "x" * 150, remedy="do this " * 20)
    record = run(provenance=Provenance(hazards=(long,), unknown={"skipped_cell": "for a reason " * 20}))
    for plain in (card_text(CardView(record)), detail_text(Facts(record)), hazards_text(record)):
        assert max(map(cells, plain.split("\n"))) <= 100
        assert "words that go on words" in plain
    assert "do this" in card_text(CardView(record))


def test_a_hazard_of_few_words(run, hazard, now_s):
    record = run(provenance=Provenance(hazards=(hazard("new_kind", sentence="", remedy="", names=(), executions=()),)))
    assert "⚠ new_kind\n" in card_text(CardView(record)) + "\n"
    assert "new_kind" in card_html(CardView(record), now_s)
    assert "→" not in hazards_text(record)


def test_the_detail_view_says_in_one_line_what_is_not_decided(flagged, now_s):
    record = flagged(0, unknown={"skipped_cell": "no notebook", "edited_cell": "no notebook", "volatile_input": "?"})
    line = "not decided: skipped_cell, edited_cell (no notebook); volatile_input (?)"
    assert unknown_line(record.provenance.unknown) == line
    assert line in whole(Facts(record, now_s))
    assert f"  {line}\n" in detail_text(Facts(record))
    assert "decided" not in detail_text(Facts(flagged(1)))


def test_the_table_has_a_column_only_where_a_run_has_one(flagged, now_s):
    clean, bad = flagged(0, "clean"), flagged(2, "bad")
    for shown in (runs_html([clean], now_s), runs_text([clean], now_s)):
        assert "hazards" not in shown
    markup, plain = runs_html([bad, clean], now_s), runs_text([bad, clean], now_s)
    assert 'title="hazard_0, hazard_1"' in markup
    assert "⚠</span>\u00a02" in markup
    assert markup.count("⚠") == plain.count("⚠") == 1
    head, first, second = plain.splitlines()[:3]
    assert first[head.index("hazards") :].startswith("⚠ 2 ")
    assert second[head.index("hazards") :][:7].strip() == ""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", markup)[1:]
    assert len({row.count("<td") or row.count("<th") for row in rows}) == 1


def test_alone_they_are_told_in_full(flagged):
    record = flagged(5, unknown={"skipped_cell": "no notebook", "edited_cell": "no notebook"})
    markup, plain = hazards_html(record), hazards_text(record)
    for number in range(5):
        assert f"⚠ hazard_{number} (high)" in plain
        assert f"hazard_{number}" in markup
    assert "X_train, scaler · In[3], In[7]" in plain
    assert "<div>X_train, scaler</div>" in markup
    assert "In[3],\u00a0In[7]" in markup
    for shown in (markup, plain):
        assert "Run In[3] again." in shown
        assert "skipped_cell, edited_cell: no notebook" in shown


def test_none_found_and_not_checked_are_not_the_same(run):
    clean = run(provenance=Provenance(slice=(SEEN,)))
    undecided = run(provenance=Provenance(unknown={"edited_cell": "no notebook"}))
    for form in (hazards_html, hazards_text):
        assert "No hazards found." in form(clean)
        assert "No hazards found." in form(undecided)
        assert "edited_cell: no notebook" in form(undecided)
        assert "not checked" in form(run())
        assert "No hazards found." not in form(run())
