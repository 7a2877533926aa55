"""A slice: the cells that a run's result depends on, as they ran then.

It is the least list of cell executions, in their order, that gives the result: not the whole
notebook, and not the cells as they read now. nbtrack finds it from what each execution read, bound
and changed, files and random number generators included; a cell that only printed something is
not in it.

    run = nbtrack.get_run("baseline")
    run.slice()                               # the executions, with their code
    nbtrack.export(run, "baseline.ipynb")     # the same as a clean notebook, or script: .py

`%nbtrack show baseline` lists it under *depends on*, with what each cell gives to which.

Hazards are looked for in the slice alone, so that what the result does not depend on raises no
alarm. A replay runs the slice and nothing else. Should that not give the number, everything that
ran before is replayed, and a slice that was too small is corrected.

Cells that ran before `%load_ext nbtrack` are known by their code alone.
"""
