"""The way of one submission, end to end: receive, examine in the box, link, weigh, judge, report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from models import errors
from models.examination import Examined, Request, Wanted
from models.finding import cards
from models.policy import Policy
from models.report import ExhibitReport, Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import compose, link, receive, sandbox, strength, weigh
from pipeline.known import Judged, RoleSource, Unread

Tick = Callable[[str, float], None]


def score(submission: Submission, policy: Policy, settings: Settings, tick: Tick = lambda _name, _share: None) -> Report:
    """The report on `submission` under `policy`. Raises a named error only where not one exhibit could be read."""
    began = time.monotonic()
    if submission.case.reason:
        policy.reason(submission.case.reason)
    for role in {exhibit.role or submission.case.role for exhibit in submission.exhibits} - {None}:
        policy.item(role or "")
    known = [judged(exhibit, submission.case, policy, settings, tick) for exhibit in submission.exhibits]
    unread = [one for one in known if isinstance(one, Unread)]
    if len(unread) == len(known):
        raise unread[0].error
    box = "unsandboxed" if settings.allow_unsandboxed and sandbox.unavailable() else "boxed"
    audit = {"wall_s": round(time.monotonic() - began, 3), "box": box, "redact": "print" if settings.redact else "none"}
    return compose.report(known, submission, policy, datetime.now(UTC).isoformat(timespec="seconds"), audit)


def judged(exhibit: Exhibit, case: Case, policy: Policy, settings: Settings, tick: Tick) -> Judged | Unread:
    """One exhibit: received, examined, linked, weighed. A named error is kept, the others go on."""
    given = exhibit.role or case.role
    got: receive.Received | None = None
    try:
        tick(exhibit.shown, 0.0)
        got = receive.received(exhibit.path, settings.limits)
        kinds = kinds_asked(policy, given, got.kind, settings)
        examined = _examined(got, kinds, settings, lambda share: tick(exhibit.shown, share))
    except errors.ParcelproofError as fault:
        return Unread(exhibit, fault, got)
    if given:
        return weighed(exhibit, got, examined, given, "given", case, policy)
    return weighed(exhibit, got, examined, *guessed(examined), case, policy)


def weighed(
    exhibit: Exhibit, received: receive.Received, examined: Examined, role: str, source: RoleSource, case: Case, policy: Policy
) -> Judged:
    """Link, weigh and judge what was observed; pure, so that saved observations can be judged again."""
    item = policy.item(role)
    linked = link.identifiers(examined.runs, examined.observations, case, role)
    runs, seen = (*examined.runs, linked.run), (*examined.observations, *linked.observations)
    findings = weigh.findings(item, runs, seen, cards())
    unasked = tuple(r.id for r in item.requirements if examined.media.kind in r.not_for)
    return Judged(exhibit, received, examined, role, source, linked, findings, strength.exhibit(item, findings, unasked))


def kinds_asked(policy: Policy, role: str | None, media: str, settings: Settings) -> frozenset[str] | None:
    """Kinds of observation that the roles in question ask for; the readers that `link` needs come with them."""
    if settings.every_detector:
        return None
    items = [policy.item(role)] if role else [item for item in policy.items if media in item.media]
    asked = frozenset(kind for item in items for kind in item.kinds)
    return asked | {"code", "text_id"} if asked & set(link.SEES) else asked


def _examined(received: receive.Received, kinds: frozenset[str] | None, settings: Settings, tick: Callable[[float], None]) -> Examined:
    """What the boxed child says of this upload, checked. Raises the named error it reports."""
    answers: list[bytes] = []

    def heard(kind: str, body: Any) -> None:
        if kind == "progress" and isinstance(body, (int, float)):
            tick(float(body))
        elif kind == "examined":
            answers.append(body)

    with receive.scratch(received) as path:
        request = Request(path=path, kind=received.kind, container=received.container, limits=settings.limits, kinds=kinds)
        _boxed("pipeline.examine:examine", (request,), request, settings, heard)
    receive.unchanged(received)
    return checked(answers[0] if answers else b"")


def checked(answer: bytes) -> Examined:
    """The child's answer, if it makes sense: known detectors only, kinds they declare, details that `link` relies on."""
    try:
        examined = Examined.model_validate_json(answer)
        declared = {run.detector: run.sees for run in examined.runs if run.detector in cards() and run.detector != "link"}
        if len(declared) == len(examined.runs) and all(o.kind in declared.get(o.detector, ()) for o in examined.observations):
            link.identifiers(examined.runs, examined.observations, Case(), "packing_video")
            return examined
    except (ValidationError, KeyError, TypeError, ValueError):
        pass
    raise errors.DecoderCrashed("The reader of this file gave an answer that makes no sense.")


def _boxed(work: str, arguments: tuple[Any, ...], request: Request, settings: Settings, heard: Callable[[str, Any], None]) -> None:
    open_air = settings.allow_unsandboxed and bool(sandbox.unavailable())
    sandbox.run(work, arguments, request.path, settings.limits, heard, unsandboxed=open_air)


def guessed(examined: Examined) -> tuple[str, RoleSource]:
    """(role, how it was arrived at) from the content alone."""
    seen = examined.observations
    if examined.media.kind == "image":
        page = any(o.kind == "page" for o in seen)
        return ("screenshot", "guessed") if page else ("parcel_photo", "guessed")
    if any(o.kind == "word" for o in seen):
        return "unpacking_video", "guessed"
    return "packing_video", "assumed"


def pictures(exhibit: Exhibit, report: ExhibitReport, wanted: tuple[Wanted, ...], settings: Settings) -> dict[str, bytes]:
    """JPEGs of the frames `wanted`, from the same bytes that were judged."""
    received = receive.received(exhibit.path, settings.limits)
    if received.sha256 != report.sha256:
        raise errors.ChangedWhileRead("The file changed after it was judged.")
    found: dict[str, bytes] = {}
    name = ""

    def heard(kind: str, body: Any) -> None:
        nonlocal name
        if kind == "picture":
            name = str(body)
        elif kind == "jpeg" and name in {w.name for w in wanted}:
            found[name] = body

    with receive.scratch(received) as path:
        request = Request(path=path, kind=received.kind, container=received.container, limits=settings.limits)
        _boxed("pipeline.examine:picture", (request, wanted), request, settings, heard)
    return found


def as_json(report: Report) -> str:
    """The report as it is written: sorted nowhere, indented, ending in a line break."""
    return json.dumps(report.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=1) + "\n"
