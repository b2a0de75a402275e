"""What a reviewer answered to a report's open questions: who, when, yes or no."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from models.operator_file import SHOWN, Fault, check, meant, parsed, text_of, why
from models.record import Record, Word
from models.submission import Day

Said = Literal["yes", "no", "unclear", "does_not_apply"]


class Answer(Record):
    """One answer. `requirement` may name a part, as in six-sides#3."""

    exhibit: Word
    requirement: Word
    answer: Said
    by: Word = Field(min_length=1, description="who answered")
    at: Day = Field(description="when")
    note: Word = ""

    @property
    def question(self) -> tuple[str, str]:
        """What it answers."""
        return self.exhibit, self.requirement

    @property
    def id(self) -> str:
        """Its name among findings."""
        return f"answer:{self.exhibit}:{self.requirement}"


REUSE = "reused-footage"  # asked where footage stands in another case, whatever the policy asks
FOR_ALL = ("by", "at")  # said once at the top, for all answers that do not say it themselves


def together(*given: Iterable[Answer]) -> tuple[Answer, ...]:
    """All of them in the order given, each once: an answer that is replaced stays on record."""
    return tuple(dict.fromkeys(one for some in given for one in some))


def latest(given: Iterable[Answer]) -> tuple[Answer, ...]:
    """One answer to each question: the one given last."""
    last = {one.question: one for one in given}
    return tuple(last[question] for question in sorted(last))


def answers_from(path: Path) -> tuple[Answer, ...]:
    """A reviewer's answers at `path`. Raises `Usage` with every fault and its line."""
    return answers_of(text_of(path), path.name)


def answers_of(text: str, name: str) -> tuple[Answer, ...]:
    """The answers that a text says. Raises `Usage`."""
    said = parsed(text, name)
    check(_faults(said), text, name)
    return tuple(Answer.model_validate(row) for row in _rows(said))


def _rows(said: Mapping[str, Any]) -> list[Any]:
    """Each answer with what was said for all; those left empty are not given."""
    shared = {name: said[name] for name in FOR_ALL if name in said}
    rows = said.get("answers", [])
    if not isinstance(rows, list):
        return []
    full = [shared | row if isinstance(row, dict) else row for row in rows]
    return [row for row in full if not (isinstance(row, dict) and row.get("answer") == "")]


def _question(row: Any) -> tuple[str, str] | None:
    if not isinstance(row, dict):
        return None
    return str(row.get("exhibit"))[:SHOWN], str(row.get("requirement"))[:SHOWN]


def _faults(said: Mapping[str, Any]) -> Iterator[Fault]:
    known = (*FOR_ALL, "answers")
    for key in said:
        if key not in known:
            yield (key,), f"nothing is called {key[:SHOWN]}{meant(key, known)}"
    if not isinstance(said.get("answers", []), list):
        yield ("answers",), "answers stand below [[answers]], one each"
    for number, row in enumerate(_rows(said)):
        try:
            Answer.model_validate(row)
        except ValidationError as fault:
            for one in fault.errors():
                name = str(one["loc"][-1]) if one["loc"] else "answers"
                extra = one["type"] == "extra_forbidden"
                said_so = f"nothing is called {name[:SHOWN]}{meant(name, Answer.model_fields)}"
                yield (
                    ("answers", number, *one["loc"]),
                    said_so if extra else f"{name[:SHOWN]} {why(one)}",
                )
    asked = [_question(row) for row in _rows(said)]
    for number, question in enumerate(asked):
        if question and question in asked[:number]:
            yield ("answers", number), f"{' of '.join(reversed(question))} is answered twice"
