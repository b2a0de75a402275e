"""The page of a batch: a table of all files, with a link to each report."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from models.summary import Row
from pipeline.render.html import environment, rule
from pipeline.wording import words
from pipeline.wording.language import Speaker


def index(rows: Sequence[Row], say: Speaker) -> str:
    """The whole page as text, in the speaker's language; nothing on it runs or is loaded."""
    made = environment(say.language)
    style = made.get_template("report.css").render()
    return made.get_template("batch.html").render(
        rows=rows,
        language=say.language,
        style=Markup(style),  # noqa: S704 (our own file)
        rule=rule(style),
        w=words,
    )
