"""Credentials: what a C2PA manifest, signed by a camera or program, says about the file, and whether that still holds."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any

from models.detector import Bytes, detector
from models.media import File, Media
from models.observation import Observation

FORMATS = {"mp4": "video/mp4", "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "heic": "image/heic", "avi": "video/avi"}
WORDS = {"Trusted": "trusted", "Valid": "unverified", "Invalid": "broken"}
LONGEST = 80  # characters of the signer's name that are kept


@detector(sees=["credentials"], wants=Bytes(), on=["video", "image"], needs=["c2pa"])
def credentials(files: Iterable[File], media: Media) -> Iterator[Observation]:
    """Content Credentials: trusted, unverified or broken; silent where there are none, which means nothing.

    Only a signer on the C2PA trust list counts as trusted: anybody can sign with a key of their own, and that is then `Valid`.
    """
    import c2pa  # 23 MB of native code, loaded where it is installed

    for file in files:
        if file.container not in FORMATS:
            continue
        try:
            with c2pa.Reader(FORMATS[file.container], _Window(file.data), context=_context()) as reader:
                state, told = reader.get_validation_state(), json.loads(reader.json())
        except c2pa.C2paError as fault:
            if type(fault) is not c2pa.C2paError.ManifestNotFound:
                yield Observation(kind="credentials", value="unreadable", detail={"why": type(fault).__name__.strip("_")})
            continue
        yield _said(WORDS.get(str(state), "unverified"), told)


def _said(word: str, told: dict[str, Any]) -> Observation:
    """The state, its codes, and the signer's name where it is vouched for."""
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    detail: dict[str, Any] = {"codes": sorted({str(status.get("code")) for status in told.get("validation_status", [])})}
    if word == "trusted":
        detail["signer"] = str(active.get("signature_info", {}).get("issuer", ""))[:LONGEST]
    return Observation(kind="credentials", value=word, detail=detail)


@cache
def _context() -> Any:
    """Nothing is fetched: the trust list is part of this program."""
    import c2pa

    anchors = (resources.files("models") / "trust" / "c2pa-trust-list.pem").read_text("utf-8")
    offline = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True}
    return c2pa.Context(c2pa.Settings.from_dict({"verify": offline, "trust": {"trust_anchors": anchors}}))


class _Window(io.RawIOBase):
    """The file's bytes as a stream, without a copy."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(0, offset + (0, self.at, len(self.data))[whence])
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, into: Any) -> int:
        piece = self.data[self.at : self.at + len(into)]
        into[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)
