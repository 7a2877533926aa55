"""Files as variables of the notebook: which version of them a cell read or wrote."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

from nbtrack.capture.files import FileLog, is_local
from nbtrack.provenance.digests import plain_digest
from nbtrack.provenance.filedigests import MAX_HASHED_BYTES, FileDigests
from nbtrack.provenance.history import Execution, History, Version

# How much of what a cell opened is gone through behind it.
_BUDGET_BYTES = 128 << 20
# What stands for the content where there is no file.
_MISSING, _FOLDER = "none", "folder"


class Openings:
    """Makes versions of the files that cells open.

    Parameters
    ----------
    history : History
    namespace : mapping of str to object
        The notebook's names.
    ignored : callable
        Returns the folder of nbtrack's own files.
    """

    def __init__(self, history: History, namespace: Mapping[str, Any], ignored: Any) -> None:
        self.digests = FileDigests()
        self._history = history
        self._namespace = namespace
        self._log = FileLog(ignored)
        # The versions of the user's modules that Python has executed.
        self._loaded: dict[str, Version] = {}

    def begin(self) -> None:
        """Listen to files being opened."""
        self._log.begin()

    def stop(self) -> None:
        """Listen no longer."""
        self._log.end()

    def end(self, execution: Execution) -> None:
        """Make the versions of the files that a cell has opened.

        What is among the execution's writes and not among its reads was not there before, or was replaced without a
        look at it; so was each folder that it has made.

        Parameters
        ----------
        execution : Execution
        """
        log = self._log
        most = self.digests.hashed_bytes + _BUDGET_BYTES
        for path in (*log.read, *log.written):
            # From now on its digest is known, and by time and size alone once the cell's budget is used up.
            self.digests.digest(path, max(min(most - self.digests.hashed_bytes, MAX_HASHED_BYTES), 0))
        for path in log.read:
            name = f"file:{path}"
            if path in log.written or path in log.removed:
                execution.reads[name] = self._history.version(name)
            elif self.digests.digest(path) is not None:
                execution.reads[name] = self._version(path)
        for path in log.written:
            digest = self.digests.digest(path)
            if digest is not None:
                self._history.bind(f"file:{path}", execution).value = plain_digest(digest)
        for path in log.removed:
            self._history.bind(f"file:{path}", execution).value = plain_digest(_MISSING)
        for path in log.made:
            self._history.bind(f"file:{path}", execution).value = plain_digest(_FOLDER)
        for path in self._modules(execution):
            name = f"file:{path}"
            if name not in execution.reads:
                known = self._loaded.get(path) or self._history.current.get(name)
                execution.reads[name] = known or self._version(path)
            self._loaded[path] = execution.reads[name]

    def scripts(self, execution: Execution) -> set[str]:
        """Return the user's own Python files that a cell used: opened, or the home of a function or module it read.

        Parameters
        ----------
        execution : Execution

        Returns
        -------
        set of str
        """
        found = {path for path in self._log.read if path.endswith(".py")}
        for name in execution.reads:
            file = _home(self._namespace.get(name))
            if type(file) is str and file.endswith(".py") and "ipykernel_" not in file and is_local(file):
                found.add(file)
        return found

    def _modules(self, execution: Execution) -> list[str]:
        """Return the files of the user's own modules that a cell imports; Python reads them the first time only."""
        found = []
        for name in execution.code.imports if execution.code is not None else ():
            value = self._namespace.get(name)
            file = _home(value) if type(value) is ModuleType else None
            if type(file) is str and is_local(file):
                found.append(file)
        return found

    def _version(self, path: str) -> Version:
        name, digest = f"file:{path}", self.digests.digest(path) or _MISSING
        version = self._history.version(name)
        if version.value is None and version.execution is None:
            version.value = plain_digest(digest)
        elif version.value is None or version.value.digest != digest:
            version = self._history.bind(name, None)
            version.value = plain_digest(digest)
        return version


def _home(value: Any) -> Any:
    """Return what a module or function says its file is."""
    if type(value) is FunctionType:
        return value.__code__.co_filename
    return value.__dict__.get("__file__") if type(value) is ModuleType else None
