"""What can be done with a run by replaying it, for every object that stands for a run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbtrack.verification import Verification

if TYPE_CHECKING:
    from nbtrack.findings.replication import Replication


class Replayable:
    """A run that :func:`nbtrack.verify` and :func:`nbtrack.rerun` take.

    Replays are made above the store, which knows nothing of them: the public functions are looked up when they are
    called.
    """

    def verify(self, **options: Any) -> Verification:
        """Replay the run in a fresh kernel, and record whether its metrics come back.

        Parameters
        ----------
        **options : object
            As :func:`nbtrack.verify` takes them: ``rtol``, ``timeout_s``, ``watch``, ``cancelled``.

        Returns
        -------
        Verification

        Raises
        ------
        InputError
            The run cannot be replayed, or has no metrics.

        Examples
        --------
        >>> run.verify().verdict  # doctest: +SKIP
        'reproduced'
        """
        found: Verification = importlib.import_module("nbtrack").verify(self, **options)
        return found

    def rerun(self, params: Mapping[str, Any] | None = None, /, **changes: Any) -> Any:
        """Run the same cells with other params, as a new run that has this one as its parent.

        Parameters
        ----------
        params : mapping, optional
            Params whose names hold dots, and their new values.
        **changes : object
            The same, and the options of :func:`nbtrack.rerun`.

        Returns
        -------
        Run

        Raises
        ------
        InputError
            The run cannot be replayed, or has no such param.

        Examples
        --------
        >>> run.rerun(C=0.5).metrics["accuracy"]  # doctest: +SKIP
        0.9722
        """
        return importlib.import_module("nbtrack").rerun(self, params, **changes)

    def replicate(self, **options: Any) -> Replication:
        """Replay the run under other seeds, and say how far its numbers are luck.

        Parameters
        ----------
        **options : object
            As :func:`nbtrack.replicate` takes them: ``seeds``, ``executor``, ``workers``, …

        Returns
        -------
        Replication

        Raises
        ------
        InputError
            The run cannot be replayed, or has no metrics.
        ReplayError
            Fewer than two replays came to their end.

        Examples
        --------
        >>> run.replicate(seeds=20).metrics[0].sentence  # doctest: +SKIP
        'accuracy: 0.9722 is better than 19 of 20 other seeds: lucky'
        """
        found: Replication = importlib.import_module("nbtrack").replicate(self, **options)
        return found
