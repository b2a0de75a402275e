"""Commands about what is kept: the store, its audit log, and how long things stay."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from models import errors
from models.examination import Reuse
from models.report import Report
from pipeline.cli.options import Format, Output, Quiet
from pipeline.cli.terminal import err, harmless
from pipeline.render.folder import EXAMINATION, REPORT, key_of, saved_examinations
from pipeline.store import audit
from pipeline.store.repository import Store, instant
from pipeline.wording import sentences

DIGEST = re.compile(r"[0-9a-f]{64}")
AGE = re.compile(r"(\d{1,3})\s*([dwmy])")
DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
SCRATCH, SCRATCH_S = (
    "parcelproof-*",
    86_400,
)  # our temporary folders; seconds after which none works

Address = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="PARCELPROOF_STORE",
        help="The store: a path, or postgresql://USER@HOST/NAME.",
    ),
]


def verify(
    store: Address,
    head: Annotated[
        list[str] | None,
        typer.Option(help="A digest that was once the last one; may be given several times."),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(help="A folder of reports: the heads that they name must be in the log."),
    ] = None,
) -> None:
    """Say whether the audit log is whole: every entry as it was written, none missing.

    A tail that was cut off shows only by a later head from outside: name one, or the reports.
    """
    for one in head or ():
        if not DIGEST.fullmatch(one):
            raise errors.Usage("--head {head} is no digest of 64 digits.", head=one[:80])
    heads = [*(head or ()), *(_heads(reports) if reports else ())]
    count, faults = _verified(store, heads)
    for fault in faults:
        print(sentences.plain(f"entry {fault.seq}: {fault.says}"))
    held = "the chain does not hold" if faults else "the chain holds"
    print(f"{count} entries, {len(set(heads))} heads from outside: {held}")
    if faults:
        raise typer.Exit(65)


def _verified(store: str, heads: Sequence[str]) -> tuple[int, list[audit.Fault]]:
    with closing(Store(store, new=False)) as there:
        return audit.verify(there.entries(), heads)


def _heads(folder: Path) -> Iterator[str]:
    for path, report in _reports(folder):
        if report is None:
            err.print(harmless(f"{path}: no report that can be read"), highlight=False)
        elif report.audit.head:
            yield report.audit.head


def _reports(folder: Path) -> Iterator[tuple[Path, Report | None]]:
    """Reports below a folder that have their examination beside them."""
    if not folder.is_dir():
        raise errors.Missing("There is no folder {folder}.", folder=str(folder))
    for path in sorted(folder.rglob(REPORT)):
        if (path.parent / EXAMINATION).is_file():
            try:
                yield path, Report.model_validate_json(path.read_bytes())
            except (OSError, ValueError):
                yield path, None


def show(store: Address) -> None:
    """Print the audit log, one entry a line as JSON."""
    with closing(Store(store, new=False)) as there:
        for row in there.entries():
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def similar(
    folder: Annotated[
        Path, typer.Argument(help="A report's folder, as `batch` and `score --report` write it.")
    ],
    store: Address,
    format: Format = Output.text,
) -> None:
    """Show where else footage of a report stands in the store by now, with both moments.

    Example: parcelproof store similar out/video.mp4 --store out/store.db
    """
    saved = saved_examinations(folder)
    with closing(Store(store, new=False)) as there:
        found = there.similar(saved, key_of(folder))
    if format is Output.json:
        rows = [one.model_dump(mode="json") for one in found]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in found:
        print(sentences.plain(_said(one)))
    print(f"{len(found)} files of other submissions hold footage of this one, or may")


def _said(one: Reuse) -> str:
    sure = "the same" if one.sure else "perhaps the same"
    if one.sure and not one.other_case:
        sure += " (whether for the same case nobody said)"
    if one.at is None or one.there is None:
        return f"{one.exhibit}: {sure} file or view as in {one.other}, {one.other_file}"
    here, there = (f"{span.start:.1f} to {span.end:.1f} s" for span in (one.at, one.there))
    how = "" if one.turned == "as_is" else f", {one.turned}"
    where = f"{one.other}, {one.other_file}, {there}"
    return f"{one.exhibit}, {here}: {sure} as {where} ({one.moments} moments{how})"


Name = Annotated[
    str, typer.Argument(help="The submission's name, as the table of its batch has it.")
]


def hold(name: Name, store: Address) -> None:
    """Keep a submission whatever its age (a legal hold)."""
    _hold(name, store, held=True)


def release(name: Name, store: Address) -> None:
    """Keep a submission no longer than others."""
    _hold(name, store, held=False)


def _hold(name: str, store: str, held: bool) -> None:
    with closing(Store(store, new=False)) as there:
        count = there.hold(name, held)
    if not count:
        raise errors.Missing("The store has no submission {name}.", name=name)
    print(f"{count} submission(s) {'held' if held else 'released'}")


def purge(
    store: Address,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="As 90d, 12w, 6m (of 30 days) or 2y.")
    ],
    reports: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of reports, from which old ones are removed too."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Remove reports, their frames and what was observed, by age; what is held stays.

    The audit log keeps its entries, which hold digests and no names. Temporary folders that a
    killed run left behind are removed after a day.

    Example: parcelproof purge --store out/store.db --older-than 90d --reports out
    """
    before = datetime.now(UTC) - _age(older_than)
    with closing(Store(store, new=False)) as kept:
        held = kept.held()
        folders = sum(_purged(folder, before, held) for folder in reports or ())
        gone = kept.purge(before)
    scratch = _clear_scratch()
    if not quiet:
        print(
            f"Removed: {gone.reports} reports and {gone.examinations} examinations of the store, "
            f"{folders} folders, {scratch} temporary folders. Held: {gone.held}."
        )


def _age(text: str) -> timedelta:
    found = AGE.fullmatch(text.strip().lower())
    if found is None:
        raise errors.Usage("--older-than {text}: write 90d, 12w, 6m or 2y.", text=text)
    return timedelta(days=int(found[1]) * DAYS[found[2]])


def _purged(
    folder: Path,
    before: datetime,
    held: frozenset[str],
) -> int:
    """Folders of reports that were removed: those that a report of ours says are so old."""
    count = 0
    for path, report in list(_reports(folder)):
        if report is None or report.audit.batch_key in held:
            continue
        if instant(report.created_at) < before:
            _remove_report(path.parent)
            count += 1
    return count


def _remove_report(folder: Path) -> None:
    """What we wrote there; what others did stays."""
    for name in (EXAMINATION, REPORT, "index.html"):
        (folder / name).unlink(missing_ok=True)
    for jpeg in (folder / "frames").glob("*.jpg"):
        jpeg.unlink()
    for empty in (folder / "frames", folder):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _clear_scratch() -> int:
    """Temporary folders of runs that were killed."""
    count = 0
    for path in Path(tempfile.gettempdir()).glob(SCRATCH):
        try:
            old = time.time() - path.lstat().st_mtime > SCRATCH_S
            mine = path.is_dir() and not path.is_symlink() and path.owner() == Path.home().owner()
            if old and mine:
                shutil.rmtree(path)
                count += 1
        except (OSError, KeyError):
            continue
    return count
