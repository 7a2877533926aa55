"""``compare``: what differs between runs."""

from __future__ import annotations

import sys
from argparse import Namespace

from nbtrack import comparison
from nbtrack.cli.output import INTERRUPTED, print_json, tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.errors import InputError
from nbtrack.replay.params.asked import seeds_of
from nbtrack.widgets.counting import CountBar


def compare(found: Namespace) -> int:
    """Print what differs between a baseline and other runs."""
    store = existing_store(found)
    if len(found.run) < 2:
        raise InputError("one run is nothing to compare; accepted: nbtrack compare BASELINE RUN [RUN …].")
    if found.replicate is None:
        result = comparison.compare(*found.run)
    else:
        with CountBar(f"comparing {' and '.join(found.run)}", sys.stderr) as bar:
            result = comparison.compare(
                *found.run,
                replicate=seeds_of(found.replicate),
                workers=found.workers,
                timeout_s=found.timeout,
                watch=bar.watch,
            )
    if found.json:
        print_json(result.to_dict())
    else:
        print(result)
    tell_notices(store)
    seeds = result.replication
    return INTERRUPTED if seeds is not None and seeds.a.interrupted else 0
