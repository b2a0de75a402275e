"""Named errors: each carries its exit code and says what to do. Raised in the box, they come back by name."""

from __future__ import annotations

from typing import ClassVar


class ParcelproofError(Exception):
    """Something a person can act on: `str()` is one sentence, `advice` says what to do next."""

    exit_code: ClassVar[int] = 65
    advice: ClassVar[str] = "Hand in the file as it came from the camera or phone."
    named: ClassVar[dict[str, type[ParcelproofError]]] = {}

    def __init_subclass__(cls) -> None:
        ParcelproofError.named[cls.__name__] = cls

    @property
    def name(self) -> str:
        return type(self).__name__


class Usage(ParcelproofError):
    exit_code = 2
    advice = "See `python -m pipeline --help`."


class ToolMissing(ParcelproofError):
    exit_code = 69
    advice = "`python -m pipeline doctor` says what is missing and how to get it."


class Missing(ParcelproofError):
    advice = "Check the path."


class Unreadable(ParcelproofError):
    advice = "Check that the file may be read by this user."


class Empty(ParcelproofError):
    advice = "The upload may have been cut off: copy the file again."


class NoMedia(ParcelproofError):
    advice = "Name a video, a photo, or a folder that holds some."


class NotMedia(ParcelproofError):
    advice = "Videos: mp4, mov, m4v, 3gp, mkv, webm, avi, ts. Photos: jpeg, png, webp, heic."


class Truncated(ParcelproofError):
    advice = "The upload may have been cut off: copy the file again from the phone."


class NoVideoTrack(ParcelproofError):
    advice = "This file holds sound only; hand in the video itself."


class NoPicture(ParcelproofError):
    advice = "Hand in the original file; this copy holds no moving picture."


class TooLarge(ParcelproofError):
    advice = "Raise the limit (--limit, see `score --help`) if you trust the file, or hand in a smaller copy."


class ChangedWhileRead(ParcelproofError):
    advice = "Wait until the upload has finished, then run again."


class DecoderCrashed(ParcelproofError):
    advice = "The decoder could not survive this file; play it on the phone and export a copy of it."


class OutOfTime(ParcelproofError):
    advice = "Raise --limit silence_s=... if the file is very long; otherwise it may be damaged."


class Stopped(ParcelproofError):
    exit_code = 130
    advice = "Run it again to go on."


class NoBox(ParcelproofError):
    exit_code = 69
    advice = "Run on Linux 5.13 or newer with Landlock and seccomp, or say --allow-unsandboxed."


class NoTemporaryFolder(ParcelproofError):
    exit_code = 69
    advice = "Set TMPDIR to a folder with a short path, such as /tmp, that can be written to."


def revived(name: str, message: str) -> ParcelproofError:
    """The error that a boxed child reported by name."""
    return ParcelproofError.named.get(name, DecoderCrashed)(message)
