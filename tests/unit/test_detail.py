"""Everything about a run, from a store: curves, slice, surroundings, artifacts, and what it all may take."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from nbtrack.errors import InputError, RunNotFoundError
from nbtrack.records import CellExecution, Input, Provenance
from nbtrack.store.reading import set_store
from nbtrack.store.store import open_store
from nbtrack.widgets.detail.code import needed_for
from nbtrack.widgets.detail.facts import Facts, gather
from nbtrack.widgets.detail.surroundings import data_words, environment_words, git_words
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.detail.view import detail_html, whole
from nbtrack.widgets.rundetail import assets
from nbtrack.widgets.rundetail.show import RunDetail, show
from tests.unit.test_widgets_html import ATTRIBUTES, TAGS, Page

RUN, CHILD = "a" * 32, "b" * 32
US = 1_760_000_000_000_000
NOW_S = 1_760_000_600.0
ENVIRONMENT = {
    "python": "3.12.4",
    "implementation": "CPython",
    "platform": "Linux-6.1-x86_64",
    "packages": {f"package{i}": f"1.{i}" for i in range(50)},
    "editable": ["package7"],
    "variables": {"OMP_NUM_THREADS": "4"},
    "gpus": [],
    "git": {"commit": "3f2a1b2c4d5e", "branch": "main", "dirty": True, "diff_bytes": 1200, "untracked": 2},
}


def cell(sequence, source="x = 1", **facts):
    return CellExecution(
        session="s", sequence=sequence, execution_count=sequence + 1, cell_id=None, source=source, start_us=0, **facts
    )


@pytest.fixture
def store(tmp_path):
    """A store with a run of 5,000 points, an artifact and a nested run."""
    store = open_store(tmp_path / ".nbtrack")
    for run_id, name, parent in ((RUN, "training", None), (CHILD, "fold-0", RUN)):
        store.append_event({"t": "run", "run": run_id, "name": name, "experiment": "e", "start": US, "parent": parent})
    for step in range(5_000):
        store.append_point(RUN, "loss", step, US + step, 1 / (step + 1))
    store.append_point(RUN, "loss", 5_000, US + 5_000, float("nan"))
    store.append_point(RUN, "once", 0, US, 0.25)
    digest, size_bytes = store.add_artifact(b"a,b\n1,2\n3,4\n")
    store.append_event(
        {
            "t": "artifact",
            "run": RUN,
            "path": "t.csv",
            "hash": digest,
            "size_bytes": size_bytes,
            "media_type": "text/csv",
        }
    )
    store.append_event({"t": "end", "run": RUN, "status": "finished", "end": US + 1_000_000})
    return store


def words(markup):
    return " ".join("".join(Page(markup).text).split())


# --- from the store -----------------------------------------------------------------------------------------------


def test_a_run_is_read_whole_from_whatever_record_there_is(store):
    [listed] = [record for record in store.runs() if record.info.run_id == RUN]
    markup = detail_html(listed, store)
    found = words(markup)
    for said in ("training", "5,001", "fold-0", "1 run", "t.csv", "2 rows × 2 columns"):
        assert said in found
    assert re.search(r"steps 0 to 5,000", markup)
    # Three in one: the curve of the metric that has one.
    assert re.findall(r'alt="([^"]*)"', markup) == [
        "loss over steps 0 to 5,000, from 0.0002 to 1, 1 stretch not finite"
    ]
    page = Page(markup)
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES


def test_points_are_summed_up_by_the_database(store):
    facts = gather(store.run(RUN), store)
    loss = facts.series["loss"]
    assert (loss.points, loss.first_step, loss.last_step, loss.maximum) == (5_001, 0, 5_000, 1.0)
    assert loss.minimum == pytest.approx(1 / 5_000)
    assert len(loss.trend) == 40
    assert list(loss.trend) == sorted(loss.trend, reverse=True)
    assert len(facts.curves["loss"].y) < 500
    assert set(facts.curves) == {"loss"}
    assert re.search(r"loss +nan +0.0002 +1 +5,001 +█", detail_text(facts))


def test_a_run_that_is_gone_is_shown_as_it_was(store, run):
    assert "never there" in words(detail_html(run("never there", metrics={"loss": 0.5}), store))


# --- the slice ------------------------------------------------------------------------------------------------------


def test_each_cell_says_what_it_is_there_for():
    cells = [
        cell(0, binds=("np",)),
        cell(1, binds=("X", "y", "numpy()"), reads=("np",)),
        cell(2, changes=("X",), reads=("X",)),
        cell(3, reads=("X", "y", "numpy()", "np", "__doc__")),
    ]
    assert needed_for(cells) == {
        0: "gives np to In[2], In[4]",
        1: "gives X to In[3]; y to In[4]",
        2: "gives X to In[4]",
    }


def test_the_slice_is_code_with_the_tracked_cell_last(run, now_s):
    cells = tuple(cell(at, f"name{at} = {at}\n" * 6, binds=(f"name{at}",)) for at in range(4))
    own = cell(4, "accuracy = name0 + name1", reads=("name0", "name1"), outcome="error")
    record = run(provenance=Provenance(slice=(*cells, own)), code=own.source)
    markup = whole(Facts(record, now_s))
    found = words(markup)
    assert "5 cells, in the order in which they ran" in found
    assert "4 cells before it that it depends on" in found
    assert "In[1] gives name0 to In[5]" in found
    assert "In[5] the tracked cell ✗ ended in an error" in found
    # What is long is folded, the tracked cell is not.
    before, _, behind = markup.partition("4 cells before it")
    assert "name3 = 3" not in before
    assert "accuracy = name0 + name1" in behind.rpartition("</details>")[2]


def test_code_that_was_not_kept_is_said(run, now_s):
    record = run(provenance=Provenance(slice=(cell(0, None), cell(1, "x = 2"))))
    assert "In[1]its code was not kept" in words(whole(Facts(record, now_s)))
    assert "it depends on no other cell" in words(whole(Facts(run(provenance=Provenance(slice=(cell(0),))), now_s)))


def test_many_cells_are_counted(run, now_s):
    record = run(provenance=Provenance(slice=tuple(cell(at, "x = 1\n" * 30) for at in range(500))))
    markup = whole(Facts(record, now_s))
    assert "more cells not shown" in markup
    assert "In[500]" in markup
    assert len(markup) < 110_000


# --- surroundings -----------------------------------------------------------------------------------------------------


def test_in_what_it_ran_is_folded_with_the_gist_on_its_line(run, now_s):
    inputs = (Input(name="X", digest="c" * 64, source="DataFrame", profile='{"shape": [1347, 64]}', context="read"),)
    record = run(provenance=Provenance(environment=ENVIRONMENT), inputs=inputs)
    facts = Facts(record, now_s)
    found = words(whole(facts))
    for said in (
        "Environment Python 3.12.4 · Linux · 50 packages",
        "Git main at 3f2a1b2c, changes not committed (1.2 kB), 2 files not tracked",
        "DataFrame, 1,347 × 64",
        "package49 1.49",
        "1.7*",
        "OMP_NUM_THREADS",
    ):
        assert said in found, said
    plain = detail_text(facts)
    assert "ran in   Python 3.12.4 · Linux · 50 packages" in plain
    assert "X  DataFrame, 1,347 × 64" in plain


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Input(name="a", source="/data/a.csv", profile='{"size_bytes": 1200, "sampled_bytes": 9}'),
         "a.csv, 1.2 kB, fingerprinted by a sample"),
        (Input(name="a", source="ndarray", schema='{"dtype": "int64"}', profile='{"shape": [3, null]}'),
         "ndarray, 3 × ? of int64"),
        (Input(name="a", profile="no json", schema="[1]"), ""),
        (Input(name="a", source="x", profile='{"shape": "many"}'), "x"),
    ],
)  # fmt: skip
def test_data_in_words(found, said):
    assert data_words(found) == said


def test_odd_surroundings_never_raise(run, now_s):
    assert environment_words({}) == ""
    assert git_words({"problem": "took too long"}) == "not known: took too long"
    assert git_words({}) == "no branch at no commit"
    for odd in (
        {"packages": [1, 2], "git": "none", "variables": 3, "platform": None, "editable": 5},
        {"packages": {"a": None, "b": [1]}, "git": {"diff": "!!", "diff_bytes": "x", "dirty": 1, "untracked": "y"}},
        {"python": {"deep": [1, {"x": float("nan")}]}, "local": None},
    ):
        record = run(provenance=Provenance(environment=json.loads(json.dumps(odd))))
        assert whole(Facts(record, now_s))
        assert detail_text(Facts(record, now_s))


# --- how much there may be --------------------------------------------------------------------------------------------


def test_everything_together_keeps_to_its_size(store, run, now_s):
    artifacts = []
    for number in range(60):
        digest, size_bytes = store.add_artifact(f"line {number}\n".encode() * 3_000)
        artifacts.append((f"file{number}.txt", digest, size_bytes))
    for path, digest, size_bytes in artifacts:
        store.append_event(
            {
                "t": "artifact",
                "run": RUN,
                "path": path,
                "hash": digest,
                "size_bytes": size_bytes,
                "media_type": "text/plain",
            }
        )
    store.append_event({"t": "note", "run": RUN, "text": "note " * 20_000})
    store.append_event({"t": "params", "run": RUN, "v": {f"p{i}": ["v" * 900, "str"] for i in range(900)}})
    for metric in range(300):
        for step in range(3):
            store.append_point(RUN, f"m{metric:03}", step, US, step / 3)
    for most_bytes in (300_000, 150_000, 40_000):
        markup = detail_html(store.run(RUN), store, most_bytes)
        assert len(markup) < most_bytes + 10_000
    markup = detail_html(store.run(RUN), store)
    assert "more metrics not drawn" in markup
    assert "without a preview" in markup
    assert "and 700 more params" in markup


# --- the object that a user holds ---------------------------------------------------------------------------------


@pytest.fixture
def used(store):
    set_store(store.root)
    return store


def test_show_takes_what_a_user_has(used):
    import nbtrack

    for reference in ("training", RUN, RUN[:6], nbtrack.get_run("training")):
        assert show(reference).run.info.run_id == RUN
    assert "training" in show("training").html
    assert repr(show("training")).startswith("training  ✓ finished")
    with pytest.raises(RunNotFoundError):
        show("nobody")
    with pytest.raises(InputError, match="a run is asked for"):
        show(3)


def test_without_a_run_there_is_nothing_to_show(tmp_path):
    set_store(tmp_path / "empty")
    with pytest.raises(InputError, match="no runs yet"):
        show()


class Wire:
    """Stands for the browser: keeps what is sent."""

    def __init__(self, detail: RunDetail) -> None:
        self.sent: list[dict] = []
        detail._widget = self
        self.detail = detail
        self._page, self._note, self._tags = [], "", []

    def hold_sync(self):
        import contextlib

        return contextlib.nullcontext()

    def send(self, content, buffers=None):
        del buffers
        self.sent.append(content)

    def ask(self, **message):
        self.detail._hear(None, {"number": 7, "op": "save", **message}, [])
        return self.sent[-1]


def test_what_is_typed_is_saved_and_shown(used):
    wire = Wire(show("training"))
    assert wire.ask(note="  <b>good</b>\nreally ") == {"answer": 7, "values": {}}
    assert wire.ask(tags={"stage": "final", "team": ""}) == {"answer": 7, "values": {}}
    record = used.run(RUN)
    assert record.note == wire._note == "<b>good</b>\nreally"
    assert record.data.tags == {"stage": "final", "team": ""}
    assert wire._tags == [["stage", "final", "stage=final"], ["team", "", "team"]]
    wire.ask(tags={"team": None})
    assert used.run(RUN).data.tags == {"stage": "final"}
    wire.ask(note="")
    assert used.run(RUN).note == ""
    assert "<b>good" not in "".join(wire._page)


@pytest.mark.parametrize(
    "message",
    [{}, {"note": 3}, {"tags": []}, {"tags": {" ": "x"}}, {"note": "x" * 200_000}, {"tags": {"k": "x" * 9_999}}],
)
def test_what_cannot_be_saved_is_said(used, message):
    assert "error" in Wire(show("training")).ask(**message)
    assert (used.run(RUN).note, used.run(RUN).data.tags) == ("", {})


def test_it_looks_for_news_only_where_something_is_new(used, monkeypatch):
    # The table of children says the minute that it was made in.
    monkeypatch.setattr("nbtrack.widgets.detail.facts.time", SimpleNamespace(time=lambda: NOW_S))
    detail = show("training")
    wire = Wire(detail)
    detail._put(gather(used.run(RUN), used))
    first, wire._page = wire._page, []
    detail.look()
    detail.look()
    assert wire._page == []
    used.append_event({"t": "note", "run": RUN, "text": "from elsewhere"})
    used.flush()
    detail.look()
    assert wire._note == "from elsewhere"
    assert wire._page[1] == first[1]
    detail._hear(None, {"op": "visible", "view": "v", "on": True}, [])
    assert detail.is_seen()
    detail._hear(None, {"op": "visible", "view": "v", "on": False}, [])
    assert not detail.is_seen()


def test_the_browsers_half_is_one_module_that_declares_nothing_twice():
    script = assets.script()
    names = re.findall(r"^(?:const|let|class|function|async function) (\w+)", script, re.MULTILINE)
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    assert script.count("export default") == 1
    assert "import " not in script.replace("important", "")


@pytest.mark.parametrize("live", [True, False])
def test_the_still_picture_is_kept_and_the_live_view_stands_behind_it(used, monkeypatch, live):
    from nbtrack import configure
    from nbtrack.widgets.frontend import onscreen

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda value, **options: shown.append((value, options)))
    monkeypatch.setattr(onscreen, "shows_widgets", lambda: True)
    configure(live=live)
    detail = show("training")
    detail._ipython_display_()
    still, *rest = shown
    if not live:
        assert rest == []
        assert "training" in still[0].html
        assert detail._widget is None
        return
    markup = still[0]["text/html"]
    twin = re.search(r'<div class="(nbtrack-twin-\w+)">', markup)[1]
    assert twin in markup.partition("</style>")[0]
    assert detail._widget._twin == twin
    [(bundle, _)] = rest
    assert bundle["text/plain"] == ""
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert detail.is_seen()
    # Shown again it is the same widget, which hides both of its pictures.
    detail._ipython_display_()
    assert f'<div class="{twin}">' in shown[2][0]["text/html"]
    detail._views.clear()
    detail._widget.close()
