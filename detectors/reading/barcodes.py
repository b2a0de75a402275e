"""Reading codes in a picture.

zxing-cpp, whole and in crops turned upright; tapirscan where that is empty; pyzbar as a second
opinion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import cv2
import numpy as np
import tapirscan
import zxingcpp
from numpy.typing import NDArray
from pyzbar import pyzbar

from models.identifiers.symbologies import Symbology, symbology
from models.media import Luma
from models.record import Outline, Region

GATE = 960  # pixels, longer side on which codes are located; larger finds no more
MARGIN = 0.25  # of a crop's sides; less cuts quiet zones off
# ASCII, Chinese punctuation and the common characters (level 1 of GB 2312), no others.
COMMON_HAN = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa3\xb0-\xd7][\xa1-\xfe])+")
LATIN = "\u00ff"  # the last sign of Latin 1
DARK_GROUND = 100  # grey levels of a ground on which black print hardly shows
BLACKEST = 0.002  # share of the pixels that are taken for black
# Shares of its length: a stripe of bars that is lower is taken as high as bars usually are.
STRIPE, HIGH = 0.08, 0.4
SMALLEST = 8  # pixels of the shorter side; no code fits into less
THINNEST = 8  # pixels across a crop
SMALL = 1300  # pixels: pictures up to this size are also tried doubled
CUBIC = 2.0
# Pixels of play; times as thick as a stripe is the code that overrules it (house rule; the one
# known slip is 4 px of a code of 165).
SLIP, SLIPS = 4, 5.0
ZBAR: dict[str, Symbology] = {
    "CODE128": "Code128",
    "CODE39": "Code39",
    "QRCODE": "QRCode",
    "EAN13": "EAN13",
    "I25": "ITF",
    "CODE93": "Code93",
}


@dataclass(frozen=True, slots=True)
class CodeRead:
    """One code read once. `gs1`: its first character says that application identifiers follow.

    `outline`: its corners, where the reader tells them.
    """

    symbology: Symbology
    payload: str
    region: Region
    family: str
    gs1: bool = False
    outline: Outline | None = None


def read_zxing(luma: Luma, inverted: bool = False) -> list[CodeRead]:
    """Every code zxing-cpp finds in the picture, payload as encoded."""
    if min(luma.shape) < SMALLEST:
        return []
    found = zxingcpp.read_barcodes(
        luma,
        text_mode=zxingcpp.TextMode.Plain,
        try_invert=inverted,
    )
    return _without_slips([_read_of(code) for code in found if code.text])


def _read_of(code: zxingcpp.Barcode) -> CodeRead:
    """What zxing-cpp says of one code."""
    return CodeRead(
        symbology=symbology(code.format.name),
        payload=_payload(code),
        region=_box(code.position),
        family="zxing",
        gs1=code.content_type == zxingcpp.ContentType.GS1,
        outline=_outline(code.position),
    )


def places(luma: Luma, unread: bool = False) -> list[Region]:
    """Where codes stand that can be read; with `unread` also what only looks like one."""
    if min(luma.shape) < SMALLEST:
        return []
    reads = [*read_zxing(luma, inverted=True), *read_zbar(luma)]
    found = [_high(read.region) for read in reads]
    if unread:
        some = zxingcpp.read_barcodes(
            luma,
            try_invert=True,
            return_errors=True,
        )
        found += [_box(code.position) for code in some if not code.valid]
    return found


def _high(region: Region) -> Region:
    """A stripe of a one-dimensional code, made as high as its bars may be."""
    length = max(region.width, region.height)
    if min(region.width, region.height) >= STRIPE * length:
        return region
    across = round(HIGH * length)
    down = max(0, across - region.height)
    wide = max(0, across - region.width)
    return Region(
        x=region.x - wide // 2,
        y=region.y - down // 2,
        width=region.width + wide,
        height=region.height + down,
    )


def _payload(code: zxingcpp.Barcode) -> str:
    """As text. Printers in China write GBK without saying so, which is then taken for Latin."""
    guessed_latin = all(sign <= LATIN for sign in code.text)
    if code.text.isascii() or not guessed_latin:
        return code.text
    if COMMON_HAN.fullmatch(code.bytes):
        return code.bytes.decode("gb2312", "replace")
    return code.text


def _without_slips(reads: list[CodeRead]) -> list[CodeRead]:
    """Without what a few lines alone of a one-dimensional code said, where all others differ."""
    return [one for one in reads if not any(_slip(one, other) for other in reads)]


def _slip(one: CodeRead, other: CodeRead) -> bool:
    """Is `one` a thin stripe inside `other`, of the same symbology?"""
    if one.symbology != other.symbology or one.payload == other.payload:
        return False
    a = one.region
    b = other.region
    across = _between(a.x + a.width / 2, b.x, b.width)
    down = _between(a.y + a.height / 2, b.y, b.height)
    stripe = min(a.width, a.height)
    thin = SLIPS * stripe < min(b.width, b.height)
    return across and down and thin


def _between(
    place: float,
    start: int,
    length: int,
) -> bool:
    """Along one side, with a little play."""
    return start - SLIP <= place <= start + length + SLIP


def _outline(position: zxingcpp.Position) -> Outline:
    """The corners of a code."""
    first, second = position.top_left, position.top_right
    third, fourth = position.bottom_right, position.bottom_left
    return (first.x, first.y), (second.x, second.y), (third.x, third.y), (fourth.x, fourth.y)


def _box(position: zxingcpp.Position) -> Region:
    """The upright box around a code."""
    return _region(np.array(_outline(position), np.int32))


def _region(points: NDArray[np.int32] | NDArray[np.float32]) -> Region:
    """The upright box around points."""
    x, y, width, height = cv2.boundingRect(points)
    return Region(
        x=int(x),
        y=int(y),
        width=int(width),
        height=int(height),
    )


def deskewed_crops(luma: Luma) -> Iterator[tuple[Luma, Region]]:
    """Crops around what looks like a one-dimensional code, turned so that its bars stand upright.

    OpenCV's locator is used for places only; the payloads it offers are wrong too often to be
    believed.
    """
    if min(luma.shape) < SMALLEST:
        return
    scale = min(1.0, GATE / max(luma.shape))
    small = luma
    if scale < 1:
        height, width = (max(1, round(one * scale)) for one in luma.shape)
        resized = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
        small = cast(Luma, resized)
    found, corners = cv2.barcode.BarcodeDetector().detect(small)
    for quad in corners if found and corners is not None else ():
        crop = _deskewed(luma, quad / scale)
        if crop is not None:
            yield crop, _region(quad / scale)


def _deskewed(luma: Luma, quad: NDArray[np.float32]) -> Luma | None:
    """The picture inside `quad` with a margin, upright; None where it is too thin."""
    box = cv2.minAreaRect(quad.astype(np.float32))
    (cx, cy), (w, h), angle = box
    if min(w, h) < THINNEST:
        return None
    wider = 1 + 2 * MARGIN
    w = w * wider
    h = h * wider
    turn = cv2.getRotationMatrix2D((cx, cy), angle, 1.0)
    turn[:, 2] += np.array((w / 2 - cx, h / 2 - cy))
    size = (int(w), int(h))
    crop = cv2.warpAffine(
        luma,
        turn,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cast(Luma, crop)


def read_thoroughly(luma: Luma) -> list[CodeRead]:
    """The full search of one picture.

    Whole, turned crops, those doubled; then softened, sharpened, with a dark ground made light, and
    the whole doubled.
    """
    found = read_zxing(luma, inverted=True)
    if not found:
        crops = deskewed_crops(luma)
        found = [read for crop, region in crops for read in _read_crop(crop, region)]
    if not found:
        softened = cast(Luma, cv2.medianBlur(luma, 3))
        found = read_zxing(softened) or read_zxing(_sharpened(luma))
    if not found and np.median(luma) < DARK_GROUND:
        found = read_zxing(_ground_lifted(luma))
    if not found and max(luma.shape) <= SMALL:
        doubled = read_zxing(_doubled(luma))
        found = [_placed(read, read.region.scaled(1 / CUBIC)) for read in doubled]
    return found


def read_tapirscan(luma: Luma) -> list[CodeRead]:
    """What tapirscan reads: blurred and damaged QR codes, bars at any angle.

    Dear, so only for pictures that stay empty.
    """
    if min(luma.shape) < SMALLEST:
        return []
    found = _scanner().scan(np.ascontiguousarray(luma), layout="HW").barcodes
    reads = []
    for code in found:
        box = code.rect
        if code.text and box:
            region = Region(
                x=int(box.left),
                y=int(box.top),
                width=int(box.width),
                height=int(box.height),
            )
            reads.append(
                CodeRead(
                    symbology(code.format),
                    code.text,
                    region,
                    "tapirscan",
                )
            )
    return reads


def _zbar_codes(luma: Luma) -> list[Any]:
    """What ZBar finds; nothing where pyzbar has no name for what it found.

    It has none for the orientation of a QR code that is spread over linked symbols.
    """
    kinds = [getattr(pyzbar.ZBarSymbol, name) for name in ZBAR]
    with suppress(ValueError):
        return list(pyzbar.decode(np.ascontiguousarray(luma), symbols=kinds))
    return []


@cache
def _scanner() -> tapirscan.Scanner:
    """Medium effort: low reads a third less of what is left, high no more at four times the price.

    Measured on 126 empty photos.
    """
    return tapirscan.Scanner(
        "medium",
        formats="all",
        parallel=False,
    )


def _sharpened(luma: Luma) -> Luma:
    """Unsharp mask: what is left of fine cells after blur."""
    blurred = cv2.GaussianBlur(luma, (0, 0), 3.0)
    made = cv2.addWeighted(
        luma,
        2.0,
        blurred,
        -1.0,
        0.0,
    )
    return cast(Luma, made)


def _ground_lifted(luma: Luma) -> Luma:
    """Black alone stays black: a code printed without a light rim gets one."""
    ground = float(np.median(luma))
    blackest = float(np.quantile(luma, BLACKEST))
    middle = (ground + blackest) / 2
    lifted = cv2.threshold(
        luma,
        middle,
        255,
        cv2.THRESH_BINARY,
    )[1]
    return cast(Luma, lifted)


def _doubled(luma: Luma) -> Luma:
    """Twice as large."""
    made = cv2.resize(
        luma,
        None,
        fx=CUBIC,
        fy=CUBIC,
        interpolation=cv2.INTER_CUBIC,
    )
    return cast(Luma, made)


def _read_crop(crop: Luma, region: Region) -> list[CodeRead]:
    """A crop as it is, then doubled."""
    found = read_zxing(crop) or read_zxing(_doubled(crop))
    return [_placed(read, region) for read in found]


def _placed(read: CodeRead, region: Region) -> CodeRead:
    """What was read in another view, where that lies in the picture."""
    return replace(
        read,
        region=region,
        outline=None,
    )


def read_zbar(luma: Luma, around: Region | None = None) -> list[CodeRead]:
    """What the second family reads, in the whole picture or near a code."""
    x, y = 0, 0
    if around is not None:
        margin = round(max(around.width, around.height) * MARGIN) + 16
        x = max(0, around.x - margin)
        y = max(0, around.y - margin)
        right = around.x + around.width + margin
        bottom = around.y + around.height + margin
        luma = luma[y:bottom, x:right]
    if not luma.size:
        return []
    reads = []
    for code in _zbar_codes(luma):
        if code.data:
            box = code.rect
            region = Region(
                x=x + box.left,
                y=y + box.top,
                width=box.width,
                height=box.height,
            )
            payload = code.data.decode("utf-8", "replace")
            reads.append(
                CodeRead(
                    ZBAR[code.type],
                    payload,
                    region,
                    "zbar",
                )
            )
    return reads
