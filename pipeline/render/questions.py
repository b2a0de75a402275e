"""A report's open questions as a file that a reviewer fills in."""

from __future__ import annotations

import json

from models.message import N_
from models.report import Report
from pipeline.wording import sentences, words
from pipeline.wording.language import Speaker

HEAD = N_("Fill in who you are and when, then each answer; leave empty what you cannot say.")


def answers_template(report: Report, say: Speaker) -> str:
    """TOML for `judge --answers`: each question as a comment, its answer left empty."""
    lines = [f"# {say(HEAD)}", 'by = ""', 'at = ""', ""]
    for question in report.questions:
        choices = ", ".join(f"{one} ({say(words.ANSWER[one])})" for one in question.answers)
        lines += [
            "[[answers]]",
            f"# {sentences.plain(say(question.text))}",
            f"exhibit = {json.dumps(question.exhibit, ensure_ascii=False)}",
            f"requirement = {json.dumps(question.requirement)}",
            f'answer = ""  # {choices}',
            "",
        ]
    return "\n".join(lines)
