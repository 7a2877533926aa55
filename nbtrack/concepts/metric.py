"""A metric: a number that a run measured, once or again and again.

In a `%%track` cell, metrics are the names that are bound to a *computed* number when it ends,
dicts of such numbers (`scores.f1`), and the number or the dict that the cell ends with. With
`@nbtrack.track` they come from what the function returns.

    nbtrack.log_metric("loss", 0.3)           # a point of a series; the step is counted
    nbtrack.log_metrics({"loss": 0.3, "accuracy": 0.9}, step=epoch)

A metric is a series over steps and time. Its last value stands on the card and in the table; the
whole is `run.history("loss")`, and `%nbtrack chart loss` draws it. NaN and infinities are kept. A
logged point costs about a microsecond and survives even `kill -9`.

Whether lower or higher is better is read from the name: of `loss`, `val_rmse`, `fit_time` lower,
of `accuracy`, `auc`, `r2` higher. Of a name that says neither, the card says no *better* or
*worse*.

    nbtrack.runs("metrics.accuracy > 0.9", order_by="metrics.accuracy DESC")
    %nbtrack best accuracy
"""
