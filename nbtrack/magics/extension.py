"""Loading and unloading the IPython extension; each undoes the other."""

from __future__ import annotations

import time
from typing import Any

from IPython.core.error import UsageError

from nbtrack.capture.options import track_parser
from nbtrack.capture.run import ActiveRun
from nbtrack.capture.session import Session
from nbtrack.errors import NbtrackError, OptionError
from nbtrack.store.handle import Run
from nbtrack.widgets.inline import InlineDisplay

_ATTRIBUTE = "_nbtrack_extension"


class Extension:
    """The session and the two magics of one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.display = InlineDisplay(shell)
        self.session = Session(shell, self.display)

    def load(self) -> None:
        """Register the magics and listen to the shell."""
        self.shell.register_magic_function(self.track, "cell", "track")
        self.shell.register_magic_function(self.nbtrack, "line", "nbtrack")
        self.session.attach()
        for kind in _SHOWN:
            self._formatter().for_type(kind, _show_run)

    def unload(self) -> None:
        """Take everything back that :meth:`load` did."""
        self.session.detach()
        for shown in _SHOWN:
            self._formatter().pop(shown, None)
        for kind, name in (("cell", "track"), ("line", "nbtrack")):
            self.shell.magics_manager.magics[kind].pop(name, None)

    def _formatter(self) -> Any:
        return self.shell.display_formatter.formatters["text/html"]

    def track(self, line: str, cell: str) -> Any:
        """Track this cell as a run."""
        __tracebackhide__ = True
        try:
            return self.session.run_inside(line, cell)
        except OptionError as error:
            raise UsageError(str(error)) from None

    def nbtrack(self, line: str) -> Any:
        """Show and change what the store holds; ``%nbtrack help`` lists the verbs."""
        # Loaded at the first use: the verbs bring tables and exports that most cells never need.
        from nbtrack.magics.verbs import run_verb

        try:
            return run_verb(line, self.shell)
        except NbtrackError as error:
            raise UsageError(str(error)) from None


_SHOWN = (Run, ActiveRun)


def _show_run(run: Run | ActiveRun) -> str:
    """Return a run, the last value of a cell, as HTML."""
    from nbtrack.widgets import detail

    record = run.record if isinstance(run, Run) else run.record()
    return detail.run_html(record, run.history(), now_s=time.time())


# IPython shows a magic's docstring for `%%track?`.
Extension.track.__doc__ = track_parser().format_help()


def load(shell: Any) -> None:
    """Load the extension into a shell; loading it again does nothing.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """
    if getattr(shell, _ATTRIBUTE, None) is None:
        extension = Extension(shell)
        extension.load()
        setattr(shell, _ATTRIBUTE, extension)


def unload(shell: Any) -> None:
    """Unload the extension; the shell is as it was before.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """
    extension = getattr(shell, _ATTRIBUTE, None)
    if extension is not None:
        extension.unload()
        delattr(shell, _ATTRIBUTE)
