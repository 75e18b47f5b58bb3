"""Promises of the catalogue that is shipped: `models/catalog.toml`."""

import re

import pytest

from companion import catalog
from companion.catalog import OPTIONAL_ROLES, ROLES, Model
from companion.catalog.entries import ArchiveSource, HttpsSource, PackageSource, PackagesSource, Source

MODELS = catalog.load().models
OPEN_LICENCES = {"Apache-2.0", "MIT", "BSD-2-Clause", "CC0-1.0", "CC-BY-4.0", "Public domain"}
SIZES = [(profile, language) for profile in ("tiny", "starter", "desktop") for language in ("en", "ko")]


def packages(source: Source) -> tuple[PackageSource, ...]:
    """The packages that a source takes the files from; none where it is no package."""
    match source:
        case PackageSource():
            return (source,)
        case PackagesSource(packages):
            return packages
    return ()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_byte_that_is_used_can_be_checked(model: Model):
    archives = [source for source in model.sources if isinstance(source, ArchiveSource)]
    assert model.files or archives
    for checked in (*model.files, *archives):
        assert re.fullmatch("[0-9a-f]{64}", checked.sha256)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_address_is_pinned(model: Model):
    for source in model.sources:
        match source:
            case HttpsSource(base):
                assert re.match(r"https://huggingface\.co/[^/]+/[^/]+/resolve/[0-9a-f]{40}/", base) or "/raw/v" in base
                assert base.endswith("/")
            case ArchiveSource(url):
                assert url.startswith("https://")
            case _:
                assert packages(source)
                assert all(re.fullmatch(r"[0-9.]+", package.version) for package in packages(source))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_packages_bring_every_file_of_their_model_once(model: Model):
    for source in model.sources:
        if brought := [name for package in packages(source) for name in package.members]:
            assert sorted(brought) == sorted(file.name for file in model.files)


def test_no_model_is_listed_twice():
    ids = [model.id for model in MODELS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_a_licence_that_is_not_open_is_marked_and_can_be_read(model: Model):
    assert model.free == (model.licence in OPEN_LICENCES)
    assert model.free or model.licence_url.startswith("https://")


def test_a_non_commercial_model_is_never_chosen_by_itself():
    non_commercial = [model for model in MODELS if "non-commercial" in model.licence]
    assert non_commercial
    assert all(not model.profiles for model in non_commercial)


@pytest.mark.parametrize(("profile", "language"), SIZES)
def test_who_reaches_only_the_python_index_can_talk(profile: str, language: str):
    for role in ROLES:
        candidates = catalog.load().candidates(role, profile, language)
        if candidates and role not in OPTIONAL_ROLES:
            assert any(model.free and any(packages(source) for source in model.sources) for model in candidates), role


@pytest.mark.parametrize(
    ("profile", "language", "first"),
    [
        ("tiny", "en", "smollm2-360m-instruct-q8_0"),
        ("tiny", "ko", "qwen2.5-0.5b-instruct-q4_k_m"),
        ("starter", "en", "qwen2.5-1.5b-instruct-q4_k_m"),
        ("starter", "ko", "kanana-1.5-2.1b-instruct-2505-q4_k_m"),
        ("desktop", "en", "qwen3-4b-instruct-2507-q4_k_m"),
        ("desktop", "ko", "kanana-1.5-8b-instruct-2505-q4_k_m"),
    ],
)
def test_each_size_has_several_language_models_and_the_best_comes_first(profile: str, language: str, first: str):
    candidates = catalog.load().candidates("llm", profile, language)
    assert candidates[0].id == first
    assert len(candidates) >= 3


def test_a_desktop_falls_back_to_what_a_starter_has():
    known = catalog.load()
    for language in ("en", "ko"):
        for role in ROLES:
            open_starter = [model for model in known.candidates(role, "starter", language) if model.free]
            assert not open_starter or set(open_starter) & set(known.candidates(role, "desktop", language)), role


def test_memories_are_found_by_meaning_where_there_is_room_for_the_model():
    known = catalog.load()
    for profile, language, best in (
        ("starter", "en", "all-minilm-l6-v2"),
        ("desktop", "en", "all-minilm-l6-v2"),
        ("starter", "ko", "multilingual-e5-small"),
    ):
        assert known.candidates("embed", profile, language)[0].id == best
    assert known.candidates("embed", "tiny", "en") == []
