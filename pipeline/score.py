"""The way of one submission: receive, observe in the box, judge. `score = judge . observe`."""

from __future__ import annotations

import secrets
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pipeline
from models import errors
from models.card import cards
from models.examination import (
    Examination,
    Examinations,
    Failure,
    Seal,
)
from models.message import MessageRow
from models.policy import Policy
from models.report import Audit, Report
from models.sealing import KNOWN_AGAIN, Sealing, sealed
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline.judge import roles
from pipeline.judge.report import report
from pipeline.receive import Received, received
from pipeline.sandbox.client import Box

Tick = Callable[[str, float], None]
SALT_BYTES = 16
LEAST_KEY = 16  # bytes of an operator's key


@dataclass(frozen=True)
class Observed:
    """A submission as observed, and its uploads for those who want pictures of it.

    `uploads` has None where a file could not be received.
    """

    examinations: Examinations
    uploads: tuple[Received | None, ...]
    box: Box
    wall_s: float
    seal_key: bytes | None

    def audit(self) -> Audit:
        """How the report came about."""
        return Audit(
            wall_s=round(self.wall_s, 3),
            box="unsandboxed" if self.box.unsandboxed else "boxed",
            redact="print" if self.box.settings.redact else "none",
            payloads=self.examinations.payloads,
        )


def quiet(_name: str, _share: float) -> None:
    """Nobody watches."""


def score(
    submission: Submission,
    policy: Policy,
    settings: Settings,
    tick: Tick = quiet,
    box: Box | None = None,
) -> Report:
    """The report on `submission`. Raises a named error only where not one exhibit could be read."""
    return judged(
        observe(
            submission,
            policy,
            settings,
            tick,
            box,
        ),
        policy,
    )


def judged(observed: Observed, policy: Policy) -> Report:
    """The report on what was observed just now."""
    return report(
        observed.examinations,
        policy,
        cards(),
        seal_key=observed.seal_key,
        audit=observed.audit(),
    )


def observe(
    submission: Submission,
    policy: Policy,
    settings: Settings,
    tick: Tick = quiet,
    box: Box | None = None,
    uploads: tuple[Received | None, ...] = (),
) -> Observed:
    """All exhibits examined in the box. Raises Usage, and the named error if none can be read.

    `uploads` are the exhibits where they were received before, so that nothing is hashed twice.
    """
    began = time.monotonic()
    case = submission.case
    roles.check_given((exhibit.role for exhibit in submission.exhibits), case, policy)
    box = box or Box(settings)
    seal, sealing = sealing_of(settings)
    results = [
        _examined(
            exhibit,
            upload,
            case,
            policy,
            box,
            sealing,
            tick,
        )
        for exhibit, upload in _with_uploads(submission, uploads)
    ]
    faults = [result.error for result in results if result.error]
    if len(faults) == len(results):
        raise faults[0]
    return Observed(
        examinations=Examinations(
            pipeline_version=pipeline.__version__,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            policy=policy.id,
            case=case,
            seal=seal,
            redact="print" if settings.redact else "none",
            payloads="kept" if settings.keep_payloads else "withheld",
            skipped=submission.skipped,
            absent=submission.absent,
            exhibits=tuple(result.examination for result in results),
        ),
        uploads=tuple(result.upload for result in results),
        box=box,
        wall_s=time.monotonic() - began,
        seal_key=sealing.key if sealing.is_operators else None,
    )


def _with_uploads(
    submission: Submission, uploads: tuple[Received | None, ...]
) -> list[tuple[Exhibit, Received | None]]:
    if uploads:
        return list(zip(submission.exhibits, uploads, strict=True))
    return [(exhibit, None) for exhibit in submission.exhibits]


@dataclass(frozen=True, slots=True)
class Result:
    """One exhibit: examined, or not to be read and why."""

    examination: Examination
    upload: Received | None
    error: errors.ParcelproofError | None = None


def _examined(
    exhibit: Exhibit,
    upload: Received | None,
    case: Case,
    policy: Policy,
    box: Box,
    sealing: Sealing,
    tick: Tick,
) -> Result:
    """A named error is kept, the others go on."""
    known = Examination(path=exhibit.shown, role=exhibit.role)
    try:
        tick(exhibit.shown, 0.0)
        upload = upload or received(exhibit.path, box.settings.limits)
        known = known.model_copy(
            update={
                "sha256": upload.sha256,
                "bytes": upload.size,
                "kind": upload.kind,
            }
        )
        role = exhibit.role or roles.role_of_all(case, policy, upload.kind)
        roles.check_medium(policy, exhibit.role, upload.kind)
        kinds = roles.kinds_asked(policy, role, upload.kind)
        every = box.settings.every_detector and not roles.is_private(policy, role)
        examined = box.examine(
            upload,
            None if every else kinds,
            partial(tick, exhibit.shown),
        )
    except (errors.Stopped, errors.Interrupted):
        raise
    except errors.ParcelproofError as fault:
        return Result(known.model_copy(update={"error": failure(fault)}), upload, fault)
    examination = known.model_copy(
        update={
            "box": "unsandboxed" if box.unsandboxed else "boxed",
            "media": examined.media,
            "runs": examined.runs,
            "observations": sealing.of(examined.observations),
            "versions": examined.versions,
            "could_see": examined.could_see,
        }
    )
    return Result(examination, upload)


def failure(fault: errors.ParcelproofError) -> Failure:
    """A named error as it is saved: in English, with what a translation needs."""
    args = fault.message.args
    plain = {name: value for name, value in args.items() if isinstance(value, (str, int, float))}
    row = MessageRow(
        text=str(fault),
        id=fault.message.id,
        args=plain,
    )
    return Failure(
        name=fault.name,
        says=str(fault),
        advice=fault.advice,
        message=row,
    )


def sealing_of(settings: Settings) -> tuple[Seal, Sealing]:
    """How private numbers are sealed, and the key. Raises `Usage`."""
    kept = settings.keep_payloads
    if settings.seal_key:
        key = operator_key(settings.seal_key)
        seal = Seal(source="operator", check=sealed(KNOWN_AGAIN, key))
        return seal, Sealing(
            key,
            is_operators=True,
            keep_payloads=kept,
        )
    salt = secrets.token_bytes(SALT_BYTES)
    return Seal(source="salt", salt=salt.hex()), Sealing(salt, keep_payloads=kept)


def operator_key(path: Path) -> bytes:
    """The operator's key for digests. Raises `Usage` where others may read it, or it is short."""
    try:
        mode = path.stat().st_mode
        key = path.read_bytes().strip()
    except OSError as fault:
        raise errors.Usage(
            "The key file {name} cannot be read: {why}.",
            name=path.name,
            why=str(fault.strerror),
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise errors.Usage("The key file {name} may be read by others: chmod 600.", name=path.name)
    if len(key) < LEAST_KEY:
        raise errors.Usage(
            "The key file {name} holds fewer than {least} bytes.",
            name=path.name,
            least=LEAST_KEY,
        )
    return key


def pictures(
    observed: Observed,
    found: Report,
    tick: Tick = quiet,
) -> dict[str, bytes]:
    """JPEGs of the report's pictures by name, from the same bytes that were judged.

    One that cannot be had is left out; a file that changed raises ChangedWhileRead.
    """
    jpegs: dict[str, bytes] = {}
    for upload, exhibit in zip(observed.uploads, found.exhibits, strict=True):
        if upload is None or exhibit.error:
            continue
        try:
            jpegs |= observed.box.pictures(
                upload,
                exhibit.pictures,
                partial(tick, exhibit.path),
            )
        except (errors.ChangedWhileRead, errors.Stopped, errors.Interrupted):
            raise
        except errors.ParcelproofError:
            continue  # a page without pictures is better than none
    return jpegs
