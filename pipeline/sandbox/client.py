"""Asking the box: an exhibit's observations, or pictures of it. What comes back is validated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models.examination import Examined, KeyFrame, Request, Wanted
from models.settings import Settings
from pipeline import receive
from pipeline.receive import Received
from pipeline.sandbox import box, protocol, server
from pipeline.sandbox.protocol import Job
from pipeline.sandbox.server import OnMessage

JPEG = b"\xff\xd8\xff"  # how one begins
Tick = Callable[[float], None]


class Box:
    """The box as a caller has it: with settings, and a way to stop all that runs in it."""

    def __init__(self, settings: Settings, stop: threading.Event | None = None) -> None:
        self.settings = settings
        self.stop = stop or threading.Event()

    @property
    def unsandboxed(self) -> bool:
        """Whether media are read without a box, because none can be had and that is allowed."""
        return self.settings.allow_unsandboxed and bool(box.unavailable())

    def examine(
        self,
        upload: Received,
        kinds: frozenset[str] | None,
        tick: Tick,
    ) -> Examined:
        """What the boxed child says of this upload. Raises the named error it reports.

        `DecoderCrashed` where the answer makes no sense.
        """
        return self._examined(
            upload,
            protocol.EXAMINE,
            (),
            kinds,
            tick,
        )

    def index(self, upload: Received) -> tuple[Examined, tuple[KeyFrame, ...]]:
        """What the index of a video says of it, and its key frames, of which the file has them."""
        told: list[Any] = []
        examined = self._examined(
            upload,
            protocol.INDEX,
            (),
            None,
            lambda _: None,
            lambda kind, body: told.append(body) if kind == "key_frames" else None,
        )
        frames = believed_frames(told[0] if told else None, upload.size)
        return examined, frames

    def key_frames(
        self,
        upload: Received,
        times: tuple[float, ...],
        kinds: frozenset[str],
    ) -> Examined:
        """What is read on the key frames at those times."""
        return self._examined(
            upload,
            protocol.KEY_FRAMES,
            (times,),
            kinds,
            lambda _: None,
        )

    def _examined(
        self,
        upload: Received,
        job: Job,
        arguments: tuple[Any, ...],
        kinds: frozenset[str] | None,
        tick: Tick,
        beside: OnMessage = lambda _kind, _body: None,
    ) -> Examined:
        """The answer of a job that says what it observed; what else it says goes to `beside`."""
        answers: list[Any] = []

        def heard(kind: str, body: Any) -> None:
            if kind == "progress":
                _tick(tick, body)
            elif kind == "examined" and not answers:
                answers.append(body)
            else:
                beside(kind, body)

        self._ask(
            upload,
            job,
            arguments,
            kinds,
            heard,
        )
        return believed(answers[0] if answers else "")

    def pictures(
        self,
        upload: Received,
        wanted: tuple[Wanted, ...],
        tick: Tick,
    ) -> dict[str, bytes]:
        """JPEGs of the frames `wanted` that can be found again, by name."""
        found: dict[str, bytes] = {}
        names = {want.name for want in wanted}
        name = ""

        def heard(kind: str, body: Any) -> None:
            nonlocal name
            if kind == "progress":
                _tick(tick, body)
            elif kind == "picture":
                name = str(body)
            elif kind == "jpeg" and name in names and body.startswith(JPEG):
                found[name] = body

        if wanted:
            arguments = (wanted, self.settings.redact)
            self._ask(
                upload,
                protocol.PICTURES,
                arguments,
                None,
                heard,
            )
        return found

    def _ask(
        self,
        upload: Received,
        job: Job,
        arguments: tuple[Any, ...],
        kinds: frozenset[str] | None,
        heard: OnMessage,
    ) -> None:
        """Run `job` on the upload, which must still be the one that was hashed."""
        receive.check_unchanged(upload)
        with receive.scratch(upload) as path:
            request = Request(
                path=path,
                kind=upload.kind,
                container=upload.container,
                limits=self.settings.limits,
                kinds=kinds,
            )
            server.run(
                job,
                (request, *arguments),
                path,
                self.settings.limits,
                heard,
                unsandboxed=self.unsandboxed,
                stop=self.stop,
            )
        receive.check_unchanged(upload)


def believed_frames(told: Any, size: int) -> tuple[KeyFrame, ...]:
    """Key frames as the child tells them, as far as they lie in the file. Raises DecoderCrashed."""
    try:
        frames = TypeAdapter(tuple[KeyFrame, ...]).validate_python(told)
    except ValidationError:
        raise protocol.nonsense() from None
    if any(not 0 <= one.place <= one.place + one.size <= size for one in frames):
        raise protocol.nonsense()
    return frames


def _tick(tick: Tick, body: Any) -> None:
    """What a child says of its progress, where that makes sense."""
    if isinstance(body, (int, float)) and 0 <= body <= 1:
        tick(float(body))


def believed(answer: Any) -> Examined:
    """The child's answer, as far as its types hold. Raises `DecoderCrashed`."""
    try:
        return Examined.model_validate_json(answer)
    except (ValidationError, TypeError, ValueError, RecursionError):
        raise protocol.nonsense() from None
