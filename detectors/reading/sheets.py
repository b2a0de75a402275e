"""Sheets in one picture: which print and which codes stand on one label, page or paper.

Two labels side by side are two sheets: between them the picture is darker than paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.reading.barcodes import CodeRead
from detectors.reading.page_role import page_role
from detectors.reading.text_line import Points, TextLine, region_of
from models.identifiers.symbologies import LINEAR
from models.kinds import Surface
from models.media import Luma
from models.record import Region

MOST = 160  # lines and codes; a picture with more is one page
BESIDE, BELOW = 8.0, 6.5  # heights of print between two things of one sheet, along and across it
APART = 0.15  # heights of print: a darker strip as wide parts two sheets
DARKER = 0.72  # of the paper's brightness
PAPER = 80  # percentile of brightness that is taken for the paper
ACROSS, ALONG = 15, 60  # points of the strip between two things that are looked at
CODE_PRINT = 0.12  # of a code's shorter side: how high print beside it is taken to be

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One label, page or paper: its print, its codes, where it lies, what it is."""

    lines: tuple[TextLine, ...]
    codes: tuple[CodeRead, ...]
    region: Region
    surface: Surface | None


@dataclass(frozen=True, slots=True)
class Thing:
    """A line or a code: a box along the way print runs, the height of its print, its paper."""

    left: float
    top: float
    right: float
    bottom: float
    height: float
    paper: float
    what: TextLine | CodeRead
    corners: Points


def sheets(
    pixels: Luma,
    lines: Sequence[TextLine],
    codes: Sequence[CodeRead],
) -> list[Sheet]:
    """All sheets of a picture, the one with most on it first."""
    if not lines and not codes:
        return []
    grey = pixels
    if pixels.ndim > 2:
        grey = cast(Luma, cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))
    axis = _axis(lines)
    turn = np.array([[axis[0], axis[1]], [-axis[1], axis[0]]])
    things = [*_of_lines(grey, lines, turn), *_of_codes(grey, codes, turn)]
    if len(things) > MOST:
        return [_sheet(things)]
    groups = _groups(grey, things, turn)
    return sorted((_sheet(group) for group in groups), key=lambda one: -one.region.area)


def _axis(lines: Sequence[TextLine]) -> Floats:
    """The way most print runs; opposite ways are one."""
    angles = [2 * np.arctan2(line.along[1], line.along[0]) for line in lines]
    weights = [line.length for line in lines]
    down = sum(w * np.sin(a) for w, a in zip(weights, angles, strict=True))
    along = sum(w * np.cos(a) for w, a in zip(weights, angles, strict=True))
    angle = np.arctan2(down, along) / 2 if lines else 0.0
    return np.array([np.cos(angle), np.sin(angle)])


def _of_lines(
    grey: Luma,
    lines: Sequence[TextLine],
    turn: Floats,
) -> Iterator[Thing]:
    for line in lines:
        yield _thing(
            grey,
            line,
            line.corners,
            line.height,
            turn,
        )


def _of_codes(
    grey: Luma,
    codes: Sequence[CodeRead],
    turn: Floats,
) -> Iterator[Thing]:
    for code in codes:
        box = code.region
        ends = (box.x + box.width, box.y + box.height)
        plain = ((box.x, box.y), (ends[0], box.y), ends, (box.x, ends[1]))
        corners = np.array(code.outline or plain, float)
        height = CODE_PRINT * min(box.width, box.height)
        yield _thing(
            grey,
            code,
            corners,
            max(height, 8.0),
            turn,
        )


def _thing(
    grey: Luma,
    what: TextLine | CodeRead,
    corners: Points,
    height: float,
    turn: Floats,
) -> Thing:
    upright = corners @ turn.T
    left, top = upright.min(axis=0)
    right, bottom = upright.max(axis=0)
    box = region_of(corners)
    part = grey[box.y : box.y + box.height, box.x : box.x + box.width]
    paper = float(np.percentile(part, PAPER)) if part.size else 0.0
    return Thing(
        left,
        top,
        right,
        bottom,
        height,
        paper,
        what,
        corners,
    )


def _groups(
    grey: Luma,
    things: Sequence[Thing],
    turn: Floats,
) -> list[list[Thing]]:
    """Things that hang together, near ones with paper between them."""
    home = list(range(len(things)))

    def root(i: int) -> int:
        while home[i] != i:
            i = home[i]
        return i

    for i, one in enumerate(things):
        for j in range(i):
            other = things[j]
            if (
                root(i) != root(j)
                and _near(one, other)
                and _paper_between(
                    grey,
                    one,
                    other,
                    turn,
                )
            ):
                home[root(i)] = root(j)
    found: dict[int, list[Thing]] = {}
    for i, thing in enumerate(things):
        found.setdefault(root(i), []).append(thing)
    return list(found.values())


def _gaps(one: Thing, other: Thing) -> tuple[float, float]:
    """Between two things along and across the print; below 0 where they overlap."""
    along = max(one.left, other.left) - min(one.right, other.right)
    across = max(one.top, other.top) - min(one.bottom, other.bottom)
    return along, across


def _near(one: Thing, other: Thing) -> bool:
    along, across = _gaps(one, other)
    height = max(one.height, other.height)
    if across <= 0:
        return along <= BESIDE * height
    return along <= 0 and across <= BELOW * height


def _paper_between(
    grey: Luma,
    one: Thing,
    other: Thing,
    turn: Floats,
) -> bool:
    """Is the strip between them as bright as the paper they stand on, all the way?"""
    along, across = _gaps(one, other)
    if along <= 0 and across <= 0:
        return True
    left, right = sorted((one.left, one.right, other.left, other.right))[1:3]
    top, bottom = sorted((one.top, one.bottom, other.top, other.bottom))[1:3]
    wide, high = (ALONG, ACROSS) if across <= 0 else (ACROSS, ALONG)
    columns, rows = np.linspace(left, right, wide), np.linspace(top, bottom, high)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    places = np.rint(grid @ turn).astype(int)
    inside = np.clip(places, 0, np.array(grey.shape[::-1]) - 1)
    seen = grey[inside[..., 1], inside[..., 0]]
    steps = np.percentile(seen, PAPER, axis=0 if across <= 0 else 1)
    dark = steps < DARKER * min(one.paper, other.paper)
    step = max(along, across) / ALONG
    least = max(2, round(APART * min(one.height, other.height) / max(step, 1e-6)))
    return not _has_run(dark, least)


def _has_run(marks: NDArray[np.bool_], length: int) -> bool:
    run = 0
    for mark in marks:
        run = run + 1 if mark else 0
        if run >= length:
            return True
    return False


def _sheet(things: Sequence[Thing]) -> Sheet:
    lines = tuple(one.what for one in things if isinstance(one.what, TextLine))
    codes = tuple(one.what for one in things if isinstance(one.what, CodeRead))
    region = region_of(np.concatenate([one.corners for one in things]))
    bars = any(code.symbology in LINEAR for code in codes)
    return Sheet(
        lines,
        codes,
        region,
        page_role(lines, bars),
    )
