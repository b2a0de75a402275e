"""A bucket of uploads, by S3's own protocol. Keys are opaque: none ever becomes a path.

Everything with pictures is downloaded once, into a file of our own name, and hashed on the way; no
address is ever given to a decoder.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from models import errors
from models.containers import SUFFIXES
from models.media import Limits
from pipeline.batch.jobs import CASE_FILE, Entry
from pipeline.batch.ranges import Parts
from pipeline.batch.sources import Fetched, Some, suffix

SCHEME = "s3://"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
SHOWN = 80  # characters of an address that are repeated
ARCHIVES = frozenset({".zip"})
CHUNK = 1 << 20  # bytes a read
TRIES = 6  # of one download that breaks off
WAITS_S = 0.25  # seconds before the second try; doubled each time
CONNECT_S, READ_S = 10, 60  # seconds that a server is waited for
ABSENT = {"404", "NoSuchKey", "NotFound"}
CLOSED = {"NoSuchBucket", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}
TAKEN = {"412", "PreconditionFailed", "ConditionalRequestConflict", "409"}
NO_ACL = "AccessControlListNotSupported"  # of buckets whose objects all belong to their owner

Answer = TypeVar("Answer")


class Place(NamedTuple):
    """A bucket, and how the keys in question begin."""

    bucket: str
    prefix: str

    @property
    def shown(self) -> str:
        """As it is written."""
        return f"{SCHEME}{self.bucket}/{self.prefix}"


def is_bucket(address: str) -> bool:
    """Is it written as one? Raises Usage for what looks like an address of another sort."""
    if address.startswith(SCHEME):
        return True
    if ADDRESS.match(address) and not Path(address).exists():
        raise errors.Usage(
            "{address} is neither a folder nor s3://bucket/prefix.", address=address[:SHOWN]
        )
    return False


def place_of(address: str) -> Place:
    """s3://bucket/prefix: what lies in the prefix as in a folder. Raises Usage."""
    parts = urlsplit(address, allow_fragments=False)
    key = address.removeprefix(f"{SCHEME}{parts.netloc}").removeprefix("/")
    if not parts.netloc:
        raise errors.Usage("{address} names no bucket: write s3://bucket/prefix.", address=address)
    return Place(parts.netloc, key if not key or key.endswith("/") else f"{key}/")


class Objects:
    """What a bucket can be asked; what it does not do is said by name."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @cached_property
    def client(self) -> Any:
        """One for all threads. Credentials and address as every program of Amazon's takes them."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            return boto3.session.Session().client("s3", config=config)
        except (BotoCoreError, ValueError) as fault:
            raise errors.NoBucket("No bucket can be reached: {why}.", why=str(fault)) from None

    def check(self) -> None:
        """Before the work. Raises NoBucket, BucketFailed."""
        self._asked(lambda: self.client.head_bucket(Bucket=self.place.bucket))

    def listed(self) -> Iterator[dict[str, Any]]:
        """Every object, page by page."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.place.bucket, Prefix=self.place.prefix
        )
        stream = iter(pages)
        while page := self._asked(lambda: next(stream, None)):
            yield from page.get("Contents", ())

    def body(self, key: str, since: int = 0, tag: str = "", until: int | None = None) -> Any:
        """The answer to a request for an object, or a part of it, as it was when listed."""
        part = f"bytes={since}-{'' if until is None else until - 1}"
        asked = {"Bucket": self.place.bucket, "Key": key}
        if since or until is not None:
            asked["Range"] = part
        if tag:
            asked["IfMatch"] = tag
        return self._asked(lambda: self.client.get_object(**asked))

    def content(self, key: str, since: int = 0, tag: str = "", until: int | None = None) -> bytes:
        """The same, read: what breaks off is named like what does not begin."""
        answer = self.body(key, since, tag, until)
        return self._asked(lambda: bytes(answer["Body"].read()))

    def about(self, key: str) -> tuple[int, str]:
        """Its size and its tag."""
        there = self.head(key)
        return there["Size"], there["ETag"]

    def head(self, key: str) -> dict[str, Any]:
        """What a listing says of it. Raises Missing."""
        answer = self._asked(lambda: self.client.head_object(Bucket=self.place.bucket, Key=key))
        return {
            "Size": answer["ContentLength"],
            "ETag": answer["ETag"],
            "LastModified": answer["LastModified"],
        }

    def read(self, key: str) -> tuple[bytes, str] | None:
        """A small object whole, and its tag; None where there is none."""
        try:
            answer = self.body(key)
        except errors.Missing:
            return None
        return self._asked(lambda: (bytes(answer["Body"].read()), str(answer["ETag"])))

    def put(
        self,
        key: str,
        content: bytes | Any,
        only_if: Mapping[str, str] | None = None,
        kind: str = "application/octet-stream",
    ) -> bool:
        """Written, for its owner alone. False where `only_if` does not hold."""
        from botocore.exceptions import ClientError

        asked = {
            "Bucket": self.place.bucket,
            "Key": key,
            "Body": content,
            "ContentType": kind,
            **(only_if or {}),
        }
        try:
            self._asked(lambda: self.client.put_object(ACL="private", **asked), raw=ClientError)
        except ClientError as fault:
            if _code(fault) == NO_ACL:
                self._asked(lambda: self.client.put_object(**asked))
                return True
            if _code(fault) in TAKEN and only_if:
                return False
            raise self._named(fault) from None
        return True

    def remove(self, key: str) -> None:
        """Gone; nothing happens where there is none."""
        self._asked(lambda: self.client.delete_object(Bucket=self.place.bucket, Key=key))

    def _asked(self, ask: Callable[[], Answer], raw: type[Exception] | tuple[()] = ()) -> Answer:
        """Its answer. Raises NoBucket, BucketFailed, ChangedWhileRead; `raw` as it came."""
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        try:
            return ask()
        except raw:
            raise
        except (BotoCoreError, ClientError, HTTPError, OSError) as fault:
            raise self._named(fault) from None

    def _named(self, fault: Exception) -> errors.ParcelproofError:
        code = _code(fault)
        bucket = self.place.bucket
        if code in CLOSED or type(fault).__name__ in {"NoCredentialsError", "ParamValidationError"}:
            return errors.NoBucket("{bucket}: {why}.", bucket=bucket, why=_why(fault))
        if code in ABSENT and getattr(fault, "operation_name", "") == "HeadBucket":
            return errors.NoBucket("There is no bucket {bucket}.", bucket=bucket)
        if code in ABSENT:
            return errors.Missing("There is no file of this name.")
        if code in TAKEN:
            return errors.ChangedWhileRead("The file changed while it was read.")
        return errors.BucketFailed(
            "The bucket {bucket} cannot be used now: {why}.", bucket=bucket, why=_why(fault)
        )


def _code(fault: Exception) -> str:
    answer = getattr(fault, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _why(fault: Exception) -> str:
    answer = getattr(fault, "response", None)
    said = answer.get("Error", {}).get("Message") if isinstance(answer, dict) else None
    return str(said or fault).rstrip(".")[:300]


class Bucket:
    """A bucket as a source of submissions. `but`: our own results, which may lie in it."""

    def __init__(
        self,
        place: Place,
        limits: Limits,
        but: Place | None = None,
        some: Some | None = None,
    ) -> None:
        self.objects = Objects(place)
        self.limits = limits
        self.but = but.prefix if but and but.bucket == place.bucket else None
        self.some = some or Some()

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.objects.place.shown

    @property
    def address(self) -> str:
        """The bucket: names are whole keys."""
        return f"{SCHEME}{self.objects.place.bucket}"

    def entries(self) -> Iterator[Entry]:
        """Every object but our own; whether one is media, its name alone says."""
        for one in self.objects.listed():
            if entry := self._entry(one):
                yield entry

    def below(self, folder: str) -> Iterator[Entry]:
        """The same, of one folder within."""
        objects = Objects(Place(self.objects.place.bucket, f"{folder}/"))
        for one in objects.listed():
            if entry := self._entry(one):
                yield entry

    def entry(self, key: str) -> Entry | None:
        """One object as it is now; None where it is none of the source's. Raises Missing."""
        if not key.startswith(self.objects.place.prefix):
            return None
        return self._entry({"Key": key, **self.objects.head(key)})

    def has(self, key: str) -> bool:
        """Is there such an object?"""
        try:
            self.objects.head(key)
        except errors.Missing:
            return False
        return True

    def _entry(self, one: Mapping[str, Any]) -> Entry | None:
        key: str = one["Key"]
        is_folder = key.endswith("/") and not one["Size"]  # what consoles make of a folder
        if is_folder or (self.but is not None and key.startswith(self.but)):
            return None
        name = key.encode(errors="surrogateescape")
        stamp = f"{one['Size']} {one['ETag']} {one['LastModified']:%Y-%m-%dT%H:%M:%S%z}"
        wanted = self.some.wants(name, one["LastModified"])
        if name.rpartition(b"/")[2] == CASE_FILE:
            return Entry(name, "case", stamp, wanted)
        media = suffix(name) in self.some.suffixes | SUFFIXES | ARCHIVES
        return Entry(name, "media" if media else "other", stamp, wanted)

    @contextmanager
    def fetched(self, names: Sequence[bytes]) -> Iterator[list[Fetched]]:
        """Copies in a folder of our own. Raises what a download can end with."""
        try:
            scratch = TemporaryDirectory(prefix="parcelproof-")
        except OSError as fault:
            raise _no_room(fault) from None
        with scratch as folder:
            yield [
                self._download(name, Path(folder) / f"upload-{number}")
                for number, name in enumerate(names)
            ]

    def parts(self, name: bytes, path: Path) -> Parts:
        """Its blocks as they are needed, all of one version."""
        key = name.decode(errors="surrogateescape")
        size, tag = self.objects.about(key)

        def read(start: int, end: int) -> bytes:
            return self.objects.content(key, start, tag, end)

        return Parts(read, size, path)

    def _download(self, name: bytes, path: Path) -> Fetched:
        """Read once from beginning to end, hashed on the way; gone on with where it breaks off."""
        key = name.decode(errors="surrogateescape")
        digest = hashlib.sha256()
        with path.open("xb") as file:
            for chunk in self._chunks(key):
                digest.update(chunk)
                try:
                    file.write(chunk)
                except OSError as fault:
                    raise _no_room(fault) from None
        return Fetched(path, digest.hexdigest())

    def _chunks(self, key: str) -> Iterator[bytes]:
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        answer = self.objects.body(key)
        size, tag = answer["ContentLength"], answer["ETag"]
        if size > self.limits.bytes:
            raise errors.TooLarge(
                "The file has {size:,} bytes; the limit is {most:,}.",
                size=size,
                most=self.limits.bytes,
            )
        done, tries = 0, 0
        while done < size:
            why = "it ended early"
            try:
                for chunk in answer["Body"].iter_chunks(CHUNK):
                    done += len(chunk)
                    tries = 0
                    yield chunk
            except (BotoCoreError, HTTPError, OSError) as fault:
                why = _why(fault)
            if done < size:
                tries += 1
                if tries == TRIES:
                    raise errors.BucketFailed(
                        "The download broke off at {done:,} of {size:,} bytes: {why}.",
                        done=done,
                        size=size,
                        why=why,
                    )
                time.sleep(WAITS_S * 2 ** (tries - 1))
                answer = self.objects.body(key, done, tag)


def _no_room(fault: OSError) -> errors.CannotWrite:
    return errors.CannotWrite(
        "Nothing can be written to {folder}: {why}.",
        folder=str(fault.filename or "the temporary folder"),
        why=str(fault.strerror),
    )
