"""Commands that score: one submission, a saved one again, many."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models import errors
from models.card import cards
from models.policy import policy
from models.report import Report
from models.settings import Settings
from models.submission import Submission
from pipeline import score as way
from pipeline.batch.runner import Batch, Done
from pipeline.cli import options
from pipeline.cli.options import (
    DEFAULT_POLICY,
    CaseFile,
    Every,
    Format,
    KeepPayloads,
    LanguageName,
    LimitPairs,
    Open,
    OrderId,
    Output,
    Paths,
    PolicyName,
    Reason,
    Redact,
    Redaction,
    ReportFolder,
    Role,
    SealKey,
    Tracking,
)
from pipeline.cli.terminal import err, harmless, named_errors, progress
from pipeline.judge.report import report as judge_again
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


def score(
    paths: Paths,
    case: CaseFile = None,
    order_id: OrderId = None,
    tracking_number: Tracking = None,
    role: Role = None,
    reason: Reason = None,
    policy_name: PolicyName = DEFAULT_POLICY,
    format: Format = Output.text,
    report: ReportFolder = None,
    redact: Redaction = Redact.print,
    keep_payloads: KeepPayloads = False,
    every: Every = False,
    limit: LimitPairs = None,
    lang: LanguageName = None,
    seal_key: SealKey = None,
) -> None:
    """Score one submission: what the policy asks for, what was seen of it, how strong that is.

    Example: parcelproof score packing.mp4 --tracking-number 1Z999AA10123456784 --report out
    """
    with named_errors():
        settings = Settings(
            limits=options.limits(limit),
            every_detector=every,
            allow_unsandboxed=True,
            redact=redact is Redact.print,
            keep_payloads=keep_payloads,
            seal_key=seal_key,
        )
        said = (case, order_id, tracking_number, role, reason)
        known = options.operator_case(paths, *said)
        submission = Submission(exhibits=options.exhibits(paths), case=known)
        say = Speaker(options.language(lang))
        if why := box.unavailable():
            warning = f"Warning: no box can be had here ({why}); the media are read unsandboxed."
            err.print(warning, highlight=False)
        rules = policy(policy_name)
        if report:
            check_writable(report)
        with progress() as tick:
            observed = way.observe(
                submission,
                rules,
                settings,
                tick,
            )
            found = way.judged(observed, rules)
        if report:
            pictures = way.pictures(observed, found)
            page = write_report(
                report,
                found,
                observed.examinations,
                pictures,
                say,
            )
            _tell_page(page)
        _show(found, format, say)


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
    now: Annotated[
        str | None,
        typer.Option(help="What the report gives as its time; that of the first scoring else."),
    ] = None,
    lang: LanguageName = None,
    seal_key: SealKey = None,
) -> None:
    """Judge a saved examination again, without the media: other rules, another case.

    Example: parcelproof judge out --case corrected.toml
    """
    with named_errors():
        saved = saved_examinations(folder)
        said = (case, order_id, tracking_number, role, reason)
        known = options.operator_case([], *said, before=saved.case)
        rules = policy(policy_name or saved.policy)
        saved = saved.model_copy(
            update={
                "case": known,
                "policy": rules.id,
                "created_at": options.moment(now) if now else saved.created_at,
            }
        )
        found = judge_again(
            saved,
            rules,
            cards(),
            seal_key=way.operator_key(seal_key) if seal_key else None,
        )
        say = Speaker(options.language(lang))
        if report:
            beside = folder if folder.is_dir() else folder.parent
            page = write_report(
                report,
                found,
                saved,
                saved_pictures(beside, found),
                say,
            )
            _tell_page(page)
        _show(found, format, say)


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


def _tell_page(page: Path) -> None:
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
    policy_name: PolicyName = DEFAULT_POLICY,
    every: Every = False,
    allow_unsandboxed: Open = False,
    keep_payloads: KeepPayloads = False,
    limit: LimitPairs = None,
    seal_key: SealKey = None,
) -> None:
    """Score every media file below a folder.

    Run it again to go on where it stopped; finished reports are kept.
    """
    with named_errors():
        if not folder.is_dir():
            raise errors.NoMedia("{folder} is not a folder.", folder=str(folder))
        settings = Settings(
            limits=options.limits(limit),
            every_detector=every,
            allow_unsandboxed=allow_unsandboxed,
            keep_payloads=keep_payloads,
            seal_key=seal_key,
        )
        if out.resolve() == folder.resolve():
            raise errors.Usage("OUT is the folder of the uploads; name another one.")
        check_writable(out)
        known = options.operator_case([], case, role=role)
        rules = policy(policy_name)
        if known.role:
            rules.rules(known.role)
        why = box.unavailable()
        if why and not allow_unsandboxed:
            raise errors.NoBox("No box can be had here: {why}.", why=why)
        whole = Batch(
            folder,
            out,
            rules,
            known,
            settings,
        )
        ended = whole.run(jobs, _tell_done)
        failed = _tell_counts(ended)
        if not ended:
            raise options.no_media(folder)
        if failed:
            raise typer.Exit(75)


def _tell_done(done: Done) -> None:
    line = f"{done.outcome:7} {done.name}  {done.says}"
    print(sentences.plain(line), flush=True)


def _tell_counts(ended: list[Done]) -> int:
    """Prints how many ended how; how many failed."""
    outcomes = [done.outcome for done in ended]
    counts = {name: outcomes.count(name) for name in ("scored", "kept", "failed")}
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"{len(ended)} files: {told}")
    return counts["failed"]
