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
from models.submission import Case, Exhibit, Submission, case_from
from pipeline.receive import files_below, shown
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
PolicyName = Annotated[str, typer.Option("--policy", help="Whose rules (see `policies`).")]
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


NOBODY_SAID = Case()
CASE_FILE = "case.toml"


def operator_case(
    paths: list[Path],
    file: Path | None,
    order_id: str | None = None,
    tracking_number: str | None = None,
    role: str | None = None,
    reason: str | None = None,
    before: Case = NOBODY_SAID,
    trust: bool = False,
) -> Case:
    """What the operator says: a case file, or what was said `before`, and the command line.

    The `case.toml` of the one folder named is the submitter's word: it is kept beside, never
    compared, unless it is to be trusted. Raises Usage.
    """
    beside = _case_beside(paths)
    if trust and beside and not file:
        file, beside = beside, None
    known = case_from(file) if file else before
    if beside:
        known = known.model_copy(update={"claimed": _claims(case_from(beside))})
    named = {
        "order_id": order_id,
        "tracking_number": tracking_number,
        "role": role,
        "reason": reason,
    }
    said = {name: value for name, value in named.items() if value}
    if tracking_number and said.get("role", known.role) == "unpacking_video":
        # an unboxing shows the return's label
        said["return_tracking_number"] = said.pop("tracking_number")
    if not said:
        return known
    mine = known.model_dump() if known.source == "operator" else {"claimed": known.claimed}
    try:
        return Case.model_validate(mine | said | {"source": "operator"})
    except ValidationError as fault:
        first = fault.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise errors.Usage(
            "{name}: {why}.",
            name=name,
            why=first["msg"],
        ) from None


def _claims(case: Case) -> dict[str, str]:
    """Facts of a case file, as text."""
    facts = case.model_dump(exclude_defaults=True, exclude={"source", "claimed"})
    return {name: str(value) for name, value in facts.items()}


def _case_beside(paths: list[Path]) -> Path | None:
    if len(paths) != 1 or not paths[0].is_dir():
        return None
    beside = paths[0] / CASE_FILE
    return beside if beside.is_file() else None


def submission(paths: list[Path], case: Case) -> Submission:
    """Every file named, and every media file below a folder named. Raises NoMedia."""
    found: list[Exhibit] = []
    skipped: list[str] = []
    for given in paths:
        path, role = _with_role(given)
        if not path.is_dir():
            found.append(
                Exhibit(
                    path=path,
                    shown=shown(Path(path.name)),
                    role=role,
                )
            )
            continue
        below = list(files_below(path))
        media = [one.path for one in below if one.is_media]
        if not media:
            raise no_media(path)
        found += [
            Exhibit(
                path=one,
                shown=shown(one.relative_to(path)),
                role=role,
            )
            for one in media
        ]
        others = [one.path for one in below if not one.is_media and one.path != path / CASE_FILE]
        skipped += [shown(one.relative_to(path)) for one in others]
    return Submission(
        exhibits=tuple(found),
        case=case,
        skipped=tuple(skipped),
    )


def _with_role(given: Path) -> tuple[Path, str | None]:
    """FILE=ROLE: a path that is there wins, else the last sign of equality splits."""
    name, sign, role = str(given).rpartition("=")
    if given.exists() or not sign or not name or not role:
        return given, None
    return Path(name), role


def sizes(submission: Submission) -> dict[str, int]:
    """Bytes of each exhibit, by the name it is shown under."""
    there = [one for one in submission.exhibits if one.path.is_file()]
    return {one.shown: one.path.stat().st_size for one in there}


def no_media(folder: Path) -> errors.NoMedia:
    name = folder.name or str(folder)
    return errors.NoMedia("The folder {folder} holds no video or photo.", folder=name)


def moment(text: str) -> str:
    """A time as ISO 8601 has it. Raises Usage."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise errors.Usage(
            "--now: {text} is no time, such as 2026-11-26T12:00:00.", text=text
        ) from None
    return text
