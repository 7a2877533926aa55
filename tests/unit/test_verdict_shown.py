"""Verdicts wherever they are shown: card, detail view, run table, report, and on their own."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from nbtrack.report import report, run_facts
from nbtrack.verification import MetricCheck, Reason
from nbtrack.views import CardView, ReplayView
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.detail.view import whole
from nbtrack.widgets.replaying import replay_html, replay_text
from nbtrack.widgets.table import runs_html, runs_text
from nbtrack.widgets.text import cells
from nbtrack.widgets.verdict import summary, told_apart
from nbtrack.widgets.verification import verification_html, verification_text


def visible(markup: str) -> str:
    """Return what a reader sees of HTML."""
    text = re.sub(r"<(?:/div|/tr|br|/summary)[^>]*>", "\n", markup)
    return re.sub(r"<[^>]*>", "", text).replace("\u00a0", " ").replace("&lt;", "<").replace("&amp;", "&")


@pytest.fixture
def judged(run, verification):
    """A function that returns a run with these verdicts, oldest first."""

    def make(*verdicts, name="baseline", **fields):
        found = tuple(
            replace(verification(verdict, **fields), verification_id=str(number))
            for number, verdict in enumerate(verdicts)
        )
        return run(name, metrics={"accuracy": 0.9722}, verdict=verdicts[-1], verifications=found)

    return make


LINES = {
    "reproduced": "✓ reproduced · 5 cells replayed in 3.2 s, bit for bit",
    "within_tolerance": "≈ reproduced within tolerance · 5 cells replayed in 3.2 s · largest relative difference 4.0e-10, "
    "allowed 1e-09",
    "diverged": "✗ diverged · data.csv accuracy 0.9722 → 0.9611 and 1 more metric · most likely: data.csv has changed.",
    "could_not_run": "! could not run · In[4] found no data.csv.",
}


@pytest.mark.parametrize("verdict", LINES)
def test_the_card_says_it_in_one_line(judged, now_s, verdict):
    record = judged("reproduced", verdict)
    assert LINES[verdict] in visible(card_html(CardView(record), now_s))
    plain = card_text(CardView(record))
    assert LINES[verdict] in " ".join(plain.split())
    assert max(map(cells, plain.splitlines())) <= 100


def test_a_run_that_was_never_replayed_has_nothing_of_it_anywhere(run, now_s):
    record = run(metrics={"accuracy": 0.9})
    shown = [
        *(card_html(CardView(record), now_s), card_text(CardView(record))),
        *(whole(Facts(record, now_s)), detail_text(Facts(record))),
        *(runs_html([record], now_s), runs_text([record], now_s)),
    ]
    assert not re.search("verdict|replay|verif|reproduced|diverged", "".join(shown))


def test_the_table_has_a_column_only_where_a_run_has_one(run, judged, now_s):
    records = [judged(verdict, name=verdict) for verdict in LINES] + [run("clean")]
    words = {
        "reproduced": "✓ reproduced",
        "within_tolerance": "≈ within tolerance",
        "diverged": "✗ diverged",
        "could_not_run": "! could not run",
        "clean": "",
    }
    # Of a list of runs the store gives the verdict alone.
    records = [replace(record, verifications=()) for record in records]
    markup, plain = runs_html(records, now_s), runs_text(records, now_s, width=200)
    head, *rows = plain.splitlines()[:6]
    start = head.index("verdict")
    assert {row.split()[0]: row[start : start + 19].strip().partition("  ")[0] for row in rows} == words
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", markup)[1:]
    assert len({line.count("<td") or line.count("<th") for line in lines}) == 1
    for shown in filter(None, words.values()):
        assert shown in visible(markup)


def test_the_detail_view_has_it_all(judged, now_s):
    record = judged("could_not_run", "reproduced", "diverged")
    markup, plain = visible(whole(Facts(record, now_s))), detail_text(Facts(record))
    for shown in (markup, plain):
        assert "✗ diverged · data.csv accuracy 0.9722 → 0.9611 and 1 more metric\n" in shown
        for words in (
            *("✗ different", "✗ not given", "✓ the same", "– measures time", "-0.0111"),
            *("→ most likely: data.csv has changed.", "Of data.csv.", "→ also possible: numpy was 2.0 and is 2.1."),
            *("A note about data.csv.", "2 replays", "cells 2.0 s (recorded 1.5 s)", "memory 212.0 MB"),
            *("✓ reproduced · 5 cells replayed in 3.2 s, bit for bit", "! could not run · In[4] found no data.csv."),
        ):
            assert words in shown, words
        # What did not come back stands first.
        assert shown.index("lost") < shown.index("fit_s")
        assert shown.index("✓ reproduced") < shown.index("! could not run")
    assert "2 earlier verifications" in markup
    assert "earlier" not in visible(whole(Facts(judged("diverged"), now_s))) + detail_text(Facts(judged("diverged")))
    assert max(map(cells, plain.splitlines())) <= 100


@pytest.mark.parametrize("verdict", LINES)
def test_on_its_own(run, verification, verdict):
    found, record = verification(verdict), run()
    markup, plain = visible(verification_html(found, record)), verification_text(found, record)
    for shown in (markup, plain):
        assert "baseline" in shown
        assert LINES[verdict].partition(" · ")[0] in shown
        assert ("stopped after 3.2 s" in shown) == (verdict == "could_not_run")
        assert shown.count("In[4] found no data.csv.") == (verdict == "could_not_run")
        assert "2030-03-17" in shown
    assert max(map(cells, plain.splitlines())) <= 100


def test_what_it_took_is_not_broken_within_a_fact(verification):
    shown = verification_html(verification("reproduced"))
    assert '<span style="white-space:nowrap">tolerance\u00a01e-09</span>' in shown


def test_what_could_not_run_without_a_reason_says_its_sentence(verification):
    assert summary(verification("could_not_run", reasons=())) == ["A sentence about data.csv."]


def test_a_reason_names_what_its_words_do_not(run, verification):
    reason = Reason(
        label="data_changed",
        sentence="The file seen.csv has changed.",
        evidence=("In[2] read it.",),
        names=("seen.csv", "b.csv", "d"),
        executions=(2, 3),
    )
    found = verification("diverged", reasons=(reason, replace(reason, names=(), executions=())))
    for shown in (verification_text(found, run()), visible(verification_html(found, run()))):
        assert "most likely: the file seen.csv" in shown
        assert "also possible: the file seen.csv" in shown
        assert "b.csv, d · In[3]" in shown
        assert (shown.count("seen.csv"), shown.count("In[2]")) == (2, 2)


def test_the_verdict_is_not_said_twice(run, verification):
    reason = Reason(label="missing_file", sentence="could not run: data.csv is not there any more.")
    found = verification("could_not_run", reasons=(reason,))
    assert summary(found) == ["data.csv is not there any more."]
    assert verification_text(found, run()).count("could not run") == 1
    assert visible(verification_html(found, run())).count("could not run") == 1
    timed = verification("diverged", metrics=(), reasons=(), sentence="diverged: only times could be compared.")
    assert summary(timed) == ["only times could be compared."]


def test_a_curve_that_ends_where_it_did_has_differed_before(run, verification):
    check = MetricCheck(key="loss", recorded=0.25, replayed=0.25, outcome="different")
    found = verification("diverged", metrics=(check,), reasons=())
    assert summary(found) == ["loss 0.25 in the end, by other points before"]
    assert re.search(r"loss +0\.25 +0\.25 +✗ different before its end", verification_text(found, run()))
    close = verification("within_tolerance", metrics=(replace(check, outcome="close"),))
    assert summary(close) == ["5 cells replayed in 3.2 s"]


def test_an_unknown_reason_is_not_called_likely(verification):
    reason = Reason(label="unknown", sentence="No reason was found.")
    assert summary(verification("diverged", reasons=(reason,)))[1:] == ["No reason was found."]
    assert summary(verification("diverged", reasons=(replace(reason, label="data_changed", sentence=""),)))[1:] == [
        "most likely: data_changed"
    ]
    assert len(summary(verification("diverged", reasons=()))) == 1


def test_a_verdict_on_nothing_claims_no_bits(verification):
    assert summary(verification("reproduced", metrics=(), cells=1)) == ["1 cell replayed in 3.2 s"]


def test_a_corrected_slice_is_told(verification):
    assert summary(verification("reproduced", slice_corrected=True))[-1] == "its slice was too small and is corrected"


@pytest.mark.parametrize(
    ("recorded", "replayed", "expected"),
    [
        (0.9722, 0.9611, ("0.9722", "0.9611")),
        (0.25, 0.25, ("0.25", "0.25")),
        (0.1 + 0.2, 0.3, ("0.30000000000000004", "0.3")),
        (0.0, -0.0, ("0.0", "-0.0")),
        (1e300, math.nextafter(1e300, 2e300), ("1e+300", "1.0000000000000002e+300")),
        (123456789.0, 123456789.5, ("123,456,789", "123,456,789.5")),
        (math.inf, math.nan, ("inf", "nan")),
        (2.0, None, ("2", "")),
    ],
)
def test_two_values_are_shown_with_the_digits_that_tell_them_apart(recorded, replayed, expected):
    same = replayed is not None and recorded == replayed and math.copysign(1, recorded) == math.copysign(1, replayed)
    check = MetricCheck(key="x", recorded=recorded, replayed=replayed, outcome="exact" if same else "different")
    assert told_apart(check) == expected


def test_nan_that_came_back_is_the_same(run, verification):
    same = MetricCheck(key="loss", recorded=math.nan, replayed=math.nan, outcome="exact")
    plain = verification_text(verification("reproduced", metrics=(same,)), run())
    assert re.search(r"loss +nan +nan +✓ the same", plain)


def test_many_metrics_are_folded_and_what_differs_stands_first(run, verification):
    checks = [MetricCheck(key=f"m{number:03}", recorded=1.5, replayed=1.5, outcome="exact") for number in range(500)]
    checks[400] = replace(checks[400], replayed=2.5, outcome="different")
    found = verification("diverged", metrics=tuple(checks))
    markup, plain = verification_html(found, run()), verification_text(found, run())
    before, _, inside = markup.partition("<details")
    assert before.index("m400") < before.index("m000")
    assert "490 more metrics" in inside
    assert "and 300 more metrics" in plain
    assert len(plain.splitlines()) < 230
    assert len(markup) < 150_000


def test_a_report_has_it(judged, run):
    found = report(judged("reproduced", "diverged"))
    json.dumps(found, allow_nan=False)
    assert [item["verdict"] for item in found["verifications"]] == ["reproduced", "diverged"]
    latest = found["verification"]
    assert latest == found["verifications"][-1]
    assert (latest["verdict"], latest["sentence"]) == ("diverged", "A sentence about data.csv.")
    assert latest["time"] == "2030-03-17T17:46:40Z"
    assert latest["metrics"][2] == {
        "key": "lost", "recorded": "NaN", "replayed": None, "outcome": "missing", "difference": None,
    }  # fmt: skip
    assert latest["metrics"][0]["difference"] == 0.0
    assert latest["reasons"][0]["label"] == "data_changed"
    assert found["verdict"] == "diverged"
    assert run_facts(judged("diverged"))["verdict"] == "diverged"
    untried = report(run())
    assert (untried["verdict"], untried["verification"], untried["verifications"]) == (None, None, [])


def test_the_line_of_a_replay():
    view = ReplayView("baseline", 2, 5, 3, 12.3, 212_000_000)
    assert replay_text(view) == "● replaying baseline  cell 2 of 5  In[3]  12.3 s  212.0 MB"
    markup = replay_html(view)
    assert 'value="1" max="5"' in markup
    assert "cell 2 of 5" in visible(markup)
    assert replay_text(ReplayView("baseline")) == "● replaying baseline  starting a kernel  0 ms"
    assert "<progress" not in replay_html(ReplayView("baseline"))
    uncounted = ReplayView("x" * 500, 1, 1)
    assert "In[" not in replay_text(uncounted)
    assert cells(replay_text(uncounted)) <= 100
