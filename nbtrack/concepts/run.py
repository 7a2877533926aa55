"""A run: one execution that is tracked, with what went in and what came out.

There are three ways to make one:

* `%%track [NAME] [--seed N]` on top of a cell. Names that the cell binds to a constant are
  **params**, and so are simple values that it reads from the notebook; names that it binds to a
  computed number are **metrics**.
* `@nbtrack.track` on a function: each call is a run, the arguments are params, what it returns
  gives metrics.
* `with nbtrack.start_run():` and the functions `log_param`, `log_metric`, …, named and behaving
  as in MLflow.

A metric is a series: `nbtrack.log_metric("loss", 0.3)` adds a point, whose step is counted unless
`step=` is given. A logged point survives even `kill -9`.

Beside params and metrics a run has a status (`running`, `finished`, `failed`, `interrupted`, or
`crashed`, where its process is gone), tags and a note, artifacts, which are files, its code, its
seed and the state of the random number generators when it began, and its environment: Python,
packages, git. Runs nest, and belong to an **experiment**, a named group, which is the notebook's
name unless `--experiment` or `set_experiment` names another.

    run = nbtrack.get_run("baseline")
    run.params, run.metrics, run.tags, run.artifacts
    run.history("loss")
    run.report()

What looks like a credential is never recorded as a param.
"""
