"""Made from a report: two drafts of letters, a statement of reasons, findings as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from models.message import N_
from models.report import ExhibitReport, Report
from pipeline.render.cells import inert
from pipeline.render.folder import write, writing
from pipeline.wording import drafts, words
from pipeline.wording.language import Speaker

MISSING = "what_is_missing.txt"
REQUEST = "request_for_details.txt"
STATEMENT = "statement_of_reasons.json"
FINDINGS = "findings.csv"
AUTOMATED = N_(
    "An automated program examined the media and worked out what is listed here. "
    "It decided nothing."
)
COLUMNS = (
    "exhibit",
    "requirement",
    "verdict",
    "log10_lr",
    "points",
    "of",
    "at_s",
    "says",
    "source",
    "quote",
)


def write_drafts(
    folder: Path,
    report: Report,
    say: Speaker,
) -> list[Path]:
    """All four into `folder`; their paths. Raises CannotWrite."""
    made = {
        MISSING: what_is_missing(report, say),
        REQUEST: request_for_details(report, say),
        STATEMENT: statement_of_reasons(report, say),
        FINDINGS: findings(report, say),
    }
    with writing(folder):
        for name, text in made.items():
            write(folder / name, text)
    return [folder / name for name in made]


def what_is_missing(report: Report, say: Speaker) -> str:
    """An explanation of what evidence is missing."""
    gaps = [f"- {say(gap)}" for gap in drafts.gaps(report)]
    body = [say(drafts.GREETING), "", *gaps] if gaps else [say(drafts.NOTHING_OPEN)]
    return _letter(report, say, [*body, *_for_people(report, say)])


def request_for_details(report: Report, say: Speaker) -> str:
    """A request for more details, of what can be handed in now."""
    wishes = [f"- {say(wish)}" for wish in drafts.wishes(report)]
    body = [say(drafts.ASKED), "", *wishes] if wishes else [say(drafts.NOTHING_TO_ASK)]
    return _letter(report, say, body)


def _for_people(report: Report, say: Speaker) -> list[str]:
    """What is open for a person, beside what was not seen."""
    asked = [f"- {say(one)}" for one in drafts.for_people(report)]
    return ["", say(drafts.FOR_PEOPLE), "", *asked] if asked else []


def _letter(
    report: Report,
    say: Speaker,
    body: list[str],
) -> str:
    return "\n".join([say(drafts.subject(report)), "", *body, "", say(drafts.CLOSING), ""])


def statement_of_reasons(report: Report, say: Speaker) -> str:
    """The facts relied on, their sources, the means used: what a decision's reasons must name."""
    fields = {
        "automated_means": say(AUTOMATED),
        "program": f"parcelproof {report.pipeline_version}",
        "policy": {
            "platform": report.policy.platform,
            "id": report.policy.id,
            "as_of": report.policy.as_of,
            "authority": report.policy.authority,
            "sha256": report.policy.sha256,
        },
        "created_at": report.created_at,
        "case": report.case.model_dump(mode="json", exclude_defaults=True),
        "facts": [row for one in report.exhibits for row in _facts(one, say)],
        "contradictions": [say(said) for said in report.contradictions],
        "answered_by_people": [one.model_dump(mode="json") for one in report.answers],
        "open_questions": [
            {"exhibit": one.exhibit, "question": say(one.text)} for one in report.questions
        ],
        "error_rates": [card.model_dump(mode="json") for card in report.cards],
        "limits": [say(limit) for limit in report.limits],
    }
    return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"


def _facts(exhibit: ExhibitReport, say: Speaker) -> Iterator[dict[str, object]]:
    for row in exhibit.requirements:
        yield {
            "exhibit": exhibit.path,
            "sha256": exhibit.sha256,
            "requirement": row.id,
            "title": say(row.title),
            "verdict": say(words.VERDICT[row.verdict]),
            "seen": say(row.says),
            "at_s": None if exhibit.kind == "image" else row.at_s,
            "honest_causes": [say(cause) for cause in row.honest_causes],
            "rests_on": [one.id for one in row.findings],
            "asked_by": [cited.model_dump(mode="json") for cited in row.cites],
        }


def findings(report: Report, say: Speaker) -> str:
    """A table of every line; no cell of it is ever a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for exhibit in report.exhibits:
        for row in exhibit.requirements:
            cells = (
                exhibit.path,
                row.id,
                row.verdict,
                row.log10_lr,
                row.points,
                row.points + row.lost,
                "" if row.at_s is None or exhibit.kind == "image" else row.at_s,
                say(row.says),
                row.source,
                row.quote,
            )
            table.writerow([inert(cell) for cell in cells])
    return text.getvalue()
