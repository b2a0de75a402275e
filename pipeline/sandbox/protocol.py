"""What parent and child say to each other: a kind, a line break, a body, over a pipe.

Bodies are JSON but for pictures. The parent checks every message: the child has read hostile media.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from models import errors

LARGEST_MESSAGE = 64 << 20  # bytes the parent takes from a child at once
AS_BYTES = ("jpeg", "examined")  # bodies that are taken as they are
LARGEST = {"jpeg": 4 << 20, "examined": LARGEST_MESSAGE}  # bytes of a body
LARGEST_WORD = 1 << 16  # bytes of any other
LONGEST_SENTENCE = 1000  # characters of an error that a child reports


@dataclass(frozen=True, slots=True)
class Job:
    """A function that runs in the child; it gets its arguments and `emit`."""

    module: str
    function: str


EXAMINE = Job("pipeline.observe.examine", "examine")
PICTURES = Job("pipeline.observe.pictures", "pictures")
INDEX = Job("pipeline.observe.screen", "index")
KEY_FRAMES = Job("pipeline.observe.screen", "key_frames")
PROBE = Job("pipeline.sandbox.probe", "probe")
PRELOAD = (
    "pipeline.sandbox.offline",
    "pipeline.sandbox.child",
    "pipeline.observe.examine",
    "pipeline.observe.preload",
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of a child."""

    kind: str
    body: Any


def send(
    pipe: Connection,
    kind: str,
    body: Any,
) -> None:
    """One message to the parent."""
    raw = body
    if not isinstance(raw, bytes):
        raw = json.dumps(body).encode()
    pipe.send_bytes(kind.encode() + b"\n" + raw)


def receive(pipe: Connection) -> Heard:
    """The next message. Raises EOFError, OSError, ValueError."""
    raw = pipe.recv_bytes(LARGEST_MESSAGE)
    kind, _, body = raw.partition(b"\n")
    name = kind.decode("ascii", "replace")
    if len(body) > LARGEST.get(name, LARGEST_WORD):
        raise ValueError(f"a {name} of {len(body)} bytes")
    return Heard(name, body if name in AS_BYTES else json.loads(body))


def error_body(fault: errors.ParcelproofError) -> dict[str, Any]:
    """A named error as a child reports it."""
    return {
        "name": fault.name,
        "template": fault.message.id,
        "args": dict(fault.message.args),
    }


def reported_error(body: Any) -> errors.ParcelproofError:
    """The error that a child reported; one that makes no sense is `DecoderCrashed`."""
    said = body if isinstance(body, dict) else {}
    template = said.get("template")
    args = said.get("args")
    if not isinstance(template, str) or not isinstance(args, dict):
        return nonsense()
    plain = {
        str(name): value[:LONGEST_SENTENCE] if isinstance(value, str) else value
        for name, value in args.items()
        if isinstance(value, (str, int, float))
    }
    name, sentence = str(said.get("name")), template[:LONGEST_SENTENCE]
    return errors.revived(name, sentence, plain)


def nonsense() -> errors.DecoderCrashed:
    """What an answer is that does not hold."""
    return errors.DecoderCrashed("The reader of this file gave an answer that makes no sense.")
