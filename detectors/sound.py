"""Sound: does it change where the picture seems to jump? A hint, never a break by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.detector import Dependencies, Sounds, detector
from models.kinds import Cut, PossibleCut, SoundStep
from models.media import Media, Sound
from models.observation import Observation
from models.record import Span

HOP_S = 0.005  # seconds between spectra
WINDOW = 4  # hops that one spectrum spans
BANDS, LOWEST, HIGHEST = 20, 100.0, 7000.0  # bands from..to in hertz
NYQUIST = 0.47  # of the rate: no band reaches further
SIDES = (2, 6)  # hops away from an instant that are compared before and after it
NEAR = 8  # hops on either side of a jump in which the sound may change: both are cut to the frame
RARE = 0.03  # share of the clip's instants that may change as much; true cuts pass in 39 of 100
LEAST_RATE = 4000  # samples a second; below it there is no spectrum to speak of
SILENT = 1e-3  # of full scale: quieter than this all through, and nothing can be said
CHUNK = 200  # hops of spectra made at a time

Floats = NDArray[np.float64]
Samples = NDArray[np.float32]


class Levels(NamedTuple):
    """Time of the first spectrum, log level by hop and band, loudest sample."""

    start: float
    levels: Floats
    loudest: float


@detector(
    sees=[SoundStep],
    wants=Sounds(),
    depends_on=[Cut, PossibleCut],
)
def sound(
    sounds: Iterable[Sound],
    media: Media,
    dependencies: Dependencies,
) -> Iterator[SoundStep]:
    """Steps of the spectrum at jumps of the picture, where few other instants change as much."""
    start, levels, loudest = _levels(sounds)
    if len(levels) < 10 * NEAR or loudest < SILENT:
        return
    change = _change(levels)
    jumps: list[Sequence[Observation]] = [
        dependencies[Cut] or (),
        dependencies[PossibleCut] or (),
    ]
    for jump in (one for some in jumps for one in some):
        if jump.at is None:
            continue
        hop = round((jump.at.end - start) / HOP_S)
        edge = SIDES[1] + NEAR
        if not edge <= hop < len(levels) - edge:
            continue
        first = max(0, hop - 4 * NEAR)
        around = np.s_[first : hop + 4 * NEAR]
        others = np.delete(change, around)
        rarity = float((others >= change[hop]).mean())
        if rarity <= RARE:
            at = Span(start=jump.at.end, end=jump.at.end)
            yield SoundStep(at=at, rarity=round(rarity, 5))


def _levels(sounds: Iterable[Sound]) -> Levels:
    """The whole sound as levels by hop and band."""
    start, rate, loudest = 0.0, 0, 0.0
    held = np.zeros(0, np.float32)
    parts: list[Floats] = []
    for piece in sounds:
        if not rate:
            start = piece.pts
            rate = piece.rate
        if piece.rate != rate or rate < LEAST_RATE:
            break  # a stream that changes its rate is read up to there
        loudest = max(loudest, float(np.abs(piece.samples).max(initial=0.0)))
        held = np.concatenate([held, piece.samples])
        hop = round(rate * HOP_S)
        while len(held) >= hop * (CHUNK + WINDOW):
            whole = held[: hop * (CHUNK + WINDOW - 1)]
            parts.append(_spectra(whole, hop, rate))
            held = held[hop * CHUNK :]
    hop = round(rate * HOP_S)
    if rate >= LEAST_RATE and len(held) >= hop * WINDOW:
        parts.append(_spectra(held, hop, rate))
    levels = np.concatenate(parts) if parts else np.zeros((0, BANDS))
    return Levels(start + HOP_S * WINDOW / 2, levels, loudest)


def _spectra(
    samples: Samples,
    hop: int,
    rate: int,
) -> Floats:
    """Log level by hop and band."""
    length = hop * WINDOW
    windows = sliding_window_view(samples, length)[::hop]
    spectra = np.fft.rfft(windows * np.hanning(length), axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    edges = np.geomspace(LOWEST, min(HIGHEST, NYQUIST * rate), BANDS + 1)
    bins = np.searchsorted(np.fft.rfftfreq(length, 1 / rate), edges)
    nothing = np.zeros((len(power), 1))
    summed = np.concatenate([nothing, np.cumsum(power, axis=1)], axis=1)
    bands = summed[:, bins[1:]] - summed[:, bins[:-1]]
    return np.asarray(np.log(bands + 1e-8))


def _change(levels: Floats) -> Floats:
    """How far the spectrum differs after and before each instant; the most within `NEAR` hops."""
    nothing = np.zeros((1, BANDS))
    summed = np.concatenate([nothing, np.cumsum(levels, axis=0)])
    n, (near, far) = len(levels), SIDES
    hops = np.arange(n)

    def mean(first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
        first = np.clip(first, 0, n)
        last = np.clip(last, 0, n)
        count = np.maximum(last - first, 1)[:, None]
        return np.asarray((summed[last] - summed[first]) / count)

    after = mean(hops + near, hops + far)
    before = mean(hops - far, hops - near)
    step = np.abs(after - before).mean(axis=1)
    step[:far] = step[n - far :] = 0.0
    padded = np.pad(step, NEAR, mode="edge")
    return np.asarray(sliding_window_view(padded, 2 * NEAR + 1).max(axis=1))
