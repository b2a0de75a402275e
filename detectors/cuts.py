"""Cuts: instants at which the picture jumps as no hand-held camera moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Frames, detector
from models.media import Frame, Luma, Media
from models.observation import Observation, Span

SIDE = 160  # pixels, longer side: enough for motion, little noise, a fiftieth of the pixels of 1080p
GRID = (8, 6)  # blocks across and down in which residual and motion are averaged
TOP, TOP_JERK = 8, 16  # worst blocks that count: a cut in a small part of the picture must not be averaged away
REACH = 6  # intervals on either side with which one interval is compared; fewer lets shakes through
JERK_REACH = 7
LAGS = 6  # frames back to which each frame is compared, for the return test
FIRM = 5.8  # score, about -5..12; none of 122 honest takes reaches it (chosen on them: see the card)
POSSIBLE = 4.8  # score; 3 of 122 honest takes reach it
RETURNS = 0.5  # of the jump: closer than this to a frame from before it, it is a flash, a knock or a hand
# Grey levels; share of the residual; log ratio. The light changed, the edges did not: over 11 takes with lamps and displays that flood
# the scene the ratio stays below 0.5, over cuts to another scene above 0.7; between 0.5 and 0.7 nothing changes.
BRIGHT_STEP, BRIGHT_SHARE, STRUCTURE = 2.0, 0.3, 0.6
EDGE_FRAMES = 2  # at either end there is nothing to compare with

Floats = NDArray[np.float64]


@dataclass
class Table:
    """What is kept of each frame: 7 numbers, its flow on the grid, and its distance to the `LAGS` frames before it."""

    times: list[float]
    rows: list[tuple[float, ...]]
    flows: list[NDArray[np.float32]]
    lags: list[list[float]]


@detector(sees=["cut", "possible_cut", "light"], wants=Frames(side=SIDE))
def cuts(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Jumps by the motion-compensated residual of each interval against its neighbours, flashes and light changes set apart.

    One bad interval with calm on both sides is a cut; whips, knocks and hands make several. A jump that soon goes back is
    none, and one that changes the light but not the edges is a light event.
    """
    table = _measured(frames)
    if len(table.times) < 2 * REACH:
        return
    score, light, parts = _scores(table)
    for i in _peaks(np.maximum(score, light)):
        at = Span(start=round(table.times[i - 1], 6), end=round(table.times[i], 6))
        detail = {name: round(float(values[i]), 3) for name, values in parts.items()}
        if light[i] >= POSSIBLE:
            yield Observation(
                kind="light", at=at, value=f"{detail['brightness']:.0f} grey levels", detail={"score": round(float(light[i]), 3), **detail}
            )
        elif score[i] >= POSSIBLE:
            kind = "cut" if score[i] >= FIRM else "possible_cut"
            yield Observation(kind=kind, at=at, detail={"score": round(float(score[i]), 3), **detail})


def _measured(frames: Iterable[Frame]) -> Table:
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    table = Table([], [], [], [])
    recent: deque[NDArray[np.float32]] = deque(maxlen=LAGS)
    before: Luma | None = None
    structure_before: NDArray[np.float32] | None = None
    grid: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    for frame in frames:
        picture = frame.pixels
        if before is not None and before.shape != picture.shape:
            picture = cast(
                Luma, cv2.resize(picture, before.shape[::-1], interpolation=cv2.INTER_AREA)
            )  # the resolution changed in mid-stream
        structure = _structure(picture)
        tiny = _normalised(picture)
        if before is None or structure_before is None or grid is None:
            height, width = picture.shape
            grid = cast(
                tuple[NDArray[np.float32], NDArray[np.float32]],
                tuple(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))),
            )
            table.rows.append((0.0,) * 4)
            table.flows.append(np.zeros((GRID[0] * GRID[1], 2), np.float32))
        else:
            flow = cast(NDArray[np.float32], flow_of.calc(picture, before, None))  # type: ignore[call-overload]
            row, blocks = _compared(picture, before, structure, structure_before, flow, grid)
            table.rows.append(row)
            table.flows.append(blocks)
        table.times.append(frame.pts)
        table.lags.append([float(np.abs(tiny - other).mean()) for other in recent])
        recent.appendleft(tiny)
        before, structure_before = picture, structure
    return table


def _structure(picture: Luma) -> NDArray[np.float32]:
    """Local contrast at half size: each pixel against mean and spread of its 5x5 surroundings, so that light alone changes little."""
    values = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = cv2.blur(values, (5, 5))
    spread = cv2.sqrBoxFilter(values, -1, (5, 5)) - mean * mean
    return cast(NDArray[np.float32], (values - mean) / (np.sqrt(np.maximum(spread, 0)) + 6))


def _normalised(picture: Luma) -> NDArray[np.float32]:
    """A 32x18 thumbnail of mean 0 and spread about 1, for asking whether a frame looks like an earlier one."""
    size = (32, 18) if picture.shape[1] >= picture.shape[0] else (18, 32)
    tiny = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return cast(NDArray[np.float32], (tiny - tiny.mean()) / (tiny.std() + 4))


def _compared(
    picture: Luma,
    before: Luma,
    structure: NDArray[np.float32],
    structure_before: NDArray[np.float32],
    flow: NDArray[np.float32],
    grid: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> tuple[tuple[float, ...], NDArray[np.float32]]:
    """(mean residual, residual of the worst blocks, brightness step, mean change of structure) and the flow by block."""
    across, down = grid[0] + flow[..., 0], grid[1] + flow[..., 1]
    predicted = cv2.remap(before, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    now = picture.astype(np.float32)
    step = abs(cv2.mean(picture)[0] - cv2.mean(before)[0])
    predicted -= cv2.mean(predicted)[0]
    now -= cv2.mean(now)[0]
    spread = float(cv2.norm(predicted, cv2.NORM_L2SQR)) / predicted.size
    gain = min(2.0, max(0.5, float(np.vdot(predicted, now)) / now.size / spread)) if spread > 1 else 1.0
    residual = cv2.absdiff(now, gain * predicted)
    half = structure.shape[::-1]
    moved = cv2.remap(
        structure_before, cv2.resize(across, half) / 2, cv2.resize(down, half) / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    size = GRID if picture.shape[1] >= picture.shape[0] else GRID[::-1]
    blocks = np.sort(cv2.resize(residual, size, interpolation=cv2.INTER_AREA).ravel())
    row = (cv2.mean(residual)[0], float(blocks[-TOP:].mean()), step, cv2.mean(cv2.absdiff(structure, moved))[0])
    return row, cast(NDArray[np.float32], cv2.resize(flow, size, interpolation=cv2.INTER_AREA).reshape(-1, 2))


def _scores(table: Table) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Score of a cut and of a light event before each frame, and what they are made of (log ratios to the neighbours)."""
    times = np.array(table.times)
    steps = np.maximum(np.diff(times, prepend=times[0]), 1e-3)
    steps[0] = np.median(steps[1:])
    pace = steps / np.median(steps[1:])  # true steps, so that frames honestly dropped cancel
    mean, worst, bright, structure = np.array(table.rows).T
    flows = np.array(table.flows) / pace[:, None, None]
    motion = np.sort(np.hypot(flows[..., 0], flows[..., 1]), axis=1)[:, -TOP:].mean(axis=1)
    jerk = np.zeros(len(times))
    bend = flows[1:-1] - (flows[:-2] + flows[2:]) / 2
    jerk[1:-1] = np.sort(np.hypot(bend[..., 0], bend[..., 1]), axis=1)[:, -TOP_JERK:].mean(axis=1)
    stays, returns = _memory(table.lags)
    parts = {
        "residual": _stands_out(mean, 0.5, REACH),
        "worst": _stands_out(worst, 1.0, REACH),
        "motion": _stands_out(motion, 0.3, REACH),
        "jerk": _stands_out(jerk, 0.3, JERK_REACH, nearest=2),
        "stays": stays,
        "returns": returns,
        "brightness": bright,
    }
    total = parts["residual"] + parts["worst"] + parts["motion"] / 2 + parts["jerk"] / 2 + stays
    total = np.where(returns > RETURNS, total, 0.0)
    total[:EDGE_FRAMES] = total[-EDGE_FRAMES:] = 0.0
    lit = (bright > BRIGHT_STEP) & (bright > BRIGHT_SHARE * mean) & (_stands_out(structure, 0.05, REACH) < STRUCTURE)
    return np.where(lit, 0.0, total), np.where(lit, total, 0.0), parts


def _stands_out(values: Floats, floor: float, reach: int, nearest: int = 1) -> Floats:
    """Log ratio of each value to the largest of its neighbours `nearest`..`reach` away on either side; `floor` tames noise."""
    padded = np.pad(values[1:], (reach + 1, reach), constant_values=0.0)
    padded[reach] = values[1] if len(values) > 1 else 0.0
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).copy()
    windows[:, reach - nearest + 1 : reach + nearest] = 0.0
    return np.asarray(np.log((padded[reach : reach + len(values)] + floor) / (windows.max(axis=1) + floor)))


def _memory(lags: list[list[float]]) -> tuple[Floats, Floats]:
    """For each frame: how much its jump exceeds the steps beside it (log), and how close frames after it come to before it.

    `returns` is the share of the jump that is left between the frame before it and the nearest of the next five, or between
    it and the nearest of five before: small where the picture goes back.
    """
    n = len(lags)
    far = np.full((n, LAGS + 1), np.inf)
    for i, some in enumerate(lags):
        far[i, 1 : len(some) + 1] = some
    jump = np.where(np.isfinite(far[:, 1]), far[:, 1], 0.0)
    beside = np.maximum(np.roll(jump, 1), np.roll(jump, -1))
    nearest = far[:, 2:].min(axis=1)
    for lag in range(2, LAGS + 1):  # frame i + lag - 1 against frame i - 1
        later = np.full(n, np.inf)
        later[: n - lag + 1] = far[lag - 1 :, lag]
        nearest = np.minimum(nearest, later)
    nearest = np.where(np.isfinite(nearest), nearest, jump)
    return np.log((jump + 0.01) / (beside + 0.01)), nearest / (jump + 1e-3)


def _peaks(score: Floats) -> Iterator[int]:
    """Indices of local maxima above `POSSIBLE`, strongest first within `REACH` frames, in time order."""
    taken: list[int] = []
    for i in sorted(np.flatnonzero(score >= POSSIBLE), key=lambda i: (-score[i], i)):
        if all(abs(i - other) > REACH for other in taken):
            taken.append(int(i))
    yield from sorted(taken)
