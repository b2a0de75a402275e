"""Check digits, as carriers and standards compute them: CHECKSUM_ALGORITHMS.md of tracking_number_data, GS1 General Specifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def holds(name: str, serial: str, check: str, options: Mapping[str, Any]) -> bool:
    """Does `check` fit `serial` by the rule of that name? A rule that is not known here holds for nothing."""
    match name:
        case "mod7":
            return int(serial) % 7 == int(check)
        case "mod10":
            return mod10(serial, check, options)
        case "luhn":
            return luhn(serial + check)
        case "s10":
            return s10(serial) == int(check)
        case "mod_37_36":
            return mod_37_36(serial) == check
        case "sum_product_with_weightings_and_modulo":
            return weighted(serial, options["weightings"]) % int(options["modulo1"]) % int(options["modulo2"]) == int(check)
        case "gs1":
            return gs1(serial + check)
        case _:
            return False


def mod10(serial: str, check: str, options: Mapping[str, Any]) -> bool:
    """Sum of digits, those in even or odd places multiplied; letters count as (code - 3) mod 10."""
    total = 0
    for i, character in enumerate(reversed(serial) if options.get("reverse") else serial):
        value = int(character) if character.isdigit() else (ord(character) - 3) % 10
        total += value * int(options.get("odds_multiplier" if i % 2 else "evens_multiplier") or 1)
    return -total % 10 == int(check)


def gs1(digits: str) -> bool:
    """Weights 3 and 1 from the right, the last digit is the check (SSCC, GTIN, USPS)."""
    return mod10(digits[-2::-1], digits[-1], {"evens_multiplier": 3})


def luhn(digits: str) -> bool:
    """Every second digit from the right doubled, its digits added."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def s10(serial: str) -> int:
    """Check digit of eight digits by UPU S10."""
    rest = 11 - weighted(serial, (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def weighted(serial: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(serial, weights, strict=False))


def mod_37_36(serial: str) -> str:
    """Check character by ISO 7064, mod 37,36 (DPD)."""
    rest = 36
    for character in serial:
        rest = (rest + LETTERS.index(character)) % 36 or 36
        rest = 2 * rest % 37
    return LETTERS[(37 - rest) % 36]
