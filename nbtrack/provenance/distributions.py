"""Which installed distributions the imported modules belong to, with their versions.

``importlib.metadata.packages_distributions`` answers the same, by reading every installed file list through the
``email`` and ``csv`` modules: a third of a second of a notebook's CPU for 150 distributions. Here the folder names
give names and versions, and a file list is read only where a module's name is not its distribution's.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import unquote, urlparse

from nbtrack.provenance.objects import own_attributes

_FOLDER = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+))?(?:-py[\d.]+)?\.(?:dist|egg)-info")
_TOP_OF_RECORD = re.compile(rb"^([A-Za-z_]\w*)(?:/|\.py,|\.[\w-]+\.(?:so|pyd),|\.so,|\.pyd,)", re.MULTILINE)


class Distribution(NamedTuple):
    """An installed distribution: its normal name, its version, and where its metadata and its files are."""

    name: str
    version: str
    metadata: Path
    folder: Path
    project: str | None = None


class Imported(NamedTuple):
    """What a process has imported.

    Attributes
    ----------
    packages : dict of str to str
        Distributions and their versions.
    editable : tuple of str
        Those of them that are installed from a folder where they are being worked on: the version says little.
    local : tuple of str
        Modules that belong to no distribution and not to Python: files of the user's own.
    """

    packages: dict[str, str]
    editable: tuple[str, ...]
    local: tuple[str, ...]


_listings: dict[Path, tuple[int, tuple[Distribution, ...]]] = {}
_tops: dict[Path, frozenset[str]] = {}


def top_levels() -> frozenset[str]:
    """Return the names of the top-level modules that are imported, Python's own left out.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> "nbtrack" in top_levels(), "os" in top_levels()
    (True, False)
    """
    # By list(): other threads import meanwhile.
    names = {name for name in list(sys.modules) if isinstance(name, str) and "." not in name}
    return frozenset(names - sys.stdlib_module_names - {"__main__", "__mp_main__"})


def imported(modules: Iterable[str], always: Iterable[str] = ()) -> Imported:
    """Find the distributions of modules that are imported; no code of theirs is run.

    Parameters
    ----------
    modules : iterable of str
        Top-level names.
    always : iterable of str
        Distributions to be named where they are installed, imported or not.

    Returns
    -------
    Imported

    Examples
    --------
    >>> "numpy" in imported(["numpy"], always=["numpy"]).packages
    True
    """
    known: dict[str, Distribution] = {}
    for found in _installed():
        known.setdefault(found.name, found)
    packages = {name: known[name] for name in always if name in known}
    folders = {str(found.folder) + os.sep for found in known.values()}
    local = []
    for module in sorted(modules):
        places = _places(module)
        if not places:
            continue
        owners = _owners(module, places, known)
        packages.update((owner.name, owner) for owner in owners)
        if not owners and not _is_pythons(places[0]) and not any(places[0].startswith(folder) for folder in folders):
            local.append(module)
    return Imported(
        {name: packages[name].version for name in sorted(packages)},
        tuple(sorted(name for name, found in packages.items() if found.project is not None)),
        tuple(local),
    )


def _owners(module: str, places: tuple[str, ...], known: Mapping[str, Distribution]) -> list[Distribution]:
    named = known.get(_normal(module))
    if named is not None and _holds(named, places):
        return [named]
    held = [found for found in known.values() if _holds(found, places)]
    return [found for found in held if found.project is not None or module in _tops_of(found.metadata)]


def _holds(found: Distribution, places: tuple[str, ...]) -> bool:
    folders = [f"{folder}{os.sep}" for folder in (found.folder, found.project) if folder]
    return any(place.startswith(folder) for place in places for folder in folders)


def _places(module: str) -> tuple[str, ...]:
    """Return the file of a module, or the folders of a namespace package; nothing for what is built in or made up."""
    held = sys.modules.get(module)
    if not isinstance(held, ModuleType):
        return ()
    # Past any __getattribute__ of a lazily loaded module.
    spec = own_attributes(held).get("__spec__")
    if type(spec) is not ModuleSpec:
        return ()
    if spec.has_location and isinstance(spec.origin, str):
        return (spec.origin,)
    folders = spec.submodule_search_locations
    # Those of a namespace are looked up anew, by whatever finders there are, when they are asked for.
    told: Any = folders if type(folders) is list else own_attributes(folders).get("_path")
    return tuple(folder for folder in told if isinstance(folder, str)) if type(told) is list else ()


def _is_pythons(place: str) -> bool:
    return place.startswith(f"{Path(os.__file__).parent}{os.sep}") and "-packages" not in place


# --- what is installed ------------------------------------------------------------------------------------------


def _installed() -> Iterable[Distribution]:
    for entry in list(sys.path):
        try:
            folder = Path(entry).absolute()
            changed_ns = folder.stat().st_mtime_ns
            if folder not in _listings or _listings[folder][0] != changed_ns:
                _listings[folder] = (changed_ns, tuple(_listed(folder)))
        except (OSError, TypeError, ValueError):
            # Not there, a zip file, or what else may be put into the path.
            continue
        yield from _listings[folder][1]


def _listed(folder: Path) -> Iterable[Distribution]:
    for entry in sorted(os.listdir(folder)):
        match = _FOLDER.fullmatch(entry) if entry.endswith("-info") else None
        if match is None:
            continue
        metadata = folder / entry
        version = match["version"] or _version(metadata)
        yield Distribution(_normal(match["name"]), version, metadata, folder, _project(metadata))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(metadata: Path) -> str:
    match = re.search(rb"^Version: *(\S+)", _content(metadata / "PKG-INFO"), re.MULTILINE)
    return match[1].decode("utf-8", "replace") if match else "unknown"


def _project(metadata: Path) -> str | None:
    """Return the folder that an editable distribution is installed from."""
    if metadata.suffix == ".egg-info" and "-packages" not in str(metadata):
        return str(metadata.parent)
    content = _content(metadata / "direct_url.json")
    if not content:
        return None
    try:
        told: Any = json.loads(content)
        editable = told.get("dir_info", {}).get("editable")
        return unquote(urlparse(told["url"]).path) if editable else None
    except (AttributeError, KeyError, ValueError):
        return None


def _tops_of(metadata: Path) -> frozenset[str]:
    if metadata not in _tops:
        named = _content(metadata / "top_level.txt").split()
        named = named or _TOP_OF_RECORD.findall(_content(metadata / "RECORD"))
        _tops[metadata] = frozenset(name.decode("utf-8", "replace") for name in named)
    return _tops[metadata]


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
