"""A PDF's pages as pictures, rasterised in the box; nothing in it runs or is followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pypdfium2

from models import errors
from models.media import Limits, Luma, Media
from pipeline.observe.picture import Photo

DOTS = 200 / 72  # pixels a point: 200 dots an inch, at which print of 6 points has capitals of 12
LONGEST, SHORTEST = 3000, 40  # pixels of a page's sides; beyond, it is drawn smaller or refused
WHITE = (255, 255, 255, 255)


@contextmanager
def _opened(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    """The document at `path`. Raises NotMedia, Truncated."""
    try:
        document = pypdfium2.PdfDocument(path.read_bytes())
    except pypdfium2.PdfiumError as fault:
        if "assword" in str(fault):
            raise errors.NotMedia("The document is locked with a password.") from None
        raise errors.Truncated(
            "The document cannot be opened: {why}.", why=str(fault)[:200]
        ) from None
    try:
        yield document
    finally:
        document.close()


def document_facts(path: Path, limits: Limits) -> Media:
    """How many pages, how large the first is. Raises NoPicture, NotMedia, Truncated."""
    with _opened(path) as document:
        count = len(document)
        if not count:
            raise errors.NoPicture("The document has no page.")
        width, height = _size(document, 0)
    return Media(
        kind="document",
        container="pdf",
        codec="pdf",
        width=width,
        height=height,
        frame_count=min(count, limits.pages),
        pages=count,
        pixel_format="bgr24",
    )


def pages(path: Path, limits: Limits) -> Iterator[Photo]:
    """Each page as a picture whose time is its number from 0. Raises NoPicture."""
    with _opened(path) as document:
        for number in range(min(len(document), limits.pages)):
            yield Photo(_drawn(document, number), pts=float(number), index=number)


def page(path: Path, number: int) -> Luma:
    """One page as BGR. Raises NoPicture."""
    with _opened(path) as document:
        return _drawn(document, number)


def _size(document: pypdfium2.PdfDocument, number: int) -> tuple[int, int]:
    """Pixels of a page as it is drawn. Raises NoPicture."""
    try:
        width, height = document.get_page_size(number)
    except pypdfium2.PdfiumError:
        width = height = 0.0
    scale = _scale(width, height)
    size = round(width * scale), round(height * scale)
    if min(size) < SHORTEST:
        raise errors.NoPicture(
            "Page {number} of the document is too small or too narrow to be drawn.",
            number=number + 1,
        )
    return size


def _scale(width: float, height: float) -> float:
    longest = max(width, height)
    return min(DOTS, LONGEST / longest) if longest > 0 else 0.0


def _drawn(document: pypdfium2.PdfDocument, number: int) -> Luma:
    """One page, on white, without forms and scripts. Raises NoPicture."""
    _size(document, number)
    try:
        sheet = document[number]
        scale = _scale(*sheet.get_size())
        bitmap = sheet.render(scale=scale, fill_color=WHITE, may_draw_forms=False)
        bgr = np.array(bitmap.to_numpy()[:, :, :3], np.uint8, order="C")
        sheet.close()
    except pypdfium2.PdfiumError as fault:
        raise errors.NoPicture(
            "Page {number} of the document cannot be drawn: {why}.",
            number=number + 1,
            why=str(fault)[:200],
        ) from None
    return bgr
