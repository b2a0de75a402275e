"""Check digits, as carriers and standards compute them.

Sources: CHECKSUM_ALGORITHMS.md of tracking_number_data; GS1 General Specifications; ISO 7064.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)

Options = Mapping[str, Any]


def holds(
    name: str,
    serial: str,
    check: str,
    options: Options,
) -> bool:
    """Does `check` fit `serial` by the rule of that name? An unknown rule holds for nothing."""
    rule = RULES.get(name)
    return rule is not None and rule(serial, check, options)


def mod7(
    serial: str,
    check: str,
    _options: Options,
) -> bool:
    """The serial number divided by seven leaves the digit."""
    return int(serial) % 7 == int(check)


def mod10(
    serial: str,
    check: str,
    options: Options,
) -> bool:
    """Sum of digits, those in even or odd places multiplied; letters count (code - 3) mod 10."""
    total = 0
    ordered = reversed(serial) if options.get("reverse") else serial
    for place, character in enumerate(ordered):
        value = int(character) if character.isdigit() else (ord(character) - 3) % 10
        side = "odds_multiplier" if place % 2 else "evens_multiplier"
        total += value * int(options.get(side) or 1)
    return -total % 10 == int(check)


def gs1(digits: str) -> bool:
    """Weights 3 and 1 from the right, the last digit is the check (SSCC, GTIN, USPS)."""
    return mod10(digits[-2::-1], digits[-1], {"evens_multiplier": 3})


def luhn(digits: str) -> bool:
    """Every second digit from the right doubled, its digits added."""
    doubled = [int(digit) * (1 + i % 2) for i, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def s10(serial: str) -> int:
    """Check digit of eight digits by UPU S10."""
    rest = 11 - weighted(serial, S10_WEIGHTS) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def weighted(serial: str, weights: Sequence[int]) -> int:
    """Sum of digits, each times its weight."""
    return sum(int(digit) * weight for digit, weight in zip(serial, weights, strict=False))


def weighted_sum(
    serial: str,
    check: str,
    options: Options,
) -> bool:
    """A weighted sum by two moduli, one after the other."""
    total = weighted(serial, options["weightings"])
    return total % int(options["modulo1"]) % int(options["modulo2"]) == int(check)


def mod_37_36(serial: str) -> str:
    """Check character by ISO 7064, mod 37,36 (DPD)."""
    rest = 36
    for character in serial:
        rest = (rest + ALPHABET.index(character)) % 36 or 36
        rest = 2 * rest % 37
    return ALPHABET[(37 - rest) % 36]


RULES: Mapping[str, Callable[[str, str, Options], bool]] = {
    "mod7": mod7,
    "mod10": mod10,
    "luhn": lambda serial, check, _: luhn(serial + check),
    "s10": lambda serial, check, _: s10(serial) == int(check),
    "mod_37_36": lambda serial, check, _: mod_37_36(serial) == check,
    "sum_product_with_weightings_and_modulo": weighted_sum,
    "gs1": lambda serial, check, _: gs1(serial + check),
}
