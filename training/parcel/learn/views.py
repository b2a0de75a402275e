"""What the networks are shown: squares and whole pictures of rendered scenes, each time as another
camera would have taken them.

All scenes are held in memory as they were rendered, still compressed; a view is cut from its
picture in one step, as the product does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.parcel import axes, pose, pyramid

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
Random = np.random.Generator
WHOLE = (320, 180)  # pixels of a whole picture held
FEWEST = 150  # pixels of a mask at half the rendered size: less of a parcel teaches nothing
CALM, CALM_BLUR = (
    0.4,
    8,
    # how often, of else, and pixels (of else 15) a calm picture is changed and moved: house rules,
    # not measured alone
)
# of pictures whose colours are mixed: all their hues are turned, so that no colour says what a
# parcel is (house rule)
PAINTED = 0.3
PARCEL, MAILER = 1, 2  # as scene.py marks them
TRUTH = np.array(
    [[2.0, 0, 1], [0, 2, 1], [0, 0, 1]]
)  # place in a scene's truth -> in its picture: render.py keeps every second pixel
HALF = np.array(
    [[2.0, 0, 0.5], [0, 2, 0.5], [0, 0, 1]]
)  # place in what was shrunk to half its size -> in what it was


@dataclass(frozen=True)
class Held:
    """One rendered picture and its truth, both compressed, and where its parcel is: middle and
    longest extent, in pixels.
    """

    picture: Picture
    said: Picture
    middle: tuple[float, float]
    extent: float
    turn: Floats
    mailer: bool


@dataclass(frozen=True)
class Sight:
    """What a network sees of a parcel: a square of `pixels`, `around` times its longest side.

    It learns what to say of cells of so many.
    """

    pixels: int
    around: float
    cell: int


SIGHTS = {"axes": Sight(pose.CROP, pose.AROUND, 4), "mailer": Sight(pose.CLOSE, pose.TIGHT, 8)}


def scenes(folder: Path) -> list[Path]:
    """The file of every scene of a folder. Raises SystemExit where there is none."""
    found = sorted(folder.glob("*.npz"))
    if not found:
        raise SystemExit(
            f"no scenes in {folder}: run python -m training.parcel.render.render {folder} FIRST COUNT"
        )
    return found


def _rendered(path: Path) -> Any:
    """What is in the file of a scene. Raises SystemExit where the file is none."""
    try:
        return dict(np.load(path, allow_pickle=True))
    except (BadZipFile, EOFError, UnpicklingError, ValueError) as error:
        raise SystemExit(
            f"{path} is no whole scene ({error}): remove it and render it again"
        ) from error


def pictures(path: Path) -> list[tuple[Picture, Picture, Floats, bool]]:
    """(picture BGR, true normals and who is there at half the size, rotation, mailer?) of one
    scene.

    Raises SystemExit where the file is none.
    """
    one = _rendered(path)
    return [
        (*_opened(*both), turn, bool(one["mailer"]))
        for *both, turn in zip(one["jpeg"], one["truth"], one["turn"], strict=True)
    ]


def _opened(picture: Picture, said: Picture) -> tuple[Picture, Picture]:
    return cv2.imdecode(picture, cv2.IMREAD_COLOR), cv2.imdecode(said, cv2.IMREAD_UNCHANGED)  # type: ignore[return-value]


def parcels(path: Path) -> list[Held]:
    """The pictures of one scene in which there is enough of a parcel to learn from.

    Raises SystemExit where the file is none.
    """
    one = _rendered(path)
    found = (
        held(*three, bool(one["mailer"]))
        for three in zip(one["jpeg"], one["truth"], one["turn"], strict=True)
    )
    return [picture for picture in found if picture is not None]


def held(picture: Picture, said: Picture, turn: Floats, mailer: bool) -> Held | None:
    """A picture and its truth, both compressed; None where there is too little of a parcel."""
    ys, xs = np.nonzero(parcel_of(_opened(picture, said)[1]))
    if len(xs) < FEWEST:
        return None
    middle = (float(xs.min() + xs.max() + 1), float(ys.min() + ys.max() + 1))
    return Held(picture, said, middle, float(2 * max(np.ptp(xs), np.ptp(ys))), turn, mailer)


def parcel_of(said: Picture) -> NDArray[np.bool_]:
    """Where the parcel is, from the fourth channel of a scene's truth."""
    who = said[..., 3] // 50
    return np.asarray((who == PARCEL) | (who == MAILER))


def shown_of(mask: NDArray[np.bool_], shape: tuple[int, int]) -> Picture:
    """A mask of a scene's truth as it lies over the picture of that shape: 0 to 255."""
    whole = cv2.warpAffine(
        mask.astype(np.uint8) * 255,
        TRUTH[:2],
        (shape[1], shape[0]),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(whole, np.uint8)


def square(random: Random, one: Held, sight: Sight, calm: bool = False) -> tuple[NDArray[Any], ...]:
    """(crop, mask, normals, tensor of the axes, mailer?) as a camera that looks at the parcel sees
    it, turned, mirrored and shifted.
    """
    picture, said = _opened(one.picture, one.said)
    middle = np.array(one.middle) + random.normal(0, 0.05, 2) * one.extent
    wide = sight.around * one.extent * random.uniform(0.85, 1.25)
    place = (float(middle[0] - wide / 2), float(middle[1] - wide / 2), float(wide))
    local = pose.look_at_rotation(
        pyramid.Square(*place), picture.shape, pose.FOCAL * max(picture.shape)
    ).T
    angle = float(random.normal(0, 20) if random.random() < 0.5 else random.uniform(-180, 180))
    move = np.vstack(
        [
            cv2.getRotationMatrix2D(
                (float(middle[0]), float(middle[1])), angle, sight.pixels / wide
            ),
            [0, 0, 1],
        ]
    )
    move[:2, 2] += sight.pixels / 2 - middle
    spin = cv2.Rodrigues(np.array([0, 0, -np.radians(angle)]))[0]
    if random.random() < 0.5:
        move, spin = (
            np.array([[-1, 0, sight.pixels], [0, 1, 0], [0, 0, 1.0]]) @ move,
            np.diag([-1.0, 1, 1]) @ spin,
        )
    mask = parcel_of(said).astype(np.float32)
    middles = slice(sight.cell // 2, None, sight.cell)
    facing = _warped(said[..., :3], move @ TRUTH, sight.pixels, cv2.INTER_NEAREST)[middles, middles]
    turned = (facing.astype(np.float32) / 127.5 - 1) @ (spin @ local).T.astype(np.float32)
    cells = sight.pixels // sight.cell
    shown = cv2.resize(
        _warped(mask, move @ TRUTH, sight.pixels, cv2.INTER_LINEAR),
        (cells, cells),
        interpolation=cv2.INTER_AREA,
    )
    return (
        looked(random, _seen(picture, move, sight.pixels), calm).transpose(2, 0, 1),
        shown[None],
        turned.transpose(2, 0, 1).astype(np.float32),
        axes.tensor_of(spin @ local @ one.turn).astype(np.float32),
        np.array([one.mailer], np.float32),
    )


def _seen(picture: Picture, move: Floats, pixels: int) -> Picture:
    """The picture moved onto a square of so many pixels, from half of it, or half of that, where
    pixels would be skipped.
    """
    while abs(np.linalg.det(move[:2, :2])) <= 0.25:
        picture = np.asarray(
            cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8
        )
        move = move @ HALF
    return np.asarray(_warped(picture, move, pixels, cv2.INTER_LINEAR, pyramid.GREY), np.uint8)


def _warped(
    source: NDArray[Any], move: Floats, pixels: int, how: int, beyond: tuple[int, ...] = (0,)
) -> NDArray[Any]:
    return cv2.warpAffine(
        source, move[:2], (pixels, pixels), flags=how, borderValue=(*beyond, 0, 0, 0)[:4]
    )


def whole(
    random: Random, picture: Picture, mask: Picture, calm: bool = False
) -> tuple[NDArray[Any], ...]:
    """(picture of the mask network's size, mask of a quarter of it) after a turn, zoom and mirror;
    `mask`: half as large as `picture`.
    """
    width, height = pose.WHOLE
    scale = width / picture.shape[1] * random.uniform(0.75, 1.35)
    angle = float(
        random.normal(0, 12)
        if random.random() < 0.65
        else random.choice([-90, 90, 180]) + random.normal(0, 12)
    )
    move = np.vstack(
        [
            cv2.getRotationMatrix2D((picture.shape[1] / 2, picture.shape[0] / 2), angle, scale),
            [0, 0, 1],
        ]
    )
    move[:2, 2] += np.array(
        [width - picture.shape[1], height - picture.shape[0]]
    ) / 2 + random.normal(0, 10, 2)
    if random.random() < 0.25:  # pictures of other shapes come squeezed
        wider = float(np.exp(random.uniform(-0.25, 0.3)))
        move = np.array([[wider, 0, width * (1 - wider) / 2], [0, 1, 0], [0, 0, 1.0]]) @ move
    if random.random() < 0.5:
        move = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]]) @ move
    seen = cv2.warpAffine(
        picture, move[:2], (width, height), flags=cv2.INTER_LINEAR, borderValue=pyramid.GREY
    )
    shown = cv2.warpAffine(mask, (move @ HALF)[:2], (width, height), flags=cv2.INTER_LINEAR)
    cells = (
        cv2.resize(shown, (width // 4, height // 4), interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        / 255
    )
    return looked(random, np.asarray(seen, np.uint8), calm).transpose(2, 0, 1), cells[None]


def looked(random: Random, picture: Picture, calm: bool = False) -> Picture:
    """The picture as another camera would have taken it: colour, light, shadow, blur, noise,
    compression, something in front.

    `calm`: less often, and moved less.
    """
    out, often = picture, CALM if calm else 1.0
    if random.random() < 0.85:
        out = _toned(random, out)
    if random.random() < 0.35 * often:
        out = _shaded(random, out)
    if random.random() < 0.22 * often:
        size = int(random.integers(2, CALM_BLUR if calm else 15))
        spin = cv2.getRotationMatrix2D(
            ((size - 1) / 2, (size - 1) / 2), float(random.uniform(0, 180)), 1
        )
        line = np.zeros((size, size), np.float32)
        line[size // 2] = 1
        kernel = cv2.warpAffine(line, spin, (size, size)) + 1e-6
        out = cv2.filter2D(out, -1, kernel / kernel.sum())  # type: ignore[assignment]
    elif random.random() < 0.4:
        out = cv2.GaussianBlur(out, (0, 0), float(random.uniform(0.3, 1.8)))  # type: ignore[assignment]
    if random.random() < 0.5 * often:
        out = _noisy(random, out)
    if random.random() < 0.25 * often:
        out = _covered(random, out)
    if random.random() < 0.4 * often:
        coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 80))])[
            1
        ]
        out = cv2.imdecode(coded, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return out


def _toned(random: Random, picture: Picture) -> Picture:
    """Exposure, contrast, gamma, white balance; saturation, and hues mixed a little or all turned."""
    ramp = np.linspace(0, 1, 256)
    gamma, contrast, bright = (
        np.exp(random.normal(0, 0.25)),
        random.uniform(0.65, 1.35),
        random.normal(0, 0.07),
    )
    curve = ((ramp**gamma - 0.5) * contrast + 0.5 + bright)[:, None] * (
        1 + random.normal(0, 0.08, 3)
    )
    table = np.clip(255 * curve, 0, 255).astype(np.uint8)[None]
    out = cv2.LUT(picture, table)
    if random.random() < 0.5:
        grey = random.choice([0.0, random.uniform(0, 1.6)], p=[0.15, 0.85])
        mix = (1 - grey) / 3 * np.ones((3, 3)) + grey * np.eye(3) + random.normal(0, 0.06, (3, 3))
        if random.random() < PAINTED:
            mix = mix @ cv2.Rodrigues(random.uniform(-np.pi, np.pi) * np.full(3, 3**-0.5))[0]
        out = cv2.transform(out, mix.astype(np.float32))
    return np.asarray(out, np.uint8)


def _shaded(random: Random, picture: Picture) -> Picture:
    """A soft or hard shadow or light across part of it."""
    small = np.full((32, 32), 1.0, np.float32)
    corners = random.uniform(-10, 42, (int(random.integers(3, 6)), 2)).astype(np.int32)
    cv2.fillConvexPoly(small, cv2.convexHull(corners), float(random.uniform(0.35, 1.5)))
    soft = cv2.GaussianBlur(small, (0, 0), float(random.uniform(0.3, 6)))
    field = cv2.resize(soft, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(picture, cv2.merge([field] * 3), dtype=cv2.CV_8U), np.uint8)


def _noisy(random: Random, picture: Picture) -> Picture:
    shape = (
        picture.shape
        if random.random() < 0.6
        else (picture.shape[0] // 2, picture.shape[1] // 2, 3)
    )
    grain = (random.standard_normal(shape, np.float32) * random.uniform(1, 14)).astype(np.int16)
    if shape != picture.shape:
        grain = np.asarray(
            cv2.resize(grain, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.int16
        )
    return np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8)


def _covered(random: Random, picture: Picture) -> Picture:
    """A bar or patch in front, of one colour or a piece of the picture from elsewhere."""
    high, wide = picture.shape[:2]
    centre = (float(random.uniform(0, wide)), float(random.uniform(0, high)))
    size = (float(random.uniform(0.05, 0.3) * wide), float(random.uniform(0.05, 0.5) * high))
    corners = cv2.boxPoints((centre, size, float(random.uniform(0, 180)))).astype(np.int32)
    out = picture.copy()
    if random.random() < 0.5:
        cv2.fillConvexPoly(out, corners, random.uniform(0, 255, 3).tolist(), cv2.LINE_AA)
        return out
    place = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(place, corners, 255)
    other = np.roll(picture, (int(random.integers(high)), int(random.integers(wide))), axis=(0, 1))
    cv2.copyTo(other, place, out)
    return out
