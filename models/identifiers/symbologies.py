"""Symbologies of codes: names as reports spell them, and what each can be believed for."""

from __future__ import annotations

from typing import Literal, cast, get_args

Symbology = Literal[
    "QRCode",
    "MicroQRCode",
    "RMQRCode",
    "DataMatrix",
    "PDF417",
    "MicroPDF417",
    "Aztec",
    "MaxiCode",
    "Code128",
    "Code39",
    "Code93",
    "ITF",
    "Codabar",
    "EAN13",
    "EAN8",
    "UPCA",
    "UPCE",
    "DataBar",
    "DataBarExpanded",
    "DataBarLimited",
    "Other",
]
CHECKED: frozenset[str] = frozenset(
    "QRCode MicroQRCode RMQRCode DataMatrix PDF417 MicroPDF417 Aztec MaxiCode Code128".split()
)
"""They carry error correction or a check of their own."""
PRODUCT: frozenset[str] = frozenset(
    "EAN13 EAN8 UPCA UPCE DataBar DataBarExpanded DataBarLimited".split()
)
"""They name products, never shipments."""
LINEAR: frozenset[str] = PRODUCT | {"Code128", "Code39", "Code93", "ITF", "Codabar"}
"""They are bars; the others are squares."""
FAMILY = {
    "ITF14": "ITF",
    "Code39Std": "Code39",
    "Code39Ext": "Code39",
    "Code32": "Code39",
    "PZN": "Code39",
    "DataBarOmni": "DataBar",
    "DataBarStk": "DataBar",
    "DataBarStkOmni": "DataBar",
    "DataBarLtd": "DataBarLimited",
    "DataBarExp": "DataBarExpanded",
    "DataBarExpStk": "DataBarExpanded",
    "CompactPDF417": "PDF417",
    "AztecCode": "Aztec",
    "AztecRune": "Aztec",
    "QRCodeModel1": "QRCode",
    "QRCodeModel2": "QRCode",
    "ISBN": "EAN13",
}
KNOWN = frozenset(get_args(Symbology))


def symbology(name: str) -> Symbology:
    """A reader's name for a symbology as reports spell it; variants go by their family."""
    name = FAMILY.get(name, name)
    return cast(Symbology, name if name in KNOWN else "Other")
