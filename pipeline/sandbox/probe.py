"""What a hostile decoder would try, tried from inside the box: everything must be refused."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

TGKILL = {"x86_64": 234, "aarch64": 131}.get(platform.machine(), -1)
DESCRIPTORS = range(3, 1024)


def probe(victim: Path, emit: Callable[[str, Any], None]) -> None:
    """Emits ("tried", {what: refused?})."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
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
        "signal the parent's thread": lambda: libc.syscall(
            TGKILL,
            parent,
            parent,
            0,
        ),
        "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "talk to the fork server": _no_other_descriptor,
    }
    tried = {what: _refused(attempt) for what, attempt in attempts.items()}
    emit("tried", tried)


def _refused(attempt: Callable[[], Any]) -> bool:
    """A bare system call says so by its result, everything else by an error."""
    try:
        return bool(attempt() == -1)
    except OSError:
        return True


def _started_process() -> None:
    if os.fork() == 0:
        os._exit(0)


def _no_other_descriptor() -> int:
    """-1 where one pipe, its own, is all that is open."""
    return -1 if sum(map(_is_open, DESCRIPTORS)) <= 1 else 0


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
