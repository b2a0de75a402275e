"""Commands that score: one submission, a saved one again, many."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models import errors
from models.answers import Answer, answers_from, together
from models.card import cards
from models.examination import Examinations
from models.packs import policy
from models.policy import Policy
from models.report import Report
from models.settings import Settings
from models.submission import Case, Submission
from pipeline import intake
from pipeline import score as way
from pipeline.batch.keys import batch_key, examination_key, report_key, seen
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
    StoreAddress,
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
    key_of,
    saved_examinations,
    saved_pictures,
    write_report,
)
from pipeline.render.json import as_json
from pipeline.sandbox import box
from pipeline.store.repository import Known, Store, submission_id
from pipeline.wording.language import Speaker

BY_HAND = "score"  # where what was scored one by one comes from
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
    store: StoreAddress = None,
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
        observed, found, pictures = _scored(submission, rules, settings, bool(report), quiet)
    examined = observed.examinations
    if store:
        found, examined = _kept(store, str(report or paths[0]), observed, rules, settings)
    if report:
        _tell_page(write_report(report, found, examined, pictures, say), quiet)
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


def _kept(
    address: str,
    name: str,
    observed: way.Observed,
    rules: Policy,
    settings: Settings,
) -> tuple[Report, Examinations]:
    """The report as it is kept in a store, with what it stands on, and where else that stands."""
    examined = observed.examinations
    key = report_key(
        examination_key(seen(examined), examined.case, rules, settings),
        batch_key(rules, examined.case, settings),
        examined.case,
        submission_id(BY_HAND, name),
    )

    def made(saved: Examinations, head: str) -> Report:
        found = judge_again(saved, rules, cards(), seal_key=observed.seal_key)
        audit = observed.audit().model_copy(update={"batch_key": key, "head": head})
        return found.model_copy(update={"audit": audit})

    with closing(Store(address)) as store:
        kept = store.keep(Known(key, key, examined.case, BY_HAND, name), examined, made)
    return made(kept.examined, Report.model_validate_json(kept.body).audit.head), kept.examined


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
    store: StoreAddress = None,
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
    at = options.moment(now) if now else saved.created_at
    update = {"case": known, "policy": rules.id, "created_at": at}
    saved = saved.model_copy(update=update)
    key = way.operator_key(seal_key) if seal_key else None
    found = judge_again(saved, rules, cards(), seal_key=key, answers=said_by_people)
    if store:
        found = _answered(store, folder, found, said_by_people)
    saved = saved.model_copy(update={"answers": together(saved.answers, said_by_people)})
    say = Speaker(options.language(lang))
    if report:
        beside = folder if folder.is_dir() else folder.parent
        pictures = saved_pictures(beside, found)
        _tell_page(write_report(report, found, saved, pictures, say), quiet)
    _show(found, format, say)


def _answered(
    address: str,
    folder: Path,
    found: Report,
    given: Sequence[Answer],
) -> Report:
    """The report as it is kept in a store, beside the answers. Raises Usage."""
    beside = folder if folder.is_dir() else folder.parent
    before = key_of(beside)
    said = "".join(answer.model_dump_json() for answer in found.answers)
    parts = (before, found.policy.sha256, found.case.model_dump_json(), found.created_at, said)
    key = sha256("\n".join(parts).encode()).hexdigest()

    def made(head: str) -> Report:
        audit = found.audit.model_copy(update={"batch_key": key, "head": head})
        return found.model_copy(update={"audit": audit})

    with closing(Store(address, new=False)) as store:
        kept = store.judged_again(before, key, made)
        store.answered(before, given)
    if kept is None:
        raise errors.Usage("The report in {folder} is none of this store's.", folder=str(folder))
    return kept


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
