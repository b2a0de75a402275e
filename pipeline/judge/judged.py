"""An exhibit on its way through judging: what is known of it when its verdicts are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.answers import Answer
from models.card import Card
from models.examination import Examination
from models.finding import Finding
from models.kinds import Side
from models.observation import Observation, Run
from models.policy import Policy
from models.report import SidesReport
from models.submission import Case
from pipeline.judge.answers import answered, set_aside
from pipeline.judge.link import Linked, link
from pipeline.judge.roles import Role, resolve
from pipeline.judge.sides import sides_asked, sides_report
from pipeline.judge.strength import ExhibitStrength, exhibit_strength
from pipeline.judge.trials import Noticed, noticed
from pipeline.judge.verdicts import verdicts
from pipeline.judge.weigh import findings, reach


@dataclass(frozen=True)
class JudgedExhibit:
    """One exhibit from its observations to its strength."""

    examination: Examination
    case: Case
    cards: Mapping[str, Card]
    role: Role
    linked: Linked
    answers: tuple[Answer, ...]
    findings: tuple[Finding, ...]
    strength: ExhibitStrength

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Of detectors, and of linking."""
        return (*self.examination.runs, self.linked.run)

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """Of detectors, and of linking."""
        return (*self.examination.observations, *self.linked.observations)

    @cached_property
    def answer_of(self) -> dict[str, Answer]:
        """People's answers by the names of their findings."""
        return {one.id: one for one in self.answers}

    @cached_property
    def by_id(self) -> dict[str, Observation]:
        """Observations by name."""
        return {one.id: one for one in self.observations}

    @cached_property
    def noticed(self) -> Noticed:
        """What its own trials say that silence about breaks may claim."""
        return noticed(self.examination.observations)

    @cached_property
    def sides(self) -> SidesReport:
        """Which sides of the parcel were shown."""
        return sides_report(self.examination.runs, self.examination.observations)

    @property
    def path(self) -> str:
        """Its name for people."""
        return self.examination.path


def judged(
    exhibit: Examination,
    case: Case,
    policy: Policy,
    cards: Mapping[str, Card],
    seal: bytes | None,
    answers: Sequence[Answer] = (),
) -> JudgedExhibit:
    """The plan of judging, step by step, for an exhibit that could be read. Raises `Usage`."""
    # 1. What it is judged as.
    given = resolve(exhibit, case, policy)
    rules = given.rules.with_parts(Side.about.name, sides_asked(exhibit.observations))
    role = given._replace(rules=rules)
    # 2. What was read meets what is expected.
    linked = link(
        exhibit.runs,
        exhibit.observations,
        case,
        role.rules,
        exhibit.kind,
        seal,
        policy.weight_tolerance / 1000,
        policy.reason(case.reason).statuses if case.reason else (),
    )
    # 3. Observations, completed silence and people's answers become findings.
    theirs = tuple(one for one in answers if one.exhibit == exhibit.path)
    runs = (*exhibit.runs, linked.run)
    seen = (*exhibit.observations, *linked.observations)
    found = findings(
        role.rules,
        runs,
        seen,
        cards,
    )
    found = (*found, *answered(role.rules, theirs))
    # 4. Findings become verdicts, verdicts a strength.
    kinds = {one.kind for one in seen}
    asked = role.rules.requirements
    cannot_apply = {one.id for one in asked if exhibit.kind in one.not_for} | set_aside(theirs)
    lines = verdicts(
        role.rules,
        found,
        cannot_apply,
        reach(role.rules, cards),
    )
    strength = exhibit_strength(role.rules, lines, kinds)
    return JudgedExhibit(
        exhibit,
        case,
        cards,
        role,
        linked,
        theirs,
        found,
        strength,
    )
