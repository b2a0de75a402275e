"""Print by Tesseract: the second family beside the usual reader, and its stand-in.

The program runs in a box of its own, which is given grey pixels and nothing else; `connect` says
where. Without a box (tests, benches) it is started from here. Language data and program come from
the Debian package tesseract-ocr.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from detectors.reading.text_line import LEAST, TextLine
from models.media import Luma

PAGE, LINE = 3, 7  # how Tesseract is told to see the pixels (its --psm)
LARGEST = 40_000_000  # pixels that are taken at once
LONGEST_S = 20.0  # seconds for one picture; a label's line takes a tenth of one
MISSING = "Tesseract (Debian package tesseract-ocr)"


class Word(NamedTuple):
    """One word: text, confidence 0..1, box in pixels, and which line it stands in."""

    text: str
    confidence: float
    left: int
    top: int
    width: int
    height: int
    line: int


class _Box:
    """The way to the box that may start the program; None where there is none."""

    pipe: Connection | None = None


def connect(pipe: Connection | None) -> None:
    """From now on pixels are sent there."""
    _Box.pipe = pipe


def program() -> str | None:
    """Where the program lies, on this machine."""
    return shutil.which("tesseract")


def lines(pixels: Luma) -> list[TextLine]:
    """Every line of a page read with at least `LEAST` confidence, top to bottom: upright and clean.

    Raises ImportError where the program is missing.
    """
    grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2).astype(np.uint8)
    by_line: dict[int, list[Word]] = {}
    for word in words(grey, PAGE):
        by_line.setdefault(word.line, []).append(word)
    return list(_lines(by_line.values(), grey.shape[1]))


def _lines(found: Any, width: int) -> Iterator[TextLine]:
    """Words of a line side by side, on a page `width` pixels wide."""
    for some in found:
        confidence = sum(word.confidence for word in some) / len(some)
        if confidence < LEAST:
            continue
        left = min(word.left for word in some)
        top = min(word.top for word in some)
        right = max(word.left + word.width for word in some)
        bottom = max(word.top + word.height for word in some)
        yield TextLine(
            " ".join(word.text for word in some),
            confidence,
            np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float),
            cut=left <= 1 or right >= width - 1,
        )


def words(grey: Luma, mode: int) -> list[Word]:
    """What the program reads in grey pixels. Raises ImportError where it is missing.

    Raises OSError where it failed or its box is gone.
    """
    if _Box.pipe is None:
        return recognised(grey, mode)
    _Box.pipe.send_bytes(asking(grey, mode))
    try:
        answer = json.loads(_Box.pipe.recv_bytes())
    except (EOFError, ValueError) as fault:
        raise OSError("the second reader of print is gone") from fault
    if not isinstance(answer, list):
        raise OSError(f"the second reader of print failed: {answer}")
    return [Word(*row) for row in answer]


def asking(grey: Luma, mode: int) -> bytes:
    """Pixels on their way to the box: a line of JSON, then the bytes of the picture."""
    height, width = grey.shape
    head = json.dumps([height, width, mode]).encode()
    return head + b"\n" + np.ascontiguousarray(grey, np.uint8).tobytes()


def answering(asked: bytes) -> bytes:
    """In the box: pixels in, words as JSON out; a text where that did not work.

    What comes is believed to be nothing but pixels: whoever sends them has read hostile media.
    """
    head, _, raw = asked.partition(b"\n")
    try:
        height, width, mode = json.loads(head)
        fits = mode in (PAGE, LINE) and min(height, width) > 0 and height * width <= LARGEST
        if not fits or len(raw) != height * width:
            raise ValueError("no picture")
        grey = np.frombuffer(raw, np.uint8).reshape(height, width)
        return json.dumps(recognised(grey, mode)).encode()
    except (OSError, ImportError, RuntimeError, ValueError, TypeError) as fault:
        return json.dumps(f"{type(fault).__name__}: {fault}"[:500]).encode()


def recognised(grey: Luma, mode: int) -> list[Word]:
    """Start the program on grey pixels. Raises ImportError, OSError, RuntimeError."""
    import pytesseract

    where = program()
    if where is None:
        raise ImportError(MISSING)
    pytesseract.pytesseract.tesseract_cmd = where
    try:
        table = pytesseract.image_to_data(
            grey,
            lang="eng",
            config=f"--psm {mode}",
            timeout=LONGEST_S,
            output_type=pytesseract.Output.DICT,
        )
    except pytesseract.TesseractError as fault:
        raise OSError(str(fault)) from fault
    return list(_words(table))


def _words(table: dict[str, Sequence[Any]]) -> Iterator[Word]:
    """Rows of the program's table that hold a word."""
    keys = ("block_num", "par_num", "line_num")
    known: dict[tuple[Any, ...], int] = {}
    for row, text in enumerate(table["text"]):
        confidence = float(table["conf"][row]) / 100
        if not text.strip() or confidence < 0:
            continue
        line = tuple(table[key][row] for key in keys)
        left, top, width, height = (
            int(table[key][row]) for key in ("left", "top", "width", "height")
        )
        yield Word(
            text.strip(),
            confidence,
            left,
            top,
            width,
            height,
            known.setdefault(line, len(known)),
        )
