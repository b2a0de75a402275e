"""Numbers inside a payload: what a code holds beside the number that people compare."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from urllib.parse import parse_qsl, urlsplit

from models.identifiers.candidates import gs1_values
from models.identifiers.matching import squeezed, without_routing
from models.identifiers.payloads import LONGEST, LONGEST_NUMBER, payload_kind, told

PIECES = re.compile(r"[^0-9A-Za-z-]+")
MOST_FIELDS = 50  # parameters of an address
PARAMETER = re.compile(
    r"(?:order|track|trk|waybill|awb|parcel|package|shipment|consign|num|no$|nr$|number|cn$|id$|"
    r"oid|tn$|mailno|barcode)",
    re.IGNORECASE,
)
DIGITS = 8  # of a piece that may be a number of a shipment


@cache
def _label_codes() -> tuple[re.Pattern[str], ...]:
    """Codes that hold more than their number."""
    folder = resources.files("models") / "identifiers" / "formats"
    rows = tomllib.loads((folder / "label_codes.toml").read_text("utf-8"))["code"]
    return tuple(re.compile(row["pattern"]) for row in rows)


def contained(payload: str) -> frozenset[str]:
    """Every number, squeezed, that the payload is, or holds in a way that is known.

    Of an address on the web, what its path names, and what is asked for by a name for it.
    """
    text = payload[:LONGEST]
    if payload_kind(text) == "web":
        return frozenset({squeezed(one) for one in _in_address(text)} - {""})
    tight = re.sub(r"\s+", "", text)
    found = {squeezed(without_routing(text)), *map(squeezed, PIECES.split(text))}
    fitting = [code.fullmatch(tight) for code in _label_codes()]
    found |= {squeezed(match["number"]) for match in fitting if match}
    fields = gs1_values(tight) if len(tight) <= LONGEST_NUMBER else None
    found |= {squeezed(value) for value in (fields or {}).values()}
    return frozenset(found - {""})


def _in_address(text: str) -> Iterator[str]:
    """Parts of the path that may be numbers, and values of parameters called so."""
    try:
        parts = urlsplit(text)
        asked = parse_qsl(parts.query, max_num_fields=MOST_FIELDS)
    except ValueError:
        return
    for part in parts.path.split("/"):
        if sum(map(str.isdigit, part)) >= DIGITS:
            yield part
    yield from (value for name, value in asked if PARAMETER.match(name))


def may_name_a_shipment(payload: str) -> bool:
    """Is it, or does it hold, what could be the number of an order or parcel?

    Codes with a page of the web, a network, a contact or a payment are none; of a text only the
    numbers that may be told count.
    """
    return any(sum(map(str.isdigit, piece)) >= DIGITS for piece in contained(told(payload)))
