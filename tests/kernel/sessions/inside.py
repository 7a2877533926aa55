"""What the driver asks of the kernel's process: the report of the run, and facts measured without nbtrack."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import random
import sys
from typing import Any


def report(shell: Any) -> str:
    """The report of the last run as JSON, or why there is none."""
    import nbtrack

    last = nbtrack.last_active_run()
    if last is None:
        return json.dumps({"missing": "there is no run"})
    make = getattr(last, "report", None)
    if make is None:
        return json.dumps({"missing": "runs have no report()"})
    return json.dumps(make(), default=str)


def problems(shell: Any) -> str:
    """The defects that nbtrack met in this session, with tracebacks; from the journal, as a query takes long."""
    from nbtrack.config import find_store_root

    found = []
    for journal in sorted(find_store_root().glob("journal/*.ev")):
        for line in journal.read_text(errors="replace").splitlines():
            if '"problem"' in line:
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    found.append([event.get("text", ""), event.get("detail", "")])
    return json.dumps(found)


def results(shell: Any, names: list[str]) -> str:
    """The numbers that these names have now, as text that two processes can compare."""
    return json.dumps({name: _text(shell.user_ns[name]) for name in names if name in shell.user_ns})


def _text(value: Any) -> str:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "size", 1) == 1:
        value = item()
    return repr(value)


def number_names(source: str) -> list[str]:
    """The names that a cell binds at its top level, blocks included: candidates for its result."""
    found: list[str] = []
    lines = [line for line in source.splitlines() if not line.startswith(("%", "!"))]
    stack: list[ast.AST] = [ast.parse("\n".join(lines))]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        stack.extend(ast.iter_child_nodes(node))
    return sorted({name for name in found if not name.startswith("_")})


def bound_numbers(shell: Any, names: list[str]) -> str:
    """Of these names, those that are numbers now."""
    import numpy as np

    kinds = (int, float, complex, np.number)
    return json.dumps([name for name in names if isinstance(shell.user_ns.get(name), kinds)])


def remember_generators(shell: Any) -> str:
    """Keep the states of all generators that the namespace reaches, to go back to them."""
    shell._nbtrack_test_states = _states(shell.user_ns)
    return "null"


def restore_generators(shell: Any) -> str:
    """Go back to the states that were kept."""
    np = _numpy()
    for kind, thing, state in shell._nbtrack_test_states:
        if kind == "random":
            (thing or random).setstate(state)
        elif kind == "numpy" and np is not None:
            (thing or np.random).set_state(state)
        elif kind == "generator":
            thing.bit_generator.state = state
    return "null"


def _numpy() -> Any:
    """Return NumPy where it is imported; where a thread is at it right now, once that is done."""
    return importlib.import_module("numpy") if "numpy" in sys.modules else None


def _states(namespace: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    found: list[tuple[str, Any, Any]] = [("random", None, random.getstate())]
    np = _numpy()
    if np is not None:
        found.append(("numpy", None, np.random.get_state()))
    reached = list(namespace.values())
    for value in list(reached):
        if type(value) in (list, tuple):
            reached += value
        elif type(value) is dict:
            reached += value.values()
        elif isinstance(getattr(value, "__dict__", None), dict) and not isinstance(value, type(sys)):
            reached += vars(value).values()
    for value in reached:
        if isinstance(value, random.Random):
            found.append(("random", value, value.getstate()))
        elif np is not None and isinstance(value, np.random.RandomState):
            found.append(("numpy", value, value.get_state()))
        elif np is not None and isinstance(value, np.random.Generator):
            found.append(("generator", value, value.bit_generator.state))
    return found


def seed(shell: Any, number: int) -> str:
    """Do what ``%%track --seed N`` does, without nbtrack."""
    import numpy as np

    random.seed(number)
    np.random.seed(number)
    return "null"


def scramble(shell: Any) -> str:
    """Put the global generators where a fresh process has them: anywhere."""
    import numpy as np

    random.seed()
    np.random.seed()
    return "null"
