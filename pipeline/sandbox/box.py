"""The box itself: resources, files (Landlock) and system calls (seccomp) limited for good.

A boxed process may read one upload, the Python installation and nothing else. It makes no socket,
runs no program, writes no file. The second reader of print is boxed, too: it reads no upload, may
start one program and write into one empty folder.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from models import errors, plugins
from models.media import Limits

# Landlock (linux/landlock.h); rights of ABI 1..5 on files, of which a reader gets two.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_FILE, TRUNCATE = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 14
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
STARTS = {"execve", "fork", "vfork"}  # of these, what it takes to start a program
PROGRAM_BYTES, PROGRAM_FILE, PROGRAM_S = 4 << 30, 64 << 20, 60  # address space, a file, CPU

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


def offline() -> None:
    """No socket from now on but those between processes of this machine, here and in children."""
    import pyseccomp

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    elsewhere = pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX)
    rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "socket", elsewhere)
    rules.load()


def lock(reads: Path, limits: Limits) -> None:
    """Limit this process for good. Raises NoBox where that cannot be done."""
    with _or_no_box():
        _hold_reader(reads, limits)


def _hold_reader(reads: Path, limits: Limits) -> None:
    space = limits.address_space + reads.stat().st_size  # the file itself is mapped, not read
    most = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    rights = dict.fromkeys((reads, *readable()), READ_FILE | READ_DIR)
    _hold(rights, most, DENIED, starts=False)


def lock_to(program: Path, folder: Path) -> None:
    """Limit this process to starting `program`, which works in `folder`. Raises NoBox."""
    with _or_no_box():
        _hold_starter(program, folder)


def _hold_starter(program: Path, folder: Path) -> None:
    most = {
        resource.RLIMIT_AS: PROGRAM_BYTES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: PROGRAM_FILE,
        resource.RLIMIT_CPU: PROGRAM_S,
    }
    rights = dict.fromkeys(readable(), READ_FILE | READ_DIR)
    rights |= dict.fromkeys((program.resolve(), *_loaders()), READ_FILE | EXECUTE)
    files = READ_FILE | WRITE_FILE | REMOVE_FILE | MAKE_FILE | TRUNCATE
    rights[folder] = files | READ_DIR | MAKE_DIR | REMOVE_DIR
    rights[Path(os.devnull)] = READ_FILE | WRITE_FILE
    denied = [name for name in DENIED if name not in STARTS]
    _hold(rights, most, denied, starts=True)


def _loaders() -> tuple[Path, ...]:
    """What starts every program: the loader of shared libraries."""
    folders = [folder for folder in (Path("/lib64"), Path("/lib")) if folder.is_dir()]
    found = [path.resolve() for folder in folders for path in folder.glob("ld-linux*.so*")]
    return tuple(dict.fromkeys(found))


@contextmanager
def _or_no_box() -> Iterator[None]:
    try:
        yield
    except (OSError, ImportError, RuntimeError, ValueError) as fault:
        raise errors.NoBox("The box does not hold here: {why}.", why=str(fault)) from None


def _hold(
    rights: Mapping[Path, int],
    most: Mapping[int, int],
    denied: Sequence[str],
    starts: bool,
) -> None:
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
    for name, limit in most.items():
        resource.setrlimit(name, (limit, limit))
    call_filter = _filter(pyseccomp, denied, starts)
    if libc.prctl(
        PR_SET_NO_NEW_PRIVS,
        1,
        0,
        0,
        0,
    ):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    _landlock(libc, rights)
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


def _landlock(libc: Any, rights: Mapping[Path, int]) -> None:
    """Only these paths may be opened from now on, and only with these rights."""
    abi = libc.syscall(
        LANDLOCK_CREATE,
        None,
        0,
        1,
    )
    if abi < 1:
        raise OSError(errno.ENOSYS, "Landlock")
    known = FS_RIGHTS[min(abi, NEWEST_ABI)]
    handled = ctypes.c_uint64(known)
    ruleset = _checked(
        libc.syscall(
            LANDLOCK_CREATE,
            ctypes.byref(handled),
            8,
            0,
        )
    )
    for path, right in rights.items():
        _allow(libc, ruleset, path, right & known)
    _checked(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(
    libc: Any,
    ruleset: int,
    path: Path,
    rights: int,
) -> None:
    """Rights of folders are left out for a file."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not path.is_dir():
        rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
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


def _filter(
    pyseccomp: Any,
    denied: Sequence[str],
    starts: bool,
) -> Any:
    """Everything but what makes sockets, programs, processes, or reaches into other processes.

    `starts`: processes may start, as a program must.
    """
    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    for name in denied:
        try:
            rules.add_rule(refuse, name)
        except (ValueError, OSError, RuntimeError):
            continue  # this kernel or library does not know the call, so nobody can make it
    for name, own in (("tgkill", os.getpid()), ("prlimit64", 0)):  # of itself only
        rules.add_rule(refuse, name, pyseccomp.Arg(0, pyseccomp.NE, own))
    if not starts:  # threads may start, processes may not
        processes = pyseccomp.Arg(
            0,
            pyseccomp.MASKED_EQ,
            CLONE_THREAD,
            0,
        )
        rules.add_rule(refuse, "clone", processes)
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # glibc then falls back to clone
    return rules
