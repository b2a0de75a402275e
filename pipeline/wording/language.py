"""The language in which a page or a terminal speaks: an argument of rendering, from LANG."""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from models.message import Message, Translate

Language = Literal["en", "zh"]
CATALOGUE = "parcelproof.po"


def language_of(environment: Mapping[str, str] | None = None) -> Language:
    """The language that LC_ALL, LC_MESSAGES or LANG ask for; English where it is unknown here."""
    environment = os.environ if environment is None else environment
    names = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    wanted = next((name for name in names if name), "")
    return "zh" if wanted.lower().startswith("zh") else "en"


def catalogue_of(language: Language) -> Traversable:
    """Where the translations into a language lie."""
    return resources.files("pipeline.wording") / "locale" / language / CATALOGUE


@cache
def translator(language: Language) -> Translate:
    """From English templates to those of a language; what is not translated yet stays English."""
    if language == "en":
        return str
    file = catalogue_of(language)
    catalogue = read_po(BytesIO(file.read_bytes()), locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


class Speaker:
    """Says messages in one language."""

    def __init__(self, language: Language = "en") -> None:
        self.language = language
        self.translate = translator(language)

    def __call__(self, message: Message | str, **args: str | int | float | Message) -> str:
        """A message, or a template with its arguments."""
        if isinstance(message, str):
            message = Message(id=message, args=dict(args))
        return message.rendered(self.translate)
