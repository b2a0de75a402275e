"""What a code holds, and how much of it is told: numbers of shipments, and nothing of a person."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identifiers.contained import contained
from models.identifiers.matching import squeezed
from models.identifiers.payloads import payload_kind, told
from models.kinds import Code
from models.sealing import Sealing, sealed

ORDER, TRACKING = "576920418365107249", "9400111899560012345677"
KEY = b"k" * 32
AAMVA = "@\n\x1e\rANSI 636000080002DL00410288ZC03290031DLDCSEXAMPLE\nDACPAT\nDAQX1234567\n"
ALL = "all of it"


@pytest.mark.parametrize(
    ("payload", "kind", "says"),
    [
        (TRACKING, "number", ALL),
        ("9400 1118 9956 0012 3456 77", "number", ALL),
        ("42090210" + TRACKING, "number", ALL),
        ("%000622501996202443772101372", "number", ALL),
        ("(00)340123456789012340", "number", ALL),
        ("0101234567890128\x1d10AB-1", "number", ALL),
        ("B123-456-789D", "number", ALL),
        ("SKU-0001/RED", "number", ALL),
        ("PO-211-12345678901234", "number", ALL),
        ("https://example.org/help", "web", ALL),
        ("https://example.org/t?no=" + TRACKING, "web", ""),
        ("https://example.org/r/8f3a91c2", "web", ""),
        ("https://pat@example.org/", "web", ""),
        ("HTTP://EXAMPLE.ORG/#token", "web", ""),
        ("weixin://wxpay/bizpayurl?pr=abc", "web", ""),
        ("WIFI:T:WPA;S:net;P:pass12345678;;", "wifi", ""),
        (" wifi:S:net;;", "wifi", ""),
        ("BEGIN:VCARD\nN:Example;Pat\nTEL:5558675309\nEND:VCARD", "contact", ""),
        ("MECARD:N:Example,Pat;TEL:5558675309;;", "contact", ""),
        ("tel:+15558675309", "contact", ""),
        ("mailto:pat@example.org", "message", ""),
        ("SMSTO:5558675309:hello", "message", ""),
        ("geo:52.1,13.2", "place", ""),
        (AAMVA, "identity", ""),
        ("upi://pay?pa=1234567890@bank", "payment", ""),
        ("00020101021129370016A000000677010111", "payment", ""),
        ("BCD\n002\n1\nSCT\n\nPat Example\nDE00123456780000000000", "payment", ""),
        ("otpauth://totp/example?secret=ABC", "secret", ""),
        ("M1EXAMPLE/PAT         EABC123 FRAJFK", "text", ""),
        ("Pat Example, 12 Garden Street, 5558675309", "text", ""),
        ("4111 1111 1111 1111 12/29 Pat", "text", ""),
        ("+15558675309", "text", ""),
        ("4300EXAMPLE\x1d430212+GARDEN+STREET", "text", ""),
        ("\x00\x03\x0612345678901", "text", ""),
        ("", "text", ""),
        (f"{ORDER}|Pat Example|+15558675309|12 Garden Street", "text", ORDER),
        (f"Order: {ORDER}\nShip to: Pat Example", "text", ORDER),
        ('{"order_id": "100200300400", "name": "Pat"}', "text", "order id:100200300400"),
        ("运单号:773012345678901,收件人", "text", "运单号:773012345678901"),
        ("伝票番号 123456789012 荷物", "text", "伝票番号:123456789012"),
        ("Bestellnummer: 1234567890, Pat", "text", "Bestellnummer:1234567890"),
        ("номер заказа 1234567890", "text", "номер заказа:1234567890"),
        ("운송장 번호: 123456789012, 서울", "text", "운송장 번호:123456789012"),
        ("numéro de commande : 1234567890", "text", "numéro de commande:1234567890"),
        ("Tracking no Pat 5558675309", "text", ""),
        (f"{TRACKING} Pat Example", "text", TRACKING),
    ],
)
def test_what_is_told_of_a_payload(payload: str, kind: str, says: str) -> None:
    assert payload_kind(payload) == kind
    assert told(payload) == (payload if says == ALL else says)


@given(st.text(max_size=200))
def test_telling_invents_nothing(payload: str) -> None:
    said = told(payload)
    assert len(said) <= len(payload) + 1
    assert contained(said) <= contained(payload) | {squeezed(said)}
    assert told(said) in (said, "") or contained(told(said)) <= contained(said)


def code(payload: str) -> Code:
    return Code(
        value=payload,
        symbology="QRCode",
        frames=1,
        families=("zxing",),
        seen_s=(0.0,),
        best_s=0.0,
        digest="said by the box",
        pieces=("said by the box",),
        holds="number",
    )


@pytest.mark.parametrize("payload", [AAMVA, f"WIFI:S:net;P:{ORDER};;", f"{ORDER} Pat Example"])
def test_what_is_saved_can_only_be_asked(payload: str) -> None:
    """Nothing private is in it; a number in it can be compared; the box decides nothing of that."""
    (saved,) = Sealing(KEY).of([code(payload)])
    assert isinstance(saved, Code)
    text = saved.model_dump_json()
    assert not any(word in text for word in ("Example", "EXAMPLE", "PAT", "Pat", "net", "X1234567"))
    assert saved.digest != "said by the box" and "said by the box" not in saved.pieces
    assert (sealed(ORDER, KEY) in saved.pieces) == (ORDER in payload)
    (kept,) = Sealing(KEY, keep_payloads=True).of([code(payload)])
    assert kept.value == payload


def test_a_number_is_saved_as_it_is() -> None:
    (saved,) = Sealing(KEY).of([code(TRACKING)])
    assert isinstance(saved, Code)
    assert (saved.value, saved.digest, saved.pieces) == (TRACKING, "", ())


def test_the_digest_of_a_payload_is_the_same_in_every_report() -> None:
    """The key of bare numbers differs from one scoring to the next, unless it is the operator's."""
    wifi = "WIFI:S:net;;"
    saved = [
        *Sealing(b"a" * 16).of([code(wifi)]),
        *Sealing(b"b" * 16).of([code(wifi)]),
        *Sealing(b"a" * 16, is_operators=True).of([code(wifi)]),
    ]
    first, second, by_operator = (one.digest for one in saved if isinstance(one, Code))
    assert first == second == hashlib.sha256(wifi.encode()).hexdigest() != by_operator
