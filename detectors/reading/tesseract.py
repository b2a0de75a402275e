"""Lines of print by Tesseract, where the better reader is not installed.

Upright and clean pages only, and the report says so. In this process and from pixels: the box
starts no programs. Language data come from the Debian package.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from detectors.reading.text_line import LEAST, TextLine
from models.media import Luma

FOLDERS = tuple(Path("/usr/share/tesseract-ocr") / name / "tessdata" for name in ("5", "4.00"))


def lines(pixels: Luma) -> list[TextLine]:
    """Every line read with at least `LEAST` confidence, top to bottom.

    Raises ImportError where library or language data are missing.
    """
    import tesserocr

    data = next((path for path in FOLDERS if (path / "eng.traineddata").exists()), None)
    if data is None:
        raise ImportError("language data of Tesseract (Debian package tesseract-ocr)")
    grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2).astype(np.uint8)
    height, width = grey.shape
    pages = tesserocr.PSM.AUTO
    with tesserocr.PyTessBaseAPI(
        path=str(data),
        lang="eng",
        psm=pages,
    ) as reader:
        reader.SetImageBytes(
            np.ascontiguousarray(grey).tobytes(),
            width,
            height,
            1,
            width,
        )
        reader.Recognize()
        return list(_lines(reader, width))


def _lines(reader: Any, width: int) -> Iterator[TextLine]:
    """What the reader recognised on a page `width` pixels wide."""
    import tesserocr

    level = tesserocr.RIL.TEXTLINE
    for place in tesserocr.iterate_level(reader.GetIterator(), level):
        text = place.GetUTF8Text(level).strip()
        box = place.BoundingBox(level)
        confidence = float(place.Confidence(level) / 100)
        if not text or confidence < LEAST or not box:
            continue
        left, top, right, bottom = box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
        cut = left <= 1 or right >= width - 1
        yield TextLine(
            text,
            confidence,
            corners,
            cut=cut,
        )
