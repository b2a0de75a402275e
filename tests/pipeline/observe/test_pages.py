"""Documents: each page is read for itself, in the box; hostile ones are refused or read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from models.errors import NoPicture, NotMedia, ParcelproofError, Truncated
from models.media import Limits
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.observe import pages
from sample_media import draw
from tests import clips
from tests.pipeline.judge.whole import RULES

OTHER = "576920418365107391"  # an order that differs by a few digits


def pdf(*sheets: Any) -> bytes:
    """A document of drawn pages."""
    drawn = [Image.fromarray(cv2.cvtColor(sheet, cv2.COLOR_BGR2RGB)) for sheet in sheets]
    out = io.BytesIO()
    drawn[0].save(out, "PDF", save_all=True, append_images=drawn[1:])
    return out.getvalue()


def scored(path: Path, case: Case, **limits: int) -> Any:
    exhibit = Exhibit(path=path, shown=path.name, role="tracking_screenshot")
    settings = Settings(limits=Limits(**limits))
    return score.score(Submission(exhibits=(exhibit,), case=case), RULES, settings)


def test_each_page_is_read_and_named(tmp_path: Path) -> None:
    blank = np.full((1200, 800, 3), 255, np.uint8)
    cv2.putText(blank, "Invoice", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 3)
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(blank, draw.screenshot(draw.ORDER, draw.TRACKING)))
    (one,) = scored(path, Case(source="operator", order_id=draw.ORDER)).exhibits
    assert (one.kind, one.media.pages, one.media.frame_count) == ("document", 2, 2)
    row = next(row for row in one.requirements if row.id == "order-info-matches")
    assert row.verdict == "met" and "at page 2" in str(row.says)


def test_pages_are_not_views_of_one_thing(tmp_path: Path) -> None:
    """Two orders on two pages stay two, however alike; a page beyond the limit is told."""
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(*(draw.screenshot(order, draw.TRACKING) for order in (draw.ORDER, OTHER))))
    found = scored(path, Case())
    orders = {i.value for i in found.exhibits[0].identifiers if i.kind == "order_id"}
    assert orders == {draw.ORDER, OTHER}
    first = scored(path, Case(), pages=1)
    assert {i.value for i in first.exhibits[0].identifiers if i.kind == "order_id"} == {draw.ORDER}
    assert any("has 2 pages; the first 1" in str(line) for line in first.not_checked)


MINIMAL = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R ACTIONS>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count COUNT>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 WIDTH HEIGHT]/Contents 4 0 R>> endobj
4 0 obj <</Length 35>> stream
BT /F1 24 Tf 10 10 Td (hello) Tj ET
endstream endobj
trailer <</Root 1 0 R>>
"""


def minimal(width: str = "200", height: str = "300", count: str = "1", actions: str = "") -> bytes:
    marks = {b"WIDTH": width, b"HEIGHT": height, b"COUNT": count, b"ACTIONS": actions}
    made = MINIMAL
    for mark, text in marks.items():
        made = made.replace(mark, text.encode())
    return made


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"%PDF-1.4\n", Truncated),
        (b"%PDF-1.4\n" + bytes(range(256)) * 9, Truncated),
        (minimal(width="1", height="14400"), NoPicture),
    ],
)
def test_broken_ones_are_refused_by_name(raw: bytes, error: Any, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(raw)
    with pytest.raises(error):
        scored(tmp_path / "a.pdf", Case())


@pytest.mark.parametrize(
    "raw",
    [
        minimal(width="1e9", height="1e9"),
        minimal(width="0"),
        minimal(count="0"),
        minimal(count="-5"),
        minimal(count="999999999"),
        minimal(actions="/OpenAction<</S/JavaScript/JS(app.alert(1))>>"),
        minimal(actions="/OpenAction<</S/Launch/F(/bin/sh)>>"),
        minimal(actions="/OpenAction<</S/URI/URI(http://example.com)>>"),
        b"x" * 900 + minimal(),
    ],
)
def test_hostile_ones_are_read_or_refused_in_the_box(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(raw)
    try:
        (one,) = scored(tmp_path / "a.pdf", Case()).exhibits
    except ParcelproofError as fault:
        assert fault.name in {"NoPicture", "Truncated", "TooLarge", "NotMedia"}
    else:
        assert one.media.frame_count <= Limits().pages


def test_a_locked_one_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn by a file with an unknown security handler: the reader asks for a password."""
    locked = minimal().replace(
        b"trailer <</Root 1 0 R>>",
        b"5 0 obj <</Filter/Standard/V 1/R 2/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">/P -4>> "
        b"endobj\ntrailer <</Root 1 0 R/Encrypt 5 0 R/ID[<41><41>]>>",
    )
    (tmp_path / "a.pdf").write_bytes(locked)
    with pytest.raises(NotMedia, match="locked with a password"):
        pages.document_facts(tmp_path / "a.pdf", Limits())


def test_pages_are_drawn_within_bounds(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(minimal(width="14000", height="9000"))
    media = pages.document_facts(tmp_path / "a.pdf", Limits())
    (picture,) = pages.pages(tmp_path / "a.pdf", Limits())
    assert max(media.width, media.height) == pages.LONGEST == max(picture.size)
    assert clips.media(1).pages == 0
