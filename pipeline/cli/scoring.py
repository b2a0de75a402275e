"""Commands that score: one submission, a saved one again, many."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.answers import answers_from, together
from models.card import cards
from models.packs import policy
from models.policy import Policy
from models.report import Report
from models.settings import Settings
from models.submission import Case, Submission
from pipeline import intake
from pipeline import score as way
from pipeline.cli import options
from pipeline.cli.options import (
    DEFAULT_POLICY,
    CaseFile,
    Every,
    Format,
    KeepPayloads,
    LanguageName,
    LimitPairs,
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
