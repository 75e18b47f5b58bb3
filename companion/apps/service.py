"""The systemd unit of `companion headless`: what it may touch, and what happens when it falls."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from companion.errors import CompanionError

Kind = Literal["user", "system"]

NAME: Final = "companion.service"

CREDENTIAL: Final = "companion.key"
"""Name of the systemd credential that holds the key file."""

_MEMORY_MAX: Final = {"tiny": "1600M", "starter": "3G", "desktop": "8G"}
"""Above what a profile was measured to need, below what would stop the rest of a small machine."""


@dataclass(frozen=True, slots=True)
class Service:
    """A unit of `kind`. A user's service reaches PulseAudio or PipeWire, a system's the sound hardware by ALSA.

    `options`: of `companion headless`, where it is to talk otherwise than the settings say.
    """

    kind: Kind
    home: Path
    models: Path
    profile: str
    key_file: Path | None
    options: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where systemd looks for it."""
        if self.kind == "system":
            return Path("/etc/systemd/system") / NAME
        return Path.home() / ".config/systemd/user" / NAME

    def text(self) -> str:
        """The unit file."""
        program = [sys.executable, "-m", "companion", "--home", str(self.home), "--models", str(self.models)]
        lines = [
            "[Unit]",
            "Description=Companion, a voice companion that keeps to this machine",
            "After=sound.target" if self.kind == "system" else "After=pipewire-pulse.service pulseaudio.service",
            "StartLimitIntervalSec=600",
            "StartLimitBurst=5",
            "",
            "[Service]",
            "Type=notify",
            *self._opened_by(program),
            "TimeoutStartSec=300",
            "WatchdogSec=60",
            "Restart=on-failure",
            "RestartSec=10",
            "SuccessExitStatus=130",
            f"MemoryMax={_MEMORY_MAX[self.profile]}",
            "MemorySwapMax=0",
            "LimitCORE=0",
            "",
            "# It reaches no network, and changes nothing but its own folders.",
            "PrivateNetwork=yes",
            "RestrictAddressFamilies=AF_UNIX",
            "ProtectSystem=strict",
            "ProtectHome=read-only",
            f"ReadWritePaths={_quoted(self.home)} {_quoted(self.models)}",
            "PrivateTmp=yes",
            "NoNewPrivileges=yes",
            "RestrictNamespaces=yes",
            "RestrictRealtime=yes",
            "RestrictSUIDSGID=yes",
            "LockPersonality=yes",
            "ProtectControlGroups=yes",
            "ProtectKernelTunables=yes",
            "SystemCallArchitectures=native",
            "SystemCallFilter=@system-service seccomp",
            "SystemCallFilter=~@privileged",
            "SystemCallErrorNumber=EPERM",
            "UMask=0077",
            *self._of_its_kind(),
            "",
            "[Install]",
            "WantedBy=multi-user.target" if self.kind == "system" else "WantedBy=default.target",
        ]
        return "\n".join(lines) + "\n"

    def install(self) -> None:
        """Write the unit.

        Raises:
            CompanionError: it cannot be written there.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.text(), encoding="utf-8")
        except OSError as error:
            raise CompanionError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _opened_by(self, program: list[str]) -> list[str]:
        """How the memory opens: a system service is handed the key by systemd, a user's reads it."""
        arguments, extra = list(program), []
        if self.key_file is not None:
            if self.kind == "system":
                extra = [f"LoadCredential={CREDENTIAL}:{self.key_file}"]
            else:
                arguments += ["--key-file", str(self.key_file)]
        return [f"ExecStart={' '.join(_quoted(word) for word in [*arguments, 'headless', *self.options])}", *extra]

    def _of_its_kind(self) -> list[str]:
        """Who it runs as, and what it reaches the sound by."""
        if self.kind == "user":
            return ["PrivateUsers=yes"]  # what lets a user's manager confine it; it has no capabilities to take away
        return [
            f"User={os.environ.get('SUDO_USER') or getpass.getuser()}",
            "CapabilityBoundingSet=",
            "ProtectClock=yes",
            "ProtectHostname=yes",
            "ProtectKernelLogs=yes",
            "ProtectKernelModules=yes",
            "SupplementaryGroups=audio",
            "DevicePolicy=closed",
            "DeviceAllow=char-alsa rw",
        ]


def _quoted(word: str | Path) -> str:
    """`word` as unit files want it: specifiers escaped, in quotes where it has blanks."""
    escaped = str(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(letter.isspace() for letter in escaped) else escaped
