"""The command line. Each command imports what it needs when it runs: `companion --help` must not wait for models."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from companion import __version__
from companion.apps.bench_command import app as bench_app
from companion.apps.memory_command import app as memory_app
from companion.apps.models_command import app as models_app
from companion.errors import CompanionError

if TYPE_CHECKING:
    from companion.apps.unlock import Unlock

app = typer.Typer(
    name="companion",
    help="A voice companion that lives on your own computer. It hears, thinks and speaks here; nothing leaves it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(models_app, name="models")
app.add_typer(bench_app, name="bench")
app.add_typer(memory_app, name="memory")

Pace = Literal["real", "fast"]
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Places:
    """Where this run keeps its things, and how its memory opens."""

    home: Path
    models: Path
    passphrase_file: Path | None = None
    passphrase_fd: int | None = None
    key_file: Path | None = None

    @property
    def unlock(self) -> Unlock:
        """The way into the memory."""
        from companion.apps.unlock import Unlock

        return Unlock(self.passphrase_file, self.passphrase_fd, self.key_file)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"companion {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", metavar="DIR", help="Settings and memory. Also: COMPANION_HOME.")
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="Models, which homes may share. Also: COMPANION_MODELS."),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", metavar="PATH", help="The memory's passphrase, in a file.")
    ] = None,
    passphrase_fd: Annotated[
        int | None, typer.Option("--passphrase-fd", metavar="N", help="The same, on an open file descriptor.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", metavar="PATH", help="A key file that opens the memory.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Find the places of this run."""
    from companion import settings

    context.obj = Places(
        home or settings.default_home(), models or settings.default_models(), passphrase_file, passphrase_fd, key_file
    )


Language = Annotated[
    Literal["en", "ko"] | None, typer.Option(help="Language of the conversation; default: the settings'.")
]
Profile = Annotated[
    Literal["tiny", "starter", "desktop"] | None, typer.Option(help="How big the models are; default: the settings'.")
]


Incognito = Annotated[bool, typer.Option("--incognito", help="Remember nothing of this conversation.")]


@app.command()
def setup(
    context: typer.Context,
    language: Language = None,
    profile: Profile = None,
    name: Annotated[str | None, typer.Option(help="What to call you.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults for what is not given.")] = False,
) -> None:
    """First run: language, name, consent, the memory's passphrase; then the models, with progress bars."""
    from companion.apps import setup as program

    places: Places = context.obj
    program.run(places.home, places.models, language, profile, name, places.unlock, ask=not yes)


@app.command()
def talk(
    context: typer.Context,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            "--input", metavar="WAV", help="Listen to a recording instead of the microphone; may be repeated."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="WAV", help="Write what the speaker would have played.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", metavar="JSONL", help="Write every event, one JSON object a line.")
    ] = None,
    pace: Annotated[Pace, typer.Option(help="Recordings at the speed of real time, or as fast as it goes.")] = "real",
    language: Language = None,
    profile: Profile = None,
    incognito: Incognito = False,
) -> None:
    """Talk, live in the terminal. Ctrl-C ends the conversation.

    With --input the same loop listens to recordings; between two of them it waits for the reply to end.
    """
    if not inputs and (output or pace == "fast"):
        raise typer.BadParameter("--output and --pace fast go with --input")
    network = _offline()
    from companion.apps import talk as program

    places: Places = context.obj
    program.run(
        places.home,
        places.models,
        tuple(inputs or ()),
        output,
        events,
        pace,
        language,
        profile,
        network,
        places.unlock,
        incognito,
    )


@app.command()
def headless(
    context: typer.Context,
    inputs: Annotated[
        list[Path] | None, typer.Option("--input", metavar="WAV", help="Listen to a recording; may be repeated.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="WAV", help="Write what would be played.")] = None,
    events: Annotated[Path | None, typer.Option("--events", metavar="JSONL", help="Write every event.")] = None,
    pace: Annotated[Pace, typer.Option(help="Recordings at the speed of real time, or as fast as it goes.")] = "real",
    language: Language = None,
    profile: Profile = None,
    incognito: Incognito = False,
    install_service: Annotated[
        bool, typer.Option("--install-service", help="Write a systemd unit that starts this, and end.")
    ] = False,
    user: Annotated[bool, typer.Option("--user/--system", help="Whose service it is.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --install-service: print the unit only.")] = False,
) -> None:
    """Talk with no screen and no keyboard: what systemd starts. The memory opens by --key-file or a credential."""
    places: Places = context.obj
    if install_service:
        from companion.apps.options import effective
        from companion.apps.service import Service

        settings = effective(places.home, language=language, profile=profile)
        key_file = places.key_file or settings.hands_free.key_file
        options = [
            *(["--profile", profile] if profile else []),
            *(["--language", language] if language else []),
            *(["--incognito"] if incognito else []),
        ]
        service = Service(
            "user" if user else "system",
            places.home.absolute(),
            places.models.absolute(),
            settings.profile,
            key_file.absolute() if key_file else None,
            tuple(options),
        )
        if not dry_run:
            service.install()
            scope = "--user " if user else ""
            typer.echo(f"{service.path} is written. Start it: systemctl {scope}enable --now companion")
        else:
            typer.echo(service.text(), nl=False)
        return
    if not inputs and (output or pace == "fast"):
        raise typer.BadParameter("--output and --pace fast go with --input")
    network = _offline()
    from companion.apps import headless as program

    program.run(
        places.home,
        places.models,
        tuple(inputs or ()),
        output,
        events,
        pace,
        language,
        profile,
        network,
        places.unlock,
        incognito,
    )


@app.command()
def text(
    context: typer.Context, language: Language = None, profile: Profile = None, incognito: Incognito = False
) -> None:
    """The same mind, typed. Reads lines from standard input; Ctrl-D ends it."""
    _offline()
    from companion.apps import text as program

    program.run(context.obj.home, context.obj.models, language, profile, context.obj.unlock, incognito)


@app.command()
def affect(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings of one person, oldest first.")],
    baseline: Annotated[
        Literal["running", "none"],
        typer.Option(help="Compare with the files before (running), or with people in general (none)."),
    ] = "running",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """What is heard in the voice of recordings: measured, against the person's usual, and how sure that is."""
    from companion.apps import affect_command as program

    program.run(context.obj.models, files, baseline, as_json)


@app.command()
def doctor(
    context: typer.Context,
    language: Language = None,
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Check devices, models and the machine: one line each, with the mend."""
    from companion.apps import doctor as program

    program.run(context.obj.home, context.obj.models, language, profile, as_json)


def _offline() -> str:
    """Close the network and harden the process, before anything else is imported. Returns how the lock holds."""
    from companion.privacy import offline, process

    mechanism = offline.lock()
    process.harden()
    return mechanism


def _fail(message: str) -> NoReturn:
    typer.echo(f"companion: {message}", err=True)
    sys.exit(1)


_ANYWHERE = ("--home", "--models", "--passphrase-file", "--passphrase-fd", "--key-file")


def hoist(arguments: list[str]) -> list[str]:
    """The options in `_ANYWHERE` may stand anywhere on the line; click wants them in front of the command."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _ANYWHERE:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        elif word.startswith(tuple(f"{name}=" for name in _ANYWHERE)):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def main() -> None:
    """Entry point. Errors become one line on stderr; no traceback reaches a person."""
    try:
        app(args=hoist(sys.argv[1:]), prog_name="companion")
    except CompanionError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; there is nobody to tell
        sys.exit(1)
    except Exception as error:  # a defect: where it is, without what was said
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "unknown place"
        _fail(f"this is a defect in Companion ({type(error).__name__} at {place}); please report it")
