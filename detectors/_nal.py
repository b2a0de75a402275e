"""Counters that H.264 and H.265 pictures carry in their slice headers (ITU-T H.264 7.3, H.265 7.3), read without decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEADER = 96  # bytes of a unit that hold any slice header's beginning and any parameter set's
AVC_IDR, AVC_SLICES, AVC_SPS = 5, range(1, 6), 7
HEVC_IDR, HEVC_CRA, HEVC_IRAP, HEVC_SLICES, HEVC_SPS, HEVC_PPS = (19, 20), 21, range(16, 24), range(32), 33, 34
HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)  # whose SPS tells chroma and depth


@dataclass(frozen=True)
class Slice:
    """One coded picture's counters. `number` is frame_num (H.264) or the low bits of the picture order count (H.265)."""

    idr: bool
    reference: bool
    number: int
    modulus: int
    idr_pic_id: int | None = None
    cra: bool = False
    gaps_allowed: bool = False


@dataclass
class Sets:
    """What the parameter sets seen last say about how to read a slice header."""

    codec: str
    length_size: int = 0  # bytes of a unit's length; 0: units begin with start codes
    number_bits: int = 0  # 0: no parameter set was seen yet
    gaps_allowed: bool = False
    separate_planes: bool = False
    frames_only: bool = True
    extra_bits: int = 0
    output_flag: bool = False

    def read(self, stored: bytes) -> None:
        """The configuration record of the container (avcC, hvcC), or units with start codes."""
        if stored[:1] == b"\x01" and len(stored) < 23 and (self.codec == "hevc" or len(stored) < 7):
            return
        if stored[:1] == b"\x01" and self.codec == "h264":
            self.length_size = (stored[4] & 3) + 1
            units = _counted(stored, 6, stored[5] & 31)
        elif stored[:1] == b"\x01":
            self.length_size = (stored[21] & 3) + 1
            units = _hvcc(stored)
        else:
            units = _started(stored)
        for unit in units:
            self.unit(unit)

    def unit(self, unit: bytes) -> Slice | None:
        """Reads one unit; the counters if it is a picture's first slice."""
        return self._avc(unit) if self.codec == "h264" else self._hevc(unit)

    def picture(self, data: bytes) -> Slice | None:
        """The counters of the picture in this packet; `None` where there are none, or no parameter set was seen."""
        for unit in _sized(data, self.length_size) if self.length_size else _started(data):
            found = self.unit(unit)
            if found is not None:
                return found
        return None

    def _avc(self, unit: bytes) -> Slice | None:
        kind, bits = unit[0] & 31, Bits(unit[1:HEADER])
        if kind == AVC_SPS:
            self._avc_sequence(bits)
        if kind not in AVC_SLICES or not self.number_bits or bits.golomb() != 0:
            return None
        bits.golomb(), bits.golomb()  # slice type, parameter set
        bits.take(2 if self.separate_planes else 0)
        number, idr = bits.take(self.number_bits), kind == AVC_IDR
        if not self.frames_only and bits.take(1):
            bits.take(1)
        identity = bits.golomb() if idr else None
        return Slice(idr, bool(unit[0] & 96), number, 1 << self.number_bits, identity, gaps_allowed=self.gaps_allowed)

    def _avc_sequence(self, bits: Bits) -> None:
        profile = bits.take(24) >> 16
        bits.golomb()
        self.separate_planes = False
        if profile in HIGH_PROFILES:
            if bits.golomb() == 3:
                self.separate_planes = bool(bits.take(1))
            bits.golomb(), bits.golomb(), bits.take(1)
            if bits.take(1):
                return  # scaling lists: nobody's phone; its counters stay unread
        self.number_bits = bits.golomb() + 4
        order = bits.golomb()
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1), bits.golomb(), bits.golomb()
            for _ in range(min(bits.golomb(), 255)):
                bits.golomb()
        bits.golomb()
        self.gaps_allowed = bool(bits.take(1))
        bits.golomb(), bits.golomb()
        self.frames_only = bool(bits.take(1))

    def _hevc(self, unit: bytes) -> Slice | None:
        kind, layer, bits = unit[0] >> 1 & 63, unit[1] & 7, Bits(unit[2:HEADER])
        if kind == HEVC_SPS:
            self._hevc_sequence(bits)
        if kind == HEVC_PPS:
            bits.golomb(), bits.golomb(), bits.take(1)
            self.output_flag, self.extra_bits = bool(bits.take(1)), bits.take(3)
        if kind not in HEVC_SLICES or not self.number_bits or not bits.take(1):
            return None
        if kind in HEVC_IRAP:
            bits.take(1)
        bits.golomb(), bits.take(self.extra_bits), bits.golomb()
        bits.take(self.output_flag)
        bits.take(2 if self.separate_planes else 0)
        number = 0 if kind in HEVC_IDR else bits.take(self.number_bits)
        reference = layer == 1 and (kind >= 16 or (kind % 2 == 1 and kind < 6))  # what the next low bits are counted from
        return Slice(kind in HEVC_IDR, reference, number, 1 << self.number_bits, cra=kind == HEVC_CRA)

    def _hevc_sequence(self, bits: Bits) -> None:
        bits.take(4)
        layers = bits.take(3)
        bits.take(1 + 88 + 8)
        present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        bits.take(2 * (8 - layers) if layers else 0)
        for profile, level in present:
            bits.take(88 * profile + 8 * level)
        bits.golomb()
        self.separate_planes = bits.golomb() == 3 and bool(bits.take(1))
        bits.golomb(), bits.golomb()
        if bits.take(1):
            for _ in range(4):
                bits.golomb()
        bits.golomb(), bits.golomb()
        self.number_bits = bits.golomb() + 4


class Bits:
    """Bits from the most significant on, emulation prevention bytes taken out. Past the end it reads zeros."""

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self.value, self.left = int.from_bytes(plain), 8 * len(plain)

    def take(self, count: int) -> int:
        self.left -= count
        return self.value >> self.left & (1 << count) - 1 if self.left >= 0 else 0

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code, at most 32 bits of it."""
        zeros = 0
        while zeros < 32 and self.left > 0 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def _counted(stored: bytes, at: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        size = int.from_bytes(stored[at : at + 2])
        if len(unit := stored[at + 2 : at + 2 + size]) > 2:
            yield unit
        at += 2 + size


def _hvcc(stored: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(stored[22]):
        count = int.from_bytes(stored[at + 1 : at + 3])
        yield from _counted(stored, at + 3, count)
        at += 3
        for _ in range(count):
            at += 2 + int.from_bytes(stored[at : at + 2])


def _sized(data: bytes, size: int) -> Iterator[bytes]:
    at = 0
    while at + size < len(data):
        length = int.from_bytes(data[at : at + size])
        if length > 2:
            yield data[at + size : at + size + min(length, HEADER)]
        at += size + length


def _started(data: bytes) -> Iterator[bytes]:
    at = data.find(b"\0\0\1")
    while at >= 0:
        if len(unit := data[at + 3 : at + 3 + HEADER]) > 2:
            yield unit
        at = data.find(b"\0\0\1", at + 3)
