"""Makes the README's pictures: cells of the saved notebooks as JupyterLab shows them, light and dark.

``python tests/browser/pictures.py`` writes them to ``notebooks/images``. They are little wider than the README shows them, with
two dots for each pixel: text is then nearly as large there as in a notebook, and sharp on any screen.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lab import Lab, Notebook
from PIL import Image

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
IMAGES = NOTEBOOKS / "images"
# By picture: the notebook, and which of its cells stand below each other.
PICTURES = {
    "welcome": ("00_welcome.ipynb", (9, 15, 19)),
    "prove_it": ("04_prove_it.ipynb", (6, 9, 10)),
}
_SCALE = 2
_GAP = 8 * _SCALE
# Of this, JupyterLab leaves 860 pixels to a cell: the run table just fits.
_WINDOW = {"width": 1210, "height": 1000}


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder), Path(folder)) as lab:
        for theme in ("Light", "Dark"):
            lab.theme(f"JupyterLab {theme}")
            for name, (notebook, cells) in PICTURES.items():
                shutil.copy(NOTEBOOKS / notebook, lab.root)
                opened = Notebook(lab, notebook, lab.browser.context(viewport=_WINDOW, device_scale_factor=_SCALE))
                shots = [Image.open(opened.shot(f"{name}_{cell}", cell)) for cell in cells]
                below(shots).save(IMAGES / f"{name}_{theme.lower()}.png", optimize=True)
                opened.shut_down()


def below(shots: list[Image.Image]) -> Image.Image:
    """Put pictures below each other."""
    size = max(shot.width for shot in shots), sum(shot.height + _GAP for shot in shots) - _GAP
    whole = Image.new("RGB", size, shots[0].convert("RGB").getpixel((0, 0)))
    top = 0
    for shot in shots:
        whole.paste(shot, (0, top))
        top += shot.height + _GAP
    return whole


if __name__ == "__main__":
    main()
