"""Printed cartons and bags of many designs: a palette, and on each face a ground, shapes, pictures
and words put together at random.

Held-out parcels are never drawn by this module.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.parcel.render import assets, textures
from training.parcel.render.textures import FACE, Floats, Look, Picture, Random

PAIRED = 0.35  # share of cartons whose opposite faces are printed alike
Palette = Floats  # (colours, 3)


def parcel(random: Random, mailer: bool, patterned: bool = False) -> Look:
    """Six printed faces, three across and two down; a label on up to two, of a mailer's on one;
    tape on some.

    `patterned`: on the ground is a pattern all over, which hides how a surface bulges, or a glow,
    which feigns that it does.
    """
    faces = _faces(random, patterned)
    if mailer:
        faces[:4] = [np.ascontiguousarray(faces[4][:, ::-1])] * 4
    elif random.random() < 0.4:
        for side in (4, 5):
            textures.tape(random, faces[side])
    sides = (
        (4,) * (random.random() < 0.7) if mailer else random.permutation(6)[: random.integers(0, 3)]
    )
    return Look(
        textures.atlas(faces),
        {int(side): textures.labelled(random, False, faces[side], 0.3, 0.95) for side in sides},
    )


def thing(random: Random, patterned: bool = False) -> Picture:
    """Six faces of a book, a sheet or a case, as printed as any parcel."""
    return textures.atlas(_faces(random, patterned))


def _faces(random: Random, patterned: bool) -> list[Floats]:
    palette = _palette(random)
    seed, paired, busy = (
        int(random.integers(1 << 30)),
        random.random() < PAIRED,
        int(random.integers(0, 7)),
    )
    if patterned:
        busy //= 2  # of a pattern with much on it, little is left
    return [
        _face(
            np.random.default_rng(seed + (side // 2 if paired else side)), palette, busy, patterned
        )
        for side in range(6)
    ]


def _palette(random: Random) -> Palette:
    """Two to five colours; now and then all of nearly one hue."""
    colours = random.uniform(8, 250, (int(random.integers(2, 6)), 3))
    if random.random() < 0.35:
        colours = colours.mean(axis=1, keepdims=True) * (
            0.3 + 0.7 * colours[0] / max(1.0, float(colours[0].max()))
        )
    return np.asarray(colours, np.float32)


def _face(random: Random, palette: Palette, busy: int, patterned: bool) -> Floats:
    grounds = (_even, _halves, _photograph, _drifting, textures.clouds)
    ground = grounds[random.choice(len(grounds), p=[0.35, 0.15, 0.22, 0.18, 0.1])]
    if patterned:
        ground = _pattern if random.random() < 0.6 else _glow
    face = np.ascontiguousarray(
        ground(random) if ground is textures.clouds else ground(random, palette), np.float32
    )
    parts = (_polygon, _blob, _curve, _panel, _inset, _icons, _small_print, _word)
    for _ in range(busy):
        parts[random.integers(len(parts))](random, palette, face)
    return np.asarray(
        face
        * random.uniform(0.8, 1.1)
        * (1 + 0.03 * textures.noise(random, FACE, (5, 5)))[..., None],
        np.float32,
    )


def _colour(random: Random, palette: Palette) -> list[float]:
    return [
        float(v)
        for v in np.clip(palette[random.integers(len(palette))] + random.normal(0, 10, 3), 0, 255)
    ]


def _filled(random: Random, palette: Palette, where: Floats, face: Floats) -> None:
    """A colour over the face, as much as `where` (0..1) says."""
    share = where[..., None] * float(random.uniform(0.6, 1))
    face[:] = (1 - share) * face + share * np.array(_colour(random, palette), np.float32)


def _even(random: Random, palette: Palette) -> Floats:
    return textures.coloured(np.ones((FACE, FACE), np.float32), tuple(_colour(random, palette)))


def _halves(random: Random, palette: Palette) -> Floats:
    """Two colours that meet at a straight or wavy edge."""
    face = _even(random, palette)
    y, x = np.mgrid[-1 : 1 : FACE * 1j, -1 : 1 : FACE * 1j]
    angle, wave = (
        random.uniform(0, 2 * np.pi),
        random.choice([0.0, 0.3]) * textures.noise(random, FACE, (4, 4)),
    )
    edge = np.cos(angle) * x + np.sin(angle) * y + wave - random.uniform(-0.6, 0.6)
    _filled(random, palette, np.clip(edge * 60, 0, 1).astype(np.float32), face)
    return face


def _drifting(random: Random, palette: Palette) -> Floats:
    """Two colours that drift into each other."""
    face = _even(random, palette)
    cells = (int(random.integers(2, 6)), int(random.integers(2, 6)))
    _filled(random, palette, np.clip(0.5 + 0.5 * textures.noise(random, FACE, cells), 0, 1), face)
    return face


def _pattern(random: Random, palette: Palette) -> Floats:
    """One colour on another, again and again: plaid, waves, zigzags, lozenges, bricks.

    Straight stripes are held out.
    """
    face = _even(random, palette)
    y, x = np.mgrid[:FACE, :FACE] * float(random.uniform(3, 24) / FACE)  # in repeats
    kind, lean = random.integers(5), float(random.uniform(-1, 1))
    x, y = (x + lean * y, y) if random.random() < 0.5 else (y, x - lean * y)
    if kind == 0:  # bands across bands
        broad = random.uniform(0.2, 0.8)
        where = ((x % 1 < broad).astype(np.float32) + (y % 1 < broad)) / 2
    elif kind == 1:
        where = np.clip(
            4 * np.sin(2 * np.pi * (y + random.uniform(0.1, 0.6) * np.sin(2 * np.pi * x))) + 0.5,
            0,
            1,
        )
    elif kind == 2:
        where = (y + random.uniform(0.3, 1.2) * np.abs(x % 2 - 1)) % 1 < random.uniform(0.25, 0.75)
    elif kind == 3:
        where = np.abs(x % 2 - 1) + np.abs(y % 2 - 1) < random.uniform(0.4, 1.2)
    else:
        where = ((x + 0.5 * (np.floor(y) % 2)) % 1 > 0.12) & (y % 1 > 0.12)
    _filled(random, palette, cv2.GaussianBlur(np.asarray(where, np.float32), (0, 0), 0.7), face)  # type: ignore[arg-type]
    return face


def _glow(random: Random, palette: Palette) -> Floats:
    """A colour that fades into another away from one or two places, in rings now and then: as if
    the surface bulged there.
    """
    face = _even(random, palette)
    y, x = np.mgrid[0 : 1 : FACE * 1j, 0 : 1 : FACE * 1j]
    for _ in range(int(random.integers(1, 3))):
        (a, b), (wide, high) = random.uniform(-0.3, 1.3, 2), random.uniform(0.2, 1.3, 2)
        far = np.sqrt(((x - a) / wide) ** 2 + ((y - b) / high) ** 2)
        steps = float(random.choice([0.0, random.uniform(4, 10)], p=[0.8, 0.2]))
        near = np.clip(1 - far, 0, 1)
        _filled(
            random,
            palette,
            np.asarray(np.floor(near * steps) / steps if steps else near, np.float32),
            face,
        )
    return face


def _photograph(random: Random, palette: Palette) -> Floats:
    """A piece of an environment, in its own colours or in one of the palette."""
    skies = assets.environments()
    names = sorted(name for name in skies if name not in assets.HELD)
    sky = skies[names[random.integers(len(names))]]
    size = int(random.integers(30, 200))
    y, x = int(random.integers(0, 256 - size)), int(random.integers(0, 512 - size))
    part = sky[y : y + size, x : x + size]
    tone = 255 * (part / (part + 0.5 * np.quantile(part, 0.7) + 1e-3)) ** 0.6
    face = cv2.resize(np.asarray(tone, np.float32), (FACE, FACE), interpolation=cv2.INTER_CUBIC)
    if random.random() < 0.3:
        face = textures.coloured(face.mean(axis=2) / 255, tuple(_colour(random, palette))) * 1.5
    return np.asarray(np.clip(np.rot90(face, random.integers(4)), 0, 255), np.float32)


def _polygon(random: Random, palette: Palette, face: Floats) -> None:
    corners = int(random.integers(3, 9))
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = random.uniform(20, 150) * random.uniform(0.5, 1, corners)
    points = (
        random.uniform(0, FACE, 2) + np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None]
    )
    cv2.fillPoly(face, [points.astype(np.int32)], _colour(random, palette), cv2.LINE_AA)


def _blob(random: Random, palette: Palette, face: Floats) -> None:
    cells = int(random.integers(3, 12))
    level = textures.noise(random, FACE, (cells, cells)) - random.uniform(0.2, 1.2)
    _filled(random, palette, np.clip(8 * level, 0, 1), face)


def _curve(random: Random, palette: Palette, face: Floats) -> None:
    """A line drawn with a brush, bent twice."""
    a, b, c, d = random.uniform(-60, FACE + 60, (4, 2))
    t = np.linspace(0, 1, 40)[:, None]
    points = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
    cv2.polylines(
        face,
        [points.astype(np.int32)],
        False,
        _colour(random, palette),
        int(random.integers(2, 40)),
        cv2.LINE_AA,
    )


def _panel(random: Random, palette: Palette, face: Floats) -> None:
    """A rectangle along the face's edges or askew, filled or only its frame."""
    size = random.uniform(30, 260, 2)
    angle = 0.0 if random.random() < 0.6 else float(random.uniform(0, 180))
    corners = cv2.boxPoints((tuple(random.uniform(0, FACE, 2)), tuple(size), angle)).astype(
        np.int32
    )
    if random.random() < 0.6:
        cv2.fillConvexPoly(face, corners, _colour(random, palette), cv2.LINE_AA)
    else:
        cv2.polylines(
            face,
            [corners],
            True,
            _colour(random, palette),
            int(random.integers(2, 12)),
            cv2.LINE_AA,
        )


def _inset(random: Random, palette: Palette, face: Floats) -> None:
    """A small picture on the face."""
    high, wide = (int(v) for v in random.integers(50, 240, 2))
    y, x = int(random.integers(0, FACE - high)), int(random.integers(0, FACE - wide))
    face[y : y + high, x : x + wide] = cv2.resize(
        _photograph(random, palette), (wide, high), interpolation=cv2.INTER_AREA
    )


def _icons(random: Random, palette: Palette, face: Floats) -> None:
    """One small shape again and again, in rows."""
    size = int(random.integers(10, 40))
    small = np.clip(4 * textures.noise(random, size, (4, 4)), 0, 1)
    small[[0, -1]] = 0
    small[:, [0, -1]] = 0
    reps = FACE // size + 1
    whole = np.tile(np.pad(small, ((0, size // 2), (0, size // 2))), (reps, reps))[:FACE, :FACE]
    _filled(random, palette, np.asarray(whole, np.float32), face)


def _small_print(random: Random, palette: Palette, face: Floats) -> None:
    """Rows of words too small to read, as bars of ink."""
    row, left, top = (
        int(random.integers(5, 14)),
        int(random.integers(0, FACE // 2)),
        int(random.integers(0, FACE // 2)),
    )
    colour = _colour(random, palette)
    for y in range(top, min(FACE, top + row * int(random.integers(3, 14))), row):
        x = left
        while x < min(FACE, left + 200):
            wide = int(random.integers(4, 30))
            cv2.rectangle(face, (x, y), (x + wide, y + row // 2), colour, -1)
            x += wide + row // 2


def _word(random: Random, palette: Palette, face: Floats) -> None:
    """A word or two, upright or turned by quarters."""
    turned = np.rot90(face, random.integers(4))
    written = np.ascontiguousarray(turned)
    textures.write(random, written, _colour(random, palette))
    turned[:] = written
