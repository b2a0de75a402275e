"""A copy that fits a form: made, read again, bound to its original by a manifest; and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pipeline
from models import errors
from models.examination import Examined
from models.form import Form
from models.kinds import Code, Moments, TextId
from models.media import Media
from models.observation import first, of
from models.record import Record
from models.settings import Settings
from pipeline.prepare.compare import Compared, stretches_missing
from pipeline.prepare.encode import Way, encoded, ways
from pipeline.receive import Received, received, scratch
from pipeline.sandbox.client import Box

MANIFEST = ".manifest.json"
KINDS = frozenset({"moments", "code", "text_id"})
READ, MADE, REST = 0.35, 0.4, 0.25  # shares of the time: the original, a copy, reading the copy

Tick = Callable[[float], None]


class Side(Record):
    """One of the two files: its digest, its facts, what it looks like."""

    sha256: str
    bytes: int
    duration_s: float
    pictures: int
    width: int
    height: int
    moments_sha256: str


class Manifest(Record):
    """What binds a copy to its original."""

    program: str
    form: Form
    original: Side
    made: Side
    compared: Compared
    numbers_read: int
    numbers_kept: int


@dataclass(frozen=True)
class Clip:
    """A clip as received and as read in the box."""

    upload: Received
    examined: Examined

    @property
    def media(self) -> Media:
        """Its facts."""
        return self.examined.media

    @property
    def moments(self) -> Moments:
        """What it looks like. Raises NoPicture."""
        found = first(self.examined.observations, Moments)
        if found is None:
            raise errors.NoPicture("No picture of {path} was seen.", path=self.upload.path.name)
        return found

    @property
    def numbers(self) -> frozenset[str]:
        """Numbers and codes that were read in it."""
        seen = self.examined.observations
        read = [one.value for one in (*of(seen, Code), *of(seen, TextId))]
        return frozenset(value for value in read if value)

    def side(self) -> Side:
        """For the manifest."""
        whole = json.dumps([self.moments.times_s, self.moments.hashes])
        return Side(
            sha256=self.upload.sha256,
            bytes=self.upload.size,
            duration_s=self.media.duration_s,
            pictures=self.media.frame_count,
            width=self.media.width,
            height=self.media.height,
            moments_sha256=hashlib.sha256(whole.encode()).hexdigest(),
        )


def clip_at(
    path: Path,
    settings: Settings,
    tick: Tick,
) -> Clip:
    """A clip read in the box. Raises named errors; NotMedia for what is no video."""
    upload = received(path, settings.limits)
    if upload.kind != "video":
        raise errors.NotMedia("{name} is no video.", name=path.name)
    return Clip(upload, Box(settings).examine(upload, KINDS, tick))


def compared(original: Clip, copy: Clip) -> Compared:
    """Whether every moment of the one stands in the other."""
    one, other = original.moments, copy.moments
    return Compared(
        missing=stretches_missing(one, other),
        added=stretches_missing(other, one),
        lengths_s=(original.media.duration_s, copy.media.duration_s),
        pictures=(original.media.frame_count, copy.media.frame_count),
    )


def prepared(
    path: Path,
    form: Form,
    out: Path,
    settings: Settings,
    tick: Tick,
) -> Manifest:
    """The copy at `out` and its manifest beside it. Raises DoesNotFit and other named errors.

    Of the sizes that the form allows, the first whose copy keeps every number readable that was
    read in the original; else the one that keeps most.
    """
    if not path.is_file():
        raise errors.Missing("There is no file {name}.", name=path.name)
    _check_form(form)
    original = clip_at(path, settings, partial(_between, tick, 0.0, READ))
    _check_length(original.media, form)
    _check_size(original.upload, form)
    with TemporaryDirectory(prefix="parcelproof-", dir=out.parent) as folder:
        best: tuple[int, Clip, Path] | None = None
        candidates = list(ways(original.media, form.bytes))
        for number, way in enumerate(candidates):
            target = Path(folder) / f"{number}.mp4"
            _make(original, form, way, target, partial(_between, tick, READ, MADE))
            copy = clip_at(target, settings, partial(_between, tick, READ + MADE, REST))
            kept = len(original.numbers & copy.numbers)
            if best is None or kept > best[0]:
                best = kept, copy, target
            if kept == len(original.numbers):
                break
        if best is None:
            raise _too_long(original.media, form)
        kept, copy, target = best
        manifest = Manifest(
            program=f"parcelproof {pipeline.__version__}",
            form=form,
            original=original.side(),
            made=copy.side(),
            compared=compared(original, copy),
            numbers_read=len(original.numbers),
            numbers_kept=kept,
        )
        target.replace(out)
    return manifest


def _make(
    original: Clip,
    form: Form,
    way: Way,
    target: Path,
    tick: Tick,
) -> None:
    """One copy, from a link of our own name."""
    with scratch(original.upload) as source:
        container = original.upload.container
        encoded(source, container, target, way, original.media, form.bytes, tick)


def _between(
    tick: Tick,
    start: float,
    share: float,
    done: float,
) -> None:
    tick(start + share * done)


def _check_form(form: Form) -> None:
    """Raises DoesNotFit where the form takes no video at all."""
    if not form.video:
        raise errors.DoesNotFit(
            "The form of {platform} takes no video ({source}).",
            platform=form.platform,
            source=form.source,
        )


def _check_length(media: Media, form: Form) -> None:
    """Raises DoesNotFit where the take is longer than the form holds."""
    if form.seconds is not None and media.duration_s > form.seconds:
        raise errors.DoesNotFit(
            "The take lasts {seconds:.1f} s and the form of {platform} holds {most:g} s; "
            "nothing is cut.",
            seconds=media.duration_s,
            platform=form.platform,
            most=form.seconds,
        )


def _check_size(upload: Received, form: Form) -> None:
    """Raises DoesNotFit where nothing need be done."""
    if upload.size <= form.bytes:
        raise errors.FitsAsItIs(
            "The original has {size:,} bytes, and the form of {platform} takes {most:,}.",
            size=upload.size,
            platform=form.platform,
            most=form.bytes,
        )


def _too_long(media: Media, form: Form) -> errors.DoesNotFit:
    return errors.DoesNotFit(
        "In {most:,} bytes nothing could be seen of a take of {seconds:.0f} s; nothing is cut.",
        most=form.bytes,
        seconds=media.duration_s,
    )
