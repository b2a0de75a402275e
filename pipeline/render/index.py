"""The page of a batch: a table of all submissions, with a link to each report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from markupsafe import Markup

from models.summary import Row
from pipeline.render.html import environment, rule
from pipeline.wording import words
from pipeline.wording.language import Speaker

MOST = 10_000  # lines that a browser still shows well; the tables beside it have them all


def index(rows: Callable[[], Iterable[Row]], say: Speaker) -> Iterator[str]:
    """The whole page, piece by piece, in the speaker's language; nothing on it runs or is loaded.

    `rows` gives them anew each time it is called.
    """
    made = environment(say.language)
    style = made.get_template("report.css").render()
    count = sum(1 for _ in rows())
    yield from made.get_template("batch.html").generate(
        rows=islice(rows(), MOST),
        count=count,
        left=max(0, count - MOST),
        language=say.language,
        style=Markup(style),  # noqa: S704 (our own file)
        rule=rule(style),
        w=words,
    )
