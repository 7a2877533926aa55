"""A store: the folder that runs are kept in, without a server.

It is the nearest `.nbtrack` upwards from the working directory, as git looks for `.git`; without
one the first tracked cell makes it there. `NBTRACK_STORE` or `nbtrack.set_store(path)` name
another. Any number of notebooks and scripts on one machine share it.

Each process appends to journals of its own, in about a microsecond and without waiting for
anybody. About once a second, and before every read, whoever gets the lock folds all journals into
one DuckDB file, in one transaction and exactly once. Nobody holds the file open, so any tool that
reads DuckDB can look at it. Files of runs are kept by the hash of their content.

    # a pandas DataFrame, and DuckDB over documented views
    nbtrack.runs("metrics.accuracy > 0.9", order_by="metrics.accuracy DESC")
    nbtrack.sql("select experiment, count(*) from runs group by experiment")

In a shell: `nbtrack ls`, `nbtrack sql`, `nbtrack export runs.csv`, `nbtrack doctor`, which checks
the store and says what to do, and `nbtrack gc`, which removes for good what was deleted.

A store is not meant to be shared over a network file system.
"""
