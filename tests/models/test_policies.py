"""Policies as data: quotes are the platform's to the letter, observations in give verdicts out,
without media.
"""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from models.card import cards
from models.kinds import (
    ClarityRules,
    Clear,
    Cut,
    EditorTrace,
    Freeze,
    Gap,
    IdentifierExpected,
    IdentifierOther,
    JumpScores,
    PossibleCut,
)
from models.observation import Observation, Run, named, registry
from models.packs import PackError, Text, citations, pack_from, policies
from models.policy import Citation, Policy, Reason, Requirement, RoleRules
from models.record import Span
from pipeline.judge import weigh
from pipeline.judge.strength import ExhibitStrength, exhibit_strength
from pipeline.judge.verdicts import GROUP_LIMIT, SETTLED, verdicts
from pipeline.observe import gather
from pipeline.wording import words
from tests.conftest import ROOT, SHARED, needs_shared

PACKS = policies()
PACK = PACKS["tiktok-shop-us"]
MATRIX = [
    json.loads(line)
    for line in (ROOT / "tests" / "data" / "matrix.jsonl").read_text("utf-8").splitlines()
    if line.strip()
]
RULES = [
    (f"{pack.id}/{item.id}", rule)
    for pack in PACKS.values()
    for item in pack.items
    for rule in item.requirements
]
FOLDER = ROOT / "models" / "policies"
CHECKS = Text("checks.toml", (FOLDER / "checks.toml").read_text("utf-8"))
SEED = {  # which of the kept texts each source of a pack is
    "evidence-guide": "000_9e98db7e95b1ffda.txt",
    "evidence-article": "001_708fe8823e7a0a7e.txt",
    "cod-article": "002_2e66b4ad98026f46.txt",
    "appeals-article": "003_5fa714042a4bdf00.txt",
    "escalation": "004_4dd7db11941135c7.txt",
}
STATED = {  # by statement, the requirements that it states; it may stand on no other
    "P1": {"order-info-legible", "order-info-matches"},
    "P2": {"correct-product", "full-quantity", "intact"},
    "P3": {"packing-method"},
    "P3r": {"packing-method"},
    "P4": {"continuous", "unedited", "clear"},
    "U1": {"order-info-legible", "order-info-matches"},
    "U2": {"six-sides"},
    "U3": {"full-process"},
    "U4": {"issue-shown"},
    "U5": {"functional-test"},
    "U6": {"continuous", "unedited", "clear"},
    "S1": {"specific-order"},
    "S2": {"terms-shown"},
    "S3": {"on-platform"},
    "D1": {"correct-use"},
    "X1": {"kind-of-paper"},
    "pr1": {"explains"},
    "pr1b": {"supports-claim"},
    "pr2": {"correct-use"},
    "pr2b": {"functions"},
    "pr3": {"shows-damage"},
    "pr4b": {"weight-legible"},
    "pr4c": {"weight-agrees-pdp"},
    "sd1": {"order-info-legible", "order-info-matches", "times-shown"},
    "sd2": {"all-packages"},
    "sd3": {"order-info-legible", "order-info-matches"},
    "sd4": {"status-shown"},
    "sd4b": {"what-was-said"},
    "sd5": {"order-info-matches", "status-shown"},
    "ur0": {"status-shown"},
    "ur1": {"times-shown"},
    "ot1": {"explains"},
    "ot2": {"explains"},
    "C-safetym": {"kind-of-paper"},
    "C-consumers": {"kind-of-paper"},
    "C-cosmetics": {"kind-of-paper"},
    "A-trademark": {"kind-of-paper"},
    "A-proof": {"kind-of-paper"},
    "A-letter": {"kind-of-paper"},
    "A-brand": {"kind-of-paper"},
    "F2": {"kind-of-paper"},
    "F3": {"kind-of-paper"},
    "F3b": {"is-there"},
    "F4": {"order-info-legible", "order-info-matches"},
    "F5": {"right-address"},
    "F7": {"what-was-said"},
    "AE-item-photos": {"clear", "supports-claim"},
    "AE-q": {"supports-claim"},
    "AE-wrong": {"supports-claim"},
    "AE-videos": {"issue-shown"},
    "AE-order-confirmation": {"order-info-legible", "order-info-matches"},
    "AE-shipping-proof": {"order-info-legible", "order-info-matches", "status-shown"},
    "AE-return-receipt": {"order-info-legible", "order-info-matches"},
    "AE-communication": {"what-was-said"},
    "AZ-cod-logistics": {"order-info-legible", "order-info-matches"},
    "AZ-ap1": {"order-info-legible", "order-info-matches"},
    "AZ-communications": {"what-was-said"},
    "AZ-cod-buyer-confirmation": {"what-was-said"},
    "AZ-quality-report": {"kind-of-paper"},
    "AZ-buyer-feedback": {"supports-claim"},
    "AZ-after-sales-record": {"what-was-said"},
}


def texts(pack: str) -> tuple[Text, Text]:
    """Policy and sources of a pack as shipped."""
    policy, sources = (
        Text(name, (FOLDER / pack / name).read_text("utf-8"))
        for name in ("policy.toml", "sources.toml")
    )
    return policy, sources


def statements() -> list[tuple[str, str, Citation]]:
    """Every statement of every pack: pack, source, sentence."""
    found = []
    for pack in PACKS:
        sources = texts(pack)[1]
        by_id = {row["id"]: row["source"] for row in sources.parsed().get("statements", ())}
        found += [(pack, by_id[name], one) for name, one in citations(sources).items()]
    return found


@needs_shared
@pytest.mark.parametrize(
    ("pack", "source", "cited"), statements(), ids=lambda value: getattr(value, "statement", "")
)
def test_quotes_are_verbatim(pack: str, source: str, cited: Citation) -> None:
    if not cited.line:
        pytest.skip("seen in excerpts only")
    text = (SHARED / "policy" / "seeds" / SEED[source]).read_text("utf-8").splitlines()
    assert cited.quote in text[cited.line - 1], (pack, cited.statement)


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row["id"])
def test_every_statement_of_the_matrix_is_carried(row: dict[str, str]) -> None:
    """By a pack of its platform, to the letter; packs use each statement that they list."""
    pack = row["platform"].removesuffix("(3rd-party)")
    carried = {one.statement: one for name, _, one in statements() if name == pack}
    assert carried[row["id"]].quote == row["quote"]
    assert carried[row["id"]].line == row["line"]
    third = row["platform"] != pack
    assert carried[row["id"]].authority == ("third-party" if third else "platform")


def test_every_sentence_has_its_rendering_in_the_other_language() -> None:
    for pack, _, cited in statements():
        chinese = any("\u4e00" <= c <= "\u9fff" for c in cited.rendering)
        assert cited.rendering and chinese == (cited.language == "en"), (pack, cited.statement)


@pytest.mark.parametrize(("role", "rule"), RULES, ids=lambda value: getattr(value, "id", value))
def test_no_sentence_stands_on_what_it_does_not_state(role: str, rule: Requirement) -> None:
    for cited in rule.cites:
        assert rule.id in STATED[cited.statement], (role, rule.id, cited.quote)


@pytest.mark.parametrize(("role", "rule"), RULES, ids=lambda value: getattr(value, "id", value))
def test_every_kind_is_seen_by_a_detector_or_said_by_judging(role: str, rule: Requirement) -> None:
    seen = {name for one in gather.detectors() for name in named(one.sees)}
    for kind in (*rule.supporting, *rule.contradicting):
        assert kind in seen or registry[kind].about.by_link, (role, rule.id, kind)


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.id)
def test_every_cap_can_fire(pack: Policy) -> None:
    """By what a card lets an observation weigh, by a person's no, or by a kind being seen."""
    seen = {name for one in gather.detectors() for name in named(one.sees)}
    for item in pack.items:
        for cap in item.caps:
            if cap.kind:
                told = cap.kind in seen or registry[cap.kind].about.by_link
                assert told and cap.code in words.CAP, (item.id, cap.code)
                continue
            rule = item.requirement(cap.req)
            alarms = [
                -measured.alarm().llr_cb
                for card in cards().values()
                for measured in card.measured
                if measured.kind in rule.contradicting
            ]
            lowest = min([0, *alarms, *([-SETTLED] if rule.by_person else [])])
            groups = max(-2 * GROUP_LIMIT, 2 * lowest)  # two independent ways may agree
            assert groups <= cap.at_most, (item.id, cap.code, lowest)
            assert cap.code in words.CAP


def test_packing_weighs_more_where_it_was_damaged() -> None:
    plain = PACK.rules("packing_video").requirement("packing-method").weight
    damaged = PACK.rules("packing_video", "product-damaged-or-used")
    assert damaged.requirement("packing-method").weight > plain
    assert PACK.rules("packing_video", "multiple-packages") == PACK.rules("packing_video")


def test_if_relevant_has_its_answer() -> None:
    assert PACK.rules("unpacking_video").requirement("functional-test").if_relevant


@pytest.mark.parametrize(
    ("old", "new", "line_of_it", "why"),
    [
        ('id = "damage_photo"', 'idd = "damage_photo"', 'idd = "damage_photo"', "idd"),
        ('check = "six-sides"', 'check = "six-sdes"', 'check = "six-sdes"', "did you mean six-sid"),
        ('states = ["U2"]', 'states = ["U22"]', 'states = ["U22"]', "no statement is called U22"),
        ("weight = 12, states", "wieght = 12, states", "wieght", "did you mean weight"),
        ("damage_photo = 1000,", "damage_foto = 1000,", "", "damage_foto"),
        ('starts = ["notice"]', 'starts = ["notise"]', 'starts = ["notise"]', "starts"),
        ('"generator_mark", "track"', '"generator_mark", "trak"', '"trak"', "trak"),
        ('states = ["K8"]', "states = []", "", "K8"),
        ("[[clocks]]", "[[clocks]", "[[clocks]", "Expected"),
    ],
)
def test_a_typo_in_a_pack_is_told_with_its_line(
    old: str, new: str, line_of_it: str, why: str
) -> None:
    policy, sources = texts("tiktok-shop-us")
    assert old in policy.text
    broken = Text(policy.name, policy.text.replace(old, new, 1))
    with pytest.raises(PackError) as told:
        pack_from(broken, sources, CHECKS)
    assert why in str(told.value)
    if line_of_it:
        line = next(n for n, t in enumerate(broken.text.splitlines(), 1) if line_of_it in t)
        assert f"line {line}:" in str(told.value)


def test_default_weights_are_the_scoring_models() -> None:
    weights = {item.id: {r.id: r.weight for r in item.requirements} for item in PACK.items}
    assert list(weights["packing_video"].values()) == [10, 20, 17, 10, 8, 12, 8, 8, 7]
    assert list(weights["unpacking_video"].values()) == [10, 18, 18, 14, 12, 8, 8, 12, 10]
    assert PACK.rules("unpacking_video").requirements[2].parts == 6


def test_each_machine_requirement_names_kinds_and_each_human_one_asks() -> None:
    for role, rule in RULES:
        assert (
            rule.supported_by or rule.contradicted_by
            if rule.checker == "machine"
            else rule.question
        ), (role, rule.id)
        assert rule.advice or rule.question
        assert rule.question or not rule.by_eye, "what a person can settle is asked"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"requirements": []}, "at least 1"),
        ({"requirements": [{"id": "a", "weight": 1, "checker": "machine"}] * 2}, "twice"),
        ({"caps": [{"req": "nobody", "at_most": 0, "cap": 1, "code": "X"}]}, "no requirement"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_policies_fail_closed(change: dict[str, object], message: str) -> None:
    good = {"id": "x", "requirements": [{"id": "a", "weight": 1, "checker": "machine"}]}
    assert RoleRules.model_validate(good)
    with pytest.raises(ValidationError, match=message):
        RoleRules.model_validate(good | change)


def test_an_optional_slot_must_not_take_what_a_required_one_takes() -> None:
    slots = [
        {"id": "a", "weight": 1, "accepts": {"photo": 1000}},
        {"id": "b", "weight": 1, "required": False, "accepts": {"photo": 500}},
    ]
    with pytest.raises(ValidationError, match="optional slot b"):
        Reason.model_validate({"id": "r", "slots": slots})
    with pytest.raises(ValidationError):
        Policy.model_validate(
            {"id": "p", "platform": "P", "as_of": "2025", "authority": "platform", "items": []}
        )


def run(name: str, *sees: str, outcome: str = "completed") -> Run:
    return Run(detector=name, version="1", outcome=outcome, sees=sees)  # type: ignore[arg-type]


JUMP = JumpScores(**dict.fromkeys(JumpScores.model_fields, 1.0))
AT = Span(start=1, end=1)
RULES_OF_CLARITY = ClarityRules(sharpness=60, dark=40, bright=220, shorter_side=480)
SEEN: dict[str, Observation] = {
    "cut": Cut(at=AT, scores=JUMP, detector="cuts"),
    "possible_cut": PossibleCut(at=AT, scores=JUMP, detector="cuts"),
    "gap": Gap(at=AT, usual_step_s=0.03, detector="timeline"),
    "freeze": Freeze(at=AT, change=0.0, around=1.0, detector="repeats"),
    "editor_trace": EditorTrace(value="CapCut", detector="container"),
    "clear": Clear(
        sharpness=90,
        sharpness_where="label",
        brightness=120,
        width=1280,
        height=720,
        house_rules=RULES_OF_CLARITY,
        detector="clarity",
    ),
}


def saw(kind: str) -> Observation:
    return SEEN[kind].model_copy(update={"id": f"{SEEN[kind].detector}:1"})


def linked(
    kind: type[IdentifierExpected | IdentifierOther],
    state: str = "confirmed",
    source: str = "code",
    digits: int = 8,
) -> Observation:
    facts = {
        "at": AT,
        "number_kind": "order_id",
        "state": state,
        "sources": (source,),
        "frames": 3,
        "digits": digits,
        "detector": "link",
        "id": f"link:{kind.about.name}",
    }
    return kind.model_validate(facts)


def judged(runs: list[Run], seen: list[Observation]) -> ExhibitStrength:
    rules = PACK.rules("packing_video")
    return exhibit_strength(rules, verdicts(rules, weigh.findings(rules, runs, seen, cards())))


CUTS = ("cuts", "cut", "possible_cut")
LINK = ("link", "identifier_read", "identifier_expected", "identifier_other")
EDITING = ("container", "editor_trace", "edit_list")
CLARITY = ("clarity", "clear", "unclear")
REPEATS = ("repeats", "freeze", "repeat")


@pytest.mark.parametrize(
    ("runs", "seen", "requirement", "status"),
    [
        ([run(*CUTS)], [saw("cut")], "continuous", "not_met"),
        ([run(*CUTS)], [saw("possible_cut")], "continuous", "could_not_confirm"),
        ([run(*CUTS)], [], "continuous", "could_not_confirm"),  # one in nine is missed: no "met"
        ([run(*CUTS, outcome="failed")], [], "continuous", "not_checked"),
        ([run("timeline", "gap")], [saw("gap")], "continuous", "not_met"),
        ([run(*REPEATS)], [saw("freeze")], "continuous", "not_met"),
        ([run(*REPEATS), run(*CUTS)], [saw("freeze")], "continuous", "not_met"),
        ([run(*EDITING)], [saw("editor_trace")], "unedited", "could_not_confirm"),
        ([run(*EDITING)], [], "unedited", "could_not_confirm"),
        ([run(*CLARITY)], [saw("clear")], "clear", "could_not_confirm"),  # unmeasured: no status
        ([run(*LINK)], [linked(IdentifierExpected)], "order-info-matches", "met"),
        ([run(*LINK)], [linked(IdentifierOther)], "order-info-matches", "not_met"),
        (
            [run(*LINK)],
            [linked(IdentifierExpected, "weak")],
            "order-info-matches",
            "could_not_confirm",
        ),
        ([run(*LINK)], [linked(IdentifierExpected, source="text")], "order-info-matches", "met"),
        (
            [run(*LINK)],
            [linked(IdentifierExpected, source="text", digits=1)],
            "order-info-matches",
            "could_not_confirm",
        ),
        ([run(*LINK)], [], "order-info-matches", "could_not_confirm"),
        ([], [], "order-info-matches", "not_checked"),
    ],
)
def test_observations_in_verdicts_out(
    runs: list[Run], seen: list[Observation], requirement: str, status: str
) -> None:
    got = judged(runs, seen)
    assert {line.requirement: line.status for line in got.lines}[requirement] == status


def test_two_detectors_on_one_break_count_once() -> None:
    runs = [run(*CUTS), run("timeline", "gap")]
    both, gap = judged(runs, [saw("cut"), saw("gap")]), judged(runs, [saw("gap")])
    llr = {line.requirement: line.llr_cb for line in both.lines}["continuous"]
    cut, hole = (weigh.weight(saw(kind), cards()).llr_cb for kind in ("cut", "gap"))
    assert llr == min(-cut, -hole)
    assert {line.requirement: line.llr_cb for line in gap.lines}["continuous"] >= llr


def test_a_policy_names_every_kind_of_a_family_at_once() -> None:
    rule = PACK.rules("packing_video").requirement("continuous")
    assert rule.contradicted_by == ("family:break",)
    assert set(rule.contradicting) == {k for k, v in registry.items() if v.about.family == "break"}


def test_every_role_has_a_name_for_people() -> None:
    roles = {item.id for pack in PACKS.values() for item in pack.items}
    assert roles <= set(words.ROLE)
