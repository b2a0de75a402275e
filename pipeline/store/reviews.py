"""Where a reviewer's answer goes against what detectors found, and where it agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from models.answers import Answer
from models.report import Report, RequirementReport
from pipeline.store.tallies import Tally

SIGN = {"yes": 1, "no": -1}


def reviews(found: Report, given: Iterable[Answer]) -> Counter[Tally]:
    """How often each detector whose finding weighed was reviewed, and how often reversed.

    A yes reverses what spoke against the requirement, a no what spoke for it.
    """
    counts: Counter[Tally] = Counter()
    lines = {
        (exhibit.path, line.id): line for exhibit in found.exhibits for line in exhibit.requirements
    }
    for answer in given:
        line, said = lines.get(answer.question), SIGN.get(answer.answer)
        if line is None or said is None:
            continue
        for detector, sign in _weighed(line):
            counts["reviews", detector] += 1
            counts["reversals", detector] += int(sign != said)
    return counts


def _weighed(line: RequirementReport) -> set[tuple[str, int]]:
    """Detectors whose findings weighed in this line, and for which side."""
    return {
        (one.id.partition(":")[0], 1 if one.llr_cb > 0 else -1)
        for one in line.findings
        if not one.answer and one.llr_cb
    }
