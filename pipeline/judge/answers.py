"""A reviewer's answers become findings: a yes settles a line, a no speaks against it as much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from models.answers import REUSE, Answer
from models.errors import Usage
from models.finding import Finding
from models.operator_file import meant
from models.policy import Requirement, RoleRules
from pipeline.judge.verdicts import SETTLED

PERSON = "person"  # dependence group of all that people say
WEIGHS = {
    "yes": SETTLED,
    "no": -SETTLED,
    "unclear": 0,
}


def answered(rules: RoleRules, answers: Iterable[Answer]) -> Iterator[Finding]:
    """Findings of one exhibit's answers; an answer about a whole is one about each part."""
    for one in answers:
        if one.answer not in WEIGHS or one.requirement == REUSE:
            continue
        name, _, part = one.requirement.partition("#")
        for number in _parts(rules.requirement(name), part):
            yield Finding(
                requirement=name,
                part=number,
                id=one.id,
                llr_cb=WEIGHS[one.answer],
                group=PERSON,
                answer=True,
            )


def set_aside(answers: Iterable[Answer]) -> frozenset[str]:
    """Requirements that a person says do not apply."""
    return frozenset(one.requirement for one in answers if one.answer == "does_not_apply")


def _parts(rule: Requirement, part: str) -> Sequence[int]:
    if rule.parts == 1:
        return (0,)
    return (int(part),) if part else range(1, rule.parts + 1)


def fitting(
    answers: Iterable[Answer],
    rules_of: dict[str, RoleRules],
) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
    """Answers to what these rules ask, and those to what they do not: given under other rules."""
    given = tuple(answers)
    fit = tuple(one for one in given if not list(_faults(one, rules_of)))
    return fit, tuple(one for one in given if one not in fit)


def check_answers(answers: Iterable[Answer], rules_of: dict[str, RoleRules]) -> None:
    """Raises `Usage` with every answer that answers nothing which is asked."""
    faults = [why for one in answers for why in _faults(one, rules_of)]
    if faults:
        raise Usage("The answers: {faults}.", faults="; ".join(faults))


def _faults(one: Answer, rules_of: dict[str, RoleRules]) -> Iterator[str]:
    if one.exhibit not in rules_of:
        yield f"no exhibit is called {one.exhibit}{meant(one.exhibit, rules_of)}"
        return
    rules = rules_of[one.exhibit]
    if one.requirement == REUSE:
        if one.answer == "does_not_apply":
            yield f"{REUSE} always applies: yes, no or unclear"
        return
    name, _, part = one.requirement.partition("#")
    known = {rule.id: rule for rule in rules.requirements}
    if name not in known:
        yield f"{rules.id} has no requirement {name}{meant(name, known)}"
        return
    rule = known[name]
    if not rule.by_person:
        yield f"{name} is not asked of a person"
    if part and part not in {str(number) for number in _parts(rule, "")}:
        yield f"{name} has no part {part}"
    if one.answer == "does_not_apply" and not rule.if_relevant:
        yield f"{name} always applies: yes, no or unclear"
