"""What a code's payload is, and how much of it may be told.

A code on a parcel holds a number, or what belongs to a person: a network, a contact, an identity
card, a payment, a page with a token. Of those, and of plain text, only numbers of shipments are
told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from models.identifiers.candidates import best, gs1_values
from models.identifiers.label_words import label_words

PayloadKind = Literal[
    "number", "web", "wifi", "contact", "message", "place", "identity", "payment", "secret", "text"
]
LONGEST = 2000  # characters of a payload in which numbers are looked for
LONGEST_NUMBER = 90  # characters of a payload that is one number, or a GS1 message
LONGEST_URL = 200
MOST = 300  # pieces of a text that are looked at
BESIDE = 6  # signs at most between a label word and its number
DIGITS = 8  # of a number beside a label word
LONGER_THAN_CARDS = 17  # digits; numbers of cards and of accounts have fewer
TOKEN_DIGITS = 4  # of a part of an address that may be somebody's token
# How payloads begin that belong to a person, by what they are.
BEGINNINGS: tuple[tuple[PayloadKind, str], ...] = (
    ("wifi", r"WIFI:"),
    ("contact", r"BEGIN:V|MECARD:|BIZCARD:|TEL:"),
    ("message", r"MATMSG:|MAILTO:|SMTP:|SMSTO:|SMS:|MMSTO:|WHATSAPP:|FACETIME:"),
    ("place", r"GEO:"),
    ("identity", r"@\s*\x1e?\s*(?:ANSI|AAMVA) ?|[IPAC][A-Z<][A-Z]{3}[A-Z0-9<]{20}"),
    (
        "payment",
        r"UPI:|BITCOIN:|ETHEREUM:|LIGHTNING:|PAYTO:|WXP:|ALIPAYS?:|"
        r"BCD\r?\n|SPC\r?\n|SPD\*|000201\d{2}",
    ),
    ("secret", r"OTPAUTH|DPP:|FIDO:|LPA:|WPA:"),
    ("web", r"[A-Z][A-Z0-9+.-]{1,20}://|WWW\."),
)
BEGINS = [(kind, re.compile(rf"\s*(?:{begins})", re.I)) for kind, begins in BEGINNINGS]
# One run of signs as label codes have them, or groups with digits in each.
NUMBER = re.compile(r"[0-9A-Za-z%$/.:#*()_\x1d-]+|(?:[A-Za-z-]*\d[0-9A-Za-z-]*(?: (?=\S)|$)){2,}")
ADDRESSED = "43"  # GS1 application identifiers of names, streets and phones begin with it
PIECE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*")


def payload_kind(payload: str) -> PayloadKind:
    """What it is, by how it begins; `text` where it is nothing that is known."""
    for kind, begins in BEGINS:
        if begins.match(payload):
            return kind
    return "number" if _is_number(payload) else "text"


def told(payload: str) -> str:
    """As much of a payload as may be told: all of a number, the numbers in a text, else nothing."""
    kind = payload_kind(payload)
    if kind == "number" or (kind == "web" and _is_plain_page(payload)):
        return payload
    return " ".join(_numbers(payload[:LONGEST])) if kind == "text" else ""


def _is_number(payload: str) -> bool:
    """Does it look like what label codes hold, and nothing else?"""
    if len(payload) > LONGEST_NUMBER or not NUMBER.fullmatch(payload):
        return False
    fields = gs1_values(payload) if "\x1d" in payload or payload[:2] == ADDRESSED else None
    return not any(name.startswith(ADDRESSED) for name in fields or ())


def _is_plain_page(payload: str) -> bool:
    """Is it an address of a page that is the same for everybody?"""
    try:
        parts = urlsplit(payload)
    except ValueError:
        return False
    short = len(payload) <= LONGEST_URL and payload.isascii() and payload.isprintable()
    digits = max(sum(sign.isdigit() for sign in part) for part in parts.path.split("/"))
    personal = parts.query or parts.fragment or "@" in payload or digits >= TOKEN_DIGITS
    return short and parts.scheme.lower() in ("http", "https") and not personal


def _numbers(text: str) -> Iterator[str]:
    """Numbers beside a label word, with it, and those of a form that nothing private has."""
    spaced = text.replace("_", " ")
    words = [found for _, word in label_words() for found in word.finditer(spaced)]
    pieces = list(PIECE.finditer(text))
    for piece in pieces[:MOST]:
        number = piece.group()
        label = next((word for word in words if _beside(word, piece, text)), None)
        if label and sum(map(str.isdigit, number)) >= DIGITS:
            yield f"{label.group().strip(' :#')}:{number}"
        elif _names_itself(number):
            yield number


def _beside(
    word: re.Match[str],
    piece: re.Match[str],
    text: str,
) -> bool:
    """Does the piece follow the label word, with signs alone between them?"""
    between = text[word.end() : piece.start()]
    near = 0 <= piece.start() - word.end() <= BESIDE
    return near and not any(sign.isalnum() for sign in between)


def _names_itself(number: str) -> bool:
    """Is it in a form that stands alone, or an order's that is longer than any card's number?"""
    one = best(number)
    if one is None or one.valid is False:
        return False
    return one.alone or (one.kind == "order_id" and len(number) >= LONGER_THAN_CARDS)
