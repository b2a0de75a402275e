"""Numbers inside payloads: what label codes hold, and what names no shipment at all."""

from __future__ import annotations

import pytest

from models.identifiers.contained import contained, may_name_a_shipment
from models.identifiers.matching import squeezed

TRACKING = "9400111899560012345677"


@pytest.mark.parametrize(
    ("payload", "number"),
    [
        (TRACKING, TRACKING),
        ("420" + "90210" + TRACKING, TRACKING),
        ("https://example.org/t?no=" + TRACKING, TRACKING),
        ("1001921334250001000300123456789012", "123456789012"),
        ("9612345" + "123456789012345", "123456789012345"),
        ("%000622501996202443772101372", "01996202443772"),
        ("00340123456789012340", "340123456789012340"),
        ("(00)340123456789012340", "340123456789012340"),
        ("B123-456-789D", "123456789"),
        ("57692٣0418", "5769230418"),
    ],
)
def test_the_number_is_found(payload: str, number: str) -> None:
    assert squeezed(number) in contained(payload)


@pytest.mark.parametrize("payload", ["-", "", "///", "订单"])
def test_nothing_is_no_number(payload: str) -> None:
    assert contained(payload) == frozenset()


@pytest.mark.parametrize(
    ("payload", "may"),
    [
        (TRACKING, True),
        ("RR123456785CN", True),
        ('{"order": "576920418365107249"}', True),
        ("https://example.org/t?no=" + TRACKING, False),
        ("https://example.org/t?phone=13800138000", False),
        ("WIFI:T:WPA;S=shop;P=secret12345678;;", False),
        ("BEGIN:VCARD\nTEL:13800138000\nEND:VCARD", False),
        ("tel:+4917123456789", False),
        ("upi://pay?pa=1234567890@bank", False),
        ("00020101021126580014", False),
        ("open here", False),
        ("\x00\x03\x0612345678901", False),
    ],
)
def test_what_may_name_a_shipment(payload: str, may: bool) -> None:
    assert may_name_a_shipment(payload) is may
