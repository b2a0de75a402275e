"""How often the sides of a parcel are counted rightly, on rendered clips whose truth is exact.

    python -m training.parcel.render.clips FOLDER FIRST COUNT --held
    python -m pipeline batch FOLDER/clips --out REPORTS --role unpacking_video
    python -m bench.sides FOLDER REPORTS [FOLDER REPORTS ...]

Prints verdicts by kind of clip, sides by what they truly were, how often names were lost by how
certain the count was, and the rates of the card. A side is matched to the truth by the pixel that
the report puts on it. Clear, poor and never are as training/parcel/render/truth.py has them.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.card import Rate
from models.report import Face, Report, SidesReport

FACES = ("+x", "-x", "+y", "-y", "+z", "-z")
CERTAIN = (0.0, 0.5, 0.9, 0.97, 0.99, 1.01)
SEEN_SHARE = 0.2  # of a face that must be free at the pixel's time


@dataclass
class Take:
    """One clip: its truth, what was said, and the true face of each side that was named."""

    row: dict[str, Any]
    said: SidesReport
    sure: int
    unseen: int
    named: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def shown(self) -> bool:
        """Every side of the only parcel, clearly."""
        return bool(self.row["all_sides_shown"])

    @property
    def missing(self) -> bool:
        """A side of the only parcel never."""
        return self.row["n_objects"] == 1 and bool(self.row["objects"][0]["missing"])

    @property
    def outcome(self) -> str:
        """The verdict by what would have been right."""
        if self.said.verdict == "met":
            return "right" if self.shown else "FALSE CONFIRM"
        if self.said.verdict == "not_met":
            return "right" if self.missing else "FALSE MISSING"
        return "could not confirm" if self.shown or self.missing else "right"

    @property
    def clear(self) -> list[Face]:
        """Sides that are said to be shown clearly."""
        return [face for face in self.said.faces if face.status == "clear"]

    @property
    def truly_clear(self) -> int:
        """On the parcel that shows more."""
        return max(
            sum(face["status"] == "clear" for face in one["faces"].values())
            for one in self.row["objects"]
        )

    @property
    def slipped(self) -> bool:
        """Two sides named that are one, or two opposite ones that are not."""
        found = [self.named[face.id] for face in self.clear if face.id in self.named]
        twice = len(set(found)) < len(found)
        return twice or any(self._crossed(face) for face in self.clear)

    def _crossed(self, face: Face) -> bool:
        one, other = self.named.get(face.id), self.named.get(face.opposite)
        if one is None or other is None:
            return False
        return FACES.index(one[1]) ^ 1 != FACES.index(other[1])


def takes(folder: Path, reports: Path) -> Iterator[Take]:
    """Every clip of a folder with its report; those without one are named."""
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        path = reports / f"{row['clip']}.mp4" / "report.json"
        if not path.is_file():
            print(f"no report: {row['clip']}")
            continue
        exhibit = Report.model_validate_json(path.read_bytes()).exhibits[0]
        kinds = Counter(one.kind for one in exhibit.observations)
        if exhibit.sides is None:
            raise SystemExit(f"{path}: nothing is said of the sides")
        take = Take(row, exhibit.sides, kinds["side"], kinds["side_unseen"])
        with gzip.open(folder / "truth" / f"{row['clip']}.jsonl.gz", "rt") as file:
            truth = [json.loads(text) for text in file][1:]
        take.named.update(_named(exhibit.sides, truth))
        yield take


def _named(said: SidesReport, truth: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[int, str]]]:
    """(id of a side, (parcel, its true face)), by the pixel that is on it."""
    for face in said.faces:
        if face.point is None or face.best_s is None:
            continue
        best = face.best_s
        frame = min(truth, key=lambda one: abs(one["t"] - best))
        for thing in frame["objs"]:
            for number, _, free, area, corners in thing["faces"]:
                outline = np.array(corners, np.float32)
                point = (float(face.point[0]), float(face.point[1]))
                inside = cv2.pointPolygonTest(outline, point, False) >= 0
                if inside and free > SEEN_SHARE * max(area, 1):
                    yield face.id, (thing["o"], FACES[number])


def by_kind(some: list[Take]) -> None:
    """Verdicts, one line a kind of clip."""
    kinds = sorted({take.row["variant"] for take in some})
    for kind in [*kinds, ""]:
        of_kind = [take for take in some if kind in ("", take.row["variant"])]
        shown = [take for take in of_kind if take.shown]
        confirmed = sum(take.said.verdict == "met" for take in shown)
        counts = dict(Counter(take.outcome for take in of_kind))
        print(f"{kind or 'all':20} {len(of_kind):4} {confirmed} of {len(shown)} confirmed {counts}")


def faces(some: list[Take]) -> None:
    """Sides said to be clear, by what they were; and how many truly clear ones were said."""
    found: Counter[str] = Counter()
    for take in some:
        claimed = set()
        for face in take.clear:
            there = take.named.get(face.id)
            if there is None or there in claimed:
                found["on no face" if there is None else "named twice"] += 1
                continue
            claimed.add(there)
            found[take.row["objects"][there[0]]["faces"][there[1]]["status"]] += 1
        for number, one in enumerate(take.row["objects"]):
            for name, face in one["faces"].items():
                found["not said"] += face["status"] == "clear" and (number, name) not in claimed
    said = found["clear"] + found["poor"] + found["never"]
    print(f"sides {dict(found)}: precision {found['clear'] / max(1, said):.3f}", end=", ")
    print(f"recall {found['clear'] / max(1, found['clear'] + found['not said']):.3f}")


def reliability(some: list[Take]) -> None:
    """How often names were lost, by how certain the count was said to be."""
    for low, high in pairwise(CERTAIN):
        within = [one for one in some if low <= (one.said.certainty or 0.0) < high]
        lost = sum(one.slipped for one in within)
        print(f"certainty {low:.2f} to {min(high, 1):.2f}: names lost in {lost} of {len(within)}")


def rates(some: list[Take]) -> None:
    """What the card says: a take counts once."""
    most = sum(2 * take.sure >= take.truly_clear for take in some)
    several = [take for take in some if not take.shown]
    over = sum(take.sure > take.truly_clear for take in several)
    missing = [take for take in some if take.missing]
    rest = [take for take in some if not take.missing]
    print("side: hit", Rate(hits=most, n=len(some)), "false", Rate(hits=over, n=len(several)))
    hit = Rate(hits=sum(take.unseen > 0 for take in missing), n=len(missing))
    false = Rate(hits=sum(take.unseen > 0 for take in rest), n=len(rest))
    print("side_unseen: hit", hit, "false", false)


def main(pairs: list[Path]) -> None:
    """All figures of all folders together."""
    some = [
        take
        for folder, reports in zip(pairs[::2], pairs[1::2], strict=True)
        for take in takes(folder, reports)
    ]
    by_kind(some)
    faces(some)
    reliability(some)
    rates(some)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("pairs", type=Path, nargs="+", metavar="FOLDER REPORTS")
    main(asked.parse_args().pairs)
