"""What happens in a clip: how the parcel is turned, lifted, put down, left out of sight; where the
camera goes. Times in seconds.

A script is a list of keys between which all moves smoothly. Nothing here knows what will be seen:
truth is what was rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from training.parcel.render import scene
from training.parcel.render.shapes import SIDES

Floats = NDArray[np.float32]
Random = np.random.Generator
LONGER = 1.2  # seconds more for each side of a parcel that has few
FRONT = 25.0  # degrees: a side shown is tilted by about so much against the camera


@dataclass(frozen=True)
class Key:
    """At `at`: the parcel's rotation and where it is, as the camera sees it; degrees the camera has
    gone round; sigma of defocus in pixels.

    `far` is in diagonals of the parcel, `aside` in diagonals from the middle of the picture, `lift`
    in centimetres over the table.
    """

    at: float
    turn: Floats
    far: float = 2.4
    aside: tuple[float, float] = (0.0, 0.0)
    lift: float | None = None  # None: in the hands, wherever the camera looks
    around: float = 0.0
    focus: float = 0.5
    opened: bool = False
    hands: int = 2
    body: int = 0


@dataclass(frozen=True)
class Variant:
    """A kind of clip: how, which sides are left out, and what else is special."""

    mode: str = "inhand"
    left_out: int = 0
    style: str = "any"
    spoilt: str | None = None  # what one side is: fast, small, blur
    repeats: bool = False
    mailer: bool = False
    opened: bool = False
    flips: bool = True


VARIANTS = {
    "all_inhand": Variant(),
    "all_inhand_plain": Variant(style="plain"),
    "all_thin": Variant(style="thin"),
    "all_cube": Variant(style="cube"),
    "all_table": Variant(mode="table"),
    "all_orbit": Variant(mode="orbit"),
    "miss1": Variant(left_out=1),
    "miss2": Variant(left_out=2),
    "miss3": Variant(left_out=3),
    "table_nobottom": Variant(mode="table", flips=False),
    "orbit_nobottom": Variant(mode="orbit", flips=False),
    "orbit_partial": Variant(mode="partial", flips=False),
    "fast": Variant(spoilt="fast"),
    "small": Variant(spoilt="small"),
    "blur": Variant(spoilt="blur"),
    "twobox": Variant(mode="twobox"),
    "cheater": Variant(left_out=1, repeats=True),
    "twins_all": Variant(style="twins"),
    "twins_miss": Variant(left_out=1, style="twins"),
    "mailer_both": Variant(mailer=True, style="large"),
    "mailer_one": Variant(left_out=1, mailer=True, style="large"),
    "opened": Variant(opened=True),
}


def any_variant(random: Random, style: str) -> Variant:
    """A kind of clip; as many of them of mailers as of scenes are.

    `style`: of the parcel, where it is not to be as the kind has it.
    """
    mailer = style in scene.SOFT or bool(
        random.random() < (scene.PATTERNED_MAILERS if style == "patterned" else scene.MAILERS)
    )
    some = [one for one in VARIANTS.values() if one.mailer == mailer]
    found = some[random.integers(len(some))]
    return found if style == "any" else replace(found, style=style)


def keys(random: Random, variant: Variant, up: Floats) -> list[Key]:
    """The script of a clip of this kind, in order of time."""
    if variant.mode == "twobox":
        first = _shown(random, 0.0, list(random.permutation(6)[:3]), None, False)
        away = replace(first[-1], at=first[-1].at + 0.7, aside=(1.8, 0.1))
        come = replace(
            away, at=away.at + 0.05, body=1, aside=(-1.8, 0.1), turn=scene.any_turn(random)
        )
        second = _shown(random, come.at + 0.7, list(random.permutation(6)[:3]), come.turn, False)
        return [*first, away, come, *[replace(key, body=1) for key in second]]
    if variant.mode in ("orbit", "partial"):
        return _gone_round(random, variant, up)
    if variant.mode == "table":
        return _on_table(random, variant, up)
    sides = [4, 5] if variant.mailer else list(random.permutation(6))
    sides = sides[variant.left_out :]
    if variant.repeats:
        sides += list(random.permutation(sides)[:2])
    found = _shown(random, 0.0, sides, None, bool(variant.spoilt == "fast"))
    if variant.spoilt in ("small", "blur"):
        found = _spoilt(found, variant.spoilt)
    if variant.opened:
        last = found[-1]
        found += [
            replace(last, at=last.at + 0.1, opened=True),
            replace(last, at=last.at + 1.2, opened=True),
        ]
    return found


def facing(random: Random, side: int, before: Floats | None) -> Floats:
    """The side towards the camera, tilted a little; of all ways to roll it, near the one that takes
    the least turning.
    """
    tilt = scene.rotation(np.radians(FRONT) * 0.6 * random.normal(0, 1, 3))
    towards = np.array([0, 0, -1.0])
    start = scene.any_turn(random) if before is None else before
    seen = start @ SIDES[side]
    axis = np.cross(seen, towards)
    sine, cosine = float(np.linalg.norm(axis)), float(seen @ towards)
    if sine < 1e-3:
        axis, sine = np.cross(seen, random.normal(0, 1, 3)), 0.0
        axis /= np.linalg.norm(axis)
    else:
        axis /= sine
    least = scene.rotation(axis * np.arctan2(sine, cosine))
    return np.asarray(tilt @ least @ start, np.float32)


def _shown(
    random: Random, start: float, sides: list[int], before: Floats | None, hurried: bool
) -> list[Key]:
    """Each side towards the camera for a while, in the hands; a hurried one is only passed."""
    found, at, far = [], start, float(random.uniform(1.7, 2.8))
    spared = int(random.integers(1, max(2, len(sides)))) if hurried else -1
    for number, side in enumerate(sides):
        turn = facing(random, int(side), before)
        aside = (float(random.normal(0, 0.08)), float(random.normal(0, 0.06)))
        found.append(Key(at, turn, far=far * float(random.uniform(0.92, 1.08)), aside=aside))
        at += (
            0.04
            if number == spared
            else float(random.uniform(0.5, 1.0)) + LONGER * (len(sides) < 3)
        )
        drift = scene.rotation(random.normal(0, 0.07, 3)) @ turn
        found.append(replace(found[-1], at=at, turn=drift.astype(np.float32)))
        at += 0.28 if number in (spared, spared - 1) else float(random.uniform(0.6, 0.95))
        before = drift.astype(np.float32)
    return found


def _spoilt(found: list[Key], how: str) -> list[Key]:
    """One side shown from far off, or out of focus."""
    out = list(found)
    middle = 2 * (len(found) // 4)
    for n in (middle, middle + 1):
        out[n] = (
            replace(out[n], far=out[n].far * 4.2) if how == "small" else replace(out[n], focus=5.0)
        )
    return out


def _on_table(random: Random, variant: Variant, up: Floats) -> list[Key]:
    """Turned about on the table by quarters, then flipped over, and for a while the last side up."""
    turn, at = scene.standing(random, up, tips=False), 0.0
    far = float(random.uniform(1.8, 2.6))
    found = [Key(at, turn, far=far, lift=0.0)]
    edge = _level(up)

    def on(step: Floats, lift: float, takes: float) -> None:
        nonlocal turn, at
        half = np.asarray(scene.rotation(step / 2) @ turn, np.float32)
        if lift:
            found.append(Key(at + takes / 2, half, far=far, lift=lift))
        turn, at = np.asarray(scene.rotation(step) @ turn, np.float32), at + takes
        found.append(Key(at, turn, far=far, lift=0.0))
        at += float(random.uniform(0.5, 0.9))
        found.append(Key(at, turn, far=far, lift=0.0))

    quarter = np.pi / 2 * (1 if random.random() < 0.5 else -1)
    for _ in range(3):
        on(quarter * up, 0.0, float(random.uniform(0.6, 0.9)))
    if variant.flips:
        on(np.pi / 2 * edge, 8.0, 1.0)
        on(np.pi / 2 * edge, 8.0, 1.0)
    return found


def _level(up: Floats) -> Floats:
    """A level axis across the picture: over it, the far side comes up."""
    side = np.cross(up, [0, 0, 1.0])
    return np.asarray(side / np.linalg.norm(side), np.float32)


def _gone_round(random: Random, variant: Variant, up: Floats) -> list[Key]:
    """The camera walks round the parcel on the table; then, where flips are wanted, the parcel is
    turned over in place.
    """
    turn = scene.standing(random, up, tips=False)
    far, whole = (
        float(random.uniform(1.8, 2.5)),
        360.0 if variant.mode == "orbit" else float(random.uniform(90, 150)),
    )
    takes = whole / float(random.uniform(50, 65))
    sign = 1 if random.random() < 0.5 else -1
    found = [
        Key(takes * s, turn, far=far, lift=0.0, around=sign * whole * s, hands=0)
        for s in np.linspace(0, 1, 9)
    ]
    if variant.flips:
        last, over = found[-1], np.asarray(scene.rotation(np.pi * _level(up)) @ turn, np.float32)
        half = np.asarray(scene.rotation(np.pi / 2 * _level(up)) @ turn, np.float32)
        for wait, one, lift in (
            (0.5, turn, 0.0),
            (1.2, half, 10.0),
            (2.0, over, 0.0),
            (2.9, over, 0.0),
        ):
            found.append(replace(last, at=last.at + wait, turn=one, lift=lift, hands=2))
    return found


def moments(found: list[Key], fps: float) -> Iterator[Key]:
    """The script at every frame: turned evenly between keys, everything else eased."""
    end, step = found[-1].at, 0
    pairs = list(pairwise(found))
    while step / fps <= end:
        at = step / fps
        one, two = next((a, b) for a, b in pairs if at <= b.at + 1e-9)
        yield between(one, two, at)
        step += 1


def between(one: Key, two: Key, at: float) -> Key:
    """The script at a time between two keys."""
    if one.body != two.body:
        return replace(one, at=at)
    share = np.clip((at - one.at) / max(1e-6, two.at - one.at), 0, 1)
    eased = float(share * share * (3 - 2 * share))
    rest = cv2.Rodrigues(np.asarray(two.turn @ one.turn.T, np.float64))[0].ravel()
    mix = lambda a, b: a + (b - a) * eased  # noqa: E731
    return replace(
        one,
        at=at,
        turn=np.asarray(scene.rotation(rest * eased) @ one.turn, np.float32),
        far=mix(one.far, two.far),
        aside=(mix(one.aside[0], two.aside[0]), mix(one.aside[1], two.aside[1])),
        lift=None if one.lift is None or two.lift is None else mix(one.lift, two.lift),
        around=one.around + (two.around - one.around) * float(share),
        focus=mix(one.focus, two.focus),
    )
