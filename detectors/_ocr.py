"""Lines of print in one picture, by PP-OCRv6 small (rapidocr, weights inside its wheel). One thread, no network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from models.media import Luma
from models.observation import Region

SIDE = 960  # longer side on which lines are found; 1280 costs half more and finds no more (research: ocr 3)
LEAST = 0.5  # confidence below which a line is no text (research: ocr 7)


@dataclass(frozen=True, slots=True)
class Line:
    """One line as printed: its text, confidence 0..1, corners in pixels of the picture."""

    text: str
    confidence: float
    corners: np.ndarray[Any, np.dtype[np.float64]]

    @property
    def centre(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.asarray(self.corners.mean(axis=0))

    @property
    def along(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The longer side as a vector."""
        top, side = self.corners[1] - self.corners[0], self.corners[2] - self.corners[1]
        return np.asarray(top if np.hypot(*top) >= np.hypot(*side) else side)

    @property
    def length(self) -> float:
        return float(np.hypot(*self.along))

    @property
    def height(self) -> float:
        top, side = self.corners[1] - self.corners[0], self.corners[2] - self.corners[1]
        return float(min(np.hypot(*top), np.hypot(*side)))

    def region(self, scale: float = 1.0) -> Region:
        low, high = self.corners.min(axis=0) * scale, self.corners.max(axis=0) * scale
        return Region(x=max(0, round(low[0])), y=max(0, round(low[1])), width=round(high[0] - low[0]), height=round(high[1] - low[1]))


@cache
def _engine() -> Any:
    """The reader, with every model named by path: nothing is ever looked for elsewhere."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": 4096,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": SIDE,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        }
    )


def _bgr(pixels: Luma) -> Luma:
    return cast(Luma, cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)) if pixels.ndim == 2 else pixels


def places(pixels: Luma) -> list[Region]:
    """Where print stands, unread, also what is too small or too blurred to be read. Raises ImportError where no reader is installed."""
    found = _engine()(_bgr(pixels), use_det=True, use_cls=False, use_rec=False)
    boxes = () if found is None or found.boxes is None else found.boxes
    return [Line("", 0.0, np.asarray(box, np.float64)).region() for box in boxes]


def lines(pixels: Luma) -> list[Line]:
    """Every line read with at least `LEAST` confidence, top to bottom as the reader gives them."""
    found = _engine()(_bgr(pixels), use_det=True, use_cls=True, use_rec=True)
    if found is None or found.boxes is None:
        return []
    rows = zip(found.boxes, found.txts, found.scores, strict=True)
    return [Line(text, float(score), np.asarray(box, np.float64)) for box, text, score in rows if score >= LEAST and text.strip()]
