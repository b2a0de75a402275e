"""The box, seen from both sides: what it refuses, and what the parent makes of a child that dies,
hangs, lies or eats memory.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models import errors
from models.media import Limits
from models.packs import policy
from models.settings import Settings
from models.submission import Exhibit, Submission
from pipeline import score
from pipeline.sandbox import box, protocol, server
from pipeline.sandbox.protocol import Job
from tests import clips
from tests.conftest import ROOT, Run

pytestmark = pytest.mark.skipif(bool(box.unavailable()), reason=f"no box here: {box.unavailable()}")
Emit = Callable[[str, Any], None]


def crash(emit: Emit) -> None:
    ctypes.string_at(0)


def babble(emit: Emit) -> None:
    """Says something all the time, and never anything new."""
    while True:
        emit("progress", 0.5)
        time.sleep(0.02)


def hang(emit: Emit) -> None:
    time.sleep(60)


def eat(emit: Emit) -> None:
    bytearray(8 << 30)


def lie(emit: Emit) -> None:
    emit("error", {"name": "SystemExit", "template": "take {what}", "args": {"what": "this"}})


def tell(emit: Emit) -> None:
    emit("told", {"environment": sorted(os.environ)})


def shout(emit: Emit) -> None:
    emit("jpeg", bytes(protocol.LARGEST_MESSAGE + 1))


def mumble(emit: Emit) -> None:
    emit("x\nnot json", None)


def chatter(emit: Emit) -> None:
    emit("examined", json.dumps({"media": "nonsense"}))


def in_a_thread(victim: Path, emit: Emit) -> None:
    """A thread started inside the box is boxed too."""
    said: dict[str, bool] = {}

    def read() -> None:
        try:
            victim.read_text()
            said["refused"] = False
        except OSError:
            said["refused"] = True

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    emit("tried", said)


def boxed(
    work: str, *arguments: Any, reads: Path, limits: Limits | None = None
) -> list[tuple[str, Any]]:
    heard: list[tuple[str, Any]] = []
    server.run(
        Job("tests.pipeline.sandbox.test_box", work),
        arguments,
        reads,
        limits or Limits(),
        lambda kind, body: heard.append((kind, body)),
    )
    return heard


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    path = tmp_path / "allowed"
    path.write_text("x")
    return path


def test_everything_is_refused(allowed: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("x")
    heard: list[tuple[str, Any]] = []
    server.run(
        protocol.PROBE,
        (victim,),
        allowed,
        Limits(),
        lambda kind, body: heard.append((kind, body)),
    )
    ((_, tried),) = heard
    assert len(tried) == 12 and all(tried.values()), tried
    assert not (tmp_path / "written").exists()


def test_the_probe_can_fail(allowed: Path, tmp_path: Path) -> None:
    """Without the box the same attempts succeed, so that refusal means something.

    But for two: a child has no other descriptor, and no network is reached even so.
    """
    victim = tmp_path / "victim"
    victim.write_text("x")
    heard: list[tuple[str, Any]] = []
    server.run(
        protocol.PROBE,
        (victim,),
        allowed,
        Limits(),
        lambda kind, body: heard.append((kind, body)),
        unsandboxed=True,
    )
    refused = {what for what, refused in heard[-1][1].items() if refused}
    assert refused == {"talk to the fork server", "make a socket"}


def test_threads_are_boxed_too(allowed: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("x")
    assert boxed("in_a_thread", tmp_path / "victim", reads=allowed) == [
        ("tried", {"refused": True})
    ]


def test_a_crash_is_a_named_error(allowed: Path) -> None:
    with pytest.raises(errors.DecoderCrashed, match="SIGSEGV"):
        boxed("crash", reads=allowed)


@pytest.mark.parametrize("work", ["hang", "babble"])
def test_a_hang_is_ended(work: str, allowed: Path) -> None:
    with pytest.raises(errors.OutOfTime):
        boxed(work, reads=allowed, limits=Limits(silence_s=0.5))


def test_memory_is_limited(allowed: Path) -> None:
    with pytest.raises(errors.OutOfMemory, match="memory"):
        boxed("eat", reads=allowed, limits=Limits(address_space=4 << 30))


def test_a_child_does_not_learn_the_case(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "576920418365107249")
    ((_, told),) = boxed("tell", reads=allowed)
    assert "SECRET" not in told["environment"]


def test_a_child_cannot_raise_what_it_likes(allowed: Path) -> None:
    with pytest.raises(errors.DecoderCrashed, match="makes no sense"):
        boxed("lie", reads=allowed)


@pytest.mark.parametrize("work", ["shout", "mumble"])
def test_messages_are_checked(work: str, allowed: Path) -> None:
    with pytest.raises(errors.DecoderCrashed, match="no sense"):
        boxed(work, reads=allowed)


def test_an_answer_that_makes_no_sense_is_refused(
    honest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = server.run

    def liar(job: Job, arguments: Any, *rest: Any, **more: Any) -> None:
        real(Job("tests.pipeline.sandbox.test_box", "chatter"), (), *rest, **more)

    monkeypatch.setattr(server, "run", liar)
    with pytest.raises(errors.DecoderCrashed, match="no sense"):
        score.score(
            Submission(exhibits=(Exhibit(path=honest, shown="a.mp4"),)),
            policy("tiktok-shop-us"),
            Settings(),
        )


def test_without_a_box_it_says_so_or_refuses(honest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "unavailable", lambda: "on purpose")
    submission = Submission(exhibits=(Exhibit(path=honest, shown="a.mp4"),))
    with pytest.raises(errors.NoBox):
        score.score(submission, policy("tiktok-shop-us"), Settings())
    report = score.score(submission, policy("tiktok-shop-us"), Settings(allow_unsandboxed=True))
    assert report.audit.box == "unsandboxed"


def test_a_box_that_does_not_hold_is_no_fault_of_the_file(allowed: Path) -> None:
    with pytest.raises(errors.NoBox, match="does not hold"):
        boxed("hang", reads=allowed.parent / "missing")


def test_the_parent_loads_no_decoder() -> None:
    program = (
        "import sys, pipeline.cli.app, pipeline.score, pipeline.render.html, pipeline.render.text;"
        "print(sorted({'av', 'cv2', 'zxingcpp', 'rapidocr'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def children(of: int) -> set[int]:
    """All processes below `of`."""
    found, waiting = set(), [of]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                some = {int(word) for word in task.read_text().split()}
            except OSError:
                continue
            waiting += some - found
            found |= some
    return found


def still_running(processes: set[int], patience_s: float = 60.0) -> set[int]:
    """Those that have not ended after a while; a zombie has."""
    until = time.monotonic() + patience_s
    left = processes
    while left and time.monotonic() < until:
        left = {pid for pid in left if _is_alive(pid)}
        time.sleep(0.05)
    return left


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A temporary folder with a path short enough for a socket, wherever pytest has its own."""
    with tempfile.TemporaryDirectory(prefix="blow-") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("blow", "command"),
    [(signal.SIGINT, "score"), (signal.SIGTERM, "score"), (signal.SIGINT, "batch")],
)
def test_an_interrupt_ends_it_and_leaves_nothing(
    blow: signal.Signals, command: str, tmp_path: Path, scratch: Path
) -> None:
    (tmp_path / "in").mkdir()
    path = clips.encode(tmp_path / "in" / "long.mp4", clips.pan(90) * 12)
    words = (
        ["score", str(path)]
        if command == "score"
        else ["batch", str(path.parent), "--out", str(tmp_path / "out")]
    )
    whole = [sys.executable, "-m", "pipeline", *words]
    with subprocess.Popen(
        whole,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(scratch)},
        # shells start what runs in the background with interrupts ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        deadline = time.monotonic() + 120
        while not (any(scratch.glob("parcelproof-*")) and children(process.pid)):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        time.sleep(0.7)
        below = children(process.pid)
        assert below
        process.send_signal(blow)
        process.wait(120)
        said = process.stderr.read().decode() if process.stderr else ""
    assert process.returncode in (130, 143), said
    assert "Traceback" not in said
    if command == "batch":
        assert "Stopped: 0 of 1 are done; the same command goes on." in said
    assert not still_running(below)
    assert list(scratch.glob("parcelproof-*")) == []
    assert not list(tmp_path.rglob("*.json")), "nothing is said of a file that was not finished"


def test_batch_refuses_without_a_box(tmp_path: Path, honest: Path) -> None:
    program = (
        "from pipeline.sandbox import box; box.unavailable = lambda: 'on purpose'; "
        "from pipeline.cli.app import app; app()"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "batch",
            str(honest.parent),
            "--out",
            str(tmp_path / "out"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 69 and done.stderr.startswith("NoBox: ")


def test_a_temporary_folder_with_too_long_a_path_is_named(
    run: Run, honest: Path, tmp_path: Path
) -> None:
    deep = tmp_path / "x" / ("long" * 25)
    deep.mkdir(parents=True)
    done = run("score", honest, TMPDIR=str(deep))
    assert done.returncode == 69 and done.stderr.startswith("NoTemporaryFolder: "), done.stderr
    assert (
        str(deep) in done.stderr and "Set TMPDIR" in done.stderr and "Traceback" not in done.stderr
    )
    assert not list(deep.iterdir())


def test_doctor_finds_the_box_working(run: Run) -> None:
    done = run("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ALLOWED" not in done.stdout and done.stdout.count("refused") == 12


def test_the_fork_server_reaches_no_network(allowed: Path) -> None:
    """Nor does what it loads: one library tells its maker of its use, unless it cannot."""
    boxed("tell", reads=allowed)  # it runs from then on
    pid = server._CleanStart.servers[-1].pid
    status = Path(f"/proc/{pid}/status").read_text()
    assert {"Seccomp:\t2", "NoNewPrivs:\t1"} <= set(status.splitlines())
    assert b"ORT_DISABLE_TELEMETRY=1" in Path(f"/proc/{pid}/environ").read_bytes()


def test_offline_means_no_socket_but_our_own() -> None:
    code = (
        "import pipeline.sandbox.offline, socket\n"
        "socket.socketpair()\n"
        "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):\n"
        "    try: socket.socket(family, socket.SOCK_DGRAM)\n"
        "    except PermissionError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == ["refused"] * 3
