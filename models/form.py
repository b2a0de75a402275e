"""Upload forms of platforms: what they take, and who says so."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic import Field

from models.errors import Usage
from models.record import Record


class Form(Record):
    """One form. `bytes` and `seconds` are the most it takes; sources are not verified."""

    id: str
    platform: str
    video: bool
    bytes: int = Field(gt=0)
    seconds: float | None = Field(None, gt=0)
    source: str


@cache
def forms() -> dict[str, Form]:
    """Every form by id."""
    text = (resources.files("models") / "forms.toml").read_text("utf-8")
    return {name: Form(id=name, **facts) for name, facts in tomllib.loads(text).items()}


def form(name: str) -> Form:
    """The form called `name`. Raises `Usage`."""
    if name not in forms():
        raise Usage(
            "No form is called '{form}'; there are {known}.",
            form=name,
            known=", ".join(forms()),
        )
    return forms()[name]
