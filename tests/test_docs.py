"""What the README shows and claims is what the program does and the cards hold."""

from __future__ import annotations

import re
from pathlib import Path

from bench import scoring
from models.card import cards
from sample_media import picture
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
NUMBERS = "none one two three four five six seven eight nine ten".split()


def test_the_picture_of_a_report_is_current() -> None:
    assert picture.of_picture() == picture.digest(), "run `make picture`"


def test_the_figures_of_the_readme_are_the_cards() -> None:
    (cut,) = (one for one in cards()["cuts"].measured if one.kind == "cut")
    assert cut.hit and cut.false_alarms
    found = NUMBERS[round(10 * cut.hit.hits / cut.hit.n)]
    rate = f"{cut.false_alarms.hits} of {cut.false_alarms.n} honest"
    text = " ".join(README.split())
    assert f"Of ten two-second cuts this finds {found}, and {rate}" in text
    whole = cards()["joins"].on("soft_join", stratum="nearly_all")
    assert whole and whole.false_alarms
    honest = whole.false_alarms
    assert f"{honest.n - honest.hits} of {honest.n} honest takes" in text
    assert "3 of 536 clips" in text and "3 were said to be whole" in cards()["joins"].says


def test_every_figure_of_a_rate_in_the_readme_was_looked_at() -> None:
    """A new claim with a number needs a line in the test above."""
    told = re.findall(r"\b(?:\d+ of \d+|\d+ honest|\d+(?:\.\d+)? ?%)", README)
    assert told == ["4 of 142", "54 of 97", "3 of 536"]


def test_the_page_on_scoring_is_worked_out_anew(tmp_path: Path) -> None:
    scoring.main(tmp_path)
    for made in sorted(tmp_path.iterdir()):
        there = ROOT / "docs" / made.name
        assert there.read_text("utf-8") == made.read_text("utf-8"), "run `make scoring`"


def test_perfect_doubtful_cut_and_other_are_told_apart() -> None:
    """The order of what people hand in is plain, by number and by word."""
    for role in ("packing_video", "unpacking_video"):
        rules = scoring.PACK.rules(role)
        within = scoring.reach(rules, scoring.CARDS)
        found = {
            name.partition(":")[0]: scoring.strength(rules, lams, within)
            for name, lams in scoring.situations(rules).items()
        }
        perfect, doubtful, cut = (found[name] for name in ("perfect", "doubtful", "cut"))
        other = found["another order's label"]
        assert perfect.score > doubtful.score > max(cut.score, other.score)
        assert len({perfect.band, doubtful.band, cut.band}) == 3
        assert perfect.band == "very_strong" and not perfect.caps
