"""Link: what was read becomes identifiers, and only here they meet the case. Pure; never changes what was read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from models import identifiers as ids
from models.observation import Observation, Run, Span
from models.report import Identifier, Match, State
from models.submission import Case

SEES = ("identifier_read", "identifier_expected", "identifier_other")
CHECKED = {
    "QRCode",
    "MicroQRCode",
    "RMQRCode",
    "DataMatrix",
    "PDF417",
    "MicroPDF417",
    "Aztec",
    "MaxiCode",
    "Code128",
}  # carry error correction or a check of their own
PRODUCT = {"EAN13", "EAN8", "UPCA", "UPCE", "DataBar", "DataBarExpanded", "DataBarLimited"}  # never shipment IDs
ITF_LENGTHS = {14, 16, 18, 20, 22, 24}  # shorter ITF reads are often fragments of longer ones
SHORTEST = 6  # characters of a code that may identify anything
OTHER_FRAMES = 2  # pictures in which another order's ID must be read alike
NEAR = 2  # edits between a read and an expected ID that are still called near
SURE, LIKELY = 0.97, 0.90  # confidence of a single text read that makes it strong, usable (research: ocr 4)
CHECKED_TEXT = 0.85  # the same where a check digit holds
CLEAR, GUESSED = 0.8, 0.5  # confidence of the weakest character of a sure read; and below which it was guessed, check digit or not


@dataclass(frozen=True, slots=True)
class Linked:
    """What `identifiers` found, and what weighs: observations of the kinds in `SEES`, with the run that made them."""

    identifiers: tuple[Identifier, ...]
    observations: tuple[Observation, ...]
    run: Run


def identifiers(runs: Sequence[Run], observations: Sequence[Observation], case: Case, role: str) -> Linked:
    """Every identifier of one exhibit, and how it stands to what the case expects of this role."""
    expected = case.expected(role)
    codes = [_of_code(o) for o in observations if o.kind == "code"]
    texts = [(_of_text(o), o.detail.get("valid") is True) for o in observations if o.kind == "text_id"]
    read = _merged(codes, texts, {ids.squeezed(value) for value in expected.values()})
    known = {value for i in read for value in (ids.squeezed(i.value),)}
    read = [_placed(i, observations) for i in read]
    read += [i for o in observations if o.kind == "token" for i in _of_token(o, expected) if ids.squeezed(i.value) not in known]
    matched = sorted((_matched(i, expected) for i in read), key=lambda i: (i.first_s or 0.0, i.kind, i.value, i.symbology or ""))
    run = _run(runs, observations)
    seen = tuple(_weighing(matched, case, role, everyone_looked=run.outcome == "completed" and not run.reason))
    return Linked(tuple(matched), seen, run)


def _run(runs: Sequence[Run], observations: Sequence[Observation]) -> Run:
    """Linking counts as having looked only if a reader of codes or text completed; a reader of shorter reach is named."""
    readers = [run for run in runs if {"code", "text_id"} & set(run.sees)]
    done = any(run.outcome == "completed" for run in readers)
    failed = [run for run in readers if run.outcome != "completed"]
    limited = [f"print read by {o.value}, reach: limited" for o in observations if o.kind == "reader"]
    reason = "; ".join([f"{run.detector}: {run.reason or run.outcome}" for run in failed] + limited)
    return Run(detector="link", version="1", outcome="completed" if done else "skipped", reason=reason, sees=SEES)


def _placed(found: Identifier, observations: Sequence[Observation]) -> Identifier:
    """A code stands on what the print of the same moment says it stands on."""
    if found.role or found.first_s is None or found.last_s is None or found.kind == "product_code":
        return found
    near = (o for o in observations if o.kind == "text_id" and o.at and o.at.start <= found.last_s and o.at.end >= found.first_s)
    return found.model_copy(update={"role": next((o.detail.get("role") for o in near if o.detail.get("role")), None)})


def _of_code(seen: Observation) -> Identifier:
    payload, symbology = seen.value or "", str(seen.detail["symbology"])
    frames, families = int(seen.detail["frames"]), len(seen.detail["families"])
    best = ids.best(payload)
    kind = "product_code" if symbology in PRODUCT else best.kind if best and best.alone and best.valid is not False else "code"
    return Identifier(
        kind=kind,
        value=payload,
        symbology=symbology,
        sources=("code",),
        state="weak" if _refuted(payload, bool(seen.detail.get("gs1")), best) else _code_state(payload, symbology, frames, families),
        carriers=_carriers(payload, kind),
        role="product" if kind == "product_code" else None,
        first_s=seen.at.start if seen.at else None,
        last_s=seen.at.end if seen.at else None,
        frames=frames,
        region=seen.region,
        why=f"{symbology} in {frames} picture(s), read by {', '.join(seen.detail['families'])}",
    )


def _refuted(payload: str, gs1: bool, best: ids.Candidate | None) -> bool:
    """Does a check digit inside the payload fail: that of a GS1 message, or of a form that stands alone?"""
    return (gs1 and ids.gs1(payload) is None) or (best is not None and best.alone and best.valid is False)


def _code_state(payload: str, symbology: str, frames: int, families: int) -> State:
    if len(payload) < SHORTEST:
        return "weak"
    if symbology in CHECKED:
        return "confirmed" if frames >= 2 or families >= 2 else "strong"
    whole = symbology in PRODUCT or (symbology == "Code39" and len(payload) >= 8) or (symbology == "ITF" and len(payload) in ITF_LENGTHS)
    return ("strong" if frames >= 2 and families >= 2 else "usable") if whole else "weak"


def _of_text(seen: Observation) -> Identifier:
    value, frames, sure = seen.value or "", int(seen.detail["frames"]), float(seen.detail["confidence"])
    valid = seen.detail.get("valid")
    return Identifier(
        kind=str(seen.detail["kind"]),
        value=value,
        sources=("text",),
        state=_text_state(frames, sure, valid, float(seen.detail["weakest"]), bool(seen.detail["settled"])),
        carriers=_carriers(value, str(seen.detail["kind"])),
        role=seen.detail.get("role"),
        first_s=seen.at.start if seen.at else None,
        last_s=seen.at.end if seen.at else None,
        frames=frames,
        region=seen.region,
        why=f"printed beside {seen.detail['label']!r}"
        if seen.detail.get("label")
        else "its check digit holds"
        if valid
        else "its form is specific",
    )


def _text_state(frames: int, sure: float, valid: bool | None, weakest: float, settled: bool) -> State:
    """How far a number read from print may be believed, by pictures, confidence and its weakest character."""
    if valid is False or not settled:
        return "weak"
    if valid:
        return "confirmed" if frames >= 2 else "strong" if sure >= CHECKED_TEXT and weakest >= GUESSED else "weak"
    if frames >= 2 or (sure >= SURE and weakest >= CLEAR):
        return "strong"
    return "usable" if sure >= SURE or (sure >= LIKELY and weakest >= CLEAR) else "weak"


def _of_token(seen: Observation, expected: dict[str, str]) -> Iterator[Identifier]:
    """A bare number is no identifier, but the expected one may stand among them; said with the state it deserves."""
    for kind, value in sorted(expected.items()):
        if ids.squeezed(seen.value or "") == ids.squeezed(value):
            frames = int(seen.detail["frames"])
            state: State = "usable" if frames >= 2 or float(seen.detail["confidence"]) >= LIKELY else "weak"
            at = seen.at or Span(start=0, end=0)
            yield Identifier(
                kind=kind,
                value=seen.value or "",
                sources=("text",),
                state=state,
                first_s=at.start,
                last_s=at.end,
                frames=frames,
                region=seen.region,
                why="read without a label word beside it",
            )


def _carriers(value: str, kind: str) -> tuple[str, ...]:
    """Candidates; where a check digit holds, only those whose it is."""
    found = [c for c in ids.candidates(value) if c.kind == kind and c.valid is not False]
    return tuple(sorted({c.carrier for c in found if c.valid} or {c.carrier for c in found}))


def _merged(codes: list[Identifier], texts: list[tuple[Identifier, bool]], expected: set[str]) -> list[Identifier]:
    """A number printed as it was decoded is confirmed twice. One within `NEAR` edits is a slip of reading print, and the code's
    value stands, unless the print checks by itself or is just what is expected: neighbouring orders differ by a digit."""
    left = list(texts)
    merged = []
    for decoded in codes:
        code, value = decoded, ids.squeezed(decoded.value)
        for text, checks in list(left) if code.kind != "product_code" and len(value) >= SHORTEST else ():
            printed = ids.squeezed(text.value)
            if printed == value or (not checks and printed not in expected and ids.close(printed, value, NEAR)):
                left.remove((text, checks))
                state: State = "confirmed" if code.state in ("confirmed", "strong") else code.state
                kind = text.kind if code.kind == "code" else code.kind
                code = code.model_copy(
                    update={"kind": kind, "sources": ("code", "text"), "state": state, "carriers": _carriers(code.value, kind)}
                )
        merged.append(code)
    return merged + [text for text, _ in left]


def _matched(found: Identifier, expected: dict[str, str]) -> Identifier:
    if found.kind == "product_code" or not expected:
        return found
    whole = ids.squeezed(re.sub(r"^420\d{5}(\d{4})?(?=9[1-5])", "", found.value))
    pieces = {whole, *(ids.squeezed(piece) for piece in re.split(r"[^0-9A-Za-z-]+", found.value))}
    for kind, value in sorted(expected.items()):
        if ids.squeezed(value) in pieces:
            return found.model_copy(update={"kind": kind if found.kind == "code" else found.kind, "match": "expected", "edits": 0})
    if found.kind not in expected:
        return found
    away = ids.edits(whole, ids.squeezed(expected[found.kind]))
    match: Match = "near" if away <= NEAR else "other"
    return found.model_copy(update={"match": match, "edits": away})


def _weighing(found: Sequence[Identifier], case: Case, role: str, everyone_looked: bool) -> Iterator[Observation]:
    """Observations for `weigh`: the best reading of each sort.

    Another order is said only by SCORING 4b.7: an ID of the same role whose form holds, in two pictures or more, where every reader
    looked and the expected one was never read; and never by a number that the case itself names.
    """
    shipment = [i for i in found if i.kind != "product_code" and (i.kind != "code" or len(i.value) >= SHORTEST)]
    yield from _one("identifier_read", [i for i in shipment if i.state in ("confirmed", "strong")], case)
    equal = [i for i in found if i.match == "expected"]
    yield from _one("identifier_expected", equal, case)
    met, named = {i.kind for i in equal}, case.named()
    other = [i for i in found if i.match == "other" and i.state == "confirmed" and i.frames >= OTHER_FRAMES and i.kind not in met]
    if everyone_looked:
        yield from _one(
            "identifier_other", [i for i in other if i.kind in case.exclusive(role) and ids.squeezed(i.value) not in named], case
        )


def _one(kind: str, found: Iterable[Identifier], case: Case) -> Iterator[Observation]:
    rank = {"confirmed": 0, "strong": 1, "usable": 2, "weak": 3}
    for best in sorted(found, key=lambda i: (rank[i.state], i.kind == "code", "code" not in i.sources, i.kind, i.value))[:1]:
        yield Observation(
            kind=kind,
            at=None if best.first_s is None else Span(start=best.first_s, end=best.last_s if best.last_s is not None else best.first_s),
            region=best.region,
            value=best.value,
            detail={
                "kind": best.kind,
                "state": best.state,
                "sources": list(best.sources),
                "frames": best.frames,
                "symbology": best.symbology,
                "digits": min(case.effective_digits, len(ids.squeezed(best.value))),
            },
            detector="link",
            id=f"link:{kind}",
        )
