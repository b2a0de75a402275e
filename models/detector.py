"""What a detector is: a function over an iterator, and what it declares about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.media import Colour, File, Frame, Kind, Media, Packet, Sound
from models.observation import Observation


@dataclass(frozen=True, slots=True)
class Packets:
    """Every packet of every track, in the order stored."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Upright pictures: area-resized so that the longer side has `side` pixels (None = full size), at most `rate` a second (None = all)."""

    side: int | None = None
    rate: float | None = None
    colour: Colour = "luma"


@dataclass(frozen=True, slots=True)
class Sounds:
    """Every decoded stretch of sound."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """The file itself; the iterator yields one `File`."""


Wants = Packets | Frames | Sounds | Bytes
Item = Packet | Frame | Sound | File
Heeded = Mapping[str, Sequence[Observation] | None]
"""Finished observations by kind; `None` where their detector failed or did not run. Read it after your own stream has ended."""


class Detect(Protocol):
    def __call__(self, items: Iterable[Any], media: Media, heeded: Heeded, /) -> Iterator[Observation]: ...


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector's function and its declaration; call it as the function itself."""

    name: str
    purpose: str
    sees: tuple[str, ...]
    wants: Wants
    run: Detect
    heeds: tuple[str, ...] = ()
    on: tuple[Kind, ...] = ("video",)
    version: str = "1"
    needs: tuple[str, ...] = field(default=())  # optional packages it cannot run without; "a|b": one of them

    def __call__(self, items: Iterable[Any], media: Media, heeded: Heeded | None = None) -> list[Observation]:
        return list(self.run(items, media, heeded or {}))


def detector(
    *,
    sees: Sequence[str],
    wants: Wants,
    heeds: Sequence[str] = (),
    on: Sequence[Kind] = ("video",),
    version: str = "1",
    needs: Sequence[str] = (),
) -> Callable[[Callable[..., Iterator[Observation]]], Detector]:
    """Declare a detector. Its name is its function's, its purpose the first line of its docstring."""

    def declare(function: Callable[..., Iterator[Observation]]) -> Detector:
        def run(items: Iterable[Any], media: Media, heeded: Heeded) -> Iterator[Observation]:
            return function(items, media, heeded) if heeds else function(items, media)

        purpose = (function.__doc__ or "").strip().splitlines()[0] if function.__doc__ else ""
        return Detector(function.__name__, purpose, tuple(sees), wants, run, tuple(heeds), tuple(on), version, tuple(needs))

    return declare
