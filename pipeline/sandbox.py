"""The box: a forkserver child that may read one upload, the Python installation and nothing else.

It makes no socket, runs no program, writes no file. What it says comes back as length-checked JSON over a pipe
and is validated field by field: a child that read hostile media is believed nothing else.
"""

from __future__ import annotations

import ctypes
import errno
import json
import multiprocessing
import os
import platform
import resource
import signal
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models import errors
from models.media import Limits

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHASHSEED", "TMPDIR", "LD_LIBRARY_PATH")  # what the fork server gets
TGKILL = {"x86_64": 234, "aarch64": 131}.get(platform.machine(), -1)
LARGEST_MESSAGE = 64 << 20  # bytes the parent takes from a child at once

_starting = threading.Lock()
_stopping = threading.Event()

# Landlock (linux/landlock.h); rights of ABI 1..5 on files, of which a reader gets two.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FS_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 38, 1, 4

DENIED = (
    "socket socketpair connect bind listen accept accept4 sendto sendmsg execve execveat fork vfork ptrace kill tkill "
    "rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal pidfd_getfd process_vm_readv process_vm_writev mount umount2 "
    "pivot_root chroot unshare setns bpf perf_event_open keyctl add_key request_key io_uring_setup open_by_handle_at userfaultfd "
    "memfd_secret reboot kexec_load init_module finit_module chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes "
    "utimensat futimesat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr truncate setpriority ioprio_set "
    "sched_setaffinity sched_setscheduler sched_setparam sched_setattr shmget msgget semget mq_open"
).split()


def run(
    work: str,
    arguments: tuple[Any, ...],
    reads: Path,
    limits: Limits,
    on_message: Callable[[str, Any], None],
    unsandboxed: bool = False,
) -> None:
    """Call `module:function(*arguments, emit)` in a boxed child that may read the file `reads`.

    Raises the named error the child reported; DecoderCrashed, OutOfTime; NoBox where no box can be had; NoTemporaryFolder.
    """
    if not unsandboxed and (why := unavailable()):
        raise errors.NoBox(f"No box can be had here: {why}.")
    with _starting:  # a batch's threads all come here at once
        context = _context()
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_boxed, args=(theirs, work, arguments, reads, limits, not unsandboxed), daemon=True)
    try:
        child.start()
        theirs.close()
        _listen(ours, child, limits, on_message)
    finally:
        if child.pid is not None:
            child.kill()
            child.join()
            child.close()
        ours.close()


@cache
def _context() -> Any:
    """The fork server, started once: libraries loaded, one thread each, for results must not depend on the number of cores."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.examine", "pipeline.preload"])
    before = dict(os.environ)
    os.environ.clear()  # what the environment says about the case or its owner is nothing to a decoder
    os.environ.update({name: before[name] for name in ENVIRONMENT if name in before} | dict.fromkeys(ONE_THREAD, "1"))
    try:
        forkserver.ensure_running()
    except OSError as error:  # its socket lies there, and a socket's path may have no more than 107 characters (unix(7))
        if error.errno is not None:  # the socket's own complaint has no number
            raise
        raise errors.NoTemporaryFolder(f"The readers of files cannot be started from {tempfile.gettempdir()}: {error}.") from None
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


def stop() -> None:
    """End every child now; whoever waits for one gets `Stopped`."""
    _stopping.set()


def _listen(pipe: Connection, child: Any, limits: Limits, on_message: Callable[[str, Any], None]) -> None:
    """Pass messages on until the child says it is done."""
    heard = time.monotonic()
    while True:
        if _stopping.is_set():
            raise errors.Stopped("It was told to stop.")
        if not pipe.poll(0.1):
            if time.monotonic() - heard > limits.silence_s:
                raise errors.OutOfTime(f"Nothing was heard from the reader for {limits.silence_s:.0f} s, so it was ended.")
            continue
        heard = time.monotonic()
        try:
            kind, body = _message(pipe)
        except EOFError:
            child.join(5)
            raise errors.DecoderCrashed(f"The reader of this file stopped without an answer ({_ending(child.exitcode)}).") from None
        except (OSError, ValueError):
            raise errors.DecoderCrashed("The reader of this file gave an answer that makes no sense.") from None
        if kind == "done":
            return
        if kind == "error":
            said = body if isinstance(body, dict) else {}
            raise errors.revived(str(said.get("name")), str(said.get("message"))[:1000])
        on_message(kind, body)


def _message(pipe: Connection) -> tuple[str, Any]:
    raw = pipe.recv_bytes(LARGEST_MESSAGE)
    kind, _, body = raw.partition(b"\n")
    return kind.decode("ascii", "replace"), body if kind == b"jpeg" else json.loads(body)


def _ending(code: int | None) -> str:
    if code is None:
        return "it hangs"
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
    return f"signal {name}"


def _boxed(pipe: Connection, work: str, arguments: tuple[Any, ...], reads: Path, limits: Limits, boxed: bool) -> None:
    """In the child: limit itself, then work. Everything that goes wrong is said by name or ends the process."""

    def emit(kind: str, body: Any) -> None:
        pipe.send_bytes(kind.encode() + b"\n" + (body if isinstance(body, bytes) else json.dumps(body).encode()))

    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; it kills
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.closerange(3, pipe.fileno())  # the fork server's own pipes, and whatever else it held
        os.closerange(pipe.fileno() + 1, 65_536)
        module, _, function = work.partition(":")
        call = getattr(import_module(module), function)
        if boxed:
            _locked(reads, limits)
        call(*arguments, emit)
        emit("done", None)
    except errors.ParcelproofError as fault:
        emit("error", {"name": fault.name, "message": str(fault)})
    except MemoryError:
        emit("error", {"name": "TooLarge", "message": "The file needs more memory than a reader is given."})
    except BaseException as fault:
        emit("error", {"name": "DecoderCrashed", "message": f"The reader failed on this file: {type(fault).__name__}: {fault}."})
    pipe.close()
    os._exit(0)


def _locked(reads: Path, limits: Limits) -> None:
    """Lock, or say by name that it cannot be done here. Raises NoBox."""
    try:
        lock(reads, limits)
    except (OSError, ImportError, RuntimeError, ValueError) as fault:
        raise errors.NoBox(f"The box does not hold here: {fault}.") from None


def lock(reads: Path, limits: Limits) -> None:
    """Limit this process for good: resources, files (Landlock), system calls (seccomp). Raises OSError where one cannot be had."""
    import pyseccomp  # libseccomp must be loaded before Landlock

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.mallopt(-8, 4)  # M_ARENA_MAX: a dozen threads must not each reserve an arena
    space = limits.address_space + reads.stat().st_size  # the file itself is mapped, not read
    for name, most in ((resource.RLIMIT_AS, space), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(name, (most, most))
    call_filter = _filter(pyseccomp)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    _landlock(libc, (reads, *installation()))
    call_filter.load()


def installation() -> tuple[Path, ...]:
    """What the child must still read: Python, its packages, shared libraries, our own three packages."""
    ours = [Path(__file__).resolve().parents[1] / name for name in ("models", "detectors", "pipeline")]
    python = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    system = [
        Path(p)
        for p in (
            "/usr/lib",
            "/usr/local/lib",
            "/lib",
            "/lib64",
            "/etc/ld.so.cache",
            "/proc/cpuinfo",
            "/proc/meminfo",
            "/sys/devices/system/cpu",
            "/usr/share/tesseract-ocr",
        )
    ]
    devices = [Path("/dev/null"), Path("/dev/urandom")]
    return tuple(p for p in dict.fromkeys([*ours, *python, Path(sys.base_prefix) / "lib", *system, *devices]) if p.exists())


def _landlock(libc: Any, reads: tuple[Path, ...]) -> None:
    abi = libc.syscall(LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        raise OSError(errno.ENOSYS, "Landlock")
    handled = ctypes.c_uint64(FS_RIGHTS[min(abi, 5)])
    ruleset = _checked(libc.syscall(LANDLOCK_CREATE, ctypes.byref(handled), 8, 0))
    for path in reads:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = READ_FILE | READ_DIR if path.is_dir() else READ_FILE
        rule = (ctypes.c_char * 12).from_buffer_copy(rights.to_bytes(8, sys.byteorder) + descriptor.to_bytes(4, sys.byteorder))
        _checked(libc.syscall(LANDLOCK_ADD, ruleset, 1, ctypes.byref(rule), 0))
        os.close(descriptor)
    _checked(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return result


def _filter(pyseccomp: Any) -> Any:
    """Everything but what makes sockets, programs, processes, or reaches into other processes."""
    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    for name in DENIED:
        try:
            rules.add_rule(refuse, name)
        except (ValueError, OSError, RuntimeError):
            continue  # this kernel or library does not know the call, so nobody can make it
    for name, own in (("tgkill", os.getpid()), ("prlimit64", 0)):  # of itself only
        rules.add_rule(refuse, name, pyseccomp.Arg(0, pyseccomp.NE, own))
    thread = 0x00010000  # CLONE_THREAD: threads may start, processes may not
    rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, thread, 0))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # glibc then falls back to clone
    return rules


@cache
def unavailable() -> str:
    """Why no box can be had here; empty where it can."""
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    try:
        import_module("pyseccomp")
    except (ImportError, OSError, RuntimeError) as fault:
        return f"libseccomp is missing ({fault})"
    if ctypes.CDLL(None).syscall(LANDLOCK_CREATE, None, 0, 1) < 1:
        return "this kernel has no Landlock"
    return ""


def probe(victim: Path, emit: Callable[[str, Any], None]) -> None:
    """What a hostile decoder would try, from inside the box: emits ("tried", {what: refused?})."""
    import socket
    import subprocess

    libc, parent = ctypes.CDLL(None, use_errno=True), os.getppid()

    def refused(attempt: Callable[[], Any]) -> bool:
        try:
            return bool(attempt() == -1)  # a bare system call says so by its result
        except OSError:
            return True

    attempts: dict[str, Callable[[], Any]] = {
        "read another file": victim.read_bytes,
        "list a folder": lambda: os.listdir("/"),
        "write a file": lambda: (victim.parent / "written").write_text("x"),
        "change a file's mode": lambda: victim.chmod(0o600),
        "change a file's times": lambda: os.utime(victim),
        "make a socket": socket.socket,
        "run a program": lambda: subprocess.run(["/bin/true"], check=False),
        "start a process": _started_process,
        "signal the parent": lambda: os.kill(parent, 0),
        "signal the parent's thread": lambda: libc.syscall(TGKILL, parent, parent, 0),
        "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "talk to the fork server": lambda: -1 if sum(map(_is_open, range(3, 1024))) <= 1 else 0,  # one pipe is its own
    }
    emit("tried", {what: refused(attempt) for what, attempt in attempts.items()})


def _started_process() -> None:
    if os.fork() == 0:
        os._exit(0)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
