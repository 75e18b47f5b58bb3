"""`companion doctor`: what works on this machine and what does not, one line each, with the mend."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from companion.apps.options import effective
from companion.errors import CompanionError
from companion.settings import Settings, settings_file

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `mend`: what to do about it; empty where nothing is to be done."""

    subject: str
    state: State
    detail: str
    mend: str = ""


_SIGNS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "note": ("•", "yellow"), "wrong": ("✗", "bold red")}


def run(home: Path, models: Path, language: str | None, profile: str | None, as_json: bool) -> None:
    """Print the findings.

    Raises:
        CompanionError: something that a conversation cannot do without is wrong; the findings are printed first.
    """
    findings = list(examine(home, models, language, profile))
    if as_json:
        Console(soft_wrap=True).print_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        console = Console(highlight=False)
        for finding in findings:
            sign, colour = _SIGNS[finding.state]
            mend = f"  → {finding.mend}" if finding.mend else ""
            console.print(
                Text.assemble((f"{sign} ", colour), (f"{finding.subject}: ", "bold"), finding.detail, (mend, "cyan"))
            )
    wrong = [finding.subject for finding in findings if finding.state == "wrong"]
    if wrong:
        raise CompanionError(f"not ready: {', '.join(wrong)}")


def examine(home: Path, models: Path, language: str | None, profile: str | None) -> Iterator[Finding]:
    """Every finding, in the order in which a conversation would stumble."""
    try:
        settings = effective(home, language=language, profile=profile)
    except CompanionError as error:
        yield Finding("settings", "wrong", str(error), "mend the file, or remove it for the defaults")
        return
    file = settings_file(home)
    yield Finding(
        "settings",
        "ok",
        f"{file}" if file.exists() else f"none yet, defaults hold ({settings.language}, {settings.profile})",
    )
    yield _machine()
    yield from _models(models, settings)
    yield _voice(settings)
    yield from _sound(settings)
    yield _swap()
    yield _network_lock()


def _machine() -> Finding:
    import psutil

    cores, free = psutil.cpu_count(logical=False) or "?", psutil.virtual_memory().available / 2**30
    return Finding("machine", "ok", f"{platform.machine()}, {cores} cores, {free:.1f} GB of memory free")


def _models(root: Path, settings: Settings) -> Iterator[Finding]:
    from companion.apps.assemble import chosen

    pull = f"companion models pull --language {settings.language} --profile {settings.profile}"
    try:
        _, models = chosen(root, settings)
    except CompanionError as error:
        yield Finding("models", "wrong", str(error), pull)
        return
    for role, model in sorted(models.items()):
        yield Finding(f"model {role}", "ok", f"{model.id} ({model.licence})")
    if "tone" not in models and settings.voice_affect:
        yield Finding("model tone", "note", "none: feelings are heard in words alone, not in the voice", pull)
    if "llm" not in models:
        yield Finding("model llm", "wrong", "no language model", pull)


def _voice(settings: Settings) -> Finding:
    if settings.language != "ko":
        return Finding("voice", "ok", "Piper")
    if shutil.which("espeak-ng") is None:
        return Finding(
            "voice", "wrong", "Korean speaks through espeak-ng, which is not here", "sudo apt-get install espeak-ng"
        )
    return Finding(
        "voice",
        "note",
        "Korean speaks through espeak-ng: plainly a machine, and hard to follow. No free Piper voice exists yet",
    )


def _sound(settings: Settings) -> Iterator[Finding]:
    from companion.audio.device import AudioError

    try:
        from companion.audio.soundcard import list_devices

        devices = list_devices()
    except AudioError as error:
        yield Finding("sound", "note", str(error), "recordings work without: companion talk --input FILE")
        return
    for kind, wanted, names in (
        ("microphone", settings.sound.microphone, [d.name for d in devices if d.inputs]),
        ("speaker", settings.sound.speaker, [d.name for d in devices if d.outputs]),
    ):
        if wanted and not any(wanted.lower() in name.lower() for name in names):
            yield Finding(
                kind,
                "wrong",
                f"no device is called “{wanted}”; there are: {', '.join(names) or 'none'}",
                "change it in the settings",
            )
        else:
            yield Finding(kind, "ok" if names else "note", ", ".join(names) or "none")


def _swap(read: Callable[[], str] = lambda: Path("/proc/swaps").read_text(encoding="utf-8")) -> Finding:
    """Swap on a disk may keep what was said; compressed memory (zram) does not leave it."""
    try:
        areas = [line.split()[0] for line in read().splitlines()[1:] if line.strip()]
    except OSError:
        return Finding("swap", "note", "cannot be read on this system")
    on_disk = [area for area in areas if "zram" not in area]
    if on_disk:
        return Finding(
            "swap",
            "note",
            f"on disk ({', '.join(on_disk)}): what is in memory may be written there",
            "sudo swapoff -a, or use zram",
        )
    return Finding("swap", "ok", "none on disk")


def _network_lock() -> Finding:
    """Tried in a process of its own: the lock cannot be opened again."""
    code = "from companion.privacy.offline import lock; import sys; sys.stdout.write(lock())"
    held = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    detail = f"talk and text run behind: {held or 'nothing'}"
    if held == "audit hook":
        return Finding("network lock", "note", f"{detail}; it binds Python alone", "allow user namespaces or seccomp")
    return Finding("network lock", "ok" if held else "wrong", detail)
