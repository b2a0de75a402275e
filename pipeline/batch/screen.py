"""Screening: every file looked at for a few seconds, to sort what needs the full reading first.

Of an MP4 its index is read, in blocks, and so many key frames as a twentieth of its bytes holds.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import errors
from models.card import cards
from models.containers import container_of
from models.examination import Examination, Examinations, Examined, KeyFrame
from models.policy import Policy
from models.report import ExhibitReport
from models.screening import PRIORITY, Screened, Why
from models.settings import Settings
from models.submission import Case
from pipeline.batch.case_table import case_with
from pipeline.batch.jobs import WORN, Job, Jobs
from pipeline.batch.ranges import BLOCK, Parts, index_of
from pipeline.batch.sources import Source
from pipeline.batch.summary import best_match
from pipeline.judge.report import report as judge
from pipeline.judge.roles import READERS
from pipeline.receive import HEAD, in_parts
from pipeline.sandbox.client import Box
from pipeline.score import sealing_of

KEY_FRAMES = 12  # pictures that are looked at, at most (house rule)
SHARE, LEAST = 0.05, 512 << 10  # of the file that key frames may take; bytes that they always may
SAYS: dict[Why, str] = {
    "other_number": "Another number than the expected one was read on {seen}.",
    "break": "Its index has a gap at {at}.",
    "edited": "The file bears signs of an editing program.",
    "near_number": "A number that is nearly the expected one was read on {seen}.",
    "no_number": "No number was read for certain on {seen}.",
    "nothing_stands_out": "Nothing stands out in its data and {seen}.",
}
NOT_LOOKED_AT = (
    "Every picture but {seen}, and the sound: cuts, covers, repeats, sides, "
    "and numbers shown between the key frames."
)
NOT_READ = "Everything but numbers: whether it is clear, what it shows, where it comes from."
EVERYTHING = "The whole file but its beginning."
LARGEST_PHOTO = 32 << 20  # bytes of a photo that is read whole (house rule)
NOT_BY_INDEX = "its kind has no index to look at first"


@dataclass(frozen=True)
class Screening:
    """What all files of one screening share."""

    source: Source
    policy: Policy
    case: Case
    settings: Settings


class Screener:
    """Screens jobs, one after the other; several threads may share one."""

    def __init__(
        self,
        screening: Screening,
        jobs: Jobs,
        stop: threading.Event,
    ) -> None:
        self.screening = screening
        self.jobs = jobs
        self.stop = stop

    def __call__(self, job: Job) -> Screened | None:
        """One file. Whatever happens to it is written down. Raises what ends everything."""
        try:
            found = self._screened(job)
        except (errors.Stopped, errors.CannotWrite, errors.NoBox):
            self.jobs.release(job)
            raise
        except errors.Interrupted as fault:
            found = unscreened(job.shown, str(fault))
            return found if self.jobs.interrupt(job, found) else None
        except errors.ParcelproofError as fault:
            found = unscreened(job.shown, str(fault))
        except Exception as fault:  # one bad file never stops the rest; it is written down
            if isinstance(fault, OSError) and fault.errno in errors.NO_ROOM:
                self.jobs.release(job)
                raise
            found = unscreened(job.shown, f"{type(fault).__name__}: {fault}")
        self.jobs.settle(job, "scored" if found.outcome == "screened" else "failed", found)
        return found

    def _screened(self, job: Job) -> Screened:
        with tempfile.TemporaryDirectory(prefix="parcelproof-") as folder:
            parts = self.screening.source.parts(job.name, Path(folder) / "parts")
            head = parts.at(0, HEAD)
            if not head:
                raise errors.Empty("The file is empty (0 bytes).")
            content = container_of(head)
            if content.kind == "image" and parts.size <= LARGEST_PHOTO:
                seen, looked_at = self._photo(job, parts, head)
            elif content.name == "mp4":
                seen, looked_at = self._video(job, parts, head)
            else:
                return unscreened(job.shown, NOT_BY_INDEX).model_copy(update=_cost(parts))
        found = self._told(job, seen, looked_at)
        return found.model_copy(update=_cost(parts))

    def _video(
        self,
        job: Job,
        parts: Parts,
        head: bytes,
    ) -> tuple[tuple[Examined, ...], int]:
        """By its index, by key frames; and by how many of them."""
        index_of(parts)
        box = Box(self.screening.settings, self.stop)
        by_index, frames = box.index(in_parts(parts.path, job.shown, head))
        some = affordable(frames, parts.size)
        parts.need((one.place, one.place + one.size) for one in some)
        times = tuple(one.at_s for one in some)
        read = box.key_frames(
            in_parts(parts.path, job.shown, head),
            times,
            READERS,
        )
        return (by_index, read), len(some)

    def _photo(
        self,
        job: Job,
        parts: Parts,
        head: bytes,
    ) -> tuple[tuple[Examined, ...], int]:
        """The whole of it: that costs no more."""
        parts.need([(0, parts.size)])
        box = Box(self.screening.settings, self.stop)
        upload = in_parts(parts.path, job.shown, head)
        return (box.examine(upload, READERS, lambda _: None),), 1

    def _told(
        self,
        job: Job,
        some: tuple[Examined, ...],
        looked_at: int,
    ) -> Screened:
        """Judged as far as it was looked at."""
        screening = self.screening
        seal, sealing = sealing_of(screening.settings)
        media = some[0].media
        exhibit = Examination(
            path=job.shown,
            kind=media.kind,
            media=media,
            runs=tuple(run for one in some for run in one.runs),
            observations=sealing.of([seen for one in some for seen in one.observations]),
            could_see=some[0].could_see,
        )
        examined = Examinations(
            pipeline_version="",
            created_at="",
            policy=screening.policy.id,
            case=case_with(screening.case, json.loads(job.facts or "{}")),
            seal=seal,
            exhibits=(exhibit,),
        )
        found = judge(examined, screening.policy, cards(), seal_key=sealing.key)
        return told(job.shown, found.exhibits[0], looked_at).model_copy(
            update={
                "band": found.strength.band if found.strength else "",
                "to_check": len(found.questions),
            }
        )


def affordable(frames: Sequence[KeyFrame], size: int) -> list[KeyFrame]:
    """As many key frames as their share of the bytes holds, evenly over the clip."""
    budget = max(SHARE * size, LEAST)
    for count in range(min(KEY_FRAMES, len(frames)), 0, -1):
        some = [frames[n * len(frames) // count] for n in range(count)]
        blocks = {
            block
            for one in some
            for block in range(one.place // BLOCK, -(-(one.place + one.size) // BLOCK))
        }
        if len(blocks) * BLOCK <= budget:
            return some
    return []


def told(name: str, exhibit: ExhibitReport, looked_at: int) -> Screened:
    """What stands out of what was looked at, the weightiest first."""
    clip, origin = exhibit.continuity, exhibit.provenance
    provenance = origin.class_ if origin else "unknown"
    numbers = [one for one in exhibit.identifiers if one.state in ("confirmed", "strong")]
    order = best_match([exhibit])
    why: Why = "nothing_stands_out"
    if order == "other":
        why = "other_number"
    elif clip and clip.breaks:
        why = "break"
    elif provenance == "editor" or (clip and clip.editor_traces):
        why = "edited"
    elif order == "near":
        why = "near_number"
    elif not numbers:
        why = "no_number"
    at = ", ".join(f"{one.end_s:.1f} s" for one in clip.breaks) if clip else ""
    photo = exhibit.kind == "image"
    seen = "the photo" if photo else f"{looked_at} key frame(s)"
    return Screened(
        file=name,
        outcome="screened",
        priority=PRIORITY[why],
        why=why,
        says=SAYS[why].format(at=at, seen=seen),
        order=order,
        numbers=tuple(one.value for one in numbers),
        provenance=provenance,
        media=exhibit.media,
        key_frames=looked_at,
        not_looked_at=NOT_READ if photo else NOT_LOOKED_AT.format(seen=seen),
    )


def unscreened(name: str, why: str = WORN) -> Screened:
    """The line of a file that could not be screened; without a reason, that it never ended."""
    return Screened(
        file=name,
        outcome="failed",
        priority=PRIORITY["not_screened"],
        why="not_screened",
        says=f"Not screened: {why}",
        not_looked_at=EVERYTHING,
    )


def _cost(parts: Parts) -> dict[str, int]:
    return {"bytes": parts.size, "bytes_read": parts.bytes_read, "requests": parts.requests}
