"""Tells systemd how the service fares: the protocol of `sd_notify(3)`, a datagram to a socket that it names."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def managed() -> bool:
    """Whether a service manager wants to be told."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def notify(state: str) -> None:
    """Send `state` ("READY=1", "WATCHDOG=1", "STATUS=…"); nothing where no service manager asked for it.

    The offline lock does not stand in the way: the socket is a file.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)


def watchdog_s() -> float | None:
    """How often `WATCHDOG=1` is due, in seconds: half of what systemd waits for; None: it does not watch."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    return int(wanted) / 2e6 if wanted.isdigit() and int(wanted) > 0 else None
