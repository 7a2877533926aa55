"""A tag: a word of yours on a run, under a name; beside it there is a note, which is free text.

Params and metrics say what happened; tags and the note say what you think of it. They may be
changed at any time, also long after the run.

    %%track baseline --tag stage=draft --note "before the data were cleaned"

    %nbtrack tag stage=final                  # on the latest run; --run RUN names another
    %nbtrack tag stage=                       # takes it away
    %nbtrack note the seed was lucky

In Python, inside of a run: `nbtrack.set_tag("stage", "final")`; in a shell:
`nbtrack tag baseline stage=final`. The run table and `%nbtrack show` edit both in place.

    nbtrack.runs("tags.stage = 'final'")

A tag is also how a chosen run is found again: nbtrack has no model registry yet.
"""
