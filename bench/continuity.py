"""How well breaks are told, from finished reports: by kind of edit, by export, by take, and the
cost of the likelihood ratios (Cllr).

    python -m pipeline batch FOLDER --out REPORTS && python -m bench.continuity
    FOLDER/manifest.jsonl REPORTS [MANIFEST REPORTS ...]

The manifest has one line a clip with file (below FOLDER), label (continuous or edited), type,
times, export, take and stress. False alarms are counted by clip and by take: ten copies of one
scene are one witness. For Cllr each clip's likelihood ratio is estimated from all other takes: 0 is
perfect, 1 says nothing, more misleads.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import mean
from typing import Any

LOCATED_S, NEAR_S = 0.5, 0.2  # seconds between a true edit and a break that tells it
WEIGHTY = -1.0  # log10 LR of a break that may set the verdict
UNSEEN = ("crossfade", "occluded_cut")  # edits that no detector claims to see


@dataclass(frozen=True)
class Clip:
    """One clip's truth and what its report says."""

    row: dict[str, Any]
    verdict: str
    breaks: tuple[dict[str, Any], ...]

    @property
    def edited(self) -> bool:
        return bool(self.row["label"] == "edited")

    @property
    def called(self) -> bool:
        return self.verdict == "not_met"

    @property
    def possible(self) -> bool:
        return bool(self.breaks) and not self.called

    def distances(self) -> list[float]:
        """Seconds from each weighty break to the nearest true edit."""
        found = []
        for one in self.breaks:
            if one["log10_lr"] <= WEIGHTY:
                start, end = (
                    one["start_s"],
                    one["end_s"] if one["end_s"] is not None else one["start_s"],
                )
                found.append(
                    min(
                        (max(0.0, start - t, t - end) for t in self.row["times"]),
                        default=float("inf"),
                    )
                )
        return found

    def located(self, within: float) -> bool:
        return self.called and any(distance <= within for distance in self.distances())


def clips(manifest: Path, reports: Path) -> Iterable[Clip]:
    for line in manifest.read_text("utf-8").splitlines():
        row = json.loads(line)
        report = reports / row["file"] / "report.json"
        continuity = json.loads(report.read_text("utf-8"))["exhibits"][0]["continuity"]
        yield Clip(row, continuity["verdict"], tuple(continuity["breaks"]))


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits)}/{len(hits)}"


def table(title: str, groups: dict[str, list[Clip]]) -> None:
    print(f"\n{title:16} called  located  near  extra a clip")
    for name, some in sorted(groups.items()):
        extra = mean(sum(distance > LOCATED_S for distance in clip.distances()) for clip in some)
        called, located, near = (
            [*hits]
            for hits in zip(
                *((c.called, c.located(LOCATED_S), c.located(NEAR_S)) for c in some), strict=True
            )
        )
        print(f"{name:16} {share(called):>6}  {share(located):>7}  {share(near):>4}  {extra:.2f}")


def grouped(some: Iterable[Clip], key: str) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = defaultdict(list)
    for clip in some:
        found[str(clip.row[key])].append(clip)
    return found


def alarms(honest: Sequence[Clip]) -> None:
    """Honest clips and takes with a break, and which kinds were to blame."""
    takes = {clip.row["take"] for clip in honest}
    for word, raised in (
        ("called not continuous", [c for c in honest if c.called]),
        ("with a possible break", [c for c in honest if c.possible]),
    ):
        blamed = Counter(kind for clip in raised for kind in {one["kind"] for one in clip.breaks})
        guilty = sorted({clip.row["take"] for clip in raised})
        takes_told = f"{len(guilty)} of {len(takes)} takes"
        print(f"  {word}: {len(raised)} of {len(honest)} clips, {takes_told}", end=" ")
        print(dict(blamed), " ".join(guilty))


def cllr(all_clips: Sequence[Clip]) -> float:
    """Cost of log likelihood ratios (bits) of the three outcomes called, possible, silent; each
    take judged by the others' counts.
    """

    def outcome(clip: Clip) -> str:
        return "called" if clip.called else "possible" if clip.possible else "silent"

    costs: dict[bool, list[float]] = {True: [], False: []}
    for take in sorted({clip.row["take"] for clip in all_clips}):
        others = [clip for clip in all_clips if clip.row["take"] != take]
        counts = {
            side: Counter(outcome(c) for c in others if c.edited == side) for side in (True, False)
        }

        def rate(side: bool, what: str, counts: dict[bool, Counter[str]] = counts) -> float:
            return (counts[side][what] + 0.5) / (counts[side].total() + 1.5)

        for clip in all_clips:
            if clip.row["take"] == take:
                for_edit = rate(True, outcome(clip)) / rate(False, outcome(clip))
                costs[clip.edited].append(log2(1 + (1 / for_edit if clip.edited else for_edit)))
    return mean(mean(side) for side in costs.values())


def main(*paths: Path) -> None:
    found = [
        clip
        for manifest, reports in zip(paths[::2], paths[1::2], strict=True)
        for clip in clips(manifest, reports)
    ]
    plain = [clip for clip in found if not clip.row["stress"]]
    honest, edited = ([clip for clip in plain if clip.edited == side] for side in (False, True))
    print("honest takes")
    alarms(honest)
    print("takes in which lamps or displays flood the scene")
    alarms([clip for clip in found if clip.row["stress"] and not clip.edited])
    table("edit", grouped(edited, "type"))
    table("export", grouped((clip for clip in edited if clip.row["type"] not in UNSEEN), "export"))
    located = [clip for clip in edited if clip.located(LOCATED_S)]
    print(f"\nnear, of those located: {share([clip.located(NEAR_S) for clip in located])}")
    print(f"Cllr, each take by the others: {cllr(plain):.2f} bits")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
