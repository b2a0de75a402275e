"""Cells of tables that spreadsheets open."""

from __future__ import annotations

from pipeline.wording import sentences

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would work out


def inert(cell: object) -> str:
    """A cell as text that is never a formula; a number stays one."""
    if isinstance(cell, (int, float)):
        return str(cell)
    text = sentences.plain(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
