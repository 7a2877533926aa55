"""The page of runs that stands by itself: what is on it, what it lets in, and how it is written."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nbtrack.cli import main
from nbtrack.errors import FilterError, InputError, RunNotFoundError, StoreError
from nbtrack.store.store import open_store
from nbtrack.widgets.page import page as page_module
from nbtrack.widgets.page.write import write_page
from tests.unit.conftest import NASTY

VOID = {"meta", "input", "img", "br"}
RUN_IDS = [f"{number:032x}" for number in range(1, 20)]


class Page(HTMLParser):
    """Reads a page; fails where an element is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        kind = self._open[-1] if self._open else ""
        (self.scripts if kind == "script" else [] if kind == "style" else self.words).append(data)

    def all(self, tag, **wanted):
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]

    @property
    def text(self):
        return " ".join("".join(self.words).split())


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / ".nbtrack")


@pytest.fixture
def add(store):
    """A function that puts a run into the store."""

    def make(number: int, name: str = "", *, experiment: str = "digits", parent: int | None = None, **facts) -> str:
        run_id, begun_us = RUN_IDS[number], 1_760_000_000_000_000 + number * 1_000_000
        store.append_event(
            {"t": "run", "run": run_id, "name": name or f"run-{number}", "experiment": experiment, "start": begun_us,
             "parent": None if parent is None else RUN_IDS[parent]}
        )  # fmt: skip
        params = facts.get("params", {"lr": f"0.{number}"})
        types = dict.fromkeys(params, "float" if "params" not in facts else "str")
        store.append_event(
            {"t": "params", "run": run_id, "v": {key: [value, types[key]] for key, value in params.items()}}
        )
        for step, value in enumerate(facts.get("loss", (1.0, 0.5 / (number + 1)))):
            store.append_point(run_id, facts.get("key", "loss"), step, begun_us + step, value)
        for event in ({"t": "tags", "v": facts.get("tags")}, {"t": "note", "text": facts.get("note")}):
            if None not in event.values():
                store.append_event({**event, "run": run_id})
        if "artifact" in facts:
            path, content = facts["artifact"]
            digest, size_bytes = store.add_artifact(content)
            store.append_event(
                {
                    "t": "artifact",
                    "run": run_id,
                    "path": path,
                    "hash": digest,
                    "size_bytes": size_bytes,
                    "media_type": "text/plain",
                }
            )
        store.append_event({"t": "end", "run": run_id, "status": "finished", "end": begun_us + 500_000})
        return run_id

    return make


@pytest.fixture
def written(store, tmp_path):
    """A function that writes the page and reads it."""

    def write(**options) -> Page:
        path = tmp_path / "out.html"
        found = write_page(store, path, force=True, **options)
        assert found.size_bytes == path.stat().st_size
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_the_page_has_the_table_and_each_run(add, written):
    add(0, note="a note", tags={"stage": "draft"})
    add(1, artifact=("notes.md", b"# what was found"))
    add(2, parent=1)
    found = written()
    assert found.all("title") == [{}]
    assert "Runs of digits" in found.text
    assert [link["href"] for link in found.all("a")] == [f"#run-{RUN_IDS[number]}" for number in (1, 2, 0)]
    assert [run["id"] for run in found.all("details", **{"class": "run"})] == [
        f"run-{RUN_IDS[number]}" for number in (1, 2, 0)
    ]
    for words in ("a note", "stage=draft", "# what was found", "└ run-2", "0.1667", "What differs"):
        assert (words in found.text) == (words != "What differs")
    values = [float(cell["data-v"]) for cell in found.all("td", **{"class": "number"}) if "." in (cell["data-v"] or "")]
    assert 0.25 in values
    assert 0.1 in values


def test_nothing_is_loaded_and_nothing_could_be(add, written):
    add(0)
    found = written()
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}", re.sub(r"base64,[\w+/=]+", "", found.source))
    assert addresses == []
    for name, attributes in found.elements:
        assert not any(key.startswith("on") for key in attributes), name
        assert name not in ("link", "iframe", "object", "embed", "base", "form"), name
        for key in ("src", "href", "action", "data", "poster", "srcset"):
            value = attributes.get(key)
            assert value is None or value.startswith(("data:image/", "#")), value
    [policy] = [meta["content"] for meta in found.all("meta", **{"http-equiv": "Content-Security-Policy"})]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "data:"
    assert directives["base-uri"] == directives["form-action"] == "'none'"
    # The policy lets the page's own script run, and no other.
    [script] = found.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert directives["script-src"] == f"'sha256-{digest}'"
    # A policy counts for what comes after it.
    assert found.source.index("Content-Security-Policy") < found.source.index("<title")


def test_it_works_without_its_script_and_in_the_dark_and_on_paper(add, written):
    add(0)
    source = written().source
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source
    # Without a script there is nothing to type into.
    assert [field.get("hidden") for field in Page(source).all("input")] == [""]


def test_hostile_words_are_words(add, written):
    for number, text in enumerate(NASTY):
        words = text.encode("utf-8", "replace").decode()
        add(number, words, experiment=words, note=words, tags={words: words}, params={words: words},
            artifact=(f"{number}.html", words.encode()))  # fmt: skip
    known = set(
        "html head meta title style body h1 h2 p div span b i a input table thead tbody tr th td button code details "
        "summary pre img br footer script progress".split()
    )
    for options in ({}, {"runs": RUN_IDS[:6]}):
        found = written(**options)
        assert {name for name, _ in found.elements} <= known
        assert len(found.scripts) == 1
        for name, attributes in found.elements:
            assert not any(key.startswith("on") for key in attributes), name
        assert "<script>alert(1)</script>" in found.text


def test_named_runs_are_compared_in_their_order(add, written):
    add(0, "baseline")
    add(1, "second", params={"lr": "0.3"})
    add(2, "third")
    found = written(runs=["second", "baseline", "second"])
    assert "second, baseline" in found.text
    assert "What differs" in found.text
    assert [run["id"] for run in found.all("details", **{"class": "run"})] == [f"run-{RUN_IDS[n]}" for n in (1, 0)]
    alone = written(runs=["third"])
    assert "What differs" not in alone.text
    [shown] = alone.all("details", **{"class": "run"})
    assert "open" in shown


def test_more_runs_than_asked_for_are_counted(add, written, store, tmp_path):
    for number in range(5):
        add(number)
    found = written(limit=2)
    assert "the newest 2 of 5 runs" in found.text
    assert len(found.all("details", **{"class": "run"})) == 2
    assert "where metrics.loss &lt; 0.2" in written(where="metrics.loss < 0.2").source
    assert write_page(store, tmp_path / "b.html", limit=2).words == "2 of 5 runs"
    assert write_page(store, tmp_path / "c.html").words == "5 runs"


def test_each_run_and_the_page_keep_to_their_size(add, written, monkeypatch):
    for number in range(3):
        add(number, note="x" * 30_000, artifact=("a.txt", b"words and words\n" * 60))
    monkeypatch.setattr(page_module, "_RUN_BYTES", 6_000)
    assert len(written().source) < 60_000
    monkeypatch.setattr(page_module, "_PAGE_BYTES", 9_000)
    found = written()
    assert f"this run is left out: nbtrack show {RUN_IDS[0]}" in found.text


def test_no_runs_are_a_page_too(written, store):
    found = written()
    assert "No runs" in found.text
    assert not found.all("table")


def test_odd_numbers_can_be_sorted(add, written):
    add(0, loss=(float("nan"),))
    add(1, loss=(float("inf"),))
    add(2, loss=(-1e300,))
    cells = [cell["data-v"] for cell in written().all("td", **{"class": "number"})]
    assert {"", "1e999", "-1e+300"} <= set(cells)


# --- writing ------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_replaced_by_accident(add, store, tmp_path):
    add(0)
    path = tmp_path / "runs.html"
    path.write_text("mine")
    with pytest.raises(InputError, match="already there"):
        write_page(store, path)
    assert path.read_text() == "mine"
    write_page(store, path, force=True)
    assert path.read_text().startswith("<!doctype html>")


def test_what_goes_wrong_half_way_leaves_what_was_there(add, store, tmp_path, monkeypatch):
    add(0)
    path = tmp_path / "runs.html"
    path.write_text("mine")

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_module, "detail_html", broken)
    with pytest.raises(StoreError, match="No space left"):
        write_page(store, path, force=True)
    assert path.read_text() == "mine"
    assert sorted(file.name for file in tmp_path.glob("*html*")) == ["runs.html"]


@pytest.mark.parametrize(
    ("options", "path", "error"),
    [
        ({}, "runs.txt", InputError),
        ({}, "no folder/runs.html", InputError),
        ({"limit": 0}, "runs.html", InputError),
        ({"runs": ["run-0"], "where": "metrics.loss < 1"}, "runs.html", InputError),
        ({"runs": ["nobody"]}, "runs.html", RunNotFoundError),
        ({"where": "metrics.loss >> 1"}, "runs.html", FilterError),
    ],
)
def test_what_cannot_be_written_is_said(add, store, tmp_path, options, path, error):
    add(0)
    with pytest.raises(error):
        write_page(store, tmp_path / path, **options)
    assert not list(tmp_path.rglob("*.html*"))


def test_the_command_writes_it(add, store, tmp_path, capsys):
    for number in range(3):
        add(number)
    store.flush()
    where = ["--store", str(store.root)]

    def run(*words: str) -> str:
        assert main([*words, *where]) == 0
        return capsys.readouterr().out

    target = str(tmp_path / "a.html")
    assert run("export", "html", target).startswith("3 runs written to ")
    assert "--limit 3 writes all of them" in run("export", target, "--limit", "1", "--force")
    run("export", "html", target, "--runs", "run-0", "run-2", "--force")
    assert "What differs" in Path(target).read_text()
    run("export", "run-1", target, "--force")
    assert "<title>run-1 · nbtrack</title>" in Path(target).read_text()
    assert main(["export", target, *where]) == 1
    assert "already there" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "a.csv"), "--limit", "3", *where]) == 1
    assert "for a page of runs" in capsys.readouterr().err
