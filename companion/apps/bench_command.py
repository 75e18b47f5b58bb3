"""`companion bench …`: the figures of this machine, as tables or with --json."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Measure this machine: tables, or JSON for scripts with --json.", no_args_is_help=True)

Language = Annotated[Literal["en", "ko"] | None, typer.Option(help="Language; default: the settings'.")]
Profile = Annotated[Literal["tiny", "starter", "desktop"] | None, typer.Option(help="Profile; default: the settings'.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="A folder of recordings: metadata.csv and files, or sets of them."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def affect(
    context: typer.Context,
    language: Annotated[Literal["en", "ko"] | None, typer.Option(help="Only this language.")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Recordings (metadata.csv and files), texts (.tsv), or both."),
    ] = None,
    as_json: Json = False,
) -> None:
    """How well the tone of a voice and the feeling in words are told, by speakers and texts not fitted on."""
    from companion.apps import bench_affect as program

    program.run(context.find_root().obj.models, language, data, as_json)


@app.command()
def latency(
    context: typer.Context,
    language: Language = None,
    profile: Profile = None,
    data: Data = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many recordings; 0: all.")] = 40,
    words: Annotated[bool, typer.Option(help="With turn-pauses.csv: let the recogniser read up to each pause.")] = True,
    plain: Annotated[
        bool, typer.Option("--plain", help="Also with nothing done ahead of time, and what that saves and costs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """From the owner's last sound to the first of the reply, by stage, in real time.

    With a --data folder that holds turn-pauses.csv: cut-ins against delay instead, on virtual time, per set.
    """
    from companion.apps import bench_endpoint
    from companion.apps import bench_latency as program

    places = context.find_root().obj
    if data is not None and (data / bench_endpoint.TABLE).is_file():
        bench_endpoint.run(data, places.home, places.models, language, profile, limit, words, as_json)
        return
    program.run(places.home, places.models, language, profile, data, limit, plain, as_json)


@app.command()
def memory(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="LoCoMo conversations: qa.csv and the JSON files that it names."),
    ] = None,
    episodes: Annotated[
        list[int] | None, typer.Option(min=1, help="Size of the memory to measure; may be repeated. [default: 100000]")
    ] = None,
    as_json: Json = False,
) -> None:
    """What is found again, how fast in a big memory, and how long it takes to open."""
    from companion.apps import bench_memory as program

    places = context.find_root().obj
    program.run(places.home, places.models, data, tuple(episodes or (100_000,)), as_json)


@app.command()
def safety(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="CSV", help="Crisis lines of your own: text, language, crisis (0 or 1)."),
    ] = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Whether people in danger are heard, farewells let go, and the truth told about what it is."""
    from companion.apps import bench_safety as program

    places = context.find_root().obj
    program.run(places.home, places.models, profile, data, as_json)


@app.command()
def stt(
    context: typer.Context,
    language: Annotated[Literal["en", "ko"] | None, typer.Option(help="Only this language.")] = None,
    data: Data = None,
    engine: Annotated[list[str] | None, typer.Option(help="Only this model, by id; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many recordings a set; 0: all.")] = 0,
    as_json: Json = False,
) -> None:
    """Word and character error rates of every installed recogniser."""
    from companion.apps import bench_stt as program

    places = context.find_root().obj
    program.run(places.models, language, data, tuple(engine or ()), limit, as_json)


@app.command()
def tts(
    context: typer.Context,
    language: Annotated[Literal["en", "ko"] | None, typer.Option(help="Only this language.")] = None,
    profile: Profile = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many sentences a language; 0: all.")] = 0,
    as_json: Json = False,
) -> None:
    """How much of what the voice says a recogniser understands."""
    from companion.apps import bench_tts as program

    places = context.find_root().obj
    program.run(places.home, places.models, language, profile, limit, as_json)
