"""Clarity: is the picture sharp, bright and large enough, most of all where the label is?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from models.detector import Frames, Heeded, detector
from models.media import Frame, Media
from models.observation import Observation

SIDE = 640  # pixels: fine blur is seen, at a tenth of the cost of 1080p
RATE = 2.0  # pictures a second: light and focus change slowly
SHARP = 60.0  # steepest hundredth of the gradients, grey levels per pixel, of the sharpest fifth of the pictures. 95 % of 84 legible
# label frames exceed 89, half of 36 that people cannot read stay below 53; what a platform calls clear nobody says (house rule)
DARK, BRIGHT = 40.0, 220.0  # mean grey levels of the median picture (house rule)
SMALLEST = 480  # pixels, shorter side: below it a label's print is lost at arm's length (house rule)
PAGE = 0.30  # share of pixels of one single grey level, with what is beside it: screens are flat, photos never are


@detector(sees=["clear", "unclear", "page"], wants=Frames(side=SIDE, rate=RATE), heeds=["code"], on=["video", "image"])
def clarity(frames: Iterable[Frame], media: Media, heeded: Heeded) -> Iterator[Observation]:
    """Sharpness, exposure and resolution against house rules; whether a picture is a screen's page."""
    times: list[float] = []
    sharp: list[float] = []
    light: list[float] = []
    peak = 0.0
    for frame in frames:
        times.append(frame.pts)
        light.append(float(cv2.mean(frame.pixels)[0]))
        steep = cv2.magnitude(cv2.Sobel(frame.pixels, cv2.CV_32F, 1, 0), cv2.Sobel(frame.pixels, cv2.CV_32F, 0, 1))
        counts = cv2.calcHist([cv2.convertScaleAbs(steep, alpha=0.25)], [0], None, [256], [0, 256])
        sharp.append(float(np.searchsorted(np.cumsum(counts), 0.99 * steep.size)))
        if media.kind == "image":
            levels = np.bincount(frame.pixels.ravel(), minlength=256)
            peak = float(np.convolve(levels, np.ones(3), "same").max()) / frame.pixels.size
    if not times:
        return
    if peak >= PAGE:
        yield Observation(kind="page", value="flat areas as on a screen", detail={"share": round(peak, 3)})
    codes = heeded["code"]
    label = [t for code in codes or () for t in code.detail["seen_s"]]
    yield _judged(media, times, sharp, light, label)


def _judged(media: Media, times: list[float], sharp: list[float], light: list[float], label: list[float]) -> Observation:
    """Each rule with its figure. Where codes were read, sharpness is taken from those pictures."""
    there = [s for t, s in zip(times, sharp, strict=True) if any(abs(t - other) < 0.5 / RATE for other in label)]
    best = float(np.quantile(there or sharp, 0.8))
    middle = float(np.median(light))
    facts = {
        "sharpness": round(best, 2),
        "sharpness_where": "label" if there else "whole clip",
        "brightness": round(middle, 1),
        "width": media.width,
        "height": media.height,
        "house_rules": {"sharpness": SHARP, "dark": DARK, "bright": BRIGHT, "shorter_side": SMALLEST},
    }
    lacks = []
    if best < SHARP:
        lacks.append("blurred")
    if not DARK <= middle <= BRIGHT:
        lacks.append("dark" if middle < DARK else "overexposed")
    if 0 < min(media.width, media.height) < SMALLEST:
        lacks.append(f"small ({media.width}x{media.height})")
    return Observation(kind="unclear" if lacks else "clear", value=", ".join(lacks) or "sharp, lit and large enough", detail=facts)
