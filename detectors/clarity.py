"""Clarity: is the picture sharp, bright and large enough, most of all where the label is?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.detector import Dependencies, Frames, detector
from models.kinds import ClarityRules, Clear, Code, Lack, Page, Unclear
from models.media import Frame, Luma, Media
from models.observation import Observation

SIDE = 640  # pixels: fine blur is seen, at a tenth of the cost of 1080p
RATE = 2.0  # pictures a second: light and focus change slowly
# Steepest hundredth of the gradients, grey levels per pixel, of the sharpest fifth of the pictures.
# 95 % of 84 legible label frames exceed 89, half of 36 that people cannot read stay below 53; what
# a platform calls clear nobody says (house rule).
SHARP = 60.0
STEEPEST, SHARPEST = 0.99, 0.8  # quantiles: of a picture's gradients, of the pictures
DARK, BRIGHT = 40.0, 220.0  # mean grey levels of the median picture (house rule)
SMALLEST = 480  # pixels, shorter side: below it a label's print is lost (house rule)
PAGE = 0.30  # share of pixels of one single grey level, with what is beside it: screens are flat
RULES = ClarityRules(
    sharpness=SHARP,
    dark=DARK,
    bright=BRIGHT,
    shorter_side=SMALLEST,
)


@dataclass
class Figures:
    """One value a picture."""

    times: list[float] = field(default_factory=list)
    sharp: list[float] = field(default_factory=list)
    light: list[float] = field(default_factory=list)


@detector(
    sees=[Clear, Unclear, Page],
    wants=Frames(side=SIDE, rate=RATE),
    depends_on=[Code],
    on=["video", "image", "document"],
)
def clarity(
    frames: Iterable[Frame],
    media: Media,
    dependencies: Dependencies,
) -> Iterator[Observation]:
    """Sharpness, exposure and size against house rules; whether a picture is a screen's page."""
    figures = Figures()
    flatness = 0.0
    for frame in frames:
        figures.times.append(frame.pts)
        figures.light.append(float(cv2.mean(frame.pixels)[0]))
        figures.sharp.append(_sharpness(frame.pixels))
        if media.kind != "video":
            flatness = _flatness(frame.pixels)
    if not figures.times:
        return
    if flatness >= PAGE:
        yield Page(share=round(min(1.0, flatness), 3))
    label = [t for code in dependencies[Code] or () for t in code.seen_s]
    yield _judged(media, figures, label)


def _sharpness(luma: Luma) -> float:
    """The steepest hundredth of the gradients, grey levels per pixel."""
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    steep = cv2.magnitude(across, down)
    quarter = cv2.convertScaleAbs(steep, alpha=0.25)
    counts = cv2.calcHist(
        [quarter],
        [0],
        None,
        [256],
        [0, 256],
    )
    return float(np.searchsorted(np.cumsum(counts), STEEPEST * steep.size))


def _flatness(luma: Luma) -> float:
    """Share of the pixels that have the commonest grey level, or one beside it."""
    levels = np.bincount(luma.ravel(), minlength=256)
    return float(np.convolve(levels, np.ones(3), "same").max()) / luma.size


def _judged(
    media: Media,
    figures: Figures,
    label: Sequence[float],
) -> Clear | Unclear:
    """Each rule with its figure. Where codes were read, sharpness is that of those pictures."""
    there = [
        sharp
        for t, sharp in zip(figures.times, figures.sharp, strict=True)
        if any(abs(t - other) < 0.5 / RATE for other in label)
    ]
    best = float(np.quantile(there or figures.sharp, SHARPEST))
    middle = float(np.median(figures.light))
    facts = {
        "sharpness": round(best, 2),
        "sharpness_where": "label" if there else "whole clip",
        "brightness": round(middle, 1),
        "width": media.width,
        "height": media.height,
        "house_rules": RULES,
    }
    lacks = tuple(_lacks(best, middle, media))
    if lacks:
        return Unclear.model_validate({**facts, "lacks": lacks})
    return Clear.model_validate(facts)


def _lacks(
    sharpness: float,
    brightness: float,
    media: Media,
) -> Iterator[Lack]:
    """Each house rule that does not hold."""
    if sharpness < SHARP:
        yield "blurred"
    if brightness < DARK:
        yield "dark"
    if brightness > BRIGHT:
        yield "overexposed"
    if 0 < min(media.width, media.height) < SMALLEST:
        yield "small"
