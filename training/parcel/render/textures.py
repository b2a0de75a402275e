"""What faces, tables, skin and things look like: pictures drawn by code, by kind, from a seeded
generator. Nothing is loaded.

`held` kinds are those that training never sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

FACE = 320  # pixels of a face's picture: the codes of a label over most of it can be read
FINE = FACE / 192  # what follows was first drawn at 192
TABLE = 512

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Random = np.random.Generator


def noise(random: Random, size: int, cells: tuple[int, int]) -> Floats:
    """Smooth noise of mean 0 and spread about 1: so many cells down and across."""
    small = random.normal(0, 1, (max(2, cells[0]), max(2, cells[1]))).astype(np.float32)
    return cast(Floats, cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC))


def coloured(base: Floats, colour: tuple[float, float, float] | Floats) -> Floats:
    return np.asarray(base[..., None] * np.asarray(colour, np.float32), np.float32)


def _kraft(random: Random, colour: tuple[float, float, float]) -> Floats:
    grain = (
        1
        + 0.03 * noise(random, FACE, (FACE // 2, 8))
        + 0.02 * noise(random, FACE, (FACE, FACE))
        + 0.04 * noise(random, FACE, (4, 4))
    )
    return coloured(grain, colour) * random.uniform(0.85, 1.1)


def brown(random: Random) -> Floats:
    return _kraft(random, (185, 145, 100))


def recycled(random: Random) -> Floats:
    return _kraft(random, (150, 140, 125))


def white(random: Random) -> Floats:
    return _kraft(random, (228, 226, 220))


def black(random: Random) -> Floats:
    return _kraft(random, (40, 40, 44))


def plain(random: Random) -> Floats:
    return _kraft(random, tuple(random.uniform(30, 235, 3)))


def dots(random: Random) -> Floats:
    face = plain(random)
    step, radius = int(FINE * random.integers(14, 40)), int(FINE * random.integers(3, 12))
    colour = random.uniform(20, 245, 3).tolist()
    for y in range(0, FACE + step, step):
        for x in range((y // step % 2) * step // 2, FACE + step, step):
            cv2.circle(face, (x, y), radius, colour, -1, cv2.LINE_AA)
    return face


def stripes(random: Random) -> Floats:
    face = plain(random)
    width, slant = int(FINE * random.integers(6, 30)), int(random.integers(-FACE, FACE))
    colour = random.uniform(20, 245, 3).tolist()
    for x in range(-2 * FACE, 3 * FACE, 2 * width):
        cv2.line(face, (x, 0), (x + slant, FACE), colour, width, cv2.LINE_AA)
    return face


def blocks(random: Random) -> Floats:
    """A printed carton: bars, patches and words."""
    face = plain(random) if random.random() < 0.6 else white(random)
    for _ in range(random.integers(2, 6)):
        a, b = random.integers(0, FACE, (2, 2))
        cv2.rectangle(
            face, tuple(map(int, a)), tuple(map(int, b)), random.uniform(10, 250, 3).tolist(), -1
        )
    for _ in range(random.integers(1, 4)):
        write(random, face, random.uniform(0, 255, 3).tolist())
    return face


def posters(random: Random) -> Floats:
    """A printed carton of another kind: a graded ground with discs and a name across."""
    ramp = np.linspace(0, 1, FACE, dtype=np.float32)[:, None, None]
    face = np.asarray(
        ramp * random.uniform(20, 240, 3) + (1 - ramp) * random.uniform(20, 240, 3), np.float32
    )
    face = np.ascontiguousarray(np.broadcast_to(face, (FACE, FACE, 3)), np.float32)
    for _ in range(random.integers(2, 7)):
        centre = tuple(map(int, random.integers(0, FACE, 2)))
        cv2.circle(
            face,
            centre,
            int(FINE * random.integers(6, 60)),
            random.uniform(10, 250, 3).tolist(),
            int(random.choice([-1, 5, 10])),
            cv2.LINE_AA,
        )
    write(random, face, random.uniform(0, 255, 3).tolist())
    return face


def write(random: Random, face: Floats, colour: list[float]) -> None:
    word = "".join(random.choice(list("ABCDEFGHKLMNOPRSTUVWXY0123456789 "), random.integers(3, 10)))
    font = int(
        random.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX])
    )
    place = (int(random.integers(0, FACE // 2)), int(random.integers(20, FACE)))
    _print(
        face,
        word,
        place,
        font,
        float(FINE * random.uniform(0.4, 1.6)),
        colour,
        int(FINE * random.integers(1, 4)),
    )


def _print(
    face: Floats,
    words: str,
    place: tuple[int, int],
    font: int,
    scale: float,
    colour: list[float],
    thick: int,
) -> None:
    ink = np.zeros(face.shape[:2], np.uint8)
    cv2.putText(ink, words, place, font, scale, 255, thick, cv2.LINE_AA)
    share = ink[..., None].astype(np.float32) / 255
    face[:] = (1 - share) * face + share * np.array(colour, np.float32)


def clouds(random: Random) -> Floats:
    """A printed picture of no thing: colours that change smoothly, coarse and fine."""
    face = np.zeros((FACE, FACE, 3), np.float32)
    for cells in (3, 6, 14, 40, 100):
        layer = np.stack([noise(random, FACE, (cells, cells)) for _ in range(3)], axis=-1)
        face += layer / cells ** random.uniform(0.3, 0.7) * random.uniform(0.4, 1)
    return np.asarray(random.uniform(60, 190) + random.uniform(25, 75) * face, np.float32)


def leaflet(random: Random) -> Floats:
    """Rows of small print under a heading."""
    face = white(random) if random.random() < 0.5 else plain(random)
    ink = [float(random.uniform(0, 90))] * 3
    for row in range(int(random.integers(6, 16))):
        words = "".join(random.choice(list("abcdefghiklmnoprstu  "), 40))
        _print(face, words, (14, 60 + 18 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, 1)
    write(random, face, random.uniform(0, 255, 3).tolist())
    return face


FACES: dict[str, Callable[[Random], Floats]] = {
    "brown": brown,
    "white": white,
    "black": black,
    "plain": plain,
    "dots": dots,
    "blocks": blocks,
    "clouds": clouds,
    "leaflet": leaflet,
}
OFTEN = {
    "brown": 0.32,
    "white": 0.08,
    "black": 0.05,
    "plain": 0.13,
    "dots": 0.08,
    "blocks": 0.12,
    "clouds": 0.14,
    "leaflet": 0.08,
}
FACES_HELD: dict[str, Callable[[Random], Floats]] = {
    "recycled": recycled,
    "stripes": stripes,
    "posters": posters,
}
OFTEN_HELD = {"recycled": 0.5, "stripes": 0.25, "posters": 0.25}


def label(random: Random, wide: bool) -> tuple[Floats, str]:
    """A shipping label with codes that can be read, and its number:

    `wide` is one design, upright the other.
    """
    import zxingcpp

    size = (330, 225) if wide else (225, 330)
    paper = np.full((size[1], size[0], 3), float(random.uniform(215, 250)), np.float32)
    number = "".join(random.choice(list("0123456789"), 12))
    bars = np.array(
        zxingcpp.create_barcode(number, zxingcpp.BarcodeFormat.Code128).to_image(scale=1)
    )
    square = np.array(
        zxingcpp.create_barcode("SPXID" + number, zxingcpp.BarcodeFormat.QRCode).to_image(scale=1)
    )
    bars = cv2.resize(bars, (int(size[0] * 0.8), int(size[1] * 0.2)), interpolation=cv2.INTER_AREA)
    square = cv2.resize(square, (int(min(size) * 0.32),) * 2, interpolation=cv2.INTER_AREA)
    top = int(size[1] * (0.12 if wide else 0.5))
    paper[top : top + bars.shape[0], 18 : 18 + bars.shape[1]] = bars[..., None]
    paper[-square.shape[0] - 6 : -6, -square.shape[1] - 6 : -6] = square[..., None]
    for row in range(random.integers(3, 7)):
        place = (12, int(size[1] * (0.5 if wide else 0.06)) + 18 + 19 * row)
        words = "".join(random.choice(list("abcdefghiklmnoprstu 0123456789"), 16))
        _print(paper, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, [20.0, 20.0, 20.0], 1)
    cv2.rectangle(paper, (2, 2), (size[0] - 3, size[1] - 3), (30, 30, 30), 1)
    return paper, number


def stick(random: Random, face: Floats, what: Floats, share: float) -> None:
    """`what` stuck on the face, turned by quarters, `share` of its side long."""
    turned = np.ascontiguousarray(np.rot90(what, random.integers(4)))
    scale = share * FACE / max(turned.shape[:2])
    small = cv2.resize(turned, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    y, x = (int(random.integers(0, max(1, FACE - n))) for n in (h, w))
    face[y : y + h, x : x + w] = small[: FACE - y, : FACE - x]


def tape(random: Random, face: Floats) -> None:
    """A strip along the middle, glossy brown, clear or white."""
    width = int(random.uniform(0.1, 0.22) * FACE)
    top = FACE // 2 - width // 2 + int(random.normal(0, 4))
    colour = np.array(
        [(150, 105, 60), (225, 222, 215), (200, 165, 120)][random.integers(3)], np.float32
    )
    share = random.uniform(0.35, 0.95)
    strip = (
        face[max(0, top) : top + width]
        if random.random() < 0.5
        else face[:, max(0, top) : top + width]
    )
    strip[:] = (1 - share) * strip + share * colour


def wood(random: Random) -> Floats:
    grain = noise(random, TABLE, (int(random.integers(20, 60)), 4))
    rings = np.sin(6 * grain + 0.5 * noise(random, TABLE, (200, 8)))
    return coloured(
        1 + 0.12 * rings.astype(np.float32),
        random.uniform(0.5, 1.1) * np.array((150, 105, 70), np.float32),
    )


def even(random: Random) -> Floats:
    return coloured(
        1 + 0.02 * noise(random, TABLE, (TABLE, TABLE)) + 0.05 * noise(random, TABLE, (3, 3)),
        tuple(random.uniform(25, 235, 3)),
    )


def checks(random: Random) -> Floats:
    step = int(random.integers(16, 90))
    y, x = np.mgrid[:TABLE, :TABLE] // step
    pattern = ((x + y) % 2)[..., None]
    return np.asarray(
        pattern * random.uniform(20, 240, 3) + (1 - pattern) * random.uniform(20, 240, 3),
        np.float32,
    )


def carpet(random: Random) -> Floats:
    base = coloured(np.ones((TABLE, TABLE), np.float32), tuple(random.uniform(40, 200, 3)))
    for cells in (TABLE, 160, 40):
        base += coloured(
            random.uniform(4, 22) * noise(random, TABLE, (cells, cells)),
            tuple(random.uniform(0.4, 1, 3)),
        )
    return base


def marble(random: Random) -> Floats:
    veins = np.abs(noise(random, TABLE, (9, 9)) + 0.4 * noise(random, TABLE, (40, 40)))
    return coloured(1 - 0.25 * np.exp(-8 * veins), tuple(random.uniform(150, 235, 3)))


def planks(random: Random) -> Floats:
    board = int(random.integers(40, 110))
    rows = random.uniform(0.75, 1.1, TABLE // board + 1).astype(np.float32)[
        np.arange(TABLE) // board
    ]
    found = wood(random) * rows[:, None, None]
    found[np.arange(TABLE) % board < 2] *= 0.5
    return found


def tiles(random: Random) -> Floats:
    step = int(random.integers(50, 128))
    found = even(random)
    found[np.arange(TABLE) % step < 4] = found[:, np.arange(TABLE) % step < 4] = 120
    return found


def sheets(random: Random) -> Floats:
    """A desk with papers on it: rectangles that are no parcel."""
    found = even(random)
    for _ in range(random.integers(3, 9)):
        box = cv2.boxPoints(
            (
                tuple(random.uniform(0, TABLE, 2)),
                tuple(random.uniform(40, 200, 2)),
                float(random.uniform(0, 180)),
            )
        )
        cv2.fillConvexPoly(
            found, box.astype(np.int32), random.uniform(120, 255, 3).tolist(), cv2.LINE_AA
        )
    return found


TABLES: dict[str, Callable[[Random], Floats]] = {
    "wood": wood,
    "even": even,
    "checks": checks,
    "carpet": carpet,
    "marble": marble,
    "sheets": sheets,
}
TABLES_HELD: dict[str, Callable[[Random], Floats]] = {"planks": planks, "tiles": tiles}


def plastic(random: Random) -> Floats:
    """What bags are made of: one colour, hardly any grain."""
    colours = (
        (228, 228, 224),
        (150, 152, 156),
        (28, 28, 32),
        (225, 190, 50),
        (200, 40, 60),
        (60, 90, 170),
        (190, 150, 105),
    )
    colour = (
        np.array(colours[random.integers(len(colours))], np.float32)
        if random.random() < 0.7
        else random.uniform(20, 240, 3)
    )
    return coloured(
        1 + 0.01 * noise(random, FACE, (FACE, FACE)),
        np.asarray(colour * random.uniform(0.8, 1.1), np.float32),
    )


@dataclass(frozen=True)
class Look:
    """Six faces as one picture, and the number of the label on each face that has one."""

    picture: Picture
    numbers: dict[int, str]


def labelled(random: Random, held: bool, face: Floats, least: float, most: float) -> str:
    """The number of the label now on the face, `least` to `most` of its side long.

    Held-out labels are of the other design.
    """
    paper, number = label(random, bool(random.random() < 0.5) != held)
    stick(random, face, paper, float(random.uniform(least, most)))
    return number


def bag(random: Random, held: bool) -> Look:
    """The two faces of a mailer: plain, a label on one, now and then a sign or a word on either."""
    seed = int(random.integers(1 << 30))
    kind = recycled if held else plastic if random.random() < 0.8 else brown
    faces = [kind(np.random.default_rng(seed)) for _ in range(6)]
    for side in (4, 5):
        if random.random() < 0.4:
            write(random, faces[side], random.uniform(0, 255, 3).tolist())
        if random.random() < 0.3:
            corner, reach = random.integers(40, 200, 2), int(random.integers(30, 90))
            ink = random.uniform(0, 255, 3).tolist()
            cv2.circle(
                faces[side],
                tuple(map(int, corner + 40)),
                reach // 2,
                ink,
                int(random.choice([-1, 4])),
                cv2.LINE_AA,
            )
            cv2.arrowedLine(
                faces[side],
                tuple(map(int, corner + reach)),
                tuple(map(int, corner)),
                ink,
                8,
                cv2.LINE_AA,
                tipLength=0.4,
            )
    numbers = {4: labelled(random, held, faces[4], 0.3, 0.8)} if random.random() < 0.8 else {}
    return Look(atlas(faces), numbers)


def drawn(random: Random, held: bool) -> Callable[[Random], Floats]:
    """A kind of face, the plain ones most often."""
    often = OFTEN_HELD if held else OFTEN
    return {**FACES, **FACES_HELD}[str(random.choice(list(often), p=list(often.values())))]


def parcel(random: Random, held: bool, mailer: bool, style: str = "any") -> Look:
    """The six faces as one picture, three across and two down: +x -x +y / -y +z -z.

    `style`: any, plain or twins (opposite faces alike).
    """
    kind = (recycled if held else brown) if style == "plain" else drawn(random, held)
    bare = kind in (brown, white, black, recycled, plain)
    seed = int(random.integers(1 << 30))
    twins = style == "twins" or random.random() < 0.15
    faces = []
    for side in range(6):
        own = np.random.default_rng(seed if twins or bare else seed + side)
        faces.append(kind(own))
    if bare and random.random() < 0.7 and not mailer:
        for side in (4, 5):
            tape(np.random.default_rng(seed), faces[side])
    labels = 0 if style in ("plain", "twins") else random.integers(0, 3)
    sides = random.permutation(6)[:labels] if not mailer else (4,)
    numbers = {int(side): labelled(random, held, faces[side], 0.35, 0.9) for side in sides}
    if random.random() < 0.35 and style != "twins":
        for side in random.permutation(6)[: random.integers(1, 4)]:
            write(random, faces[side], random.uniform(0, 120, 3).tolist())
    return Look(atlas(faces), numbers)


def atlas(faces: list[Floats]) -> Picture:
    """Six faces as one picture."""
    whole = np.concatenate([np.concatenate(faces[:3], axis=1), np.concatenate(faces[3:], axis=1)])
    return np.clip(whole, 0, 255).astype(np.uint8)


def thing(random: Random, held: bool) -> Picture:
    """Six faces of a thing that is no parcel: a book, a sheet, a case."""
    seed, kind = int(random.integers(1 << 30)), drawn(random, held)
    return atlas(
        [kind(np.random.default_rng(seed + (side if side > 3 else 0))) for side in range(6)]
    )


def table(random: Random, held: bool) -> Picture:
    kinds = TABLES_HELD if held else TABLES
    return np.clip(kinds[str(random.choice(sorted(kinds)))](random), 0, 255).astype(np.uint8)


def skin(random: Random) -> tuple[float, float, float]:
    """A skin tone, from dark to fair."""
    dark, fair = np.array((70, 45, 35.0)), np.array((240, 205, 180.0))
    share = random.uniform(0, 1)
    return tuple((1 - share) * dark + share * fair + random.normal(0, 6, 3))
