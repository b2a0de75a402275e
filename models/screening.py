"""What screening says of one file: little, soon, to sort what needs the full reading first."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.media import Media
from models.record import Record
from models.report import Match

Why = Literal[
    "other_number",
    "break",
    "edited",
    "near_number",
    "not_screened",
    "no_number",
    "nothing_stands_out",
]
PRIORITY: dict[Why, int] = {
    "other_number": 90,
    "break": 80,
    "edited": 70,
    "near_number": 60,
    "not_screened": 50,
    "no_number": 40,
    "nothing_stands_out": 10,
}


class Screened(Record):
    """One file. What was not looked at is said: it is no report, and silence in it says nothing."""

    file: str
    outcome: Literal["screened", "failed"]
    priority: int = Field(ge=0, le=100, description="the higher, the sooner it needs reading")
    why: Why
    says: str
    order: Match | None = Field(None, description="the best match of a number with the case")
    numbers: tuple[str, ...] = Field((), description="read on key frames")
    provenance: str = ""
    band: str = Field("", description="of its strength, as far as it was looked at")
    to_check: int = Field(0, description="questions that wait for a person")
    media: Media | None = None
    bytes: int = 0
    bytes_read: int = 0
    requests: int = 0
    key_frames: int = Field(0, description="pictures that were looked at")
    not_looked_at: str = ""
