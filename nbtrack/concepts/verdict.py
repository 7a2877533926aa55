"""A verdict: whether a run's metrics came back when the cells that it depends on were replayed.

A verification is one such replay, and ends in one of four:

* `reproduced`: every metric came back bit for bit, with all points of its curve.
* `within_tolerance`: up to a relative difference, `--rtol`, 1e-9 unless given; whole numbers
  have none.
* `diverged`: which metrics, by how much, and the most likely reason with what speaks for it.
* `could_not_run`: which cell and which error, or which file or package is missing.

    %nbtrack verify                # the latest run, in the notebook
    nbtrack verify baseline        # in a shell, days later; the exit code says the verdict
    run.verify()                   # in Python

What comes back by luck is not called reproduced: a run that hangs on a generator without a seed,
or on the moment, is replayed again. Where the slice does not give the number, everything that ran
before is replayed, too; if that gives it, the slice was too small, and is corrected. Metrics that
only say how long something took are named and not compared.

The verdict stays with the run: on its card, in every table, in `run.verifications`, and in
filters such as `verdict = 'diverged'`.
"""
