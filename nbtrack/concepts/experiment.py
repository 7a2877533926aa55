"""An experiment: a named group of runs that are meant to be compared with each other.

Unless something else is said, it is the notebook's or script's name, so there is nothing to set
up. What says something else, the first that does:

    %%track baseline --experiment churn     # this run alone
    nbtrack.set_experiment("churn")         # the runs that follow; or %nbtrack experiment churn
    NBTRACK_EXPERIMENT=churn                # the environment; or [tool.nbtrack] in pyproject.toml

A run's card compares within the experiment: *best so far* and *previous run* are of the same one,
and so is what `%nbtrack best` finds. The run table has all experiments, unless one is named.

    nbtrack.table(experiment="churn")       # or %nbtrack runs -e churn
    nbtrack.runs(experiment="churn")        # as a pandas DataFrame
    nbtrack.search_experiments()

In a shell: `nbtrack ls --experiments` lists them, `nbtrack ls -e churn` the runs of one.
"""
