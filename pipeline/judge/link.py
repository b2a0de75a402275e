"""Link: what was read becomes identifiers, and only here they meet the case.

Never changes what was read. Private numbers are digests: one can be asked whether it is the
expected number, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.containers import MediaKind
from models.examination import JUDGING
from models.identifiers import symbologies
from models.identifiers.candidates import Candidate, best, candidates, gs1_values
from models.identifiers.contained import contained
from models.identifiers.matching import close, edits, squeezed, without_routing
from models.identifiers.payloads import told
from models.kinds import (
    NEAR_EDITS,
    Code,
    Reader,
    State,
    TextId,
    Token,
)
from models.message import Message
from models.observation import Observation, Run, named, of
from models.policy import RoleRules
from models.report import Identifier, Match
from models.sealing import sealed
from models.submission import Case
from pipeline.judge.bearing import SEES, SURE_STATES, Exhibited, weighing
from pipeline.judge.stated import STATES, stated
from pipeline.wording import sentences

NAME, VERSION = JUDGING, "3"
ITF_LENGTHS = {14, 16, 18, 20, 22, 24}  # shorter ITF reads are often fragments of longer ones
CODE39_SHORTEST = 8  # characters of a Code 39 that is no fragment
SHORTEST = 6  # characters of a code that may identify anything
SAME_MOMENT_S = 0.5  # seconds between what was read of one label in different pictures
SURE, LIKELY = 0.97, 0.90  # confidence of a single text read that makes it strong, usable
CHECKED_TEXT = 0.85  # the same where a check digit holds
# Confidence of the weakest character of a sure read; and below which it was guessed, check or not.
CLEAR, GUESSED = 0.8, 0.5
SHOWN_DIGEST = 16  # of its characters

Expected = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Linked:
    """Identifiers, and what weighs: observations of what they and the print say, with their run."""

    identifiers: tuple[Identifier, ...]
    observations: tuple[Observation, ...]
    run: Run


@dataclass(frozen=True, slots=True)
class Printed:
    """An identifier read from print, and whether it checks by itself."""

    identifier: Identifier
    checks: bool


def link(
    runs: Sequence[Run],
    seen: Sequence[Observation],
    case: Case,
    rules: RoleRules,
    kind: MediaKind | None,
    seal: bytes | None = None,
    weight_tolerance: float = 0.0,
    statuses: tuple[str, ...] = (),
) -> Linked:
    """Every identifier of one exhibit, and how it stands to what the case expects of this role.

    `seal` is the key of the digests; without it bare numbers cannot be compared.
    """
    expected = case.expected(rules.id)
    codes = [_of_code(one, _told_of(one, expected, seal)) for one in of(seen, Code)]
    printed = of(seen, TextId)
    texts = [Printed(_of_text(one), one.valid is True) for one in printed]
    read = _merged(codes, texts, {squeezed(value) for value in expected.values()})
    known = {squeezed(one.value) for one in read}
    read = [_placed(one, seen) for one in read]
    if seal is not None:
        tokens = of(seen, Token)
        bare = [one for token in tokens for one in _of_token(token, expected, seal)]
        read += [one for one in bare if squeezed(one.value) not in known]
    matched = sorted((_matched(one, expected) for one in read), key=_order)
    run = _run(runs, seen)
    everyone_looked = run.outcome == "completed" and not run.reason
    about = Exhibited(
        matched,
        seen,
        case,
        rules,
        kind,
        statuses,
    )
    seen_of_them = (*weighing(about, everyone_looked), *stated(about, weight_tolerance))
    return Linked(tuple(matched), seen_of_them, run)


def _order(one: Identifier) -> tuple[float, str, str, str]:
    """Sort key: time, kind, value."""
    return one.first_s or 0.0, one.kind, one.value, one.symbology or ""


def _run(runs: Sequence[Run], seen: Sequence[Observation]) -> Run:
    """Linking counts as having looked only if a reader of codes or text completed.

    A reader of shorter reach is named.
    """
    readers = [run for run in runs if {"code", "text_id"} & set(run.sees)]
    done = any(run.outcome == "completed" for run in readers)
    reasons = [
        f"{run.detector}: {run.reason or run.outcome}"
        for run in readers
        if run.outcome != "completed"
    ]
    limited = [one for one in of(seen, Reader) if one.reach == "limited"]
    reasons += [f"print read by {one.value}, reach: limited" for one in limited]
    return Run(
        detector=NAME,
        version=VERSION,
        outcome="completed" if done else "skipped",
        reason="; ".join(reasons)[:2000],
        sees=named((*SEES, *STATES)),
    )


def _placed(found: Identifier, seen: Sequence[Observation]) -> Identifier:
    """A code stands on what the print of the same moment says it stands on."""
    first = found.first_s
    last = found.last_s
    if found.role or first is None or last is None or found.kind == "product_code":
        return found
    near = [one for one in of(seen, TextId) if one.at and one.at.start <= last]
    roles = [one.role for one in near if one.at and one.at.end >= first and one.role]
    return found.model_copy(update={"role": next(iter(roles), None)})


def _of_code(seen: Code, payload: str) -> Identifier:
    """A decoded code as an identifier, with as much of its payload as is said."""
    number = told(payload)
    candidate = best(number)
    kind = _kind_of_code(seen, candidate)
    return Identifier(
        kind=kind,
        value=payload,
        holds=seen.holds,
        digest=seen.digest[:SHOWN_DIGEST] or None,
        symbology=seen.symbology,
        sources=("code",),
        state="weak" if _refuted(seen, candidate) else _code_state(seen),
        carriers=_carriers(number, kind),
        role="product" if kind == "product_code" else None,
        first_s=seen.at.start if seen.at else None,
        last_s=seen.at.end if seen.at else None,
        frames=seen.frames,
        region=seen.region,
        observations=(seen.id,),
        why=sentences.identifier_why(seen.symbology, seen.frames, seen.families),
    )


def _told_of(
    seen: Code,
    expected: Expected,
    seal: bytes | None,
) -> str:
    """What is said of a payload: what may be told of it, and the expected number if it holds it."""
    value = seen.value or ""
    if seal is None or not seen.digest:
        return value
    held = [one for _, one in sorted(expected.items()) if sealed(one, seal) in seen.pieces]
    unsaid = [one for one in held if squeezed(one) not in contained(value)]
    return " ".join(filter(None, (value, *unsaid)))


def _kind_of_code(seen: Code, candidate: Candidate | None) -> str:
    """Whose number a payload is, by symbology and form."""
    if seen.symbology in symbologies.PRODUCT:
        return "product_code"
    stands_alone = candidate and candidate.alone and candidate.valid is not False
    return candidate.kind if candidate and stands_alone else "code"


def _refuted(seen: Code, candidate: Candidate | None) -> bool:
    """Does a check digit inside the payload fail: of a GS1 message, or of a form of its own?"""
    if seen.gs1 and gs1_values(seen.value or "") is None:
        return True
    return candidate is not None and candidate.alone and candidate.valid is False


def _code_state(seen: Code) -> State:
    """How far a decoded payload may be believed, by symbology, pictures and families."""
    length = len(seen.value or "")
    families = len(seen.families)
    if length < SHORTEST and not seen.digest:
        return "weak"
    if seen.symbology in symbologies.CHECKED:
        return "confirmed" if seen.frames >= 2 or families >= 2 else "strong"
    if not _is_whole(seen.symbology, length):
        return "weak"
    return "strong" if seen.frames >= 2 and families >= 2 else "usable"


def _is_whole(symbology: str, length: int) -> bool:
    """Is a code without a check of its own unlikely to be a fragment?"""
    if symbology == "Code39":
        return length >= CODE39_SHORTEST
    if symbology == "ITF":
        return length in ITF_LENGTHS
    return symbology in symbologies.PRODUCT


def _of_text(seen: TextId) -> Identifier:
    """A printed number as an identifier."""
    value = seen.value or ""
    return Identifier(
        kind=seen.number_kind,
        value=value,
        sources=("text",),
        state=_text_state(seen),
        carriers=_carriers(value, seen.number_kind),
        role=seen.role,
        first_s=seen.at.start if seen.at else None,
        last_s=seen.at.end if seen.at else None,
        frames=seen.frames,
        region=seen.region,
        observations=(seen.id,),
        why=sentences.printed_why(seen.label, seen.valid),
    )


def _text_state(seen: TextId) -> State:
    """How far print may be believed, by pictures, confidence and its weakest character.

    Confirmed only where two families of readers read it alike.
    """
    sure = seen.confidence
    weakest = seen.weakest
    if seen.valid is False or not seen.settled:
        return "weak"
    often = seen.frames >= 2
    if len(seen.families) >= 2:
        return "confirmed"
    if seen.valid and not often:
        return "strong" if sure >= CHECKED_TEXT and weakest >= GUESSED else "weak"
    if often or (sure >= SURE and weakest >= CLEAR):
        return "strong"
    likely = sure >= LIKELY and weakest >= CLEAR
    return "usable" if sure >= SURE or likely else "weak"


def _of_token(
    seen: Token,
    expected: Expected,
    seal: bytes,
) -> Iterator[Identifier]:
    """A bare number is no identifier, but the expected one may stand among them.

    Said with the state it deserves.
    """
    for kind, value in sorted(expected.items()):
        if seen.value == sealed(value, seal):
            often = seen.frames >= 2 or seen.confidence >= LIKELY
            yield Identifier(
                kind=kind,
                value=squeezed(value),
                sources=("text",),
                state="usable" if often else "weak",
                first_s=seen.at.start if seen.at else 0.0,
                last_s=seen.at.end if seen.at else 0.0,
                frames=seen.frames,
                region=seen.region,
                why=Message(id=sentences.BARE_NUMBER),
            )


def _carriers(value: str, kind: str) -> tuple[str, ...]:
    """Candidates; where a check digit holds, only those whose it is."""
    found = [one for one in candidates(value) if one.kind == kind]
    found = [one for one in found if one.valid is not False]
    checked = {one.carrier for one in found if one.valid}
    return tuple(sorted(checked or {one.carrier for one in found}))


def _merged(
    codes: Sequence[Identifier],
    texts: Sequence[Printed],
    expected: set[str],
) -> list[Identifier]:
    """A number printed as it was decoded is confirmed twice.

    What is left of the print and lies within `NEAR_EDITS` edits of a code of the same moments is a
    slip of reading, check digit or not, and the code's value stands; unless it is just what is
    expected: neighbouring orders differ by a digit.
    """
    left = list(texts)
    merged = list(codes)
    for is_print_of in (_is_same, _is_slip):
        for number, code in enumerate(merged):
            for text in list(left):
                if is_print_of(text, code, expected):
                    left.remove(text)
                    merged[number] = _confirmed_by(merged[number], text.identifier)
    return merged + [text.identifier for text in left]


def _is_same(
    text: Printed,
    code: Identifier,
    expected: set[str],
) -> bool:
    """Is it the same number, once decoded and once printed?"""
    value = squeezed(code.value)
    shipment = code.kind != "product_code" and len(value) >= SHORTEST
    return shipment and squeezed(text.identifier.value) == value


def _is_slip(
    text: Printed,
    code: Identifier,
    expected: set[str],
) -> bool:
    """Is it the code's number, with a character or two misread?"""
    value = squeezed(code.value)
    printed = squeezed(text.identifier.value)
    if code.kind == "product_code" or len(value) < SHORTEST or printed in expected:
        return False
    if text.checks and not (code.state in SURE_STATES and _meet(text.identifier, code)):
        return False
    return close(printed, value, NEAR_EDITS)


def _meet(one: Identifier, other: Identifier) -> bool:
    """Are both in view at about the same time?"""
    firsts = (one.first_s or 0.0, other.first_s or 0.0)
    lasts = (one.last_s or 0.0, other.last_s or 0.0)
    apart = max(firsts) - min(lasts)
    return apart <= SAME_MOMENT_S


def _confirmed_by(code: Identifier, text: Identifier) -> Identifier:
    """The code, confirmed by its print."""
    kind = text.kind if code.kind == "code" else code.kind
    sure = code.state in SURE_STATES
    return code.model_copy(
        update={
            "kind": kind,
            "sources": ("code", "text"),
            "observations": (*code.observations, *text.observations),
            "state": "confirmed" if sure else code.state,
            "carriers": _carriers(code.value, kind),
        }
    )


def _matched(found: Identifier, expected: Expected) -> Identifier:
    """How it stands to what is expected: the same, near, another, or not asked.

    A part of the number, as where tape or the paper's edge hides the rest, is near and weak.
    """
    if found.kind == "product_code" or not expected:
        return found
    whole = squeezed(without_routing(found.value))
    pieces = contained(found.value)
    for kind, value in sorted(expected.items()):
        if squeezed(value) in pieces:
            update = {"kind": kind if found.kind == "code" else found.kind}
            return found.model_copy(
                update={
                    **update,
                    "match": "expected",
                    "edits": 0,
                }
            )
    if found.kind not in expected:
        return found
    asked = squeezed(expected[found.kind])
    away = edits(whole, asked)
    if SHORTEST <= len(whole) < len(asked) and whole in asked:
        part = {
            "match": "near",
            "edits": away,
            "state": "weak",
        }
        return found.model_copy(update=part)
    slip = away <= NEAR_EDITS and not _is_a_number_of_its_own(found, expected[found.kind])
    match: Match = "near" if slip else "other"
    return found.model_copy(update={"match": match, "edits": away})


def _is_a_number_of_its_own(found: Identifier, expected: str) -> bool:
    """Do both hold their check digits, the one read beyond doubt? Then neither is a slip."""
    if found.state != "confirmed":
        return False
    numbers = (squeezed(without_routing(found.value)), squeezed(expected))
    return all(any(one.valid for one in candidates(number)) for number in numbers)
