"""Keeps llama.cpp from AMX, the matrix unit of some server processors, whose kernels crash as GCC 12 compiles them.

GCC 12 tells its optimiser that `ldtilecfg` reads 8 of the 64 bytes it does read, so the configuration is loaded half
written (a general protection fault). llama.cpp offers no switch; but it asks the kernel for AMX when it first lists its
kinds of buffers, and is refused where a thread has an alternate signal stack too small for AMX's registers
(https://docs.kernel.org/arch/x86/xstate.html). So it is made to list them under such a stack.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from companion.errors import quiet_stderr

_SYS_ARCH_PRCTL: Final = 158  # x86-64
_ARCH_GET_XCOMP_PERM: Final = 0x1022
_TILE_DATA: Final = 1 << 18
_LIBRARY: Final = "libggml-cpu.so.0"  # by this name the one that is loaded is found, of several copies
_LIST: Final = "_Z39ggml_backend_cpu_get_extra_buffer_typesv"
_SMALL: Final = 4096  # bytes; with AMX a signal frame takes 11 kB


class _Stack(ctypes.Structure):
    """`stack_t` of <signal.h>."""

    _fields_ = (("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def avoid() -> bool:
    """Make sure that llama.cpp, which is loaded, does without AMX.

    To be called before a model is opened. False where it cannot be made sure: something else in this process has been
    given AMX already, or the library is another than is known. Models must then be opened without extra buffers.
    """
    if not _has_amx():
        return True
    libc = ctypes.CDLL(None)
    granted = ctypes.c_uint64()
    if libc.syscall(_SYS_ARCH_PRCTL, _ARCH_GET_XCOMP_PERM, ctypes.byref(granted)) != 0 or granted.value & _TILE_DATA:
        return False
    try:
        list_buffers = getattr(ctypes.CDLL(_LIBRARY, mode=os.RTLD_NOW | os.RTLD_NOLOAD), _LIST)
    except (OSError, AttributeError):
        return False
    list_buffers.restype = ctypes.c_void_p
    with _small_signal_stack(libc), quiet_stderr():  # it writes there that AMX is refused
        list_buffers()
    return True


def _has_amx() -> bool:
    if sys.platform != "linux":
        return False
    try:
        return " amx_tile" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


@contextmanager
def _small_signal_stack(libc: ctypes.CDLL) -> Iterator[None]:
    memory = ctypes.create_string_buffer(_SMALL)
    before = _Stack()
    libc.sigaltstack(ctypes.byref(_Stack(ctypes.addressof(memory), 0, _SMALL)), ctypes.byref(before))
    try:
        yield
    finally:
        libc.sigaltstack(ctypes.byref(before), None)
