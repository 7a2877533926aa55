"""Loading and unloading the IPython extension; each undoes the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError

from nbtrack.capture.options import track_parser
from nbtrack.capture.run import ActiveRun
from nbtrack.capture.session import Session
from nbtrack.errors import NbtrackError, OptionError
from nbtrack.magics.common import EXTENSION
from nbtrack.store.handle import Run
from nbtrack.store.references import recorded
from nbtrack.verification import Verification
from nbtrack.widgets.inline import InlineDisplay


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
        for kind, (markup, plain) in _SHOWN.items():
            self._formatter("text/html").for_type(kind, markup)
            if plain is not None:
                self._formatter("text/plain").for_type(kind, plain)

    def unload(self) -> None:
        """Take everything back that :meth:`load` did."""
        self.session.detach()
        for shown in _SHOWN:
            for form in ("text/html", "text/plain"):
                self._formatter(form).pop(shown, None)
        for kind, name in (("cell", "track"), ("line", "nbtrack")):
            self.shell.magics_manager.magics[kind].pop(name, None)

    def _formatter(self, form: str) -> Any:
        return self.shell.display_formatter.formatters[form]

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


def _show_run(run: Run | ActiveRun) -> str:
    """Return a run, the last value of a cell, as HTML."""
    from nbtrack.widgets.detail.view import detail_html

    return detail_html(*recorded(run))


def _show_verification(found: Verification) -> str:
    """Return what came of a replay, the last value of a cell, as HTML."""
    from nbtrack.widgets.verification import verification_html

    return verification_html(found)


def _print_verification(found: Verification, printer: Any, cycle: bool) -> None:
    """Print the same as text."""
    from nbtrack.widgets.verification import verification_text

    del cycle
    printer.text(verification_text(found))


# How values are shown that a cell ends with: as HTML and, unless as they say themselves, as text.
_SHOWN: dict[type, tuple[Callable[[Any], str], Callable[[Any, Any, bool], None] | None]] = {
    Run: (_show_run, None),
    ActiveRun: (_show_run, None),
    Verification: (_show_verification, _print_verification),
}


# IPython shows a magic's docstring for `%%track?`.
Extension.track.__doc__ = track_parser().format_help()


def load(shell: Any) -> None:
    """Load the extension into a shell; loading it again does nothing.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """
    if getattr(shell, EXTENSION, None) is None:
        extension = Extension(shell)
        extension.load()
        setattr(shell, EXTENSION, extension)


def unload(shell: Any) -> None:
    """Unload the extension; the shell is as it was before.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """
    extension = getattr(shell, EXTENSION, None)
    if extension is not None:
        extension.unload()
        delattr(shell, EXTENSION)
