"""How to run, apart from what is judged: only what was looked at hangs on it."""

from __future__ import annotations

from pathlib import Path

from models.media import Limits
from models.record import Record


class Settings(Record):
    """`seal_key`: the operator's file with the key for digests of private numbers.

    `keep_payloads`: of codes, also where they are private.
    """

    limits: Limits = Limits()
    every_detector: bool = False
    allow_unsandboxed: bool = False
    redact: bool = True
    keep_payloads: bool = False
    seal_key: Path | None = None
