"""What exhibits of one case say together: one parcel, before it left and after it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from models.identifiers.matching import squeezed
from models.message import Message
from pipeline.judge.bearing import SURE_STATES
from pipeline.judge.judged import JudgedExhibit
from pipeline.wording import sentences

SHIPMENT = ("order_id", "tracking_number")


def together(some: Sequence[JudgedExhibit]) -> Iterator[Message]:
    """Pairs of different roles that bear one number, each read surely from a label or a page."""
    for one, other in combinations(some, 2):
        if one.role.name == other.role.name:
            continue
        theirs = _numbers(other)
        shared = {name: said for name, said in _numbers(one).items() if name in theirs}
        for name in sorted(shared):
            kind, value = shared[name]
            yield sentences.same_number(one.path, other.path, kind, value)


def _numbers(one: JudgedExhibit) -> dict[str, tuple[str, str]]:
    """Numbers of shipments read surely: squeezed, with their kind and as they are shown."""
    sure = [found for found in one.linked.identifiers if found.state in SURE_STATES]
    return {squeezed(f.value): (f.kind, f.value) for f in sure if f.kind in SHIPMENT and f.value}
