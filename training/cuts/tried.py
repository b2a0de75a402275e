"""What the setting as shipped does on clips of people its trees had not seen.

    python -m training.cuts.tried watch OUT FOLDER... [-- FOLDER...]    what is seen in every clip, into OUT
    python -m training.cuts.tried tell OUT...            the figures

Run it where `training.cuts.soft` and `training.cuts.fit` left their trees `*_unseen_N.json`: each
clip is judged by the trees that saw nothing of its author; people nobody learnt from by
the trees as shipped: their folders stand behind `--`. FOLDER is a bench of clips with `manifest.jsonl`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from math import log2
from pathlib import Path
from typing import Any

import cv2

from detectors import blank as blank_module
from detectors import covers as covers_module
from detectors import cuts as cuts_module
from detectors import joins as joins_module
from detectors.motion import join_trials
from detectors.motion import trees as shipped
from models.card import Rate, cards
from models.detector import SMALL_VIEW
from models.kinds import (
    Blank,
    Blurred,
    Cover,
    Cut,
    Dip,
    JumpTrials,
    Light,
    PossibleCut,
    PossibleJoin,
    SoftJoin,
    Trials,
)
from models.media import Limits, Media
from models.observation import of
from pipeline.judge.trials import noticed
from pipeline.observe import decode
from pipeline.observe.picture import Picture
from training.cuts.fit import fold_of

NAMED = ("hard2", "blend1", "blend2", "blend4", "blend8", "black1", "black2", "black4")
LOCATED_S = 0.5  # seconds between a join and what tells it
LONG_S = 8.0  # seconds of a clip that is long enough to be said to be whole
Row = dict[str, Any]


def trees_for(group: str, untouched: bool) -> None:
    """Have the detectors use trees that saw nothing of this author."""

    def chosen(name: str) -> shipped.Trees:
        path = Path(f"{name}_trees_unseen_{fold_of(group)}.json")
        return shipped.shipped_trees(name) if untouched or not path.exists() else unseen(path)

    for module in (cuts_module, joins_module, join_trials):
        module.shipped_trees = chosen  # type: ignore[attr-defined]


KEPT: dict[Path, shipped.Trees] = {}


def unseen(path: Path) -> shipped.Trees:
    if path not in KEPT:
        KEPT[path] = shipped.read(path.read_text("utf-8"))
    return KEPT[path]


def watched(job: tuple[Path, Row]) -> Row:
    path, row = job
    cv2.setNumThreads(1)
    trees_for(row["group"], row["untouched"])
    pictures = (item for item in decode.video(path, "mp4", Limits()) if isinstance(item, Picture))
    frames = [one.view(SMALL_VIEW, "luma") for one in pictures]
    length = frames[-1].pts - frames[0].pts
    media = Media(
        kind="video", container="mp4", duration_s=length, frame_rate=row.get("fps") or 30.0
    )
    seen = cuts_module.cuts(frames, media)
    seen += covers_module.covers(frames[::2], media) + blank_module.blank(frames, media)
    before = {kind: of(seen, kind) for kind in (Cut, Light, Cover, Blank, Dip, JumpTrials)}
    seen += joins_module.joins(frames, media, before)
    breaks = [
        (one.kind, one.at.start, one.at.end, one.odds if hasattr(one, "odds") else one.scores.odds)
        for one in seen
        if isinstance(one, (Cut, PossibleCut, SoftJoin, PossibleJoin)) and one.at
    ]
    trials = [trial for one in of(seen, Trials) for trial in one.trials]
    told = noticed(seen)
    return row | {
        "length": length,
        "breaks": breaks,
        "trials": [(one.at, one.join, one.noticed) for one in trials],
        "stratum": told.stratum,
        "share": told.share,
        "blurred": [(one.at.start, one.at.end) for one in of(seen, Blurred) if one.at],
    }


def rows(folder: Path, untouched: bool) -> Iterator[tuple[Path, Row]]:
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield folder / row["file"], row | {"untouched": untouched}


def watch(out: str, *folders: str) -> None:
    split = folders.index("--") if "--" in folders else len(folders)
    jobs = [
        job
        for number, folder in enumerate(folders)
        if folder != "--"
        for job in rows(Path(folder), number > split)
    ]
    with ProcessPoolExecutor(2) as pool, Path(out).open("w", encoding="utf-8") as lines:
        for number, row in enumerate(pool.map(watched, jobs, chunksize=4), 1):
            lines.write(json.dumps(row) + "\n")
            print(f"{number} of {len(jobs)} clips", file=sys.stderr, end="\r")


def called(row: Row) -> bool:
    """Said with weight, of an edited clip near a join."""
    return any(kind in ("cut", "soft_join") and near(row, a, b) for kind, a, b, _ in row["breaks"])


def noted(row: Row) -> bool:
    """Something was said anywhere, if only that there may be a break: silence is broken."""
    return bool(row["breaks"])


def near(row: Row, start: float, end: float) -> bool:
    times = row["times"]
    return not times or any(start - LOCATED_S <= t <= end + LOCATED_S for t in times)


def said_whole(row: Row) -> bool:
    """Said to be one uncut take: nothing noted, and nearly all that was tried was noticed."""
    return row["stratum"] == "nearly_all" and not noted(row)


def rate(name: str, some: Iterable[bool]) -> str:
    values = list(some)
    if not values:
        return f"  {name}: none"
    of_n = Rate(hits=sum(values), n=len(values))
    return f"  {name}: {of_n.hits} of {of_n.n} ({of_n.lower:.2f} to {of_n.upper:.2f})"


def tell(*files: str) -> None:
    lines = "".join(Path(name).read_text("utf-8") for name in files).splitlines()
    seen = [json.loads(line) for line in lines]
    for untouched in (False, True):
        some = [row for row in seen if row["untouched"] == untouched]
        if some:
            print("UNTOUCHED" if untouched else "AUTHORS LEFT OUT")
            tell_of(some)


def tell_of(seen: list[Row]) -> None:
    whole = [row for row in seen if row["label"] == "continuous"]
    edited = [row for row in seen if row["label"] == "edited"]
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in seen:
        by_kind[row["type"] + (", stress" if row.get("stress") else "")].append(row)
    print(" called, by kind (edited: near the join)")
    for kind, some in sorted(by_kind.items()):
        print(rate(kind, map(called, some)), rate("noted", map(noted, some)), sep=";")
    print(" seen as blurred or hidden")
    for kind in ("whip", "hand", "h_whip", "h_hand"):
        print(
            rate(
                kind,
                (
                    any(
                        near(row | {"times": row["times"] or [row["event_s"]]}, a, b)
                        for a, b in row["blurred"]
                    )
                    for row in by_kind[kind]
                ),
            )
        )
    plain = [row for row in whole if row["type"].startswith("honest") and not row.get("stress")]
    print(" said to be whole")
    print(rate("honest, 8 s and more", (said_whole(r) for r in plain if r["length"] >= LONG_S)))
    print(rate("honest, shorter", (said_whole(r) for r in plain if r["length"] < LONG_S)))
    named = [row for row in edited if row["type"] in NAMED]
    print(rate("two seconds removed, joins tried", map(said_whole, named)))
    for kind in sorted({row["type"] for row in edited} - set(NAMED)):
        print(rate(kind, map(said_whole, by_kind[kind])))
    print(" for the card, a take once: cut clips in which something was noted, by stratum")
    for stratum in ("nearly_all", "some", ""):
        theirs = [row for row in named if row["stratum"] == stratum]
        takes: dict[str, list[Row]] = defaultdict(list)
        for row in theirs:
            takes[row["take"]].append(row)
        one_each = [
            sorted(some, key=lambda r: hashlib.sha256(r["file"].encode()).digest())[0]
            for some in takes.values()
        ]
        print(
            rate(f"{stratum or 'none'}: takes", map(noted, one_each)),
            rate("all clips", map(noted, theirs)),
            sep=";",
        )
        alike = {r["take"]: r for r in plain if r["stratum"] == stratum}
        print(rate(f"{stratum or 'none'}: honest takes noted", map(noted, alike.values())))
    print(" by where it comes from: named joins called, honest noted, honest called")
    for name in sorted({row.get("source_class") or "unknown" for row in seen}):
        theirs = [r for r in named if (r.get("source_class") or "unknown") == name]
        honest = [r for r in plain if (r.get("source_class") or "unknown") == name]
        print(
            rate(name, map(called, theirs)),
            rate("noted", map(noted, honest)),
            rate("called", map(called, honest)),
            sep=";",
        )
    print(f" Cllr of what is said, a clip once: {cllr(plain, named):.2f}")


def cllr(whole: list[Row], edited: list[Row]) -> float:
    """Of the likelihood ratios that the cards give for what is said (0 perfect, 1 says nothing)."""
    ratios = [[10 ** (decades(row)) for row in some] for some in (whole, edited)]
    honest = sum(log2(1 + ratio) for ratio in ratios[0]) / len(ratios[0])
    cut = sum(log2(1 + 1 / ratio) for ratio in ratios[1]) / len(ratios[1])
    return (honest + cut) / 2


def decades(row: Row) -> float:
    """For "two seconds were removed" against "nothing was", by the cards."""
    known = cards()
    kinds = {kind for kind, _, _, _ in row["breaks"]}
    for detector, kind in (("cuts", "cut"), ("joins", "soft_join")):
        measured = known[detector].on(kind)
        if kind in kinds and measured:
            return measured.alarm().llr_cb / 100
    if kinds:
        return 0.0
    measured = known["joins"].on("soft_join", stratum=row["stratum"])
    return -measured.silence(row["share"]).llr_cb / 100 if measured and row["stratum"] else 0.0


if __name__ == "__main__":
    {"watch": watch, "tell": tell}[sys.argv[1]](*sys.argv[2:])
