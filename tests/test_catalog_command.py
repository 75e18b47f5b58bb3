"""`companion models`, run as a person runs it, on a catalogue of a few small models."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from companion import catalog
from companion.apps import cli
from companion.catalog import Catalog, Model, ModelFile, ModelStore
from companion.catalog.entries import HttpsSource
from tests.catalog_server import Server, serving

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves a catalogue with three language models, of which one is not open, two ears and nothing for captions."""
    with serving() as running:
        models = [
            _model(running, "best", "llm", min_ram_mb=10),
            _model(running, "good", "llm"),
            _model(running, "tied", "llm", free=False, licence="Tied License", licence_url="https://example.org/tied"),
            _model(running, "ears", "stt"),
            _model(running, "sharp ears", "stt", profiles=(), languages=("en",)),
            _model(running, "captions", "stt-stream"),
        ]
        del running.files["/captions/weights.bin"]
        known = Catalog(models)
        monkeypatch.setattr(catalog, "load", lambda: known)
        yield running


def _model(server: Server, model_id: str, role: catalog.Role, **fields: object) -> Model:
    folder = model_id.replace(" ", "-")
    content = model_id.encode() * 100
    server.files[f"/{folder}/weights.bin"] = content
    files = (ModelFile("weights.bin", hashlib.sha256(content).hexdigest(), len(content)),)
    sources = (HttpsSource(f"{server.url}/{folder}/"),)
    given = {"licence": "MIT", "min_ram_mb": 1, "profiles": ("tiny",)} | fields
    return Model(id=model_id, role=role, engine="any", sources=sources, files=files, **given)


@pytest.fixture
def companion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `companion models …`; returns the exit code, what was printed, and the error line."""
    places = ["--home", str(tmp_path / "home"), "--models", str(tmp_path / "models")]

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["companion", *places, "models", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


PULL = ("pull", "--profile", "tiny", "--language", "en", "--yes")


def rows(companion: Run) -> dict[str, dict[str, object]]:
    code, out, _ = companion("list", "--profile", "tiny", "--language", "en", "--json")
    assert code == 0
    return {row["id"]: row for row in json.loads(out)}


def test_pull_takes_the_best_of_every_role(server: Server, companion: Run):
    code, out, _ = companion(*PULL)
    assert code == 0
    assert "language model for English: best" in out
    assert {name for name, row in rows(companion).items() if row["installed"]} == {"best", "ears"}


def test_a_second_pull_downloads_nothing(server: Server, companion: Run):
    companion(*PULL)
    server.asked.clear()
    assert companion(*PULL)[0] == 0
    assert server.paths() == ["/captions/weights.bin"]  # still not there


def test_where_the_best_cannot_be_had_the_next_is_taken_and_said(server: Server, companion: Run):
    best = server.files.pop("/best/weights.bin")
    code, out, _ = companion(*PULL)
    assert code == 0
    assert "best cannot be had: " in out
    assert "answers 404" in out
    assert "language model for English: good" in out
    assert "best would be better: `companion models pull --upgrade`" in out
    assert rows(companion)["good"]["chosen"]

    server.files["/best/weights.bin"] = best
    server.asked.clear()
    assert "best would be better" in companion(*PULL)[1]
    assert "/best/weights.bin" not in server.paths()  # what was settled on stays …

    companion(*PULL, "--upgrade")
    assert rows(companion)["best"]["chosen"]  # … until the owner asks for better


def test_a_role_that_nothing_can_fill_is_one_line_and_exit_1(server: Server, companion: Run):
    del server.files["/ears/weights.bin"]
    code, _, err = companion(*PULL)
    assert code == 1
    assert err == "companion: no speech model for English can be had: see above, then pull again\n"


def test_captions_are_done_without(server: Server, companion: Run):
    code, out, _ = companion(*PULL)
    assert code == 0
    assert "live captions model for English: none can be had; a conversation goes without" in out


def test_a_model_too_big_for_the_free_memory_is_passed_over(
    server: Server, companion: Run, monkeypatch: pytest.MonkeyPatch
):
    class Memory:
        available = 9e6

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    assert "language model for English: good" in companion(*PULL)[1]
    Memory.available = 0.5e6
    code, _, err = companion("pull", "--profile", "tiny", "--language", "ko", "--yes")
    assert code == 1
    assert "no language model for Korean of the profile tiny fits into the 0 MB of memory that are free" in err


def test_a_licence_that_is_not_open_is_shown_and_not_taken_by_yes_alone(server: Server, companion: Run):
    code, out, err = companion("pull", "tied", "--yes")
    assert code == 1
    assert "tied is under the Tied License, which is not an open licence: https://example.org/tied" in out
    assert err == "companion: tied: its licence was not accepted (--accept-licences accepts it)\n"
    assert server.asked == []
    assert companion("pull", "tied", "--yes", "--accept-licences")[0] == 0
    assert rows(companion)["tied"]["installed"]


def test_a_profile_does_not_take_a_licence_that_is_not_open_unless_it_is_accepted(server: Server, companion: Run):
    del server.files["/best/weights.bin"], server.files["/good/weights.bin"]
    assert companion(*PULL)[0] == 1
    assert "/tied/weights.bin" not in server.paths()
    assert companion(*PULL, "--accept-licences")[0] == 0
    assert rows(companion)["tied"]["chosen"]


def test_a_model_pulled_by_name_is_used_from_then_on(server: Server, companion: Run):
    companion(*PULL)
    companion(*PULL, "sharp ears")
    assert rows(companion)["sharp ears"]["chosen"]
    companion(*PULL, "--upgrade")
    assert rows(companion)["sharp ears"]["chosen"]


def test_nothing_is_fetched_unless_somebody_says_yes(server: Server, companion: Run, store: ModelStore):
    code, _, err = companion("pull", "--profile", "tiny", "--language", "en")
    assert code == 1
    assert err == f"companion: Fetch about 0 MB into {store.root}? Nobody is here to answer: say so with --yes\n"
    assert server.asked == []


def test_an_unknown_model_is_wrong_usage(server: Server, companion: Run):
    code, _, err = companion("pull", "nothing")
    assert code == 2
    assert "no such model: nothing" in err


def test_verify_finds_damage_and_the_next_pull_mends_it(server: Server, companion: Run, store: ModelStore):
    companion(*PULL)
    assert companion("verify") == (0, "best: intact\nears: intact\n", "")
    (store.root / "best/weights.bin").write_bytes(b"tseb" * 100)
    code, out, err = companion("verify")
    assert code == 1
    assert out == "best: damaged: weights.bin\nears: intact\n"
    assert err == "companion: there are damaged models: `companion models pull` mends them\n"
    assert not rows(companion)["best"]["installed"]
    companion(*PULL)
    assert companion("verify", "--json")[:2] == (
        0,
        json.dumps([{"id": "best", "damaged": []}, {"id": "ears", "damaged": []}], indent=1) + "\n",
    )


def test_pull_mends_what_is_damaged_whichever_profile_it_belongs_to(server: Server, companion: Run, store: ModelStore):
    companion("pull", "sharp ears", "--profile", "tiny", "--language", "en", "--yes")
    (store.root / "sharp ears/weights.bin").write_bytes(b"half")
    code, out, _ = companion("pull", "--profile", "tiny", "--language", "ko", "--yes")
    assert code == 0
    assert "sharp ears is damaged" in out
    assert rows(companion)["sharp ears"]["installed"]


def test_a_removed_model_is_gone_and_the_next_best_is_used(server: Server, companion: Run):
    companion("pull", "good", "--profile", "tiny", "--language", "en", "--yes")
    companion("pull", "best", "--profile", "tiny", "--language", "en", "--yes")
    assert companion("remove", "best", "--yes") == (0, "best: deleted\n", "")
    listed = rows(companion)
    assert not listed["best"]["installed"]
    assert listed["good"]["chosen"]
    assert companion("remove", "best", "--yes") == (1, "", "companion: not installed: best\n")


def test_the_list_shows_role_size_licence_and_what_is_in_use(server: Server, companion: Run):
    companion(*PULL)
    _, out, _ = companion("list", "--profile", "tiny", "--language", "en")
    line = next(line for line in out.splitlines() if " best " in line)
    assert line.split() == ["llm", "best", "0", "MB", "any", "tiny", "MIT", "in", "use"]
    assert "Tied License (not open)" in out


def test_interrupting_a_pull_is_one_line(server: Server, companion: Run, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelStore, "pull", interrupted)
    code, _, err = companion(*PULL)
    assert (code, err) == (1, "companion: stopped; the same command goes on from here\n")
