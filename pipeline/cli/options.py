"""Options that commands share, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from models import errors
from models.media import Limits
from models.settings import Settings
from pipeline.wording.language import Language, language_of


class Redact(StrEnum):
    """What is made unreadable in pictures."""

    print = "print"
    none = "none"


class Output(StrEnum):
    """What is printed."""

    text = "text"
    json = "json"


class Lang(StrEnum):
    """What the report speaks."""

    en = "en"
    zh = "zh"


def _limit_help() -> str:
    known = [
        f"{name} ({field.description}, {field.default:,})"
        for name, field in Limits.model_fields.items()
    ]
    return "Raise or lower a limit: " + ", ".join(known)


CaseFile = Annotated[
    Path | None,
    typer.Option(
        "--case",
        help="TOML file with order_id, tracking_number, role, reason, ... as the operator "
        "knows them.",
    ),
]
OrderId = Annotated[str | None, typer.Option(help="The order ID in dispute.")]
Tracking = Annotated[
    str | None,
    typer.Option(help="The tracking number in dispute (of an unboxing: the return label's)."),
]
Role = Annotated[
    str | None,
    typer.Option(
        help="What the file is: packing_video, unpacking_video, parcel_photo, ... (see `policies`)."
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        help="Why the dispute is held (see `policies`); judges all files together as one case."
    ),
]
PolicyName = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="Whose rules (see `policies`); the case's platform by default, else tiktok-shop-us.",
    ),
]
Every = Annotated[
    bool,
    typer.Option("--all", help="Run every detector, also those the policy does not ask for."),
]
Open = Annotated[
    bool,
    typer.Option("--allow-unsandboxed", help="Go on where no box can be had; the report says so."),
]
LimitPairs = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help=_limit_help(),
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress and no notes; errors are told."),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Tell on stderr what ran and what it cost."),
]
TrustCaseFiles = Annotated[
    bool,
    typer.Option(
        "--trust-case-files",
        help="Take the case.toml in the folder as your own word; else it is the submitter's.",
    ),
]
Html = Annotated[
    bool,
    typer.Option("--html", help="Write a page with pictures for each file, and OUT/index.html."),
]
StoreAddress = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="PARCELPROOF_STORE",
        metavar="ADDRESS",
        help="Where results are kept beyond this run: a path, or postgresql://USER@HOST/NAME.",
    ),
]
BrokerAddress = Annotated[
    str | None,
    typer.Option(
        "--broker",
        envvar="PARCELPROOF_BROKER",
        metavar="ADDRESS",
        help="Server that wakes workers: amqp://USER@HOST//, redis://HOST/0 or sqs://.",
    ),
]
Format = Annotated[Output, typer.Option(help="What to print.")]
LanguageName = Annotated[
    Lang | None, typer.Option("--lang", help="The report's language; from LANG by default.")
]
SealKey = Annotated[
    Path | None,
    typer.Option(
        "--seal-key",
        help="File (mode 600) with your own key for the digests of bare numbers in "
        "examination.json.",
    ),
]
ReportFolder = Annotated[
    Path | None,
    typer.Option(
        help="Folder for index.html with its pictures inside, report.json, and "
        "examination.json, from which `judge` judges again."
    ),
]
Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Video or photos of one submission, or a folder that holds them. "
        "FILE=ROLE says what one is.",
        show_default=False,
    ),
]
Redaction = Annotated[
    Redact,
    typer.Option(
        help="What is made unreadable in the report's pictures: print beside the numbers read, "
        "or none (logged)."
    ),
]
KeepPayloads = Annotated[
    bool,
    typer.Option(
        "--keep-payloads",
        help="Tell private payloads of codes too: networks, contacts, identity cards, payments, "
        "web addresses, text (logged).",
    ),
]
DEFAULT_POLICY = "tiktok-shop-us"


def language(asked: Lang | None) -> Language:
    return asked.value if asked else language_of()


def limits(changed: list[str] | None) -> Limits:
    """The limits with those changed that were named. Raises Usage."""
    pairs = [text.partition("=") for text in changed or ()]
    try:
        return Limits.model_validate({name: value for name, _, value in pairs})
    except ValidationError as fault:
        first = fault.errors()[0]
        raise errors.Usage(
            "--limit {name}: {why}.",
            name=str(first["loc"][0]),
            why=first["msg"],
        ) from None


def settings(
    limit: list[str] | None,
    every: bool,
    allow_unsandboxed: bool,
    keep_payloads: bool,
    seal_key: Path | None,
) -> Settings:
    """How to run. Raises Usage."""
    return Settings(
        limits=limits(limit),
        every_detector=every,
        allow_unsandboxed=allow_unsandboxed,
        keep_payloads=keep_payloads,
        seal_key=seal_key,
    )


def moment(text: str) -> str:
    """A time as ISO 8601 has it. Raises Usage."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise errors.Usage(
            "--now: {text} is no time, such as 2026-11-26T12:00:00.", text=text
        ) from None
    return text
