"""Turning texts, mappings, figures, images, tables and files into artifacts: a path and bytes."""

from __future__ import annotations

import io
import json
import mimetypes
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbtrack.errors import InputError, MissingDependencyError

_TABLE_SUFFIXES = (".json", ".csv", ".parquet")


def check_path(path: str) -> str:
    """Return an artifact path in its one form, or say why it is none.

    Parameters
    ----------
    path : str
        Relative to the run's artifacts, with forward slashes.

    Returns
    -------
    str

    Raises
    ------
    InputError
        It is empty, absolute or leads out of the run's artifacts.

    Examples
    --------
    >>> check_path("plots//roc.png")
    'plots/roc.png'
    """
    text = str(path).replace("\\", "/")
    clean = posixpath.normpath(text) if text else ""
    if not clean or clean == "." or clean.startswith(("/", "../")) or clean == ".." or ":" in clean.split("/")[0]:
        raise InputError(f"artifact path is {path!r}; accepted: a relative file path, as 'plots/roc.png'.")
    if any(ord(char) < 32 for char in clean):
        raise InputError(f"artifact path {path!r} holds control characters.")
    return clean


def media_type(path: str) -> str:
    """Return the media type that a file's name suggests."""
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def files_below(local: Path, folder: str | None, *, keep_folder_name: bool) -> Iterator[tuple[str, Path]]:
    """Give every file of a file or folder with its artifact path.

    Parameters
    ----------
    local : Path
    folder : str or None
        Artifact folder to put them in.
    keep_folder_name : bool
        Whether the name of a local folder becomes part of the paths, as MLflow's ``log_artifact`` does.

    Yields
    ------
    (str, Path)

    Raises
    ------
    InputError
        There is no such file or folder.
    """
    if not local.exists():
        raise InputError(f"there is no file {str(local)!r}; paths are relative to {str(Path.cwd())!r}.")
    prefix = folder.strip("/") + "/" if folder else ""
    if local.is_file():
        yield prefix + local.name, local
        return
    base = local.parent if keep_folder_name else local
    for file in sorted(local.rglob("*")):
        if file.is_file():
            yield prefix + file.relative_to(base).as_posix(), file


def text_bytes(text: str) -> bytes:
    """Encode a text as UTF-8."""
    return str(text).encode("utf-8", "surrogateescape")


def dict_bytes(content: Any, path: str) -> bytes:
    """Write a mapping or list as JSON, or as YAML where the path ends so and PyYAML is installed.

    Parameters
    ----------
    content : dict or list
    path : str

    Returns
    -------
    bytes

    Raises
    ------
    MissingDependencyError
        The path asks for YAML and PyYAML is not installed.
    """
    if path.lower().endswith((".yml", ".yaml")):
        try:
            import yaml
        except ImportError as error:
            raise MissingDependencyError(
                f"{path!r} asks for YAML, which needs PyYAML: pip install pyyaml, or name the file .json."
            ) from error
        return str(yaml.safe_dump(json.loads(_json(content)), sort_keys=False, allow_unicode=True)).encode()
    return _json(content).encode("utf-8", "surrogateescape")


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """Give JSON what it does not know: arrays and NumPy scalars as lists and numbers, anything else as text."""
    for method in ("tolist", "isoformat"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    return list(value) if isinstance(value, set | frozenset) else str(value)


def figure_bytes(figure: Any, path: str, **options: Any) -> bytes:
    """Write a matplotlib or plotly figure in the format that the path's suffix names.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or plotly.graph_objects.Figure
    path : str
        Matplotlib: ``.png``, ``.svg``, ``.pdf``, …; plotly: ``.html``, ``.json`` or, with kaleido, an image.
    **options
        Passed to ``savefig`` or ``write_html``/``to_image``.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        It is no figure, or the suffix is not accepted.
    """
    suffix = Path(path).suffix.lower().lstrip(".")
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, **{"format": suffix or "png", "bbox_inches": "tight", **options})
        return buffer.getvalue()
    if hasattr(figure, "to_plotly_json"):
        if suffix in ("html", "htm"):
            # The page must work offline, so plotly's code goes into it.
            return str(figure.to_html(**{"include_plotlyjs": True, **options})).encode()
        if suffix == "json":
            return str(figure.to_json()).encode()
        return bytes(figure.to_image(format=suffix or "png", **options))
    if hasattr(figure, "get_figure"):
        return figure_bytes(figure.get_figure(), path, **options)
    raise InputError(f"a {type(figure).__name__} is no figure; accepted: matplotlib and plotly figures.")


def image_bytes(image: Any, path: str) -> bytes:
    """Write an image: a PIL image, or an array of height × width (× 1, 3 or 4 channels).

    Parameters
    ----------
    image : PIL.Image.Image or array
        Integers 0 to 255, or floats 0.0 to 1.0; booleans are black and white.
    path : str
        Its suffix names the format; default PNG.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        The shape or the values are not those of an image.
    MissingDependencyError
        Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependencyError("log_image needs Pillow: pip install pillow.") from error
    picture = image if isinstance(image, Image.Image) else Image.fromarray(_pixels(image))
    buffer = io.BytesIO()
    suffix = Path(path).suffix.lower()
    picture.save(buffer, format=Image.registered_extensions().get(suffix, "PNG"))
    return buffer.getvalue()


def _pixels(image: Any) -> Any:
    import numpy as np

    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise InputError(f"an array of shape {array.shape} is no image; accepted: (height, width[, 1, 3 or 4]).")
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise InputError(f"an array of {array.dtype} is no image; accepted: integers, floats and booleans.")
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if array.dtype.kind == "f":
        if not (low >= 0.0 and high <= 1.0):
            raise InputError(f"float pixels go from {low:g} to {high:g}; accepted: 0.0 to 1.0.")
        return (array * 255).round().astype(np.uint8)
    if low >= 0 and high <= 255:
        return array.astype(np.uint8)
    raise InputError(f"{array.dtype} pixels go from {low:g} to {high:g}; accepted: integers 0 to 255.")


def table_bytes(data: Any, path: str) -> bytes:
    """Write a table as JSON (as MLflow's ``log_table`` does), CSV or Parquet.

    Parameters
    ----------
    data : pandas.DataFrame or dict of str to list
    path : str
        Ends in ``.json``, ``.csv`` or ``.parquet``.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        The suffix or the data is not accepted.
    """
    if not path.lower().endswith(_TABLE_SUFFIXES):
        raise InputError(f"table path is {path!r}; accepted suffixes: {', '.join(_TABLE_SUFFIXES)}.")
    frame = _frame(data)
    if path.lower().endswith(".csv"):
        return str(frame.to_csv(index=False)).encode()
    if path.lower().endswith(".parquet"):
        return _parquet(frame)
    return str(frame.to_json(orient="split", index=False, indent=1, default_handler=str)).encode()


def _frame(data: Any) -> Any:
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    try:
        return pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        if isinstance(data, dict):
            # One row: scalars under names.
            return pd.DataFrame([data])
        raise InputError(
            f"a {type(data).__name__} is no table; accepted: a DataFrame or a dict of equally long lists."
        ) from error


def _parquet(frame: Any) -> bytes:
    """Write Parquet through DuckDB, which is always here; pandas would need pyarrow."""
    import tempfile

    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder) / "table.parquet"
        connection.register("frame", frame)
        connection.execute(f"COPY frame TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
        return file.read_bytes()
