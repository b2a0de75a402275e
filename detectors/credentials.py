"""Credentials: what a signed C2PA manifest says about the file, and whether that still holds."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from models.containers import CONTAINERS
from models.detector import Bytes, detector
from models.kinds import Credentials, CredentialsState, Generated, GeneratorMark
from models.media import File, Media
from models.observation import Observation

STATES: Mapping[str, CredentialsState] = {
    "Trusted": "trusted",
    "Valid": "unverified",
    "Invalid": "broken",
}
ELSEWHERE = "Remote"  # how the error begins of a manifest that would have to be fetched
INTACT: frozenset[CredentialsState] = frozenset({"trusted", "unverified"})
# IPTC's terms for what a model made, alone or together with other material
WHOLE = "trainedAlgorithmicMedia"
PARTLY = "compositeWithTrainedAlgorithmicMedia"
LONGEST = 80  # characters of the signer's name that are kept


@detector(
    sees=[Credentials, Generated, GeneratorMark],
    wants=Bytes(),
    on=["video", "image"],
    needs=["c2pa"],
)
def credentials(files: Iterable[File], media: Media) -> Iterator[Observation]:
    """Content Credentials: trusted, unverified or broken; silent where there are none.

    Where they are intact and name a generating source, that too.

    Only a signer on the C2PA trust list counts as trusted: anybody can sign with a key of their
    own, and that is then `Valid`. That there are none means nothing.
    """
    import c2pa  # 23 MB of native code, loaded where it is installed

    for file in files:
        mime = CONTAINERS[file.container].mime
        if not mime:
            continue
        try:
            with c2pa.Reader(mime, _Window(file.data), context=_context()) as reader:
                state = reader.get_validation_state()
                manifest = json.loads(reader.json())
        except c2pa.C2paError as fault:
            if str(fault).startswith(ELSEWHERE):
                yield Credentials(value="elsewhere")
            elif type(fault) is not c2pa.C2paError.ManifestNotFound:
                yield Credentials(value="unreadable", why=type(fault).__name__.strip("_"))
            continue
        known = STATES.get(str(state), "unverified")
        yield _credentials(known, manifest)
        if known in INTACT:
            yield from _generated(manifest)


def _credentials(state: CredentialsState, manifest: Mapping[str, Any]) -> Credentials:
    """The state, its codes, and the signer's name where it is vouched for."""
    codes = {str(status.get("code")) for status in manifest.get("validation_status", [])}
    signer = ""
    if state == "trusted":
        active = manifest.get("manifests", {}).get(manifest.get("active_manifest"), {})
        signer = str(active.get("signature_info", {}).get("issuer", ""))[:LONGEST]
    return Credentials(
        value=state,
        codes=tuple(sorted(codes)),
        signer=signer,
    )


def _generated(manifest: Mapping[str, Any]) -> Iterator[Generated | GeneratorMark]:
    """What the actions of the manifests name as their source.

    Only what the file's own manifest calls made as a whole is that; an ingredient is a part.
    """
    own = manifest.get("active_manifest")
    kinds: dict[str, bool] = {}
    for name, one in manifest.get("manifests", {}).items():
        for source in _sources(one):
            whole = source == WHOLE and name == own
            if source in (WHOLE, PARTLY):
                kinds[source] = kinds.get(source, False) or whole
    for source, whole in sorted(kinds.items()):
        yield Generated(value=source) if whole else GeneratorMark(value=source, how="c2pa")


def _sources(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Source types of a manifest's actions, without their address."""
    for assertion in manifest.get("assertions", ()):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion.get("data", {}).get("actions", ()):
                yield str(action.get("digitalSourceType", "")).rpartition("/")[2]


@cache
def _context() -> Any:
    """Nothing is fetched: the trust list is part of this program."""
    import c2pa

    anchors = (resources.files("models") / "trust" / "c2pa-trust-list.pem").read_text("utf-8")
    offline = {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": True,
    }
    settings = {"verify": offline, "trust": {"trust_anchors": anchors}}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


class _Window(io.RawIOBase):
    """The file's bytes as a stream, without a copy."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self.place, len(self.data))[whence]
        self.place = max(0, offset + start)
        return self.place

    def tell(self) -> int:
        return self.place

    def readinto(self, into: Any) -> int:
        piece = self.data[self.place : self.place + len(into)]
        into[: len(piece)] = piece
        self.place += len(piece)
        return len(piece)
