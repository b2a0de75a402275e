"""Counters: places where an encoder's own count of its pictures jumps, as it does where some were taken out of the stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from detectors._nal import Sets, Slice
from models.detector import Packets, detector
from models.media import Media, Packet
from models.observation import Observation, Span

REGULAR = 3  # steps of a counter that must agree before one that does not says anything
IRREGULAR = 0.25  # share of steps that may disagree; an encoder that breaks the rule more often just does not keep it
MOST = 20  # told of one file

Coded = tuple[float, Slice]


@detector(sees=["counter_break"], wants=Packets())
def counters(packets: Iterable[Packet], media: Media) -> Iterator[Observation]:
    """Jumps of idr_pic_id and frame_num (H.264) and of the picture order count (H.265).

    Two neighbouring key pictures of H.264 must differ in idr_pic_id (7.4.3), so encoders alternate or count; frame_num and
    the picture order count go on by one step. Where the stream was cut without encoding it again, they do not.
    """
    if media.codec not in ("h264", "hevc"):
        return
    sets = Sets(media.codec)
    coded: list[Coded] = []
    for packet in packets:
        if packet.track != "video":
            continue
        if packet.parameter_sets:
            sets.read(packet.parameter_sets)
        found = sets.picture(packet.data)
        if found is not None and packet.pts is not None:
            coded.append((packet.pts, found))
    times = sorted(pts for pts, _ in coded)
    jumps = {**_order_counts(coded)} if media.codec == "hevc" else {**_frame_numbers(coded), **_key_pictures(coded)}
    for pts in sorted(jumps)[:MOST]:
        before = max((t for t in times if t < pts), default=pts)
        yield Observation(kind="counter_break", at=Span(start=round(before, 6), end=round(pts, 6)), value=jumps[pts])


def _key_pictures(coded: list[Coded]) -> dict[float, str]:
    """Key pictures whose idr_pic_id does not go on as those before it."""
    keys = [(pts, s.idr_pic_id) for pts, s in coded if s.idr_pic_id is not None]
    if not keys:
        return {}
    around = 2 if max(number for _, number in keys) <= 1 else 1 << 16
    steps = [(b - a) % around for (_, a), (_, b) in pairwise(keys)]
    usual, times = Counter(steps).most_common(1)[0] if steps else (0, 0)
    others = len(steps) - times
    if usual == 0 or times < REGULAR or others > max(1, IRREGULAR * len(steps)):
        return {}
    return {keys[i + 1][0]: f"idr_pic_id {keys[i][1]} then {keys[i + 1][1]}" for i, step in enumerate(steps) if step != usual}


def _frame_numbers(coded: list[Coded]) -> dict[float, str]:
    """Pictures whose frame_num neither stays nor goes on by one."""
    jumps: dict[float, str] = {}
    last = 0
    for pts, s in coded:
        if not s.idr and s.number and (s.number - last) % s.modulus > 1 and not s.gaps_allowed:
            jumps[pts] = f"frame_num {last} then {s.number}"
        if s.idr or s.reference or pts in jumps:
            last = s.number
    return jumps if len(jumps) <= max(1, IRREGULAR * len(coded)) else {}


def _order_counts(coded: list[Coded]) -> dict[float, str]:
    """Open key pictures (CRA) before which the picture order count leaves out more than it ever does."""
    shown: list[tuple[int, int, float, bool]] = []  # (sequence, order count, pts, open key picture)
    sequence = anchor = 0
    for pts, s in coded:
        if s.idr:
            sequence, anchor = sequence + 1, 0
        low = anchor % s.modulus
        count = anchor + (s.number - low + s.modulus // 2) % s.modulus - s.modulus // 2
        shown.append((sequence, count, pts, s.cra))
        if s.idr or s.reference:
            anchor = count
    shown.sort()
    steps = [(b[1] - a[1], b) for a, b in pairwise(shown) if a[0] == b[0]]
    usual, times = Counter(step for step, _ in steps).most_common(1)[0] if steps else (0, 0)
    odd = [(step, at) for step, at in steps if step > usual]
    if times < REGULAR or len(odd) > max(2, IRREGULAR * len(steps)):
        return {}
    return {at[2]: f"picture order count leaves out {step // usual - 1}" for step, at in odd if step >= 4 * usual}
