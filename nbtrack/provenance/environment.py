"""What a process runs in: Python, platform, imported packages, and a few variables of its environment."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbtrack.provenance.distributions import imported, top_levels
from nbtrack.provenance.objects import own_attributes

VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "JAX_ENABLE_X64",
    "JAX_PLATFORMS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONOPTIMIZE",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TZ",
    "XLA_FLAGS",
)
"""The environment variables that are kept, beside PYTHONHASHSEED: they can change numbers, and none is a place for a
credential."""
_MAX_VARIABLE_CHARS = 500
# nbtrack imports these itself, sooner or later: named always, so that the moment makes no difference.
_OWN = ("duckdb", "ipython", "nbtrack", "numpy", "pandas", "python-dateutil")


def environment(modules: Iterable[str] | None = None, *, notebook: str | None = None) -> dict[str, Any]:
    """Collect what the process runs in; nothing is imported for it, and no code of the user's is run.

    Parameters
    ----------
    modules : iterable of str, optional
        Top-level modules to name the distributions of; default all that are imported.
    notebook : str, optional
        Path of the notebook or script, where it is known.

    Returns
    -------
    dict
        JSON-able: ``python``, ``implementation``, ``platform``, ``machine``, ``cpu``, ``cpu_count``, ``gpus``,
        ``packages`` (name to version), ``editable`` and ``local`` (names), ``variables``, ``user``, ``notebook``.
        A GPU is named only once PyTorch is using it.

    Examples
    --------
    >>> facts = environment()
    >>> facts["implementation"], "nbtrack" in facts["packages"] or "nbtrack" in facts["local"]
    ('CPython', True)
    """
    found = imported(top_levels() if modules is None else modules, _OWN)
    return {
        **_machine(),
        "gpus": _gpus(),
        "packages": found.packages,
        "editable": list(found.editable),
        "local": list(found.local),
        "variables": _variables(),
        "user": _user(),
        "notebook": notebook,
    }


def digest_of(facts: Mapping[str, Any]) -> str:
    """Return the hash that facts are stored under: equal facts, in any order of their keys, have the same.

    Parameters
    ----------
    facts : mapping
        JSON-able.

    Returns
    -------
    str
        SHA-256 in hex.

    Examples
    --------
    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


@lru_cache(maxsize=1)
def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cpu_count": os.cpu_count(),
    }


def _cpu() -> str | None:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition(":")
                if name.strip() == "model name":
                    return value.strip()
    except OSError:
        pass
    return None


def _variables() -> dict[str, str]:
    found = {name: os.environ[name][:_MAX_VARIABLE_CHARS] for name in VARIABLES if name in os.environ}
    seed = _hash_seed()
    return found if seed is None else {**found, "PYTHONHASHSEED": seed}


@lru_cache(maxsize=1)
def _hash_seed() -> str | None:
    """Return PYTHONHASHSEED as this interpreter was started with: set later, it is meant for others."""
    try:
        started_with = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return "0" if not sys.flags.hash_randomization else None
    told = [entry for entry in started_with if entry.startswith(b"PYTHONHASHSEED=")]
    return told[0].partition(b"=")[2].decode("ascii", "replace") if told else None


def _gpus() -> list[str]:
    cuda = own_attributes(sys.modules.get("torch.cuda"))
    try:
        # Asking a GPU that is not in use yet would make it be.
        if not cuda or not cuda["is_initialized"]():
            return []
        return [str(cuda["get_device_name"](number)) for number in range(cuda["device_count"]())]
    except Exception:  # noqa: BLE001 - a driver that fails has many ways to, and the GPU is only not named then
        return []


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""
