"""What exhibits of one case say together: one parcel, before it left and after it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from models.identifiers.matching import squeezed
from models.kinds import PrintedFact
from models.message import Message
from models.observation import of
from models.submission import Weight, weight_of
from pipeline.judge.bearing import SURE_STATES
from pipeline.judge.judged import JudgedExhibit
from pipeline.wording import sentences

SHIPMENT = ("order_id", "tracking_number")
SAME_WEIGHT = 0.02  # share by which two scales may differ on one parcel (house rule)


def together(some: Sequence[JudgedExhibit]) -> Iterator[Message]:
    """Pairs of different roles that bear one number, each read surely, or state one weight."""
    for one, other in combinations(some, 2):
        if one.role.name == other.role.name:
            continue
        theirs = _numbers(other)
        shared = {name: said for name, said in _numbers(one).items() if name in theirs}
        for name in sorted(shared):
            kind, value = shared[name]
            yield sentences.same_number(one.path, other.path, kind, value)
        weights = _weight(one), _weight(other)
        if weights[0] and weights[1] and _alike(weights[0].grams, weights[1].grams):
            yield sentences.same_weight(one.path, other.path, weights[0].written)


def _numbers(one: JudgedExhibit) -> dict[str, tuple[str, str]]:
    """Numbers of shipments read surely: squeezed, with their kind and as they are shown."""
    sure = [found for found in one.linked.identifiers if found.state in SURE_STATES]
    return {squeezed(f.value): (f.kind, f.value) for f in sure if f.kind in SHIPMENT and f.value}


def _weight(one: JudgedExhibit) -> Weight | None:
    """The only weight that is printed in an exhibit; of several none can be told to be its own."""
    printed = of(one.examination.observations, PrintedFact)
    stated = {f"{fact.value} {fact.unit}" for fact in printed if fact.fact == "weight"}
    return weight_of(stated.pop()) if len(stated) == 1 else None


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= SAME_WEIGHT * max(one, other)
