"""Comparing numbers: what is left of them to compare, and how far apart two are."""

from __future__ import annotations

import re
import unicodedata

ROUTED = re.compile(r"^420\d{5}(?:\d{4})?(?=9[1-5])")


def squeezed(text: str) -> str:
    """What two numbers are compared by: NFKC, upper case, letters and digits only.

    Digits of other scripts count as what they stand for: they may not vanish between others.
    """
    written = unicodedata.normalize("NFKC", text).upper()
    if not written.isascii():
        written = "".join(_ascii_digit(sign) for sign in written)
    return re.sub(r"[^0-9A-Z]", "", written)


def _ascii_digit(sign: str) -> str:
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)


def without_routing(number: str) -> str:
    """A USPS number without the routing ZIP in front, which is no part of it."""
    return ROUTED.sub("", number)


def close(
    left: str,
    right: str,
    most: int,
) -> bool:
    """Are the two within `most` edits? Lengths come first: long payloads cost nothing."""
    if left == right:
        return True
    return abs(len(left) - len(right)) <= most and edits(left, right, most) <= most


def edits(
    left: str,
    right: str,
    most: int | None = None,
) -> int:
    """Levenshtein distance; some number above `most` where it is more than that."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        above = row
        row = [i]
        for j, b in enumerate(right, start=1):
            replaced = above[j - 1] + (a != b)
            row.append(min(above[j] + 1, row[j - 1] + 1, replaced))
        if most is not None and min(row) > most:
            break
    return row[-1] if most is None else max(row[-1], min(row))
