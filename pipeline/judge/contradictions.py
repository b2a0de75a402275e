"""Exhibits of one case that cannot both be of it. Which is wrong, a person says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from models.message import Message
from models.report import Verdict
from pipeline.judge.captures import captures
from pipeline.judge.judged import JudgedExhibit
from pipeline.wording import sentences


def contradictions(some: Sequence[JudgedExhibit]) -> Iterator[Message]:
    """Pairs of which one bears the expected number and the other was seen to bear another one.

    Where nobody said which is expected: pairs whose confirmed order IDs differ. And one recording
    that was handed in as two different things.
    """
    recordings = captures([one.examination for one in some])
    for (one, first), (other, second) in combinations(zip(some, recordings, strict=True), 2):
        if first == second and one.role.name != other.role.name:
            yield sentences.two_things(one.path, other.path, one.role.name, other.role.name)
    for one, other in combinations(some, 2):
        if {_link(one), _link(other)} == {"met", "not_met"}:
            yield sentences.contradiction(one.path, other.path)
        theirs = [_orders(one), _orders(other)]
        if all(theirs) and not set.intersection(*theirs):
            yield sentences.different_orders(one.path, other.path)


def _link(one: JudgedExhibit) -> Verdict | None:
    """The verdict on whether it is the order in dispute."""
    for line in one.strength.lines:
        if one.role.rules.requirement(line.requirement).is_link:
            return line.status
    return None


def _orders(one: JudgedExhibit) -> set[str]:
    """Order IDs read beyond doubt, where nobody said which is expected."""
    if one.case.expected(one.role.name):
        return set()
    read = one.linked.identifiers
    return {i.value for i in read if i.kind == "order_id" and i.state == "confirmed"}
