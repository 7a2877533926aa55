"""Files and inputs of a run: what :class:`~nbtrack.capture.run.ActiveRun` can keep besides numbers and words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbtrack.capture import artifacts
from nbtrack.capture.datasets import input_of
from nbtrack.capture.state import RunState
from nbtrack.errors import InputError
from nbtrack.provenance.fingerprint import fingerprint
from nbtrack.records import Artifact, Input


class ArtifactLogging(RunState):
    """The part of a run that keeps files."""

    def log_artifact(self, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Keep a copy of a file (or of a folder with all that is in it) with the run.

        Parameters
        ----------
        local_path : path
        artifact_path : str, optional
            Folder within the run's artifacts.

        Raises
        ------
        InputError
            There is no such file.
        """
        for path, source in artifacts.files_below(Path(local_path), artifact_path, keep_folder_name=True):
            self.add_artifact(path, source)

    def log_artifacts(self, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Keep copies of all files of a folder with the run.

        Parameters
        ----------
        local_dir : path
        artifact_path : str, optional
            Folder within the run's artifacts.
        """
        for path, source in artifacts.files_below(Path(local_dir), artifact_path, keep_folder_name=False):
            self.add_artifact(path, source)

    def add_artifact(self, path: str, content: Path | bytes) -> None:
        """Keep bytes or a file under ``path`` within the run's artifacts; the same path again replaces it.

        Parameters
        ----------
        path : str
            Relative, with forward slashes.
        content : Path or bytes
        """
        self._check_open()
        path = artifacts.check_path(path)
        digest, size_bytes = self.store.add_artifact(content)
        artifact = Artifact(path, digest, size_bytes, artifacts.media_type(path))
        self._event("artifact", path=path, hash=digest, size_bytes=size_bytes, media_type=artifact.media_type)
        self._artifacts[path] = artifact

    def log_text(self, text: str, artifact_file: str) -> None:
        """Keep a text as a file of the run.

        Parameters
        ----------
        text : str
        artifact_file : str
            Path within the run's artifacts.

        Examples
        --------
        >>> nbtrack.log_text("all went well", "notes/today.txt")  # doctest: +SKIP
        """
        self.add_artifact(artifact_file, artifacts.text_bytes(text))

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Keep a mapping or list as a JSON (or, by its suffix, YAML) file of the run.

        Parameters
        ----------
        dictionary : dict or list
        artifact_file : str
            Path within the run's artifacts.
        """
        self.add_artifact(artifact_file, artifacts.dict_bytes(dictionary, artifact_file))

    def log_figure(self, figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
        """Keep a matplotlib or plotly figure as a file of the run.

        Parameters
        ----------
        figure : matplotlib.figure.Figure or plotly.graph_objects.Figure
        artifact_file : str
            Its suffix names the format.
        save_kwargs : mapping, optional
            Passed to ``savefig`` or plotly's writer.

        Examples
        --------
        >>> nbtrack.log_figure(fig, "roc.png")  # doctest: +SKIP
        """
        self.add_artifact(artifact_file, artifacts.figure_bytes(figure, artifact_file, **(save_kwargs or {})))

    def log_image(
        self, image: Any, artifact_file: str | None = None, key: str | None = None, step: int | None = None
    ) -> None:
        """Keep an image as a file of the run.

        Parameters
        ----------
        image : PIL.Image.Image or array of height x width (x 1, 3 or 4)
            Integers 0 to 255 or floats 0.0 to 1.0.
        artifact_file : str, optional
            Path within the run's artifacts.
        key, step : str, int, optional
            In place of a path: the image's name and its step.

        Raises
        ------
        InputError
            Neither a path nor a key is given, or it is no image.
        """
        if (artifact_file is None) == (key is None):
            raise InputError(
                "log_image takes a path or a key, as log_image(image, 'sample.png') or key='sample', step=3."
            )
        path = artifact_file or f"images/{key}_step_{step or 0}.png"
        self.add_artifact(path, artifacts.image_bytes(image, path))

    def log_table(self, data: Any, artifact_file: str) -> None:
        """Keep a table as a JSON, CSV or Parquet file of the run.

        Parameters
        ----------
        data : pandas.DataFrame or dict of str to list
        artifact_file : str
            Ends in ``.json``, ``.csv`` or ``.parquet``.
        """
        self.add_artifact(artifact_file, artifacts.table_bytes(data, artifact_file))

    def log_input(self, dataset: Any, context: str | None = None, *, name: str | None = None) -> None:
        """Record which data the run read: its shape, its types and a hash of its content, not the data itself.

        Parameters
        ----------
        dataset : pandas.DataFrame, pandas.Series, numpy.ndarray or path
            A file is hashed whole; a table above 256 MiB by an evenly spread sample, and its profile says so.
        context : str, optional
            What it is for, as ``training``.
        name : str, optional
            Default: the file's name, else ``dataset``.

        Raises
        ------
        InputError
            It is neither table, array nor file.

        Examples
        --------
        >>> nbtrack.log_input(train, "training", name="digits")  # doctest: +SKIP
        """
        self._check_open()
        found = fingerprint(dataset)
        path = Path(dataset) if found.kind == "file" else None
        source = str(path.absolute()) if path else found.kind
        self.add_input(input_of(name or (path.name if path else "dataset"), source, found, context))

    def add_input(self, given: Input) -> None:
        """Record an input that has its fingerprint; also on a run that has ended.

        Parameters
        ----------
        given : Input
        """
        self._event("input", **asdict(given))
        self._inputs.append(given)

    def has_input(self, given: Input) -> bool:
        """Tell whether an input of the same name, or the same file, was recorded.

        Parameters
        ----------
        given : Input

        Returns
        -------
        bool
        """
        file = given.source if given.source and os.sep in given.source else None
        return any(given.name == known.name or (file is not None and file == known.source) for known in self._inputs)
