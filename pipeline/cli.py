"""The command line. Reads what the operator says, calls one function, prints what comes back."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import pipeline
from models import errors
from models import identifiers as ids
from models.finding import cards
from models.media import Limits
from models.policy import policies, policy
from models.report import Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission, case_from
from pipeline import sandbox
from pipeline import score as scoring
from pipeline.many import batch as batches
from pipeline.render import sentences

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reads packing and unboxing footage handed in for disputes and says how strong it is as evidence. It never decides.",
)
err = Console(stderr=True)


class Redact(StrEnum):
    print = "print"
    none = "none"


class Format(StrEnum):
    text = "text"
    json = "json"


CaseFile = Annotated[
    Path | None, typer.Option("--case", help="TOML file with order_id, tracking_number, role, reason, ... as the operator knows them.")
]
OrderId = Annotated[str | None, typer.Option(help="The order ID in dispute.")]
Tracking = Annotated[str | None, typer.Option(help="The tracking number in dispute (of an unboxing: the return label's).")]
Role = Annotated[str | None, typer.Option(help="What the file is: packing_video, unpacking_video, parcel_photo, ... (see `policies`).")]
Reason = Annotated[str | None, typer.Option(help="Why the dispute is held (see `policies`); judges all files together as one case.")]
PolicyName = Annotated[str, typer.Option("--policy", help="Whose rules (see `policies`).")]
Every = Annotated[bool, typer.Option("--all", help="Run every detector, also those the policy does not ask for.")]
Open = Annotated[bool, typer.Option("--allow-unsandboxed", help="Go on where no box can be had; the report says so.")]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="Raise or lower a limit: " + ", ".join(f"{k} ({v.description}, {v.default:,})" for k, v in Limits.model_fields.items()),
    ),
]


@contextmanager
def _named_errors() -> Iterator[None]:
    """A named error is one sentence, what to do, and its exit code; never a traceback."""
    try:
        yield
    except errors.ParcelproofError as fault:
        err.print(f"[bold]{fault.name}[/bold]: {_plain(str(fault))} {_plain(fault.advice)}", highlight=False, soft_wrap=True)
        raise typer.Exit(fault.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from None


def _plain(text: str) -> str:
    """Text from outside, without control characters or markup."""
    return escape(sentences.plain(text))


def _version(asked: bool) -> None:
    if asked:
        print(f"parcelproof {pipeline.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a file's name must not be able to stop a batch
    del sys.argv[1:]  # read by now; the children that multiprocessing starts are not to learn the case from it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children and scratch go with us


@app.command()
def score(
    paths: Annotated[
        list[Path], typer.Argument(help="Video or photos of one submission, or a folder that holds them.", show_default=False)
    ],
    case: CaseFile = None,
    order_id: OrderId = None,
    tracking_number: Tracking = None,
    role: Role = None,
    reason: Reason = None,
    policy_name: PolicyName = "tiktok-shop-us",
    format: Annotated[Format, typer.Option(help="What to print.")] = Format.text,
    report: Annotated[Path | None, typer.Option(help="Folder for index.html with its pictures inside, and report.json.")] = None,
    redact: Annotated[
        Redact, typer.Option(help="What is made unreadable in the report's pictures: print beside the numbers read, or none (logged).")
    ] = Redact.print,
    every: Every = False,
    limit: Limit = None,
) -> None:
    """Score one submission: what the policy asks for, what was seen of it, and how strong that is.

    Example: parcelproof score packing.mp4 --tracking-number 1Z999AA10123456784 --report out
    """
    with _named_errors():
        settings = Settings(limits=_limits(limit), every_detector=every, allow_unsandboxed=True, redact=redact is Redact.print)
        known = _case(paths, case, order_id, tracking_number, role, reason)
        submission = Submission(exhibits=_exhibits(paths), case=known)
        if why := sandbox.unavailable():
            err.print(f"Warning: no box can be had here ({why}); the media are read unsandboxed.", highlight=False)
        with _progress() as tick:
            found = scoring.score(submission, policy(policy_name), settings, tick)
        _print(found, format)
        if report:
            from pipeline.render import html

            page = html.write(found, submission, settings, report)
            err.print(f"Report: {_plain(str(page))}", highlight=False, soft_wrap=True)


def _limits(changed: list[str] | None) -> Limits:
    """The limits with those changed that were named. Raises Usage."""
    pairs = [text.partition("=") for text in changed or ()]
    try:
        return Limits.model_validate({name: value for name, _, value in pairs})
    except ValidationError as fault:
        first = fault.errors()[0]
        raise errors.Usage(f"--limit {first['loc'][0]}: {first['msg']}.") from None


def _case(paths: list[Path], file: Path | None, order_id: str | None, tracking: str | None, role: str | None, reason: str | None) -> Case:
    """What the operator says: a case file, else `case.toml` of the one folder named, corrected by the command line."""
    beside = paths[0] / "case.toml" if len(paths) == 1 and paths[0].is_dir() else None
    file = file or (beside if beside and beside.is_file() else None)
    known = case_from(file) if file else Case()
    said = {k: v for k, v in {"order_id": order_id, "tracking_number": tracking, "role": role, "reason": reason}.items() if v}
    if tracking and said.get("role", known.role) == "unpacking_video":
        said["return_tracking_number"] = said.pop("tracking_number")  # an unboxing shows the return's label
    try:
        return Case.model_validate(known.model_dump() | said | {"source": "operator"}) if said else known
    except ValueError:
        raise errors.Usage("An identifier, role or reason is longer than 64 characters.") from None


def _exhibits(paths: list[Path]) -> tuple[Exhibit, ...]:
    """Every file named, and every media file below a folder named. Raises NoMedia, Missing."""
    found: list[Exhibit] = []
    for path in paths:
        if path.is_dir():
            below = list(batches.media_below(path))
            if not below:
                raise errors.NoMedia(f"The folder {path.name or path} holds no video or photo.")
            found += [Exhibit(path=p, shown=p.relative_to(path).as_posix()) for p in below]
        else:
            found.append(Exhibit(path=path, shown=path.name))
    return tuple(found)


@contextmanager
def _progress() -> Iterator[scoring.Tick]:
    """A bar on stderr while it works; nothing where that is not a terminal."""
    if not err.is_terminal:
        yield lambda _name, _share: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    with bar:
        tasks: dict[str, Any] = {}

        def tick(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(_plain(name[-40:]), total=1.0)
            bar.update(tasks[name], completed=share, description=_plain(name[-40:]) + (" (reading text)" if share > 0.98 else ""))

        yield tick


def _print(found: Report, format: Format) -> None:
    if format is Format.json:
        sys.stdout.write(scoring.as_json(found))
        sys.stdout.flush()
    else:
        from pipeline.render import text

        text.show(found, Console())


@app.command()
def batch(
    folder: Annotated[Path, typer.Argument(help="Every media file below it is scored.")],
    out: Annotated[Path, typer.Option(help="Reports go to OUT/<path below FOLDER>/report.json.")],
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Files at a time.")] = os.cpu_count() or 1,
    case: CaseFile = None,
    role: Role = None,
    policy_name: PolicyName = "tiktok-shop-us",
    every: Every = False,
    allow_unsandboxed: Open = False,
    limit: Limit = None,
) -> None:
    """Score every media file below a folder. Run it again to go on where it stopped; finished reports are kept."""
    with _named_errors():
        if not folder.is_dir():
            raise errors.NoMedia(f"{folder} is not a folder.")
        settings = Settings(limits=_limits(limit), every_detector=every, allow_unsandboxed=allow_unsandboxed)
        known = case_from(case) if case else Case()
        if role:
            known = known.model_copy(update={"role": role, "source": "operator"})
        rules = policy(policy_name)
        if known.role:
            rules.item(known.role)
        if (why := sandbox.unavailable()) and not allow_unsandboxed:
            raise errors.NoBox(f"No box can be had here: {why}.")
        ended = batches.batch(
            folder,
            out,
            rules,
            known,
            settings,
            jobs,
            lambda done: print(sentences.plain(f"{done.outcome:7} {done.name}  {done.says}"), flush=True),
        )
        counts = {outcome: sum(done.outcome == outcome for done in ended) for outcome in ("scored", "kept", "failed")}
        print(f"{len(ended)} files: {counts['scored']} scored, {counts['kept']} kept, {counts['failed']} failed")
        if not ended:
            raise errors.NoMedia(f"The folder {folder.name or folder} holds no video or photo.")
        if counts["failed"]:
            raise typer.Exit(75)


@app.command()
def identify(
    texts: Annotated[list[str], typer.Argument(help="Numbers as printed or decoded; `-` reads one a line from standard input.")],
    format: Annotated[Format, typer.Option(help="What to print; json is one object a line.")] = Format.text,
) -> None:
    """Whose order ID or tracking number could this be? Candidates by form and check digit, the surest first; never a fact."""
    for text in _lines(texts):
        found = ids.candidates(text)
        if format is Format.json:
            rows = [{"kind": c.kind, "carrier": c.carrier, "format": c.format, "valid": c.valid, "why": c.why} for c in found]
            print(json.dumps({"text": text, "candidates": rows}))
            continue
        print(sentences.plain(text) + ("" if found else ": no carrier or platform that is known here writes numbers like this"))
        for one in found:
            mark = {True: "●", False: "▲", None: "◐"}[one.valid]
            print(f"  {mark} {sentences.noun(one.kind).lower()} of {one.carrier} ({one.format}): {one.why}")


def _lines(texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield from (line.rstrip("\r\n") for line in sys.stdin) if text == "-" else (text,)


@app.command(name="policies")
def list_policies() -> None:
    """Which platforms' rules are shipped, and the roles and reasons they know."""
    for pack in policies().values():
        print(f"{pack.id}  {pack.platform}, as of {pack.as_of}, authority: {pack.authority}")
        for item in pack.items:
            print(f"  role    {item.id:24} {item.title}; {len(item.requirements)} requirements")
            for rule in item.requirements:
                print(f"            {rule.id:22} {rule.weight:3} {rule.checker:8} “{rule.quote}” [{rule.source}:{rule.line}]")
        for reason in pack.reasons:
            print(f"  reason  {reason.id:36} {', '.join(slot.id for slot in reason.slots)}")


@app.command(name="detectors")
def list_detectors() -> None:
    """Which detectors there are, what each asks of the footage, and how often it was right when measured."""
    from pipeline import fanout

    for found in sorted(fanout.detectors(), key=lambda d: d.name):
        print(f"{found.name} {found.version}  {found.purpose}")
        print(
            f"    sees {', '.join(found.sees)}"
            + (f"; heeds {', '.join(found.heeds)}" if found.heeds else "")
            + f"; on {', '.join(found.on)}"
        )
        card = cards().get(found.name)
        for m in card.measured if card else ():
            rates = [
                f"{name} {rate.hits} of {rate.n}"
                for name, rate in (("hit", m.hit), ("recall", m.recall), ("false alarms", m.false_alarms))
                if rate
            ]
            print(f"    {m.kind}: {', '.join(rates) or 'not measured: sets no status alone'}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the report."""
    print(json.dumps(Report.model_json_schema(by_alias=True), indent=1))


@app.command()
def doctor() -> None:
    """What is installed, what is missing and what that costs, and whether the box works here."""
    from pipeline import checkup

    with _named_errors():
        if not checkup.show(Console()):
            raise errors.ToolMissing("Something that is needed is missing.")
