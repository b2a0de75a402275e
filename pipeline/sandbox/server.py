"""The fork server, and one child of it at work: started, listened to, ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from multiprocessing import forkserver, util
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models import errors
from models.media import Limits
from pipeline.sandbox import box, child, protocol, second_reader
from pipeline.sandbox.protocol import Job

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
SILENT = {"ORT_DISABLE_TELEMETRY": "1"}  # what libraries are told, so that they tell nobody
# What the fork server gets of the environment: what it says about the case or its owner is nothing
# to a decoder.
ENVIRONMENT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "TMPDIR",
    "LD_LIBRARY_PATH",
)
READ_PRINT = (protocol.EXAMINE, protocol.KEY_FRAMES)
STEP = 1e-5  # share by which progress must grow to be any
MOST_BROUGHT = 1000  # messages beside progress that are waited for
LISTEN_S = 0.1  # seconds between two looks at whether to stop
LAST_WORDS_S = 5.0  # seconds in which a child that closed its pipe must have ended

OnMessage = Callable[[str, Any], None]

_starting = threading.Lock()


def run(
    job: Job,
    arguments: tuple[Any, ...],
    reads: Path,
    limits: Limits,
    on_message: OnMessage,
    unsandboxed: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Run `job` in a boxed child that may read the file `reads`; `stop` ends it.

    Raises the named error the child reported; DecoderCrashed, OutOfTime, Stopped; Interrupted where
    the fork server was ended from outside; NoBox where no box can be had; NoTemporaryFolder.
    """
    why = box.unavailable()
    if why and not unsandboxed:
        raise errors.NoBox("No box can be had here: {why}.", why=why)
    context = start()
    its_server = _CleanStart.servers[-1]
    ours, theirs = context.Pipe(duplex=False)
    with _interruptions(its_server), _second(context, job, not unsandboxed) as second:
        task = (theirs, job, arguments, reads, limits, not unsandboxed, second)
        process = context.Process(
            target=child.work,
            args=task,
            daemon=True,
        )
        try:
            process.start()
            theirs.close()
            _listen(
                ours,
                process,
                limits,
                on_message,
                stop or threading.Event(),
            )
        finally:
            if process.pid is not None:
                process.kill()
                process.join(LAST_WORDS_S)
                with suppress(ValueError):  # it does not end; nothing more can be done about it
                    process.close()
            ours.close()


@contextmanager
def _interruptions(its_server: subprocess.Popen[bytes]) -> Iterator[None]:
    """A child goes with its fork server: what ended that says nothing of the file."""
    try:
        yield
    except (ConnectionError, EOFError) as fault:
        raise _interrupted(type(fault).__name__) from None
    except errors.DecoderCrashed as fault:
        if _lives(its_server.pid):
            raise
        raise _interrupted(str(fault)) from None


def _lives(pid: int) -> bool:
    """Without taking note of its end: that is for who started it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def _interrupted(why: str) -> errors.Interrupted:
    return errors.Interrupted("The readers of files were ended from outside: {why}.", why=why)


def _second(
    context: Any,
    job: Job,
    boxed: bool,
) -> AbstractContextManager[Connection | None]:
    """The second reader of print, for a job that reads print."""
    if job not in READ_PRINT:
        return nullcontext()
    return second_reader.beside(context, boxed)


def start() -> Any:
    """The fork server, started once, from whichever thread comes first.

    Libraries loaded, one thread each: results must not depend on the number of cores. Raises
    NoTemporaryFolder.
    """
    context = multiprocessing.get_context("forkserver")
    with _starting:
        context.set_forkserver_preload(list(protocol.PRELOAD))
        try:
            with _clean_environment():
                forkserver.ensure_running()
        except OSError as fault:
            if fault.errno is not None:  # the socket's own complaint has no number
                raise
            # its socket lies there, and a path may have no more than 107 characters (unix(7))
            raise errors.NoTemporaryFolder(
                "The readers of files cannot be started from {folder}: {why}.",
                folder=tempfile.gettempdir(),
                why=str(fault),
            ) from None
    return context


class _CleanStart:
    """Stands in for `multiprocessing.util` where the fork server is started.

    The server gets an environment of its own, and no other thread sees ours change.
    """

    servers: list[subprocess.Popen[bytes]] = []  # noqa: RUF012 (they live as long as we do)

    def __getattr__(self, name: str) -> Any:
        return getattr(util, name)

    def spawnv_passfds(
        self,
        path: str | bytes,
        args: Sequence[str],
        passfds: Sequence[int],
    ) -> int:
        there = [name for name in ENVIRONMENT if name in os.environ]
        kept = {name: os.environ[name] for name in there}
        server = subprocess.Popen(
            [os.fsdecode(path), *args[1:]],
            env=kept | SILENT | dict.fromkeys(ONE_THREAD, "1"),
            pass_fds=tuple(passfds),
        )
        self.servers.append(server)
        return server.pid


@contextmanager
def _clean_environment() -> Iterator[None]:
    real = forkserver.util  # type: ignore[attr-defined]
    forkserver.util = _CleanStart()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        forkserver.util = real  # type: ignore[attr-defined]


def _listen(
    pipe: Connection,
    process: Any,
    limits: Limits,
    on_message: OnMessage,
    stop: threading.Event,
) -> None:
    """Pass messages on until the child says it is done."""
    patience = Patience(limits.silence_s, limits.reader_s)
    while True:
        if stop.is_set():
            raise errors.Stopped("It was told to stop.")
        patience.check()
        if not pipe.poll(LISTEN_S):
            continue
        try:
            message = protocol.receive(pipe)
        except EOFError:
            process.join(LAST_WORDS_S)
            raise errors.DecoderCrashed(
                "The reader of this file stopped without an answer ({ending}).",
                ending=_ending(process.exitcode),
            ) from None
        except (OSError, ValueError, RecursionError):
            raise protocol.nonsense() from None
        patience.heard(message)
        if message.kind == "done":
            return
        if message.kind == "error":
            raise protocol.reported_error(message.body)
        on_message(message.kind, message.body)


class Patience:
    """How long a child may go on: while its progress grows, or it brings what it was asked for.

    One that only repeats itself is waited for no longer than a silent one.
    """

    def __init__(self, silence_s: float, reader_s: float) -> None:
        self.silence_s = silence_s
        self.reader_s = reader_s
        self.heard_at = self.began = time.monotonic()
        self.progress = 0.0
        self.brought = 0

    def heard(self, message: protocol.Heard) -> None:
        """A message came."""
        if message.kind == "progress":
            share = message.body if isinstance(message.body, (int, float)) else 0.0
            if not self.progress + STEP <= share <= 1.0:
                return
            self.progress = share
        else:
            self.brought += 1
            if self.brought > MOST_BROUGHT:
                return
        self.heard_at = time.monotonic()

    def check(self) -> None:
        """Raises OutOfTime."""
        if time.monotonic() - self.heard_at > self.silence_s:
            raise errors.OutOfTime(
                "Nothing was heard from the reader for {seconds:.0f} s, so it was ended.",
                seconds=self.silence_s,
            )
        if time.monotonic() - self.began > self.reader_s:
            raise errors.OutOfTime(
                "The reader took more than {seconds:,.0f} s, so it was ended.",
                seconds=self.reader_s,
            )


def _ending(code: int | None) -> str:
    """How a child ended, in words."""
    if code is None:
        return "it hangs"
    if code >= 0:
        return f"exit code {code}"
    known = -code in set(signal.Signals)
    name = signal.Signals(-code).name if known else str(-code)
    return f"signal {name}"
