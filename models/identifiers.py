"""Order IDs and tracking numbers: formats, check digits, and how far each may be believed.

Facts of the formats: carriers' and platforms' public documents, and tracking_number_data (jkeen, MIT) for check rules.
A carrier is a candidate; a bare number without a label word beside it is never an identifier.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

IdKind = Literal["order_id", "tracking_number", "package_id"]
Check = Callable[[str], bool]


def squeezed(text: str) -> str:
    """What two numbers are compared by: NFKC, upper case, letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def mod10_31(digits: str) -> bool:
    """GS1 and USPS: weights 3 and 1 from the right, the last digit is the check."""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def ups(number: str) -> bool:
    """UPS 1Z: letters count as (ord - 63) mod 10, every second character doubled, over the 15 after 1Z."""
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in number[2:17]]
    total = sum(value * (2 if i % 2 else 1) for i, value in enumerate(values))
    return (10 - total % 10) % 10 == int(number[17])


def s10(number: str) -> bool:
    """UPU S10: eight digits by weights 8 6 4 2 3 5 9 7, mod 11."""
    total = sum(int(d) * w for d, w in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) == int(number[10])


def fedex12(number: str) -> bool:
    """FedEx Express: weights 3 1 7 repeated over eleven digits, mod 11, mod 10."""
    total = sum(int(d) * (3, 1, 7)[i % 3] for i, d in enumerate(number[:11]))
    return total % 11 % 10 == int(number[11])


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `alone`: specific enough to be taken without a label word beside it."""

    kind: IdKind
    carrier: str
    pattern: re.Pattern[str]
    check: Check | None = None
    alone: bool = False


def _format(kind: IdKind, carrier: str, pattern: str, check: Check | None = None, alone: bool = False) -> Format:
    return Format(kind, carrier, re.compile(pattern), check, alone)


FORMATS = (
    _format("tracking_number", "ups", r"1Z[0-9A-Z]{15}\d", ups, alone=True),
    _format("tracking_number", "usps", r"9[1-5]\d{20}", mod10_31, alone=True),
    _format("tracking_number", "usps", r"9[1-5]\d{18}", mod10_31, alone=True),
    _format("tracking_number", "s10", r"[A-Z]{2}\d{9}[A-Z]{2}", s10, alone=True),
    _format("tracking_number", "amazon", r"TB[ACM]\d{12}", None, alone=True),
    _format("tracking_number", "spx", r"SPX[A-Z]{2}\d{11}[0-9A-Z]", None, alone=True),
    _format("tracking_number", "speedx", r"SPX1[A-Z]{2}\d{12}", None, alone=True),
    _format("tracking_number", "jt", r"J[DPTXZ]\d{10}(\d{3})?", None, alone=True),
    _format("tracking_number", "sf", r"SF[0-9A-Z]\d{12}", None, alone=True),
    _format("tracking_number", "cainiao", r"LP\d{14}", None, alone=True),
    _format("tracking_number", "yunexpress", r"YT\d{16}", None, alone=True),
    _format("tracking_number", "yto", r"YT\d{13}", None, alone=True),
    _format("tracking_number", "4px", r"4PX\d{13}CN", None, alone=True),
    _format("tracking_number", "shadowfax", r"(R|SF)\d{10}(FPL|MEO)", None, alone=True),
    _format("tracking_number", "fedex", r"\d{12}", fedex12),
    _format("tracking_number", "fedex", r"\d{15}", mod10_31),
    _format("tracking_number", "sscc", r"(00)?\d{18}", mod10_31),
    _format("order_id", "amazon", r"\d{3}-?\d{7}-?\d{7}", None, alone=True),
    _format("order_id", "temu", r"PO-?\d{3}-?\d{14,20}", None, alone=True),
    _format("order_id", "tiktok_shop", r"5[78]\d{16}", None),
    _format("order_id", "aliexpress", r"[38]\d{15}", None),
    _format("order_id", "shopee", r"2\d(0[1-9]|1[0-2])\d{2}[0-9A-Z]{8}", None),
    _format("order_id", "ebay", r"\d{2}-\d{5}-\d{5}", None, alone=True),
    _format("order_id", "meesho", r"\d{17,18}_\d+(_[a-z]{3})?", None, alone=True),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a text could be. `valid`: its check digit holds; None where the format has none."""

    kind: IdKind
    carrier: str
    valid: bool | None
    alone: bool


def candidates(text: str) -> Iterator[Candidate]:
    """Every format that the whole of `text` fits."""
    written = unicodedata.normalize("NFKC", text).strip()
    tight = re.sub(r"\s+", "", written).upper()
    routed = re.sub(r"^420\d{5}(\d{4})?(?=9[1-5])", "", tight)  # USPS: the routing ZIP in front is no part of the number
    for form in FORMATS:
        for number in dict.fromkeys((tight, routed, written)):
            if form.pattern.fullmatch(number):
                yield Candidate(form.kind, form.carrier, form.check(number) if form.check else None, form.alone)
                break


def close(left: str, right: str, most: int) -> bool:
    """Are the two within `most` edits? Lengths are compared first, so that long payloads cost nothing."""
    return abs(len(left) - len(right)) <= most and edits(left, right) <= most


def edits(left: str, right: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        row, above = [i], row
        for j, b in enumerate(right, start=1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]
