"""The experiment that new runs belong to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nbtrack.config import configure, settings
from nbtrack.errors import InputError
from nbtrack.notebook import default_experiment
from nbtrack.records import Experiment, experiment_id
from nbtrack.store.reading import current_store, get_experiment

_MAX_NAME_CHARS = 500
# Names seen in this process, so that an id that set_experiment() returned needs no look into the store.
_names: dict[str, str] = {}


def current_experiment(namespace: Mapping[str, Any] | None = None, code_file: str | None = None) -> str:
    """Return the name of the experiment that a new run here belongs to."""
    return settings().experiment or default_experiment(namespace, code_file)


def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """Let the runs that follow belong to this experiment; it is made when there is none of the name.

    Parameters
    ----------
    experiment_name : str
    experiment_id : str, optional
        In place of the name, of an experiment that exists.

    Returns
    -------
    Experiment

    Raises
    ------
    InputError
        Neither or both are given, or the name is not accepted.
    ExperimentNotFoundError
        There is no experiment of this id.

    Examples
    --------
    >>> nbtrack.set_experiment("digits").name  # doctest: +SKIP
    'digits'
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InputError("set_experiment takes a name or an id, as nbtrack.set_experiment('digits').")
    name = check_name(experiment_name) if experiment_name is not None else name_of(str(experiment_id))
    store = current_store()
    store.append_event({"t": "experiment", "name": name, "tags": {}})
    configure(experiment=name)
    # Worker processes log into the same experiment.
    os.environ["NBTRACK_EXPERIMENT"] = name
    return described(name)


def create_experiment(name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None) -> str:
    """Make an experiment without using it, and return its id.

    Parameters
    ----------
    name : str
    artifact_location : str, optional
        Accepted for MLflow's sake; artifacts are kept in the store's folder.
    tags : mapping, optional

    Returns
    -------
    str
        The experiment's id.

    Raises
    ------
    InputError
        The name is not accepted.
    """
    del artifact_location
    name = check_name(name)
    current_store().append_event(
        {"t": "experiment", "name": name, "tags": {str(key): str(value) for key, value in (tags or {}).items()}}
    )
    return described(name).experiment_id


def described(name: str) -> Experiment:
    """Return the experiment's record and remember its id."""
    identity = experiment_id(name)
    _names[identity] = name
    return Experiment(experiment_id=identity, name=name, artifact_location=str(current_store().root / "artifacts"))


def name_of(identity: str) -> str:
    """Return the name of the experiment with this id.

    Raises
    ------
    ExperimentNotFoundError
        There is none.
    """
    return _names[identity] if identity in _names else get_experiment(identity).name


def check_name(name: str) -> str:
    """Return an experiment's name, or say why it is none."""
    if not isinstance(name, str) or not name.strip() or len(name) > _MAX_NAME_CHARS or not name.isprintable():
        raise InputError(
            f"experiment name is {name!r:.80}; accepted: printable text of 1 to {_MAX_NAME_CHARS} characters."
        )
    return name.strip()
