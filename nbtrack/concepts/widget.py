"""A widget: how runs look in a notebook, live and saved.

* The **card** under a tracked cell: params, metrics against the best and the previous run,
  hazards, the verdict.
* The **panel** while a cell runs: how far it is, each metric so far, the time left, CPU and memory.
  It ends as the card.
* The **run table**, `%nbtrack` or `nbtrack.table()`: sort, filter, group, choose columns, select,
  and act on the selection. `t.selection` is readable and settable in Python. New runs appear by
  themselves.
* **Charts**: `nbtrack.chart` for curves, with `live=True` to follow runs while they train;
  `scatter`, `bars`, `parallel_coordinates`, `param_importance`. `.figure` is plotly's,
  `.save("loss.svg")` writes a file.
* **Everything about a run**, `nbtrack.show("A")`, and **runs side by side**,
  `nbtrack.compare("A", "B")`.
* The same **as a web page** of this machine: `nbtrack ui`.

Live ones need a kernel. Each also leaves a plain picture of itself in the notebook, without
JavaScript, so that it can be read after a restart, on GitHub, in an exported page and in a diff;
in a terminal it is text. Nothing is loaded from elsewhere.

`NBTRACK_LIVE=0`, or `nbtrack.configure(live=False)`, leaves the plain forms alone;
`NBTRACK_CARD=0` takes the card away.
"""
