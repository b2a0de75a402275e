"""Sound: does it change at the instant at which the picture seems to jump? A hint, never a break by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from models.detector import Heeded, Sounds, detector
from models.media import Media, Sound
from models.observation import Observation, Span

HOP_S = 0.005  # seconds between spectra
WINDOW = 4  # hops that one spectrum spans
BANDS, LOWEST, HIGHEST = 20, 100.0, 7000.0  # bands from..to in hertz
SIDES = (2, 6)  # hops away from an instant that are compared before and after it
NEAR = 8  # hops on either side of a jump of the picture in which the sound may change: sound and picture are cut to the frame
RARE = 0.03  # share of the clip's instants that may change as much; true cuts pass in 39 of 100, other instants in 3
LEAST_RATE = 4000  # samples a second; below it there is no spectrum to speak of
SILENT = 1e-3  # of full scale: quieter than this all through, and nothing can be said
CHUNK = 200  # hops of spectra made at a time

Floats = NDArray[np.float64]
Samples = NDArray[np.float32]


@detector(sees=["sound_step"], wants=Sounds(), heeds=["cut", "possible_cut"])
def sound(sounds: Iterable[Sound], media: Media, heeded: Heeded) -> Iterator[Observation]:
    """Steps of the spectrum at jumps of the picture, told only where few other instants of the clip change as much."""
    start, levels, loudest = _levels(sounds)
    if len(levels) < 10 * NEAR or loudest < SILENT:
        return
    change = _change(levels)
    for kind in ("cut", "possible_cut"):
        for seen in heeded[kind] or ():
            if seen.at is None:
                continue
            at = round((seen.at.end - start) / HOP_S)
            if SIDES[1] + NEAR <= at < len(levels) - SIDES[1] - NEAR:
                others = np.delete(change, np.s_[max(0, at - 4 * NEAR) : at + 4 * NEAR])
                rarer = float((others >= change[at]).mean())
                if rarer <= RARE:
                    yield Observation(
                        kind="sound_step",
                        at=Span(start=seen.at.end, end=seen.at.end),
                        value=f"as much as in {100 * rarer:.1f} % of the clip",
                    )


def _levels(sounds: Iterable[Sound]) -> tuple[float, Floats, float]:
    """(time of the first spectrum, log level by hop and band, loudest sample)."""
    start, rate, loudest = 0.0, 0, 0.0
    held = np.zeros(0, np.float32)
    parts: list[Floats] = []
    for piece in sounds:
        if not rate:
            start, rate = piece.pts, piece.rate
        if piece.rate != rate or rate < LEAST_RATE:
            break  # a stream that changes its rate is read up to there
        loudest = max(loudest, float(np.abs(piece.samples).max(initial=0.0)))
        held = np.concatenate([held, piece.samples])
        hop = round(rate * HOP_S)
        while len(held) >= hop * (CHUNK + WINDOW):
            parts.append(_spectra(held[: hop * (CHUNK + WINDOW - 1)], hop, rate))
            held = held[hop * CHUNK :]
    if rate >= LEAST_RATE and len(held) >= round(rate * HOP_S) * WINDOW:
        parts.append(_spectra(held, round(rate * HOP_S), rate))
    return start + HOP_S * WINDOW / 2, np.concatenate(parts) if parts else np.zeros((0, BANDS)), loudest


def _spectra(samples: Samples, hop: int, rate: int) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(samples, hop * WINDOW)[::hop]
    spectra = np.fft.rfft(windows * np.hanning(hop * WINDOW), axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    edges = np.geomspace(LOWEST, min(HIGHEST, 0.47 * rate), BANDS + 1)
    bins = np.searchsorted(np.fft.rfftfreq(hop * WINDOW, 1 / rate), edges)
    summed = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    return np.asarray(np.log(summed[:, bins[1:]] - summed[:, bins[:-1]] + 1e-8))


def _change(levels: Floats) -> Floats:
    """By how much the spectrum differs after and before each instant; the most of it within `NEAR` hops."""
    summed = np.concatenate([np.zeros((1, BANDS)), np.cumsum(levels, axis=0)])
    n, (near, far) = len(levels), SIDES
    at = np.arange(n)

    def mean(first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
        first, last = np.clip(first, 0, n), np.clip(last, 0, n)
        return np.asarray((summed[last] - summed[first]) / np.maximum(last - first, 1)[:, None])

    step = np.abs(mean(at + near, at + far) - mean(at - far, at - near)).mean(axis=1)
    step[:far] = step[n - far :] = 0.0
    return np.asarray(np.lib.stride_tricks.sliding_window_view(np.pad(step, NEAR, mode="edge"), 2 * NEAR + 1).max(axis=1))
