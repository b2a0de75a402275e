"""Counters in the slice headers of H.264 and H.265 pictures, read without decoding.

Sources: ITU-T H.264 section 7.3, H.265 section 7.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Codec = Literal["h264", "hevc"]

HEADER = 96  # bytes of a unit that hold any slice header's beginning and any parameter set's
AVC_IDR = 5
AVC_SLICES = range(1, 6)
AVC_SPS = 7
HEVC_IDR = (19, 20)
HEVC_CRA = 21
HEVC_IRAP = range(16, 24)
HEVC_SLICES = range(32)
HEVC_SPS, HEVC_PPS = 33, 34
HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)  # tell chroma, depth
SHORTEST_AVCC, SHORTEST_HVCC = 7, 23  # bytes of a configuration record
MOST_ZEROS = 32  # of an Exp-Golomb code


@dataclass(frozen=True)
class Slice:
    """One coded picture's counters.

    `number` is frame_num (H.264) or the low bits of the picture order count (H.265).
    """

    idr: bool
    reference: bool
    number: int
    modulus: int
    idr_pic_id: int | None = None
    cra: bool = False
    gaps_allowed: bool = False


@dataclass
class ParameterSets:
    """What the parameter sets seen last say about how to read a slice header.

    `length_size`: bytes of a unit's length; 0: units begin with start codes. `number_bits` 0: no
    parameter set was seen yet.
    """

    codec: Codec
    length_size: int = 0
    number_bits: int = 0
    gaps_allowed: bool = False
    separate_planes: bool = False
    frames_only: bool = True
    extra_bits: int = 0
    output_flag: bool = False

    def read(self, stored: bytes) -> None:
        """The configuration record of the container (avcC, hvcC), or units with start codes."""
        for unit in self._units(stored):
            self.unit(unit)

    def _units(self, stored: bytes) -> Iterator[bytes]:
        if stored[:1] != b"\x01":
            return _units_by_start_code(stored)
        shortest = SHORTEST_AVCC if self.codec == "h264" else SHORTEST_HVCC
        if len(stored) < shortest:
            return iter(())
        if self.codec == "h264":
            self.length_size = (stored[4] & 3) + 1
            return _counted_units(stored, 6, stored[5] & 31)
        self.length_size = (stored[21] & 3) + 1
        return _hvcc_units(stored)

    def unit(self, unit: bytes) -> Slice | None:
        """Reads one unit; the counters if it is a picture's first slice."""
        return self._avc(unit) if self.codec == "h264" else self._hevc(unit)

    def picture(self, data: bytes) -> Slice | None:
        """The counters of the picture in this packet.

        `None` where there are none, or no parameter set was seen.
        """
        if self.length_size:
            units = _units_by_length(data, self.length_size)
        else:
            units = _units_by_start_code(data)
        for unit in units:
            found = self.unit(unit)
            if found is not None:
                return found
        return None

    def _avc(self, unit: bytes) -> Slice | None:
        """One unit of H.264."""
        kind = unit[0] & 31
        bits = Bits(unit[1:HEADER])
        if kind == AVC_SPS:
            self._avc_sequence(bits)
        first_in_picture = kind in AVC_SLICES and self.number_bits and bits.golomb() == 0
        if not first_in_picture:
            return None
        bits.skip_golombs(2)  # slice type, parameter set
        bits.take(2 if self.separate_planes else 0)
        number = bits.take(self.number_bits)
        idr = kind == AVC_IDR
        if not self.frames_only and bits.take(1):
            bits.take(1)
        return Slice(
            idr=idr,
            reference=bool(unit[0] & 96),
            number=number,
            modulus=1 << self.number_bits,
            idr_pic_id=bits.golomb() if idr else None,
            gaps_allowed=self.gaps_allowed,
        )

    def _avc_sequence(self, bits: Bits) -> None:
        """What a sequence parameter set of H.264 says of slice headers."""
        profile = bits.take(24) >> 16
        bits.golomb()
        self.separate_planes = False
        if profile in HIGH_PROFILES:
            if bits.golomb() == 3:
                self.separate_planes = bool(bits.take(1))
            bits.skip_golombs(2)
            bits.take(1)
            if bits.take(1):
                return  # scaling lists: nobody's phone; its counters stay unread
        self.number_bits = bits.golomb() + 4
        self._avc_order(bits)
        bits.golomb()
        self.gaps_allowed = bool(bits.take(1))
        bits.skip_golombs(2)
        self.frames_only = bool(bits.take(1))

    @staticmethod
    def _avc_order(bits: Bits) -> None:
        """Past the fields of the picture order count, by its type."""
        order = bits.golomb()
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1)
            bits.skip_golombs(2)
            bits.skip_golombs(min(bits.golomb(), 255))

    def _hevc(self, unit: bytes) -> Slice | None:
        """One unit of H.265."""
        kind = unit[0] >> 1 & 63
        layer = unit[1] & 7
        bits = Bits(unit[2:HEADER])
        if kind == HEVC_SPS:
            self._hevc_sequence(bits)
        if kind == HEVC_PPS:
            bits.skip_golombs(2)
            bits.take(1)
            self.output_flag = bool(bits.take(1))
            self.extra_bits = bits.take(3)
        first_in_picture = kind in HEVC_SLICES and self.number_bits and bits.take(1)
        if not first_in_picture:
            return None
        if kind in HEVC_IRAP:
            bits.take(1)
        bits.golomb()
        bits.take(self.extra_bits)
        bits.golomb()
        bits.take(self.output_flag)
        bits.take(2 if self.separate_planes else 0)
        number = 0 if kind in HEVC_IDR else bits.take(self.number_bits)
        counted_from = kind >= 16 or (kind % 2 == 1 and kind < 6)  # by the next low bits
        return Slice(
            idr=kind in HEVC_IDR,
            reference=layer == 1 and counted_from,
            number=number,
            modulus=1 << self.number_bits,
            cra=kind == HEVC_CRA,
        )

    def _hevc_sequence(self, bits: Bits) -> None:
        """The same of H.265."""
        bits.take(4)
        layers = bits.take(3)
        bits.take(1 + 88 + 8)
        present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        bits.take(2 * (8 - layers) if layers else 0)
        for profile, level in present:
            bits.take(88 * profile + 8 * level)
        bits.golomb()
        self.separate_planes = bits.golomb() == 3 and bool(bits.take(1))
        bits.skip_golombs(2)
        if bits.take(1):
            bits.skip_golombs(4)
        bits.skip_golombs(2)
        self.number_bits = bits.golomb() + 4


class Bits:
    """Bits from the most significant on, emulation prevention bytes taken out.

    Past the end it reads zeros.
    """

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self.value = int.from_bytes(plain)
        self.left = 8 * len(plain)

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        self.left -= count
        return self.value >> self.left & (1 << count) - 1 if self.left >= 0 else 0

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code, at most 32 bits of it."""
        zeros = 0
        while zeros < MOST_ZEROS and self.left > 0 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_golombs(self, count: int) -> None:
        for _ in range(count):
            self.golomb()


def _counted_units(
    stored: bytes,
    at: int,
    count: int,
) -> Iterator[bytes]:
    """Units that have their length in two bytes in front."""
    for _ in range(count):
        size = int.from_bytes(stored[at : at + 2])
        unit = stored[at + 2 : at + 2 + size]
        if len(unit) > 2:
            yield unit
        at += 2 + size


def _hvcc_units(stored: bytes) -> Iterator[bytes]:
    """Units of the configuration record of H.265."""
    at = SHORTEST_HVCC
    for _ in range(stored[22]):
        count = int.from_bytes(stored[at + 1 : at + 3])
        yield from _counted_units(stored, at + 3, count)
        at += 3
        for _ in range(count):
            at += 2 + int.from_bytes(stored[at : at + 2])


def _units_by_length(data: bytes, size: int) -> Iterator[bytes]:
    """Units that have their length in front."""
    at = 0
    while at + size < len(data):
        length = int.from_bytes(data[at : at + size])
        if length > 2:
            yield data[at + size : at + size + min(length, HEADER)]
        at += size + length


def _units_by_start_code(data: bytes) -> Iterator[bytes]:
    """Units between start codes."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        unit = data[at + 3 : at + 3 + HEADER]
        if len(unit) > 2:
            yield unit
        at = data.find(b"\0\0\1", at + 3)
