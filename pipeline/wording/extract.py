"""Collecting every template that people may see, for translators (`make messages`).

From Python (`N_` and named errors), from the page's template, from policies and cards.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from models.errors import ParcelproofError
from models.observation import registry
from pipeline.wording.language import CATALOGUE
from pipeline.wording.sentences import of_still

ROOT = Path(__file__).resolve().parents[2]
LOCALE = Path(__file__).resolve().parent / "locale"
TEMPLATE = "parcelproof.pot"
LANGUAGES = ("zh",)
SOURCES = ("models", "detectors", "pipeline")
PEOPLE_READ = {  # keys of data files, by their folder
    "policies": {"title", "question", "text", "says", "note", "film"},
    "cards": {"on"},
}
QUOTED = "sources.toml"  # a platform's sentences, with renderings of their own


def templates() -> list[str]:
    """Every template, each once, sorted."""
    found = {*_python(), *_page(), *_data(), *_of_stills()}
    return sorted(text for text in found if text.strip())


def _python() -> Iterator[str]:
    """Marked in code."""
    keywords: dict[str, tuple[int, ...] | None] = {"N_": None, "say": None}
    keywords |= dict.fromkeys(ParcelproofError.named)
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found = extract("python", BytesIO(path.read_bytes()), keywords=keywords)
            messages = [message for _, message, *_ in found]
            yield from (text for text in messages if isinstance(text, str))


def _page() -> Iterator[str]:
    """Marked in the pages."""
    options = {"trim_blocks": "true", "lstrip_blocks": "true"}
    for page in sorted((ROOT / "pipeline" / "render" / "templates").glob("*.html")):
        with page.open("rb") as file:
            for _, _, message, _ in babel_extract(
                file,
                ("_",),
                (),
                options,
            ):
                yield str(message[0] if isinstance(message, tuple) else message)


def _of_stills() -> Iterator[str]:
    """What judging says of a number, as it is said of a photo."""
    for kind in registry.values():
        says = kind.about.says
        if kind.about.by_link:
            some = [says] if isinstance(says, str) else says.values()
            yield from map(of_still, some)


def _data() -> Iterator[str]:
    """In policies and cards."""
    for folder, keys in PEOPLE_READ.items():
        for file in sorted((ROOT / "models" / folder).rglob("*.toml")):
            if file.name != QUOTED:
                yield from _read_by_people(tomllib.loads(file.read_text("utf-8")), keys)


def _read_by_people(node: Any, keys: Collection[str]) -> Iterator[str]:
    """Texts under the keys that people read, at any depth."""
    if isinstance(node, list):
        for inner in node:
            yield from _read_by_people(inner, keys)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in keys and isinstance(value, str):
                yield value
            elif key in keys and isinstance(value, list) and _all_text(value):
                yield from value
            else:
                yield from _read_by_people(value, keys)


def _all_text(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def write(texts: Iterable[str]) -> None:
    """The template anew, and each language's catalogue brought up to it."""
    whole = Catalog(
        project="parcelproof",
        fuzzy=False,
        header_comment="# parcelproof",
    )
    for text in texts:
        whole.add(text)
    _write(LOCALE / TEMPLATE, whole)
    for language in LANGUAGES:
        path = LOCALE / language / CATALOGUE
        catalogue = read_po(BytesIO(path.read_bytes()), locale=language)
        catalogue.update(whole, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _write(path, catalogue)


def _write(path: Path, catalogue: Catalog) -> None:
    """Without dates and places: the same messages, the same bytes."""
    buffer = BytesIO()
    write_po(
        buffer,
        catalogue,
        omit_header=True,
        no_location=True,
        sort_output=True,
        width=100,
    )
    head = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_bytes(head + buffer.getvalue())


if __name__ == "__main__":
    write(templates())
