"""A param, or parameter: a value that went into a run.

In a `%%track` cell nobody has to log them. Params are

* names that the cell binds to a constant: `C = 0.1`, `layers = (64, 32)`, `n = 4 * 32`;
* simple values that it reads from the notebook, directly or in a function that it calls: numbers,
  text, booleans, None, paths, dates. Parts are dotted: `cfg.lr`.

Not: loop counters, names with an underscore in front, modules, functions and data. A table or an
array that the cell reads is kept as a fingerprint under *data*.

With `@nbtrack.track`, params are the arguments of the call, defaults included. `log_param` and
`log_params` record any value, as in MLflow; one that is set already cannot become another.

The card shows what was taken. Where the guess is wrong, `%%track --params a,b`,
`--metrics x,y` and `--ignore z` say better.

    nbtrack.get_run("baseline").params        # with their types: {'C': 0.1, 'kernel': 'rbf'}
    nbtrack.runs("params.kernel = 'rbf' and params.C > 1")

What looks like a credential, by name or by value, is never recorded.
"""
