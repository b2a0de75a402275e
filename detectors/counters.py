"""Counters: places where an encoder's own count of its pictures jumps.

As it does where some were taken out of the stream.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from detectors.bitstream.slice_headers import ParameterSets, Slice
from models.detector import Packets, detector
from models.kinds import CounterBreak
from models.media import Media, Packet
from models.record import Span

REGULAR = 3  # steps of a counter that must agree before one that does not says anything
IRREGULAR = 0.25  # share of steps that may disagree; more often, the encoder does not keep the rule
REFUSED = 0.05  # share of packets refused by the decoder from which nothing is told
MOST = 20  # told of one file
OUT_OF_STEP = 4  # usual steps from which a jump of the picture order count is told


class Coded(NamedTuple):
    """A coded picture's time and counters."""

    pts: float
    slice: Slice


class Shown(NamedTuple):
    """A picture in order of showing; `cra`: an open key picture."""

    sequence: int
    order_count: int
    pts: float
    cra: bool


@detector(sees=[CounterBreak], wants=Packets())
def counters(packets: Iterable[Packet], media: Media) -> Iterator[CounterBreak]:
    """Jumps of idr_pic_id and frame_num (H.264) and of the picture order count (H.265).

    Two neighbouring key pictures of H.264 must differ in idr_pic_id (7.4.3), so encoders alternate
    or count; frame_num and the picture order count go on by one step. Where the stream was cut
    without encoding it again, they do not.
    """
    if media.codec not in ("h264", "hevc"):
        return
    stream = list(_coded(packets, media))
    coded = [one for one in stream if one is not None]
    if stream.count(None) > REFUSED * len(stream):
        return  # what the decoder refuses may say anything
    times = sorted(one.pts for one in coded)
    if media.codec == "hevc":
        jumps = _order_counts(coded)
    else:
        jumps = _frame_numbers(coded) | _key_pictures(coded)
    for pts in sorted(jumps)[:MOST]:
        before = max((t for t in times if t < pts), default=pts)
        yield jumps[pts].model_copy(update={"at": Span.between(before, pts)})


def _coded(packets: Iterable[Packet], media: Media) -> Iterator[Coded | None]:
    """Every picture whose counters can be read; None for what the decoder refused."""
    sets = ParameterSets("hevc" if media.codec == "hevc" else "h264")
    for packet in packets:
        if packet.track != "video":
            continue
        if packet.failed:
            yield None
            continue
        if packet.parameter_sets:
            sets.read(packet.parameter_sets)
        found = sets.picture(packet.data)
        if found is not None and packet.pts is not None:
            yield Coded(packet.pts, found)


def _key_pictures(coded: Sequence[Coded]) -> dict[float, CounterBreak]:
    """Key pictures whose idr_pic_id does not go on as those before it."""
    numbers = [(pts, one.idr_pic_id) for pts, one in coded]
    keys = [(pts, number) for pts, number in numbers if number is not None]
    if not keys:
        return {}
    around = 2 if max(number for _, number in keys) <= 1 else 1 << 16
    pairs = pairwise(number for _, number in keys)
    steps = [(b - a) % around for a, b in pairs]
    usual, times = _most_common(steps)
    others = len(steps) - times
    allowed = max(1, IRREGULAR * len(steps))
    if usual == 0 or times < REGULAR or others > allowed:
        return {}
    jumps = {}
    for step, (_, before), (pts, after) in zip(
        steps,
        keys,
        keys[1:],
        strict=False,
    ):
        if step != usual:
            jumps[pts] = CounterBreak(
                counter="idr_pic_id",
                before=before,
                after=after,
            )
    return jumps


def _most_common(steps: Sequence[int]) -> tuple[int, int]:
    """(the usual step, how often it comes)."""
    return Counter(steps).most_common(1)[0] if steps else (0, 0)


def _frame_numbers(coded: Sequence[Coded]) -> dict[float, CounterBreak]:
    """Pictures whose frame_num neither stays nor goes on by one."""
    jumps: dict[float, CounterBreak] = {}
    last = 0
    for pts, one in coded:
        skips = (one.number - last) % one.modulus > 1
        if not one.idr and one.number and skips and not one.gaps_allowed:
            jumps[pts] = CounterBreak(
                counter="frame_num",
                before=last,
                after=one.number,
            )
        if one.idr or one.reference or pts in jumps:
            last = one.number
    return jumps if len(jumps) <= max(1, IRREGULAR * len(coded)) else {}


def _order_counts(coded: Sequence[Coded]) -> dict[float, CounterBreak]:
    """Open key pictures (CRA) before which the order count leaves out more than it ever does."""
    shown = sorted(_shown(coded))
    steps = [
        (b.order_count - a.order_count, b) for a, b in pairwise(shown) if a.sequence == b.sequence
    ]
    usual, times = _most_common([step for step, _ in steps])
    odd = [(step, one) for step, one in steps if step > usual]
    allowed = max(2, IRREGULAR * len(steps))
    if usual <= 0 or times < REGULAR or len(odd) > allowed:
        return {}
    jumps = {}
    for step, one in odd:
        if step >= OUT_OF_STEP * usual:
            left_out = step // usual - 1
            jumps[one.pts] = CounterBreak(counter="picture_order_count", left_out=left_out)
    return jumps


def _shown(coded: Iterable[Coded]) -> Iterator[Shown]:
    """The whole order count of each picture, from its low bits (H.265 8.3.1)."""
    sequence = anchor = 0
    for pts, one in coded:
        if one.idr:
            sequence = sequence + 1
            anchor = 0
        half = one.modulus // 2
        apart = one.number - anchor % one.modulus
        ahead = (apart + half) % one.modulus - half
        count = anchor + ahead
        yield Shown(
            sequence,
            count,
            pts,
            one.cra,
        )
        if one.idr or one.reference:
            anchor = count
