"""The small parts of capture: options, results, names of notebooks, baselines, seeds, artifact contents."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest

import nbtrack
from nbtrack.capture import artifacts, seeds
from nbtrack.capture.baseline import folded
from nbtrack.capture.cell import split_cell
from nbtrack.capture.failure import describe_error
from nbtrack.capture.options import TrackOptions, check_names, parse_track_line
from nbtrack.capture.results import metrics_of, result_names
from nbtrack.errors import InputError, OptionError
from nbtrack.notebook import default_experiment, document_path, notebook_path
from nbtrack.records import MetricRange


def test_all_options_of_the_line():
    line = (
        "base --experiment E --seed 42 --params a,b --metrics x, --ignore z --tag k=v -t 'l=a b' --note 'some text' "
        "--nested --quiet --no-code"
    )
    assert parse_track_line(line) == TrackOptions(
        name="base",
        experiment="E",
        seed=42,
        params=("a", "b"),
        metrics=("x",),
        ignore=("z",),
        tags={"k": "v", "l": "a b"},
        note="some text",
        nested=True,
        quiet=True,
        no_code=True,
    )
    assert parse_track_line("") == TrackOptions()


@pytest.mark.parametrize("line", ["--exp E", "--unknown", "a b", "--seed x", "--seed 99999999999", "--tag x", "'open"])
def test_bad_lines(line):
    with pytest.raises(OptionError):
        parse_track_line(line)


def test_names_must_be_the_cells():
    options = TrackOptions(params=("cfg.lr",), metrics=("loss",))
    check_names(options, {"cfg", "loss"})
    with pytest.raises(OptionError, match=r"--metrics names 'loss'.*cfg"):
        check_names(options, {"cfg"})


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        (["%%track a\n", "x = 1"], ("a", "x = 1")),
        (["%%track\n", "x"], ("", "x")),
        (["%%track\r\n", "x"], ("", "x")),
        (["%%track\ta\n", "x"], ("a", "x")),
        (["%%track a"], None),
        (["%%track a\n", "  \n"], None),
        (["%%tracker\n", "x"], None),
        (["%%track?\n", "x"], None),
        (["x = 1\n", "%%track\n"], None),
        ([], None),
    ],
)
def test_splitting_a_cell(lines, parts):
    assert split_cell(lines) == parts


@pytest.mark.parametrize(
    ("value", "names", "found"),
    [
        (0.5, ("a",), {"a": 0.5}),
        (0.5, (), {}),
        (np.float32(0.5), ("a",), {"a": 0.5}),
        ({"a": 1, "b": "text", "c": True}, (), {"a": 1.0}),
        ((0.1, "x", 0.3), ("a", "b", "c"), {"a": 0.1, "c": 0.3}),
        ("text", ("a",), {}),
        (None, ("a",), {}),
        (True, ("a",), {}),
        ([1, 2], ("a",), {}),
    ],
)
def test_metrics_of_results(value, names, found):
    assert metrics_of(value, names) == found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f():\n    return loss", ("loss",)),
        ("@deco\ndef f():\n    if a:\n        return loss\n    return loss", ("loss",)),
        ("def f():\n    if a:\n        return loss\n    return acc", ("f",)),
        ("def f():\n    def g():\n        return inner\n    return g()", ("f",)),
        ("    def f(self):\n        return a, b", ("a", "b")),
        ("async def f():\n    return x", ("x",)),
        ("lambda: 1", ("f",)),
        ("(((", ("f",)),
        (None, ("f",)),
    ],
)
def test_names_of_results(source, names):
    assert result_names(source, "f") == names


@pytest.mark.parametrize(
    ("namespace", "env", "path"),
    [
        ({"__vsc_ipynb_file__": "/a/b.ipynb"}, {}, "/a/b.ipynb"),
        ({"__session__": "/a/c.ipynb"}, {}, "/a/c.ipynb"),
        ({}, {"JPY_SESSION_NAME": "/a/d.ipynb"}, "/a/d.ipynb"),
        ({"PAPERMILL_INPUT_PATH": "e.ipynb", "PAPERMILL_OUTPUT_PATH": "out/f.ipynb"}, {}, "e.ipynb"),
        # Without the cell of its parameters, which would look deleted.
        ({"PAPERMILL_INPUT_PATH": "e.ipynb"}, {}, "e.ipynb"),
        # What it wrote, opened in JupyterLab.
        ({"PAPERMILL_INPUT_PATH": "e", "PAPERMILL_OUTPUT_PATH": "f"}, {"JPY_SESSION_NAME": "/a/g.ipynb"}, "/a/g.ipynb"),
        ({"__vsc_ipynb_file__": "vscode-notebook-cell:/a/with%20space.ipynb#W0"}, {}, "/a/with space.ipynb"),
        ({"__vsc_ipynb_file__": 3}, {}, None),
        ({}, {}, None),
    ],
)
def test_notebook_paths(namespace, env, path, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert notebook_path(namespace) == path
    papermills = "PAPERMILL_INPUT_PATH" in namespace and not env
    assert document_path(namespace) == (namespace.get("PAPERMILL_OUTPUT_PATH") if papermills else path)
    if path:
        assert default_experiment(namespace) == Path(path).stem
    # Without a shell at hand, as in start_run(): a kernel's names are those of __main__.
    for name, value in namespace.items():
        monkeypatch.setattr(sys.modules["__main__"], name, value, raising=False)
    assert notebook_path() == path


def test_an_experiment_is_named_after_the_functions_file_in_a_worker(monkeypatch, tmp_path):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    script = tmp_path / "sweep.py"
    script.write_text("")
    assert default_experiment({}, str(script)) == "sweep"


def test_ranges_take_a_run_in():
    known = {"loss": MetricRange(0.2, 0.4, 0.4)}
    assert folded(known, {"loss": 0.5, "new": 1.0, "nan": float("nan")}) == {
        "loss": MetricRange(0.2, 0.5, 0.5),
        "new": MetricRange(1.0, 1.0, 1.0),
    }


def test_seeding_repeats_every_generator():
    nbtrack.seed_everything(3)
    first = random.random(), np.random.rand()
    nbtrack.seed_everything(3)
    assert (random.random(), np.random.rand()) == first


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "x", None, "1.5"])
def test_bad_seeds(seed):
    with pytest.raises(InputError, match="whole number"):
        seeds.check_seed(seed)


def test_good_seeds():
    assert [seeds.check_seed(seed) for seed in (0, "7", np.int64(3), 2**32 - 1)] == [0, 7, 3, 2**32 - 1]


def test_a_run_name_does_not_draw_from_the_users_generator():
    random.seed(1)
    first = random.random()
    random.seed(1)
    from nbtrack.capture.names import new_run_name

    new_run_name()
    assert random.random() == first


def test_an_error_whose_message_cannot_be_read():
    class BrokenError(Exception):
        def __str__(self):
            raise RuntimeError("no")

    described = describe_error(BrokenError())
    assert described.type == "BrokenError"
    assert "cannot be read" in described.message


def test_a_long_traceback_is_cut_in_the_middle():
    try:
        raise ValueError("y" * 50_000)
    except ValueError as error:
        text = describe_error(error).traceback
    assert len(text) < 25_000
    assert "left out" in text


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2, 5)), "shape"),
        (np.zeros(4), "shape"),
        (np.full((2, 2), 300), "300"),
        (np.full((2, 2), 1.5), "1.5"),
        (np.full((2, 2), np.nan), "nan"),
        (np.zeros((2, 2), dtype=complex), "complex"),
    ],
)
def test_what_is_no_image(array, message):
    with pytest.raises(InputError, match=message):
        artifacts.image_bytes(array, "x.png")


def test_images_of_all_kinds():
    for array in (
        np.zeros((2, 3), dtype=bool),
        np.zeros((2, 3, 1), dtype=np.uint8),
        np.ones((2, 3, 4)),
        np.zeros((2, 3, 3), dtype=np.int64),
    ):
        assert artifacts.image_bytes(array, "x.png").startswith(b"\x89PNG")
    assert artifacts.image_bytes(np.zeros((2, 3)), "x.jpg").startswith(b"\xff\xd8")


def test_what_is_no_figure_or_table():
    with pytest.raises(InputError, match="no figure"):
        artifacts.figure_bytes(3, "x.png")
    with pytest.raises(InputError, match="suffix"):
        artifacts.table_bytes({"a": [1]}, "x.txt")
    with pytest.raises(InputError, match="no table"):
        artifacts.table_bytes(object(), "x.csv")


def test_json_of_things_json_does_not_know():
    text = artifacts.dict_bytes({"a": np.arange(2), "b": {1}, "c": Path("x"), "d": np.float64(0.5)}, "x.json").decode()
    assert [part in text for part in ('"a": [', '"b": [', '"c": "x"', '"d": 0.5')] == [True] * 4
