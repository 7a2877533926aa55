"""``%nbtrack``: its verbs, from one line."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

import nbtrack
from nbtrack.store.store import open_store


@pytest.fixture
def filled(shell):
    shell.run("import nbtrack")
    shell.run("nbtrack.set_experiment('digits')")
    for name, accuracy in (("first", 0.8), ("second", 0.95), ("third", 0.9)):
        shell.run(f"%%track {name}\nmodel = 'rf'\naccuracy = sum([{accuracy}])")
    return shell


def text(result) -> str:
    assert result.success, result.error_in_exec
    return str(result.result)


def test_alone_it_is_the_run_table(filled):
    shown = text(filled.run("%nbtrack"))
    assert [shown.index(name) for name in ("third", "second", "first")] == sorted(
        shown.index(name) for name in ("third", "second", "first")
    )
    assert "★ 0.95" in shown
    assert "<table" in filled.ip.user_ns["_"].html


def test_the_table_is_filtered_ordered_and_cut(filled):
    shown = text(filled.run('%nbtrack runs "metrics.accuracy > 0.85" --order-by metrics.accuracy -n 1'))
    assert "third" in shown
    assert "second" not in shown
    assert "1 of 2 runs" in shown


def test_an_empty_store_says_what_to_type(shell):
    assert "%%track" in text(shell.run("%nbtrack"))


def test_best(filled, capfd):
    shown = text(filled.run("%nbtrack best accuracy -n 2"))
    assert shown.index("second") < shown.index("third")
    assert "first" not in shown
    assert not filled.run("%nbtrack best nothing --highest").success
    assert not filled.run("%nbtrack best model").success
    said = "".join(capfd.readouterr())
    assert "no run has a metric 'nothing'" in said
    assert "--lowest" in said


def test_show(filled):
    assert "third" in text(filled.run("%nbtrack show"))
    assert "second" in text(filled.run("%nbtrack show second"))


def test_hazards(filled, workplace):
    last, first = nbtrack.get_run("third").info.run_id, nbtrack.get_run("first").info.run_id
    hazard = {
        "label": "stale_input",
        "severity": "high",
        "names": ["X"],
        "executions": [3],
        "sentence": "X is old.",
        "remedy": "Run In[3] again.",
    }
    store = open_store(workplace / ".nbtrack")
    members = {"session": "of this test", "sequences": [0]}
    unknown = {"edited_cell": "no notebook"}
    found = {"hazards": [hazard], "unknown": unknown, "slice": members}
    store.append_event({"t": "provenance", "run": last, **found})
    store.append_event({"t": "provenance", "run": first, "hazards": [], "unknown": {}, "slice": members})
    shown = text(filled.run("%nbtrack hazards"))
    for words in ("third", "⚠ stale_input (high)", "X is old.", "→ Run In[3] again.", "edited_cell: no notebook"):
        assert words in shown
    assert "X is old." in filled.ip.user_ns["_"].html
    assert "No hazards found." in text(filled.run("%nbtrack hazards first"))
    assert "X is old." in text(filled.run("%nbtrack show"))
    assert "⚠ 1" in text(filled.run("%nbtrack"))
    assert "third" in text(filled.run("%nbtrack runs \"hazards = 'stale_input'\""))
    assert nbtrack.get_run("third").report()["hazards"] == [hazard]
    assert nbtrack.runs("hazard_count > 0")["hazards"].tolist() == [["stale_input"]]


def test_nothing_is_told_that_is_said_to_be_unknown(shell):
    # A console, where a cell is typed again: which cell stands above which, nobody knows.
    for code in ("x = 1", "y = 2", "%%track one\nscore = x + y", "y = 5", "%%track two\nscore = x + y"):
        shell.run(code)
    report = nbtrack.get_run("two").report()
    undecided = {"edited_cell", "deleted_cell", "out_of_order", "skipped_cell", "reexecuted_non_idempotent"}
    assert set(report["unknown"]) == undecided
    assert report["hazards"] == []


def test_hazards_that_nobody_looked_for(shell):
    # A script's: no cell began it.
    with nbtrack.start_run(run_name="plain"):
        pass
    assert "not checked" in text(shell.run("%nbtrack hazards plain"))


def test_note_and_tag(filled, capfd):
    filled.run("%nbtrack note the best so far")
    filled.run("%nbtrack tag --run first stage=draft kind=small")
    filled.run("%nbtrack tag --run first kind=")
    assert nbtrack.get_run("third").note == "the best so far"
    assert nbtrack.get_run("first").tags == {"stage": "draft"}


def test_delete_and_restore(filled):
    filled.run("%nbtrack delete first third")
    assert list(nbtrack.runs()["run_name"]) == ["second"]
    assert "first" in text(filled.run("%nbtrack --deleted"))
    filled.run("%nbtrack restore first")
    assert set(nbtrack.runs()["run_name"]) == {"first", "second"}


def test_seed_experiment_and_status(filled, capfd):
    filled.run("%nbtrack seed 7\nimport random\na = random.random()")
    filled.run("%nbtrack seed 7\nb = random.random()")
    assert filled["a"] == filled["b"]
    filled.run("%nbtrack experiment other")
    filled.run("%%track elsewhere\nx = 1")
    assert nbtrack.get_run("elsewhere").info.experiment_name == "other"
    filled.run("%nbtrack status")
    said = capfd.readouterr().out
    assert "mmap+flock" in said
    assert "runs        4" in said


def depend_on(run, *sources):
    """Give a run a slice, as the session that watched it would have."""
    store = run.store
    session = run.info.run_id
    for sequence, source in enumerate(sources):
        digest = hashlib.sha256(source.encode()).hexdigest()
        store.append_event({"t": "source", "hash": digest, "text": source})
        facts = {"sequence": sequence, "execution_count": sequence + 1, "source": digest, "start": 1}
        store.append_event({"t": "cell", "session": session, **facts})
    chosen = {"session": session, "sequences": list(range(len(sources)))}
    store.append_event({"t": "provenance", "run": session, "hazards": [], "unknown": {}, "slice": chosen})


def test_export_what_a_run_depends_on(filled, workplace, capfd):
    depend_on(nbtrack.get_run("second"), "import math", "model = 'rf'\naccuracy = sum([0.95])")
    filled.run("%nbtrack export second second.py")
    assert "what second (" in capfd.readouterr().out
    assert (workplace / "second.py").read_text().count("model = 'rf'") == 1
    assert not filled.run("%nbtrack export second second.py").success
    assert filled.run("%nbtrack export second second.py --force").success
    assert not filled.run("%nbtrack export second and third second.py --force").success
    depend_on(nbtrack.last_active_run(), "accuracy = sum([0.9])")
    assert filled.run("%nbtrack export last.ipynb").success
    assert (
        nbtrack.export(nbtrack.last_active_run(), "again.ipynb").read_text() == (workplace / "last.ipynb").read_text()
    )


def test_compare(filled):
    depend_on(nbtrack.get_run("first"), "model = 'rf'\naccuracy = sum([0.8])")
    depend_on(nbtrack.get_run("second"), "model = 'rf'\naccuracy = sum([0.95])")
    shown = text(filled.run("%nbtrack compare first second"))
    assert "accuracy: 0.8 → 0.95, +0.15, better" in shown
    assert "+accuracy = sum([0.95])" in shown
    assert "+0.15" in filled.ip.user_ns["_"].to_html()
    assert nbtrack.compare("first", nbtrack.get_run("second")).of("metric")[0].verdict == "better"
    assert not filled.run("%nbtrack compare first").success
    with nbtrack.start_run(run_name="open") as run:
        assert nbtrack.compare("first", run).of("metric")[0].b is None


def test_export(filled, workplace):
    filled.run("%nbtrack export runs.csv")
    assert "second" in (workplace / "runs.csv").read_text()
    assert not filled.run("%nbtrack export runs.csv").success
    assert filled.run("%nbtrack export runs.csv --force").success
    assert not filled.run("%nbtrack export more.csv --limit 2").success


def test_export_a_page(filled, workplace, capfd):
    filled.run("%nbtrack export runs.html")
    assert "3 runs written to runs.html (" in capfd.readouterr().out
    assert not filled.run("%nbtrack export runs.html").success
    assert filled.run("%nbtrack export runs.html --runs third first --force").success
    assert "<title>third, first · nbtrack</title>" in (workplace / "runs.html").read_text()
    assert filled.run("%nbtrack export runs.html metrics.accuracy > 0.85 --limit 1 --force").success
    assert "the newest 1 of 2 runs" in (workplace / "runs.html").read_text()


@pytest.mark.parametrize(
    "line", ["nothing", "best", "runs --limit many", "show a b", "tag nothing", "show missing", "seed x"]
)
def test_what_it_refuses_is_one_line(line, filled, capfd):
    assert not filled.run(f"%nbtrack {line}").success
    said = "".join(capfd.readouterr())
    assert "UsageError" in said
    assert "Traceback" not in said


def test_help(filled, capfd):
    filled.run("%nbtrack help")
    filled.run("%nbtrack best --help")
    said = capfd.readouterr().out
    verbs = "runs best show hazards compare status note tag delete restore seed experiment export"
    assert all(f"  {verb} " in said for verb in verbs.split())
    assert "--lowest" in said


def test_a_run_is_shown_as_a_run(filled):
    filled.run("run = nbtrack.get_run('second')")
    result = filled.run("run")
    assert result.result.info.run_name == "second"
    bundle, _ = filled.ip.display_formatter.format(result.result)
    assert "<table" in bundle["text/html"]
    filled.run("%unload_ext nbtrack")
    bundle, _ = filled.ip.display_formatter.format(result.result)
    assert "text/html" not in bundle
    filled.run("%load_ext nbtrack")


def test_progress_in_a_script_is_a_tqdm_bar(workplace):
    code = "import nbtrack\nprint(sum(nbtrack.progress(range(5), desc='training')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.stdout == "10\n"
    assert "training" in done.stderr
    assert "5/5" in done.stderr
