"""From reads of one number in several pictures to the number: what belongs together, and a vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.reading.labels import Printed
from models.identifiers.matching import close, edits, squeezed
from models.kinds import Surface

# Reads within so many edits, or one in so many characters, are one number read twice.
SLIPS, ONE_IN = 2, 5
POWER = 4  # of a character's confidence: a sure read outweighs several doubtful ones
SHARE = 0.6  # of the votes on each character that the winner must have
SURELY = 0.95  # confidence of a character that may win without most of the pictures


@dataclass(frozen=True, slots=True)
class NumberRead:
    """One number as read in one picture; `role` is the picture's: a return label, a page, ..."""

    printed: Printed
    at: float
    scale: float = 1.0
    role: Surface | None = None

    @property
    def value(self) -> str:
        """Squeezed, as numbers are compared."""
        return squeezed(self.printed.value)

    @property
    def sure(self) -> Sequence[float]:
        """Confidence of each character of the squeezed value."""
        told = self.printed.sure
        return (
            told if len(told) == len(self.value) else (self.printed.confidence,) * len(self.value)
        )


@dataclass(frozen=True, slots=True)
class Voted:
    """One number from all its reads.

    `reads`: those that say just this, and the one that names it. `settled`: no character is in
    doubt. `pictures`: in so many each of its characters was read. `weakest`: the least sure of its
    characters, in the read in which it is surest.
    """

    value: str
    reads: tuple[NumberRead, ...]
    settled: bool
    pictures: int
    weakest: float

    @property
    def best(self) -> NumberRead:
        """The read that names it: with a label word before without, surer before doubtful."""
        return min(self.reads, key=lambda r: (r.printed.kind is None, -r.printed.confidence, r.at))


@dataclass(frozen=True, slots=True)
class Winner:
    """The character that wins its place, whether it is beyond doubt, in how many pictures read."""

    character: str
    clear: bool
    pictures: int


def voted(reads: Sequence[NumberRead]) -> list[Voted]:
    """Every number, the surest first.

    Fragments of a longer number, and reads that only resemble a surer one, are gone.
    """
    found: list[Voted] = []
    for group in _groups(reads):
        one = _vote(group)
        if not any(one.value in other.value for other in found):
            found.append(one)
    return found


def _groups(reads: Iterable[NumberRead]) -> list[list[NumberRead]]:
    """Reads of one number each, the surest read of each first.

    Two whose check digits hold, or that stand in one picture, are two numbers unless alike.
    """
    groups: list[list[NumberRead]] = []
    for read in sorted(reads, key=_surest_first):
        home = next((group for group in groups if _same(group, read)), None)
        if home is None:
            groups.append([read])
        else:
            home.append(read)
    return groups


def _surest_first(read: NumberRead) -> tuple[bool, bool, float, str, float]:
    """Checked before unchecked, labelled before bare, sure before doubtful."""
    printed = read.printed
    unchecked = printed.valid is not True
    bare = printed.kind is None
    return unchecked, bare, -printed.confidence, read.value, read.at


def _same(group: Sequence[NumberRead], read: NumberRead) -> bool:
    """Is it one more read of the number of the group?"""
    first = group[0]
    if first.value == read.value:
        return _of_one_kind(first, read)
    both_hold = first.printed.valid and read.printed.valid
    if not _of_one_kind(first, read) or both_hold:
        return False
    if read.value in first.value:
        return True
    if any(other.at == read.at and other.value != read.value for other in group):
        return False
    slips = max(SLIPS, len(first.value) // ONE_IN)
    return close(first.value, read.value, slips)


def _of_one_kind(first: NumberRead, read: NumberRead) -> bool:
    """Are they of one kind, as far as that is said?"""
    kinds = (first.printed.kind, read.printed.kind)
    return None in kinds or kinds[0] == kinds[1]


def _vote(group: Sequence[NumberRead]) -> Voted:
    """The number that the reads of a group say together."""
    first = group[0]
    if first.printed.valid:
        same = [read for read in group if read.value == first.value]
        pictures = len({read.at for read in same})
        return Voted(
            first.value,
            tuple(same),
            True,
            pictures,
            _weakest(same),
        )
    length = _length(group)
    whole = [read for read in group if len(read.value) == length]
    winners = [_winner(whole, i) for i in range(length)]
    value = "".join(winner.character for winner in winners)
    same = [read for read in whole if read.value == value]
    named = _named(group, whole, value)
    return Voted(
        value=value,
        reads=tuple(same) if named in same else (named, *same),
        settled=all(winner.clear for winner in winners),
        pictures=min(winner.pictures for winner in winners),
        weakest=_weakest(same or whole),
    )


def _length(group: Sequence[NumberRead]) -> int:
    """The number of characters that the surest reads have."""
    weight: dict[int, float] = defaultdict(float)
    for read in group:
        weight[len(read.value)] += read.printed.confidence**POWER
    return max(weight, key=lambda n: (weight[n], n))


def _named(
    group: Sequence[NumberRead],
    whole: Sequence[NumberRead],
    value: str,
) -> NumberRead:
    """The read that says what the number is: nearest to the value, with a label word if any has."""
    labelled = [read for read in group if read.printed.kind is not None]
    return min(
        labelled or whole,
        key=lambda read: (edits(read.value, value), -read.printed.confidence, read.at),
    )


def _winner(whole: Sequence[NumberRead], i: int) -> Winner:
    """The vote on place `i`."""
    votes: dict[str, list[float]] = defaultdict(list)
    pictures: dict[str, set[float]] = defaultdict(set)
    for read in whole:
        votes[read.value[i]].append(read.sure[i])
        pictures[read.value[i]].add(read.at)
    weight = {}
    for character, sure in votes.items():
        weight[character] = sum(c**POWER for c in sure)
    winner = max(weight, key=lambda character: (weight[character], character))
    outweighs = weight[winner] >= SHARE * sum(weight.values())
    most = 2 * len(votes[winner]) > len(whole)
    clear = outweighs and (most or max(votes[winner]) >= SURELY)
    return Winner(winner, clear, len(pictures[winner]))


def _weakest(reads: Sequence[NumberRead]) -> float:
    """Confidence of the least sure character, each in the read where it is surest."""
    places = range(len(reads[0].value))
    surest = [max(read.sure[i] for read in reads) for i in places]
    return min(surest, default=0.0)
