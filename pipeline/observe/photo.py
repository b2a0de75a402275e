"""A photo: what its header claims, then its pixels, upright, on white where it is see-through."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from detectors.bitstream.endings import reaches_its_end
from models import errors
from models.containers import CONTAINERS
from models.media import Limits, Luma, Media
from pipeline.observe.picture import Photo

Image.MAX_IMAGE_PIXELS = None  # our own limit decides
TOO_MUCH_TEXT = "data too large"  # as Pillow says it of text that unfolds beyond a mebibyte
WHITE = (255, 255, 255)
ANIMATED = ("png", "webp")  # formats that may hold an alpha channel and several pictures
# What parsers of foreign bytes raise.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error)


def check_photo_header(
    path: Path,
    container: str,
    limits: Limits,
) -> None:
    """Reads a photo's claimed size, and nothing more, from its header.

    Raises Truncated, TooLarge, NoPicture, NotMedia.
    """
    width, height = _claimed_size(path, container)
    if width * height > limits.photo_pixels:
        raise errors.TooLarge(
            "The photo claims {width}x{height} pixels; the limit is {most:,} in all.",
            width=width,
            height=height,
            most=limits.photo_pixels,
        )
    if not width * height:
        raise errors.NoPicture("The photo's header claims no pixels.")


def _claimed_size(path: Path, container: str) -> tuple[int, int]:
    """Width and height by the header. Raises Truncated, NoPicture, NotMedia."""
    try:
        if container == "heic":
            width, height = pi_heif.open_heif(path).size
            return int(width), int(height)
        return _size_by_pillow(path, container)
    except RuntimeError as fault:
        raise _other_codec(fault) from None
    except UNREADABLE:
        raise errors.Truncated(
            "The photo begins like {container} but its header cannot be read to its end.",
            container=container,
        ) from None


def _size_by_pillow(path: Path, container: str) -> tuple[int, int]:
    """At first as the format demands, then with slips forgiven, but never with too much text."""
    formats = CONTAINERS[container].pillow
    try:
        with Image.open(path, formats=formats) as header:
            return header.size
    except UNREADABLE as fault:
        if TOO_MUCH_TEXT in str(fault):
            raise errors.NoPicture(
                "The photo's header holds more packed text than a photo has."
            ) from None
    with _forgiving(), Image.open(path, formats=formats) as header:
        return header.size


@contextmanager
def _forgiving() -> Iterator[None]:
    """What is there is read, though the end or a checksum of what does not matter is missing."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _other_codec(fault: RuntimeError) -> errors.NotMedia:
    """What libheif says of a picture that is packed otherwise than HEVC."""
    return errors.NotMedia(
        "The photo is compressed in a way that is not read here, such as AVIF ({why}). "
        "Save it as JPEG or PNG.",
        why=str(fault),
    )


def photo(path: Path, container: str) -> Photo:
    """The photo at `path`, whose header was checked. Raises NoPicture, NotMedia."""
    raw = path.read_bytes()
    if container == "heic":
        return Photo(_heic(path))
    whole = reaches_its_end(memoryview(raw), container)
    pictures = _pictures_in(path, container)
    array = np.frombuffer(raw, np.uint8)
    bgr = None if _is_see_through(array, container) else cv2.imdecode(array, cv2.IMREAD_COLOR)
    if bgr is None:
        bgr = _by_pillow(path, container)
    return Photo(cast(Luma, bgr), whole, pictures)


def _pictures_in(path: Path, container: str) -> int:
    """How many an animation has; 1 for JPEG, where further ones are previews or depth."""
    if container not in ANIMATED:
        return 1
    formats = CONTAINERS[container].pillow
    with suppress(*UNREADABLE), _forgiving(), Image.open(path, formats=formats) as header:
        return int(getattr(header, "n_frames", 1))
    return 1


def _is_see_through(raw: NDArray[np.uint8], container: str) -> bool:
    """Whether any pixel lets what is behind it shine through."""
    if container not in ANIMATED:
        return False
    stored = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim != 3 or stored.shape[2] != 4:
        return False
    return bool(stored[..., 3].min() < np.iinfo(stored.dtype.name).max)


def _by_pillow(path: Path, container: str) -> Luma:
    """Upright, on white; as far as it goes where its end is missing. Raises NoPicture."""
    try:
        with _forgiving(), Image.open(path, formats=CONTAINERS[container].pillow) as stored:
            upright = ImageOps.exif_transpose(stored).convert("RGBA")
    except UNREADABLE as fault:
        raise errors.NoPicture("The photo cannot be decoded: {why}.", why=str(fault)) from None
    ground = Image.new("RGBA", upright.size, WHITE)
    laid = Image.alpha_composite(ground, upright).convert("RGB")
    made = cv2.cvtColor(np.asarray(laid), cv2.COLOR_RGB2BGR)
    return cast(Luma, made)


def _heic(path: Path) -> Luma:
    """A HEIC photo as BGR. Raises NoPicture, NotMedia."""
    try:
        heif = pi_heif.open_heif(
            path,
            convert_hdr_to_8bit=True,
            bgr_mode=True,
        )
        pixels = np.array(heif, np.uint8)  # a copy: the decoder frees its picture with `heif`
    except RuntimeError as fault:
        raise _other_codec(fault) from None
    except UNREADABLE as fault:
        raise errors.NoPicture("The photo cannot be decoded: {why}.", why=str(fault)) from None
    if pixels.ndim == 2:
        made = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        return cast(Luma, made)
    return np.array(pixels[:, :, :3], order="C")


def photo_facts(picture: Photo, container: str) -> Media:
    """Facts of a decoded photo."""
    width, height = picture.size
    return Media(
        kind="image",
        container=container,
        codec=container,
        width=width,
        height=height,
        frame_count=picture.pictures,
        pixel_format="bgr24",
    )
