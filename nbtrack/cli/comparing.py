"""``compare``: what differs between runs."""

from __future__ import annotations

from argparse import Namespace

from nbtrack import comparison
from nbtrack.cli.output import print_json, tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.errors import InputError


def compare(found: Namespace) -> int:
    """Print what differs between a baseline and other runs."""
    store = existing_store(found)
    if len(found.run) < 2:
        raise InputError("one run is nothing to compare; accepted: nbtrack compare BASELINE RUN [RUN …].")
    result = comparison.compare(*found.run)
    if found.json:
        print_json(result.to_dict())
    else:
        print(result)
    tell_notices(store)
    return 0
