"""``doctor``: what is installed, which store is in use and why, what is wrong, and what to do about it."""

from __future__ import annotations

import os
import platform
import sys
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from nbtrack.cli.installation import check_installation, front_ends, versions
from nbtrack.cli.output import columns, print_json
from nbtrack.cli.stores import chosen_root, is_store
from nbtrack.config import settings
from nbtrack.errors import SettingError
from nbtrack.store import maintenance
from nbtrack.store.maintenance import Finding
from nbtrack.widgets.format import count
from nbtrack.widgets.text import clean, wrap

_LABEL_WIDTH = 12


def doctor(found: Namespace) -> int:
    """Print the state of this installation and of the store, with what to do; 1 when something is broken."""
    findings = check_installation()
    store: dict[str, Any] | None = None
    try:
        # Asked before: choosing the root makes what --store names a setting.
        origin = _origin(found)
        root = chosen_root(found)
    except SettingError as error:
        findings.append(Finding("error", str(error), "correct it, or take it away"))
    else:
        exists = is_store(root)
        because = origin or ("the nearest .nbtrack folder upwards" if exists else "where the first run makes it")
        store = {"root": str(root), "because": because, "exists": exists}
        findings += maintenance.check(root)
    facts = {"versions": versions(), "front_ends": front_ends(), "store": store, "findings": findings}
    if found.json:
        print_json(facts | {"findings": [asdict(finding) for finding in findings]})
    else:
        _print(facts)
    return int(any(finding.level == "error" for finding in findings))


def _origin(found: Namespace) -> str:
    """Say what names the store in use; empty where nothing does."""
    if found.store is not None:
        return "named by --store"
    if os.environ.get("NBTRACK_STORE"):
        return "named by NBTRACK_STORE"
    if settings().store:
        return "named by [tool.nbtrack] in pyproject.toml"
    return ""


def _print(facts: dict[str, Any]) -> None:
    installed = facts["versions"]
    print(f"nbtrack {installed['nbtrack']}, Python {installed['python']} on {platform.system()} {platform.machine()}")
    _line("python", [sys.executable])
    others = {name: version for name, version in installed.items() if name not in ("python", "nbtrack")}
    _line("installed", [f"{name} {version}" for name, version in others.items() if version])
    _line("not here", [name for name, version in others.items() if not version])
    _line("front ends", facts["front_ends"])
    if facts["store"] is not None:
        _line("store", [facts["store"]["root"], f"({facts['store']['because']})"])
    print()
    for finding in facts["findings"]:
        print(f"{finding.level:<5}  {clean(finding.what)}")
        if finding.remedy:
            print(f"       -> {clean(finding.remedy)}")
    serious = sum(finding.level != "ok" for finding in facts["findings"])
    print(f"\n{count(serious, 'thing')} to look at." if serious else "\nAll is well.")


def _line(label: str, pieces: list[str]) -> None:
    """Print a label and what belongs to it, on as many lines as it takes."""
    lines = wrap([clean(piece) for piece in pieces], columns() - _LABEL_WIDTH)
    for line in lines:
        print(f"{label:<{_LABEL_WIDTH}}{line}")
        label = ""
