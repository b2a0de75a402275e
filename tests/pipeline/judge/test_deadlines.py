"""Clocks: right to the hour, across zones and holidays; never guessed where a date lacks."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.packs import policies
from models.report import Deadline
from models.submission import Case
from pipeline.judge.deadlines import deadlines

PACK = policies()["tiktok-shop-us"]
NOW = "2026-11-27T12:00:00+00:00"


def clock(name: str, now: str = NOW, **facts: object) -> Deadline:
    reason = facts.pop("reason", None)
    case = Case.model_validate({"source": "operator", "reason": reason} | facts)
    return next(one for one in deadlines(PACK, case, now) if one.id == name)


@pytest.mark.parametrize(
    ("name", "facts", "due", "state"),
    [
        # 24 hours from a moment, whatever its zone
        (
            "seller-evidence",
            {"dates": {"notice": "2026-11-26T15:00:00+02:00"}},
            "2026-11-27T15:00:00+02:00",
            "running",
        ),
        (
            "seller-evidence",
            {"dates": {"notice": "2026-11-26T11:59:00"}},
            "2026-11-27T11:59:00+00:00",
            "passed",
        ),
        # 2 business days: Thanksgiving and a weekend lie between
        (
            "seller-response",
            {"dates": {"request": "2026-11-25"}, "region": "US"},
            "2026-12-01T00:00:00+00:00",
            "running",
        ),
        (
            "seller-response",
            {"dates": {"request": "2026-11-25"}, "region": "DE"},
            "2026-11-28T00:00:00+00:00",
            "running",
        ),
        # calendar days run to the end of the last one
        (
            "open-dispute",
            {"dates": {"rejection": "2026-11-17"}},
            "2026-11-28T00:00:00+00:00",
            "running",
        ),
        (
            "seller-appeal",
            {"dates": {"judgment": "2026-11-05"}},
            "2026-11-27T00:00:00+00:00",
            "passed",
        ),
        (
            "customer-request",
            {"dates": {"delivery": "2026-02-01"}},
            "2026-03-04T00:00:00+00:00",
            "passed",
        ),
    ],
)
def test_worked_out_by_hand(name: str, facts: dict[str, object], due: str, state: str) -> None:
    found = clock(name, **facts)
    assert (found.due, found.state) == (due, state)
    assert found.cites and all(cited.quote for cited in found.cites)


def test_a_day_alone_counts_from_its_beginning_and_says_so() -> None:
    found = clock("seller-evidence", dates={"notice": "2026-11-27"})
    assert found.due == "2026-11-28T00:00:00+00:00"
    assert "no time of day was given" in str(found.note)


@pytest.mark.parametrize(
    ("name", "facts", "said"),
    [
        ("seller-evidence", {}, "the date of the dispute's notification is missing (dates.notice"),
        ("seller-response", {"dates": {"request": "2026-11-25"}}, "need a region"),
        (
            "seller-response",
            {"dates": {"request": "2026-11-25"}, "region": "QQ"},
            "holidays of QQ are not known",
        ),
        ("quality-visible", {"reason": "dispute-quality-and-safety"}, "does not say from when"),
    ],
)
def test_what_cannot_be_computed_says_why(name: str, facts: dict[str, object], said: str) -> None:
    found = clock(name, **facts)
    assert (found.due, found.state) == (None, "cannot_be_computed") and said in str(found.text)


def test_a_claimed_date_starts_no_clock() -> None:
    case = Case(source="claimed", dates={"notice": "2026-11-27"})
    assert all(one.due is None for one in deadlines(PACK, case, NOW))


def test_some_things_become_possible_only_later() -> None:
    facts = {"reason": "return-not-received", "dates": {"drop_off": "2026-11-12"}}
    found = clock("return-not-received", **facts)
    assert found.at_least and str(found.text).startswith("Possible since 2026-11-23 00:00")
    early = clock("return-not-received", now="2026-11-20T00:00:00+00:00", **facts)
    assert str(early.text) == "Possible from 2026-11-23 00:00 UTC on: in 3 d 0 h."


def test_clocks_of_one_reason_run_for_no_other() -> None:
    names = {one.id for one in deadlines(PACK, Case(source="operator"), NOW)}
    assert "return-not-received" not in names and "seller-evidence" in names


def test_sources_that_contradict_each_other_are_both_shown() -> None:
    found = clock("seller-evidence")
    assert [cited.statement for cited in found.missed] == ["K5b", "K5c"]
    both = list(deadlines(policies()["aliexpress"], Case(source="operator"), NOW))
    assert [one.id for one in both] == ["evidence-by-article", "evidence-by-help"]
    assert all("contradict" in str(one.note) for one in both)


YEARS = {"min_value": datetime(1990, 1, 1), "max_value": datetime(2199, 12, 31)}


@given(st.datetimes(**YEARS), st.datetimes())
def test_time_left_and_state_agree(start: datetime, now: datetime) -> None:
    found = clock(
        "seller-evidence", now=f"{now.isoformat()}+00:00", dates={"notice": start.isoformat()}
    )
    assert ("left" in str(found.text)) == (found.state == "running")
    assert ("Begins" in str(found.text)) == (found.state == "not_begun") == (now < start)


def test_nothing_is_computed_where_nobody_says_what_time_it_is() -> None:
    assert list(deadlines(PACK, Case(source="operator"), "")) == []
