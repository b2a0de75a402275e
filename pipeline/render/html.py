"""The report as one page: nothing is loaded, nothing on it runs, all that was read is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from models.report import Report
from pipeline.render import strip
from pipeline.wording import sentences, words
from pipeline.wording.language import Language, Speaker


def page(
    report: Report,
    pictures: Mapping[str, bytes],
    say: Speaker,
) -> str:
    """The whole page as text, in the speaker's language.

    Its policy allows its own style sheet by hash and pictures inside it, nothing else.
    """
    made = environment(say.language)
    style = made.get_template("report.css").render()
    numbers = range(len(report.exhibits))
    captions = {
        one.name: say(sentences.caption(one.what, one.pts, exhibit.kind))
        for exhibit in report.exhibits
        for one in exhibit.pictures
    }
    shown = [
        _frames(
            report,
            number,
            pictures,
            captions,
        )
        for number in numbers
    ]
    return made.get_template("report.html").render(
        report=report,
        language=say.language,
        style=Markup(style),  # noqa: S704 (our own file)
        rule=rule(style),
        pictures={name: _inline(jpeg) for name, jpeg in sorted(pictures.items())},
        frames=shown,
        captions=captions,
        strips=[list(strip.marks(exhibit)) for exhibit in report.exhibits],
        motions=[strip.motion_points(exhibit) for exhibit in report.exhibits],
        width=strip.WIDTH,
        tall=strip.TALL,
        s=sentences,
        w=words,
    )


@cache
def environment(language: Language) -> Environment:
    """Templates that escape all, with our filters; compiled once a language."""
    say = Speaker(language)
    made = Environment(
        loader=PackageLoader("pipeline.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["seconds"] = sentences.seconds
    made.filters["plain"] = sentences.plain
    made.filters["say"] = say
    made.filters["address"] = quote
    made.globals["_"] = say
    return made


def rule(style: str) -> str:
    """The page's content security policy."""
    digest = hashlib.sha256(style.encode()).digest()
    coded = base64.b64encode(digest).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{coded}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _inline(jpeg: bytes) -> str:
    """A picture inside the page."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _frames(
    report: Report,
    number: int,
    pictures: Mapping[str, bytes],
    captions: Mapping[str, str],
) -> list[tuple[str, str]]:
    """(name, caption) of an exhibit's key frames that could be had and are not shown at the top."""
    at_top = {name for top in report.headlines for name in top.frames}
    return [
        (one.name, captions[one.name])
        for one in report.exhibits[number].pictures
        if one.what not in ("crop", "side") and one.name in pictures and one.name not in at_top
    ]
