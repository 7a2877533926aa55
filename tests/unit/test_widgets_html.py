"""What every shown thing owes to sanitizers, themes and hostile names."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from nbtrack.records import MetricRange
from nbtrack.store.curves import Curve
from nbtrack.verification import MetricCheck, Reason, Verification
from nbtrack.views import CardView, Gpu, LiveMetric, LiveView, ReplayView, Usage
from nbtrack.widgets import html
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.detail.view import whole
from nbtrack.widgets.hazards import hazards_html, hazards_text
from nbtrack.widgets.live import live_html, live_text
from nbtrack.widgets.replaying import replay_html, replay_text
from nbtrack.widgets.series import summarise
from nbtrack.widgets.table import runs_html, runs_text
from nbtrack.widgets.verification import verification_html, verification_text

# What JupyterLab lets through in an untrusted notebook, as far as it is used here.
TAGS = set("div span b i table thead tbody tr th td br details summary pre img progress".split())
ATTRIBUTES = set("style title align colspan src alt width height max value".split())
PROPERTIES = set(
    "align-text background border border-bottom border-collapse border-left border-radius color cursor display "
    "font-family font-size font-variant-numeric font-weight height line-height margin max-width opacity overflow-x "
    "padding table-layout text-align text-indent vertical-align white-space width".split()
)
# Dropped by sanitizers, and harmless where it is.
MAY_BE_DROPPED = {"font-variant-numeric"}
VOID = {"br", "img"}
CURVES = {
    name: Curve("a" * 32, name, 3, np.arange(3), np.array([3.0, 2.0, 0.5]), np.arange(3.0), np.array([3.0, 2.0, 0.5]))
    for name in ("loss", "<b>")
}
REPLAYED = Verification(
    verification_id="1" * 32,
    run_id="a" * 32,
    verdict="diverged",
    sentence="loss is not what it was.",
    metrics=(MetricCheck(key="loss", recorded=0.5, replayed=0.25, outcome="different"),),
    reasons=(Reason(label="data_changed", sentence="data.csv has changed.", evidence=("It is longer.",)),),
    notes=("A note.",),
)


class Page(HTMLParser):
    """Reads HTML and keeps what it is made of; fails where an element is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.styles = set(), set(), []
        self.titles, self.sources, self.text = [], [], []
        self.open = []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {key for key, _ in attrs}
        found = dict(attrs)
        self.styles.append(found.get("style") or "")
        self.titles.append(found.get("title") or "")
        self.sources.append(found.get("src") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def everything_shown(record, now_s):
    """Return HTML and text of everything in which this run can stand."""
    key = next(iter(record.data.metrics), "loss")
    name = record.info.run_name
    view = CardView(record, {key: MetricRange(0.1, 0.4, 0.2)}, (name,), Usage(cpu_s=3.0, peak_bytes=10**9))
    metrics = {name: LiveMetric(0.5, (1.0, 0.5), 0.5), "b": LiveMetric(1.0)}
    usage = Usage(99.0, 1.0, 10**8, 10**9, 2, 150.0, (Gpu(0, 50.0, 10**9, 10**10),))
    live = LiveView(name, 12.0, 3, 0.4, 3, 60, 20.0, metrics, child=name, children=3, usage=usage, seen_s=now_s)
    history = pd.DataFrame({"key": [key] * 3, "step": [0, 1, 2], "timestamp": 0, "value": [3.0, 2.0, 0.5]})
    facts = Facts(record, now_s, summarise(history), CURVES, (record,))
    replayed = record.verifications[-1] if record.verifications else REPLAYED
    return {
        "card": (card_html(view, now_s), card_text(view, now_s)),
        "table": (runs_html([record, record], now_s, 7), runs_text([record, record], now_s, 7)),
        "detail": (whole(facts), detail_text(facts)),
        "live": (live_html(live), live_text(live)),
        "hazards": (hazards_html(record), hazards_text(record)),
        "verification": (verification_html(replayed, record), verification_text(replayed, record)),
        "replay": (
            replay_html(ReplayView(name, 2, 5, 3, 1.5, 10**8)),
            replay_text(ReplayView(name, 2, 5, 3, 1.5, 10**8)),
        ),
    }


def test_hostile_text_is_text(nasty, now_s):
    text, record = nasty
    for what, (markup, plain) in everything_shown(record, now_s).items():
        markup.encode()
        plain.encode()
        page = Page(markup)
        assert page.tags <= TAGS, what
        assert page.attributes <= ATTRIBUTES, what
        assert not set(plain) & set(map(chr, [*range(10), *range(11, 32), *range(0x7F, 0xA0), 0x202E])), what
        beginning = text[:12]
        if beginning.isprintable() and beginning.strip():
            assert beginning in "".join(page.text), what


def test_nothing_that_a_sanitizer_takes_away(run, now_s):
    record = run(params={"a": 1}, metrics={"loss": 0.5}, code="x = 1", seed=1)
    for markup, _ in everything_shown(record, now_s).values():
        page = Page(markup)
        for style in filter(None, page.styles):
            for declaration in style.split(";"):
                name, _, value = declaration.partition(":")
                assert name in PROPERTIES, declaration
                # JupyterLab's sanitizer knows neither variables nor functions but these.
                assert not re.search(r"var\(|calc\(|inherit|!", value)
                assert set(re.findall(r"(\w+)\(", value)) <= {"rgba"}
        assert not re.search(r"<style|<script|<svg|\bdata-|\brole=|\bid=|\bclass=", markup)
        assert all(source.startswith("data:image/svg+xml;base64,") for source in page.sources if source)


def test_tables_override_what_front_ends_do_to_them(run, now_s):
    for markup, _ in everything_shown(run(params={"a": 1}, metrics={"loss": 0.5}), now_s).values():
        for table in re.findall(r"<table[^>]*>", markup):
            assert {"width:auto", "border-collapse:collapse", "table-layout:auto"} <= set(
                re.search(r'style="([^"]*)"', table)[1].split(";")
            )
        for line in re.findall(r"<tr[^>]*>", markup):
            assert "background:none" in line
        for cell in re.findall(r"<t[dh][ >][^>]*", markup):
            assert "text-align:" in cell
            assert "padding:" in cell


def test_without_style_numbers_still_stand_right(run, now_s):
    markup = card_html(CardView(run(metrics={"loss": 0.25})), now_s)
    bare = re.sub(r' style="[^"]*"', "", markup)
    assert '<td align="right"><b>0.25</b></td>' in bare
    assert '<th align="left"><span>metric</span></th>' in bare


def test_an_unknown_attribute_is_refused():
    with pytest.raises(AssertionError, match="onclick"):
        html.el("div", "x", onclick="alert(1)")


def test_markup_is_not_escaped_twice():
    assert html.el("div", html.el("b", "a & b"), None, "<c>") == "<div><b>a &amp; b</b>&lt;c&gt;</div>"


# --- colours ----------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour: str, ground: str, opacity: float) -> str:
    pairs = [(int(colour[index : index + 2], 16), int(ground[index : index + 2], 16)) for index in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * one + (1 - opacity) * other):02x}" for one, other in pairs)


LIGHT, DARK, VSCODE_DARK = "#ffffff", "#111111", "#1f1f1f"


def test_the_contrast_of_black_on_white_is_known():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("colour", [html.GOOD, html.BAD, html.WARN, html.CALM, html.GREY])
def test_a_tint_is_seen_in_light_and_dark(colour):
    # No colour has more than this on both, so tints are for glyphs (3:1 is asked of those), and never for words.
    ceiling = (contrast(LIGHT, DARK)) ** 0.5
    assert ceiling == pytest.approx(4.345, abs=0.01)
    assert min(contrast(colour, LIGHT), contrast(colour, DARK)) > ceiling - 0.05
    assert contrast(colour, VSCODE_DARK) > 3


def test_words_are_never_tinted(run, now_s):
    record = run("worse", "failed", metrics={"loss": 0.5}, warnings=("careful",), seed=1)
    for markup, _ in everything_shown(record, now_s).values():
        for _, words in re.findall(r'<span style="color:(#\w+)">([^<]*)</span>', markup):
            assert len(words) == 1
            assert not words.isalnum()


@pytest.mark.parametrize(
    ("words", "ground"), [("#212121", LIGHT), ("#ffffff", DARK), ("#cccccc", VSCODE_DARK), ("#3b3b3b", LIGHT)]
)
def test_muted_words_are_readable(words, ground):
    opacity = float(re.search(r"opacity:([\d.]+)", html.muted("x"))[1])
    assert contrast(over(words, ground, opacity), ground) >= 4.5
