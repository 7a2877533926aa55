"""The wheel: everything in it, and it works in a fresh environment that has nothing else of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nbtrack

ROOT = Path(__file__).parents[2]

SCRIPT = """
import nbtrack
nbtrack.set_experiment("wheel")
with nbtrack.start_run(run_name="first"):
    nbtrack.log_param("alpha", 0.5)
    for step in range(100):
        nbtrack.log_metric("loss", 1 / (step + 1), step=step)
run = nbtrack.start_run(run_name="second")
nbtrack.log_text("hello", "greeting.txt")
nbtrack.end_run("FAILED")
assert len(nbtrack.runs()) == 2
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the commands of a fresh environment with the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    done = subprocess.run(
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)],
        capture_output=True,
        text=True,
        env=outside_environment(),
    )
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def outside_environment() -> dict[str, str]:
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: text for name, text in os.environ.items() if name not in hidden and not name.startswith("NBTRACK_")}


def run(*words: str | Path, fails: bool = False) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=outside_environment())
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done


def test_the_wheel_has_every_file_of_the_package_and_the_notebooks(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"nbtrack-{nbtrack.__version__}.dist-info/METADATA").decode()
    package = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "nbtrack").rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    notebooks = {f"nbtrack/_notebooks/{file.name}" for file in (ROOT / "notebooks").glob("*.ipynb")}
    assert len(notebooks) >= 2
    assert {"nbtrack/py.typed", "nbtrack/__init__.pyi", "nbtrack/cli/__init__.py"} <= package
    assert names == package | notebooks
    assert "Requires-Python: >=3.11" in metadata
    assert "# nbtrack" in metadata


@pytest.mark.timeout(600)
def test_a_script_and_the_command_work_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    script = Path("train.py")
    script.write_text(SCRIPT)
    run(installed / "python", "-W", "error", script)
    runs = json.loads(run(installed / "nbtrack", "ls", "--json").stdout)
    assert [found["run_name"] for found in runs] == ["second", "first"]
    assert [found["status"] for found in runs] == ["failed", "finished"]
    assert runs[1]["params"] == {"alpha": 0.5}
    assert runs[1]["metrics"] == {"loss": 0.01}
    assert {found["experiment"] for found in runs} == {"wheel"}
    assert json.loads(
        run(installed / "nbtrack", "sql", "--json", "select count(*) as n from metric_points").stdout
    ) == [{"n": 100}]


@pytest.mark.timeout(600)
def test_the_version_is_one(installed: Path) -> None:
    assert run(installed / "nbtrack", "version").stdout == f"nbtrack {nbtrack.__version__}\n"
    code = (
        "import importlib.metadata as m, nbtrack; print(m.version('nbtrack') == nbtrack.__version__, nbtrack.__file__)"
    )
    shown = run(installed / "python", "-c", code).stdout
    assert shown.startswith("True ")
    assert "site-packages" in shown


@pytest.mark.timeout(600)
def test_what_is_not_installed_is_named_with_the_line_that_installs_it(installed: Path) -> None:
    done = run(installed / "nbtrack", "demo", fails=True)
    assert done.returncode == 1
    assert "not installed" in done.stderr
    assert "-m pip install nbclient" in done.stderr
    assert not Path("nbtrack-demo").exists()


@pytest.mark.timeout(600)
def test_the_extension_loads_in_a_plain_ipython(installed: Path) -> None:
    Path("session.ipy").write_text("%load_ext nbtrack\nimport nbtrack\nprint('loaded', nbtrack.active_run())\n")
    done = run(installed / "ipython", "--colors=nocolor", "session.ipy")
    assert "loaded None" in done.stdout, done.stdout + done.stderr
