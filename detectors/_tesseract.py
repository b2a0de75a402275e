"""Lines of print by Tesseract, where the better reader is not installed: upright and clean pages only, and the report says so.

In this process and from pixels: the box starts no programs. Language data come from the Debian package.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from detectors._line import LEAST, Line
from models.media import Luma

DATA = tuple(Path("/usr/share/tesseract-ocr") / version / "tessdata" for version in ("5", "4.00"))


def lines(pixels: Luma) -> list[Line]:
    """Every line read with at least `LEAST` confidence, top to bottom. Raises ImportError where library or language data are missing."""
    import tesserocr

    data = next((path for path in DATA if (path / "eng.traineddata").exists()), None)
    if data is None:
        raise ImportError("language data of Tesseract (Debian package tesseract-ocr)")
    grey = np.ascontiguousarray(pixels if pixels.ndim == 2 else pixels.mean(axis=2).astype(np.uint8))
    height, width = grey.shape
    found: list[Line] = []
    level = tesserocr.RIL.TEXTLINE
    with tesserocr.PyTessBaseAPI(path=str(data), lang="eng", psm=tesserocr.PSM.AUTO) as reader:
        reader.SetImageBytes(grey.tobytes(), width, height, 1, width)
        reader.Recognize()
        for place in tesserocr.iterate_level(reader.GetIterator(), level):
            text, confidence, box = place.GetUTF8Text(level).strip(), place.Confidence(level) / 100, place.BoundingBox(level)
            if text and confidence >= LEAST and box:
                left, top, right, bottom = box
                corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
                found.append(Line(text, float(confidence), corners, cut=left <= 1 or right >= width - 1))
    return found
