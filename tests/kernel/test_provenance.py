"""What is recorded of cells and said of runs, in a real shell; whole sessions are in tests/kernel/sessions."""

from __future__ import annotations

from typing import Any

import pytest

import nbtrack


def report(name: str | None = None) -> dict[str, Any]:
    """Return the report of a run as the store has it."""
    found = nbtrack.search_runs(output_format="list", search_all_experiments=True)
    run = next(run for run in found if name in (None, run.info.run_name))
    return nbtrack.get_run(run.info.run_id).report()


def labels(name: str | None = None) -> list[str]:
    return [hazard["label"] for hazard in report(name)["hazards"]]


def counts(name: str | None = None) -> list[int]:
    return [member["execution_count"] for member in report(name)["slice"]]


def with_ids(shell: Any, *cells: tuple[str, str]) -> None:
    for cell_id, source in cells:
        assert shell.ip.run_cell(source, store_history=True, cell_id=cell_id).success


STALE = (("A", "import nbtrack\nx = 1"), ("B", "y = x + 1"), ("C", "pass"), ("A", "import nbtrack\nx = 10"))


def test_a_tracked_cell(shell: Any) -> None:
    with_ids(shell, *STALE, ("T", "%%track one\nscore = y * 2.0"))
    assert labels("one") == ["stale_input"]
    assert counts("one") == [2, 3, 6]
    assert nbtrack.last_active_run().report()["hazards"] == report("one")["hazards"]
    assert any("used x = 1" in card for card in shell.cards)


def test_a_block_in_an_untracked_cell(shell: Any) -> None:
    with_ids(shell, *STALE, ("T", "with nbtrack.start_run(run_name='one') as run:\n    run.log_metric('m', y)"))
    assert "stale_input" in labels("one")
    assert counts("one")[-1] == 6


def test_a_tracked_function_where_it_is_called(shell: Any) -> None:
    with_ids(
        shell,
        *STALE,
        ("F", "@nbtrack.track(name='one')\ndef train(lr):\n    return {'loss': y * lr}"),
        ("T", "losses = [train(lr) for lr in (0.1, 0.2)]"),
    )
    assert "stale_input" in labels("one")
    assert {6, 7} <= set(counts("one"))
    assert (nbtrack.runs()["hazard_count"] > 0).tolist() == [True, True]


def test_a_run_over_several_cells(shell: Any) -> None:
    with_ids(
        shell,
        *STALE,
        ("S", "_ = nbtrack.start_run(run_name='one')"),
        ("L", "nbtrack.log_metric('m', y)"),
        ("E", "nbtrack.end_run()"),
    )
    assert "stale_input" in labels("one")
    assert {6, 7, 8} <= set(counts("one"))


def test_a_file_that_is_kept_later_changes_nothing_of_what_a_run_depends_on(shell: Any) -> None:
    with_ids(shell, ("A", "import nbtrack\nx = 1"), ("T", "%%track one\nscore = x * 2.0"))
    ended = nbtrack.get_run("one").info.end_time
    keep = "with nbtrack.start_run(run_id=RUN):\n    nbtrack.log_text('good', 'words.txt')\n    nbtrack.set_tag('stage', 'final')"
    with_ids(shell, ("R", "RUN = nbtrack.get_run('one').info.run_id"), ("K", keep))
    assert counts("one") == [2, 3]
    assert (labels("one"), nbtrack.get_run("one").info.end_time) == ([], ended)
    assert nbtrack.get_run("one").tags["stage"] == "final"


def test_a_run_that_is_gone_on_with_depends_on_both_cells(shell: Any) -> None:
    with_ids(shell, *STALE, ("T", "%%track one\nscore = y * 2.0"), ("Z", "z = 3"))
    with_ids(
        shell,
        ("K", "with nbtrack.start_run(run_id=nbtrack.get_run('one').info.run_id):\n    nbtrack.log_metric('more', z)"),
    )
    assert counts("one") == [2, 3, 5, 6, 7, 8]
    assert labels("one") == ["stale_input"]


def test_a_run_that_another_cell_goes_on_with(shell: Any) -> None:
    shell.run("import nbtrack\nk = sum([3, 4])")
    shell.run("%%track one\na = k / 7")
    shell.run("unused = 5")
    shell.run(
        "with nbtrack.start_run(run_id=nbtrack.last_active_run().info.run_id):\n    nbtrack.log_metric('b', 2 * 3.5)"
    )
    assert counts("one") == [2, 3, 5]


def test_a_clean_run_says_nothing_and_knows_its_slice(shell: Any) -> None:
    with_ids(shell, ("A", "x = 1"), ("B", "unused = 2"), ("T", "%%track one\nscore = x * 2.0"))
    assert labels("one") == []
    assert counts("one") == [2, 4]
    assert [member["source"] for member in report("one")["slice"]] == ["x = 1", "score = x * 2.0"]
    assert report("one")["unknown"]["skipped_cell"]


def test_cells_without_code_and_without_credentials(shell: Any) -> None:
    shell.run('api_key = "abc123"; x = 1')
    shell.run("%%track hidden --no-code\nscore = x * 2.0")
    assert [member["source"] for member in report("hidden")["slice"]] == [None, None]
    shell.run("%%track shown\nscore = x * 3.0")
    sources = [member["source"] for member in report("shown")["slice"]]
    assert sources == ['api_key = "…"; x = 1', "score = x * 3.0"]
    assert "abc123" not in nbtrack.sql("select * from sources").to_string()


def test_executions_stay_with_the_store(shell: Any) -> None:
    shell.run("x = 1")
    shell.run("x += 1")
    shell.run("1 / 0")
    shell.run("%%track one\nscore = x * 2.0")
    cells = nbtrack.sql("select execution_count, outcome, reads, binds from cell_executions order by sequence")
    assert list(cells["execution_count"]) == [1, 2, 3, 4, 5]
    assert list(cells["outcome"]) == ["ok", "ok", "ok", "error", "ok"]
    assert list(cells["reads"].iloc[2]) == ["x"]


def test_unloading_ends_the_watch(shell: Any) -> None:
    shell.run("%unload_ext nbtrack")
    shell.run("x = 1")
    shell.run("%load_ext nbtrack")
    shell.run("%%track one\nscore = x * 2.0")
    # The cell ran unseen, and is known from IPython's history.
    assert counts("one") == [3, 5]
    assert nbtrack.get_run(report("one")["run_id"]).slice()[0].observed is False


@pytest.mark.parametrize("cells", [400])
def test_a_long_chain_of_cells(shell: Any, cells: int) -> None:
    shell.ip.run_cell("x0 = 1", store_history=True, cell_id="c0")
    for index in range(1, cells):
        shell.ip.run_cell(f"x{index} = x{index - 1} + 1", store_history=True, cell_id=f"c{index}")
    shell.ip.run_cell("x0 = 2", store_history=True, cell_id="c0")
    shell.ip.run_cell(f"%%track one\nscore = x{cells - 1} * 2.0", store_history=True, cell_id="T")
    assert labels("one") == ["stale_input"]
    assert len(counts("one")) == cells + 1


def test_a_run_of_the_cell_that_loads_nbtrack_is_not_laid_to_the_next_one(start_kernel: Any) -> None:
    kernel = start_kernel()
    early = "import random, nbtrack\n%load_ext nbtrack\nwith nbtrack.start_run(run_name='early'):\n    nbtrack.log_metric('loss', 1)"
    assert kernel.run(early).ok
    assert kernel.run("%%track late\nscore = random.random()").ok
    assert counts("early") == []
    assert labels("early") == []
    assert counts("late")
