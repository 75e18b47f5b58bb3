"""`companion models`: list, pull, verify, remove."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from companion import catalog
from companion.catalog import Catalog, CatalogError, Model, ModelStore, Role

if TYPE_CHECKING:
    from companion.settings import Settings

app = typer.Typer(help="The models: what there is, what is installed.", no_args_is_help=True)

LanguageOption = Annotated[
    Literal["en", "ko"] | None, typer.Option(help="Language of the conversation; default: the settings'.")
]
ProfileOption = Annotated[
    Literal["tiny", "starter", "desktop"] | None, typer.Option(help="How big the models are; default: the settings'.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_models(
    context: typer.Context, profile: ProfileOption = None, language: LanguageOption = None, as_json: JsonOption = False
) -> None:
    """Every model of the catalogue; which are installed, and which a conversation uses."""
    settings = _settings(context, profile, language)
    rows = [*_rows(catalog.load(), ModelStore(context.find_root().obj.models), settings)]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _print_table(rows)


@app.command()
def pull(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Only these, and use them from now on.")
    ] = None,
    profile: ProfileOption = None,
    language: LanguageOption = None,
    role: Annotated[Role | None, typer.Option(help="Only this role.")] = None,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Try again for better models than are installed.")] = False,
    yes: YesOption = False,
    accept_licences: Annotated[
        bool, typer.Option("--accept-licences", help="Also take models whose licence is not an open one.")
    ] = False,
) -> None:
    """Fetch the models for a conversation. What is installed is not fetched again; what is damaged is mended."""
    from companion.apps import models_pull

    if ids and role:
        raise typer.BadParameter("give ids or --role, not both")
    models = catalog.load()
    if unknown := [model_id for model_id in ids or () if not models.get(model_id)]:
        raise typer.BadParameter(f"no such model: {', '.join(unknown)} (`companion models list` shows them all)")
    settings = _settings(context, profile, language)
    wish = models_pull.Wish(settings.profile, settings.language, settings.voice, upgrade, yes, accept_licences)
    roles = [role] if role else catalog.ROLES
    models_pull.pull(context.find_root().obj.models, wish, roles=roles, ids=ids or ())


@app.command()
def verify(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Only these; default: all that are there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hash the installed models again. What is damaged is not used until `pull` has mended it."""
    store, known = ModelStore(context.find_root().obj.models), catalog.load()
    models = _present(known, store, ids) if ids else [model for model in known.models if store.present(model)]
    damage = {model.id: store.verify(model) for model in models}
    if as_json:
        typer.echo(json.dumps([{"id": model_id, "damaged": files} for model_id, files in damage.items()], indent=1))
    else:
        for model_id, files in damage.items():
            typer.echo(f"{model_id}: {'damaged: ' + ', '.join(files) if files else 'intact'}")
    if any(damage.values()):
        raise CatalogError("there are damaged models: `companion models pull` mends them")


@app.command()
def remove(
    context: typer.Context, ids: Annotated[list[str], typer.Argument(metavar="ID…")], yes: YesOption = False
) -> None:
    """Delete installed models."""
    store = ModelStore(context.find_root().obj.models)
    for model in _present(catalog.load(), store, ids):
        if yes or typer.confirm(f"Delete {model.id}?"):
            store.remove(model)
            typer.echo(f"{model.id}: deleted")


def pull_models(root: Path, profile: str, language: str, *, voice: str | None = None, assume_yes: bool = False) -> None:
    """`companion models pull`, for `companion setup`.

    Raises:
        CompanionError: a role that a conversation needs is without a model.
    """
    from companion.apps import models_pull

    models_pull.pull(root, models_pull.Wish(profile, language, voice, assume_yes=assume_yes))


def _settings(context: typer.Context, profile: str | None, language: str | None) -> Settings:
    from companion.apps.options import effective

    home: Path = context.find_root().obj.home
    return effective(home, profile=profile, language=language)


def _present(known: Catalog, store: ModelStore, ids: list[str]) -> list[Model]:
    """The models of these ids.

    Raises:
        CatalogError: one of them is not there.
    """
    models = [model for model_id in ids if (model := known.get(model_id)) and store.present(model)]
    if len(models) < len(ids):
        missing = set(ids) - {model.id for model in models}
        raise CatalogError(f"not installed: {', '.join(sorted(missing))}")
    return models


def _rows(known: Catalog, store: ModelStore, settings: Settings) -> list[dict[str, Any]]:
    """One row a model, for the table and for scripts."""
    return [
        {
            "id": model.id,
            "role": model.role,
            "engine": model.engine,
            "languages": list(model.languages),
            "profiles": list(model.profiles),
            "bytes": model.bytes,
            "min_ram_mb": model.min_ram_mb,
            "licence": model.licence,
            "free": model.free,
            "origin": model.origin,
            "note": model.note,
            "sources": [str(source) for source in model.sources],
            "installed": store.installed(model),
            "chosen": known.chosen(store, model.role, settings.profile, settings.language, settings.voice) == model,
        }
        for model in known.models
    ]


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from companion.apps.models_pull import size_text

    table = Table(box=None, pad_edge=False)
    for heading in ("role", "id", "size", "languages", "profiles", "licence", ""):
        table.add_column(heading, no_wrap=heading == "id", justify="right" if heading == "size" else "left")
    for row in rows:
        table.add_row(
            row["role"],
            row["id"],
            size_text(row["bytes"]) if row["bytes"] else "?",
            " ".join(row["languages"]) or "any",
            " ".join(row["profiles"]) or "by name only",
            row["licence"] if row["free"] else f"{row['licence']} (not open)",
            "in use" if row["chosen"] else "installed" if row["installed"] else "",
        )
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200  # a pipe has no width: keep one line a model
    console.print(table)
