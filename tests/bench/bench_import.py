"""``import nbtrack`` in a fresh interpreter, and ``%load_ext nbtrack`` in an IPython that is already running."""

import statistics

from common import RESULT, Figure, Options, Row, bare_child, folder_of, interleave, main, trackers, workspace
from trackers import TRACKERS

IMPORT = """
import time
begun = time.perf_counter()
import {package}
print("\\n{result}", (time.perf_counter() - begun) * 1e3)
"""
LOAD_EXTENSION = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("1 + 1")
begun = time.perf_counter()
shell.run_cell("%load_ext nbtrack").raise_error()
print("\\n{result}", (time.perf_counter() - begun) * 1e3)
"""


def measure(options: Options) -> list[Row]:
    names = trackers(options, "MLflow sqlite", "Aim", "W&B offline", "trackio", "TensorBoardX", "Sacred")
    rounds = options.size(2 * options.rounds + 1, 1)

    def load(name: str, _: int) -> float:
        code = IMPORT.format(package=TRACKERS[name].package, result=RESULT)
        return bare_child(code, name, folder_of(base, name))

    def load_extension(name: str, _: int) -> float:
        return bare_child(LOAD_EXTENSION.format(result=RESULT), name, folder_of(base, name))

    with workspace() as base:
        load_extension("nbtrack", 0)  # compiles, and fills the page cache
        imports = interleave(names[1:], options.rounds, load)
        ours = interleave(["nbtrack"], rounds, lambda name, n: (load(name, n), load_extension(name, n)))["nbtrack"]
    first = Row("`import nbtrack`", "ms", 40.0, rounds=f"{rounds}, peers {options.rounds}")
    second = Row("`%load_ext nbtrack` in a running IPython", "ms", 80.0, rounds=str(rounds))
    imports["nbtrack"] = [imported for imported, _ in ours]
    for name in names:
        label = name.removesuffix(" sqlite").removesuffix(" offline")
        first.figures.append(Figure(label, statistics.median(imports[name])))
    second.figures.append(Figure("nbtrack", statistics.median(loaded for _, loaded in ours)))
    return [first, second]


if __name__ == "__main__":
    main(measure)
