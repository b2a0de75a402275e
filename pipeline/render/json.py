"""Records as they are written."""

from __future__ import annotations

import json

from pydantic import BaseModel


def as_json(record: BaseModel) -> str:
    """Indented, in the order of the fields, ending in a line break."""
    fields = record.model_dump(mode="json", by_alias=True)
    return (
        json.dumps(
            fields,
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )
