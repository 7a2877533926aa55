"""Settings: call over environment over pyproject over default, and nothing unknown goes by unnoticed."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.config import Settings, configure, find_store_root, settings
from nbtrack.errors import SettingError


def write_pyproject(text: str, folder: Path | None = None) -> Path:
    file = (folder or Path.cwd()) / "pyproject.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults() -> None:
    assert settings() == Settings()
    assert settings().card is True
    assert settings().store is None


def test_a_call_beats_the_environment_beats_pyproject(monkeypatch: pytest.MonkeyPatch) -> None:
    write_pyproject("[tool.nbtrack]\nmerge_interval_s = 3\ncard = false\ncode = false\n")
    assert (settings().merge_interval_s, settings().card, settings().code) == (3.0, False, False)
    monkeypatch.setenv("NBTRACK_MERGE_INTERVAL_S", "5")
    monkeypatch.setenv("NBTRACK_CARD", "yes")
    assert (settings().merge_interval_s, settings().card) == (5.0, True)
    assert configure(merge_interval_s=7).merge_interval_s == 7.0
    assert configure(merge_interval_s=None).merge_interval_s == 5.0


def test_an_empty_variable_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_CARD", "")
    assert settings().card is True


def test_every_setting_can_come_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    written = {
        "store": "elsewhere",
        "experiment": "digits",
        "card": "no",
        "live": "off",
        "code": "0",
        "merge_interval_s": "2.5",
    }
    assert set(written) == {field.name for field in dataclasses.fields(Settings)}
    for key, text in written.items():
        monkeypatch.setenv(f"NBTRACK_{key.upper()}", text)
    from_environment = settings()
    for key in written:
        monkeypatch.delenv(f"NBTRACK_{key.upper()}")
    assert from_environment == configure(**written)
    assert from_environment == Settings("elsewhere", "digits", False, False, False, 2.5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "unknown setting 'colour'. Accepted: store, experiment, card"),
        ({"card": "maybe"}, "card is 'maybe'; accepted: true or false"),
        ({"merge_interval_s": 0}, "accepted: a number of seconds above 0"),
        ({"merge_interval_s": -1}, "above 0"),
        ({"merge_interval_s": "soon"}, "above 0"),
        ({"merge_interval_s": float("nan")}, "above 0"),
        ({"merge_interval_s": [1]}, "above 0"),
    ],
)
def test_a_bad_setting_is_named_with_what_is_accepted(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said.replace("(", r"\(")) as caught:
        configure(**changes)
    assert str(caught.value).startswith("configure(): ")
    assert settings() == Settings()


def test_a_call_with_one_bad_setting_changes_nothing() -> None:
    with pytest.raises(SettingError):
        configure(card=False, colour="red")
    assert settings().card is True


def test_where_a_bad_setting_stands_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_pyproject("[tool.nbtrack]\ncolour = 'red'\n")
    with pytest.raises(SettingError, match="colour") as caught:
        settings()
    assert str(file) in str(caught.value)
    file.unlink()
    monkeypatch.setenv("NBTRACK_LIVE", "perhaps")
    with pytest.raises(SettingError, match="NBTRACK_LIVE"):
        settings()


def test_other_nbtrack_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_OF_ANOTHER_TOOL", "1")
    assert settings() == Settings()


def test_the_nearest_pyproject_with_our_table_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    top = Path.cwd()
    inner = top / "a" / "b"
    inner.mkdir(parents=True)
    write_pyproject("[tool.nbtrack]\nstore = 'kept/.nbtrack'\n", top)
    write_pyproject("[project]\nname = 'other'\n", inner)
    monkeypatch.chdir(inner)
    assert find_store_root() == top / "kept" / ".nbtrack"


def test_a_pyproject_that_changes_is_read_again() -> None:
    file = write_pyproject("[tool.nbtrack]\ncard = false\n")
    assert settings().card is False
    write_pyproject("[tool.nbtrack]\ncard = true\n")
    os.utime(file, ns=(1, 1))  # a second write within the clock's tick must not decide this test
    assert settings().card is True


@pytest.mark.parametrize("content", ["[tool.nbtrack", "tool = 3", "[tool]\nnbtrack = 3", "\x00"])
def test_a_broken_pyproject_is_somebody_elses_problem(content: str) -> None:
    write_pyproject(content)
    assert settings() == Settings()


def test_a_pyproject_in_another_encoding_is_passed_over() -> None:
    (Path.cwd() / "pyproject.toml").write_bytes("[tool.nbtrack]\nstore = 'é'".encode("utf-16"))
    assert settings() == Settings()


def test_the_store_is_found_upwards_like_git(monkeypatch: pytest.MonkeyPatch, store_root: Path) -> None:
    inner = Path.cwd() / "notebooks" / "drafts"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert find_store_root() == inner / ".nbtrack"
    store_root.mkdir()
    assert find_store_root() == store_root
    assert find_store_root(Path.cwd().parent) == store_root


def test_a_file_named_like_the_store_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    (Path.cwd() / ".nbtrack").write_text("")
    inner = Path.cwd() / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert find_store_root() == inner / ".nbtrack"


def test_the_chosen_store_beats_the_nearest(monkeypatch: pytest.MonkeyPatch, store_root: Path) -> None:
    store_root.mkdir()
    monkeypatch.setenv("NBTRACK_STORE", "~/team/.nbtrack")
    assert find_store_root() == Path.home() / "team" / ".nbtrack"
    configure(store="other")
    assert find_store_root() == Path.cwd() / "other"


def test_a_started_process_finds_the_store_of_its_environment(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from nbtrack.config import find_store_root; print(find_store_root())"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NBTRACK_STORE": str(tmp_path / "s")},
    )
    assert shown.stdout.strip() == str(tmp_path / "s")
