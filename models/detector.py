"""What a detector is: a function over an iterator, and what it declares about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from models.containers import MediaKind
from models.media import Colour, File, Frame, Media, Packet, Sound
from models.observation import Kind, Observation

SMALL_VIEW = 160  # pixels: the view that continuity detectors share, so that it is made once


@dataclass(frozen=True, slots=True)
class Packets:
    """Every packet of every track, in the order stored."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Upright pictures, area-resized so that the longer side has `side` pixels (None: full size).

    At most `rate` a second (None: all).
    """

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
Streamed = Packet | Frame | Sound | File
Seen = TypeVar("Seen", bound=Observation)


class Dependencies(Protocol):
    """Finished observations of other detectors, by kind; read after your own stream has ended.

    `None` where a detector of that kind failed or did not run: unknown, not empty.
    """

    def __getitem__(self, kind: type[Seen], /) -> Sequence[Seen] | None: ...


Tell = Callable[[float], None]
"""Told what share, 0..1, of the work that is left after the stream is done."""
Detect = Callable[[Iterable[Any], Media, Dependencies, Tell], Iterator[Observation]]


def nobody(_share: float) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector's function and its declaration; call it as the function itself.

    `needs`: optional packages it cannot run without; "a|b" is one of them. `tells_s`: seconds that
    it usually works after its stream has ended, and tells how far it is; 0: it does not. `version`
    is worked out from its source, shared parts and weights where detectors are gathered.
    """

    name: str
    purpose: str
    sees: tuple[Kind, ...]
    wants: Wants
    run: Detect
    depends_on: tuple[Kind, ...] = ()
    on: tuple[MediaKind, ...] = ("video",)
    needs: tuple[str, ...] = ()
    tells_s: float = 0.0
    module: str = ""
    version: str = ""

    def __call__(
        self,
        items: Iterable[Any],
        media: Media,
        dependencies: Mapping[Any, Any] | None = None,
    ) -> list[Observation]:
        return list(
            self.run(
                items,
                media,
                dependencies or {},
                nobody,
            )
        )


def detector(
    *,
    sees: Sequence[Kind],
    wants: Wants,
    depends_on: Sequence[Kind] = (),
    on: Sequence[MediaKind] = ("video",),
    needs: Sequence[str] = (),
    tells_s: float = 0.0,
) -> Callable[[Callable[..., Iterator[Observation]]], Detector]:
    """Declare a detector: its name is its function's, its purpose its docstring's first line."""

    def declare(function: Callable[..., Iterator[Observation]]) -> Detector:
        def run(
            items: Iterable[Any],
            media: Media,
            dependencies: Dependencies,
            tell: Tell,
        ) -> Iterator[Observation]:
            besides = [dependencies] if depends_on else []
            return function(
                items,
                media,
                *besides,
                *([tell] if tells_s else []),
            )

        doc = (function.__doc__ or "").strip()
        return Detector(
            name=function.__name__,
            purpose=doc.partition("\n")[0],
            sees=tuple(sees),
            wants=wants,
            run=run,
            depends_on=tuple(depends_on),
            on=tuple(on),
            needs=tuple(needs),
            tells_s=tells_s,
            module=function.__module__,
        )

    return declare
