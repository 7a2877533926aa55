"""The ``nbtrack`` command, as a shell runs it, on real stores."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.errors import NbtrackError
from nbtrack.report import report
from nbtrack.store.store import Store, close_all, open_store

ROOT = Path(__file__).parents[2]
RUNS = 12


def write_provenance(store: Store, run: str, *, hazards: bool) -> None:
    store.append_event({"t": "source", "hash": "h", "text": "import numpy"})
    for sequence in (0, 1):
        cell = {"session": "s", "sequence": sequence, "execution_count": sequence + 1, "source": "h", "start": 1}
        store.append_event({"t": "cell", **cell})
    hazard = {
        "label": "stale_input",
        "severity": "high",
        "names": ["X"],
        "executions": [1],
        "sentence": "X is old.",
        "remedy": "Run In[1] again.",
    }
    store.append_event(
        {
            "t": "provenance",
            "run": run,
            "hazards": [hazard] if hazards else [],
            "unknown": {"edited_cell": "no notebook"} if hazards else {},
            "slice": {"session": "s", "sequences": [0, 1]},
        }
    )


def write_store(root: Path) -> None:
    """Write a store as three notebooks would have left it."""
    store = open_store(root)
    start_us = 1_760_000_000_000_000
    for i in range(RUNS):
        run = f"{i:032x}"
        at = start_us + i * 60_000_000
        status = "failed" if i == 5 else "finished"
        error = (
            {
                "type": "ValueError",
                "message": "bad\nC",
                "traceback": "Traceback (most recent call last):\n  …\nValueError: bad\nC\n",
            }
            if i == 5
            else None
        )
        source = {"kind": "cell", "name": "train.ipynb", "cell_id": "c1", "execution_count": i, "code": None}
        store.append_event(
            {
                "t": "run",
                "run": run,
                "experiment": "digits" if i % 3 else "diabetes",
                "name": f"run-{i:02d}",
                "start": at,
                "parent": None,
                "seed": 42 if i % 2 else None,
                "user": "ada",
                "source": source,
                "ts": at,
            }
        )
        params = {"C": [str(10.0**-i), "float"], "model": ["ridge" if i < 6 else "forest", "str"]}
        params["weird"] = ["\x1b[31mred\nblue", "str"]
        store.append_event({"t": "params", "run": run, "v": params, "ts": at})
        store.append_event({"t": "tags", "run": run, "v": {"stage": "draft"}, "ts": at})
        for step in range(3):
            store.append_point(run, "accuracy", step, at + step, 0.5 + i / 100 + step / 1000)
        store.append_point(run, "nan_loss", 0, at, float("nan"))
        if i == 7:
            digest, size_bytes = store.add_artifact(b"hello")
            store.append_event(
                {
                    "t": "artifact",
                    "run": run,
                    "path": "notes/hello.txt",
                    "hash": digest,
                    "size_bytes": size_bytes,
                    "media_type": "text/plain",
                }
            )
        if i in (8, 9):
            write_provenance(store, run, hazards=i == 8)
        store.append_event({"t": "end", "run": run, "status": status, "end": at + 1_500_000, "error": error})
    store.flush()
    close_all()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("written") / ".nbtrack"
    write_store(root)
    return root


@pytest.fixture
def store(written: Path, store_root: Path) -> Path:
    """A store of this test's own, found from the working directory."""
    shutil.copytree(written, store_root)
    return store_root


def environment(**more: str) -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "120", **more}


def command(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-W", "error", "-m", "nbtrack", *map(str, words)]
    return subprocess.run(arguments, capture_output=True, text=True, env=environment(**more), timeout=240)


def output(*words: str | Path, **more: str) -> str:
    done = command(*words, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def parsed(*words: str | Path) -> Any:
    return json.loads(output(*words, "--json"))


def refused(*words: str | Path, code: int = 1, **more: str) -> str:
    """Run a command that fails, and return its one line."""
    done = command(*words, **more)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("nbtrack: ")
    assert done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def names(runs: list[dict[str, Any]]) -> list[str]:
    return [run["run_name"] for run in runs]


# --- usage --------------------------------------------------------------------------------------------------------


def test_help_and_version() -> None:
    assert output("--help").startswith("usage: nbtrack")
    assert output("ls", "--help").startswith("usage: nbtrack ls")
    assert output("version") == output("--version") == f"nbtrack {nbtrack.__version__}\n"
    assert parsed("version") == {"nbtrack": nbtrack.__version__}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "a command is needed"),
        (["lsx"], "invalid choice: 'lsx'"),
        (["ls", "--colour"], "unrecognized arguments: --colour"),
        (["ls", "--limit", "-3"], "no number of runs"),
        (["ls", "--exp", "digits"], "unrecognized arguments: --exp"),
        (["sql"], "QUERY"),
        (["sql", "select 1", "--json", "--csv"], "not allowed with"),
        (["export", "x.csv", "--format", "xml"], "invalid choice: 'xml'"),
        (["tag", "r"], "KEY=VALUE"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: list[str], said: str) -> None:
    line = refused(*words, code=2)
    assert said in line
    assert "--help" in line


def test_looking_makes_no_store(tmp_path: Path) -> None:
    for words in (["ls"], ["show", "x"], ["sql", "select 1"], ["export", "r.csv"], ["tag", "x", "a=b"], ["gc"]):
        assert "there is no store at" in refused(*words)
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.usefixtures("store")
def test_the_store_is_found_upwards_or_named(written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inner = Path.cwd() / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert len(parsed("ls")) == RUNS
    monkeypatch.chdir(tmp_path)
    refused("ls")
    for named in (written, written.parent, written / "nbtrack.duckdb", os.path.relpath(written)):
        assert len(parsed("ls", "--store", named)) == RUNS
    assert len(json.loads(output("ls", "--json", NBTRACK_STORE=str(written)))) == RUNS


# --- ls -----------------------------------------------------------------------------------------------------------


def test_ls_prints_a_table_that_no_value_can_break(store: Path) -> None:
    text = output("ls")
    assert all(f"run-{i:02d}" in text for i in range(RUNS))
    assert "\x1b" not in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_ls_json_has_every_run_whole(store: Path) -> None:
    runs = parsed("ls")
    assert names(runs) == [f"run-{i:02d}" for i in reversed(range(RUNS))]
    run = runs[-3]
    assert run["run_id"] == f"{2:032x}"
    assert run["experiment"] == "digits"
    assert run["status"] == "finished"
    assert run["start_time"] == "2025-10-09T08:55:20Z"
    assert run["duration_s"] == 1.5
    assert run["params"] == {"C": 0.01, "model": "ridge", "weird": "\x1b[31mred\nblue"}
    assert run["metrics"] == {"accuracy": pytest.approx(0.522), "nan_loss": "NaN"}
    assert run["tags"] == {"stage": "draft"}
    assert run["user"] == "ada"
    assert run["seed"] is None
    assert runs[-6]["error"]["type"] == "ValueError"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--where", "params.model = 'ridge' and metrics.accuracy > 0.53"], [5, 4, 3]),
        (["--where", "attributes.status = 'FAILED'"], [5]),
        (["--order-by", "metrics.accuracy ASC", "--limit", "2"], [0, 1]),
        (["--experiment", "diabetes"], [9, 6, 3, 0]),
        (["-e", "diabetes", "-e", "digits", "-n", "3"], [11, 10, 9]),
        (["--limit", "0"], []),
        (["--where", "params.model = 'none'"], []),
        (["--deleted"], []),
    ],
)
def test_ls_chooses_and_orders(store: Path, options: list[str], expected: list[int]) -> None:
    assert names(parsed("ls", *options)) == [f"run-{i:02d}" for i in expected]


def test_ls_says_what_is_wrong_with_a_filter(store: Path) -> None:
    assert "accuracy" in refused("ls", "--where", "accuracy >> 3")
    assert "known: " in refused("ls", "--experiment", "digitz")
    assert "diabetes" in refused("ls", "--experiment", "digitz")


def test_ls_of_an_empty_page_says_so(store: Path) -> None:
    assert output("ls", "--where", "params.model = 'none'").strip()


def test_ls_experiments(store: Path) -> None:
    found = {item["experiment"]: item for item in parsed("ls", "--experiments")}
    assert {name: item["runs"] for name, item in found.items()} == {"digits": 8, "diabetes": 4}
    text = output("ls", "--experiments")
    assert text.splitlines()[0].split() == ["experiment", "runs", "latest", "run", "(UTC)", "id"]
    assert "2025-10-09" in text


# --- show ---------------------------------------------------------------------------------------------------------


def test_show_by_id_beginning_and_name(store: Path) -> None:
    whole = f"{7:032x}"
    for reference in (whole, "run-07"):
        assert parsed("show", reference)["run_id"] == whole
    assert parsed("show")["run_name"] == f"run-{RUNS - 1:02d}"
    facts = parsed("show", "run-07")
    assert facts["artifacts"][0]["path"] == "notes/hello.txt"
    assert facts["artifacts"][0]["size_bytes"] == 5
    assert facts["children"] == []
    text = output("show", "run-07")
    assert "run-07" in text
    assert "notes/hello.txt" in text
    assert "\x1b" not in text


def test_show_json_is_the_report(store: Path) -> None:
    facts = parsed("show", "run-08")
    children = facts.pop("children")
    assert children == []
    assert facts == report(open_store(store).run("run-08"))
    close_all()
    assert [item["sequence"] for item in facts["slice"]] == [0, 1]
    assert facts["slice"][0]["source"] == "import numpy"


def test_hazards(store: Path) -> None:
    found = parsed("hazards", "run-08")
    assert (found["name"], found["hazards_checked"]) == ("run-08", True)
    assert [item["label"] for item in found["hazards"]] == ["stale_input"]
    assert found["unknown"] == {"edited_cell": "no notebook"}
    text = output("hazards", "run-08")
    for words in ("⚠ stale_input (high)", "X is old.", "→ Run In[1] again.", "edited_cell: no notebook", "X · In[1]"):
        assert words in text
    assert "No hazards found." in output("hazards", "run-09")
    assert "not checked" in output("hazards")
    assert parsed("hazards")["hazards_checked"] is False
    assert names(parsed("ls", "--where", "hazards = 'stale_input'")) == ["run-08"]
    assert names(parsed("ls", "--where", "hazard_count = 0")) == ["run-09"]
    assert parsed("ls", "--where", "hazard_severity = 'high'")[0]["hazards"][0]["sentence"] == "X is old."
    assert re.search(r"run-08 .*⚠ 1", output("ls"))
    assert "unseeded_rng" in refused("ls", "--where", "hazards = 'unseeded_rgn'")


def test_show_of_a_failed_run_has_its_error(store: Path) -> None:
    assert "ValueError" in output("show", "run-05")


def test_show_names_near_matches(store: Path) -> None:
    assert "run-07" in refused("show", "run-7x")


# --- sql ----------------------------------------------------------------------------------------------------------


def test_sql_as_table_json_and_csv(store: Path) -> None:
    query = "select run_name, metrics['accuracy'] as accuracy, seed, start_time from runs order by 1 limit 2"
    lines = output("sql", query).splitlines()
    assert lines[0].split() == ["run_name", "accuracy", "seed", "start_time"]
    assert lines[1].split() == ["run-00", "0.502", "2025-10-09", "08:53:20"]
    assert lines[-1] == "(2 rows)"
    rows = parsed("sql", query)
    assert rows[1] == {
        "run_name": "run-01",
        "accuracy": pytest.approx(0.512),
        "seed": 42,
        "start_time": "2025-10-09T08:54:20",
    }
    table = list(csv.reader(io.StringIO(output("sql", query, "--csv"))))
    assert table[0] == ["run_name", "accuracy", "seed", "start_time"]
    assert table[1][2] == ""


def test_sql_tells_nan_from_null_and_knows_every_type(store: Path) -> None:
    query = (
        "select 'nan'::double as nan, null as nothing, 1.5::decimal(5,2) as d, 12345678901234567890123::hugeint as h, "
        "date '2026-01-02' as day, interval 90 second as i, {'a': [1, null]} as s, map {'k': 'inf'::double} as m, "
        "timestamptz '2026-01-02 03:04:05+02' as z, 'ab'::blob as b"
    )
    (row,) = parsed("sql", query)
    assert row["s"] == {"a": [1, None]}
    assert row["z"] == "2026-01-02T01:04:05Z"
    assert row["day"].startswith("2026-01-02")
    (row,) = parsed("sql", query.replace(", timestamptz '2026-01-02 03:04:05+02' as z", ""))
    assert row["nan"] == "NaN"
    assert row["nothing"] is None
    assert row["d"] == "1.50"
    assert row["h"] == 12345678901234567890123
    assert row["i"] == 90.0
    assert row["m"] == {"k": "Infinity"}
    assert row["b"] == "6162"


def test_sql_from_standard_input(store: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "sql", "-", "--json"],
        input="select count(*) as n\nfrom runs",
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert json.loads(done.stdout) == [{"n": RUNS}]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("selec 1", "syntax error"),
        ("select * from no_such_view", "metric_points"),
        ("", "one SQL query"),
        ("delete from base.runs", "read-only"),
    ],
)
def test_sql_that_cannot_be_run(store: Path, query: str, said: str) -> None:
    assert said in refused("sql", query)
    assert len(parsed("ls")) == RUNS


# --- export -------------------------------------------------------------------------------------------------------


def test_export_to_every_format(store: Path) -> None:
    for name in ("runs.csv", "runs.json", "runs.parquet"):
        assert output("export", name) == f"{RUNS} runs written to {name}\n"
    rows = list(csv.DictReader(Path("runs.csv").read_text().splitlines()))
    assert len(rows) >= RUNS
    assert rows[0]["params.model"] == "forest"
    assert json.loads(Path("runs.json").read_text())
    (count,) = parsed("sql", "select count(*) as n from 'runs.parquet/runs.parquet'")
    assert count == {"n": RUNS}


def test_export_takes_a_filter_and_a_format(store: Path) -> None:
    output("export", "best", "--format", "csv", "--where", "metrics.accuracy > 0.6")
    assert len(list(csv.DictReader(Path("best/runs.csv").read_text().splitlines()))) == 2


def test_export_replaces_nothing_by_accident(store: Path) -> None:
    Path("runs.csv").write_text("mine")
    assert "--force" in refused("export", "runs.csv")
    assert Path("runs.csv").read_text() == "mine"
    output("export", "runs.csv", "--force")
    assert len(list(csv.DictReader(Path("runs.csv").read_text().splitlines()))) == RUNS


def test_export_says_what_it_accepts(store: Path) -> None:
    assert "parquet" in refused("export", "runs.xlsx")
    assert "no-such-folder" in refused("export", "no-such-folder/runs.csv")


def test_export_writes_what_one_run_depends_on(store: Path) -> None:
    with_slice = parsed("sql", "select run_name from runs join slices using (run_id) limit 1")[0]["run_name"]
    assert output("export", with_slice, "x.py").startswith(f"what {with_slice} (")
    assert "import numpy" in Path("x.py").read_text()
    assert "--force" in refused("export", with_slice, "x.py")
    output("export", with_slice, "x.py", "--force")
    assert "has no slice" in refused("export", _without_slice(), "y.ipynb")
    assert "is of one" in refused("export", with_slice, "z.py", "--where", "metrics.accuracy > 0.6")
    assert ".ipynb or .py" in refused("export", with_slice, "z.csv")


def _without_slice() -> str:
    query = "select run_name from runs where run_id not in (select run_id from slices) limit 1"
    return str(parsed("sql", query)[0]["run_name"])


# --- comparing ------------------------------------------------------------------------------------------------------


def test_compare(store: Path) -> None:
    shown = output("compare", "run-01", "run-02")
    assert "run-02 (" in shown.splitlines()[0]
    assert "Metrics:" in shown
    assert all(len(line) <= 100 for line in shown.splitlines())
    found = parsed("compare", "run-01", "run-02", "run-03", "--json")
    assert [run["run_name"] for run in found["runs"]] == ["run-01", "run-02", "run-03"]
    assert {"kind", "key", "a", "b", "sentence", "rank", "state"} <= set(found["differences"][0])
    assert "one run is nothing to compare" in refused("compare", "run-01")
    assert "different runs" in refused("compare", "run-01", "run-01")
    assert "no run 'none'" in refused("compare", "run-01", "none")


# --- changes --------------------------------------------------------------------------------------------------------


def test_tag_and_note(store: Path) -> None:
    assert output("tag", "run-03", "stage=final", "who=ada=b") == f"tagged run-03 ({f'{3:032x}'[:8]})\n"
    assert parsed("show", "run-03")["tags"] == {"stage": "final", "who": "ada=b"}
    output("tag", "run-03", "stage=")
    assert parsed("show", "run-03")["tags"] == {"who": "ada=b"}
    output("note", "run-03", "before the data", "were cleaned")
    assert parsed("show", "run-03")["note"] == "before the data were cleaned"
    assert "key=value" in refused("tag", "run-03", "final")


def test_delete_and_restore(store: Path) -> None:
    assert output("delete", "run-03", "run-04").count("deleted") == 2
    assert "run-03" not in names(parsed("ls"))
    assert names(parsed("ls", "--deleted")) == ["run-04", "run-03"]
    output("restore", "run-03")
    assert len(parsed("ls")) == RUNS - 1


def test_a_typing_error_among_several_changes_nothing(store: Path) -> None:
    refused("delete", "run-03", "run-nope")
    assert len(parsed("ls")) == RUNS


def test_gc_removes_deleted_runs_for_good(store: Path) -> None:
    (kept,) = [file for file in (store / "artifacts").rglob("*") if file.is_file()]
    long_ago_s = 1_760_000_000  # a file of just now may belong to a run that nobody has heard of yet
    os.utime(kept, (long_ago_s, long_ago_s))
    assert output("gc") == "nothing to remove\n"
    output("delete", "run-07")
    assert output("gc", "--dry-run").startswith("would remove 1 run, 4 metric points, 1 artifact file")
    assert names(parsed("ls", "--deleted")) == ["run-07"]
    assert kept.exists()
    report = parsed("gc")
    assert (report["runs"], report["points"], report["artifacts"]) == (1, 4, 1)
    assert parsed("ls", "--deleted") == []
    assert not kept.exists()
    refused("show", "run-07")
    assert len(parsed("ls")) == RUNS - 1


# --- the shell around it --------------------------------------------------------------------------------------------


def test_a_reader_that_stops_early_is_no_error(store: Path) -> None:
    query = "select i, repeat('x', 50) from range(200000) t(i)"
    shell = f"set -o pipefail; '{sys.executable}' -m nbtrack sql --csv \"{query}\" | head -2"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=environment())
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.count("\n") == 2


def test_a_terminal_that_cannot_show_a_character_is_no_error(store: Path) -> None:
    output("note", "run-03", "naïve → 漢字")
    done = command("show", "run-03", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr


def test_an_interrupt_is_one_line(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert main(["sql", "-"]) == 130
    assert capsys.readouterr().err == "nbtrack: interrupted\n"


def test_two_commands_at_once(store: Path) -> None:
    arguments = [sys.executable, "-m", "nbtrack", "ls", "--json"]
    started = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment()) for _ in range(4)]
    for process in started:
        shown, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        assert len(json.loads(shown)) == RUNS


def test_a_damaged_store_is_named(store: Path) -> None:
    (store / "nbtrack.duckdb").write_bytes(b"this is no database" * 1000)
    assert "nbtrack.duckdb" in refused("ls")


# --- doctor ---------------------------------------------------------------------------------------------------------


def test_doctor_on_a_healthy_store(store: Path) -> None:
    text = output("doctor")
    assert str(store) in text
    assert "duckdb" in text
    facts = parsed("doctor")
    assert facts["store"]["root"] == str(store)
    assert facts["store"]["exists"] is True
    assert any(f"{RUNS} runs" in finding["what"] for finding in facts["findings"])
    assert facts["versions"]["nbtrack"] == nbtrack.__version__
    assert not [finding for finding in facts["findings"] if finding["level"] == "error"]


def test_doctor_without_a_store_is_no_error_and_makes_none(store_root: Path) -> None:
    assert "no store" in output("doctor")
    assert not store_root.exists()


def test_doctor_says_where_the_store_comes_from(store: Path, written: Path) -> None:
    assert "upwards" in parsed("doctor")["store"]["because"]
    assert "--store" in parsed("doctor", "--store", written)["store"]["because"]
    assert "NBTRACK_STORE" in json.loads(output("doctor", "--json", NBTRACK_STORE=str(written)))["store"]["because"]
    Path("pyproject.toml").write_text(f"[tool.nbtrack]\nstore = '{written}'\n")
    assert "pyproject.toml" in parsed("doctor")["store"]["because"]


def test_doctor_finds_what_is_broken_and_says_what_to_do(store: Path) -> None:
    (store / "nbtrack.duckdb").write_bytes(b"this is no database" * 1000)
    done = command("doctor")
    assert done.returncode == 1
    assert "nbtrack.duckdb" in done.stdout
    done = command("doctor", "--json")
    assert done.returncode == 1
    errors = [finding for finding in json.loads(done.stdout)["findings"] if finding["level"] == "error"]
    assert errors
    assert all(finding["remedy"] for finding in errors)


def test_doctor_names_a_setting_that_is_wrong(store: Path) -> None:
    done = command("doctor", NBTRACK_CARD="perhaps")
    assert done.returncode == 1
    assert "NBTRACK_CARD" in done.stdout + done.stderr


# --- demo -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "home").mkdir()
    env = environment(HOME=str(folder / "home"), NBTRACK_STORE=str(folder / "other"))
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "demo"], cwd=folder, capture_output=True, text=True, env=env, timeout=280
    )
    return folder / "nbtrack-demo", done


def test_demo_runs_the_quickstart_into_a_fresh_store(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert {file.name for file in folder.glob("*.ipynb")} == {
        file.name for file in (ROOT / "notebooks").glob("*.ipynb")
    }
    runs = parsed("ls", "--store", folder)
    assert len(runs) >= 10
    assert f"{len(runs)} runs" in done.stdout
    assert not (folder.parent / "other").exists()


def test_demo_says_how_to_open_the_notebook(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = demo
    line = done.stdout.splitlines()[-1]
    assert " lab " in line
    assert line.endswith("nbtrack-demo/00_welcome.ipynb")
    assert "NBTRACK_STORE is set" in done.stdout


def test_demo_saves_the_notebook_with_its_cards(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = demo
    document = json.loads((folder / "01_quickstart.ipynb").read_text())
    tracked = [cell for cell in document["cells"] if "".join(cell["source"]).startswith("%%track")]
    assert tracked
    for cell in tracked:
        assert any("text/html" in shown.get("data", {}) for shown in cell["outputs"])


def test_demo_leaves_an_existing_folder_alone(tmp_path: Path) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("keep")
    assert "name a new folder" in refused("demo", "--dir", "mine")
    assert [file.name for file in Path("mine").iterdir()] == ["notes.txt"]


def test_demo_takes_a_folder_that_has_its_notebooks_untouched_and_no_runs() -> None:
    from nbtrack.cli import demo as module

    sources = module.notebooks()
    Path("clone").mkdir()
    for source in sources:
        shutil.copy(source, "clone")
    Path("clone/images").mkdir()
    assert module._folder("clone", sources) == Path("clone")
    Path("clone/.nbtrack").mkdir()
    with pytest.raises(NbtrackError, match="name a new folder"):
        module._folder("clone", sources)
    Path("clone/.nbtrack").rmdir()
    Path("clone", sources[0].name).write_text("edited")
    with pytest.raises(NbtrackError, match="name a new folder"):
        module._folder("clone", sources)


def test_demo_runs_the_notebooks_that_it_is_told_to() -> None:
    from nbtrack.cli import demo as module

    sources = module.notebooks()
    assert [source.stem for source in module._chosen(sources, [], False)] == ["01_quickstart"]
    assert [source.stem[:2] for source in module._chosen(sources, ["08", "02"], False)] == ["02", "08"]
    assert module._chosen(sources, [], True) == sources
    message = refused("demo", "99", "01")
    assert "no notebook begins with 99;" in message
    assert "00_welcome" in message
    assert not Path("nbtrack-demo").exists()


def test_demo_asks_for_what_the_notebooks_import(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from nbtrack.cli.parser import build_parser

    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else known(name))
    found = build_parser().parse_args(["demo", "07"])
    with pytest.raises(NbtrackError, match=r"optuna is not installed.* -m pip install optuna"):
        found.command(found)
    assert not Path("nbtrack-demo").exists()


def test_demo_takes_another_name_beside_an_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtrack.cli import demo as module

    Path("nbtrack-demo").mkdir()
    assert module._folder(None, []) == Path("nbtrack-demo-2")
    assert module._folder(None, []) == Path("nbtrack-demo-3")


def test_demo_tells_which_cell_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat

    from nbtrack.cli import demo as module

    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1"), nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(document, "broken.ipynb")
    with pytest.raises(NbtrackError, match="ZeroDivisionError"):
        module._execute(Path("broken.ipynb"))
    assert nbformat.read("broken.ipynb", as_version=4).cells[0].execution_count == 1
