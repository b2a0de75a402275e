"""Whose number a text could be, by its form and check digit, and how far that may be believed.

A carrier is a candidate, never a fact; a bare number without a label word beside it is never an
identifier.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import biip

from models.identifiers.matching import without_routing
from models.identifiers.number_format import IdKind, NumberFormat, formats
from models.message import N_, Arguments, Message

LONGEST = 64  # characters; no number is longer, and a code's payload may be anything

VALIDITY = {
    True: N_("its check digit holds"),
    False: N_("its check digit does not hold"),
    None: N_("it has the form, which has no check digit"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a text could be. `valid`: its check digit holds; None where the form has none."""

    kind: IdKind
    carrier: str
    format: str
    valid: bool | None
    alone: bool
    hearsay: bool
    clashes: str

    @property
    def why(self) -> Message:
        """What speaks for it and what it may be besides."""
        args: Arguments = {"holds": Message(id=VALIDITY[self.valid])}
        if self.hearsay and self.clashes:
            args["clashes"] = self.clashes
            template = N_("{holds}; the form is known from hearsay only; may also be: {clashes}")
        elif self.hearsay:
            template = N_("{holds}; the form is known from hearsay only")
        elif self.clashes:
            args["clashes"] = self.clashes
            template = N_("{holds}; may also be: {clashes}")
        else:
            return Message(id=VALIDITY[self.valid])
        return Message(id=template, args=args)


@lru_cache(4096)
def candidates(text: str) -> tuple[Candidate, ...]:
    """Every form that the whole of `text` fits, the surest first."""
    if len(text) > 2 * LONGEST:
        return ()
    written = unicodedata.normalize("NFKC", text).strip()
    tight = re.sub(r"\s+", "", written).upper()
    numbers = tuple(dict.fromkeys((tight, without_routing(tight), written)))
    fitting = [_candidate(form, numbers) for form in formats()]
    return tuple(sorted((one for one in fitting if one), key=_rank, reverse=True))


def _candidate(form: NumberFormat, numbers: Iterable[str]) -> Candidate | None:
    """What a form makes of the first of the numbers that fits it."""
    for number in numbers:
        match = form.pattern.fullmatch(number)
        if match:
            return Candidate(
                kind=form.kind,
                carrier=form.carrier,
                format=form.name,
                valid=form.valid(match),
                alone=form.alone,
                hearsay=form.trust == "hearsay",
                clashes=form.clashes,
            )
    return None


def _rank(one: Candidate) -> tuple[bool, bool, bool]:
    """Sorts the surest last."""
    return one.alone and one.valid is not False, one.valid is True, one.valid is None


def gs1_values(payload: str) -> dict[str, str] | None:
    """Values by application identifier of a GS1 message, FNC1 kept as group separator.

    None where it is no such message, or a check digit in it fails.
    """
    try:
        message = biip.parse("]C1" + payload).gs1_message
    except biip.ParseError:
        return None
    parts = message.element_strings if message else ()
    failed = any(part.gtin_error or part.sscc_error or part.gln_error for part in parts)
    return None if failed or not parts else {part.ai.ai: part.value for part in parts}


def best(text: str) -> Candidate | None:
    """The surest candidate: a form that stands alone and is not refuted, else a checked one."""
    return next(iter(candidates(text)), None)


def check_holds(kind: IdKind, text: str) -> bool | None:
    """Does a check digit of this kind hold? False where forms that stand alone are all refuted."""
    some = [one for one in candidates(text) if one.kind == kind]
    standing = [one.valid for one in some if one.alone]
    verdicts = standing or [one.valid or None for one in some]
    if True in verdicts:
        return True
    return False if verdicts and None not in verdicts else None
