"""Key frames show the numbers that the report is about; names, addresses and phone numbers beside them cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors import _ocr
from models.examination import Request, Wanted
from models.media import Limits
from models.observation import Region
from pipeline import examine, receive, redact
from tests import clips
from tests.conftest import ROOT, Run

LINES = ["Ship to: Maria Example", "12 Garden Street, Springfield", "Tel 555 867 5309", "Order ID: 576920418365107249"]
SHEET = cv2.cvtColor(clips.print_lines(LINES, (1280, 560), 44), cv2.COLOR_GRAY2BGR)


def read(picture: clips.Image) -> str:
    return " ".join(line.text for line in _ocr.lines(picture))


def test_all_print_goes_but_what_is_to_stay() -> None:
    (order,) = (line.region() for line in _ocr.lines(SHEET) if "576920418365107249" in line.text)
    shown = redact.redacted(SHEET, [order])
    assert "576920418365107249" in read(shown)
    assert not any(word in read(shown) for word in ("Maria", "Example", "Garden", "Springfield", "867", "5309"))
    assert read(redact.redacted(SHEET, [])).strip() == ""


def test_small_and_turned_print_goes_too() -> None:
    half = cv2.resize(SHEET, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    for picture in (half, np.ascontiguousarray(np.rot90(SHEET))):
        upright = redact.redacted(picture, [])
        seen = read(upright if picture is half else np.ascontiguousarray(np.rot90(upright, -1)))
        assert not any(word in seen for word in ("Maria", "Garden", "Springfield", "5309"))


def test_without_a_reader_the_whole_picture_is_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(pixels: clips.Image) -> list[Region]:
        raise ImportError("rapidocr")

    monkeypatch.setattr(_ocr, "places", missing)
    keep = Region(x=30, y=30, width=400, height=40)
    shown = redact.redacted(SHEET, [keep])
    assert np.array_equal(shown[30:70, 30:430], SHEET[30:70, 30:430])
    assert np.unique(shown[80:]).size < 100 and not np.array_equal(shown[80:], SHEET[80:])


@pytest.mark.parametrize("hidden", [True, False])
def test_pictures_of_the_report(hidden: bool, tmp_path: Path) -> None:
    photo = tmp_path / "label.png"
    photo.write_bytes(cv2.imencode(".png", SHEET)[1].tobytes())
    received = receive.received(photo, Limits())
    said: list[bytes] = []
    request = Request(path=photo, kind="image", container=received.container, limits=Limits())
    examine.picture(
        request, (Wanted(name="one", pts=0.0, redact=hidden),), lambda kind, body: said.append(body) if kind == "jpeg" else None
    )
    shown = cv2.imdecode(np.frombuffer(said[0], np.uint8), cv2.IMREAD_COLOR)
    assert ("Springfield" in read(shown)) == (not hidden)


def test_showing_all_is_asked_for_and_logged(run: Run) -> None:
    done = run("score", ROOT / "sample_media" / "label.jpg", "--redact", "none", "--format", "json")
    assert json.loads(done.stdout)["audit"]["redact"] == "none"
