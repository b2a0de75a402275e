"""Commands that score: one submission, a saved one again, many."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models import errors
from models.answers import answers_from, together
from models.card import cards
from models.packs import policy
from models.policy import Policy
from models.report import Report
from models.settings import Settings
from models.submission import Case, Submission
from models.summary import Row
from pipeline import intake
from pipeline import score as way
from pipeline.batch.runner import Batch
from pipeline.batch.summary import CSV, PAGE
from pipeline.cli import options
from pipeline.cli.options import (
    DEFAULT_POLICY,
    CaseFile,
    Every,
    Format,
    Html,
    KeepPayloads,
    LanguageName,
    LimitPairs,
    Open,
    OrderId,
    Output,
    Paths,
    PolicyName,
    Quiet,
    Reason,
    Redact,
    Redaction,
    ReportFolder,
    Role,
    SealKey,
    Tracking,
    TrustCaseFiles,
    Verbose,
)
from pipeline.cli.terminal import (
    counting,
    err,
    harmless,
    progress,
    tell_runs,
)
from pipeline.judge.report import report as judge_again
from pipeline.judge.roles import check_given
from pipeline.render import text
from pipeline.render.folder import (
    check_writable,
    saved_examinations,
    saved_pictures,
    write_report,
)
from pipeline.render.json import as_json
from pipeline.sandbox import box
from pipeline.wording import sentences
from pipeline.wording.language import Speaker

DRAWING = 0.2  # share of the time that pictures of a report usually take


def score(
    paths: Paths,
    case: CaseFile = None,
    order_id: OrderId = None,
    tracking_number: Tracking = None,
    role: Role = None,
    reason: Reason = None,
    trust_case_files: TrustCaseFiles = False,
    policy_name: PolicyName = None,
    format: Format = Output.text,
    report: ReportFolder = None,
    redact: Redaction = Redact.print,
    keep_payloads: KeepPayloads = False,
    every: Every = False,
    limit: LimitPairs = None,
    lang: LanguageName = None,
    seal_key: SealKey = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Score one submission: what the policy asks for, what was seen of it, how strong that is.

    Example: parcelproof score packing.mp4 --tracking-number 1Z999AA10123456784 --report out
    """
    settings = Settings(
        limits=options.limits(limit),
        every_detector=every,
        allow_unsandboxed=True,
        redact=redact is Redact.print,
        keep_payloads=keep_payloads,
        seal_key=seal_key,
    )
    said = (case, order_id, tracking_number, role, reason)
    known = intake.operator_case(paths, *said, trust=trust_case_files)
    say = Speaker(options.language(lang))
    _warn_without_box(quiet)
    rules = policy(policy_name or known.platform or DEFAULT_POLICY)
    if report:
        check_writable(report)
    with intake.submission(paths, known, settings.limits) as submission:
        observed, found, pictures = _scored(
            submission,
            rules,
            settings,
            bool(report),
            quiet,
        )
    if report:
        page = write_report(
            report,
            found,
            observed.examinations,
            pictures,
            say,
        )
        _tell_page(page, quiet)
    _show(found, format, say)
    if verbose:
        tell_runs(found)


def _scored(
    submission: Submission,
    rules: Policy,
    settings: Settings,
    with_pictures: bool,
    quiet: bool,
) -> tuple[way.Observed, Report, dict[str, bytes]]:
    """What was observed, the report on it, its pictures; with progress on stderr."""
    with progress(intake.sizes(submission), quiet) as tick:
        reading, drawing = _parts(tick, with_pictures)
        observed = way.observe(
            submission,
            rules,
            settings,
            reading,
        )
        found = way.judged(observed, rules)
        pictures = way.pictures(observed, found, drawing) if with_pictures else {}
    return observed, found, pictures


def _warn_without_box(quiet: bool) -> None:
    why = box.unavailable()
    if why and not quiet:
        warning = f"Warning: no box can be had here ({why}); the media are read unsandboxed."
        err.print(warning, highlight=False)


def _parts(tick: way.Tick, with_pictures: bool) -> tuple[way.Tick, way.Tick]:
    """Progress of reading and of drawing, as shares of the whole."""
    if not with_pictures:
        return tick, way.quiet
    read = 1 - DRAWING
    return (
        lambda name, share: tick(name, read * share),
        lambda name, share: tick(name, read + DRAWING * share),
    )


def judge(
    folder: Annotated[Path, typer.Argument(help="A report's folder, or its examination.json.")],
    policy_name: Annotated[
        str | None, typer.Option("--policy", help="Other rules than those of the first scoring.")
    ] = None,
    case: CaseFile = None,
    order_id: OrderId = None,
    tracking_number: Tracking = None,
    role: Role = None,
    reason: Reason = None,
    format: Format = Output.text,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for the page anew, with the pictures of the first one."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with a reviewer's answers to the report's open questions "
            "(see `case answers`)."
        ),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            help="The time of the report, from which deadlines are counted; that of the first "
            "scoring by default."
        ),
    ] = None,
    lang: LanguageName = None,
    seal_key: SealKey = None,
    quiet: Quiet = False,
) -> None:
    """Judge a saved examination again, without the media: other rules, another case, answers.

    Example: parcelproof judge out --case corrected.toml
    """
    saved = saved_examinations(folder)
    said = (case, order_id, tracking_number, role, reason)
    known = intake.operator_case([], *said, before=saved.case)
    rules = policy(policy_name or saved.policy)
    known = _fitted(known, rules, role, reason, quiet)
    said_by_people = answers_from(answers) if answers else ()
    update = {
        "case": known,
        "policy": rules.id,
        "created_at": options.moment(now) if now else saved.created_at,
    }
    saved = saved.model_copy(update=update)
    key = way.operator_key(seal_key) if seal_key else None
    found = judge_again(saved, rules, cards(), seal_key=key, answers=said_by_people)
    saved = saved.model_copy(update={"answers": together(saved.answers, said_by_people)})
    say = Speaker(options.language(lang))
    if report:
        beside = folder if folder.is_dir() else folder.parent
        pictures = saved_pictures(beside, found)
        _tell_page(write_report(report, found, saved, pictures, say), quiet)
    _show(found, format, say)


def _fitted(
    known: Case,
    rules: Policy,
    role: str | None,
    reason: str | None,
    quiet: bool,
) -> Case:
    """The case for rules that may be others than those of the first scoring.

    A reason that they do not know is left out and told. Raises Usage for one named just now.
    """
    check_given([role], known if reason else Case(), rules)
    if reason or known.reason is None or rules.knows_reason(known.reason):
        return known
    if not quiet:
        note = (
            f"{rules.id} has no reason {known.reason}: the case is judged without one (--reason)."
        )
        err.print(note, highlight=False)
    return known.model_copy(update={"reason": None})


def _show(
    found: Report,
    format: Output,
    say: Speaker,
) -> None:
    """On the terminal, or as JSON on standard output."""
    if format is Output.json:
        sys.stdout.write(as_json(found))
        sys.stdout.flush()
    else:
        text.show(found, Console(), say)


def _tell_page(page: Path, quiet: bool) -> None:
    if quiet:
        return
    err.print(
        f"Report: {harmless(str(page))}",
        highlight=False,
        soft_wrap=True,
    )


def batch(
    folder: Annotated[Path, typer.Argument(help="Every media file below it is scored.")],
    out: Annotated[Path, typer.Option(help="Reports go to OUT/<path below FOLDER>/report.json.")],
    jobs: Annotated[
        int,
        typer.Option(
            min=1,
            max=256,
            help="Files at a time.",
        ),
    ] = (os.cpu_count() or 1),
    case: CaseFile = None,
    role: Role = None,
    policy_name: PolicyName = None,
    every: Every = False,
    allow_unsandboxed: Open = False,
    keep_payloads: KeepPayloads = False,
    limit: LimitPairs = None,
    seal_key: SealKey = None,
    html: Html = False,
    lang: LanguageName = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Score every media file below a folder.

    Run it again to go on where it stopped; finished reports are kept. OUT/summary.csv lists all.
    """
    _check_folders(folder, out)
    settings = Settings(
        limits=options.limits(limit),
        every_detector=every,
        allow_unsandboxed=allow_unsandboxed,
        keep_payloads=keep_payloads,
        seal_key=seal_key,
    )
    known = intake.operator_case([], case, role=role)
    rules = policy(policy_name or known.platform or DEFAULT_POLICY)
    if known.role:
        rules.rules(known.role)
    _check_box(allow_unsandboxed)
    say = Speaker(options.language(lang)) if html else None
    whole = Batch(
        folder,
        out,
        rules,
        known,
        settings,
        say,
    )
    failed = _run(whole, jobs, quiet, verbose)
    if failed:
        raise typer.Exit(75)


def _check_folders(folder: Path, out: Path) -> None:
    """Before the work. Raises NoMedia, Usage, CannotWrite."""
    if not folder.is_dir():
        raise errors.NoMedia("{folder} is not a folder.", folder=str(folder))
    if out.resolve() == folder.resolve():
        raise errors.Usage("OUT is the folder of the uploads; name another one.")
    check_writable(out)


def _check_box(allow_unsandboxed: bool) -> None:
    """Raises NoBox."""
    why = box.unavailable()
    if why and not allow_unsandboxed:
        raise errors.NoBox("No box can be had here: {why}.", why=why)


def _run(
    whole: Batch,
    jobs: int,
    quiet: bool,
    verbose: bool,
) -> int:
    """Tells each file as it ends; how many failed. Raises NoMedia."""
    most = sum(one.is_media for one in whole.files())
    if not most:
        raise intake.no_media(whole.folder.name or str(whole.folder))
    with counting(most, quiet) as tell:
        count = Count(most, tell, verbose)
        rows = whole.run(jobs, count)
    return count.whole(rows, whole.out / (PAGE if whole.say else CSV))


class Count:
    """Tells each file of a batch as it ends, and then how many ended how."""

    def __init__(
        self,
        most: int,
        tell: Callable[[str], None],
        verbose: bool,
    ) -> None:
        self.most = most
        self.tell = tell
        self.verbose = verbose
        self.ended = 0
        self.began = time.monotonic()

    def __call__(self, row: Row) -> None:
        if row.outcome == "skipped":
            return
        self.ended += 1
        says = row.says
        if row.score is not None and not self.verbose:
            says = f"{row.score:.1f} ({row.band})"
        self.tell(sentences.plain(f"{self.ended}/{self.most}  {row.outcome:7} {row.file}  {says}"))

    def whole(self, rows: list[Row], summary: Path) -> int:
        """Prints the counts; how many failed."""
        outcomes = [row.outcome for row in rows]
        counts = {name: outcomes.count(name) for name in ("scored", "kept", "failed")}
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        others = outcomes.count("skipped")
        beside = f"; {others} other files are no videos or photos" if others else ""
        seconds = time.monotonic() - self.began
        print(f"{self.most} files in {seconds:.0f} s: {told}{beside}")
        print(sentences.plain(f"Summary: {summary}"))
        return counts["failed"]
