"""Which queue a submission goes to, what is read first, and what is wrong with a table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Usage
from models.packs import policy
from models.screening import PRIORITY, Screened, Why
from models.submission import Case
from models.summary import Row
from pipeline.worker.routing import Facts, queue_for, rules_from
from pipeline.worker.urgency import HEAD_START_S, Urgency, due_of, reading_rank, screening_rank

NOW = 1_800_000_000
DAY = 86_400
TABLE = """
[[rule]]
queue = "human-review"
band = ["weak", "insufficient"]

[[rule]]
queue = "human-review"
contradiction = true

[[rule]]
queue = "set-aside"
outcome = ["failed", "quarantined"]

[[rule]]
queue = "ready"
"""


def row(**said: object) -> Row:
    return Row.model_validate({"file": "a.mp4", "outcome": "scored", "band": "strong", **said})


@pytest.mark.parametrize(
    ("facts", "queue"),
    [
        (Facts(row(), "generic"), "ready"),
        (Facts(row(band="weak"), "generic"), "human-review"),
        (Facts(row(), "generic", contradiction=True), "human-review"),
        (Facts(row(outcome="quarantined", band=""), "generic"), "set-aside"),
        (Facts(row(outcome="failed", band=""), "generic"), "set-aside"),
        (Facts(row(outcome="kept", band="moderate"), "generic"), "ready"),
    ],
)
def test_the_first_rule_that_holds(tmp_path: Path, facts: Facts, queue: str) -> None:
    (tmp_path / "routes.toml").write_text(TABLE)
    assert queue_for(rules_from(tmp_path / "routes.toml"), facts) == queue


@pytest.mark.parametrize(
    ("condition", "holds", "does_not"),
    [
        ('order = ["other", "near"]', row(order="other"), row(order="expected")),
        ("reused = true", row(reused=2), row(reused=0)),
        ("breaks = true", row(breaks=1), row()),
        ("breaks = false", row(), row(breaks=1)),
        ("questions = 2", row(to_check=2), row(to_check=1)),
        ('band = ["weak"]\norder = ["near"]', row(band="weak", order="near"), row(band="weak")),
    ],
)
def test_every_condition_holds_and_does_not(
    tmp_path: Path, condition: str, holds: Row, does_not: Row
) -> None:
    path = tmp_path / "routes.toml"
    path.write_text(f'[[rule]]\nqueue = "look"\n{condition}\n[[rule]]\nqueue = "rest"\n')
    rules = rules_from(path)
    assert queue_for(rules, Facts(holds, "generic")) == "look"
    assert queue_for(rules, Facts(does_not, "generic")) == "rest"


def test_without_a_table_there_is_no_queue() -> None:
    assert queue_for((), Facts(row(), "generic")) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: it holds no rule: each stands below [[rule]]"),
        ('[[rules]]\nqueue = "a"\n', "nothing is called rules (did you mean rule?)"),
        ('[[rule]]\nqueue = "a"\nbnad = ["weak"]\n', "line 3: nothing is called bnad (did you"),
        ('[[rule]]\nqueue = "a"\nband = ["bad"]\n', "line 3: band is none of very_strong, strong"),
        ('[[rule]]\nqueue = "Human Review"\n', "line 2: queue is no name of a queue: up to 64"),
        ('[[rule]]\nqueue = "parcelproof"\n', "line 2: queue is the queue by which workers are"),
        ('[[rule]]\nqueue = "a"\nquestions = "3"\n', "line 3: questions is no whole number"),
        ('[[rule]]\nqueue = "a"\npolicy = ["generik"]\n', "no policy (did you mean generic?)"),
        ('[[rule]]\nband = ["weak"]\n', "queue is missing"),
        (
            '[[rule]]\nqueue = "a"\nband = ["weak"]\n',
            "line 2: the last rule takes all that is left: it has a queue and no condition",
        ),
        (
            '[[rule]]\nqueue = "a"\n[[rule]]\nqueue = "b"\n',
            "line 2: this rule takes everything, so none below it is ever reached",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "routes.toml").write_text(text)
    with pytest.raises(Usage) as fault:
        rules_from(tmp_path / "routes.toml")
    assert says in str(fault.value)


def screened(why: Why, **said: object) -> Screened:
    return Screened.model_validate(
        {
            "file": "a.mp4",
            "outcome": "screened",
            "why": why,
            "says": "",
            "priority": PRIORITY[why],
            **said,
        }
    )


def test_what_is_read_first() -> None:
    """In this order, all having come at the same time."""
    some = [
        Urgency(NOW + DAY // 2, screened("nothing_stands_out")),
        Urgency(NOW + 2 * DAY, screened("nothing_stands_out")),
        Urgency(None, screened("other_number")),
        Urgency(None, screened("no_number", band="weak", to_check=2)),
        Urgency(None, screened("no_number", band="weak")),
        Urgency(),
        Urgency(None, screened("no_number")),
        Urgency(NOW + 30 * DAY, screened("nothing_stands_out")),
    ]
    ranks = [reading_rank(NOW, one) for one in some]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    assert screening_rank(NOW) < min(ranks)


@given(
    st.sampled_from(sorted(PRIORITY)),
    st.one_of(st.none(), st.integers(NOW - 10 * DAY, NOW + 90 * DAY)),
)
def test_nobody_waits_for_ever(why: Why, due: int | None) -> None:
    """Three days later nothing that comes then goes before it; screening takes only seconds."""
    least = reading_rank(NOW, Urgency(None, screened("nothing_stands_out")))
    later = NOW + 3 * DAY
    assert least < reading_rank(later, Urgency(due, screened(why)))
    assert screening_rank(later) < least < screening_rank(NOW + HEAD_START_S)


def test_the_first_clock_that_runs_is_when_it_is_due() -> None:
    """Of the operator's facts: ten days from a rejection, but not one that has passed."""
    rules, case = policy("tiktok-shop-us"), Case(source="operator")
    assert due_of(rules, case, "", NOW) is None
    facts = '{"dates": {"rejection": "2027-01-14", "delivery": "2027-01-10"}}'
    due = due_of(rules, case, facts, NOW)
    assert due is not None
    assert datetime.fromtimestamp(due, UTC).isoformat() == "2027-01-25T00:00:00+00:00"
    assert due_of(rules, case, '{"dates": {"rejection": "2026-12-01"}}', NOW) is None
