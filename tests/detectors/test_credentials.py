"""Content Credentials: only a signer on the trust list is trusted; a copy without them is neutral,
a changed byte breaks them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from detectors import credentials as room
from detectors.credentials import credentials
from models.kinds import Credentials
from models.media import File
from tests import clips

ACTION = {
    "action": "c2pa.created",
    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
}
MANIFEST = {
    "claim_generator_info": [{"name": "test"}],
    "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [ACTION]}}],
}


def certified() -> tuple[bytes, bytes, bytes]:
    """(chain, key, root), as a camera's maker would have them."""
    began = datetime.now(UTC) - timedelta(days=1)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]

    def name(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A maker"),
                x509.NameAttribute(NameOID.COMMON_NAME, text),
            ]
        )

    def certificate(of: int, text: str, authority: bool) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(
            not authority, False, False, False, False, authority, authority, False, False
        )
        return (
            x509.CertificateBuilder()
            .subject_name(name(text))
            .issuer_name(name("root"))
            .public_key(keys[of].public_key())
            .serial_number(of + 1)
            .not_valid_before(began)
            .not_valid_after(began + timedelta(days=99))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(keys[of].public_key()), critical=False
            )
        )

    root = certificate(0, "root", authority=True).sign(keys[0], hashes.SHA256())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key())
    camera = (
        certificate(1, "camera", authority=False)
        .add_extension(purpose, critical=False)
        .add_extension(issuer, critical=False)
    )
    leaf = camera.sign(keys[0], hashes.SHA256())
    pem = [c.public_bytes(serialization.Encoding.PEM) for c in (leaf, root)]
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return b"".join(pem), key, pem[1]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """(a signed clip, the root that vouches for it)."""
    plain = clips.encode(tmp_path_factory.mktemp("signed") / "plain.mp4", clips.pan(20))
    chain, key, root = certified()
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, key, None))
    out = io.BytesIO()
    with plain.open("rb") as source:
        c2pa.Builder(MANIFEST).sign(signer, "video/mp4", source, out)
    return out.getvalue(), root


@pytest.fixture
def vouched(
    signed: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The trust list holds the maker of the clip."""
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "c2pa-trust-list.pem").write_bytes(signed[1])
    monkeypatch.setattr(room.resources, "files", lambda _: tmp_path)
    room._context.cache_clear()
    yield
    room._context.cache_clear()


def word(data: bytes) -> list[str | None]:
    return [o.value for o in credentials([File(memoryview(data), "mp4")], clips.media(20))]


def test_credentials_of_an_unknown_signer_prove_nothing(signed: tuple[bytes, bytes]) -> None:
    (seen,) = credentials([File(memoryview(signed[0]), "mp4")], clips.media(20))
    assert isinstance(seen, Credentials) and seen.value == "unverified"
    assert seen.codes == ("signingCredential.untrusted",)


@pytest.mark.usefixtures("vouched")
def test_credentials_of_a_listed_signer_are_trusted_until_a_byte_changes(
    signed: tuple[bytes, bytes],
) -> None:
    assert word(signed[0]) == ["trusted"]
    changed = bytearray(signed[0])
    changed[-300] ^= 1
    assert word(bytes(changed)) == ["broken"]


def test_credentials_that_are_missing_mean_nothing(honest: Path) -> None:
    assert word(honest.read_bytes()) == []


def test_credentials_survive_nonsense(signed: tuple[bytes, bytes]) -> None:
    for cut in (0, 1, 40, 600, 3000):
        assert set(word(signed[0][:cut])) <= {"unreadable", "broken", "unverified"}
