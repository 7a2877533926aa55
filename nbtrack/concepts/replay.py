"""A replay: running again, in a fresh kernel, the cells that a run depends on.

It runs the run's slice with the recorded seeds and generator states. Your kernel is not touched.
The replay reads your files where they are and writes to a mirror of the working directory, which
is removed at the end; files that the run made itself are not there when it begins, so a cached
result is computed again.

Five things are made of replays:

    %nbtrack verify baseline                        # does the number come back?
    %nbtrack replicate baseline --seeds 10          # how far is it luck?
    %nbtrack compare first second --replicate 10    # is it really better?
    %nbtrack explain first second                   # which change did it?
    %nbtrack rerun baseline C=0.5                   # what if this param were another?

The same are functions in Python and commands in a shell. They work days later, and on a copy of
the folder on another machine, as far as packages, files and hardware are the same; an environment
is not restored.

What comes over the network, or from a database server, is asked for again. On a Linux with
Landlock the system forbids other writes; elsewhere a subprocess or a library in C can still write
by an absolute path.
"""
