"""Seeds: how a run becomes repeatable, and why that is not the same as being right.

`%%track --seed 42`, `@nbtrack.track(seed=42)` and `nbtrack.seed_everything(42)` seed Python's
`random`, NumPy's global generator, and PyTorch where it is imported. With or without a seed, the
states of the global generators are recorded when a run begins; so a cell that drew from one
without a seed can still be replayed.

A generator that is made in the notebook, `np.random.default_rng()` or `random_state=None`, has to
be given a seed where it is made. If nobody did, the run carries the hazard `unseeded_rng`.

A seed makes a number repeatable; it may still be a lucky one:

    # mean, spread, a 95 % interval, and how lucky the run was
    nbtrack.replicate("forest", seeds=10)
    # whether a difference is more than seed noise
    nbtrack.compare("forest", "larger", replicate=10)

Both replay the runs with other seeds, wherever the code sets one.
"""
