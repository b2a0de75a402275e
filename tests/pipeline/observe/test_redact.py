"""Key frames show the numbers that the report is about; names, addresses and phone numbers beside
them cannot be read.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.reading import barcodes, labels, ocr
from detectors.reading.text_line import outline
from detectors.vision import faces, onnx
from models.examination import Request, Wanted
from models.media import Limits
from models.record import Outline, Region
from pipeline import receive
from pipeline.observe import pictures, redact
from tests import clips
from tests.conftest import ROOT, Run

LINES = [
    "Ship to: Maria Example",
    "12 Garden Street, Springfield",
    "Tel 555 867 5309",
    "Order ID: 576920418365107249",
]
SHEET = cv2.cvtColor(clips.print_lines(LINES, (1280, 560), 44), cv2.COLOR_GRAY2BGR)


def read(picture: clips.Image) -> str:
    return " ".join(line.text for line in ocr.lines(picture))


def test_all_print_goes_but_what_is_to_stay() -> None:
    (order,) = (one for one in labels.identifiers(ocr.lines(SHEET)) if one.kind == "order_id")
    hidden = redact.redacted(SHEET)
    shown = redact.with_readable(hidden, SHEET, [outline(part) for part in order.corners])
    assert "576920418365107249" in read(shown)
    private = ("Maria", "Example", "Garden", "Springfield", "867", "5309", "Order")
    assert not any(word in read(shown) for word in private)
    assert read(hidden).strip() == ""


def test_small_and_turned_print_goes_too() -> None:
    half = cv2.resize(SHEET, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    for picture in (half, np.ascontiguousarray(np.rot90(SHEET))):
        upright = redact.redacted(picture)
        seen = read(upright if picture is half else np.ascontiguousarray(np.rot90(upright, -1)))
        assert not any(word in seen for word in ("Maria", "Garden", "Springfield", "5309"))


@pytest.mark.parametrize(
    ("width", "height", "degrees", "told"),
    [
        (1000, 700, 0, False),  # a whole side, taken for one line
        (600, 365, 20, False),
        (1000, 300, 0, True),  # large print
        (900, 260, -20, True),  # aslant: its box is no longer than high
        (200, 90, 0, True),
    ],
)
def test_a_side_itself_is_no_print(width: int, height: int, degrees: float, told: bool) -> None:
    corners = cv2.boxPoints(((500, 360), (width, height), degrees))
    assert redact.like_a_line(corners, (720, 1000, 3)) == told


def test_a_label_on_a_side_cannot_be_read() -> None:
    sheet = cv2.resize(SHEET, (640, 280), interpolation=cv2.INTER_AREA)
    side = np.full((480, 720, 3), (110, 150, 180), np.uint8)
    side[60:340, 40:680] = sheet
    for picture in (side, np.ascontiguousarray(np.rot90(side, 2))):
        hidden = redact.side_redacted(picture)
        upright = hidden if picture is side else np.ascontiguousarray(np.rot90(hidden, 2))
        assert not any(word in read(upright) for word in ("Maria", "Garden", "5309", "576920"))
        assert np.array_equal(upright[400:], side[400:]), "the side around it stays"


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
def test_a_side_is_laid_flat_as_it_is_not_mirrored(turned: int) -> None:
    """A sheet seen at a slant, its upper left corner marked."""
    sheet = np.full((200, 300, 3), 255, np.uint8)
    sheet[:60, :90] = (0, 0, 255)
    seen = np.array([(420, 80), (640, 190), (560, 360), (330, 260)], np.float32)
    flat = np.array([(0, 0), (300, 0), (300, 200), (0, 200)], np.float32)
    picture = cv2.warpPerspective(sheet, cv2.getPerspectiveTransform(flat, seen), (800, 450))
    a, b, c, d = ((int(x), int(y)) for x, y in np.roll(seen, -turned, axis=0))
    outline = (a, b, c, d)
    made = np.rot90(pictures._laid_flat(picture, outline), -turned)
    red = (made[..., 2] > 200) & (made[..., 1] < 80)
    ys, xs = np.nonzero(red)
    assert max(made.shape[:2]) <= pictures.LOOKED_AT
    assert xs.max() < 0.4 * made.shape[1] and ys.max() < 0.4 * made.shape[0]
    assert red.mean() == pytest.approx(0.09, abs=0.02)


def test_without_a_reader_the_whole_picture_is_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(pixels: clips.Image) -> list[Region]:
        raise ImportError("rapidocr")

    monkeypatch.setattr(ocr, "places", missing)
    keep: Outline = ((30, 30), (429, 30), (429, 69), (30, 69))
    shown = redact.with_readable(redact.redacted(SHEET), SHEET, [keep])
    assert np.array_equal(shown[30:70, 30:430], SHEET[30:70, 30:430])
    assert np.unique(shown[80:]).size < 100 and not np.array_equal(shown[80:], SHEET[80:])


BESIDE = "Order ID: 576920418365107249  Ship to: Maria Example"


@pytest.mark.parametrize("degrees", [0, 12, -20])
def test_of_a_line_only_the_number_stays(degrees: int) -> None:
    """A street beside it, above it or below it does not, however the label lies."""
    lines = ["12 Garden Street, Springfield", BESIDE, "Tel 555 867 5309"]
    flat = clips.print_lines(lines, (1280, 420), 40)
    turn = cv2.getRotationMatrix2D((640, 210), degrees, 0.9)
    turn[:, 2] += (0, 150)
    picture = cv2.cvtColor(
        cv2.warpAffine(flat, turn, (1280, 720), borderValue=(255,)), cv2.COLOR_GRAY2BGR
    )
    (order,) = (one for one in labels.identifiers(ocr.lines(picture)) if one.kind == "order_id")
    readable = [outline(part) for part in order.corners]
    box = order.line.region()
    parts = (
        redact.with_readable(redact.redacted(picture), picture, readable),
        redact.alone(picture, readable, box.height),
    )
    for shown in parts:
        seen = read(shown).replace(" ", "")
        assert "576920418365107249" in seen
        private = ("Maria", "Example", "Ship", "Garden", "Springfield", "5309")
        assert not any(word in seen for word in private)


WIFI = "WIFI:T:WPA;S:example-net;P:not-a-secret;;"
ORDER = "576920418365107249"


def test_codes_go_but_what_is_to_stay() -> None:
    """Square ones and bars, whole and made smaller; the one that stays can be scanned."""
    picture = np.full((600, 1200), 255, np.uint8)
    for payload, x in ((WIFI, 60), (ORDER, 700)):
        code = clips.code(payload, scale=8)
        picture[80 : 80 + code.shape[0], x : x + code.shape[1]] = code
    bgr = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    reads = {one.payload: one.outline for one in barcodes.read_zxing(picture)}
    assert set(reads) == {WIFI, ORDER}
    kept = reads[ORDER]
    assert kept is not None
    shown = redact.with_readable(redact.redacted(bgr), bgr, [kept])
    again = redact.looked_over(redact.with_readable(bgr, bgr, []), [kept])
    for one in (shown, again):
        found = barcodes.read_thoroughly(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY))
        assert {read.payload for read in found} == {ORDER}


def drawn_face(side: int) -> clips.Image:
    """A face as plain as the detector still takes for one, on a grey ground."""
    picture = np.full((400, 400, 3), (120, 110, 100), np.uint8)
    skin, shade = (150, 180, 225), (128, 153, 191)
    cv2.ellipse(picture, (200, 330), (150, 120), 0, 0, 360, (90, 60, 50), -1)
    cv2.ellipse(picture, (200, 180), (95, 120), 0, 0, 360, (30, 40, 60), -1)
    cv2.ellipse(picture, (200, 200), (78, 105), 0, 0, 360, skin, -1)
    for x in (168, 232):
        cv2.ellipse(picture, (x, 180), (16, 8), 0, 0, 360, (245, 245, 245), -1)
        cv2.circle(picture, (x, 180), 7, (40, 40, 40), -1)
        cv2.ellipse(picture, (x, 162), (22, 5), 0, 180, 360, (40, 50, 70), 5)
    cv2.ellipse(picture, (200, 222), (12, 8), 0, 0, 180, shade, 4)
    cv2.ellipse(picture, (200, 255), (30, 11), 0, 0, 360, (110, 110, 190), -1)
    soft = cv2.GaussianBlur(picture, (0, 0), 2.5)
    return np.asarray(cv2.resize(soft, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(
    ("size", "at"), [((720, 1280), (40, 700)), ((1280, 720), (760, 300)), ((480, 480), (60, 60))]
)
def test_faces_are_made_unreadable(size: tuple[int, int], at: tuple[int, int]) -> None:
    picture = np.full((*size, 3), (140, 150, 150), np.uint8)
    side = 360
    picture[at[0] : at[0] + side, at[1] : at[1] + side] = drawn_face(side)
    middle = (at[1] + side // 2, at[0] + side // 2)
    assert any(
        r.x < middle[0] < r.x + r.width and r.y < middle[1] < r.y + r.height
        for r in faces.faces(picture)
    )
    shown = redact.redacted(picture)
    eye = np.s_[
        at[0] + round(0.41 * side) : at[0] + round(0.49 * side),
        at[1] + round(0.38 * side) : at[1] + round(0.46 * side),
    ]
    assert np.ptp(picture[eye]) > 150 and np.ptp(shown[eye]) < 90


def test_a_parcel_is_no_face() -> None:
    assert not faces.faces(cv2.cvtColor(clips.view(50.0), cv2.COLOR_GRAY2BGR)) and not faces.faces(
        SHEET
    )


def test_weights_that_are_not_the_measured_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    onnx.network.cache_clear()
    monkeypatch.setattr(
        onnx.hashlib, "sha256", lambda blob: type("Digest", (), {"hexdigest": lambda self: "0"})()
    )
    with pytest.raises(ValueError, match="card"):
        onnx.network("face_full_range")
    onnx.network.cache_clear()


@pytest.mark.parametrize("hidden", [True, False])
def test_pictures_of_the_report(hidden: bool, tmp_path: Path) -> None:
    photo = tmp_path / "label.png"
    photo.write_bytes(cv2.imencode(".png", SHEET)[1].tobytes())
    received = receive.received(photo, Limits())
    said: list[bytes] = []
    request = Request(path=photo, kind="image", container=received.container, limits=Limits())
    want = (Wanted(name="one", what="read", pts=0.0),)
    pictures.pictures(
        request, want, hidden, lambda kind, body: said.append(body) if kind == "jpeg" else None
    )
    shown = cv2.imdecode(np.frombuffer(said[0], np.uint8), cv2.IMREAD_COLOR)
    assert ("Springfield" in read(shown)) == (not hidden)


def test_showing_all_is_asked_for_and_logged(run: Run) -> None:
    done = run("score", ROOT / "sample_media" / "label.jpg", "--redact", "none", "--format", "json")
    assert json.loads(done.stdout)["audit"]["redact"] == "none"
