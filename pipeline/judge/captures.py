"""Which exhibits hold one recording: the same bytes, or the same pictures in other bytes."""

from __future__ import annotations

from collections.abc import Sequence

from models.examination import Examination
from models.kinds import Fingerprint
from models.observation import first

# Of 256 bits by which two hashes of one picture may differ, and share of the shorter one's pictures
# that must be found in step: a drawn clip made smaller and encoded again differs by 0 to 8, of half
# as many pictures a second in five of seven; another take of its scene by 8 to 30 (house rule).
BITS, SHARE = 8, 0.7
FEWEST = 3  # pictures of a video, one a second, that are enough to tell


def captures(exhibits: Sequence[Examination]) -> list[str]:
    """A name for the recording of each exhibit: the digest of the first that holds it."""
    names: list[str] = []
    for number, exhibit in enumerate(exhibits):
        pairs = zip(exhibits[:number], names, strict=True)
        names.append(next((name for other, name in pairs if _same(other, exhibit)), exhibit.sha256))
    return names


def _same(one: Examination, other: Examination) -> bool:
    if one.sha256 == other.sha256:
        return True
    prints = [first(exhibit.observations, Fingerprint) for exhibit in (one, other)]
    hashes = sorted((found.hashes for found in prints if found), key=len)
    if len(hashes) < 2 or one.kind != other.kind:
        return False
    if one.kind == "video" and len(hashes[0]) < FEWEST:
        return False
    return alike(*hashes)


def alike(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    """Is the shorter a stretch of the longer, picture for picture?"""
    few, many = ([int(text, 16) for text in some] for some in (shorter, longer))
    for start in range(len(many) - len(few) + 1):
        pairs = zip(few, many[start:], strict=False)
        near = sum((a ^ b).bit_count() <= BITS for a, b in pairs)
        if near >= SHARE * len(few):
            return True
    return False
