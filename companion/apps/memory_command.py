"""`companion memory …`: the owner's own hands on everything that is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="What is remembered: see it, correct it, take it away, destroy it. Dates are YYYY-MM-DD.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Ids as `list` shows them.")]
From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="From this day on.")]
To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Up to and with this day.")]


def _places(context: typer.Context) -> Any:
    return context.find_root().obj


@app.command("list")
def list_(context: typer.Context, limit: Limit = 30, start: From = None, end: To = None, as_json: Json = False) -> None:
    """The newest of what was said and answered, what days were about, and the facts that are held true."""
    from companion.apps import memory_views as views

    views.listing(_places(context), limit, start, end, as_json)


@app.command()
def search(context: typer.Context, text: str, limit: Limit = 20, as_json: Json = False) -> None:
    """What would come to mind for TEXT."""
    from companion.apps import memory_views as views

    views.search(_places(context), text, limit, as_json)


@app.command()
def show(context: typer.Context, item: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """One episode (e1), fact (f1), feeling (m1) or summary (s1) whole: where it comes from, and what proves it."""
    from companion.apps import memory_views as views

    views.show(_places(context), item, as_json)


@app.command()
def edit(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ID")],
    text: Annotated[str, typer.Argument(help="The words as they should be.")],
) -> None:
    """Put an episode's words or a fact's statement right. What was made from the wrong words goes."""
    from companion.apps import memory_acts as acts

    acts.edit(_places(context), item, text)


@app.command()
def forget(
    context: typer.Context,
    ids: Ids = None,
    search: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="All that holds these words.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="All about this.")] = None,
    person: Annotated[str | None, typer.Option("--person", metavar="NAME", help="All about somebody.")] = None,
    start: From = None,
    end: To = None,
    feelings: Annotated[bool, typer.Option("--feelings", help="With --from/--to: only the feelings.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="And change the key: old disk blocks open no more.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget for good, with all that was made from it. Says first what would go, and asks."""
    from companion.apps import memory_acts as acts

    chosen = acts.Chosen(tuple(ids or ()), search, topic, person, start, end, feelings)
    if not chosen:
        raise typer.BadParameter("say what: ids, --search, --topic, --person, or --from and --to")
    acts.forget(_places(context), chosen, deep=deep, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command()
def timeline(context: typer.Context, start: From = None, end: To = None, as_json: Json = False) -> None:
    """How the feelings went, by day and by week."""
    from companion.apps import memory_views as views

    views.timeline(_places(context), start, end, as_json)


@app.command()
def usage(context: typer.Context, start: From = None, end: To = None, as_json: Json = False) -> None:
    """On which days you talked, for how many minutes and turns. For you alone."""
    from companion.apps import memory_views as views

    views.usage(_places(context), start, end, as_json)


@app.command()
def profile(
    context: typer.Context,
    reset: Annotated[str | None, typer.Option("--reset", metavar="NAME", help="Unlearn one thing.")] = None,
    likes: Annotated[
        str | None, typer.Option("--likes", metavar="NAME", help="What helps: a strategy, a style.")
    ] = None,
    dislikes: Annotated[str | None, typer.Option("--dislikes", metavar="NAME", help="What does not.")] = None,
    as_json: Json = False,
) -> None:
    """What was learned: how you usually sound, what seemed to help, which answers you liked, how you want to be talked
    with. See it, put it right, unlearn it one by one."""
    from companion.apps import profile_command as program

    if reset or likes or dislikes:
        program.change(_places(context), reset, likes, dislikes)
    else:
        program.show(_places(context), as_json)


@app.command()
def stats(context: typer.Context, as_json: Json = False) -> None:
    """How much is remembered, since when, how big it is, and what was destroyed."""
    from companion.apps import memory_views as views

    views.stats(_places(context), as_json)


@app.command()
def export(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The file to write; it must not exist.")],
    export_passphrase_file: Annotated[
        Path | None, typer.Option("--export-passphrase-file", metavar="PATH", help="The export's own passphrase.")
    ] = None,
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", metavar="AGE1…", help="An age recipient; may be repeated.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Unprotected; asks for a typed word.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take everything along: an age file with JSON Lines and a page to read it in."""
    from companion.apps import memory_acts as acts

    acts.export(_places(context), output, export_passphrase_file, tuple(recipient or ()), plain, yes, as_json)


@app.command("import")
def import_(
    context: typer.Context,
    file: Path,
    merge: Annotated[bool, typer.Option("--merge", help="Into what is there already.")] = False,
    export_passphrase_file: Annotated[
        Path | None, typer.Option("--export-passphrase-file", metavar="PATH", help="The export's own passphrase.")
    ] = None,
    identity_file: Annotated[
        Path | None, typer.Option("--identity-file", metavar="PATH", help="An age identity (AGE-SECRET-KEY-1…).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring an export back, whole or not at all."""
    from companion.apps import memory_acts as acts

    acts.import_(_places(context), file, merge, export_passphrase_file, identity_file, as_json)


@app.command()
def wipe(context: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Destroy every key, then the files. Needs no passphrase and cannot be undone; asks for a typed word."""
    from companion.apps import memory_acts as acts

    acts.wipe(_places(context), yes, as_json)


@app.command()
def passphrase(
    context: typer.Context,
    new_passphrase_file: Annotated[
        Path | None, typer.Option("--new-passphrase-file", metavar="PATH", help="Instead of asking for the new one.")
    ] = None,
    recovery: Annotated[bool, typer.Option("--recovery", help="Print a new recovery key; the old one ends.")] = False,
    keyring: Annotated[bool, typer.Option("--keyring", help="Also open by the system's keyring.")] = False,
    new_key_file: Annotated[
        Path | None, typer.Option("--new-key-file", metavar="PATH", help="Also open by a new key file.")
    ] = None,
) -> None:
    """Change the passphrase, or add another way in."""
    from companion.apps import memory_acts as acts

    acts.passphrase(_places(context), new_passphrase_file, recovery, keyring, new_key_file)


@app.command()
def rotate(context: typer.Context, as_json: Json = False) -> None:
    """A new data key: everything is copied under it, and the old key is destroyed."""
    from companion.apps import memory_acts as acts

    acts.rotate(_places(context), as_json)
