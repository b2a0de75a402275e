"""Reading codes in a picture: zxing-cpp, whole and in crops turned upright; tapirscan where that is empty; pyzbar as a second opinion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import cv2
import numpy as np
import tapirscan
import zxingcpp
from pyzbar import pyzbar

from models.media import Luma
from models.observation import Region

GATE = 960  # pixels, longer side on which codes are located; larger finds no more (research: fires on 84-100 % of 1D images)
MARGIN = 0.25  # of a crop's sides; less cuts quiet zones off
SMALL = 1300  # pixels: pictures up to this size are also tried doubled
CUBIC = 2.0
# Pixels of play; times as thick as a stripe is the code that overrules it (house rule; the one known slip is 4 px of a code of 165).
SLIP, SLIPS = 4, 5.0

FAMILY = {
    "ITF14": "ITF",
    "Code39Std": "Code39",
    "Code39Ext": "Code39",
    "Code32": "Code39",
    "PZN": "Code39",
    "DataBarOmni": "DataBar",
    "DataBarStk": "DataBar",
    "DataBarStkOmni": "DataBar",
    "DataBarLtd": "DataBarLimited",
    "DataBarExp": "DataBarExpanded",
    "DataBarExpStk": "DataBarExpanded",
    "CompactPDF417": "PDF417",
    "AztecCode": "Aztec",
    "AztecRune": "Aztec",
    "QRCodeModel1": "QRCode",
    "QRCodeModel2": "QRCode",
    "ISBN": "EAN13",
}
KNOWN = frozenset(
    (
        "QRCode MicroQRCode RMQRCode DataMatrix PDF417 MicroPDF417 Aztec MaxiCode Code128 Code39 Code93 ITF Codabar "
        "EAN13 EAN8 UPCA UPCE DataBar DataBarExpanded DataBarLimited"
    ).split()
)
ZBAR = {"CODE128": "Code128", "CODE39": "Code39", "QRCODE": "QRCode", "EAN13": "EAN13", "I25": "ITF", "CODE93": "Code93"}


@dataclass(frozen=True, slots=True)
class Read:
    symbology: str
    payload: str
    region: Region
    family: str
    gs1: bool = False  # its first character says that GS1 application identifiers follow


def symbology(name: str) -> str:
    """A code's symbology as the report spells it; variants go by their family."""
    name = FAMILY.get(name, name)
    return name if name in KNOWN else "Other"


def read(luma: Luma, inverted: bool = False) -> list[Read]:
    """Every code zxing-cpp finds in the picture, payload as encoded."""
    found = zxingcpp.read_barcodes(luma, text_mode=zxingcpp.TextMode.Plain, try_invert=inverted)
    return _without_slips(
        [
            Read(symbology(code.format.name), code.text, _box(code.position), "zxing", code.content_type == zxingcpp.ContentType.GS1)
            for code in found
            if code.text
        ]
    )


def _without_slips(reads: list[Read]) -> list[Read]:
    """Without what a few lines alone of a one-dimensional code said, where all the others of the same code say otherwise."""
    return [one for one in reads if not any(_slip(one, other) for other in reads)]


def _slip(one: Read, other: Read) -> bool:
    """Is `one` a thin stripe inside `other`, of the same symbology?"""
    if one.symbology != other.symbology or one.payload == other.payload:
        return False
    a, b = one.region, other.region
    inside = b.x - SLIP <= a.x + a.width / 2 <= b.x + b.width + SLIP and b.y - SLIP <= a.y + a.height / 2 <= b.y + b.height + SLIP
    return inside and SLIPS * min(a.width, a.height) < min(b.width, b.height)


def _box(position: zxingcpp.Position) -> Region:
    corners = [(p.x, p.y) for p in (position.top_left, position.top_right, position.bottom_right, position.bottom_left)]
    x, y, width, height = cv2.boundingRect(np.array(corners, np.int32))
    return Region(x=int(x), y=int(y), width=int(width), height=int(height))


def turned(luma: Luma) -> Iterator[tuple[Luma, Region]]:
    """Crops around what looks like a one-dimensional code, turned so that its bars stand upright.

    OpenCV's locator is used for places only; the payloads it offers are wrong too often to be believed.
    """
    height, width = luma.shape
    scale = min(1.0, GATE / max(height, width))
    small = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else luma
    found, corners = cv2.barcode.BarcodeDetector().detect(small)
    for quad in corners if found and corners is not None else ():
        (cx, cy), (w, h), angle = cv2.minAreaRect((quad / scale).astype(np.float32))
        if min(w, h) < 8:
            continue
        w, h = w * (1 + 2 * MARGIN), h * (1 + 2 * MARGIN)
        turn = cv2.getRotationMatrix2D((cx, cy), angle, 1.0)
        turn[:, 2] += np.array((w / 2 - cx, h / 2 - cy))
        crop = cv2.warpAffine(luma, turn, (int(w), int(h)), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        x, y, bw, bh = cv2.boundingRect(quad / scale)
        yield cast(Luma, crop), Region(x=int(x), y=int(y), width=int(bw), height=int(bh))


def search(luma: Luma) -> list[Read]:
    """The full search of one picture: whole, turned crops, those doubled; then softened, sharpened, and the whole doubled."""
    found = read(luma, inverted=True)
    if not found:
        found = [placed for crop, region in turned(luma) for placed in _at(region, crop)]
    if not found:
        found = read(cast(Luma, cv2.medianBlur(luma, 3))) or read(_sharpened(luma))
    if not found and max(luma.shape) <= SMALL:
        doubled = read(cast(Luma, cv2.resize(luma, None, fx=CUBIC, fy=CUBIC, interpolation=cv2.INTER_CUBIC)))
        found = [Read(r.symbology, r.payload, _scaled(r.region, 1 / CUBIC), r.family, r.gs1) for r in doubled]
    return found


def last(luma: Luma) -> list[Read]:
    """What tapirscan reads: blurred and damaged QR codes, bars at any angle. Dear, so only for pictures that stay empty."""
    found = _scanner().scan(np.ascontiguousarray(luma), layout="HW").barcodes
    return [
        Read(symbology(code.format), code.text, Region(x=int(r.left), y=int(r.top), width=int(r.width), height=int(r.height)), "tapirscan")
        for code in found
        if code.text and (r := code.rect)
    ]


@cache
def _scanner() -> tapirscan.Scanner:
    """Medium effort: low reads a third less of what is left, high no more at four times the price (measured on 126 empty photos)."""
    return tapirscan.Scanner("medium", formats="all", parallel=False)


def _sharpened(luma: Luma) -> Luma:
    """Unsharp mask: what is left of fine cells after blur."""
    return cast(Luma, cv2.addWeighted(luma, 2.0, cv2.GaussianBlur(luma, (0, 0), 3.0), -1.0, 0.0))


def _at(region: Region, crop: Luma) -> list[Read]:
    found = read(crop) or read(cast(Luma, cv2.resize(crop, None, fx=CUBIC, fy=CUBIC, interpolation=cv2.INTER_CUBIC)))
    return [Read(r.symbology, r.payload, region, r.family, r.gs1) for r in found]


def _scaled(region: Region, by: float) -> Region:
    return Region(x=round(region.x * by), y=round(region.y * by), width=round(region.width * by), height=round(region.height * by))


def second(luma: Luma, around: Region | None = None) -> list[Read]:
    """What the second family reads, in the whole picture or near a code."""
    x, y = 0, 0
    if around is not None:
        margin = round(max(around.width, around.height) * MARGIN) + 16
        x, y = max(0, around.x - margin), max(0, around.y - margin)
        luma = luma[y : around.y + around.height + margin, x : around.x + around.width + margin]
    if not luma.size:
        return []
    kinds = [getattr(pyzbar.ZBarSymbol, name) for name in ZBAR]
    return [
        Read(
            ZBAR[code.type],
            code.data.decode("utf-8", "replace"),
            Region(x=x + code.rect.left, y=y + code.rect.top, width=code.rect.width, height=code.rect.height),
            "zbar",
        )
        for code in pyzbar.decode(np.ascontiguousarray(luma), symbols=kinds)
        if code.data
    ]
