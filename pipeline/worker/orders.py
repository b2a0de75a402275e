"""An order: what all submissions of one batch share, so that any worker can do any of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

from models.packs import policy
from models.record import Record
from models.settings import Settings
from models.submission import Case
from pipeline.batch.keys import batch_key
from pipeline.batch.places import results_of, source_of
from pipeline.batch.screen import Screening
from pipeline.batch.sources import Some
from pipeline.batch.work import Batch
from pipeline.store.repository import Store
from pipeline.wording.language import Speaker


class Order(Record):
    """Where submissions lie, where reports go, by which rules, and what the operator says of all.

    `every`, `keep_payloads`: as in `Settings`; limits are each worker's own. `language`: of pages,
    where they are wanted. `screen`: each file is looked at shortly before any is read in full.
    """

    source: str
    out: str
    policy: str
    case: Case
    every: bool = False
    keep_payloads: bool = False
    trust: bool = False
    language: Literal["", "en", "zh"] = ""
    screen: bool = False

    @property
    def id(self) -> str:
        """By what it is known: its own words."""
        return sha256(self.model_dump_json().encode(errors="surrogateescape")).hexdigest()

    def settings(self, own: Settings) -> Settings:
        """A worker's own, with what was ordered."""
        ordered = {"every_detector": self.every, "keep_payloads": self.keep_payloads}
        return own.model_copy(update=ordered)

    def batch(self, store: Store, own: Settings) -> Batch:
        """As a worker does it. Raises what its places and its policy can end with."""
        settings, rules = self.settings(own), policy(self.policy)
        return Batch(
            source=source_of(self.source, self.out, settings.limits, Some()),
            results=results_of(self.out, self.source),
            store=store,
            policy=rules,
            case=self.case,
            settings=settings,
            key=batch_key(rules, self.case, settings, self.trust),
            say=Speaker(self.language) if self.language else None,
            trust=self.trust,
        )


def older_than(order: Order, known: Mapping[str, str]) -> list[str]:
    """Other orders, as JSON by id, of the same source to the same place."""
    found = []
    for name, body in known.items():
        said = json.loads(body)
        if name != order.id and (said.get("source"), said.get("out")) == (order.source, order.out):
            found.append(name)
    return found


def screening(batch: Batch) -> Screening:
    """The same, to be looked at shortly."""
    return Screening(batch.source, batch.policy, batch.case, batch.settings)
