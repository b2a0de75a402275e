"""What an exhibit is judged as: the operator's word, else what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from models.containers import MediaKind
from models.errors import WrongRole
from models.examination import Examination
from models.kinds import Page, PrintedFact, Sheet
from models.observation import Observation, first, named, of
from models.policy import Policy, RoleRules
from models.report import RoleSource
from models.submission import Case
from pipeline.judge.bearing import SEES

LINKED = frozenset(named(SEES))
UNDECIDED = "undecided"  # what a video is of which neither anybody nor its labels say it
ALWAYS = frozenset({"fingerprint"})  # asked of every file: is it another one of this case again?
# Asked of what is not private: does it stand in another case? Pages of one app all look alike.
KNOWN_AGAIN = {"video": frozenset({"footage"}), "image": frozenset({"footage", "page"})}
READERS = frozenset({"code", "text_id"})


class Role(NamedTuple):
    """A role's name, how it was arrived at, and what the policy asks of it."""

    name: str
    source: RoleSource
    rules: RoleRules


def resolve(
    exhibit: Examination,
    case: Case,
    policy: Policy,
) -> Role:
    """The role of one exhibit that could be read; guessed where this policy knows none so called.

    Raises `Usage` for a reason that it does not know.
    """
    given = exhibit.role or role_of_all(case, policy, exhibit.kind)
    if given and policy.knows_role(given):
        return Role(given, "given", policy.rules(given, case.reason))
    names = list(_guesses(exhibit.kind, exhibit.observations))
    name = next(name for name in names if policy.knows_role(name))
    source: RoleSource = "assumed" if name == UNDECIDED else "guessed"
    return Role(name, source, policy.rules(name, case.reason))


def role_of_all(
    case: Case,
    policy: Policy,
    kind: MediaKind | None,
) -> str | None:
    """The role that the case gives to every file, where a file of this kind can have it."""
    if case.role is None or not policy.knows_role(case.role):
        return None
    return case.role if kind in policy.rules(case.role).media else None


def _guesses(kind: MediaKind | None, seen: Sequence[Observation]) -> Iterator[str]:
    """Roles by the content alone, the likeliest first; every policy knows the last."""
    if kind == "video":
        surfaces = {sheet.surface for sheet in of(seen, Sheet)}
        if "return_label" in surfaces and "outbound_label" not in surfaces:
            yield "unpacking_video"
        yield UNDECIDED
    elif kind == "document" or first(seen, Page):
        if any(fact.fact == "weight" for fact in of(seen, PrintedFact)):
            yield "carrier_weight_receipt"
        yield "tracking_screenshot"
    else:
        yield "parcel_photo"


def check_given(
    roles: Iterable[str | None],
    case: Case,
    policy: Policy,
) -> None:
    """Raises `Usage` for a role or reason that the policy does not know, before any work."""
    if case.reason:
        policy.reason(case.reason)
    for role in {*roles, case.role} - {None}:
        policy.rules(str(role))


def check_medium(
    policy: Policy,
    role: str | None,
    kind: MediaKind,
) -> None:
    """Raises `WrongRole` where one was given to a file that cannot be it, as a video to a PDF."""
    if role is None:
        return
    rules = policy.rules(role)
    if kind not in rules.media:
        raise WrongRole(
            "This file is of the kind {kind}; as {role} the policy {policy} takes: {media}.",
            kind=kind,
            policy=policy.id,
            role=role,
            media=", ".join(rules.media),
        )


def is_private(policy: Policy, role: str | None) -> bool:
    """Is nothing on it to be read, whatever was asked for?"""
    return role is not None and policy.rules(role).private


def kinds_asked(
    policy: Policy,
    role: str | None,
    kind: MediaKind,
) -> frozenset[str]:
    """Kinds of observation that the roles in question ask for, with what `link` needs."""
    if role:
        rules = [policy.rules(role)]
    else:
        rules = [rules for rules in policy.items if kind in rules.media]
    asked = frozenset(name for one in rules for name in one.kinds)
    private = is_private(policy, role)
    elsewhere = frozenset() if private else KNOWN_AGAIN.get(kind, frozenset())
    return ALWAYS | elsewhere | asked | (READERS if asked & LINKED else frozenset())
