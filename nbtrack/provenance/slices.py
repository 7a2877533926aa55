"""The least executions that a run depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nbtrack.provenance.cellparts import parts_of
from nbtrack.provenance.estimators import MARK, settings_read
from nbtrack.provenance.history import Execution, Version, same
from nbtrack.provenance.paths import NamePath, first_part, root_of


def slice_of(execution: Execution, needed: set[str]) -> list[Execution]:
    """Return the least executions that one depends on, in order, itself last.

    A name that was bound again to an equal value could come from either execution: the choice that needs fewer of
    them is taken, and among equals the later.

    Parameters
    ----------
    execution : Execution
    needed : set of str
        What its results depend on, of all that it reads: of the rest it only matters that it is there.

    Returns
    -------
    list of Execution
    """
    latest = _closure(execution, needed, lambda version: version)
    if any(_twin(version) is not None for made in latest for version in made.reads.values()):
        earliest = _closure(execution, needed, _earliest)
        return earliest if len(earliest) < len(latest) else latest
    return latest


def _closure(execution: Execution, needed: set[str], choose: Callable[[Version], Version]) -> list[Execution]:
    found = {execution.sequence: execution}
    pending, walked = [execution], set[int]()
    # Draws that their cell made no use of, but a later one hangs on.
    awaited: set[tuple[int, str]] = set()
    while pending:
        reader = pending.pop()
        used = _used(reader)
        for name, read in reader.reads.items():
            if name in reader.idle and (reader.sequence, name) not in awaited:
                continue
            version = read if reader is not execution or name in needed else _without_own(read, reader)
            if used is not None and name not in used and name.isidentifier():
                version = _first(version)
            if name.endswith("()") and not version.seeded:
                # Draws from a generator that nobody seeded do not come back, whatever is run before.
                continue
            for source in sources(version, read_parts(reader, name), walked, choose):
                made = source.execution
                if made is None:
                    continue
                if made.sequence not in found or (name in made.idle and (made.sequence, name) not in awaited):
                    awaited.add((made.sequence, name))
                    found[made.sequence] = made
                    pending.append(made)
    return [found[sequence] for sequence in sorted(found)]


def _used(execution: Execution) -> set[str] | None:
    """Return the names whose content an execution uses, beyond adding to it; None where that cannot be told."""
    code = execution.code
    if code is None or code.opaque:
        return None
    paths = [*code.used_paths, *(path for reached in execution.reached.values() for path in reached)]
    return {root_of(path) for path in paths} | {"_"}


def _first(version: Version) -> Version:
    """Return what an object was when its name was bound, before anything was added to it."""
    while version.changed and version.previous is not None:
        version = version.previous
    return version


def _twin(version: Version) -> Version | None:
    """Return the version before, where it has the same content and comes from a cell that ran whole."""
    before = version.previous
    if before is None or before.execution is None or before.execution.outcome != "ok" or version.changed:
        return None
    return before if same(before, version) else None


def _without_own(version: Version, reader: Execution) -> Version:
    """Return what a name stood for before earlier runs of the same cell added to it."""
    while version.execution is not None and version.execution.text_key == reader.text_key:
        before = version.execution.reads.get(version.name)
        if before is None and version.name.startswith("file:"):
            # The first run found no such file, and neither need this one.
            return Version(version.name)
        if before is None or before is version:
            break
        version = before
    return version


def _earliest(version: Version) -> Version:
    while (before := _twin(version)) is not None:
        version = before
    return version


def read_parts(execution: Execution, name: str) -> dict[str, object]:
    """Return the parts of a name by which alone an execution reads it; empty where it reads the whole.

    Parameters
    ----------
    execution : Execution
    name : str

    Returns
    -------
    dict
        Parts as keys.
    """
    code = execution.code
    if code is None or code.opaque:
        return {}
    paths: list[NamePath] = [path for path in code.used_paths if path[0] == name]
    for reached in execution.reached.values():
        paths += [path for path in reached if path[0] == name]
    settings = _settings_read(execution, name)
    if settings:
        return settings
    found = [first_part(path) for path in paths]
    if found and None not in found:
        return {str(step): None for step in found}
    return _not_set_before(execution, name)


def _not_set_before(execution: Execution, name: str) -> dict[str, object]:
    """Return the parts of a mapping or record that a cell does not set itself before it reads the whole."""
    version, parts = execution.reads.get(name), parts_of(execution.source)
    if version is None or version.value is None or not version.value.parts or parts is None:
        return {}
    through = {reader for reader, paths in execution.reached.items() if any(path[0] == name for path in paths)}
    known = version.value.parts.keys()
    given = parts.sets_first(name, through)
    if not given or "shape" in known:
        return {}
    return {key: None for key in known if key not in given}


def _settings_read(execution: Execution, name: str) -> dict[str, object]:
    """Return the settings of estimators that a cell fits anew: of what they had learned before it reads nothing."""
    version = execution.reads.get(name)
    if version is None or version.value is None or MARK not in version.value.parts:
        return {}
    made = (execution.reads[reached].execution for reached in execution.reached if reached in execution.reads)
    sources = (execution.source, *(found.source for found in made if found is not None))
    return dict.fromkeys(settings_read(sources, name, tuple(version.value.parts)))


def sources(
    version: Version,
    parts: dict[str, object],
    walked: set[int],
    choose: Callable[[Version], Version] = lambda version: version,
) -> Iterator[Version]:
    """Yield the versions of an object that together made what some of its parts are.

    Parameters
    ----------
    version : Version
    parts : dict
        What is read of it; empty for the whole.
    walked : set of int
        Identities of versions that were come by before, for the whole; they are not gone over again.
    choose : callable
        Picks one of several equal versions.

    Yields
    ------
    Version
        The latest first; behind one that changed the object in place comes the one before it.
    """
    while True:
        version = choose(unchanged(version, parts))
        if not parts:
            if id(version) in walked:
                return
            walked.add(id(version))
        yield version
        before = version.previous
        if not version.changed or before is None:
            return
        known = version.value.parts if version.value is not None else {}
        if parts and all(key in known for key in parts):
            held = before.value.parts if before.value is not None else {}
            parts = {key: None for key in parts if key in held}
            if not parts:
                return
        else:
            parts = {}
        version = before


def unchanged(version: Version, parts: dict[str, object]) -> Version:
    """Return the first version since which these parts of an object have been the same."""
    while parts and version.previous is not None and version.execution is not None:
        # Bound again, it stays another object, save where an earlier run only replaced what is not read of it.
        if not version.changed and not version.execution.tracked:
            break
        before = version.previous
        if before.value is None or version.value is None:
            break
        known = before.value.parts.keys() & version.value.parts.keys()
        if not parts.keys() <= known or not same(before, version, parts):
            break
        version = before
    return version
