"""The report as one page: nothing is loaded from anywhere, nothing on it runs, everything read from media is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from models import errors
from models import identifiers as ids
from models.examination import Wanted
from models.observation import Observation
from models.report import ExhibitReport, Report
from models.settings import Settings
from models.submission import Submission
from pipeline import score
from pipeline.render import sentences, text

MOST = 12  # pictures an exhibit
STRIP = 1000  # width of the timeline strip, in its own units
ROW, HEIGHT = 30, 18  # its lower row
COLOUR = {
    "cut": "#b3261e",
    "possible_cut": "#b3261e",
    "counter_break": "#b3261e",
    "dip": "#b3261e",
    "overlay": "#b3261e",
    "gap": "#b3261e",
    "freeze": "#8a5a00",
    "repeat": "#8a5a00",
    "blank": "#555555",
    "cover": "#555555",
    "light": "#a07b00",
    "damaged": "#8a5a00",
}


def write(report: Report, submission: Submission, settings: Settings, folder: Path) -> Path:
    """index.html with its pictures inside, frames/*.jpg and report.json in `folder`. Raises Unreadable where it cannot be written."""
    pictures: dict[str, bytes] = {}
    captions: dict[str, str] = {}
    exhibits = []
    for number, (exhibit, found) in enumerate(zip(submission.exhibits, report.exhibits, strict=True), start=1):
        want = tuple(one.model_copy(update={"redact": settings.redact}) for one in wanted(found, f"e{number}"))
        got = _pictures(exhibit, found, want, settings)
        pictures |= got
        captions |= {w.name: sentences.caption(w.name.rpartition("-")[2].removesuffix(".jpg"), w.pts) for w in want}
        exhibits.append(_with_frames(found, [w for w in want if w.name in got and not w.crop]))
    report = report.model_copy(update={"exhibits": tuple(exhibits)})
    try:
        (folder / "frames").mkdir(parents=True, exist_ok=True)
        for name, jpeg in sorted(pictures.items()):
            (folder / "frames" / name).write_bytes(jpeg)
        (folder / "report.json").write_text(score.as_json(report), "utf-8")
        (folder / "index.html").write_text(page(report, pictures, captions), "utf-8")
    except OSError as fault:
        raise errors.Unreadable(f"The report cannot be written to {folder}: {fault.strerror}.") from None
    return folder / "index.html"


def _pictures(exhibit: Any, found: ExhibitReport, want: tuple[Wanted, ...], settings: Settings) -> dict[str, bytes]:
    """The pictures that can be had; a page without them is better than none."""
    if not want or found.error:
        return {}
    try:
        return score.pictures(exhibit, found, want, settings)
    except errors.ChangedWhileRead:
        raise
    except errors.ParcelproofError:
        return {}


def wanted(exhibit: ExhibitReport, prefix: str) -> Iterator[Wanted]:
    """Key frames: where identifiers were read best, before and after each break; each instant once. Then each identifier's best crop."""
    instants: list[tuple[str, float, tuple[Any, ...]]] = []
    best = _best_reads(exhibit)
    for seen in best[: MOST // 2]:
        instants += [("read", float(seen.detail["best_s"]), (seen.region,) if seen.region else ())]
    for broken in exhibit.continuity.breaks if exhibit.continuity else ():
        instants += [("before", broken.before_s, ()), ("after", broken.after_s, ())]
    if not instants and exhibit.media:
        instants.append(("middle", exhibit.media.start_s + exhibit.media.duration_s / 2, ()))
    together: dict[tuple[str, float], tuple[Any, ...]] = {}
    for what, pts, boxes in instants:
        together[what, round(pts, 3)] = (*together.get((what, round(pts, 3)), ()), *boxes)
    for number, ((what, pts), boxes) in enumerate(list(together.items())[:MOST], start=1):
        yield Wanted(name=f"{prefix}-{number:02}-{what}.jpg", pts=pts, boxes=boxes)
    for number, seen in enumerate(best[:MOST], start=1):
        if seen.region:
            yield Wanted(name=f"{prefix}-{number:02}-crop.jpg", pts=float(seen.detail["best_s"]), boxes=(seen.region,), crop=True)


def _best_reads(exhibit: ExhibitReport) -> list[Observation]:
    """One observation of each number that was read, in order of time: print before code, for people read print."""
    best = {ids.squeezed(o.value or ""): o for kind in ("code", "text_id") for o in exhibit.observations if o.kind == kind}
    return sorted(best.values(), key=lambda o: o.order)


def _crops(exhibit: ExhibitReport, prefix: str, pictures: dict[str, bytes]) -> dict[str, str]:
    """Name of the best crop by identifier's value, where there is one."""
    numbered = enumerate(_best_reads(exhibit)[:MOST], start=1)
    names = {ids.squeezed(seen.value or ""): f"{prefix}-{number:02}-crop.jpg" for number, seen in numbered}
    shown = {found.value: names.get(ids.squeezed(found.value), "") for found in exhibit.identifiers}
    return {value: name for value, name in shown.items() if name in pictures}


def _with_frames(exhibit: ExhibitReport, got: Sequence[Wanted]) -> ExhibitReport:
    """Each requirement names the picture nearest to its time."""
    rows = []
    for row in exhibit.requirements:
        near = min(got, key=lambda w: abs(w.pts - (row.at_s or 0)), default=None) if row.at_s is not None else None
        rows.append(row.model_copy(update={"frame": near.name if near and abs(near.pts - (row.at_s or 0)) < 1 else None}))
    return exhibit.model_copy(update={"requirements": tuple(rows)})


def page(report: Report, pictures: dict[str, bytes], captions: dict[str, str]) -> str:
    """The whole page as text. Its policy allows its own style sheet by hash and pictures inside it, nothing else."""
    environment = Environment(
        loader=PackageLoader("pipeline.render"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"seconds": sentences.seconds, "plain": sentences.plain}
    style = environment.get_template("report.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        style=Markup(style),  # our own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        pictures={name: "data:image/jpeg;base64," + base64.b64encode(jpeg).decode() for name, jpeg in sorted(pictures.items())},
        captions=captions,
        names=[
            [name for name in sorted(pictures) if name.startswith(f"e{number}-") and not name.endswith("-crop.jpg")]
            for number in range(1, len(report.exhibits) + 1)
        ],
        crops=[_crops(exhibit, f"e{number}", pictures) for number, exhibit in enumerate(report.exhibits, start=1)],
        strips=[list(_marks(exhibit)) for exhibit in report.exhibits],
        motions=[_motion(exhibit) for exhibit in report.exhibits],
        s=sentences,
        strength_line=text.strength_line(report.strength).replace(r"\[", "[") if report.strength else "",
        width=STRIP,
    )


def _motion(exhibit: ExhibitReport) -> str:
    """The motion of the clip as the points of a line in the lower row of the strip."""
    seen = next((o for o in exhibit.observations if o.kind == "motion" and o.at), None)
    media = exhibit.media
    if seen is None or seen.at is None or media is None or not media.duration_s:
        return ""
    levels = [float(level) for level in seen.detail["levels"]]
    first = (seen.at.start - media.start_s) / media.duration_s * STRIP
    apart = (seen.at.end - seen.at.start) / media.duration_s * STRIP / max(1, len(levels) - 1)
    most = max(*levels, 1e-6)
    return " ".join(f"{first + apart * i:.1f},{ROW + HEIGHT - HEIGHT * level / most:.1f}" for i, level in enumerate(levels))


def _marks(exhibit: ExhibitReport) -> Iterator[dict[str, Any]]:
    """What stands on the strip: (row, x, width, colour, what), places in units of `STRIP`."""
    media = exhibit.media
    if not media or not media.duration_s:
        return

    def place(pts: float) -> float:
        return round(min(1.0, max(0.0, (pts - media.start_s) / media.duration_s)) * STRIP, 1)

    for found in exhibit.identifiers:
        if found.first_s is not None and found.last_s is not None:
            x = place(found.first_s)
            yield {"row": 0, "x": x, "width": max(3.0, place(found.last_s) - x), "colour": "#1b6e3c", "what": f"{found.kind} {found.value}"}
    for seen in exhibit.observations:
        if seen.kind in COLOUR and seen.at:
            x = place(seen.at.start)
            yield {
                "row": 1,
                "x": x,
                "width": max(3.0, place(seen.at.end) - x),
                "colour": COLOUR[seen.kind],
                "what": seen.kind.replace("_", " "),
            }
