"""A run: one execution that is tracked, with what went in and what came out.

There are three ways to make one:

* `%%track [NAME] [--seed N]` on top of a cell; nothing in the cell has to be changed.
* `@nbtrack.track` on a function: each call is a run.
* `with nbtrack.start_run():` and the functions `log_param`, `log_metric`, …, named and behaving
  as in MLflow.

A run has params, metrics, tags and a note, artifacts, its code, its seed and the state of the
random number generators when it began, and its environment: Python, packages, git. Its status is
`running`, `finished`, `failed`, `interrupted`, or `crashed`, where its process is gone. Runs nest:
one that begins inside another is its child.

    run = nbtrack.get_run("baseline")         # by name, the latest; or by the beginning of its id
    run.params, run.metrics, run.tags, run.artifacts
    run.report()                              # all of it as one dict that JSON can hold

    %nbtrack                                  # the run table
    %nbtrack show baseline                    # everything about one

`%nbtrack delete RUN` marks a run as deleted, `restore` brings it back, and `nbtrack gc` in a shell
removes for good what is marked.
"""
