"""nbtrack: a Jupyter-first experiment tracker that tells the truth about notebooks.

In a notebook:

    %load_ext nbtrack

    %%track baseline --seed 42
    C = 0.1
    accuracy = LogisticRegression(C=C).fit(X_train, y_train).score(X_test, y_test)

The names below are loaded when they are first used, so that ``import nbtrack`` costs next to nothing. What the
words mean, run, store, hazard and others, is said in :mod:`nbtrack.concepts`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES = {
    "nbtrack.capture.active": ("active_run",),
    "nbtrack.capture.decorator": ("track",),
    "nbtrack.capture.experiment": ("create_experiment", "set_experiment"),
    "nbtrack.capture.fluent": (
        "delete_run",
        "delete_tag",
        "end_run",
        "get_artifact_uri",
        "last_active_run",
        "log_artifact",
        "log_artifacts",
        "log_dict",
        "log_figure",
        "log_image",
        "log_input",
        "log_metric",
        "log_metrics",
        "log_param",
        "log_params",
        "log_table",
        "log_text",
        "restore_run",
        "set_tag",
        "set_tags",
        "start_run",
    ),
    "nbtrack.capture.progress": ("progress",),
    "nbtrack.capture.run": ("ActiveRun",),
    "nbtrack.capture.seeds": ("seed_everything",),
    "nbtrack.comparison": ("compare",),
    "nbtrack.config": ("configure",),
    "nbtrack.errors": ("NbtrackError",),
    "nbtrack.replay.explain": ("explain",),
    "nbtrack.replay.exporting.export": ("export",),
    "nbtrack.replay.replicate": ("replicate",),
    "nbtrack.replay.rerun": ("rerun",),
    "nbtrack.replay.verdict.verify": ("verify",),
    "nbtrack.store.handle": ("Run",),
    "nbtrack.store.reading": (
        "get_experiment",
        "get_experiment_by_name",
        "get_run",
        "get_tracking_uri",
        "runs",
        "search_experiments",
        "search_runs",
        "set_store",
        "set_tracking_uri",
        "sql",
    ),
    "nbtrack.widgets.charts.bars": ("bars",),
    "nbtrack.widgets.charts.curves": ("chart",),
    "nbtrack.widgets.charts.importance": ("param_importance",),
    "nbtrack.widgets.charts.parallel": ("parallel_coordinates",),
    "nbtrack.widgets.charts.scatter": ("scatter",),
    "nbtrack.widgets.rundetail.show": ("RunDetail", "show"),
    "nbtrack.widgets.runtable.table": ("RunTable", "table"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted([*_HOMES, "__version__", "load_ipython_extension", "unload_ipython_extension"])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nbtrack' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """Load the extension: what ``%load_ext nbtrack`` calls.

    Parameters
    ----------
    ipython : IPython.core.interactiveshell.InteractiveShell
    """
    importlib.import_module("nbtrack.magics.extension").load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Unload the extension: what ``%unload_ext nbtrack`` calls.

    Parameters
    ----------
    ipython : IPython.core.interactiveshell.InteractiveShell
    """
    importlib.import_module("nbtrack.magics.extension").unload(ipython)
