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
MODULES = {"mlflow": "mlflow", "trackio": "trackio", "aim": "aim", "tensorboardX": "tensorboardX", "wandb": "wandb",
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


def ensure() -> dict[str, dict[str, str]]:
    """Return ``{peer: {"version": ...} or {"error": why}}``, installing first where that was never done."""
    return json.loads(STATE.read_text()) if STATE.exists() else install()


def install() -> dict[str, dict[str, str]]:
    """Install what is missing, one peer at a time: one that fails must not take the others with it."""
    if not PYTHON.exists():
        print(f"making {ENVIRONMENT}", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
    failures = {}
    for package in PACKAGES:
        if "version" in _state_of(package):
            continue
        print(f"installing {package}: some minutes, once", file=sys.stderr)
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary", package]
        done = subprocess.run([*map(str, _nice()), *map(str, command)], capture_output=True, text=True, check=False)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "ERROR" in line or "error:" in line]
            failures[package] = " ".join(errors[-2:]) or done.stderr.strip()[-300:]
    # asked again at the end: a later peer may have moved a package under an earlier one
    state = {package: _state_of(package) for package in PACKAGES}
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
