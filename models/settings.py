"""How to run, apart from what is judged: nothing here changes what a given report says, but for what was not looked at."""

from __future__ import annotations

from models.media import Limits, Record


class Settings(Record):
    limits: Limits = Limits()
    every_detector: bool = False
    allow_unsandboxed: bool = False
    redact: bool = True
