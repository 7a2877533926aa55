"""The pages that ``make docs`` writes: everything public is there, laid out, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

import nbtrack
from nbtrack import concepts
from nbtrack.concepts import CONCEPTS, find, page, titles
from nbtrack.magics.verbs import VERBS, run_verb

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    # The target itself, whose warnings are errors; but with this environment.
    words = ["make", "docs", f"BIN={Path(sys.executable).parent}", "STAMP=", "CHECKS=", f"DOCS={folder}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def section(html: str, name: str) -> str:
    return html.split(f'<section id="{name}"', 1)[1].split("</section>", 1)[0]


def test_every_public_name_has_its_place(pages: Path) -> None:
    html = (pages / "nbtrack.html").read_text()
    for name in nbtrack.__all__:
        assert f'id="{name}"' in html, name


def test_numpy_docstrings_are_laid_out(pages: Path) -> None:
    html = section((pages / "nbtrack.html").read_text(), "start_run")
    headings = re.findall(r"<h6[^>]*>(.*?)</h6>", html)
    assert headings == ["Parameters", "Returns", "Raises", "Examples"]
    assert "----" not in html
    assert "doctest:" not in html
    assert ":func:" not in html
    assert re.search(r"<li><strong>run_id</strong>", html)


def test_each_concept_has_a_page(pages: Path) -> None:
    for concept in CONCEPTS:
        html = (pages / "nbtrack" / "concepts" / f"{concept}.html").read_text()
        assert titles()[concept].replace("`", "") in words_of(html)


def test_their_index_lists_them(pages: Path) -> None:
    html = (pages / "nbtrack" / "concepts.html").read_text().split('<div class="docstring">', 1)[1]
    assert tuple(re.findall(r'href="concepts/(\w+).html"', html))[: len(CONCEPTS)] == CONCEPTS


def test_the_pages_load_nothing_from_elsewhere(pages: Path) -> None:
    found = sorted(pages.rglob("*.html"))
    assert len(found) > len(CONCEPTS)
    for file in found:
        html = file.read_text()
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=.https?://", html), file.name
        assert not re.findall(r"@import|url\(.?https?://", html), file.name


# --- the same at hand -------------------------------------------------------------------------------------------------


def test_every_page_is_short_and_begins_with_what_it_is() -> None:
    modules = {file.stem for file in (ROOT / "nbtrack" / "concepts").glob("*.py")} - {"__init__"}
    assert modules == set(CONCEPTS)
    for concept in CONCEPTS:
        lines = page(concept).splitlines()
        assert 10 <= len(lines) <= 50, concept
        assert all(len(line) <= 100 for line in lines), concept
        assert ": " in lines[0]


def test_what_pages_name_is_there() -> None:
    for concept in CONCEPTS:
        for name in re.findall(r"nbtrack\.(\w+)\(", page(concept)):
            assert name in nbtrack.__all__, f"{concept}: {name}"
        for verb in re.findall(r"%nbtrack (\w+)", page(concept)):
            assert verb in VERBS, f"{concept}: {verb}"


def test_help_in_the_notebook_tells_of_verbs_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    from nbtrack.errors import OptionError

    run_verb("help", None)
    shown = capsys.readouterr().out
    assert all(concept in shown for concept in CONCEPTS)
    run_verb("help hazard", None)
    assert capsys.readouterr().out == page("hazard") + "\n"
    run_verb("help verify", None)
    assert "usage: %nbtrack verify" in capsys.readouterr().out
    run_verb("help tag", None)
    shown = capsys.readouterr().out
    assert shown.startswith(page("tag"))
    assert shown.endswith("%nbtrack tag --help says what the verb takes.\n")
    with pytest.raises(OptionError, match=r"no help on 'nonsense'. Words: run, experiment.* Verbs: runs, best"):
        run_verb("help nonsense", None)


def test_help_in_the_shell_tells_of_words_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    from nbtrack.cli import main

    assert main(["help"]) == 0
    shown = capsys.readouterr().out
    assert all(title.partition(": ")[2] in shown for title in titles().values())
    assert main(["help", "verdict"]) == 0
    assert capsys.readouterr().out == page("verdict") + "\n"
    assert main(["help", "stale_input"]) == 0
    assert capsys.readouterr().out == page("hazard") + "\n"
    assert main(["help", "tag"]) == 0
    assert capsys.readouterr().out == page("tag") + "\n\nnbtrack tag --help says what the command takes.\n"
    assert main(["help", "gc"]) == 0
    assert capsys.readouterr().out.startswith("usage: nbtrack gc")
    assert main(["help", "nonsense"]) != 0
    assert "no help on 'nonsense'. Words: run, experiment" in capsys.readouterr().err


def test_a_word_that_somebody_asks_for_leads_to_the_page_that_has_it() -> None:
    assert all(find(concept) == find(f"{concept}s") == concept for concept in CONCEPTS)
    for concept, words in concepts._TOLD_ON.items():
        for word in words:
            assert find(word) == concept, word
            assert word.replace("_", " ") in page(concept).lower().replace("_", " "), f"{concept}: {word}"
