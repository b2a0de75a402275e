"""Named errors: each has its exit code and says what to do. Raised in the box, they return by name.

A message is a template and its arguments, so that it can be said in any language.
"""

from __future__ import annotations

import errno
from typing import ClassVar

from models.message import N_, Message, can_be_said

# What the system says where there is no room, or nothing may be written.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


class ParcelproofError(Exception):
    """Something a person can act on: `str()` is one sentence, `advice` says what to do next."""

    exit_code: ClassVar[int] = 65
    advice: ClassVar[str] = N_("Hand in the file as it came from the camera or phone.")
    named: ClassVar[dict[str, type[ParcelproofError]]] = {}

    def __init__(self, template: str, **args: str | int | float) -> None:
        self.message = Message(id=template, args=dict(args))
        super().__init__(template)

    def __init_subclass__(cls) -> None:
        ParcelproofError.named[cls.__name__] = cls

    def __str__(self) -> str:
        return self.message.text

    @property
    def name(self) -> str:
        """As it is reported and revived."""
        return type(self).__name__


class Usage(ParcelproofError):
    """What was asked for does not exist or does not fit."""

    exit_code = 2
    advice = N_("See `python -m pipeline --help`.")


class ToolMissing(ParcelproofError):
    """A program or library that is needed is not installed."""

    exit_code = 69
    advice = N_("`python -m pipeline doctor` says what is missing and how to get it.")


class Missing(ParcelproofError):
    """There is no such file."""

    advice = N_("Check the path.")


class Unreadable(ParcelproofError):
    """The file is there and may not or cannot be read."""

    advice = N_("Check that the file may be read by this user.")


class CannotWrite(ParcelproofError):
    """There is no room or no right to write what was asked for."""

    exit_code = 73
    advice = N_("Name a folder that this user may write to, with room on its disk.")


class WrongRole(ParcelproofError):
    """A role was given to a file that cannot have it."""

    advice = N_("Give it another role (FILE=ROLE, or [files] in the case file), or none.")


class NoOutput(CannotWrite):
    """Standard output is closed, or what it goes to is full."""

    advice = N_("Make room where the output goes, or name another place for it.")


class Empty(ParcelproofError):
    """A file of 0 bytes."""

    advice = N_("The upload may have been cut off: copy the file again.")


class NoMedia(ParcelproofError):
    """A folder without a video or photo."""

    advice = N_("Name a video, a photo, or a folder that holds some.")


class NotMedia(ParcelproofError):
    """By its content none of the kinds that are read."""

    advice = N_(
        "Videos: mp4, mov, m4v, 3gp, mkv, webm, avi, ts. Photos: jpeg, png, webp, heic. "
        "Papers: pdf."
    )


class BadArchive(ParcelproofError):
    """An archive that is damaged, locked, or made to do harm."""

    advice = N_("Hand in the videos and photos themselves, or a plain .zip of them.")


class Truncated(ParcelproofError):
    """The file ends before it should."""

    advice = N_("The upload may have been cut off: copy the file again from the phone.")


class NoVideoTrack(ParcelproofError):
    """A container that holds sound only."""

    advice = N_("This file holds sound only; hand in the video itself.")


class NoPicture(ParcelproofError):
    """Nothing in it can be decoded to pictures, or they take no time."""

    advice = N_("Hand in the original file; nothing can be seen in this copy.")


class TooLarge(ParcelproofError):
    """Beyond a limit, by its header or on the way."""

    advice = N_(
        "Raise the limit (--limit, see `score --help`) if you trust the file, "
        "or hand in a smaller copy."
    )


class ChangedWhileRead(ParcelproofError):
    """The upload is no longer the one that was hashed."""

    advice = N_("Wait until the upload has finished, then run again.")


class DecoderCrashed(ParcelproofError):
    """The boxed reader died, or what it said makes no sense."""

    advice = N_(
        "The decoder could not survive this file; play it on the phone and export a copy of it."
    )


class DoesNotFit(ParcelproofError):
    """A take that a form cannot hold; nothing is cut to make it fit."""

    advice = N_("Ask the platform for another way to hand it in; do not cut it.")


class FitsAsItIs(ParcelproofError):
    """A form takes the original, so no copy is needed."""

    exit_code = 0
    advice = N_("Hand in the original.")


class NotEncoded(ParcelproofError):
    """ffmpeg could not make the copy."""

    advice = N_("Play the file; if it plays, report this with the file's format.")


class OutOfTime(ParcelproofError):
    """The boxed reader said nothing for too long."""

    advice = N_(
        "Raise --limit silence_s=... or reader_s=... if the file is very long; "
        "otherwise it may be damaged."
    )


class OutOfMemory(ParcelproofError):
    """A reader wanted more memory than it is given."""

    advice = N_("Raise --limit address_space=... if you trust the file, or hand in a smaller copy.")


class Interrupted(ParcelproofError):
    """What reads files was ended from outside; the file has no part in it."""

    exit_code = 75
    advice = N_("Run it again to go on.")


class BucketFailed(ParcelproofError):
    """The bucket does not answer, or breaks off."""

    exit_code = 75
    advice = N_("See that it can be reached, then run again: it goes on where it stopped.")


class NoBucket(ParcelproofError):
    """There is no such bucket, or it may not be entered."""

    advice = N_("Check its name, the credentials, and AWS_ENDPOINT_URL where it is not Amazon's.")


class NoStore(ParcelproofError):
    """The store cannot be opened, or is not one of ours."""

    exit_code = 69
    advice = N_("Check the address (--store), and that its server runs.")


class NoBroker(ParcelproofError):
    """The broker cannot be reached, or not used as it is."""

    exit_code = 69
    advice = N_("Check the address, the credentials, and that its server runs.")


class NotDelivered(ParcelproofError):
    """Somebody who was to be told could not be reached, or did not take it."""

    exit_code = 69
    advice = N_("Check the address and that the receiver runs; it must answer with 200 to 299.")


class Stopped(ParcelproofError):
    """Somebody asked it to end."""

    exit_code = 130
    advice = N_("Run it again to go on.")


class NoBox(ParcelproofError):
    """Media cannot be read safely here."""

    exit_code = 69
    advice = N_("Run on Linux 5.13 or newer with Landlock and seccomp, or say --allow-unsandboxed.")


class NoTemporaryFolder(ParcelproofError):
    """The fork server finds no place for its socket."""

    exit_code = 69
    advice = N_("Set TMPDIR to a folder with a short path, such as /tmp, that can be written to.")


# What a reader may say of the file that it reads; the others are said by the parent only.
REPORTED: dict[str, type[ParcelproofError]] = {
    kind.__name__: kind
    for kind in (
        NotMedia,
        Truncated,
        NoVideoTrack,
        NoPicture,
        TooLarge,
        DecoderCrashed,
        OutOfMemory,
        ToolMissing,
        NoBox,
    )
}


def revived(
    name: str,
    template: str,
    args: dict[str, str | int | float],
) -> ParcelproofError:
    """The error that a boxed child reported by name; its template is filled by us."""
    kind = REPORTED.get(name)
    if kind is None or {"self", "template"} & set(args) or not can_be_said(template, args):
        return DecoderCrashed("The reader of this file gave an answer that makes no sense.")
    return kind(template, **args)
