"""Numbers: whose they could be by form and check digit, by the examples of their data."""

from __future__ import annotations

import json
import re
import time
from importlib import resources
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.identifiers import check_digits as checks
from models.identifiers.candidates import _rank, candidates, gs1_values
from models.identifiers.number_format import ALONE, formats
from tests.conftest import SHARED, needs_shared

FILES = sorted(
    (resources.files("models") / "identifiers" / "formats" / "tracking_number_data").iterdir(),
    key=lambda f: f.name,
)
COURIERS: list[dict[str, Any]] = [
    json.loads(file.read_text("utf-8")) for file in FILES if file.name.endswith(".json")
]
ROWS = [
    (courier["courier_code"], row) for courier in COURIERS for row in courier["tracking_numbers"]
]
VALID = [(carrier, number) for carrier, row in ROWS for number in row["test_numbers"]["valid"]]
INVALID = [
    (carrier, row["name"], number)
    for carrier, row in ROWS
    for number in row["test_numbers"]["invalid"]
]


def test_the_data_are_whole() -> None:
    assert (len(COURIERS), len(ROWS), len(VALID), len(INVALID)) == (18, 39, 192, 88)
    assert {form.name for form in formats()} >= ALONE


@pytest.mark.parametrize(("carrier", "number"), VALID)
def test_their_valid_numbers_are_their_carriers(carrier: str, number: str) -> None:
    assert any(c.carrier == carrier and c.valid is not False for c in candidates(number))


@pytest.mark.parametrize(("carrier", "name", "number"), INVALID)
def test_their_invalid_numbers_are_not(carrier: str, name: str, number: str) -> None:
    (form,) = (
        form for form in formats() if form.carrier == carrier and form.name == _name(carrier, name)
    )
    assert all(
        c.valid is False
        for c in candidates(number)
        if (c.carrier, c.format) == (form.carrier, form.name)
    )


def _name(carrier: str, name: str) -> str:
    row = next(row for code, row in ROWS if code == carrier and row["name"] == name)
    return str(row.get("id") or "-".join(re.findall("[a-z0-9]+", name.lower())))


@pytest.mark.parametrize(
    ("number", "carrier", "kind"),
    [
        ("577299788258775181", "tiktok_shop", "order_id"),
        ("202-3558314-1389920", "amazon", "order_id"),
        ("D01-2345678-1234567", "amazon", "order_id"),
        ("27-11068-77489", "ebay", "order_id"),
        ("2505296R62JNTS", "shopee", "order_id"),
        ("PO-211-16278814116470363", "temu", "order_id"),
        ("161889931202248896_1", "meesho", "order_id"),
        ("3031265788145237", "aliexpress", "order_id"),
        ("8495707897086", "lazada", "order_id"),
        ("2345678901", "etsy", "order_id"),
        ("GSH1234567890AB", "shein", "order_id"),
        ("200012345678901", "walmart", "order_id"),
        ("00106141412345678908", "sscc", "tracking_number"),
        ("420957479400111899560012345677", "usps", "tracking_number"),
        ("SPXVN06005175399A", "spx", "tracking_number"),
        ("M00968429135", "valmo", "tracking_number"),
    ],
)
def test_further_carriers_and_platforms(number: str, carrier: str, kind: str) -> None:
    assert any(
        (c.carrier, c.kind) == (carrier, kind) and c.valid is not False for c in candidates(number)
    )


def test_a_routing_zip_is_taken_off_in_front_only() -> None:
    usps = "9400111899560012345677"
    assert [c.carrier for c in candidates("42062704" + usps) if c.valid] == ["usps"] * 2
    inside = usps[:8] + "42062704" + usps[8:]
    assert not [c for c in candidates(inside) if c.carrier == "usps" and c.valid]


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-05 14:32:10",
        "(555) 123-4567",
        "+8613800138000",
        "W/A-202",
        "395010",
        "",
        "A" * 5000,
        "\x1d",
    ],
)
def test_what_is_no_number_has_no_candidate(text: str) -> None:
    assert candidates(text) == ()


@pytest.mark.parametrize("digit", "0123456789")
def test_one_check_digit_only(digit: str) -> None:
    assert checks.gs1("940011189956001234567" + digit) == (digit == "7")
    assert checks.luhn("7992739871" + digit) == (digit == "3")
    assert (str(checks.s10("47312482")) == digit) == (digit == "9")
    assert checks.holds("mod7", "123456789", digit, {}) == (digit == "1")
    assert not checks.holds("a rule of tomorrow", "123", digit, {})


def test_iso_7064_by_the_example_of_the_global_release_identifier() -> None:
    assert checks.mod_37_36("A12425GABC1234002") == "M"


@given(st.text(max_size=140))
@example("9" * 128)
@example("1 " * 64)
@example("GM" + "A " * 60)
def test_any_text_is_answered_at_once_and_alike(text: str) -> None:
    began = time.process_time()
    found = candidates(text)
    assert time.process_time() - began < 0.5  # seconds: a form that backtracks takes minutes
    assert found == candidates(text) and list(found) == sorted(found, key=_rank, reverse=True)


@pytest.mark.parametrize(
    ("payload", "parts"),
    [
        ("00106141412345678908", {"00": "106141412345678908"}),
        ("00106141412345678907", None),  # a check digit fails
        ("42095747\x1d9499907123456123456781", {"420": "95747", "94": "99907123456123456781"}),
        ("010950600013435210AB12", {"01": "09506000134352", "10": "AB12"}),
        ("hello", None),
        ("", None),
    ],
)
def test_gs1_messages(payload: str, parts: dict[str, str] | None) -> None:
    assert gs1_values(payload) == parts


@needs_shared
def test_the_bench_numbers() -> None:
    rows = [
        json.loads(line)
        for line in (SHARED / "bench" / "codes" / "order_ids.jsonl").read_text("utf-8").splitlines()
    ]
    assert all(
        any(c.carrier == row["platform"] for c in candidates(row["order_id"])) for row in rows
    )
