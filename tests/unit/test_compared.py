"""Runs side by side: what is shown of them, what is said to be unknown, and what no name or value can break."""

from __future__ import annotations

import base64
import math
import pickle
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

import nbtrack
from nbtrack.errors import InputError, StoreError
from nbtrack.findings.replication import Replication
from nbtrack.findings.seedtest import SeedComparison, SeedTest
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.difference import compared
from nbtrack.records import Artifact, CellExecution, Input, Provenance, RunError, RunRecord
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store
from nbtrack.widgets.compared.sidebyside import MOST_LINES, side_by_side_html
from nbtrack.widgets.compared.view import MOST_BYTES, comparison_html

TAGS = set("div span b i table thead tbody tr th td br details summary pre img".split())
ATTRIBUTES = set("style title align colspan src alt width height".split())
PROPERTIES = set(
    "background border border-bottom border-collapse border-left border-radius box-sizing color cursor display "
    "font-family font-size font-variant-numeric font-weight height line-height margin max-width opacity overflow-wrap "
    "overflow-x padding table-layout text-align text-indent vertical-align white-space width".split()
)
ENVIRONMENT = {
    "python": "3.11.7",
    "platform": "Linux-6.1",
    "packages": {"numpy": "2.1.0", "scikit-learn": "1.5.0"},
    "git": {"commit": "a" * 40, "branch": "main", "dirty": False, "remote": None},
    "variables": {},
    "gpus": [],
}
CELLS = ("import numpy\nX = load()", "C = 0.1\nfor step in range(3):\n    fit(X, C)\naccuracy = score(X)")
DATA = Input(name="X", digest="d1" * 32, source="ndarray", profile='{"shape": [150, 4]}')


def execution(number: int, source: str | None) -> CellExecution:
    return CellExecution(
        session="s", sequence=number, execution_count=number, start_us=0, source=source, cell_id=f"c{number}"
    )


@pytest.fixture
def full(run: Any) -> Any:
    """A function that makes up runs of which everything is known; what is given replaces it."""

    def make(name: str, cells: Any = CELLS, **changes: Any) -> RunRecord:
        known = {"generators": {"numpy": "n" * 64}, "environment": ENVIRONMENT, "hazards": (), "unknown": {}}
        known = {key: changes.pop(key, value) for key, value in known.items()}
        executions = tuple(execution(number, cell) for number, cell in enumerate(cells, start=1))
        facts: dict[str, Any] = {"params": {"C": 0.1}, "metrics": {"accuracy": 0.9}, "inputs": (DATA,)}
        return run(name, provenance=Provenance(slice=executions, **known), **facts | changes)  # type: ignore[no-any-return]

    return make


def words(markup: str) -> str:
    """Return the words that HTML shows, with single blanks."""
    text = re.sub(r"</(td|th|div|tr|summary)>", " ", markup)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", text)))


def shown(*records: RunRecord, **more: Any) -> str:
    return comparison_html(records, current_store(), **more)


def row(markup: str, label: str) -> list[str]:
    """Return the cells of the table's row that begins so."""
    for line in re.findall(r"<tr[^>]*>(.*?)</tr>", markup):
        cells = [words(cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line)]
        if cells and cells[0] == label:
            return cells[1:]
    raise AssertionError(f"no row {label!r}")


# --- two runs -------------------------------------------------------------------------------------------------------


def test_two_runs_are_told_in_a_sentence_and_side_by_side(full: Any) -> None:
    other = full(
        "second",
        ("import numpy\nX = load(2)", CELLS[1].replace("0.1", "1.0")),
        params={"C": 1.0, "deep": None},
        metrics={"accuracy": 0.95, "loss": 0.3},
        environment=ENVIRONMENT | {"python": "3.12.0", "packages": {"numpy": "2.2.0", "scikit-learn": "1.5.0"}},
        inputs=(replace(DATA, digest="d2" * 32),),
        tags={"stage": "draft"},
        note="on a hunch",
        seed=7,
    )
    markup = shown(full("first"), other)
    told = words(markup)
    assert "second against first experiment digits" in told
    assert "accuracy ▲ +0.05 better and loss none → 0.3." in told
    assert (
        "What can explain it: the code of In[1], C 0.1 → 1.0, deep none → None, the data X, seed none → 7 "
        "and 2 more differences." in told
    )
    assert row(markup, "accuracy") == ["0.90", "0.95", "▲ +0.05 better"]
    assert row(markup, "loss") == ["none", "0.3", ""]
    assert row(markup, "C") == ["0.1", "1.0", ""]
    assert row(markup, "X") == ["150 × 4 · d1d1d1d1", "150 × 4 · d2d2d2d2", ""]
    assert row(markup, "numpy") == ["2.1.0", "2.2.0", ""]
    assert row(markup, "note") == ["none", "on a hunch", ""]
    assert row(markup, "stage") == ["none", "draft", ""]
    assert "In[1] reads differently: 1 line gone, 1 line new" in told
    assert "In[2] differs only where it sets C" in told
    assert "1 seed fact, 1 package, 2 facts of the environment, 4 facts of git" in told
    assert "package scikit-learn 1.5.0" in told


def test_equal_runs_differ_in_nothing(full: Any) -> None:
    told = words(shown(full("a"), full("b")))
    assert "No metric differs. Nothing that could change one is known to differ." in told
    assert "2 cells the same" in told
    assert "the same in both: 2 cells, 1 param, 1 input, 1 seed fact, 2 packages" in told
    assert "In[1]import numpy" in told


def test_what_nobody_recorded_is_not_known_and_not_equal(run: Any, full: Any) -> None:
    markup = shown(full("a", metrics={}), run("b", params={"C": 0.1}))
    told = words(markup)
    assert "The runs have no metric in common." in told
    assert re.search(r"[5-9] facts are not known", told)
    assert row(markup, "hazards") == ["✓ none found", "not checked", ""]
    assert "the packages of b are not known" in told
    assert "numpy" not in words(markup.split("the same in both")[1])


def test_a_fact_that_one_of_many_lacks_is_marked_as_unknown(full: Any) -> None:
    newer = ENVIRONMENT | {"python": "3.12.0", "packages": {"numpy": "2.2.0"}}
    markup = shown(full("a"), full("b", environment=newer), full("c", environment={}))
    assert row(markup, "Python") == ["3.11.7", "3.12.0", "?", ""]
    assert row(markup, "scikit-learn") == ["1.5.0", "—", "?", ""]
    assert "? not known" in words(markup)
    assert "— none" in words(markup)


def test_what_came_along_with_something_else_is_one_row(full: Any) -> None:
    others = {"packages": ENVIRONMENT["packages"] | dict.fromkeys("abcd", "1.0")}  # type: ignore[operator]
    more = full("b", environment=ENVIRONMENT | others)
    markup = shown(full("a"), more)
    assert row(markup, "others imported") == ["none", "4 packages", ""]
    assert 'title="a 1.0, b 1.0, c 1.0, d 1.0"' in markup
    assert "The only known difference: 4 packages that not all have imported." in words(markup)
    markup = shown(full("a"), more, full("c", environment={}))
    assert row(markup, "others imported") == ["—", "4 packages", "?", ""]
    # By name, it stands for itself.
    named = full("b", ("import a, numpy\nX = load()", CELLS[1]), environment=ENVIRONMENT | others)
    assert row(shown(full("a"), named), "a") == ["none", "1.0", ""]


def test_hazards_verdicts_and_errors_stand_with_their_runs(full: Any, hazard: Any, verification: Any) -> None:
    failed = full(
        "b",
        hazards=(hazard(sentence="X is stale.", remedy="Run it again."),),
        verdict="diverged",
        verifications=(verification("diverged"),),
        status="failed",
        error=RunError("ValueError", "no such\ncolumn", "trace"),
    )
    markup = shown(full("a", unknown={"edited_cell": "no notebook file"}), failed)
    told = words(markup)
    assert row(markup, "status") == ["✓ finished", "✗ failed", ""]
    assert row(markup, "verdict") == ["not replayed", "✗ diverged", ""]
    assert row(markup, "hazards") == ["none found, 1 undecided", "⚠ stale_input", ""]
    assert "⚠ X is stale. Run it again." in told
    assert "diverged · data.csv accuracy 0.9722 → 0.9611" in told
    assert "✗ ValueError: no such column" in told


def test_what_replays_under_other_seeds_came_to_is_there(full: Any) -> None:
    a, b = full("a"), full("b", metrics={"accuracy": 0.95})
    test = SeedTest(key="accuracy", a=0.9, b=0.95, difference=0.05, p=0.002, n=10, paired=True)
    seeds = [
        Replication(
            run_id=record.info.run_id, run_name=record.info.run_name, parent_run_id="p", metrics=(), replicates=()
        )
        for record in (a, b)
    ]
    found = replace(compared([a, b]), replication=SeedComparison(tests=(test,), a=seeds[0], b=seeds[1]))
    assert "+0.05 accuracy: likely real (p = 0.002, 10 seeds)" in words(shown(a, b, found=found))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e-300, 0.0, 123456789])
def test_any_number_is_shown(value: float, full: Any) -> None:
    a, b = full("a"), full("b", metrics={"accuracy": value, "other": value})
    assert len(row(shown(a, b), "accuracy")) == 3
    cells = row(shown(a, b, full("c", metrics={"accuracy": value})), "accuracy")
    assert not math.isnan(value) or cells[1:3] == ["nan", "nan"]


def test_rounding_is_no_difference_to_speak_of(full: Any) -> None:
    markup = shown(full("a", metrics={"accuracy": 0.1 + 0.2}), full("b", metrics={"accuracy": 0.3}))
    assert "No metric differs but by rounding." in words(markup)
    assert row(markup, "accuracy")[2] == "≈ rounding alone"


def test_params_that_differ_in_type_alone_look_different(full: Any) -> None:
    assert row(shown(full("a", params={"k": 1}), full("b", params={"k": "1"})), "k") == ["1", "'1'", ""]
    assert row(shown(full("a", params={"k": None}), full("b", params={"k": "None"})), "k") == ["None", "'None'", ""]


# --- many runs ------------------------------------------------------------------------------------------------------


def test_many_runs_are_a_matrix_of_what_differs(full: Any) -> None:
    runs = [
        full(f"run-{number}", params={"C": number / 10, "k": 3}, metrics={"accuracy": 0.9 + number / 100, "n": 5.0})
        for number in range(4)
    ]
    runs.append(full("broken", status="failed", metrics={"accuracy": 0.99}, params={"C": 0.0, "k": 3}))
    markup = shown(*runs)
    told = words(markup)
    assert "4 runs against run-0" in told
    assert "Best: accuracy 0.93 in run-3." in told
    assert "What can explain it" in told or "The only known difference" in told
    # A run that failed is no bar for others.
    assert row(markup, "accuracy") == ["0.90", "0.91", "0.92", "0.93 ★", "0.99", ""]
    assert row(markup, "C") == ["0.0", "0.1", "0.2", "0.3", "0.0", ""]
    assert row(markup, "n") == ["5", "5", "5", "5", "—", ""]
    assert "k 3" in told.split("the same in all")[1]
    assert "★ best of these runs" in told


def test_a_version_of_a_cell_is_shown_once_with_the_runs_that_have_it(full: Any) -> None:
    changed = (CELLS[0].replace("load()", "load(2)"), CELLS[1])
    markup = shown(full("a"), full("b", changed), full("c", changed), full("d"))
    told = words(markup)
    assert told.count("reads differently") == 1
    assert "In[1] reads differently: 1 line gone, 1 line new · b, c" in told
    assert "the same code as a: d" in told


def test_more_than_twenty_runs_are_said_to_be_cut(full: Any) -> None:
    runs = [full(f"run-{number}", metrics={"accuracy": number / 100}) for number in range(23)]
    markup = shown(*runs)
    assert "22 runs against run-0 experiment digits · the first 20 are shown" in words(markup)
    assert len(row(markup, "accuracy")) == 21


def test_runs_of_one_name_are_told_apart(run: Any) -> None:
    records = [run("same", ago_s=number, metrics={"m": float(number)}) for number in range(3)]
    told = words(shown(*records))
    for record in records:
        assert f"same · {record.info.run_id[:8]}"[:18] in told or record.info.run_id[:8] in told


def test_one_run_is_nothing_to_compare(full: Any) -> None:
    with pytest.raises(InputError, match="two or more different runs"):
        shown(full("a"))


# --- what people write ----------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Reads HTML and fails on what a sanitizer would take away, and on elements that are not closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        assert {key for key, _ in attrs} <= ATTRIBUTES
        style = dict(attrs).get("style") or ""
        assert {part.partition(":")[0] for part in style.split(";") if part} <= PROPERTIES, style
        assert (dict(attrs).get("src") or "data:image/").startswith("data:image/")
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_hostile_text_is_text(nasty: Any, run: Any) -> None:
    text, record = nasty
    other = run(
        f"{text}!", params={text: f"{text}2"}, metrics={f"{text}3": 1.0}, artifacts=(Artifact(text, "x", 1, text),)
    )
    for runs in ((record, other), (other, record), (record, other, run("plain"))):
        markup = shown(*runs)
        markup.encode()
        Page(markup)
        assert len(markup.encode()) < MOST_BYTES
        beginning = text[:12]
        if beginning.isprintable() and beginning.strip():
            assert beginning in unescape(re.sub(r"<[^>]*>", "", markup))


def test_only_what_sanitizers_leave_is_used(full: Any) -> None:
    changed = ("import numpy\nX = load(2)\nmore()", CELLS[1])
    for runs in ((full("a"), full("b", changed)), (full("a"), full("b", changed), full("c"))):
        Page(shown(*runs))


def test_huge_runs_stay_small(full: Any) -> None:
    cells = tuple(
        f"x{number} = {number}\n" + "\n".join(f"y = f({line})" for line in range(300)) for number in range(12)
    )
    others = tuple(cell.replace("f(", "g(").replace("x", "z") for cell in cells)
    params = {f"a_rather_long_name_{number}": "v" * 900 for number in range(1_000)}
    metrics = {f"metric_{number}": number / 3 for number in range(1_000)}
    a = full("a", cells, params=params, metrics=metrics)
    b = full("b", others, params=dict.fromkeys(params, "w" * 900), metrics=dict.fromkeys(metrics, 1.0), tags=params)
    for runs in ((a, b), (a, *(replace(b, info=replace(b.info, run_id=f"{n:032}")) for n in range(6)))):
        markup = shown(*runs)
        Page(markup)
        assert len(markup.encode()) <= MOST_BYTES
        assert "more params, in .to_frame()" in words(markup)
        assert re.search("too much to show here|left out", words(markup))


def test_a_cell_of_many_lines_is_cut_and_not_left_out(full: Any) -> None:
    first, second = ("\n".join(f"{name}_{line} = some_function(of={line})" for line in range(900)) for name in "ab")
    markup = shown(full("a", (CELLS[0], first)), full("b", (CELLS[0], second)))
    assert "− a_0 = some_function(of=0)" in words(markup)
    assert re.search("[67]\\d\\d lines left out", words(markup))
    assert len(markup.encode()) < 120_000


def test_many_hazards_are_cut(full: Any, hazard: Any) -> None:
    found = tuple(hazard(sentence=f"Sentence {number}.", names=(str(number),)) for number in range(500))
    for runs in ((full("a"), full("b", hazards=found)), (full("a"), full("b", hazards=found), full("c"))):
        told = words(shown(*runs))
        assert "Sentence 5." in told
        assert re.search("and 4[79][46] more hazards", told)


# --- texts side by side ---------------------------------------------------------------------------------------------


def lines(markup: str) -> list[tuple[str, str]]:
    found = []
    for line in re.findall(r"<tr[^>]*>(.*?)</tr>", markup, re.DOTALL):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL)
        found.append(tuple(unescape(re.sub(r"<[^>]*>", "", cell)) for cell in cells))
    return found


def test_lines_stand_beside_their_other_form() -> None:
    markup = side_by_side_html("a = 1\nb = 2\nc = 3", "a = 1\nnew()\nb = 20\nc = 3")
    assert lines(markup) == [("a = 1", "a = 1"), ("", "+ new()"), ("− b = 2", "+ b = 20"), ("c = 3", "c = 3")]
    assert re.findall(r"<b [^>]*>([^<]*)</b>", markup) == ["2", "20"]


def test_blanks_and_markup_in_code_are_kept_as_they_are() -> None:
    markup = side_by_side_html("if x <  1:\n\ty", "if x < 1:\n\ty")
    assert lines(markup)[0] == ("− if x <  1:", "+ if x < 1:")
    assert lines(markup)[1][0] == "    y"


def test_equal_lines_and_their_indents_stay_where_style_is_stripped() -> None:
    bare = re.sub(r' style="[^"]*"', "", side_by_side_html("if x:\n    y\n    z = 1", "if x:\n    y\n    z = 2"))
    assert "<pre>if x:\n    y</pre>" in bare


def test_long_equal_stretches_are_folded_and_endless_texts_cut() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    assert ("⋯ 94 lines the same",) in lines(side_by_side_html(text, f"{text}\nmore"))
    many = "\n".join(f"one {number}" for number in range(5_000))
    markup = side_by_side_html(many, "\n".join(f"two {number * 7}" for number in range(5_000)))
    assert markup.count("− one") <= MOST_LINES
    assert "lines left out" in words(markup)
    assert len(side_by_side_html("x" * 100_000, "y" * 100_000)) < 5_000


def test_a_text_that_one_side_lacks_says_so() -> None:
    assert lines(side_by_side_html(None, "x = 1")) == [("not in this run", "+ x = 1")]
    assert lines(side_by_side_html("x = 1", None)) == [("− x = 1", "not in this run")]


# --- from the store -------------------------------------------------------------------------------------------------


def record_run(name: str, points: int, table: list[int], figure: bytes, text: str) -> None:
    with nbtrack.start_run(run_name=name):
        for step in range(points):
            nbtrack.log_metric("loss", 1 / (step + 1), step)
        nbtrack.log_text(text, "report.txt")
        nbtrack.log_text("the same", "same.txt")
        nbtrack.log_dict({"rate": points, "layers": [1, 2]}, "config.json")
        nbtrack.log_table({"n": table}, "counts.json")
        with open("plot.png", "wb") as file:
            file.write(figure)
        nbtrack.log_artifact("plot.png")


def png(red: int) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes([red, 0, 0]) * 4 for _ in range(4))
    head = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def two() -> tuple[str, str]:
    """Two recorded runs with curves and files."""
    record_run("one", 5, [1, 2], png(10), "first line\nsecond")
    record_run("two", 9, [1, 3], png(200), "first line\nthird")
    return "one", "two"


def test_files_and_curves_are_side_by_side(two: tuple[str, str]) -> None:
    markup = nbtrack.compare(*two).to_html()
    Page(markup)
    told = words(markup)
    assert "− second + third" in told
    assert '− "rate": 5, + "rate": 9,' in told
    assert "1 file the same" in told
    assert "same.txt" in told
    assert "n 1 n 1 − 2 + 3" in told
    assert len(re.findall(r'src="data:image/png;base64,', markup)) == 2
    assert len(re.findall(r'src="data:image/svg\+xml;base64,', markup)) == 1
    assert 'alt="loss over step"' in markup
    assert "svg+xml" not in nbtrack.compare(*two).to_html(with_curves=False)


def test_tables_are_compared_row_by_row_unless_something_were_cut() -> None:
    wide = {f"column_{number}": [0.123456789] * 3 for number in range(9)}
    for name, last in (("a", 3.5), ("b", 4)):
        with nbtrack.start_run(run_name=name):
            nbtrack.log_table({"k": ["x", "yy", "zzz"], "value": [1, 20, last]}, "small.json")
            nbtrack.log_table(wide | {"k": [1, 2, last]}, "wide.json")
            nbtrack.log_text(f"k,value\nx,1\nlonger,{last}\n", "plain.csv")
            nbtrack.log_text("x" * 40 + f"\n{last}", "cut.csv")
            nbtrack.log_text("{broken", "broken.json")
            nbtrack.log_text("" if last == 4 else "text", "empty.txt")
    markup = nbtrack.compare("a", "b").to_html()
    Page(markup)
    assert "− zzz    3.5" in unescape(
        markup.replace('<b style="background:rgba(220,65,54,0.34)">', "").replace("</b>", "")
    )
    told = words(markup)
    assert "− zzz 3.5 + zzz 4" in told
    assert "− longer 3.5 + longer 4" in told
    assert told.count("3 rows × 10 columns") == 2
    assert "1 file the same" in told
    assert "− text +" in told


def test_what_only_one_run_has_and_what_is_gone_is_said(two: tuple[str, str]) -> None:
    with nbtrack.start_run(run_name="bare"):
        pass
    told = words(nbtrack.compare("one", "bare").to_html())
    assert told.count("no such file") == 5
    for artifact in nbtrack.get_run("one").artifacts:
        current_store().artifact_file(artifact.digest).unlink()
    told = words(nbtrack.compare(*two).to_html())
    assert "The content is not in this store any more." in told


def test_many_runs_have_their_pictures_and_versions(two: tuple[str, str]) -> None:
    record_run("three", 2, [1, 2], png(10), "first line\nsecond")
    markup = nbtrack.compare(*two, "three").to_html()
    Page(markup)
    told = words(markup)
    assert "report.txt 2 versions" in told
    assert len(re.findall(r'src="data:image/png;base64,', markup)) == 3


def test_a_store_that_cannot_be_read_leaves_the_rest(two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = nbtrack.compare(*two)

    def refuse(self: Any, function: Any) -> None:
        raise StoreError("the store is busy.")

    monkeypatch.setattr(type(found.stores[0]), "read", refuse)
    told = words(found.to_html())
    assert "curves: the store is busy." in told
    assert "− second + third" in told


def test_the_value_is_still_one_to_script_with(two: tuple[str, str]) -> None:
    found = nbtrack.compare(*two)
    plain = compared(list(found.records))
    assert found.differences == plain.differences
    assert str(found) == str(plain)
    assert repr(found) == repr(plain)
    assert found.to_dict() == plain.to_dict()
    assert found.to_frame().equals(plain.to_frame())
    assert pickle.loads(pickle.dumps(found)) == plain
    assert type(pickle.loads(pickle.dumps(found))) is Comparison
    bundle = found._repr_mimebundle_()
    assert bundle["text/plain"] == str(plain)
    assert bundle["text/html"] == found.to_html()


def test_outside_a_kernel_there_is_one_form_and_no_figure(two: tuple[str, str]) -> None:
    with pytest.raises(NotImplementedError):
        nbtrack.compare(*two)._ipython_display_()
    assert nbtrack.compare(*two).curves().figure.data[0].name == "one"


def test_in_a_kernel_the_figure_stands_below(two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("nbtrack.widgets.frontend.onscreen.shows_widgets", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda what, raw=False: shown.append(what))
    found = nbtrack.compare(*two)
    found._ipython_display_()
    bundle, chart = shown
    assert bundle["text/plain"] == str(found)
    assert "svg+xml" not in bundle["text/html"]
    assert [trace.name for trace in chart.figure.data] == ["one", "two"]
    # What GitHub takes.
    assert "svg+xml" in chart._repr_mimebundle_()["text/html"]
    monkeypatch.setenv("NBTRACK_LIVE", "0")
    with pytest.raises(NotImplementedError):
        found._ipython_display_()
    monkeypatch.setenv("NBTRACK_LIVE", "1")
    for name in ("no", "curves"):
        with nbtrack.start_run(run_name=name):
            nbtrack.log_metric("accuracy", 0.5)
    with pytest.raises(NotImplementedError):
        nbtrack.compare("no", "curves")._ipython_display_()


def test_pictures_of_curves_stay_small() -> None:
    for number in range(12):
        with nbtrack.start_run(run_name=f"run-{number}"):
            for step in range(60):
                nbtrack.log_metrics({f"metric_{key}": (step * 7919 * (key + 1)) % 1000 for key in range(9)}, step=step)
    markup = nbtrack.compare(*(f"run-{number}" for number in range(12))).to_html()
    assert len(markup) < 140_000
    (picture,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', markup)
    svg = base64.b64decode(picture).decode()
    assert ">metric_0<" in svg
    assert "nbtrack.chart shows those that you name." in svg


def test_runs_without_curves_have_no_chart(run: Any) -> None:
    for name in ("a", "b"):
        with nbtrack.start_run(run_name=name):
            nbtrack.log_metric("accuracy", 0.5)
    assert nbtrack.compare("a", "b").curves() is None
    assert "<img" not in nbtrack.compare("a", "b").to_html()


def test_each_store_is_read_once_for_all_runs(two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    record_run("three", 2, [1, 2], png(10), "first line\nsecond")
    first = nbtrack.get_run(two[0])
    reads: list[Store] = []
    read = Store.read
    monkeypatch.setattr(Store, "read", lambda self, work: reads.append(self) or read(self, work))
    found = nbtrack.compare(first, two[1], "three")
    assert [record.info.run_name for record in found.records] == ["one", "two", "three"]
    assert all(record.provenance.environment for record in found.records)
    assert len(reads) == 1


def test_of_many_runs_a_tiny_number_is_not_rounded_away_nor_a_name_cut_where_it_tells(full: Any) -> None:
    names = [f"sgd lr={rate} schedule=cosine" for rate in (0.0012, 0.0013, 0.0014)]
    rates = (2.014e-06, 0.019473, 1.4786)
    made = [full(name, metrics={"lr": rate}) for name, rate in zip(names, rates, strict=True)]
    markup = shown(*made)
    assert row(markup, "lr")[:3] == ["2.014e-06", "0.01947", "1.479"]
    assert "white-space:nowrap" in re.search(r"<td[^>]*>(?=[^<]*2\.014e-06)", markup).group()
    assert all(name in words(markup) for name in names)
