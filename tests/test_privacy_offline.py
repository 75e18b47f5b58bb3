"""Once the lock holds, nobody in this process reaches a network. Every case runs in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

LINUX_LOCKS = ("network namespace", "seccomp filter")

PYTHON = "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
C_LIBRARY = """
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
handle = libc.socket(2, 1, 0)
address = struct.pack('=H', 2) + struct.pack('!H', {port}) + socket.inet_aton('127.0.0.1') + bytes(8)
if handle < 0 or libc.connect(handle, address, len(address)) != 0:
    raise OSError(ctypes.get_errno(), 'refused')
"""
CHILD = """
import subprocess, sys
subprocess.run([sys.executable, '-c', {python!r}], check=True, stderr=subprocess.DEVNULL)
"""
UDP = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(('127.0.0.1', {port}))
s.send(b'x')
"""


@pytest.fixture
def port() -> Iterator[int]:
    """A server that would answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: [server.accept() for _ in range(3)], daemon=True).start()
        yield server.getsockname()[1]


def run(mechanism: str | None, attempt: str) -> subprocess.CompletedProcess[str]:
    lock = (
        f"from companion.privacy.offline import lock; assert lock({mechanism!r}) == {mechanism!r}\n"
        if mechanism
        else ""
    )
    code = (
        f"{lock}try:\n    exec({attempt!r})\nexcept Exception:\n    print('refused')\nelse:\n    print('connected')\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


def assert_lock_works(mechanism: str) -> None:
    if "AssertionError" in run(mechanism, "pass").stderr:
        pytest.skip(f"this kernel offers no {mechanism}")


def attempts(port: int) -> dict[str, str]:
    python = PYTHON.format(port=port)
    return {
        "python": python,
        "c library": C_LIBRARY.format(port=port),
        "child": CHILD.format(python=python),
        "udp": UDP.format(port=port),
    }


def test_without_the_lock_each_of_these_connects(port: int) -> None:
    """The control: the test would notice a connection."""
    for name, attempt in attempts(port).items():
        assert run(None, attempt).stdout.strip() == "connected", name


@pytest.mark.parametrize("who", ["python", "c library", "child", "udp"])
@pytest.mark.parametrize("mechanism", LINUX_LOCKS)
def test_the_kernel_refuses(mechanism: str, who: str, port: int) -> None:
    assert_lock_works(mechanism)
    assert run(mechanism, attempts(port)[who]).stdout.strip() == "refused"


@pytest.mark.parametrize("who", ["python", "udp"])
def test_the_audit_hook_refuses_the_interpreter(who: str, port: int) -> None:
    assert run("audit hook", attempts(port)[who]).stdout.strip() == "refused"


@pytest.mark.parametrize("mechanism", [*LINUX_LOCKS, "audit hook"])
def test_unix_sockets_go_on_working(mechanism: str, tmp_path: Path) -> None:
    """Sound servers are reached through them."""
    assert_lock_works(mechanism)
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        attempt = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
        assert run(mechanism, attempt).stdout.strip() == "connected"


def test_a_thread_started_after_the_lock_is_bound(port: int) -> None:
    assert_lock_works("network namespace")
    python = PYTHON.format(port=port)
    attempt = f"import concurrent.futures as f\nf.ThreadPoolExecutor(1).submit(exec, {python!r}).result()"
    assert run("network namespace", attempt).stdout.strip() == "refused"


def test_core_dumps_are_off_after_hardening() -> None:
    code = (
        "from companion.privacy.process import harden; harden()\n"
        "print([l.split()[4:6] for l in open('/proc/self/limits') if l.startswith('Max core file size')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[['0', '0']]"
