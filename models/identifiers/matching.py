"""Comparing numbers: what is left of them to compare, and how far apart two are."""

from __future__ import annotations

import re
import unicodedata

ROUTED = re.compile(r"^420\d{5}(?:\d{4})?(?=9[1-5])")


def squeezed(text: str) -> str:
    """What two numbers are compared by: NFKC, upper case, letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def without_routing(number: str) -> str:
    """A USPS number without the routing ZIP in front, which is no part of it."""
    return ROUTED.sub("", number)


def close(
    left: str,
    right: str,
    most: int,
) -> bool:
    """Are the two within `most` edits? Lengths come first: long payloads cost nothing."""
    return abs(len(left) - len(right)) <= most and edits(left, right) <= most


def edits(left: str, right: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        above = row
        row = [i]
        for j, b in enumerate(right, start=1):
            replaced = above[j - 1] + (a != b)
            row.append(min(above[j] + 1, row[j - 1] + 1, replaced))
    return row[-1]
