"""``%%track``: what is recorded, and that the cell behaves as if the line were not there."""

from __future__ import annotations

import re

import pytest

import nbtrack


def last():
    run = nbtrack.last_active_run()
    assert run is not None
    return nbtrack.get_run(run.info.run_id)


def test_a_tracked_cell_is_a_run(shell):
    shell.run("upstream = 3")
    result = shell.run(
        "%%track baseline --seed 42 --tag stage=draft --note 'first try'\nC = 0.1\naccuracy = upstream * C + 0.5"
    )
    assert result.success
    run = last()
    assert run.info.run_name == "baseline"
    assert run.info.status == "finished"
    assert run.info.seed == 42
    assert run.params == {"C": 0.1, "upstream": 3}
    assert run.metrics == {"accuracy": pytest.approx(0.8)}
    assert run.tags == {"stage": "draft"}
    assert run.note == "first try"
    assert run.info.source.kind == "cell"
    assert run.info.source.code == "C = 0.1\naccuracy = upstream * C + 0.5"
    assert run.info.source.execution_count == 3
    assert any("baseline" in card and "accuracy" in card for card in shell.cards)


def test_no_code_keeps_no_source_and_quiet_shows_no_card(shell):
    shell.run("%%track --no-code --quiet\nx = 1")
    assert last().info.source.code is None
    assert shell.cards == []


def test_the_seed_is_set_before_the_cell(shell):
    shell.run("import random")
    shell.run("%%track --seed 7\ndrawn = random.random()")
    first = shell["drawn"]
    shell.run("%%track --seed 7\ndrawn = random.random()")
    assert shell["drawn"] == first


CELLS = {
    "an expression": "6 * 7",
    "a silenced expression": "6 * 7;",
    "a print and an expression": "print('a')\n'b'",
    "None": "None",
    "nothing but a comment": "# nothing",
    "an error": "x = 1\n1 / 0",
    "an error in a function": "def f(x):\n    return 1 / x\nf(0)",
    "a syntax error": "x = = 1",
    "an undefined name": "nowhere",
    "top-level await": "import asyncio\nawait asyncio.sleep(0)\n'slept'",
    "async for": "async def g():\n    yield 1\n[item async for item in g()]",
    "a line magic": "%pwd",
    "a shell command": "!echo hello from the shell",
    "a captured shell command": "lines = !echo one\nlines[0]",
    "help": "len?",
    "indented": "    y = 2\n    y",
    "unicode": "größe = 'ß'\ngröße",
    "a stopped iteration": "raise StopIteration(3)",
    "a chained error": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('bad') from error",
    "a system exit with a message": "raise ValueError('a message')",
    "a multi-line string": "text = '''a\nb'''\ntext",
    "underscore": "5",
    "a future import": "from __future__ import annotations\ndef f(x: nowhere): ...\nf.__annotations__",
    "a display": "from IPython.display import display\ndisplay('shown')\n'result'",
    "locals": "sorted(name for name in dir() if not name.startswith('_'))[:3]",
}


def observe(shell, capfd, cell: str) -> dict[str, object]:
    shell.run("'before'")
    capfd.readouterr()
    result = shell.run(cell)
    out = capfd.readouterr()
    error = result.error_before_exec or result.error_in_exec
    return {
        "stdout": scrub(out.out),
        "stderr": out.err,
        "result": result.result,
        "error": (type(error), str(error) if not isinstance(error, SyntaxError) else error.msg),
        "_": shell.ip.user_ns.get("_"),
        "Out": dict(shell.ip.user_ns["Out"]),
        "In length": len(shell.ip.user_ns["In"]),
        "frames": frames(error),
    }


def scrub(text: str) -> str:
    """Leave out what may differ: line and cell numbers, and the card."""
    text = re.sub(r"(line |:)\d+|^(-*>)? *\d+ .*$|Cell In\[\d+\]|In\[\d+\]|Out\[\d+\]", "", text, flags=re.MULTILINE)
    return "\n".join(line for line in text.splitlines() if line.strip())


def frames(error: BaseException | None) -> list[str]:
    found, trace = [], getattr(error, "__traceback__", None)
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_name)
        assert "nbtrack" not in trace.tb_frame.f_code.co_filename.split("/")
        trace = trace.tb_next
    return found


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_cell_behaves_as_without_the_line(cell, shell, capfd):
    tracked = observe(shell, capfd, "%%track --quiet\n" + cell)
    shell.run("%reset -f")
    plain_first = shell.ip.execution_count
    plain = observe(shell, capfd, cell)
    for key in ("stdout", "stderr", "result", "error", "_", "frames"):
        assert tracked[key] == plain[key], key
    assert shell.ip.execution_count == plain_first + 2


def test_the_result_is_in_out_and_underscore(shell):
    shell.run("%%track\n6 * 7")
    assert shell["_"] == 42
    assert shell["Out"][shell.ip.execution_count - 1] == 42


def test_the_traceback_names_the_line_of_the_cell(shell, capfd):
    shell.run("%%track\nx = 1\n1 / 0")
    text = capfd.readouterr().out
    assert "line 3" in text
    assert "nbtrack" not in text


def test_a_failed_cell_is_a_failed_run_with_its_error(shell, capfd):
    shell.run("%%track\nC = 3\ndef f():\n    raise ValueError('too small')\nf()")
    run = last()
    assert run.info.status == "failed"
    assert run.info.error.type == "ValueError"
    assert run.info.error.message == "too small"
    assert "in f" in run.info.error.traceback
    assert "IPython" not in run.info.error.traceback
    assert run.params == {"C": 3}


FAILING = {
    "never reached": ("loss = 1 / 0", {}, {}),
    "reached before": ("C = 3\nloss = 1 / 0", {"C": 3}, {}),
    "behind": ("1 / 0\nC = 3\nloss = sum([1])", {}, {}),
    "in a loop": ("for i in range(3):\n    loss = sum([i])\n    if i == 2:\n        1 / 0", {}, {"loss": 2.0}),
    "in a function": ("C = 4\ndef f():\n    1 / 0\nf()\nloss = 1.0", {"C": 4}, {}),
    "a magic above": ("%pwd\nC = 5\n1 / 0", {"C": 5}, {}),
    "below another magic": ("%%time\nC = 6\n1 / 0", {"C": 6}, {}),
}


@pytest.mark.parametrize(("cell", "params", "metrics"), FAILING.values(), ids=FAILING)
def test_a_failed_cell_has_only_what_it_bound_itself(cell, params, metrics, shell, capfd):
    shell.run("C = 3\nloss = 0.125")
    shell.run("%%track\n" + cell)
    run = last()
    assert run.info.status == "failed"
    assert (run.params, run.metrics) == (params, metrics)


def test_a_branch_not_taken_leaves_what_an_earlier_cell_bound(shell):
    shell.run("k = 7\nloss = 0.5")
    shell.run("%%track\nif len('') > 1:\n    k = 3\n    loss = sum([1])\nn = 1")
    assert (last().params, last().metrics) == ({"n": 1}, {})


def test_a_constant_in_a_branch_is_a_param_of_every_execution(shell):
    cell = "%%track\nif len('x') > 0:\n    device = 'cpu'\n    k = 3\nelse:\n    device = 'gpu'"
    for _ in range(2):
        shell.run(cell)
        assert last().params == {"device": "cpu", "k": 3}


def test_a_syntax_error_makes_no_run(shell, capfd):
    shell.run("%%track\nx = = 1")
    assert nbtrack.last_active_run() is None or len(nbtrack.runs()) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--sed 3", "--sed"),
        ("--seed many", "whole number"),
        ("--seed -1", "whole number"),
        ("--tag nothing", "key=value"),
        ("one two", "two"),
        ("--metrics nowhere", "nowhere"),
        ("--params C,missing", "missing"),
        ("--ignore missing", "missing"),
        ("--note 'open", "quot"),
    ],
)
def test_a_bad_option_is_said_before_the_cell_runs(line, said, shell, capfd):
    result = shell.run(f"%%track {line}\nC = 1\nprint('the cell ran')")
    out = capfd.readouterr()
    assert not result.success
    assert "the cell ran" not in out.out
    assert "UsageError" in out.err + out.out
    assert said in out.err + out.out
    assert "C" not in shell.ip.user_ns
    assert len(nbtrack.runs()) == 0


def test_explicit_values_win(shell):
    shell.run(
        "%%track --metrics n --params total --ignore other\n"
        "import nbtrack\nn = 3\ntotal = sum([1, 2])\nother = 5\nloss = sum([1]) / 4\nnbtrack.log_metric('loss', 9.0)\nnbtrack.log_metric('rate', 2.0)\nrate = 0.5"
    )
    run = last()
    assert run.metrics == {"n": 3.0, "loss": 9.0, "rate": 2.0}
    assert run.params == {"total": 3}


def test_blank_lines_above_the_magic(shell):
    assert shell.run("\n\n%%track spaced\nx = 1").success
    assert last().info.run_name == "spaced"


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("%%track a\n", "incomplete"),
        ("%%track a\nC = 1", "incomplete"),
        ("%%track a\nC = 1\n\n", "complete"),
        ("%%track --bad\nC = 1\n\n", "complete"),
    ],
)
def test_a_terminal_takes_the_whole_cell(typed, status, shell):
    assert shell.ip.check_complete(typed)[0] == status


def test_another_cell_magic_below(shell, capfd):
    assert shell.run("%%track timed\n%%time\nloss = sum(range(10)) / 3").success
    assert "Wall time" in capfd.readouterr().out
    run = last()
    assert run.info.run_name == "timed"
    assert run.metrics == {"loss": 15.0}


def test_below_another_cell_magic(shell, capfd):
    assert shell.run("%%time\n%%track inner\nloss = sum(range(10)) / 3\nloss").success
    run = last()
    assert run.info.run_name == "inner"
    assert run.metrics == {"loss": 15.0}


def test_below_another_cell_magic_an_error_is_the_users(shell, capfd):
    result = shell.run("%%time\n%%track inner\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert last().info.status == "failed"


def test_runs_within_a_tracked_cell_are_its_children(shell):
    shell.run(
        "%%track parent\nimport nbtrack\n"
        "for C in (1, 2):\n    with nbtrack.start_run(run_name=f'child {C}'):\n        nbtrack.log_metric('loss', C)"
    )
    parent = nbtrack.get_run("parent")
    children = nbtrack.runs("params.C is null and run_name like 'child%'")
    assert set(children["parent_run_id"]) == {parent.info.run_id}
    assert parent.info.status == "finished"


def test_an_open_run_refuses_a_cell_that_is_not_nested(shell, capfd):
    shell.run("import nbtrack\nopen_run = nbtrack.start_run(run_name='left open')")
    result = shell.run("%%track\nx = 1")
    assert not result.success
    assert "left open" in "".join(capfd.readouterr())
    assert shell.run("%%track inside --nested\nx = 1").success
    assert nbtrack.get_run("inside").info.parent_run_id == shell["open_run"].run_id
    shell.run("nbtrack.end_run()")
    assert nbtrack.get_run("left open").info.status == "finished"


def test_a_run_opened_in_one_cell_takes_values_in_the_next(shell):
    shell.run("import nbtrack\nrun = nbtrack.start_run()")
    shell.run("nbtrack.log_metric('loss', 0.5)")
    shell.run("nbtrack.end_run()")
    assert last().metrics == {"loss": 0.5}


def test_end_run_in_a_tracked_cell_leaves_the_cells_run_alone(shell):
    shell.run("%%track whole\nimport nbtrack\nnbtrack.end_run()\nloss = sum([1]) / 2")
    assert last().metrics == {"loss": 0.5}


def test_nested_run_cell_is_part_of_the_cell(shell):
    shell.run("%%track outer\nget_ipython().run_cell('inner = 1 / 4')\nloss = inner * 2")
    run = last()
    assert run.info.run_name == "outer"
    assert run.metrics["loss"] == 0.5


def test_loading_twice_and_unloading_leave_the_shell_as_it_was(plain_shell):
    ip = plain_shell.ip
    before = (
        {event: list(callbacks) for event, callbacks in ip.events.callbacks.items()},
        list(ip.input_transformers_cleanup),
        {kind: set(magics) for kind, magics in ip.magics_manager.magics.items()},
        set(ip.user_ns),
    )
    plain_shell.run("%load_ext nbtrack")
    plain_shell.run("%load_ext nbtrack")
    plain_shell.run("%reload_ext nbtrack")
    assert ip.find_cell_magic("track") is not None
    plain_shell.run("%unload_ext nbtrack")
    after = (
        {event: list(callbacks) for event, callbacks in ip.events.callbacks.items()},
        list(ip.input_transformers_cleanup),
        {kind: set(magics) for kind, magics in ip.magics_manager.magics.items()},
    )
    assert after == before[:3]
    assert not [name for name in set(ip.user_ns) - before[3] if not name.startswith("_")]


def test_a_defect_of_ours_is_one_quiet_line(shell, monkeypatch, capfd):
    from nbtrack.capture import autocapture

    def broken(*args, **kwargs):
        raise RuntimeError("a defect")

    monkeypatch.setattr(autocapture, "capture", broken)
    result = shell.run("%%track whatever\nprint('ran')\n6 * 7")
    out = capfd.readouterr()
    assert result.success
    assert result.result == 42
    assert "ran" in out.out
    assert "Traceback" not in out.out + out.err
    said = [card for card in shell.cards if "a defect" in card]
    assert len(said) == 1
    assert last().info.status == "finished"


def test_user_code_that_breaks_the_shell_around_us(shell):
    shell.run("nbtrack = 3\nopen = None\nprint = None")
    assert shell.run("%%track odd\nloss = sum([1]) / 2").success
    assert last().metrics == {"loss": 0.5}
