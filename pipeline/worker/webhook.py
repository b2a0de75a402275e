"""The operator's webhook: told when a submission has ended, signed, until it arrives.

The address and the secret are the operator's alone. No redirect is followed, no proxy asked; the
name is looked up once, and that very address is spoken to.
"""

from __future__ import annotations

import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import pipeline
from models import errors
from pipeline.score import operator_key

CONNECT_S = 5.0  # seconds until the receiver must have taken the connection
WHOLE_S = 15.0  # seconds until it must have answered
OK = range(200, 300)
REDIRECTS = range(300, 400)
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
UNICAST = ipaddress.ip_network("2000::/3")  # all that was ever given out (IANA)
RELAYS = ipaddress.ip_network("192.88.99.0/24")  # RFC 7526: of 6to4, no more in use

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Undelivered(Exception):
    """Why a notice did not arrive, in few words."""


class Webhook(NamedTuple):
    """Where notices go. `private`: also within the operator's own network, and without TLS."""

    url: SplitResult
    secret: bytes
    private: bool = False

    @property
    def shown(self) -> str:
        """Its address for people: a path may hold a key."""
        return f"{self.url.scheme}://{self.url.hostname}"

    def send(self, known: str, body: str) -> int:
        """The receiver's answer, 200 to 299. Raises Undelivered."""
        said = body.encode()
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"parcelproof/{pipeline.__version__}",
            "Idempotency-Key": known,
            "Parcelproof-Signature": f"t={at},v1={signature(self.secret, at, said)}",
        }
        try:
            status = self._answer(said, headers)
        except Undelivered:
            raise
        except ssl.SSLError as fault:
            raise Undelivered(f"no secure connection is had ({fault.reason or fault})") from None
        except OSError as fault:
            raise Undelivered(fault.strerror or type(fault).__name__) from None
        except (http.client.HTTPException, ValueError) as fault:
            raise Undelivered(f"it does not speak HTTP ({type(fault).__name__})") from None
        if status in REDIRECTS:
            raise Undelivered(f"it redirects ({status}), which is not followed")
        if status not in OK:
            raise Undelivered(f"it answered {status}")
        return status

    def _answer(self, said: bytes, headers: dict[str, str]) -> int:
        host = self.url.hostname or ""
        port = self.url.port or (443 if self.url.scheme == "https" else 80)
        address = address_of(host, port, self.private)
        with closing(_Pinned(host, port, address, self.url.scheme == "https")) as connection:
            late = threading.Timer(WHOLE_S, connection.cut)
            late.daemon = True
            late.start()
            try:
                target = self.url.path or "/"
                if self.url.query:
                    target += f"?{self.url.query}"
                connection.request("POST", target, said, headers)
                return connection.getresponse().status
            finally:
                late.cancel()


def webhook(url: str, secret: Path | None, private: bool) -> Webhook:
    """As the operator wrote it. Raises Usage."""
    try:
        parts = urlsplit(url)
        well = bool(parts.hostname) and parts.port != 0
    except ValueError:
        well = False
    if not well or parts.scheme not in ("https", "http") or parts.username or parts.password:
        raise errors.Usage("--webhook: write https://HOST/PATH, without a user or a password.")
    if parts.scheme == "http" and not private:
        raise errors.Usage(
            "--webhook: only https is spoken, but for your own network (--webhook-private)."
        )
    if secret is None:
        raise errors.Usage("--webhook needs --webhook-secret FILE, by which the receiver knows us.")
    return Webhook(parts, operator_key(secret), private)


def signature(secret: bytes, at: int, body: bytes) -> str:
    """HMAC-SHA256 over the time (seconds since 1970), a full stop and the body, in hex."""
    return hmac.new(secret, f"{at}.".encode() + body, sha256).hexdigest()


def address_of(host: str, port: int, private: bool) -> str:
    """The address to speak to. Raises Undelivered where one is private and that is not allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Undelivered("its name is not known") from None
    addresses = [str(one[4][0]) for one in found]
    if not private and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
        raise Undelivered("it lies in a private network, which --webhook-private would allow")
    return addresses[0]


def is_public(address: Address) -> bool:
    """Can everybody reach it? Also not by an address within the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in RELAYS
    if address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    if address in NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    inner = [*(address.teredo or ()), *([address.sixtofour] if address.sixtofour else [])]
    return address in UNICAST and address.is_global and all(map(is_public, inner))


class _Pinned(http.client.HTTPConnection):
    """To one address, whatever the name says a moment later."""

    def __init__(
        self,
        host: str,
        port: int,
        address: str,
        encrypted: bool,
    ) -> None:
        super().__init__(host, port, timeout=CONNECT_S)
        self.address = address
        self.encrypted = encrypted

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), self.timeout)
        if self.encrypted:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
        self.sock.settimeout(WHOLE_S)

    def cut(self) -> None:
        """However slowly it answers."""
        if self.sock:
            self.sock.shutdown(socket.SHUT_RDWR)
