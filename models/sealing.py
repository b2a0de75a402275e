"""Private values as keyed digests: matched whole, never read back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from models.identifiers.contained import contained
from models.identifiers.matching import squeezed
from models.identifiers.payloads import payload_kind, told
from models.kinds import Code
from models.observation import Observation
from models.submission import SHORTEST

KNOWN_AGAIN = "0"  # what is sealed so that a key can be told from another


def sealed(number: str, key: bytes) -> str:
    """The digest by which a private number is kept: the same for the same number, squeezed."""
    return hmac.new(key, squeezed(number).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Sealing:
    """How what was observed is made fit to be saved.

    `key` is the operator's own, or made for this submission. Of a code's payload stays what may be
    told, unless `keep_payloads`.
    """

    key: bytes
    is_operators: bool = False
    keep_payloads: bool = False

    def of(self, seen: Sequence[Observation]) -> tuple[Observation, ...]:
        """The observations with every private value as its digest."""
        return tuple(self._one(one) for one in seen)

    def _one(self, one: Observation) -> Observation:
        if isinstance(one, Code):
            return one.model_copy(update=self._code(one.value or ""))
        if one.about.private:
            return one.model_copy(update={"value": sealed(one.value or "", self.key)})
        return one

    def _code(self, payload: str) -> dict[str, object]:
        """What is saved of a payload; what the box said of it counts for nothing."""
        kept = payload if self.keep_payloads else told(payload)
        facts = {"value": kept, "holds": payload_kind(payload)}
        if kept == payload:
            return {
                **facts,
                "digest": "",
                "pieces": (),
            }
        pieces = sorted(one for one in contained(payload) if len(one) >= SHORTEST)
        return {
            **facts,
            "digest": self._digest(payload),
            "pieces": tuple(sealed(one, self.key) for one in pieces),
        }

    def _digest(self, payload: str) -> str:
        """SHA-256, the same in every report; by the operator's key where there is one."""
        raw = payload.encode(errors="replace")
        if self.is_operators:
            return hmac.new(self.key, raw, hashlib.sha256).hexdigest()
        return hashlib.sha256(raw).hexdigest()
