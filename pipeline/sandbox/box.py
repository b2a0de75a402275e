"""The box itself: resources, files (Landlock) and system calls (seccomp) limited for good.

A boxed process may read one upload, the Python installation and nothing else. It makes no socket,
runs no program, writes no file.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from models import errors, plugins
from models.media import Limits

# Landlock (linux/landlock.h); rights of ABI 1..5 on files, of which a reader gets two.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
READ_FILE = 1 << 2
READ_DIR = 1 << 3
FS_RIGHTS = {
    1: (1 << 13) - 1,
    2: (1 << 14) - 1,
    3: (1 << 15) - 1,
    4: (1 << 15) - 1,
    5: (1 << 16) - 1,
}
NEWEST_ABI = 5
PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 38, 1, 4
M_ARENA_MAX, ARENAS = -8, 4  # mallopt: a dozen threads must not each reserve an arena
CLONE_THREAD = 0x00010000

DENIED = (
    "socket socketpair connect bind listen accept accept4 sendto sendmsg execve execveat fork "
    "vfork ptrace kill tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal "
    "pidfd_getfd "
    "process_vm_readv process_vm_writev mount umount2 pivot_root chroot unshare setns bpf "
    "perf_event_open keyctl add_key request_key io_uring_setup open_by_handle_at userfaultfd "
    "memfd_secret reboot kexec_load init_module finit_module chmod fchmod fchmodat fchmodat2 chown "
    "fchown lchown fchownat utime utimes utimensat futimesat setxattr lsetxattr fsetxattr "
    "removexattr lremovexattr fremovexattr truncate setpriority ioprio_set sched_setaffinity "
    "sched_setscheduler sched_setparam sched_setattr shmget msgget semget mq_open"
).split()

SYSTEM = (
    "/usr/lib",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/usr/share/tesseract-ocr",
    "/dev/null",
    "/dev/urandom",
)


@cache
def unavailable() -> str:
    """Why no box can be had here; empty where it can."""
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    try:
        import_module("pyseccomp")
    except (ImportError, OSError, RuntimeError) as fault:
        return f"libseccomp is missing ({fault})"
    if (
        ctypes.CDLL(None).syscall(
            LANDLOCK_CREATE,
            None,
            0,
            1,
        )
        < 1
    ):
        return "this kernel has no Landlock"
    return ""


def lock(reads: Path, limits: Limits) -> None:
    """Limit this process for good. Raises NoBox where that cannot be done."""
    try:
        _lock(reads, limits)
    except (OSError, ImportError, RuntimeError, ValueError) as fault:
        raise errors.NoBox("The box does not hold here: {why}.", why=str(fault)) from None


def _lock(reads: Path, limits: Limits) -> None:
    import pyseccomp  # libseccomp must be loaded before Landlock

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(
        PR_SET_PDEATHSIG,
        signal.SIGKILL,
        0,
        0,
        0,
    )
    libc.prctl(
        PR_SET_DUMPABLE,
        0,
        0,
        0,
        0,
    )
    libc.mallopt(M_ARENA_MAX, ARENAS)
    space = limits.address_space + reads.stat().st_size  # the file itself is mapped, not read
    for name, most in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(name, (most, most))
    call_filter = _filter(pyseccomp)
    if libc.prctl(
        PR_SET_NO_NEW_PRIVS,
        1,
        0,
        0,
        0,
    ):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    _landlock(libc, (reads, *readable()))
    call_filter.load()


def readable() -> tuple[Path, ...]:
    """What the child must still read: Python, its packages, shared libraries, our packages."""
    root = Path(__file__).resolve().parents[2]
    ours = [root / name for name in ("models", "detectors", "pipeline")]
    python = [
        Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    ]
    base = Path(sys.base_prefix) / "lib"
    system = [base, *map(Path, SYSTEM)]
    places = [*ours, *plugins.folders(), *python, *system]
    return tuple(place for place in dict.fromkeys(places) if place.exists())


def _landlock(libc: Any, reads: Iterable[Path]) -> None:
    """Only these paths may be opened from now on, and only to read."""
    abi = libc.syscall(
        LANDLOCK_CREATE,
        None,
        0,
        1,
    )
    if abi < 1:
        raise OSError(errno.ENOSYS, "Landlock")
    handled = ctypes.c_uint64(FS_RIGHTS[min(abi, NEWEST_ABI)])
    ruleset = _checked(
        libc.syscall(
            LANDLOCK_CREATE,
            ctypes.byref(handled),
            8,
            0,
        )
    )
    for path in reads:
        _allow_reading(libc, ruleset, path)
    _checked(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow_reading(
    libc: Any,
    ruleset: int,
    path: Path,
) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rights = READ_FILE | READ_DIR if path.is_dir() else READ_FILE
    packed = rights.to_bytes(8, sys.byteorder)
    packed += descriptor.to_bytes(4, sys.byteorder)
    rule = (ctypes.c_char * 12).from_buffer_copy(packed)
    _checked(
        libc.syscall(
            LANDLOCK_ADD,
            ruleset,
            1,
            ctypes.byref(rule),
            0,
        )
    )
    os.close(descriptor)


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
    processes = pyseccomp.Arg(
        0,
        pyseccomp.MASKED_EQ,
        CLONE_THREAD,
        0,
    )
    rules.add_rule(refuse, "clone", processes)  # threads may start, processes may not
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # glibc then falls back to clone
    return rules
