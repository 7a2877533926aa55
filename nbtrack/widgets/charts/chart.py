"""A chart as user code holds it: a figure to restyle, something that a notebook shows anywhere, and a file."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from nbtrack.errors import InputError, MissingDependencyError
from nbtrack.widgets import html
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.svg import WIDTH, image

_PLOTLY = "application/vnd.plotly.v1+json"
_SUFFIXES = (".html", ".svg", ".png")
# Of a page by itself: as light or dark as the reader's system is.
_PAGE_STYLE = "<style>:root{color-scheme:light dark}body{background:Canvas;color:CanvasText;margin:16px}</style>"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One thing to show, in three forms that are made when they are asked for.

    Attributes
    ----------
    title : str
        In one line.
    spec : callable
        Returns what ``plotly.graph_objects.Figure`` takes, as plain dicts.
    picture, words : callable
        Return an SVG document, and text.
    notes : tuple of str
        What is not shown, as plain sentences.
    """

    title: str
    spec: Callable[[], dict[str, Any]]
    picture: Callable[[], str]
    words: Callable[[], str]
    notes: tuple[str, ...] = ()


class Chart:
    """A chart: shown by a notebook where it is a cell's last value.

    Made by :func:`nbtrack.chart`, :func:`nbtrack.scatter`, :func:`nbtrack.parallel_coordinates`, :func:`nbtrack.bars`
    and :func:`nbtrack.param_importance`.

    Parameters
    ----------
    drawing : Drawing

    Examples
    --------
    >>> chart = nbtrack.chart("baseline", "loss")  # doctest: +SKIP
    >>> chart.figure.update_layout(height=300)  # doctest: +SKIP
    >>> chart.save("loss.svg")  # doctest: +SKIP
    """

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    @property
    def notes(self) -> tuple[str, ...]:
        """What the chart does not show, as plain sentences."""
        return self._drawing.notes

    @cached_property
    def figure(self) -> Any:
        """The ``plotly.graph_objects.Figure``; what is changed in it is shown and saved, but for the static picture."""
        import plotly.graph_objects as go

        return go.Figure(self._drawing.spec())

    def svg(self) -> str:
        """Return the chart as a drawing that stands by itself.

        Returns
        -------
        str
            An SVG document.
        """
        return self._drawing.picture()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the chart to a file; one that is there is replaced.

        Parameters
        ----------
        path : path
            ``.html``: a page by itself that can be zoomed and needs no network. ``.svg``: the static picture.
            ``.png``: the same, where the library kaleido or cairosvg is installed.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            The name ends in something else, or its folder does not exist.
        MissingDependencyError
            A library is needed for PNG.

        Examples
        --------
        >>> chart.save("loss.html")  # doctest: +SKIP
        """
        file = Path(path).expanduser()
        suffix = file.suffix.lower()
        if suffix not in _SUFFIXES:
            raise InputError(f"the file is {str(path)!r}; accepted: a name that ends in {', '.join(_SUFFIXES)}.")
        if not file.parent.is_dir():
            raise InputError(f"there is no folder {str(file.parent)!r} to write {file.name!r} to; make it first.")
        if suffix == ".png":
            self._save_png(file)
        else:
            content = self.svg() if suffix == ".svg" else self._page()
            file.write_text(content, encoding="utf-8", errors="replace")
        return file

    def _save_png(self, file: Path) -> None:
        if importlib.util.find_spec("kaleido") is not None:
            self.figure.write_image(file, width=WIDTH, scale=2)
        elif importlib.util.find_spec("cairosvg") is not None:
            import cairosvg  # type: ignore[import-not-found, unused-ignore] # optional

            cairosvg.svg2png(bytestring=self.svg().encode(), write_to=str(file), scale=2)
        else:
            raise MissingDependencyError(
                "a PNG needs a library that draws one: pip install cairosvg, or pip install kaleido. Without: save to "
                "a name that ends in .svg or .html."
            )

    def _page(self) -> str:
        page: str = self.figure.to_html(config=look.CONFIG, include_plotlyjs=True, full_html=True)
        head = f"<head><title>{escape(self._drawing.title)}</title>{_PAGE_STYLE}"
        return page.replace("<head>", head, 1)

    def static_html(self) -> str:
        """Return the chart as HTML that needs no script: the picture, and below it what it leaves out.

        Returns
        -------
        str
        """
        return html.block(image(self.svg(), self._drawing.title))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude
        figure = json.loads(self.figure.to_json())
        figure["config"] = look.CONFIG
        return {_PLOTLY: figure, "text/html": self.static_html(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return self._drawing.words()
