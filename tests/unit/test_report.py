"""The report: what is in it, and that JSON takes it whatever is in the run."""

from __future__ import annotations

import json
import math

import pytest

from nbtrack.capture.run import ActiveRun
from nbtrack.records import Artifact, CellExecution, Input, Provenance, RunError
from nbtrack.report import is_checked, report
from nbtrack.store.handle import Run
from nbtrack.store.store import open_store


def strict(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_everything_is_there(run, hazard):
    execution = CellExecution(
        session="s", sequence=3, execution_count=4, cell_id="c", source="x = 1", start_us=5, reads=("y",)
    )
    record = run(
        params={"C": 0.1, "layers": [1, 2]},
        metrics={"accuracy": 0.9, "loss": math.nan, "worst": -math.inf},
        tags={"stage": "final"},
        seed=7,
        note="a note",
        code="x = 1",
        artifacts=(Artifact("a.txt", "d" * 64, 3, "text/plain"),),
        provenance=Provenance(
            hazards=(hazard(),),
            unknown={"edited_cell": "no notebook"},
            slice=(execution,),
            generators={"numpy": "abc"},
            environment={"python": "3.11"},
        ),
        inputs=(Input(name="digits", digest="d"),),
    )
    found = report(record)
    assert strict(found) == found
    assert (found["run_id"], found["name"], found["run_name"]) == (record.info.run_id, "baseline", "baseline")
    assert (found["experiment"], found["status"], found["verification"]) == ("digits", "finished", None)
    assert found["start_time"] == "2030-03-17T17:44:30Z"
    assert found["params"] == {"C": 0.1, "layers": [1, 2]}
    assert found["metrics"] == {"accuracy": 0.9, "loss": "NaN", "worst": "-Infinity"}
    assert found["tags"] == {"stage": "final"}
    assert (found["seed"], found["seeds"]) == (7, {"seed": 7, "generators": {"numpy": "abc"}})
    assert found["hazards"] == [
        {
            "label": "stale_input",
            "severity": "high",
            "names": ["X_train", "scaler"],
            "executions": [3, 7],
            "sentence": "X_train is a case of stale_input.",
            "remedy": "Run In[3] again.",
        }
    ]
    assert (found["unknown"], found["hazards_checked"]) == ({"edited_cell": "no notebook"}, True)
    assert found["slice"] == [{"execution_count": 4, "cell_id": "c", "source": "x = 1", "session": "s", "sequence": 3}]
    assert found["environment"] == {"python": "3.11"}
    assert found["inputs"][0] == {
        "name": "digits",
        "digest": "d",
        "source": None,
        "schema": None,
        "profile": None,
        "context": None,
    }
    assert found["artifacts"][0]["sha256"] == "d" * 64
    assert (found["code"], found["note"]) == ("x = 1", "a note")


def test_a_run_of_which_little_is_known(run):
    found = report(run(status="running"))
    assert (found["end_time"], found["slice"], found["hazards"], found["unknown"]) == (None, [], [], {})
    assert (found["hazards_checked"], found["seeds"]) == (False, {"seed": None, "generators": {}})
    assert report(run(error=RunError("E", "m", "t")))["error"] == {"type": "E", "message": "m", "traceback": "t"}


def test_json_takes_every_report(nasty):
    _, record = nasty
    json.dumps(report(record), allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("part", [{"unknown": {"edited_cell": "why"}}, {"slice": (None,)}, {"hazards": (None,)}, {}])
def test_who_looked_says_something(part):
    assert is_checked(Provenance(**part)) == bool(part)


def test_an_active_run_has_it_as_its_record_has_it(store_root, hazard):
    store = open_store(store_root)
    run = ActiveRun(store, experiment="digits", name="a").begin()
    run.log_param("C", 1)
    run.log_input(_file(store_root), name="data")
    assert (run.hazards, run.slice(), run.report()["hazards_checked"]) == ((), (), False)
    execution = CellExecution(session="s", sequence=0, execution_count=1, cell_id=None, source="C = 1", start_us=0)
    run.provenance = Provenance(hazards=(hazard(),), slice=(execution,))
    run.end()
    found = run.report()
    assert (run.hazards[0].label, run.slice()) == ("stale_input", (execution,))
    assert found["slice"][0]["source"] == "C = 1"
    assert found["params"] == {"C": 1}
    assert found["inputs"][0]["name"] == "data"
    assert Run(run.record(), store).report() == found
    stored = Run(store.run(run.run_id), store).report()
    assert stored["inputs"] == found["inputs"]
    assert stored["params"] == found["params"]


def _file(folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = folder.parent / "data.csv"
    file.write_text("a,b\n1,2\n")
    return file
