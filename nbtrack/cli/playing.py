"""Runs a notebook from top to bottom as a front end would, without one."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import NbtrackError
from nbtrack.kernels import transport

if TYPE_CHECKING:
    from nbformat import NotebookNode

_CELL_TIMEOUT_S = 600

Hook = Callable[..., None]


def play(
    document: NotebookNode,
    notebook: Path,
    environment: Mapping[str, str] | None = None,
    hooks: Mapping[str, Hook] | None = None,
) -> NotebookNode:
    """Run a notebook's cells in a kernel of this Python; what they show becomes part of the document.

    The kernel learns what it learns in JupyterLab, the notebook's path, each cell's id, and that nothing was edited
    since, so that runs are recorded as they will be when somebody opens the notebook there.

    Parameters
    ----------
    document : NotebookNode
        The notebook's content.
    notebook : Path
        Its file, with the same content. Cells run in the file's folder.
    environment : mapping of str to str, optional
        Variables of the kernel's, beside those of this process.
    hooks : mapping of str to callable, optional
        As ``nbclient.NotebookClient`` has them: ``on_cell_start``, ``on_cell_executed``, ``on_cell_error``.

    Returns
    -------
    NotebookNode
        The same document.

    Raises
    ------
    NbtrackError
        A cell failed, took longer than ten minutes, or its kernel died.
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    told = {"JPY_SESSION_NAME": str(notebook.absolute()), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as sockets:
        manager = AsyncKernelManager(kernel_name="python3", **transport(Path(sockets) / "kernel"))
        # The user's own kernel of that name may belong to another Python, without nbtrack.
        spec = manager.kernel_spec
        assert spec is not None, "ipykernel is here, so its kernel is"
        spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        client = NotebookClient(
            document,
            km=manager,
            timeout=_CELL_TIMEOUT_S,
            resources={"metadata": {"path": str(notebook.absolute().parent)}},
            record_timing=False,
            store_widget_state=False,
            **(hooks or {}),
        )
        client.on_cell_execute = lambda cell, **_: _pretend(client.kc.session, cell.id, notebook)
        try:
            client.execute(cleanup_kc=True, env=os.environ | told | dict(environment or {}))
        except CellExecutionError as error:
            raise NbtrackError(f"a cell of {notebook} failed with {error.ename}: {error.evalue}") from error
        except (CellTimeoutError, DeadKernelError) as error:
            raise NbtrackError(f"{notebook} could not be run to its end: {error}") from error
    return document


def _pretend(session: Any, cell_id: str, notebook: Path) -> None:
    """Do what JupyterLab does and nbclient does not: save before a cell runs, and say with the request which it is."""
    make = type(session).msg
    notebook.touch()

    def message(
        kind: str, content: Any = None, parent: Any = None, header: Any = None, metadata: dict[str, Any] | None = None
    ) -> Any:
        if kind == "execute_request":
            metadata = {**(metadata or {}), "cellId": cell_id, "deletedCells": []}
        return make(session, kind, content, parent, header, metadata)

    session.msg = message
