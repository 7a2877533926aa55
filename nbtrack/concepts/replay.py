"""A slice and its replay: the cells that a run depends on, and running them again.

A run's **slice** is the least list of cell executions, in their order, that its result depends
on: not the cells as they read now, but as they ran then. It is found from what each execution
read, bound and changed.

    run.slice()
    nbtrack.export(run, "baseline.py")      # the slice as a clean script, or notebook: .ipynb

A **replay** runs the slice in a fresh kernel of its own, with the recorded seeds and generator
states. Your kernel is not touched. The replay reads your files where they are and writes to a
mirror of the working directory, which is removed at the end; files that the run made itself are
not there when it begins, so a cached result is computed again.

Five things are made of replays: `verify` (does the number come back?), `replicate` (how far is it
luck?), `compare --replicate` (is it really better?), `explain` (which change did it?) and `rerun`
(what if this param were another?).

What comes over the network, or from a database server, is asked for again. Where the system
cannot forbid it, a subprocess or a library in C can still write by an absolute path.
"""
