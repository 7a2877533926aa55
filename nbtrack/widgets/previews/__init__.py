"""What is inside an artifact, small enough to stand in a notebook: a picture, a table, a few lines, or what it is."""

from nbtrack.widgets.previews.view import preview_html

__all__ = ["preview_html"]
