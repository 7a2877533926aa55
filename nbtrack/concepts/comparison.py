"""A comparison: what differs between runs, and what of it made the difference.

    %nbtrack compare baseline second
    nbtrack.compare("baseline", "second", …)      # the same as data; print it, or show it

What can explain other metrics comes first: the code, cell by cell, params, data, seeds, packages.
Then the metrics, with the direction in which each is better, and what could not be known.

A difference between two runs of one seed each is weak evidence. `--replicate 10` replays both
with the same ten seeds and tests whether it is more than noise.

Where several things differ, `%nbtrack explain A B` replays A with each change alone and with all
of them, and says how much each gives.

For many runs at once there are the run table, which can show only the columns that differ,
`nbtrack.scatter`, `nbtrack.parallel_coordinates` and `nbtrack.param_importance`; the last is
indicative, not a proof.
"""
