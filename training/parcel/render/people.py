"""Who holds a parcel or sits behind it: body, head, hair and clothes of many fabrics; and knees,
where it lies on somebody's lap.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.parcel.render import prints, shapes, textures
from training.parcel.render.rasterizer import Thing
from training.parcel.render.textures import FACE, Floats, Picture, Random

Tint = tuple[float, float, float]
NOTHING = np.zeros(3, np.float32)


def plain(random: Random, place: Floats, up: Floats, clothes: Tint, skin: Tint) -> list[Thing]:
    """Somebody of few colours opposite, behind the parcel at `place`: a body, a neck and a head."""
    level, turn = _facing(up)
    chest = (
        place
        + level * random.uniform(14, 40)
        + up * random.uniform(-12, 12)
        + np.array([random.normal(0, 9), 0, 0])
    )
    neck = (chest + up * random.uniform(24, 30)).astype(np.float32)
    head = neck + up * random.uniform(9, 13)
    wide = np.array(
        [random.uniform(16, 23), random.uniform(26, 32), random.uniform(9, 13)], np.float32
    )
    parts = [
        Thing(shapes.ball(NOTHING, 1.0, wide).moved(turn, chest.astype(np.float32)), tint=clothes),
        Thing(shapes.tube(neck - up * 4, head.astype(np.float32), 5, 5), tint=skin),
        Thing(
            shapes.ball(NOTHING, 1.0, np.array([7.5, 11, 9], np.float32)).moved(
                turn, head.astype(np.float32)
            ),
            tint=skin,
        ),
    ]
    hair = (head + up * 2 + level * 3).astype(np.float32)
    tint = tuple(
        random.uniform(10, 120) * np.array([1.0, random.uniform(0.7, 1), random.uniform(0.5, 1)])
    )
    parts.append(
        Thing(
            shapes.ball(NOTHING, 1.0, np.array([8.3, 12, 8], np.float32)).moved(turn, hair),
            tint=tint,
        )
    )
    return parts


def dressed(random: Random, place: Floats, up: Floats, cloth: Picture, skin: Tint) -> list[Thing]:
    """Somebody opposite in clothes of a fabric, near enough that the parcel is before chest or
    face; with shoulders, hair and a face.
    """
    level, turn = _facing(up)
    chest = (
        place
        + level * random.uniform(12, 45)
        + up * random.uniform(-26, 10)
        + np.array([random.normal(0, 12), 0, 0])
    )
    neck = chest + up * random.uniform(22, 28)
    head = neck + up * random.uniform(10, 13) - level * random.uniform(0, 4)
    wide = np.array(
        [random.uniform(15, 24), random.uniform(25, 34), random.uniform(9, 14)], np.float32
    )
    aside = turn[:, 0]
    parts = [Thing(shapes.ball(NOTHING, 1.0, wide).moved(turn, _at(chest)), look=cloth)]
    for sign in (1.0, -1.0):
        shoulder = chest + up * 18 + sign * aside * wide[0] * 0.85
        elbow = (
            chest
            + sign * aside * (wide[0] + random.uniform(2, 12))
            - up * random.uniform(2, 14)
            - level * random.uniform(0, 14)
        )
        parts.append(
            Thing(
                shapes.tube(
                    _at(shoulder),
                    _at(elbow),
                    float(random.uniform(5.5, 8)),
                    float(random.uniform(4, 6)),
                ),
                look=cloth,
            )
        )
    parts += [
        Thing(shapes.tube(_at(neck - up * 5), _at(head), 5.5, 5), look=_skin(random, skin)),
        Thing(
            shapes.ball(NOTHING, 1.0, np.array([7.5, 11, 9], np.float32)).moved(turn, _at(head)),
            look=_skin(random, skin),
        ),
    ]
    return (
        parts
        + _face(random, head, up, level, aside, skin)
        + _hair(random, head, up, level, aside, turn)
    )


def lap(random: Random, place: Floats, up: Floats, cloth: Picture, skin: Tint) -> list[Thing]:
    """Knees and belly of who films, below the parcel and towards the camera; bare below the knee
    now and then.
    """
    level, turn = _facing(up)
    aside, bare = turn[:, 0], _skin(random, skin) if random.random() < 0.4 else cloth
    seat = place - up * random.uniform(14, 30) - level * random.uniform(20, 34)
    radius = float(random.uniform(7, 10))
    parts = [
        Thing(
            shapes.ball(NOTHING, 1.0, np.array([17, 12, 10], np.float32)).moved(
                turn, _at(seat - level * 8)
            ),
            look=cloth,
        )
    ]
    for sign in (1.0, -1.0):
        hip, knee = (
            seat + sign * aside * 9,
            seat + level * random.uniform(38, 48) + sign * aside * random.uniform(9, 20),
        )
        parts.append(Thing(shapes.tube(_at(hip), _at(knee), radius, radius * 0.8), look=cloth))
        parts.append(
            Thing(
                shapes.tube(_at(knee), _at(knee - up * 45), radius * 0.8, radius * 0.5), look=bare
            )
        )
    return parts


def _facing(up: Floats) -> tuple[Floats, Floats]:
    """(away from the camera and level; columns: aside, up, away)."""
    level = shapes._unit((np.array([0, 0, 1.0]) - up * up[2])[None].astype(np.float32))[0]
    sideways = np.cross(up, level)
    return level, np.stack([sideways, up, np.cross(sideways, up)], 1).astype(np.float32)


def _at(place: Floats) -> Floats:
    return np.asarray(place, np.float32)


def _face(
    random: Random, head: Floats, up: Floats, level: Floats, aside: Floats, skin: Tint
) -> list[Thing]:
    """Eyes, brows, a nose and a mouth."""
    parts, dark = [], float(random.uniform(10, 70))
    front = head - level * 8.3
    for sign in (1.0, -1.0):
        eye = front + sign * aside * 3 + up * 1.5 + level * 0.6
        parts.append(
            Thing(
                shapes.ball(_at(eye), 1.0, np.array([1.3, 0.8, 0.8], np.float32)),
                tint=(225, 222, 220),
            )
        )
        parts.append(
            Thing(
                shapes.ball(_at(eye - level * 0.5), 1.0, np.array([0.6, 0.6, 0.6], np.float32)),
                tint=(dark, dark, dark),
            )
        )
        brow = eye + up * 1.8
        parts.append(
            Thing(
                shapes.tube(_at(brow - aside * 1.3), _at(brow + aside * 1.3), 0.4, 0.4),
                tint=(dark, dark * 0.8, dark * 0.7),
            )
        )
    lips = tuple(np.clip(np.array(skin) * [0.9, 0.6, 0.6], 0, 255))
    parts.append(
        Thing(
            shapes.tube(_at(front - up * 1.5), _at(front - level * 1.2 - up * 2.5), 0.9, 1.2),
            tint=skin,
        )
    )
    mouth = front - up * 5.5 + level * 0.5
    parts.append(
        Thing(shapes.tube(_at(mouth - aside * 2), _at(mouth + aside * 2), 0.7, 0.7), tint=lips)
    )
    return parts


def _hair(
    random: Random, head: Floats, up: Floats, level: Floats, aside: Floats, turn: Floats
) -> list[Thing]:
    """A cap of hair, and locks down to the shoulders on some."""
    look = _strands(random)
    skull = shapes.ball(NOTHING, 1.0, np.array([8.4, 11.5, 8.6], np.float32))
    cap = Thing(skull.moved(turn, _at(head + up * 2.2 + level * 2.6)), look=look)
    if random.random() < 0.45:
        return [cap]
    length, parts = random.uniform(8, 34), [cap]
    for sign in (1.0, -1.0):
        top = head + sign * aside * 6.5 + up * 3 + level * 1.5
        end = top - up * (8 + length) + sign * aside * random.uniform(0, 4)
        parts.append(
            Thing(
                shapes.tube(
                    _at(top), _at(end), float(random.uniform(3, 4.5)), float(random.uniform(1.5, 4))
                ),
                look=look,
            )
        )
    return parts


def fabric(random: Random) -> Picture:
    """What clothes are of: knitted, woven, striped, checked, printed; with folds."""
    kinds = (_knit, _weave, _bands, _checks, _print, _weave)
    cloth = kinds[random.integers(len(kinds))](random)
    folds = textures.noise(random, FACE, (int(random.integers(3, 9)), int(random.integers(3, 14))))
    cloth *= (1 + random.uniform(0.03, 0.16) * folds)[..., None]
    return np.clip(cloth, 0, 255).astype(np.uint8)


def _ground(random: Random) -> Floats:
    colour = random.uniform(15, 240, 3)
    grey = random.uniform(0, 1)
    return np.asarray(grey * colour.mean() + (1 - grey) * colour, np.float32)


def _knit(random: Random) -> Floats:
    y, x = np.mgrid[:FACE, :FACE].astype(np.float32)
    step = random.uniform(5, 16)
    loops = np.sin(2 * np.pi * (y + 0.5 * np.abs((x % step) - step / 2)) / (0.8 * step)) * np.abs(
        np.sin(np.pi * x / step)
    )
    return textures.coloured(
        1 + 0.18 * loops + 0.04 * textures.noise(random, FACE, (FACE // 2, FACE // 2)),
        _ground(random),
    )


def _weave(random: Random) -> Floats:
    grain = 0.06 * textures.noise(random, FACE, (FACE, FACE // 6)) + 0.05 * textures.noise(
        random, FACE, (FACE // 6, FACE)
    )
    return textures.coloured(1 + random.uniform(0.2, 1.2) * grain, _ground(random))


def _bands(random: Random) -> Floats:
    cloth, step = _weave(random), random.uniform(12, 70)
    rows = (np.arange(FACE) % step < step * random.uniform(0.2, 0.7))[:, None, None]
    cloth = np.where(rows, _weave(random), cloth)
    return np.ascontiguousarray(
        cloth.transpose(1, 0, 2) if random.random() < 0.4 else cloth, np.float32
    )


def _checks(random: Random) -> Floats:
    cloth, step, ink = _weave(random), random.uniform(18, 80), _ground(random)
    lines = (np.arange(FACE) % step < step * random.uniform(0.15, 0.5)).astype(np.float32)
    share = 0.5 * (lines[:, None] + lines[None]) * random.uniform(0.4, 0.9)
    return np.asarray((1 - share[..., None]) * cloth + share[..., None] * ink, np.float32)


def _print(random: Random) -> Floats:
    cloth = np.asarray(prints.thing(random)[:FACE, :FACE], np.float32)
    return (
        cloth
        if random.random() < 0.5
        else np.asarray(0.35 * cloth + 0.65 * _ground(random), np.float32)
    )


def _skin(random: Random, tint: Tint) -> Picture:
    mottled = (
        1
        + 0.03 * textures.noise(random, FACE, (40, 40))
        + 0.05 * textures.noise(random, FACE, (6, 6))
    )
    return np.clip(textures.coloured(mottled, tint), 0, 255).astype(np.uint8)


def _strands(random: Random) -> Picture:
    colour = random.uniform(0.1, 1) * np.array([200, 160, 110.0]) ** random.uniform(0.9, 1.03)
    fine = textures.noise(random, FACE, (8, FACE // 2)) + 0.6 * textures.noise(
        random, FACE, (30, FACE)
    )
    hair = textures.coloured(1 + 0.3 * fine, np.asarray(colour, np.float32))
    return np.clip(cv2.GaussianBlur(hair, (0, 0), 0.7), 0, 255).astype(np.uint8)
