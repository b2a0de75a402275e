"""Answers: a yes settles a line, a no holds it down; an answer to nothing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.answers import Answer, answers_of, latest
from models.card import cards
from models.errors import Usage
from models.examination import Examinations, Seal
from models.packs import policies
from models.report import Report
from models.submission import Case
from pipeline.judge.report import report
from pipeline.render.json import as_json
from pipeline.render.questions import answers_template
from pipeline.wording.language import Speaker
from tests.conftest import ROOT, Run
from tests.pipeline.judge.test_link import ORDER
from tests.pipeline.judge.whole import RULES, clip, label


def answer(requirement: str, said: str, **besides: str) -> Answer:
    facts = {
        "exhibit": "a.mp4",
        "requirement": requirement,
        "answer": said,
        "by": "R. Viewer",
        "at": "2026-01-02T10:00:00+00:00",
    }
    return Answer.model_validate(facts | besides)


def judged(*answers: Answer, role: str = "packing_video") -> Report:
    examined = Examinations(
        pipeline_version="1",
        created_at="2026-01-01T00:00:00Z",
        policy=RULES.id,
        case=Case(source="operator", order_id=ORDER),
        seal=Seal(salt="00" * 16),
        exhibits=(clip(*label(), role=role),),
    )
    return report(examined, RULES, cards(), answers=answers)


def status(found: Report) -> dict[str, str]:
    return {row.id: row.verdict for row in found.exhibits[0].requirements}


CONTENT = ("correct-product", "full-quantity", "intact", "packing-method")


def test_a_reviewer_who_confirms_the_content_settles_it() -> None:
    """As example E1 of the scoring model becomes E2."""
    before = judged()
    after = judged(*(answer(name, "yes") for name in CONTENT))
    assert [status(before)[name] for name in CONTENT] == ["not_checked"] * 4
    assert [status(after)[name] for name in CONTENT] == ["met"] * 4
    one, other = (found.exhibits[0].strength for found in (before, after))
    assert one and other and other.confirmed == pytest.approx(one.confirmed + 35.0)
    assert other.for_person == pytest.approx(one.for_person - 35.0)
    assert {q.requirement for q in before.questions} - {q.requirement for q in after.questions} == {
        *CONTENT
    }


@pytest.mark.parametrize(
    ("said", "verdict"), [("yes", "met"), ("no", "not_met"), ("unclear", "could_not_confirm")]
)
def test_what_each_answer_says(said: str, verdict: str) -> None:
    found = judged(answer("intact", said))
    assert status(found)["intact"] == verdict
    row = next(row for row in found.exhibits[0].requirements if row.id == "intact")
    (finding,) = row.findings
    assert finding.answer and finding.id in {one.id for one in found.answers}
    assert "R. Viewer answered on 2026-01-02" in str(row.says) and row.house


def test_what_does_not_apply_leaves_the_scale() -> None:
    found = judged(answer("functional-test", "does_not_apply"), role="unpacking_video")
    assert status(found)["functional-test"] == "not_applicable"
    assert sum(r.points + r.lost for r in found.exhibits[0].requirements) == pytest.approx(100)


def test_a_no_brings_its_cap() -> None:
    found = judged(answer("unedited", "no"))
    assert found.strength and "EDIT_SIGNS" in found.strength.caps
    assert any("work of an editing program" in str(said) for said in found.strength.because)


def test_an_answer_about_a_whole_is_one_about_each_part() -> None:
    whole = judged(answer("six-sides", "yes"), role="unpacking_video")
    part = judged(answer("six-sides#3", "yes"), role="unpacking_video")
    assert [status(whole)[f"six-sides#{n}"] for n in range(1, 7)] == ["met"] * 6
    assert [n for n in range(1, 7) if status(part)[f"six-sides#{n}"] == "met"] == [3]


def test_the_last_answer_counts_and_people_outweigh_nobody_twice() -> None:
    first, second = answer("intact", "yes"), answer("intact", "no", by="Another")
    assert latest((first, second)) == (second,)
    found = judged(first, second)
    assert status(found)["intact"] == "not_met"
    assert found.answers == (first, second), "the first stays on record"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exhibit": "b.mp4"}, r"no exhibit is called b.mp4 \(did you mean a.mp4\?\)"),
        ({"requirement": "intcat"}, r"has no requirement intcat \(did you mean intact\?\)"),
        ({"requirement": "continuous"}, "continuous is not asked of a person"),
        ({"requirement": "intact#2"}, "intact has no part 2"),
        ({"answer": "does_not_apply"}, "intact always applies"),
    ],
)
def test_an_answer_to_nothing_is_told(change: dict[str, str], said: str) -> None:
    with pytest.raises(Usage, match=said):
        judged(answer("intact", "yes").model_copy(update=change))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[answers]]\nexhibit = "a"', "line 1: answer is missing"),
        ("answer = 1", "nothing is called answer (did you mean answers?)"),
        ("answers = 1", "answers stand below"),
        (
            'by = "x"\nat = 2026-01-01\n[[answers]]\nexhibit = "a"\nrequirement = "b"\n'
            'answer = "maybe"',
            "line 6: answer is none of yes, no",
        ),
        ('[[answers]]\nexhibt = "a"', "line 2: nothing is called exhibt (did you mean exhibit?)"),
        (
            'by = "x"\nat = 2026-01-01\n'
            + '[[answers]]\nexhibit = "a"\nrequirement = "b"\nanswer = "no"\n' * 2,
            "b of a is answered twice",
        ),
        ("by = ", "cannot be read"),
    ],
)
def test_faults_of_an_answers_file_are_sentences(text: str, said: str) -> None:
    with pytest.raises(Usage) as told:
        answers_of(text, "answers.toml")
    assert said in str(told.value)


def test_the_template_holds_every_question_and_empty_answers_are_none() -> None:
    found = judged()
    text = answers_template(found, Speaker("zh"))
    filled = text.replace('by = ""', 'by = "R"').replace('at = ""', "at = 2026-01-02")
    assert answers_of(filled, "t") == ()
    full = answers_of(filled.replace('answer = ""', 'answer = "yes"'), "t")
    assert {one.requirement for one in full} == {q.requirement for q in found.questions}


def test_answers_are_kept_and_the_rest_is_byte_for_byte(run: Run, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    photo = ROOT / "sample_media" / "label.jpg"
    assert run("score", photo, "--role", "parcel_photo", "--report", first).returncode == 0
    again = run("judge", first, "--format", "json")
    assert again.stdout == (first / "report.json").read_text("utf-8") or "audit" in again.stdout
    (tmp_path / "a.toml").write_text(
        'by = "R"\nat = 2026-01-02\n[[answers]]\nexhibit = "label.jpg"\n'
        'requirement = "correct-product"\nanswer = "yes"\n',
        "utf-8",
    )
    done = run("judge", first, "--answers", tmp_path / "a.toml", "--report", second)
    assert done.returncode == 0, done.stderr
    assert run("judge", second, "--report", third).returncode == 0
    one, other = ((folder / "report.json").read_text("utf-8") for folder in (second, third))
    assert one == other and '"answer:label.jpg:correct-product"' in one
    assert as_json(Report.model_validate_json(one)) == one


def test_saved_answers_that_other_rules_do_not_ask_for_are_set_aside_and_named() -> None:
    generic = policies()["generic"]
    examined = Examinations(
        pipeline_version="1",
        created_at="2026-01-01T00:00:00Z",
        policy=RULES.id,
        case=Case(source="operator", order_id=ORDER),
        seal=Seal(salt="00" * 16),
        exhibits=(clip(*label()),),
        answers=(answer("packing-method", "yes"), answer("full-quantity", "yes")),
    )
    found = report(examined, generic, cards())
    assert [one.requirement for one in found.answers] == ["full-quantity"]
    assert any("do not ask what R. Viewer answered" in str(line) for line in found.not_checked)
