"""Moonshine on real English: what it hears, and the mended graphs it runs on."""

from __future__ import annotations

import csv
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from companion import catalog, settings
from companion.apps.scoring import pooled, word_errors
from companion.events import SAMPLE_RATE, Samples, samples
from companion.stt import moonshine_graph
from companion.stt.engine import GivenUp, SpeechModelError, Stop
from companion.stt.moonshine import Moonshine, read_vocabulary, rejoined
from companion.stt.turn import TurnRecognizer
from tests import real

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def packaged() -> Path:
    """The folder of the installed model."""
    store, model = catalog.ModelStore(settings.default_models()), catalog.load().get("moonshine-base-en")
    if model is None or not store.installed(model):
        pytest.skip("moonshine-base-en is not installed: run `make models`")
    return store.path(model)


@pytest.fixture(scope="module")
def moonshine(packaged: Path) -> Moonshine:
    return Moonshine("moonshine-base-en", packaged, "en")


@pytest.fixture
def folder(packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packaged files alone, in a folder of their own, on a processor that multiplies bytes."""
    monkeypatch.setattr(moonshine_graph, "multiplies_bytes", lambda: True)
    for name in (moonshine_graph.ENCODER, moonshine_graph.DECODER, "tokenizer.bin"):
        (tmp_path / name).symlink_to(packaged / name)
    return tmp_path


def sentences() -> list[tuple[str, Samples]]:
    """What the shipped clips say, and their sound."""
    with (real.CLIPS / "metadata.csv").open(encoding="utf-8") as file:
        return [(row["transcript"], real.clip(real.CLIPS / row["file"])) for row in csv.DictReader(file)]


def open_files(folder: Path) -> Moonshine:
    return Moonshine("m", folder, "en")


def test_a_transcription_that_is_not_wanted_any_more_ends_in_the_middle(moonshine: Moonshine) -> None:
    sound = np.concatenate([real.clip(path) for path in real.clips()])
    stop = Stop()
    stop.ask()
    with pytest.raises(GivenUp):
        moonshine.transcribe(sound, stop=stop)
    ended: list[BaseException] = []
    stop = Stop()

    def transcribe() -> None:
        try:
            moonshine.transcribe(sound, stop=stop)
        except GivenUp as error:
            ended.append(error)

    thread = threading.Thread(target=transcribe)
    thread.start()
    while stop._now is None:
        time.sleep(0)
    stop.ask()
    thread.join()
    assert ended
    assert moonshine.transcribe(sound, stop=Stop()).text == moonshine.transcribe(sound).text


def test_a_draft_with_another_word_in_it_is_rejoined_behind_that_word() -> None:
    draft = [5, 6, 7, 8, 9, 10, 11]
    assert rejoined([5, 99, 7, 8], draft) == [9, 10, 11]  # another word
    assert rejoined([5, 6, 99, 98, 7, 8], draft) == [9, 10, 11]  # one more
    assert rejoined([5, 8, 9], draft) == [10, 11]  # one less
    assert rejoined([5, 99], draft) == []
    assert rejoined([7], draft) == []
    assert rejoined([*range(20, 40), 7, 8], draft) == []  # another place altogether


def test_what_was_read_as_a_sentence_cannot_turn_into_nothing_and_a_misread_noise_can(moonshine: Moonshine) -> None:
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32) * np.float32(0.01)
    assert not moonshine.transcribe(noise).text
    assert not moonshine.transcribe(noise, "Thank you.").text
    assert moonshine.transcribe(noise, "I would like some tea.").text


def test_real_sentences_are_heard(moonshine: Moonshine) -> None:
    readings = [(words, moonshine.transcribe(sound)) for words, sound in sentences()]
    assert pooled(word_errors(words, reading.text, "en") for words, reading in readings).rate <= 0.08
    assert all(reading.confidence is not None and 0.7 < reading.confidence <= 1 for _, reading in readings)
    assert {reading.engine for _, reading in readings} == {"moonshine-base-en"}


def test_a_draft_changes_no_word_whether_it_is_right_or_wrong(moonshine: Moonshine) -> None:
    for words, sound in sentences():
        plain = moonshine.transcribe(sound).text
        for draft in (moonshine.transcribe(sound[: -samples(0.6)]).text, moonshine.transcribe(sound).text):
            assert moonshine.transcribe(sound, draft).text == plain, words
    (_, one), (_, other) = sentences()[:2]
    plain = moonshine.transcribe(one).text
    assert moonshine.transcribe(one, moonshine.transcribe(other).text).text == plain


def test_a_draft_that_was_right_is_read_in_one_step(moonshine: Moonshine, monkeypatch: pytest.MonkeyPatch) -> None:
    _, sound = sentences()[0]
    draft = moonshine.transcribe(sound).text
    decoder = CountedSession(moonshine._decoder)
    monkeypatch.setattr(moonshine, "_decoder", decoder)
    moonshine.transcribe(sound, draft)
    assert decoder.runs == 1
    moonshine.transcribe(sound)
    assert decoder.runs > 5


def test_the_full_stop_at_the_end_takes_no_step_of_its_own(
    moonshine: Moonshine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the end behind it: as many steps as tokens, where each alone would be one more."""
    _, sound = sentences()[0]
    decoder = CountedSession(moonshine._decoder)
    monkeypatch.setattr(moonshine, "_decoder", decoder)
    assert moonshine.transcribe(sound).text.endswith(".")
    assert decoder.runs == len(moonshine._last[1])


class CountedSession:
    """A session of ONNX Runtime that counts its runs."""

    def __init__(self, session: Any) -> None:
        self.session, self.runs = session, 0

    def run(self, outputs: Any, inputs: Any) -> Any:
        self.runs += 1
        return self.session.run(outputs, inputs)


def test_silence_noise_and_next_to_nothing_hold_no_word(moonshine: Moonshine) -> None:
    noise = np.random.default_rng(7).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    for sound in (np.zeros(SAMPLE_RATE, np.float32), noise * 0.003, noise * 0.1, noise[:0], noise[:100], noise[:1600]):
        reading = moonshine.transcribe(sound)
        assert (reading.text, reading.confidence) == ("", None)


@pytest.mark.parametrize("name", ["computer_bd89b967-d416-4800-bb64-e597a9ecb8b1", "alexa_43", "alexa_73"])
def test_a_word_alone_is_not_dropped(moonshine: Moonshine, name: str) -> None:
    reading = moonshine.transcribe(real.clip(real.shared("wake") / f"{name}.flac"))
    assert reading.text.lower().startswith(name[:5])


@pytest.mark.parametrize("name", ["nonverbal", "noise"])
def test_coughs_and_dogs_hold_no_word(moonshine: Moonshine, name: str) -> None:
    recordings = sorted(path for path in real.shared(name).iterdir() if path.suffix in (".wav", ".ogg", ".flac"))
    heard = [text for path in recordings[::3] if (text := moonshine.transcribe(real.clip(path)).text)]
    assert len(heard) <= 1


def test_long_speech_is_read_in_pieces_and_loses_no_word(moonshine: Moonshine) -> None:
    clips = sentences() * 2
    sound = np.concatenate([clip for _, clip in clips])
    recognizer = TurnRecognizer(moonshine, None, longest=samples(8))
    for at in range(0, len(sound), 320):
        recognizer.accept(sound[at : at + 320])
    heard = recognizer.read(len(sound)).text
    assert word_errors(" ".join(words for words, _ in clips), heard, "en").rate <= 0.1


@pytest.mark.parametrize(("bytes_", "alike"), [(True, 0.998), (False, 0.999)])
def test_the_mended_graphs_compute_what_the_packaged_ones_compute(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bytes_: bool, alike: float
) -> None:
    """Logits after any four tokens: int8 products differ from float32 by rounding, a wrong weight by far more."""
    monkeypatch.setattr(moonshine_graph, "multiplies_bytes", lambda: bytes_)
    _, sound = sentences()[0]
    tokens = np.array([[1, 500, 600, 700]])
    inputs = {"input_values": sound[np.newaxis]}

    encoder, decoder = session(folder / moonshine_graph.ENCODER), session(folder / moonshine_graph.DECODER)
    empty = {
        value.name: np.zeros((1, value.shape[1], 0, value.shape[3]), np.float32)
        for value in decoder.get_inputs()
        if value.name.startswith("past")
    }
    hidden = {"encoder_hidden_states": encoder.run(None, inputs)[0], "use_cache_branch": np.array([False])}
    expected = decoder.run(["logits"], {"input_ids": tokens, **hidden, **empty})[0]

    with moonshine_graph.mended_graphs(folder) as files:
        encoder, decoder = map(session, files)
    names = [value.name.replace("cross.present", "past_key_values") for value in encoder.get_outputs()]
    cross = dict(zip(names, encoder.run(None, inputs), strict=True))
    self_attention = {name: value for name, value in empty.items() if name not in cross}
    mended = decoder.run(["logits"], {"input_ids": tokens, **self_attention, **cross})[0]
    assert np.corrcoef(expected.ravel(), mended.ravel())[0, 1] > alike


def session(file: Path) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(str(file))


def test_every_matrix_of_the_mended_graphs_stays_int8(folder: Path) -> None:
    """One that is unpacked at every token costs more than all others together."""
    for graph in moonshine_graph.mend(folder / moonshine_graph.ENCODER, folder / moonshine_graph.DECODER):
        model = onnx.load_from_string(graph)
        int8 = {w.name for w in model.graph.initializer if w.data_type == onnx.TensorProto.INT8 and len(w.dims) == 2}
        unpacked = [node.name for node in model.graph.node if node.op_type == "Cast" and int8 & set(node.input)]
        assert sum(node.op_type == "MatMulNBits" for node in model.graph.node) >= 64
        assert unpacked == []


def test_where_bytes_are_not_multiplied_the_encoder_multiplies_floats(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_files(folder)
    monkeypatch.setattr(moonshine_graph, "multiplies_bytes", lambda: False)
    assert open_files(folder).transcribe(sentences()[0][1]).text
    encoder, decoder = folder / moonshine_graph.UNPACKED_ENCODER, folder / moonshine_graph.MENDED_DECODER
    assert set(folder.glob("*.onnx")) == {encoder, decoder}, "what the other processor used is gone"
    products = [sum(n.op_type == "MatMulNBits" for n in onnx.load(file).graph.node) for file in (encoder, decoder)]
    assert products[0] == 0 < products[1]


def test_mending_is_done_once(folder: Path) -> None:
    open_files(folder)
    mended = [folder / moonshine_graph.MENDED_ENCODER, folder / moonshine_graph.MENDED_DECODER]
    made = [path.stat().st_mtime_ns for path in mended]
    open_files(folder)
    assert [path.stat().st_mtime_ns for path in mended] == made
    assert not list(folder.glob("*.part"))


def test_mended_files_older_than_the_packaged_ones_are_made_anew(folder: Path) -> None:
    open_files(folder)
    mended = [folder / moonshine_graph.MENDED_ENCODER, folder / moonshine_graph.MENDED_DECODER]
    for path in mended:
        os.utime(path, (0, 0))
    open_files(folder)
    assert all(path.stat().st_mtime > 0 for path in mended)


def test_what_an_older_version_mended_does_not_stay(folder: Path) -> None:
    (folder / "encoder_model.mended-0.onnx").write_bytes(b"of another version")
    open_files(folder)
    kept = {moonshine_graph.MENDED_ENCODER, moonshine_graph.MENDED_DECODER}
    assert {path.name for path in folder.glob("*.onnx")} == kept


def test_what_an_older_version_mended_and_cannot_be_removed_is_no_hindrance(folder: Path) -> None:
    (folder / "encoder_model.mended-0.onnx").mkdir()
    assert open_files(folder).transcribe(sentences()[0][1]).text
    assert (folder / moonshine_graph.MENDED_ENCODER).is_file()


def test_damaged_mended_files_are_made_anew(folder: Path) -> None:
    for name in (moonshine_graph.MENDED_ENCODER, moonshine_graph.MENDED_DECODER):
        (folder / name).write_bytes(b"half a fi")
        os.utime(folder / name, (time.time() + 60, time.time() + 60))
    assert open_files(folder).transcribe(sentences()[0][1]).text


def test_a_folder_that_cannot_be_written_to_is_no_hindrance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(target: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(moonshine_graph, "_write", full)
    assert open_files(folder).transcribe(sentences()[0][1]).text
    assert not list(folder.glob("*.onnx"))


@pytest.mark.parametrize("name", [moonshine_graph.ENCODER, moonshine_graph.DECODER, "tokenizer.bin"])
def test_a_damaged_file_is_one_clear_line(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).write_bytes(b"\x05half")
    with pytest.raises(SpeechModelError, match="companion models verify") as caught:
        open_files(folder)
    assert "\n" not in str(caught.value)


def test_the_vocabulary_knows_long_tokens_bytes_and_marks() -> None:
    long = b"x" * 130
    tokens = [b"<unk>", b"<0x41>", b"<", long, "▁hi".encode()]
    content = b"".join(
        length + token for length, token in zip((b"\5", b"\6", b"\1", b"\x82\1", b"\5"), tokens, strict=True)
    )
    assert read_vocabulary(content) == [b"", b"A", b"<", long, "▁hi".encode()]
