"""The trackers nbtrack is measured against, in a virtual environment of their own.

``python tests/bench/peers.py`` makes the environment, or installs into it what is still missing; the bench scripts
call :func:`ensure`, which does so the first time only. What cannot be installed is named with the reason.
"""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ENVIRONMENT = Path(os.environ.get("NBTRACK_BENCH_VENV", Path(__file__).resolve().parents[2] / ".venv-bench"))
PYTHON = ENVIRONMENT / "bin" / "python"
STATE = ENVIRONMENT / "peers.json"
PACKAGES = ("mlflow", "trackio", "aim", "tensorboardX", "wandb", "sacred")
# Beside the run table in a notebook; they come with a kernel of their own.
IN_NOTEBOOKS = ("itables", "ipydatagrid")
MODULES = {"itables": "itables", "ipydatagrid": "ipydatagrid, ipykernel", "mlflow": "mlflow", "trackio": "trackio", "aim": "aim", "tensorboardX": "tensorboardX", "wandb": "wandb",
           "sacred": "sacred.observers"}  # fmt: skip
QUIET = {
    "AIM_UI_TELEMETRY_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
    "WANDB_CONSOLE": "off",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_X_DISABLE_STATS": "true",
    # whoever still asks for a network is told at once that there is none
    "ALL_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "localhost,127.0.0.1",
}


def ensure(*more: str) -> dict[str, dict[str, str]]:
    """Return ``{peer: {"version": ...} or {"error": why}}``, installing first where that was never done.

    ``more``: of those that are for notebooks.
    """
    state = json.loads(STATE.read_text()) if STATE.exists() else {}
    wanted = (*PACKAGES, *(name for name in IN_NOTEBOOKS if name in more))
    return state if state.keys() >= set(wanted) else install(wanted)


def install(packages: tuple[str, ...] = (*PACKAGES, *IN_NOTEBOOKS)) -> dict[str, dict[str, str]]:
    """Install what is missing, one peer at a time: one that fails must not take the others with it."""
    if not PYTHON.exists():
        print(f"making {ENVIRONMENT}", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
    failures = {}
    for package in packages:
        if "version" in _state_of(package):
            continue
        print(f"installing {package}: some minutes, once", file=sys.stderr)
        names = [package, "ipykernel", "pandas"] if package in IN_NOTEBOOKS else [package]
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary", *names]
        done = subprocess.run([*map(str, _nice()), *map(str, command)], capture_output=True, text=True, check=False)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "ERROR" in line or "error:" in line]
            failures[package] = " ".join(errors[-2:]) or done.stderr.strip()[-300:]
    # asked again at the end: a later peer may have moved a package under an earlier one
    state = {package: _state_of(package) for package in packages}
    for package, why in failures.items():
        state[package] = {"error": f"not installable: {why}"}
    STATE.write_text(json.dumps(state, indent=1))
    return state


def _nice() -> list[str]:
    return ["nice", "-n", "15"] if os.name == "posix" else []


def _state_of(package: str) -> dict[str, str]:
    code = f"import {MODULES[package]}; from importlib.metadata import version; print(version({package!r}))"
    environment = {**os.environ, **QUIET}
    done = subprocess.run(
        [str(PYTHON), "-W", "ignore", "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"error": f"not importable: {lines[-1] if lines else done.returncode}"}
    return {"version": done.stdout.split()[-1]}


if __name__ == "__main__":
    for peer, found in install().items():
        print(f"{peer}: {found.get('version') or found['error']}")
