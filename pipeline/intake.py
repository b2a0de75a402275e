"""From what was named on the command line to a submission: files, folders, archives, case facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import ValidationError

from models import errors
from models.case_file import case_from
from models.media import Limits
from models.operator_file import meant
from models.submission import Case, Exhibit, Submission
from pipeline.receive import files_below, shown
from pipeline.unpack import is_archive, unpacked

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
        known = with_claims(known, beside)
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
    mine = known.model_dump() if known.source == "operator" else _claims_of(known)
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


def _claims_of(case: Case) -> dict[str, object]:
    return {"claimed": case.claimed, "claim_fault": case.claim_fault}


def with_claims(case: Case, file: Path) -> Case:
    """The case with what the submitter's file says beside it; a broken one loses nothing else."""
    try:
        return case.model_copy(update={"claimed": case_from(file).facts})
    except errors.Usage as fault:
        return case.model_copy(update={"claim_fault": str(fault)})


def _case_beside(paths: list[Path]) -> Path | None:
    if len(paths) != 1 or not paths[0].is_dir():
        return None
    beside = paths[0] / CASE_FILE
    return beside if beside.is_file() else None


@contextmanager
def submission(
    paths: list[Path],
    case: Case,
    limits: Limits,
    alone: bool = True,
) -> Iterator[Submission]:
    """Every file named, every media file below a folder or inside an archive named.

    `alone`: the case is of this submission alone, so that what it names and is not there is told.
    Raises NoMedia, Usage, BadArchive, TooLarge.
    """
    found: list[Exhibit] = []
    skipped: list[str] = []
    with ExitStack() as stack:
        for given in paths:
            path, role = _with_role(given)
            if path.is_dir():
                below, others = _of_folder(path, role)
            elif is_archive(path):
                folder = stack.enter_context(unpacked(path, limits))
                claimed = folder / CASE_FILE
                case = with_claims(case, claimed) if claimed.is_file() else case
                below, others = _of_folder(folder, role, path.name)
            else:
                below, others = [Exhibit(path=path, shown=shown(Path(path.name)), role=role)], []
            found += below
            skipped += others
        yield of_exhibits(
            found,
            case,
            skipped,
            alone,
        )


def of_exhibits(
    found: list[Exhibit],
    case: Case,
    skipped: Iterable[str] = (),
    alone: bool = True,
) -> Submission:
    """A submission of these files, with the roles that the case gives them. Raises Usage."""
    exhibits = _told_apart(found)
    return Submission(
        exhibits=_with_roles(exhibits, case),
        absent=_absent(exhibits, case) if alone else (),
        case=case,
        skipped=tuple(skipped),
    )


def _of_folder(
    folder: Path,
    role: str | None,
    name: str = "",
) -> tuple[list[Exhibit], list[str]]:
    """Media below a folder, and names of what is none. Raises NoMedia."""
    below = list(files_below(folder))
    media = [one.path for one in below if one.is_media]
    if not media:
        raise no_media(name or folder.name or str(folder))
    exhibits = [Exhibit(path=one, shown=shown(one.relative_to(folder)), role=role) for one in media]
    others = [one.path for one in below if not one.is_media and one.path != folder / CASE_FILE]
    return exhibits, [shown(one.relative_to(folder)) for one in others]


def _told_apart(exhibits: list[Exhibit]) -> list[Exhibit]:
    """Files of one name are shown by their paths: a role or an answer is about one of them."""
    counts = Counter(one.shown for one in exhibits)
    return [
        one.model_copy(update={"shown": shown(one.path)}) if counts[one.shown] > 1 else one
        for one in exhibits
    ]


def _absent(exhibits: list[Exhibit], case: Case) -> tuple[str, ...]:
    """Files that the operator's case names and nobody handed in.

    Raises Usage where one is nearly called like a file that is there and has no role.
    """
    if case.source != "operator":
        return ()
    names = [one.shown for one in exhibits]
    unnamed = [name for name in names if name not in case.files]
    absent = [name for name in case.files if name not in names]
    slips = [f"{name}{meant(name, unnamed)}" for name in absent if meant(name, unnamed)]
    if slips:
        raise errors.Usage(
            "The case gives roles to files that are not there: {names}.", names=", ".join(slips)
        )
    return tuple(absent)


def _with_roles(exhibits: list[Exhibit], case: Case) -> tuple[Exhibit, ...]:
    """Roles that the operator's case gives to files."""
    if case.source != "operator":
        return tuple(exhibits)
    return tuple(
        one.model_copy(update={"role": one.role or case.files.get(one.shown)}) for one in exhibits
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


def no_media(name: str) -> errors.NoMedia:
    return errors.NoMedia("The folder {folder} holds no video or photo.", folder=name)
