"""Every statement of the sources is reachable from a report: under some role, for some reason."""

from __future__ import annotations

import re

import pytest

from models.card import cards
from models.examination import Examinations, Seal
from models.packs import policies
from models.policy import Policy
from models.submission import Case
from pipeline.judge.report import report
from pipeline.render.json import as_json
from tests.models.test_policies import MATRIX
from tests.pipeline.judge.test_link import ORDER
from tests.pipeline.judge.whole import clip

PACKS = policies()


def shown(pack: Policy, reason: str | None) -> set[str]:
    """Statements in the report on one exhibit of every role, held for a reason."""
    exhibits = tuple(clip(path=f"{item.id}.mp4", role=item.id) for item in pack.items)
    examined = Examinations(
        pipeline_version="1",
        created_at="2026-01-01T00:00:00Z",
        policy=pack.id,
        case=Case(source="operator", order_id=ORDER, reason=reason),
        seal=Seal(salt="00" * 16),
        exhibits=exhibits,
    )
    return set(re.findall(r'"statement": "([^"]+)"', as_json(report(examined, pack, cards()))))


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.id)
def test_every_statement_is_reachable_from_a_report(pack: Policy) -> None:
    reached = set.union(*(shown(pack, reason.id) for reason in pack.reasons))
    asked = {row["id"] for row in MATRIX if row["platform"].startswith(f"{pack.id}")}
    assert asked <= reached, asked - reached


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.id)
def test_every_pack_knows_what_unnamed_files_are_judged_as(pack: Policy) -> None:
    for role in ("undecided", "parcel_photo", "tracking_screenshot"):
        assert pack.knows_role(role)
