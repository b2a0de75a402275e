"""What all tests share: the checkout, the program as people run it, small clips made once."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from models.examination import Examined, Request
from models.media import Limits
from pipeline import receive
from pipeline.cli.app import app
from pipeline.observe import examine
from tests import clips

settings.register_profile(
    "steady", deadline=None, derandomize=True
)  # the same cases each time, on a busy machine too
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
Run = Callable[..., subprocess.CompletedProcess[str]]

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared is not here: real footage not tested"
)


@pytest.fixture(scope="session")
def run() -> Run:
    """`python -m pipeline ARGUMENTS`: in this process, whose readers are warm.

    As a process of its own where a folder, an environment or patience of its own is asked for.
    """

    def call(
        *arguments: object,
        cwd: Path | None = None,
        timeout: float | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        words = [str(one) for one in arguments]
        if cwd is None and timeout is None and not environment:
            return _here(words)
        return subprocess.run(
            [sys.executable, "-m", "pipeline", *words],
            capture_output=True,
            text=True,
            cwd=cwd or ROOT,
            timeout=timeout or 900,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            check=False,
        )

    return call


def _here(words: list[str]) -> subprocess.CompletedProcess[str]:
    """The command line without a new interpreter."""
    out, err = io.StringIO(), io.StringIO()
    argv, handler, folder = sys.argv, signal.getsignal(signal.SIGTERM), Path.cwd()
    sys.argv = ["parcelproof", *words]
    os.chdir(ROOT)
    code: object = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            app(args=words, prog_name="parcelproof")
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv = argv
        os.chdir(folder)
        signal.signal(signal.SIGTERM, handler)
    return subprocess.CompletedProcess(words, int(str(code)), out.getvalue(), err.getvalue())


@pytest.fixture
def examined() -> Callable[..., Examined]:
    """What the box would say of a file, without the box (the box has tests of its own)."""

    def look(path: Path, *kinds: str) -> Examined:
        received = receive.received(path, Limits())
        said: list[str] = []
        request = Request(
            path=path,
            kind=received.kind,
            container=received.container,
            limits=Limits(),
            kinds=frozenset(kinds) if kinds else None,
        )
        examine.examine(
            request, lambda kind, body: said.append(body) if kind == "examined" else None
        )
        return Examined.model_validate_json(said[0])

    return look


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of an honest pan, with a QR code in view for a second."""
    pictures = clips.pan(90)
    pictures[30:60] = [
        clips.with_code(picture, "576920418365107249") for picture in pictures[30:60]
    ]
    return clips.encode(tmp_path_factory.mktemp("clips") / "honest.mp4", pictures, sound=True)


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None], patience: float = 240
) -> Path:
    """A folder that `make` filled, by whichever worker of the tests came first; others wait."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / name, shared / f"{name}.done"
    try:
        folder.mkdir()
    except FileExistsError:
        until = time.monotonic() + patience
        while not done.exists() and time.monotonic() < until:
            time.sleep(0.1)
        return folder
    make(folder)
    done.touch()
    return folder


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker of the tests is left with one at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/test_goldens.py"))
