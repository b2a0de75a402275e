"""A sentence for people before it is in a language: an English template and what goes into it.

In JSON a message is its English text; `Report.messages` lists id and arguments of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from string import Formatter
from typing import Any

from pydantic import BaseModel, Field, model_serializer, model_validator

from models.record import Record

Translate = Callable[[str], str]
PLAIN_SPEC = re.compile(r",?(?:\.\d)?[dfg%]?")  # how numbers may be written in a sentence


def N_(text: str) -> str:  # noqa: N802 (gettext's name for "extract this, translate it later")
    """Marks a template that is declared here and rendered elsewhere."""
    return text


class Message(Record):
    """`id` is the template. A paragraph has none: its `parts` follow one another."""

    id: str
    args: dict[str, str | int | float | Message] = Field({})
    parts: tuple[Message, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, raw: Any) -> Any:
        """A plain text is a message without arguments."""
        return {"id": raw} if isinstance(raw, str) else raw

    @model_serializer(mode="plain")
    def _as_text(self) -> str:
        """In JSON: the English text."""
        return self.text

    def rendered(self, translate: Translate) -> str:
        """The sentence, with the template and all that goes into it translated."""
        if self.parts:
            return " ".join(part.rendered(translate) for part in self.parts)
        if not self.args:
            return translate(self.id) if self.id else ""
        filled = {
            name: value.rendered(translate) if isinstance(value, Message) else value
            for name, value in self.args.items()
        }
        return translate(self.id).format(**filled)

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.rendered(str)

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.id or self.parts)


Arguments = dict[str, str | int | float | Message]
NOTHING = Message(id="")


def paragraph(*sentences: Message) -> Message:
    """Several sentences as one, each once; one alone stays itself."""
    parts = tuple({sentence.text: sentence for sentence in sentences if sentence}.values())
    if not parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else Message(id="", parts=parts)


class MessageRow(Record):
    """One message of a report: its English text, the template it is made from, what went in."""

    text: str
    id: str
    args: dict[str, str | int | float] = Field({})


def messages_in(node: object) -> Iterator[Message]:
    """Every message of a record or of records in tuples, parts and arguments included."""
    if isinstance(node, Message):
        if node.id:
            yield node
        for inner in (*node.parts, *node.args.values()):
            yield from messages_in(inner)
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from messages_in(getattr(node, name))
    elif isinstance(node, (tuple, list)):
        for inner in node:
            yield from messages_in(inner)


def message_rows(node: object) -> tuple[MessageRow, ...]:
    """The messages of `node`, each once, by text."""
    rows = {message.text: _row(message) for message in messages_in(node)}
    return tuple(rows[text] for text in sorted(rows))


def _row(message: Message) -> MessageRow:
    """Arguments that are messages themselves as their English text."""
    args = {
        name: value.text if isinstance(value, Message) else value
        for name, value in message.args.items()
    }
    return MessageRow(
        text=message.text,
        id=message.id,
        args=args,
    )


def can_be_said(template: str, args: Mapping[str, Any]) -> bool:
    """Whether a template from outside may be filled: plain fields, each of them there."""
    try:
        fields = [
            (name, spec) for _, name, spec, _ in Formatter().parse(template) if name is not None
        ]
        template.encode()
    except ValueError:
        return False
    numbers = [value for value in args.values() if isinstance(value, float)]
    plain = all(name in args and PLAIN_SPEC.fullmatch(spec or "") for name, spec in fields)
    try:
        return plain and all(map(isfinite, numbers)) and bool(template.format(**args) or True)
    except (LookupError, ValueError, AttributeError, TypeError):
        return False
