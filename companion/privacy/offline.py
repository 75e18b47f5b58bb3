"""The offline lock: once it holds, neither this process, nor a library in it, nor a child of it reaches a network.

Three mechanisms, the strongest that works is used:

1. an **empty network namespace** (Linux): the kernel gives the process a network without a single interface that is up.
   Sound servers are reached through Unix sockets, which are files and go on working. Without root this takes a user
   namespace, which some distributions forbid.
2. a **seccomp filter** (Linux): the kernel refuses to make internet sockets. Unix sockets are left alone.
3. an **audit hook** (anywhere): the interpreter refuses to connect. C libraries and children are not bound by it.

`lock` must be the first thing a program does: a namespace holds for the calling thread and those it starts later, and
libraries such as OpenBLAS start threads when they are imported.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

Mechanism = Literal["network namespace", "seccomp filter", "audit hook"]

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1  # threads that run already are bound as well

# <linux/seccomp.h>, <linux/bpf_common.h>: the few instructions the filter needs.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 13  # the call fails with EACCES
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_X32: Final = 0x40000000  # system calls of the x32 ABI, which would slip past the numbers below

_SYSTEM_CALLS: Final[dict[str, tuple[int, int, int, int]]] = {
    # machine: (audit architecture, seccomp, socket, io_uring_setup); io_uring can make sockets of its own
    "x86_64": (0xC000003E, 317, 41, 425),
    "aarch64": (0xC00000B7, 277, 198, 425),
}
_UNIX: Final = 1  # AF_UNIX


class OfflineError(OSError):
    """Raised by the audit hook in place of a connection."""


def lock(*mechanisms: Mechanism) -> Mechanism:
    """Close the network for this process, for good, and say by what.

    `mechanisms` are tried in the order given; by default from the strongest to the weakest. The audit hook always
    works, so that there is always an answer.
    """
    attempts: dict[Mechanism, Callable[[], bool]] = {
        "network namespace": _empty_namespace,
        "seccomp filter": _refuse_sockets,
        "audit hook": _refuse_in_interpreter,
    }
    for mechanism in mechanisms or tuple(attempts):
        if attempts[mechanism]():
            return mechanism
    _refuse_in_interpreter()
    return "audit hook"


def _empty_namespace() -> bool:
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else the files below would belong to root; `harden` sets it back
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    # The owner stays who they were inside the new user namespace; without this, files would belong to "nobody".
    for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, content.encode())
        finally:
            os.close(descriptor)
    return True


def _refuse_sockets() -> bool:
    """Every socket but AF_UNIX, and io_uring, fail with EACCES from now on."""
    if sys.platform != "linux" or platform.machine() not in _SYSTEM_CALLS:
        return False
    architecture, seccomp, socket, io_uring_setup = _SYSTEM_CALLS[platform.machine()]
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, 7, architecture),  # another architecture: refuse
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_AT_LEAST, 5, 0, _X32),
        (_JUMP_IF_EQUAL, 4, 0, io_uring_setup),
        (_JUMP_IF_EQUAL, 0, 2, socket),  # not a socket: allow
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_EQUAL, 0, 1, _UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    instructions = ctypes.create_string_buffer(code)
    filter_program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    flags = ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC)
    return bool(libc.syscall(seccomp, _SECCOMP_SET_MODE_FILTER, flags, filter_program) == 0)


def _refuse_in_interpreter() -> bool:
    import socket

    internet = {socket.AF_INET, socket.AF_INET6}

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") or (
            event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind")
            and arguments[0].family in internet
        ):
            raise OfflineError("Companion is offline: no connection is made while it listens")

    sys.addaudithook(refuse)
    return True
