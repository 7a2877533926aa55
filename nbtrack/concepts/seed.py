"""A seed: what makes a run repeatable, which is not the same as making it right.

`%%track --seed 42`, `@nbtrack.track(seed=42)` and `nbtrack.seed_everything(42)` seed Python's
`random`, NumPy's global generator, and PyTorch's and TensorFlow's where they are imported. With or
without a seed, the states of the global generators are recorded when a run begins; so a cell that
drew from one without a seed can still be replayed.

A generator that is made in the notebook, `np.random.default_rng()` or `random_state=None`, has to
be given a seed where it is made. If nobody did, the run carries the hazard `unseeded_rng`.

A seed makes a number repeatable; it may still be a lucky one:

    %nbtrack replicate forest --seeds 10            # mean, spread, interval, how lucky it was
    %nbtrack compare forest larger --replicate 10   # is the difference more than seed noise?

Both replay the runs with other seeds, wherever the code sets one.
"""
