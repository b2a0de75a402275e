"""What every record is: frozen, closed, finite. And what lies in time and in the picture."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LARGEST = 1_000_000_000  # no time, count or amount that footage can hold is larger

Seconds = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
"""Presentation time (PTS), everywhere."""
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Level = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
"""A measured figure of any unit; its field says which."""
Share = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Corner = tuple[Pixels, Pixels]
Outline = tuple[Corner, Corner, Corner, Corner]
"""Corners, in order, of a four-sided part of the upright full-size frame: x, y."""
Word = Annotated[str, Field(max_length=500)]


class Record(BaseModel):
    """A misspelt field is an error; so are NaN and infinity, which JSON does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
    )


class Span(Record):
    """A stretch of presentation time; an instant has `start == end`."""

    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _forward(self) -> Self:
        """Time runs forward."""
        if self.start > self.end:
            raise ValueError("a stretch ends before it starts")
        return self

    @classmethod
    def between(cls, one: float, other: float) -> Span:
        """From the earlier to the later, both to the microsecond.

        Time stamps of a broken file may stand in any order.
        """
        start, end = sorted((round(float(one), 6), round(float(other), 6)))
        return cls(start=start, end=end)


class Region(Record):
    """A box in pixels of the upright full-size frame."""

    x: Pixels
    y: Pixels
    width: Pixels
    height: Pixels

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height

    def scaled(self, by: float) -> Region:
        """The same place in a picture of another size."""
        return Region(
            x=round(self.x * by),
            y=round(self.y * by),
            width=round(self.width * by),
            height=round(self.height * by),
        )
