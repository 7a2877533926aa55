"""The first run on a new store: from ``import`` to its end, and as the whole process less a bare interpreter."""

import time
from pathlib import Path

from common import RESULT, Figure, Options, Row, bare_child, folder_of, interleave, main, median_of, trackers, workspace

FIRST_RUN = """
import time
begun = time.perf_counter()
import sys
sys.path.insert(0, {here!r})
from trackers import TRACKERS
tracker = TRACKERS[{name!r}]({folder!r})
tracker.load()
tracker.run("first", {{"lr": 0.1}}, lambda log: log("loss", 0.5, 0))
print("\\n{result}", time.perf_counter() - begun)
"""


def measure(options: Options) -> list[Row]:
    names = trackers(options)
    here = str(Path(__file__).parent)

    def once(name: str, number: int) -> dict[str, float]:
        folder = folder_of(base, name, number)
        code = FIRST_RUN.format(here=here, name=name, folder=str(folder), result=RESULT)
        begun = time.perf_counter()
        bare_child("pass", name, folder)
        bare_end = time.perf_counter()
        inner = bare_child(code, name, folder)
        return {"inner": inner, "whole": time.perf_counter() - bare_end - (bare_end - begun)}

    with workspace() as base:
        for name in names:
            once(name, -1)  # compiled files and page cache are then there for everybody
        results = interleave(names, options.rounds, once)
    inner = Row("first run on a new store, from `import` to its end", "s", 0.15, rounds=str(options.rounds))
    whole = Row("… the whole process less a bare interpreter", "s", 0.15, rounds=str(options.rounds))
    for name in names:
        inner.figures.append(Figure(name, median_of(results[name], "inner")))
        whole.figures.append(Figure(name, median_of(results[name], "whole")))
    return [inner, whole]


if __name__ == "__main__":
    main(measure)
