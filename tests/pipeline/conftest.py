"""A bucket, a store and brokers to test with, on free ports of this machine.

The bucket is moto's; PostgreSQL, RabbitMQ and Redis are the real ones, where they are installed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import cv2
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

from bench import servers
from bench.servers import KEYS
from tests import clips

needs_postgres = [
    pytest.mark.services,
    pytest.mark.skipif(
        not servers.POSTGRES, reason="PostgreSQL is not installed here (make test-services)"
    ),
]


class Cloud(NamedTuple):
    """A server with a bucket `uploads` and one `results`; what a program needs to reach it."""

    client: Any
    environment: dict[str, str]

    def put(self, key: str, content: bytes, bucket: str = "uploads") -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def keys(self, bucket: str = "results") -> dict[str, bytes]:
        """Everything in a bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        names = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return {
            name: self.client.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names
        }


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """A server of S3 and SQS; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, moto: str, tmp_path: Path) -> Iterator[Cloud]:
    """Its buckets, empty at the beginning."""
    environment = KEYS | {
        "AWS_ENDPOINT_URL": moto,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    for name, value in environment.items():
        monkeypatch.setitem(os.environ, name, value)
    client = boto3.client("s3")
    for bucket in ("uploads", "results"):
        client.create_bucket(Bucket=bucket)
    yield Cloud(client, environment)
    for bucket in ("uploads", "results"):
        for key in [
            one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])
        ]:
            client.delete_object(Bucket=bucket, Key=key)
        client.delete_bucket(Bucket=bucket)


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one, soon read."""
    path = tmp_path_factory.mktemp("photo") / "label.jpg"
    picture = clips.with_code(np.full((240, 320), 250, np.uint8), "576920418365107249")
    path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Its address."""
    with servers.postgres() as server:
        yield server.address


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs_postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of each sort."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    server: str = request.getfixturevalue("postgres")
    from sqlalchemy import create_engine, text

    name = f"t{time.monotonic_ns()}"
    admin = create_engine(
        server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return server.rpartition("/")[0] + "/" + name
