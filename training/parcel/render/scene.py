"""What is in a picture: one parcel, where it is and how it is turned, hands, table, light and
things about. Seeded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.parcel import axes
from training.parcel.render import assets, people, prints, shapes, textures
from training.parcel.render.rasterizer import Light, Thing

Floats = NDArray[np.float32]
Random = np.random.Generator
WIDTH, HEIGHT = 480, 270  # pixels; portrait pictures come from turning these
STYLES = ("any", "plain", "thin", "cube", "twins", "large", "bag", "soft", "printed", "patterned")
SOFT = (
    "bag",
    "soft",
)  # styles of which every parcel is a mailer: creased ones in one colour, and all kinds
ABOVE = 8.0  # centimetres: a camera is at least so high over the table
PARCEL, MAILER, FLAP, HAND = 1, 2, 3, 4
MAILERS, OPENED = 0.15, 0.06  # shares of scenes
TILTED = 0.28  # radians, spread: of a face held towards the camera
KNEES = 0.5  # of pictures with clothes in which who films holds it, not on a table
# of pictures of a face held towards the camera: so near that it reaches beyond the picture
FILLING = 0.25
PRINTED = (
    "printed",
    "patterned",
)  # styles of many designs: anything, and what hides or feigns a bulge
PRINTED_MAILERS, PATTERNED_MAILERS = (
    0.3,
    0.4,
)  # of parcels of those styles (the second: of clips, too)
MADE = {
    shapes.envelope: 0.25,
    shapes.padded: 0.4,
    shapes.bag: 0.35,
}  # shares of mailers: stiff paper, with a cushion, thin film (house rule)
DESIGNS, BAGS = (
    0.4,
    0.2,
)  # of the style "soft": printed designs, bags of one colour; the rest looks as any parcel does


@dataclass(frozen=True)
class Stage:
    """What stays the same in all pictures of a scene."""

    seed: int
    size: Floats  # full extents of the parcel, centimetres
    mailer: bool
    parcel: shapes.Mesh
    look: textures.Look
    gloss: float
    flaps: shapes.Mesh | None
    table: NDArray[np.uint8] | None
    sky: Floats
    hands: tuple[shapes.Mesh, ...]
    things: tuple[NDArray[np.uint8], ...]  # looks of flat things that lie about
    skin: tuple[float, float, float]
    sleeve: tuple[float, float, float]
    facing: bool  # hands of somebody opposite, not of who films


@dataclass(frozen=True)
class Shot:
    """One picture: the parcel's rotation (body to camera) and place, and all that is drawn.

    `motion`: turn and shift while exposed. `up`: away from the table, whose height along it is
    `floor`, None where there is none.
    """

    turn: Floats
    place: Floats
    focal: float
    still: list[Thing]
    moving: list[Thing]
    light: Light
    shadows: Floats
    motion: tuple[Floats, Floats]
    up: Floats
    floor: float | None
    on_table: bool
    focus: float = 0.0  # sigma of defocus, pixels


def rotation(vector: Floats) -> Floats:
    """Rotation matrix of a rotation vector in radians."""
    return np.asarray(cv2.Rodrigues(np.asarray(vector, np.float64))[0], np.float32)


def any_turn(random: Random) -> Floats:
    """A rotation from all of them alike."""
    q = random.normal(0, 1, 4)
    return axes.rotations(q / np.linalg.norm(q)).astype(np.float32)


@cache
def _skies(held: bool) -> list[Floats]:
    return [
        sky for name, sky in sorted(assets.environments().items()) if (name in assets.HELD) == held
    ]


def stage(seed: int, held: bool, mailer: bool | None = None, style: str = "any") -> Stage:
    """The scene of `seed`, from what training sees or from what it never sees.

    `style`: one of `STYLES`.
    """
    random = np.random.default_rng(seed)
    share = {"printed": PRINTED_MAILERS, "patterned": PATTERNED_MAILERS}.get(style, MAILERS)
    mailer = style in SOFT or (bool(random.random() < share) if mailer is None else mailer)
    size = _size(random, mailer, style)
    parcel = (
        _mailer(random, size, style)
        if mailer
        else shapes.box(random, size, abs(random.normal(0, 0.02)))
    )
    set_of_hands = (
        (lambda: shapes.modelled(random))
        if random.random() < 0.4
        else (lambda: shapes.rigged(random, "left"))
    )
    skies = _skies(held)
    return Stage(
        seed=seed,
        size=size,
        mailer=mailer,
        parcel=parcel,
        look=_look(random, held, mailer, style),
        gloss=float(random.choice([0.0, 0.1, 0.5])),
        flaps=shapes.flaps(random, size) if not mailer and random.random() < OPENED else None,
        table=textures.table(random, held) if random.random() < 0.85 else None,
        sky=skies[random.integers(len(skies))],
        hands=tuple(set_of_hands() for _ in range(2)),
        things=tuple(
            prints.thing(random, style == "patterned")
            if style in PRINTED
            else textures.thing(random, held)
            for _ in range(2)
        ),
        skin=textures.skin(random),
        sleeve=textures.skin(random)
        if random.random() < 0.35
        else tuple(random.uniform(20, 230, 3)),
        facing=bool(random.random() < 0.4),
    )


def _mailer(random: Random, size: Floats, style: str) -> shapes.Mesh:
    made = (
        shapes.bag
        if style == "bag"
        else list(MADE)[random.choice(len(MADE), p=list(MADE.values()))]
    )
    return made(random, size)


def _look(random: Random, held: bool, mailer: bool, style: str) -> textures.Look:
    if style == "soft":
        style = str(random.choice(["printed", "bag", "any"], p=[DESIGNS, BAGS, 1 - DESIGNS - BAGS]))
    if style in PRINTED:
        return prints.parcel(random, mailer, style == "patterned")
    return (
        textures.bag(random, held)
        if style == "bag"
        else textures.parcel(random, held, mailer, style)
    )


def _size(random: Random, mailer: bool, style: str) -> Floats:
    long = random.uniform(26, 36) if style == "large" else random.uniform(15, 45)
    if mailer:
        return np.array(
            [long, long * random.uniform(0.55, 0.95), random.uniform(0.8, 4.0)], np.float32
        )
    kind = (
        style
        if style in ("cube", "thin")
        else random.choice(["cube", "any", "thin"], p=[0.25, 0.5, 0.25])
    )
    shares = {"cube": (0.85, 1.0), "any": (0.35, 1.0), "thin": (0.12, 0.3)}[kind]
    size = long * np.array(
        [
            1.0,
            random.uniform(0.5, 1.0) if kind != "cube" else random.uniform(0.88, 1.0),
            random.uniform(*shares),
        ]
    )
    return np.asarray(random.permutation(size), np.float32)


@dataclass(frozen=True)
class Grip:
    """How a hand holds: where on its face (-1..1 both ways), how far off, where its fingers would
    point; drawn once, kept.
    """

    where: tuple[float, float]
    off: float
    wish: Floats
    arm: shapes.Mesh


def shot(one: Stage, random: Random, presented: bool = False) -> Shot:
    """One picture of the scene, at random: in the hand, or on the table.

    `presented`: a face is held towards the camera.
    """
    focal = float(random.uniform(0.75, 1.05) * WIDTH)
    up = tilted(random)
    on_table = bool(random.random() < 0.42) and not presented
    turn = (
        towards_camera(random, one.mailer)
        if presented
        else standing(random, up, lying=one.mailer)
        if on_table
        else any_turn(random)
    )
    place = _place(one, random, turn, focal, filling=presented and random.random() < FILLING)
    floor = lowest(one, turn, place, up) - (0.0 if on_table else random.uniform(2, 35))
    moving = body(one, turn, place)
    if random.random() < (0.5 if on_table else 0.95):
        held = [grip(random) for _ in range(1 if random.random() < 0.3 else 2)]
        moving += hands(one, held, turn, place, up, preference(random))
    above = one.table is not None and floor < -ABOVE
    still = table(one, random, up, floor) + clutter(one, random, up, floor, place) if above else []
    fast = random.random() < 0.2
    motion = (random.normal(0, 0.05, 3) * fast, random.normal(0, 0.8, 3) * fast)
    return Shot(
        turn,
        place,
        focal,
        still,
        moving,
        light(one, random, up, place),
        contact(one, place, up, floor, float(random.uniform(0.3, 0.55))),
        (motion[0].astype(np.float32), motion[1].astype(np.float32)),
        up,
        floor if above else None,
        on_table,
    )


def amid(
    one: Stage,
    random: Random,
    shot: Shot,
    opposite: bool = False,
    harsh: bool = False,
    cloth: textures.Picture | None = None,
) -> Shot:
    """The same picture with more about it. `harsh`: in hard light, more things on the table.

    `opposite`: somebody of few colours behind it.

    `cloth`: of a fabric are the clothes of who holds it, sits behind it or has it on the lap.
    """
    if harsh:
        shot = hardened(one, random, shot)
    if opposite:
        shot = replace(
            shot, still=shot.still + people.plain(random, shot.place, shot.up, one.sleeve, one.skin)
        )
    return shot if cloth is None else clothed(one, random, shot, cloth)


def hardened(one: Stage, random: Random, shot: Shot) -> Shot:
    """The same picture under a bare lamp or the sun: dark shadows with sharp edges; and more things
    on the table, nearer the parcel.
    """
    colour = np.array([1, random.uniform(0.8, 1), random.uniform(0.6, 1)], np.float32)
    lit = replace(
        shot.light,
        harmonics=shot.light.harmonics * float(random.uniform(0.3, 0.7)),
        sunlight=colour * float(random.uniform(0.9, 2.0)),
        lamplight=shot.light.lamplight * 0.4,
        soft=float(random.uniform(0.0005, 0.004)),
    )
    more = (
        []
        if shot.floor is None
        else [t for _ in range(2) for t in clutter(one, random, shot.up, shot.floor, shot.place)]
    )
    return replace(shot, light=lit, still=shot.still + more)


def clothed(one: Stage, random: Random, shot: Shot, cloth: textures.Picture) -> Shot:
    """The same picture with sleeves of that fabric, and somebody in it opposite; or, instead of a
    table, the knees of who films.
    """
    moving = [
        replace(t, look=cloth) if t.who == HAND and t.tint == one.sleeve else t for t in shot.moving
    ]
    if not (one.facing or shot.on_table) and random.random() < KNEES:
        return replace(
            shot, moving=moving, still=people.lap(random, shot.place, shot.up, cloth, one.skin)
        )
    return replace(
        shot,
        moving=moving,
        still=shot.still + people.dressed(random, shot.place, shot.up, cloth, one.skin),
    )


def tilted(random: Random) -> Floats:
    """Which way is up for a camera that looks down at a table, in its axes."""
    down = np.radians(random.uniform(8, 75))
    return np.asarray(
        rotation(np.array([0, 0, random.normal(0, 0.14)]))
        @ np.array([0, -np.cos(down), -np.sin(down)]),
        np.float32,
    )


def body(
    one: Stage, turn: Floats, place: Floats, number: int = 0, opened: bool = False
) -> list[Thing]:
    """The parcel, with its flaps where it is open."""
    found = [
        Thing(
            one.parcel.moved(turn, place),
            MAILER if one.mailer else PARCEL,
            number,
            one.look.picture,
            gloss=one.gloss,
        )
    ]
    if one.flaps is not None or opened:
        lid = one.flaps or shapes.flaps(np.random.default_rng(one.seed), one.size)
        found.append(Thing(lid.moved(turn, place), FLAP, number, one.look.picture))
    return found


def contact(one: Stage, place: Floats, up: Floats, floor: float, share: float) -> Floats:
    """The dark spot under a parcel."""
    spots = np.zeros((4, 4), np.float32)
    spots[0] = (
        *(place - up * (float(place @ up) - floor)),
        float(np.linalg.norm(one.size) * share),
    )
    return spots


def standing(random: Random, up: Floats, lying: bool = False, tips: bool = True) -> Floats:
    """On a face, turned any way; now and then on its way over an edge.

    `lying`: on one of its two largest, as what is soft does.
    """
    body = shapes.SIDES[random.integers(4, 6) if lying else random.integers(6)]
    side = shapes._unit(np.cross(body, [0.3, 0.5, 0.8])[None].astype(np.float32))[0]
    from_body = np.stack([body, side, np.cross(body, side)], 1)
    front = shapes._unit(np.cross(up, random.normal(0, 1, 3))[None].astype(np.float32))[0]
    to_camera = np.stack([up, front, np.cross(up, front)], 1)
    turn = to_camera @ from_body.T
    tip = (
        random.uniform(0, np.pi / 2)
        if tips and random.random() < 0.25
        else abs(random.normal(0, 0.02))
    )
    return np.asarray(rotation(front * tip) @ turn, np.float32)


def towards_camera(random: Random, mailer: bool) -> Floats:
    """A face towards the camera, nearly, rolled as it comes; its edges are upright more often than
    not.
    """
    number = int(random.integers(4, 6) if mailer else random.integers(6))
    face, side = shapes.SIDES[number], shapes.SIDES[(2 * (number // 2) + 2) % 6]
    from_body = np.stack([side, np.cross(face, side), face], 1)
    to_camera = np.diag([1, -1, -1]).astype(np.float32)
    roll = (
        random.integers(4) * np.pi / 2 + random.normal(0, 0.25)
        if random.random() < 0.6
        else random.uniform(0, 2 * np.pi)
    )
    around, tilt = random.uniform(0, 2 * np.pi), abs(random.normal(0, TILTED))
    lean = rotation(tilt * np.array([np.cos(around), np.sin(around), 0]))
    return np.asarray(lean @ rotation(np.array([0, 0, roll])) @ to_camera @ from_body.T, np.float32)


def _place(one: Stage, random: Random, turn: Floats, focal: float, filling: bool) -> Floats:
    """Where it fills a share of the picture, or more than all of it, and its middle lies inside."""
    shares = (
        (1.3, 2.1)
        if filling
        else ((0.45, 1.1), (0.2, 0.45), (1.1, 1.5))[random.choice(3, p=[0.8, 0.1, 0.1])]
    )
    share = random.uniform(*shares)
    far = max(
        focal * float(np.linalg.norm(one.size)) / (share * HEIGHT),
        0.75 * float(np.linalg.norm(one.size)) + 6,
    )
    room = float(np.clip(0.6 - 0.45 * share, 0.1, 0.4))
    x, y = random.uniform(-room, room) * WIDTH, random.uniform(-room, room) * HEIGHT
    return np.array([x / focal * far, y / focal * far, far], np.float32)


def lowest(one: Stage, turn: Floats, place: Floats, up: Floats) -> float:
    return float(((one.parcel.points @ turn.T + place) @ up).min())


def preference(random: Random) -> Floats:
    """How much hands would rather not have each face, but for how it lies."""
    return np.asarray(random.normal(0, 0.25, 6), np.float32)


def grip(random: Random) -> Grip:
    where = (float(random.uniform(-0.6, 0.6)), float(random.uniform(-0.6, 0.6)))
    return Grip(
        where,
        float(random.uniform(0.8, 1.6)),
        random.normal(0, 0.45, 3).astype(np.float32),
        shapes.arm(random),
    )


def hands(
    one: Stage, held: list[Grip], turn: Floats, place: Floats, up: Floats, rather: Floats
) -> list[Thing]:
    """Hands on opposite faces, their arms from below: towards who films, or away from them."""
    normals = shapes.SIDES @ turn.T
    first = int(
        np.argmax(
            np.abs(normals[:, 0])
            + 0.4 * np.abs(normals @ up)
            + rather
            - 1.2 * (normals[:, 2] < -0.75)
        )
    )
    found = []
    for number, (side, own) in enumerate(zip((first, first ^ 1), held, strict=False)):
        normal = normals[side]
        plane = [n for k, n in enumerate(normals[::2]) if k != side // 2]
        others = [one.size[k] / 2 for k in range(3) if k != side // 2]
        touch = (
            place
            + normal * one.size[side // 2] / 2
            + sum(p * o * w for p, o, w in zip(plane, others, own.where, strict=True))
        )
        wish = up * 0.8 + np.array([0, 0, -0.7 if one.facing else 0.7]) + own.wish
        fingers = wish - normal * float(wish @ normal)
        fingers /= np.linalg.norm(fingers) + 1e-6
        frame = np.stack([-normal, -fingers, np.cross(-normal, -fingers)], 1).astype(np.float32)
        frame = frame @ np.diag([1, 1, 1 if number else -1]).astype(np.float32)
        at = (touch + normal * own.off).astype(np.float32)
        found.append(Thing(one.hands[number].moved(frame, at), HAND, tint=one.skin, gloss=0.03))
        found.append(Thing(own.arm.moved(frame, at), HAND, tint=one.sleeve))
    return found


def table(one: Stage, random: Random, up: Floats, floor: float) -> list[Thing]:
    along = shapes._unit(np.cross(up, [0.2, 0.1, 1.0])[None].astype(np.float32))[0]
    across = np.cross(up, along).astype(np.float32)
    reach = 450.0 if random.random() < 0.6 else random.uniform(60, 120)
    centre = (
        up * floor
        + np.array([0, 0, 60 if reach < 200 else 0])
        - up * float(np.array([0, 0, 60 if reach < 200 else 0]) @ up)
    )
    corners = np.array(
        [
            centre + reach * (a * along + b * across)
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ],
        np.float32,
    )
    normal = np.broadcast_to(up, (4, 3)).astype(np.float32)
    mesh = shapes.Mesh(
        corners,
        normal,
        normal,
        np.zeros((4, 2), np.float32),
        np.array([[0, 1, 2], [0, 2, 3]], np.uint32),
    )
    scale = 1 / random.uniform(35, 110)
    return [
        Thing(
            mesh,
            look=one.table,
            table=(scale, float(random.random())),
            axes=np.stack([along, across]),
        )
    ]


def clutter(one: Stage, random: Random, up: Floats, floor: float, place: Floats) -> list[Thing]:
    """Books, sheets, cups, bottles and rolls on the table around the parcel."""
    found = []
    for _ in range(random.integers(0, 6)):
        at = place + random.normal(0, 26, 3)
        at = (at - up * (float(at @ up) - floor)).astype(np.float32)
        if np.linalg.norm(at - place) < 14:
            continue
        lying = shapes._unit(np.cross(up, random.normal(0, 1, 3))[None].astype(np.float32))[0]
        if random.random() < 0.55:
            size = np.array(
                [
                    random.uniform(8, 28),
                    random.uniform(6, 20),
                    random.choice([0.15, random.uniform(0.5, 3.5)]),
                ],
                np.float32,
            )
            mesh = shapes.box(random, size, 0.0).moved(
                np.stack([lying, np.cross(up, lying), up], 1), at + up * size[2] / 2
            )
            found.append(
                Thing(
                    mesh,
                    look=one.things[random.integers(len(one.things))],
                    gloss=float(random.choice([0, 0.3])),
                )
            )
            continue
        height, radius = random.uniform(3, 22), random.uniform(1.5, 6)
        mesh = (
            shapes.tube(
                at, (at + up * height).astype(np.float32), radius, radius * random.uniform(0.5, 1.2)
            )
            if random.random() < 0.5
            else shapes.tube(
                (at + up * radius).astype(np.float32),
                (at + up * radius + lying * height).astype(np.float32),
                radius,
                radius,
            )
        )
        found.append(
            Thing(mesh, tint=tuple(random.uniform(15, 240, 3)), gloss=float(random.uniform(0, 0.6)))
        )
    return found


def light(one: Stage, random: Random, up: Floats, middle: Floats) -> Light:
    """Two models: the environment with a sun, or an even room with a lamp."""
    front = shapes._unit(np.cross(up, random.normal(0, 1, 3))[None].astype(np.float32))[0]
    turn = np.stack([front, -up, np.cross(front, -up)]).astype(np.float32)
    small = cv2.resize(one.sky, (32, 16), interpolation=cv2.INTER_AREA)
    exposure = float(random.uniform(0.5, 1.6) * 0.35 / (small.mean() + 0.02))
    room = random.random() < 0.5
    harmonics = _harmonics(np.clip(small * exposure, 0, 4), turn)
    if room:
        harmonics = 0.15 * harmonics
        harmonics[0] += random.uniform(0.25, 0.7) * np.array(
            [1, random.uniform(0.85, 1), random.uniform(0.7, 1.05)], np.float32
        )
    sun = shapes._unit((up + random.normal(0, 0.7, 3))[None].astype(np.float32))[0]
    strength = random.uniform(0, 0.5 if room else 1.1)
    lamp = (up * random.uniform(20, 90) + random.normal(0, 40, 3)).astype(np.float32)
    colour = np.array([1, random.uniform(0.85, 1), random.uniform(0.65, 1)], np.float32)
    lamplight = colour * random.uniform(0.1, 0.9) * room
    return Light(
        one.sky,
        turn,
        exposure,
        float(random.uniform(0.0, 3.5)),
        harmonics,
        sun,
        strength * colour,
        lamp,
        lamplight.astype(np.float32),
        float(random.uniform(0.002, 0.012)),
        middle,
    )


def _harmonics(small: Floats, turn: Floats) -> Floats:
    """Irradiance over pi of an environment in nine terms, in camera axes (Ramamoorthi and Hanrahan
    2001).
    """
    rows, columns = small.shape[:2]
    lat = (np.arange(rows) + 0.5) / rows * np.pi - np.pi / 2
    lon = (np.arange(columns) + 0.5) / columns * 2 * np.pi - np.pi
    b, a = np.meshgrid(lat, lon, indexing="ij")
    world = np.stack([np.cos(b) * np.sin(a), np.sin(b), np.cos(b) * np.cos(a)], -1).reshape(-1, 3)
    n = world @ turn  # the inverse of camera to environment
    weight = (np.cos(b) * (np.pi / rows) * (2 * np.pi / columns)).reshape(-1, 1)
    light = small.reshape(-1, 3) * weight
    x, y, z = n.T
    one = np.ones_like(x)
    basis = np.stack([one, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    squares = np.array(
        [
            1 / (4 * np.pi),
            *[3 / (4 * np.pi)] * 3,
            *[15 / (4 * np.pi)] * 2,
            5 / (16 * np.pi),
            15 / (4 * np.pi),
            15 / (16 * np.pi),
        ]
    )
    smoothing = np.array([1.0, *[2 / 3] * 3, *[0.25] * 5])
    return np.asarray((basis @ light) * (squares * smoothing)[:, None], np.float32)


def exposed(one: Shot, share: float) -> list[Thing]:
    """All that is drawn, what moves being turned and shifted to `share` (-0.5..0.5) of the
    exposure.
    """
    turn, shift = rotation(one.motion[0] * share), one.motion[1] * share
    moved = [
        replace(t, mesh=t.mesh.moved(turn, one.place - turn @ one.place + shift))
        for t in one.moving
    ]
    return one.still + moved
