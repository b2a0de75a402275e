"""Numbers inside a payload: what a code holds beside the number that people compare."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from models.identifiers.candidates import gs1_values
from models.identifiers.matching import squeezed, without_routing
from models.identifiers.payloads import LONGEST, LONGEST_NUMBER, told

PIECES = re.compile(r"[^0-9A-Za-z-]+")
DIGITS = 8  # of a piece that may be a number of a shipment


@cache
def _label_codes() -> tuple[re.Pattern[str], ...]:
    """Codes that hold more than their number."""
    folder = resources.files("models") / "identifiers" / "formats"
    rows = tomllib.loads((folder / "label_codes.toml").read_text("utf-8"))["code"]
    return tuple(re.compile(row["pattern"]) for row in rows)


def contained(payload: str) -> frozenset[str]:
    """Every number, squeezed, that the payload is, or holds in a way that is known."""
    text = payload[:LONGEST]
    tight = re.sub(r"\s+", "", text)
    found = {squeezed(without_routing(text)), *map(squeezed, PIECES.split(text))}
    fitting = [code.fullmatch(tight) for code in _label_codes()]
    found |= {squeezed(match["number"]) for match in fitting if match}
    fields = gs1_values(tight) if len(tight) <= LONGEST_NUMBER else None
    found |= {squeezed(value) for value in (fields or {}).values()}
    return frozenset(found - {""})


def may_name_a_shipment(payload: str) -> bool:
    """Is it, or does it hold, what could be the number of an order or parcel?

    Codes with a page of the web, a network, a contact or a payment are none; of a text only the
    numbers that may be told count.
    """
    return any(sum(map(str.isdigit, piece)) >= DIGITS for piece in contained(told(payload)))
