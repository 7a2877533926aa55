"""What ``binder/`` describes: repo2docker accepts it, its versions are real, its steps run, and a visitor sees the promise."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
IMAGE = ROOT / "tests" / "binder" / "image.py"


def pins() -> dict[str, str]:
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def needed() -> dict[str, Requirement]:
    """What nbtrack, its demo, and its web page require."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    found = list(project["dependencies"])
    for name in ("lab", "replay", "demo", "ui"):
        found += extras.get(name, [])
    requirements = [Requirement(text) for text in found]
    return {one.name: one for one in requirements if one.name != "nbtrack"}


def test_repo2docker_makes_a_dockerfile_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)], capture_output=True, text=True
    )
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-3000:]
    assert '/bin/pip install --no-cache-dir -r "binder/requirements.txt"' in text
    assert "RUN ./binder/postBuild" in text
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in text
    assert "Python version unspecified" not in text


def test_a_bad_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "binder"
    folder.mkdir(parents=True)
    (folder / "runtime.txt").write_text("python-2.1\n")
    (folder / "requirements.txt").write_text("duckdb\n")
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(folder.parent)],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0


def test_everything_that_matters_has_a_version_within_what_nbtrack_accepts() -> None:
    assert set(needed()) <= set(pins())
    for name, requirement in needed().items():
        assert requirement.specifier.contains(pins()[name]), name
    python = (BINDER / "runtime.txt").read_text().strip()
    assert re.fullmatch(r"python-3\.\d+", python)


def test_the_versions_are_the_newest_that_were_tested_or_older() -> None:
    for name, version in pins().items():
        tested = metadata.version(name)
        assert Requirement(f"{name}<={tested}").specifier.contains(version), f"{name}: tested with {tested}"


def test_scripts_can_be_run() -> None:
    for name in ("postBuild", "start"):
        file = BINDER / name
        assert file.stat().st_mode & 0o111, name
        assert file.read_text().startswith("#!/bin/bash\n")
        assert "set -euo pipefail" in file.read_text()
        subprocess.run(["bash", "-n", str(file)], check=True)


def test_the_dashboard_is_saved_without_outputs() -> None:
    document = nbformat.read(BINDER / "dashboard.ipynb", as_version=4)
    nbformat.validate(document)
    assert not any(cell.outputs for cell in document.cells if cell.cell_type == "code")


def visit(*words: str, timeout_s: float) -> str:
    done = subprocess.run([sys.executable, str(IMAGE), *words], capture_output=True, text=True, timeout=timeout_s)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-8000:]
    return done.stdout


@pytest.mark.timeout(900)
def test_the_build_runs_and_the_welcome_keeps_its_promise() -> None:
    # The packages of this environment, for installing the pinned ones afresh takes longer than all the rest.
    assert "The image is as it should be." in visit("00", "--borrow", timeout_s=840)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_an_image_with_packages_of_its_own_runs_every_notebook() -> None:
    assert "The image is as it should be." in visit(timeout_s=3500)
