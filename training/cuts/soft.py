"""Grow the trees of `detectors/motion/join_trees.json`: cuts hidden by soft joins.

`python -m training.cuts.soft FOLDER...` (needs scikit-learn, see training/requirements-trees.lock).

Each FOLDER is a bench of real takes with `manifest.jsonl`. Into each honest take joins are drawn, two
seconds or less removed, and their honest counterparts; what was drawn is encoded as phones and chat
programs do (a morph drawn on the small pictures themselves looked like no real one: none of 11 was
found). Prints, for trees that never saw a take's author,
how many honest clips pass each bar and which joins are found, and writes those trees into the working
directory (`training.cuts.tried` uses them); then writes trees grown on all.
Authors whose sha256 begins with 0..4 are left out: they are for the figures in cards.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from detectors.motion import joins
from models.detector import SMALL_VIEW
from models.media import Limits, Luma
from pipeline.observe import decode
from pipeline.observe.picture import Picture
from training.cuts.draw import PLAIN
from training.cuts.fit import FOLDS, fold_of, grown, store

OUT = Path(__file__).parents[2] / "detectors" / "motion" / "join_trees.json"
UNTOUCHED = "01234"  # first digits of authors that nothing is trained or tuned on
DRAWN_SIDE = 320  # pixels, longer side, of the pictures drawn on
ENCODED = {"preset": ("superfast", "veryfast"), "crf": ("24", "27", "30"), "bf": ("0", "2")}
LONGEST, MARGIN = 190, 45  # pictures of a drawn clip; between a join and the ends
REMOVED_S = (2.0, 2.0, 2.0, 1.0, 3.0, 0.6)
JUMP, JUMP_TIMES, ALIVE, DETAIL = 8.0, 3.0, 1.0, 12.0  # grey levels: a cut that could be seen
POSITIVE = 14  # clips drawn of each take
NEAR = 2  # pictures around the middle of a join that are one
BARS = (0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)

Pictures = list[Luma]


@dataclass(frozen=True)
class Drawn:
    """Pictures, and where the middle of the join lies; -1 in honest ones. `long`: its pictures."""

    pictures: Pictures
    middle: int = -1
    long: int = 0


def mixed(one: Luma, other: Luma, weight: float) -> Luma:
    return np.asarray(cv2.addWeighted(one, 1 - weight, other, weight, 0), np.uint8)


def blended(count: int) -> Callable[..., Drawn]:
    def join(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
        start = k - count // 2
        mix = [
            mixed(take[start + i], take[start + n + i], (i + 1) / (count + 1)) for i in range(count)
        ]
        return Drawn(take[:start] + mix + take[start + n + count :], start + count // 2, count)

    return join


def flat(level: int, count: int) -> Callable[..., Drawn]:
    def join(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
        some = [np.full_like(take[0], level)] * count
        return Drawn(take[:k] + some + take[k + n :], k + count // 2, count)

    return join


def held(count: int, skip: bool = False) -> Callable[..., Drawn]:
    """Pictures shown again before the join; `skip`: honestly, for as many were never taken."""

    def join(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
        rest = take[k + count :] if skip else take[k + n :]
        return Drawn(take[:k] + [take[k - 1]] * count + rest, k + count // 2, count)

    return join


def cut(take: Pictures, k: int, n: int) -> Pictures:
    return take[:k] + take[k + n :]


def whip(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    out, width = cut(take, k, n), take[0].shape[1]
    ease = [t * t * (3 - 2 * t) for t in np.linspace(0, 1, 7)]
    for j in range(6):
        smear = max(3, round((ease[j + 1] - ease[j]) * width)) | 1
        x = round((ease[j] + ease[j + 1]) / 2 * width)
        turned = cv2.blur(np.hstack([out[k - 3 + j]] * 3), (smear, 1))
        out[k - 3 + j] = np.ascontiguousarray(turned[:, width + x : 2 * width + x], np.uint8)
    return Drawn(out, k, 6)


def hand(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    out, (height, width) = cut(take, k, n), take[0].shape
    level, way = dice.uniform(40, 130), dice.choice([1, -1])
    wide = round(1.6 * width)
    rough = np.random.default_rng(dice.randrange(1 << 30)).normal(0, 10, (4, 7)).astype(np.float32)
    skin = level + cv2.resize(rough, (wide, height), interpolation=cv2.INTER_CUBIC)
    for j in range(10):
        left = round((j + 0.5) / 10 * (width + wide)) - wide
        picture = out[k - 5 + j][:, ::way].astype(np.float32)
        columns = np.arange(width)
        inside = 1 / (1 + np.exp(-(np.minimum(columns - left, left + wide - columns)) / 3.0))
        place = np.clip(columns - left, 0, wide - 1)
        picture += (skin[:, place] - picture) * inside[None]
        out[k - 5 + j] = np.clip(picture, 0, 255).astype(np.uint8)[:, ::way].copy()
    return Drawn(out, k, 10)


def averaged(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    out = cut(take, k, n)
    return Drawn([out[0], *(mixed(a, b, 0.5) for a, b in pairwise(out))], k, 1)


def converted(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    out = cut(take, k, n)
    step = dice.choice([30 / 25, 30 / 24, 25 / 30])
    at = [j * step for j in range(int((len(out) - 1) / step))]
    return Drawn(
        [mixed(out[int(t)], out[min(int(t) + 1, len(out) - 1)], t - int(t)) for t in at],
        round(k / step),
        1,
    )


def zoomed(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    height, width = take[0].shape
    grow = cv2.getRotationMatrix2D((width / 2, height / 2), 0, dice.uniform(1.04, 1.15))
    rest = [cv2.warpAffine(one, grow, (width, height)) for one in take[k + n :]]
    return Drawn([*take[:k], *(np.asarray(one, np.uint8) for one in rest)], k, 0)


def morphed(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    out = cut(take, k, n)
    before, after = out[k - 4], out[k + 3]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there, back = flow.calc(before, after, None), flow.calc(after, before, None)  # type: ignore[call-overload]
    height, width = before.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    for j in range(6):
        t = (j + 1) / 7
        ways = ((before, grid - t * there), (after, grid - (1 - t) * back))
        one, other = (
            cv2.remap(
                picture,
                np.asarray(to, np.float32),
                None,  # type: ignore[arg-type]
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for picture, to in ways
        )
        out[k - 3 + j] = mixed(np.asarray(one, np.uint8), np.asarray(other, np.uint8), t)
    return Drawn(out, k, 6)


def focus(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    """The focus hunts: blur comes and goes."""
    out, long, most = list(take), dice.randint(4, 14), dice.uniform(0.6, 3.0)
    for i in range(long):
        sigma = 0.1 + most * float(np.sin(np.pi * (i + 0.5) / long))
        out[k + i] = np.asarray(cv2.GaussianBlur(out[k + i], (0, 0), sigma), np.uint8)
    return Drawn(out)


def light(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    """The light of the room changes, or a flash goes off."""
    gain, lift = dice.choice([0.6, 0.8, 1.25, 1.6]), dice.uniform(-15, 15)
    until = dice.choice([k + 2, k + 12, len(take)])
    lit = [cv2.convertScaleAbs(one, alpha=gain, beta=lift) for one in take[k:until]]
    return Drawn([*take[:k], *(np.asarray(one, np.uint8) for one in lit), *take[until:]])


def lamp(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    """A lamp or display in the picture goes on, floods what is near it, and off again; or blinks."""
    height, width = take[0].shape
    y, x, reach = dice.uniform(0, height), dice.uniform(0, width), dice.uniform(0.05, 0.5) * width
    down, across = np.mgrid[0:height, 0:width]
    glow = np.exp(-((down - y) ** 2 + (across - x) ** 2) / (2 * reach**2))
    gain, lift = dice.uniform(0, 1.2) * glow, dice.uniform(10, 120) * glow
    long, blinks = dice.choice([3, 10, 20, 400]), dice.random() < 0.4
    out = list(take)
    for i in range(k, len(take)):
        on = ((i - k) // long) % 2 == 0 if blinks else i < k + long
        if on:
            out[i] = np.clip(out[i] * (1 + gain) + lift, 0, 255).astype(np.uint8)
    return Drawn(out)


def slow(take: Pictures, k: int, n: int, dice: random.Random) -> Drawn:
    """Low light: fewer pictures, each shown again to keep the rate."""
    every = dice.choice([2, 3])
    first = k if dice.random() < 0.5 else 0
    kept = [i if i < first else first + (i - first) // every * every for i in range(len(take))]
    return Drawn([take[i] for i in kept])


EDITS: dict[str, Callable[..., Drawn]] = {
    "hard": held(0),
    **{f"blend{count}": blended(count) for count in (1, 2, 3, 4, 6, 8, 11, 15)},
    **{f"black{count}": flat(0, count) for count in (1, 2, 4)},
    **{f"white{count}": flat(255, count) for count in (1, 2, 4)},
    "grey2": flat(110, 2),
    "dup3": held(3),
    "freeze12": held(12),
    "whip": whip,
    "hand": hand,
    "tmix2": averaged,
    "fpsconv": converted,
    "zoomcut": zoomed,
    "morph": morphed,
}
HONEST: dict[str, Callable[..., Drawn]] = {
    "h_black1": flat(0, 1),
    "h_black3": flat(0, 3),
    "h_white1": flat(255, 1),
    "h_dup3": held(3, skip=True),
    "h_stall12": held(12, skip=True),
    "h_whip": whip,
    "h_hand": hand,
    "h_blend": averaged,
    "h_fpsconv": converted,
    "h_focus": focus,
    "h_light": light,
    "h_lamp": lamp,
    "h_slow": slow,
}


def place(take: Pictures, n: int, dice: random.Random) -> int | None:
    """A place at which a cut of `n` pictures could be seen in principle."""
    take = [joins.small(one) for one in take]
    places = list(range(MARGIN, len(take) - n - MARGIN))
    dice.shuffle(places)
    for k in places[:60]:
        last, first = take[k - 1], take[k + n]

        def apart(a: int, b: int) -> float:
            return float(cv2.norm(take[a], take[b], cv2.NORM_L1)) / take[a].size

        jump = float(cv2.norm(last, first, cv2.NORM_L1)) / last.size
        near = [apart(i, i + 1) for i in (*range(k - 15, k - 1), *range(k + n, k + n + 14))]
        alive = min(apart(k - 15, k - 1), apart(k + n, k + n + 14))
        detail = min(float(last.std()), float(first.std()))
        jumps = jump >= max(JUMP, JUMP_TIMES * float(np.median(near)))
        if jumps and alive >= ALIVE and detail >= DETAIL:
            return k
    return None


@dataclass(frozen=True)
class Known:
    """One clip: its author, kind, features and labels (1 in a join, 0 not, -1 unknown)."""

    group: str
    take: str
    kind: str
    features: NDArray[np.float32]
    labels: NDArray[np.int8]


def known(row: dict[str, Any], kind: str, drawn: Drawn) -> Iterator[Known]:
    """As the detector sees it, which looks at one picture in two or so: each of the ways it may."""
    step = joins.every(row.get("fps") or 30.0)
    for phase in range(step):
        features = joins.join_features(joins.pairs(drawn.pictures[phase::step]))[1]
        labels = np.zeros(len(features), np.int8)
        if drawn.middle >= 0 and not kind.startswith("h_"):
            middle = round((drawn.middle - phase) / step)
            reach = round((NEAR + drawn.long // 4) / step)
            far = round((12 + drawn.long) / step)
            labels[max(0, middle - far) : middle + far + 1] = -1
            labels[max(0, middle - reach) : middle + reach + 1] = 1
        labels[:3] = labels[-3:] = -1
        yield Known(row["group"], row["take"], kind, features, labels)


def encoded(pictures: Pictures, dice: random.Random) -> Pictures:
    """The pictures as an upload shows them, small."""
    height, width = (side // 2 * 2 for side in pictures[0].shape)
    stored = io.BytesIO()
    with av.open(stored, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width, stream.pix_fmt = height, width, "gray"
        stream.thread_count = 1
        stream.options = {name: dice.choice(some) for name, some in ENCODED.items()}
        for one in pictures:
            grey = np.ascontiguousarray(one[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="gray")))
        container.mux(stream.encode(None))
    stored.seek(0)
    with av.open(stored) as container:
        return [viewed(one.to_ndarray(format="gray")) for one in container.decode(video=0)]


def viewed(picture: Luma) -> Luma:
    """As a detector gets it, then as it compares it."""
    height, width = picture.shape
    scale = SMALL_VIEW / max(height, width)
    size = (round(width * scale), round(height * scale))
    return joins.small(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))


def of_take(job: tuple[Path, dict[str, Any]]) -> list[Known]:
    """The clip as it is, and what was drawn into it."""
    path, row = job
    cv2.setNumThreads(1)
    pictures = (item for item in decode.video(path, "mp4", Limits()) if isinstance(item, Picture))
    take = [one.view(DRAWN_SIDE, "luma").pixels for one in pictures]
    take = [one for one in take if one.shape == take[0].shape][:600]
    plain = Drawn([viewed(one) for one in take])
    made = [*known(row, "stress" if row["stress"] else "honest", plain)]
    dice = random.Random(row["file"])
    some = dice.sample(sorted(EDITS), POSITIVE) + sorted(HONEST)
    for kind in some if row["draw"] else ():
        n = round(dice.choice(REMOVED_S) * (row.get("fps") or 30.0))
        where = place(take, n, dice)
        if where is None:
            continue
        first = max(0, where - LONGEST // 2)
        piece = take[first : where + n + LONGEST // 2]
        honest = kind in HONEST
        draw = HONEST[kind] if honest else EDITS[kind]
        drawn = draw(piece, where - first, 0 if honest else n, dice)
        shown = replace(drawn, pictures=encoded(drawn.pictures, dice))
        made += known(row, kind, shown)
    return made


def rows(folders: Sequence[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every honest clip of an author that may be learnt from; one of each take is drawn into."""
    told: set[str] = set()
    for folder in folders:
        for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            untouched = hashlib.sha256(row["group"].encode()).hexdigest()[0] in UNTOUCHED
            held_back = folder.name == "honest2" and untouched
            if row["label"] == "continuous" and not held_back:
                plain = row["type"] in PLAIN and not row["stress"]
                row["draw"] = plain and row["take"] not in told
                if row["draw"]:
                    told.add(row["take"])
                yield folder / row["file"], row


def stored(trees: HistGradientBoostingClassifier, path: Path) -> None:
    names = joins.join_features(joins.pairs([np.zeros((45, 80), np.uint8)] * 40))[0]
    store(trees, names, path, "training/cuts/soft.py")


def unseen(clips: Sequence[Known]) -> list[NDArray[np.float64]]:
    """Log odds of every picture by trees that saw nothing of its author."""
    features = np.concatenate([one.features for one in clips])
    labels = np.concatenate([one.labels for one in clips])
    sizes = [len(one.labels) for one in clips]
    fold = np.repeat([fold_of(one.group) for one in clips], sizes)
    odds = np.zeros(len(labels))
    for turn in range(FOLDS):
        seen = (fold != turn) & (labels >= 0)
        trees = grown(features[seen], labels[seen])
        stored(trees, Path(f"join_trees_unseen_{turn}.json"))
        odds[fold == turn] = trees.decision_function(features[fold == turn])
    return np.split(odds, np.cumsum(sizes)[:-1])


def told(clips: Sequence[Known], odds: Sequence[NDArray[np.float64]]) -> None:
    """At each bar: honest clips that pass it, joins that are found, by kind."""
    highest: dict[str, list[float]] = defaultdict(list)
    found: dict[str, list[float]] = defaultdict(list)
    for one, scores in zip(clips, odds, strict=True):
        inner = scores[3:-3]
        if one.kind.startswith(("h_", "honest", "stress")):
            highest[one.kind].append(float(inner.max(initial=-99.0)))
        else:
            found[one.kind].append(float(scores[one.labels == 1].max(initial=-99.0)))
    for bar in BARS:
        parts = [
            f"{kind} {sum(score >= bar for score in some)}/{len(some)}"
            for kind, some in (*sorted(highest.items()), *sorted(found.items()))
        ]
        print(f"bar {bar}:", ", ".join(parts))


def main(*folders: Path) -> None:
    clips: list[Known] = []
    jobs = list(rows(folders))
    with ProcessPoolExecutor(2) as pool:
        for number, made in enumerate(pool.map(of_take, jobs, chunksize=2), 1):
            clips += made
            print(f"{number} of {len(jobs)} takes", file=sys.stderr, end="\r")
    told(clips, unseen(clips))
    labels = np.concatenate([one.labels for one in clips])
    features = np.concatenate([one.features for one in clips])
    stored(grown(features[labels >= 0], labels[labels >= 0]), OUT)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
