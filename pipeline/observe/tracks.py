"""Tracks: which picture and which sound of a file are looked at, and how many are not."""

from __future__ import annotations

from typing import NamedTuple

import av
import av.container
from av.stream import Disposition

from models import errors

NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


class Tracks(NamedTuple):
    """The main ones, and how many further video tracks there are beside covers."""

    video: av.VideoStream
    sound: av.AudioStream | None
    others: int


def main_tracks(source: av.container.InputContainer) -> Tracks:
    """The video track that a player shows, the sound it plays.

    Of several video tracks one that can be decoded comes first, then one of more than a picture,
    then one that is switched on, then the earlier. Raises NoVideoTrack, NotMedia.
    """
    films = [track for track in source.streams.video if not track.disposition & NO_FILM]
    if not films:
        raise errors.NoVideoTrack("The file has no video track.")
    video = min(films, key=_standing)
    if video.codec_context is None:
        raise errors.NotMedia("The video track is of a kind that no decoder here knows.")
    covers = sum(track.frames == 1 for track in films if track is not video)
    sounds = [track for track in source.streams.audio if track.codec_context is not None]
    sounds.sort(key=lambda track: (not _is_on(track), track.index))
    sound = sounds[0] if sounds else None
    return Tracks(video, sound, len(films) - 1 - covers)


def _standing(track: av.VideoStream) -> tuple[bool, bool, bool, int]:
    """The main track has the least."""
    unknown = track.codec_context is None
    single = track.frames == 1
    off = not _is_on(track)
    return unknown, single, off, track.index


def _is_on(track: av.VideoStream | av.AudioStream) -> bool:
    return bool(track.disposition & Disposition.default)
