"""The fluent API: MLflow's names and meaning, through the real store."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import textwrap
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbtrack
from nbtrack.errors import (
    InputError,
    MetricError,
    ParamError,
    RunActiveError,
    RunEndedError,
    RunNotFoundError,
)


def reread(run):
    return nbtrack.get_run(run.info.run_id)


def test_a_block_is_a_run(workplace):
    with nbtrack.start_run(run_name="block", tags={"a": 1}, description="why") as run:
        assert nbtrack.active_run() is run
        assert nbtrack.log_param("C", 0.1) == 0.1
        nbtrack.log_params({"model": "rf", "deep": {"a": [1, 2]}, "none": None, "flag": True, "path": Path("x/y")})
        nbtrack.log_metric("loss", 0.5)
        nbtrack.log_metric("loss", 0.25)
        nbtrack.log_metrics({"accuracy": 0.9, "f1": np.float32(0.5)}, step=3)
        nbtrack.set_tag("stage", "draft")
    assert nbtrack.active_run() is None
    read = reread(run)
    assert read.info.status == "finished"
    assert read.info.duration_s >= 0
    assert read.data.params["C"] == "0.1"
    assert read.params["C"] == 0.1
    assert read.params["deep"] == {"a": [1, 2]}
    assert read.params["none"] is None
    assert read.params["flag"] is True
    assert read.data.metrics == {"loss": 0.25, "accuracy": 0.9, "f1": 0.5}
    assert read.data.tags == {"a": "1", "stage": "draft"}
    assert read.note == "why"
    assert list(read.history("loss")["step"]) == [0, 1]
    assert read.info == run.info


def test_an_exception_fails_the_run_and_goes_on(workplace):
    with pytest.raises(ZeroDivisionError), nbtrack.start_run() as run:
        1 / 0  # noqa: B018
    error = reread(run).info.error
    assert (error.type, error.message) == ("ZeroDivisionError", "division by zero")
    assert "test_fluent.py" in error.traceback


def test_an_interrupt_interrupts_the_run(workplace):
    with pytest.raises(KeyboardInterrupt), nbtrack.start_run() as run:
        raise KeyboardInterrupt
    assert reread(run).info.status == "interrupted"


@pytest.mark.parametrize(
    ("status", "stored"), [("FINISHED", "finished"), ("FAILED", "failed"), ("KILLED", "interrupted")]
)
def test_end_run_takes_mlflows_words(status, stored, workplace):
    run = nbtrack.start_run()
    nbtrack.end_run(status)
    assert reread(run).info.status == stored


def test_a_second_run_must_be_nested(workplace):
    with nbtrack.start_run(run_name="outer") as outer:
        with pytest.raises(RunActiveError, match=r"nested=True"):
            nbtrack.start_run()
        with nbtrack.start_run(nested=True, run_name="inner") as inner:
            nbtrack.log_metric("x", 1)
        nbtrack.log_metric("y", 2)
    assert reread(inner).info.parent_run_id == outer.run_id
    assert reread(inner).metrics == {"x": 1.0}
    assert reread(outer).metrics == {"y": 2.0}


def test_a_run_is_gone_on_with(workplace):
    with nbtrack.start_run(run_name="first") as run:
        nbtrack.log_param("C", 1)
        nbtrack.log_metric("loss", 0.5)
    with nbtrack.start_run(run_id=run.run_id) as again:
        assert nbtrack.get_run(run.run_id).info.status == "running"
        nbtrack.log_param("C", 1)
        with pytest.raises(ParamError):
            nbtrack.log_param("C", 2)
        nbtrack.log_metric("loss", 0.25)
    assert again.run_id == run.run_id
    read = reread(run)
    assert read.info.status == "finished"
    assert list(read.history("loss")["step"]) == [0, 1]
    assert len(nbtrack.runs()) == 1


def test_going_on_with_an_unknown_run(workplace):
    with pytest.raises(RunNotFoundError):
        nbtrack.start_run(run_id="0" * 32)
    # As in MLflow the first argument is an id, which few expect.
    with pytest.raises(RunNotFoundError, match=r"nbtrack\.start_run\(run_name='baseline'\)"):
        nbtrack.start_run("baseline")


def test_a_param_has_one_value(workplace):
    with nbtrack.start_run() as run:
        nbtrack.log_param("C", 1)
        nbtrack.log_param("C", 1)
        with pytest.raises(ParamError, match="already '1'"):
            nbtrack.log_params({"C": 2, "other": 3})
    assert reread(run).params == {"C": 1}


def test_a_value_without_a_run_starts_one(workplace):
    nbtrack.log_metric("loss", 1.0)
    run = nbtrack.active_run()
    assert run is not None
    nbtrack.end_run()
    assert reread(run).metrics == {"loss": 1.0}


def test_an_ended_run_takes_no_more(workplace):
    with nbtrack.start_run() as run:
        pass
    with pytest.raises(RunEndedError, match="run_id="):
        run.log_metric("loss", 1.0)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**300, np.int64(3), np.float16(0.5), np.array(2.5), Decimal("0.25")]
)
def test_odd_numbers_are_metrics(value, workplace):
    with nbtrack.start_run() as run:
        nbtrack.log_metric("x", value)
    stored = reread(run).metrics["x"]
    assert stored == float(value) or (math.isnan(stored) and math.isnan(float(value)))


@pytest.mark.parametrize("value", ["0.5", None, [1.0], np.array([1.0, 2.0]), {}, object(), 1j, True, 10**400])
def test_what_is_no_metric_is_refused_and_loses_nothing(value, workplace):
    with nbtrack.start_run() as run:
        nbtrack.log_metric("x", 1.0)
        with pytest.raises(MetricError, match="x"):
            nbtrack.log_metric("x", value)
        with pytest.raises(MetricError):
            nbtrack.log_metrics({"y": 1.0, "x": value})
    assert reread(run).metrics == {"x": 1.0}


@pytest.mark.parametrize("key", ["", None, 3, "x" * 1_000, "a\nb", "a\x00b"])
def test_bad_keys_are_refused(key, workplace):
    with nbtrack.start_run() as run:
        with pytest.raises(MetricError):
            nbtrack.log_metric(key, 1.0)
        with pytest.raises(ParamError):
            nbtrack.log_param(key, 1.0)
    assert reread(run).metrics == {}


@pytest.mark.parametrize(
    "key", ["größe", "f1 score", "a/b", "损失", "`tick`", 'quo"te', "a.b.c", "🎯", "a'b; drop table runs"]
)
def test_odd_keys_are_kept(key, workplace):
    with nbtrack.start_run() as run:
        nbtrack.log_metric(key, 1.0)
        nbtrack.log_param(key, "v")
        nbtrack.set_tag(key, "t")
    read = reread(run)
    assert (read.metrics, read.params, read.tags) == ({key: 1.0}, {key: "v"}, {key: "t"})


def test_ten_thousand_params(workplace):
    with nbtrack.start_run() as run:
        nbtrack.log_params({f"p{i}": i for i in range(10_000)})
    assert reread(run).params == {f"p{i}": i for i in range(10_000)}


def test_steps_and_timestamps(workplace):
    with nbtrack.start_run() as run:
        nbtrack.log_metric("x", 1.0, step=10, timestamp=1_700_000_000_000)
        nbtrack.log_metric("x", 2.0, step=5)
        nbtrack.log_metric("x", 3.0)
        nbtrack.log_metric("x", 4.0, step=np.int64(20))
    read = reread(run)
    assert list(read.history("x")["step"]) == [5, 10, 11, 20]
    assert read.history("x")["timestamp"].iloc[1] == pd.Timestamp(1_700_000_000, unit="s", tz="UTC")
    assert read.metrics["x"] == 4.0


def test_tags_are_replaced_and_taken_away(workplace):
    with nbtrack.start_run() as run:
        nbtrack.set_tags({"a": 1, "b": 2})
        nbtrack.set_tag("a", "new")
        nbtrack.delete_tag("b")
        with pytest.raises(InputError, match="no tag"):
            nbtrack.delete_tag("b")
    assert reread(run).tags == {"a": "new"}


def test_delete_and_restore(workplace):
    with nbtrack.start_run() as run:
        pass
    nbtrack.delete_run(run.run_id)
    assert len(nbtrack.runs()) == 0
    assert list(nbtrack.runs(deleted=True)["run_id"]) == [run.run_id]
    with pytest.raises(RunNotFoundError, match="restore"):
        nbtrack.start_run(run_id=run.run_id)
    nbtrack.restore_run(run.run_id)
    assert len(nbtrack.runs()) == 1


def test_experiments(workplace):
    experiment = nbtrack.set_experiment("digits")
    with nbtrack.start_run() as run:
        pass
    assert reread(run).info.experiment_name == "digits"
    assert nbtrack.get_experiment_by_name("digits").experiment_id == experiment.experiment_id
    assert nbtrack.get_experiment_by_name("none") is None
    other = nbtrack.create_experiment("other", tags={"team": "a"})
    with nbtrack.start_run(experiment_id=other):
        pass
    assert {found.name for found in nbtrack.search_experiments()} == {"digits", "other"}
    assert len(nbtrack.search_runs()) == 1
    assert len(nbtrack.search_runs(search_all_experiments=True)) == 2
    assert len(nbtrack.search_runs([other])) == 1
    assert len(nbtrack.search_runs(["12345"])) == 0
    assert len(nbtrack.runs()) == 2
    with pytest.raises(InputError):
        nbtrack.set_experiment("")


def test_search_runs_as_mlflow(workplace):
    for model, loss in (("rf", 0.5), ("rf", 0.2), ("svm", 0.1)):
        with nbtrack.start_run(tags={"stage": "draft one"}):
            nbtrack.log_param("model", model)
            nbtrack.log_metric("loss", loss)
    found = nbtrack.search_runs(
        filter_string="metrics.loss < 0.4 and params.model = 'rf' and tags.stage LIKE '%draft%'",
        order_by=["metrics.loss ASC"],
    )
    assert list(found["metrics.loss"]) == [0.2]
    assert list(found["params.model"]) == ["rf"]
    listed = nbtrack.search_runs(order_by=["metrics.loss ASC"], output_format="list", max_results=2)
    assert [run.data.metrics["loss"] for run in listed] == [0.1, 0.2]
    with pytest.raises(InputError):
        nbtrack.search_runs(filter_string="metrics.loss <")


def test_sql_over_the_views(workplace):
    with nbtrack.start_run():
        nbtrack.log_metric("loss", 0.5)
    assert nbtrack.sql("select count(*) as n from metric_points where value > ?", [0.1])["n"][0] == 1


def test_artifacts(workplace):
    (workplace / "data").mkdir()
    (workplace / "data" / "a.txt").write_text("A")
    (workplace / "b.txt").write_text("B")
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    import plotly.graph_objects as go

    figure, axes = plt.subplots()
    axes.plot([1, 2])
    with nbtrack.start_run() as run:
        nbtrack.log_artifact("b.txt")
        nbtrack.log_artifact("b.txt", "sub")
        nbtrack.log_artifact("data")
        nbtrack.log_artifacts("data", "all")
        nbtrack.log_text("größe", "text.txt")
        nbtrack.log_dict({"a": np.int64(1), "b": [1.5]}, "d.json")
        nbtrack.log_figure(figure, "plot.png")
        nbtrack.log_figure(figure, "plot.svg")
        nbtrack.log_figure(go.Figure(go.Scatter(y=[1, 2])), "plot.html")
        nbtrack.log_image(np.zeros((4, 5, 3), dtype=np.uint8), "black.png")
        nbtrack.log_image(np.ones((4, 5)), key="white", step=2)
        nbtrack.log_table(pd.DataFrame({"x": [1, 2]}), "t.json")
        nbtrack.log_table({"x": [1, 2]}, "t.csv")
        nbtrack.log_table({"x": [1, 2]}, "t.parquet")
    plt.close(figure)
    read = reread(run)
    content = {artifact.path: read.artifact_file(artifact.path).read_bytes() for artifact in read.artifacts}
    assert content["b.txt"] == content["sub/b.txt"] == b"B"
    assert content["data/a.txt"] == content["all/a.txt"] == b"A"
    assert content["text.txt"].decode() == "größe"
    assert json.loads(content["d.json"]) == {"a": 1, "b": [1.5]}
    assert content["plot.png"].startswith(b"\x89PNG")
    assert b"<svg" in content["plot.svg"]
    assert b"cdn.plot" not in content["plot.html"][:10_000]
    assert content["black.png"].startswith(b"\x89PNG")
    assert "images/white_step_2.png" in content
    assert json.loads(content["t.json"])["data"] == [[1], [2]]
    assert content["t.csv"] == b"x\n1\n2\n"
    assert content["t.parquet"].startswith(b"PAR1")
    assert nbtrack.runs().shape[0] == 1
    with pytest.raises(InputError, match="no artifact"):
        read.artifact_file("missing")


def test_inputs_are_fingerprinted(workplace):
    (workplace / "data.csv").write_text("a,b\n1,2\n")
    frame = pd.DataFrame({"x": [1, 2], "y": ["a", None], "z": [[1], [2]]})
    changed = frame.assign(x=[1, 3])
    with nbtrack.start_run() as run:
        nbtrack.log_input(frame, "training", name="frame")
        nbtrack.log_input(changed, name="changed")
        nbtrack.log_input(frame.copy(), name="copy")
        nbtrack.log_input(frame["x"], name="series")
        nbtrack.log_input(np.arange(6).reshape(2, 3), name="array")
        nbtrack.log_input(np.array(["a", None], dtype=object), name="objects")
        nbtrack.log_input("data.csv")
        with pytest.raises(InputError, match="accepted"):
            nbtrack.log_input(object())
        with pytest.raises(InputError, match=r"missing\.csv"):
            nbtrack.log_input("missing.csv")
    found = nbtrack.sql("from inputs where run_id = ?", [run.run_id]).set_index("name")
    assert set(found.index) == {"frame", "changed", "copy", "series", "array", "objects", "data.csv"}
    assert found.loc["frame", "digest"] == found.loc["copy", "digest"] != found.loc["changed", "digest"]
    assert found.loc["frame", "context"] == "training"
    assert json.loads(found.loc["array", "profile"]) == {"shape": [2, 3]}
    assert json.loads(found.loc["data.csv", "profile"]) == {"size_bytes": 8}
    assert len(nbtrack.search_runs(filter_string="datasets.name = 'frame'")) == 1


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up.txt", "a/../../b", "C:/x", "a\x00b"])
def test_artifact_paths_stay_inside_the_run(path, workplace):
    with nbtrack.start_run(), pytest.raises(InputError):
        nbtrack.log_text("x", path)


def test_a_missing_file_is_said(workplace):
    with nbtrack.start_run(), pytest.raises(InputError, match="no file"):
        nbtrack.log_artifact("missing.txt")


def test_tracking_uri(workplace):
    nbtrack.set_tracking_uri(workplace / "elsewhere")
    with nbtrack.start_run():
        pass
    assert nbtrack.get_tracking_uri() == (workplace / "elsewhere").as_uri()
    assert len(nbtrack.runs()) == 1
    with pytest.raises(InputError, match="no server"):
        nbtrack.set_tracking_uri("http://localhost:5000")


def test_nothing_of_ours_draws_from_the_users_generators(workplace):
    nbtrack.configure(merge_interval_s=0.05)
    nbtrack.seed_everything(3)
    before = random.getstate(), np.random.get_state()[1].tolist()
    for number in range(20):
        with nbtrack.start_run():
            nbtrack.log_params({"number": number})
            nbtrack.log_metric("loss", number)
        time.sleep(0.05)
    nbtrack.runs()
    nbtrack.last_active_run().history()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


TUTORIAL = """
import os
from random import random, randint

import nbtrack as mlflow
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

mlflow.set_tracking_uri("file:" + os.path.abspath("mlruns"))
mlflow.set_experiment("elasticnet")
print("Running mlflow_tracking.py")
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
for alpha in (0.1, 0.5):
    for l1_ratio in (0.1, 0.9):
        with mlflow.start_run():
            lr = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, random_state=42).fit(X_train, y_train)
            predicted = lr.predict(X_test)
            mlflow.log_param("alpha", alpha)
            mlflow.log_param("l1_ratio", l1_ratio)
            mlflow.log_metric("rmse", mean_squared_error(y_test, predicted) ** 0.5)
            mlflow.log_metric("r2", r2_score(y_test, predicted))
            mlflow.log_metric("mae", mean_absolute_error(y_test, predicted))
mlflow.log_param("param1", randint(0, 100))
mlflow.log_metric("foo", random())
mlflow.log_metric("foo", random() + 1)
os.makedirs("outputs", exist_ok=True)
with open("outputs/test.txt", "w") as f:
    f.write("hello world!")
mlflow.log_artifacts("outputs")
with mlflow.start_run(run_name="child", nested=True) as child:
    mlflow.set_tag("mlflow.note.content", "nested")
mlflow.end_run()
experiment = mlflow.get_experiment_by_name("elasticnet")
df = mlflow.search_runs([experiment.experiment_id], order_by=["metrics.rmse ASC"])
best = df.loc[0]
assert best["metrics.rmse"] == df["metrics.rmse"].min()
run = mlflow.get_run(best.run_id)
assert float(run.data.params["alpha"]) == float(best["params.alpha"])
print(len(df), mlflow.last_active_run().info.run_id == child.info.run_id)
"""


def test_the_classic_tutorial_runs_with_the_import_changed(workplace):
    (workplace / "tutorial.py").write_text(TUTORIAL)
    done = subprocess.run([sys.executable, "tutorial.py"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "6 True"


def test_a_script_that_dies_of_an_exception_failed(workplace):
    script = textwrap.dedent("""
        import nbtrack
        run = nbtrack.start_run(run_name="dies")
        nbtrack.log_metric("loss", 1.0)
        raise ValueError("at the end")
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    run = nbtrack.get_run("dies")
    assert run.info.status == "failed"
    assert run.info.error.message == "at the end"


def test_a_script_that_ends_with_an_open_run_finished_it(workplace):
    script = "import nbtrack\nnbtrack.start_run(run_name='left')\nnbtrack.log_metric('loss', 1.0)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=240)
    assert nbtrack.get_run("left").info.status == "finished"
