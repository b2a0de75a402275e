"""From reads of one number in several pictures to the number: reads that belong together, and a vote on each character."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors._printed import Printed
from models import identifiers as ids

SLIPS, ONE_IN = 2, 5  # reads within so many edits, or one in so many characters, are one number read twice (research: ocr 4)
POWER = 4  # of a character's confidence: a sure read outweighs several doubtful ones
SHARE = 0.6  # of the votes on each character that the winner must have
SURELY = 0.95  # confidence of a character that may win without most of the pictures


@dataclass(frozen=True, slots=True)
class Read:
    """One number as read in one picture."""

    printed: Printed
    at: float
    scale: float = 1.0
    role: str | None = None  # of the picture: a return label, an order page, ...

    @property
    def value(self) -> str:
        return ids.squeezed(self.printed.value)


@dataclass(frozen=True, slots=True)
class Voted:
    """One number from all its reads. `reads`: those that say just this, and the one that names it; `settled`: no character is in doubt.

    `pictures`: in so many each of its characters was read. `weakest`: the least sure of its characters, in the read in which it is surest.
    """

    value: str
    reads: tuple[Read, ...]
    settled: bool
    pictures: int
    weakest: float

    @property
    def best(self) -> Read:
        """The read that names it: with a label word before without, surer before doubtful."""
        return min(self.reads, key=lambda r: (r.printed.kind is None, -r.printed.confidence, r.at))


def voted(reads: Sequence[Read]) -> list[Voted]:
    """Every number, the surest first. Fragments of a longer number, and reads that only resemble a surer one, are gone."""
    found: list[Voted] = []
    for group in _groups(reads):
        one = _vote(group)
        if not any(one.value in other.value for other in found):
            found.append(one)
    return found


def _groups(reads: Iterable[Read]) -> list[list[Read]]:
    """Reads of one number each. Two whose check digits hold, or that stand in one picture, are two numbers unless they are alike."""
    groups: list[list[Read]] = []
    for read in sorted(reads, key=lambda r: (r.printed.valid is not True, r.printed.kind is None, -r.printed.confidence, r.value, r.at)):
        home = next((group for group in groups if _same(group, read)), None)
        if home is None:
            groups.append([read])
        else:
            home.append(read)
    return groups


def _same(group: Sequence[Read], read: Read) -> bool:
    first = group[0]
    if first.value == read.value:
        return _agree(first, read)
    if not _agree(first, read) or (first.printed.valid and read.printed.valid):
        return False
    if read.value in first.value:
        return True
    near = ids.close(first.value, read.value, max(SLIPS, len(first.value) // ONE_IN))
    return near and not any(other.at == read.at and other.value != read.value for other in group)


def _agree(first: Read, read: Read) -> bool:
    """Are they of one kind, as far as that is said?"""
    return None in (first.printed.kind, read.printed.kind) or first.printed.kind == read.printed.kind


def _vote(group: Sequence[Read]) -> Voted:
    first = group[0]
    if first.printed.valid:
        same = [read for read in group if read.value == first.value]
        return Voted(first.value, tuple(same), True, len({read.at for read in same}), _weakest(same))
    weight: dict[int, float] = defaultdict(float)
    for read in group:
        weight[len(read.value)] += read.printed.confidence**POWER
    length = max(weight, key=lambda n: (weight[n], n))
    whole = [read for read in group if len(read.value) == length]
    won = [_character(whole, i) for i in range(length)]
    value = "".join(character for character, _, _ in won)
    same = [read for read in whole if read.value == value]
    labelled = [read for read in group if read.printed.kind is not None]
    named = min(labelled or whole, key=lambda r: (ids.edits(r.value, value), -r.printed.confidence, r.at))
    reads = tuple([named] * (named not in same) + same)
    return Voted(value, reads, all(sure for _, sure, _ in won), min(pictures for _, _, pictures in won), _weakest(same or whole))


def _character(whole: Sequence[Read], i: int) -> tuple[str, bool, int]:
    """The character that wins place `i`, whether it is beyond doubt, and in how many pictures it was read."""
    votes: dict[str, list[float]] = defaultdict(list)
    pictures: dict[str, set[float]] = defaultdict(set)
    for read in whole:
        votes[read.value[i]].append(_sure(read)[i])
        pictures[read.value[i]].add(read.at)
    weight = {character: sum(c**POWER for c in sure) for character, sure in votes.items()}
    winner = max(weight, key=lambda character: (weight[character], character))
    clear = weight[winner] >= SHARE * sum(weight.values())
    return winner, clear and (2 * len(votes[winner]) > len(whole) or max(votes[winner]) >= SURELY), len(pictures[winner])


def _sure(read: Read) -> Sequence[float]:
    """Confidence of each character of the squeezed value."""
    return read.printed.sure if len(read.printed.sure) == len(read.value) else (read.printed.confidence,) * len(read.value)


def _weakest(reads: Sequence[Read]) -> float:
    length = len(reads[0].value)
    return min((max(_sure(read)[i] for read in reads) for i in range(length)), default=0.0)
