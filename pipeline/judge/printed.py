"""What a policy's sources say beside what is scored; printed with its sentences, never applied."""

from __future__ import annotations

from collections.abc import Iterator

from models.message import Message
from models.policy import Policy
from models.report import PrintedRule


def printed_rules(policy: Policy, reason: str | None) -> Iterator[PrintedRule]:
    """What the sources say beside what is scored: when the reason fits, grades, outcomes, rules."""
    chosen = policy.reason(reason) if reason else None
    if chosen and chosen.cites:
        yield PrintedRule(title=Message(id=chosen.title), about="reason", cites=chosen.cites)
    for rule in policy.rules_printed:
        if not rule.reasons or reason in rule.reasons:
            yield PrintedRule(title=Message(id=rule.title), about=rule.about, cites=rule.cites)
    for grade in policy.grades:
        yield PrintedRule(title=Message(id=grade.title), about="grading", cites=grade.cites)
    for outcome in chosen.outcomes if chosen else ():
        yield PrintedRule(title=Message(id=outcome.title), about="outcome", cites=outcome.cites)
