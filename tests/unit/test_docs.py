"""The documents and the help say what is so: commands, paths, links, examples."""

from __future__ import annotations

import argparse
import ast
import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack.cli.parser import build_parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in (ROOT / "nbtrack").rglob("*.py")
    if file.name != "__main__.py"
)


def commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = (action.choices for action in build_parser()._actions if action.choices)
    return dict(choices)  # type: ignore[call-overload]


def fenced(document: str, *languages: str) -> Iterator[str]:
    text = (ROOT / document).read_text()
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language in languages:
            yield block


# --- examples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_are_true(module: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert not failed


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_in_a_document_is_python(document: str) -> None:
    for block in fenced(document, "python"):
        ast.parse(re.sub(r"^%+\w.*$", "", block, flags=re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_a_document_are_accepted(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in "".join(fenced(document, "sh")).splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert words[1] in targets, line
        if words[:1] == ["nbtrack"]:
            build_parser().parse_args(words[1:])


def test_the_readme_names_the_two_commands_that_ci_and_newcomers_type() -> None:
    block = next(fenced("README.md", "sh"))
    assert re.findall(r"^make \w+", block, re.MULTILINE) == ["make demo", "make test"]
    ran = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert ran == ['cd "$(dirname "$0")/.." && exec make test']


# --- paths and links ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_in_a_document_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    # What "will be" is not yet.
    named = re.findall(r"(?<!will be )`((?:[\w.-]+/)+(?:[\w.-]+\.\w+)?)`", re.sub(r"\s+", " ", text))
    missing = [
        path
        for path in named
        if not path.startswith((".nbtrack", ".venv", "artifacts/", "journal/"))
        and not (ROOT / path).exists()
        and not (ROOT / "nbtrack" / path).exists()
    ]
    assert not missing
    assert document != "CONTRIBUTING.md" or len(named) > 20


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_in_a_document_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "[Unreleased]"
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds


# --- help -----------------------------------------------------------------------------------------------------------


def test_the_commands_are_the_documented_ones() -> None:
    assert sorted(commands()) == sorted(
        "ls show hazards compare sql export verify rerun replicate explain tag note delete restore gc doctor demo "
        "help ui version".split()
    )
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert all(f"`{name}`" in changelog for name in commands())


@pytest.mark.parametrize("name", commands())
def test_every_command_and_argument_has_help(name: str) -> None:
    parser = commands()[name]
    assert parser.description
    for action in parser._actions:
        assert action.help, f"{name} {action.option_strings or action.dest}"
    assert parser.format_help().startswith(f"usage: nbtrack {name}")


def test_every_command_is_listed_in_the_overall_help() -> None:
    text = build_parser().format_help()
    for name in commands():
        # A long name has its help on the next line.
        assert re.search(rf"^    {name}(?: +|\n {{8,}})\w", text, re.MULTILINE), name


def test_the_notebook_has_the_same_verbs() -> None:
    verbs = importlib.import_module("nbtrack.magics.verbs").VERBS
    assert {"show", "hazards", "verify", "compare", "tag", "note", "delete", "restore", "export"} <= set(verbs) & set(
        commands()
    )
