"""Makes models/affect/pooling.npz, the networks that hear how an utterance was spoken, and those of models/voice-apart.

    .venv/bin/pip install -e '.[fit]'
    .venv/bin/python -m tools.fit_pooling [--data ../shared/data] [--cache DIR] [--only NAME]

Fitted on the same acted recordings as the head beside it (tools/fit_voice.py, to be run afterwards). Needs PyTorch,
which the program itself does not. Eight files of two networks each: the one that is shipped, four that have not heard
a quarter of the speakers each, and three that have not heard one of the corpora; with the seven, `companion bench
affect` measures what is to be expected of voices that nothing was fitted on. About seven minutes a network on one core,
five more to measure; `--cache` keeps what was measured and fitted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from companion import catalog, settings
from companion.affect.baseline import PRIOR_WORTH
from companion.affect.fitting import in_bytes
from companion.affect.pooling import NETWORKS, OUTPUTS, read
from companion.affect.voice import SPAN, trimmed
from companion.apps.augment import coloured_noise, in_room, with_noise
from companion.apps.recordings import Recording, default_data, read_sets, read_sound
from companion.apps.voice_apart import FOLDER
from companion.apps.voice_corpus import EMOTION_SETS, folds, speaker, tone
from companion.audio.encoder import FRAME_WIDTH, SpeechEncoder
from companion.events import SAMPLE_RATE, Samples

Random = np.random.Generator
Frames = NDArray[np.float16]

LICENCE = (
    "CC BY-NC-SA 4.0, as the data are that it was fitted on: RAVDESS (Livingstone & Russo 2018, CC BY-NC-SA 4.0), "
    "EmoDB (Burkhardt et al. 2005), emotiontts_open_db (CC BY-NC-SA 4.0)"
)
TARGET = Path(__file__).parents[1] / "models" / "affect" / "pooling.npz"
HIDDEN, WAYS = 128, 4
PASSES = 24  # over all utterances, each time as another copy of theirs
SPEAKERS, UTTERANCES = 4, 12  # of a step: a usual can only be had where several utterances of one speaker are together
DROPOUT, HEAD_DROPOUT, SMOOTHING = 0.2, 0.3, 0.1
PEAK_RATE, DECAY = 2e-3, 0.05
LOWER, HIGHER = 1.10, 0.90
ANOTHER_REGISTER = 0.4  # share of the speakers of a step who come as a lower or a higher voice
ONE_COPY = 0.5  # share of those all of whose utterances are of one kind, as in a quiet room, or in one noise


# --- what is measured ------------------------------------------------------------------------------------------------


def _noisy(speech: Samples, random: Random, darkest: float = 2.0) -> Samples:
    noise = coloured_noise(len(speech), random.uniform(0, darkest), random)
    return with_noise(speech, noise, random.uniform(3, 20))


def _another_voice(speech: Samples, random: Random) -> Samples:
    """Up to 12 % slower and lower, or faster and higher."""
    return np.asarray(soxr.resample(speech, SAMPLE_RATE, SAMPLE_RATE * random.uniform(0.88, 1.12)), np.float32)


def _another_room(speech: Samples, random: Random) -> Samples:
    return in_room(speech, random) if random.random() < 0.5 else speech


def _register(speech: Samples, length: float, random: Random) -> Samples:
    """So many times as long, and as much lower: nearly the same in all utterances of a speaker."""
    longer = SAMPLE_RATE * length * random.uniform(0.99, 1.01)
    return np.asarray(soxr.resample(speech, SAMPLE_RATE, longer), np.float32)


COPIES: dict[str, Callable[[Samples, Random], Samples]] = {
    "clean": lambda speech, _: speech,
    "noise": _noisy,
    "hiss": lambda speech, random: _noisy(speech, random, darkest=0.5),
    "room": lambda speech, random: _noisy(in_room(speech, random), random),
    "voice": lambda speech, random: _noisy(_another_voice(_another_room(speech, random), random), random),
    "low-clean": lambda speech, random: _register(speech, LOWER, random),
    "low-noise": lambda speech, random: _noisy(_another_room(_register(speech, LOWER, random), random), random),
    "high-clean": lambda speech, random: _register(speech, HIGHER, random),
    "high-noise": lambda speech, random: _noisy(_another_room(_register(speech, HIGHER, random), random), random),
}

REGISTERS = {
    "own": ["clean", "noise", "hiss", "room", "voice"],
    "low": ["low-clean", "low-noise"],
    "high": ["high-clean", "high-noise"],
}
"""Copies in which a speaker sounds like one and the same person. What differs between speakers, and is no tone, is
learned from as many voices as there are, which are few; with lower and higher ones they are three times as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Every recording of the corpora, n of them. `copies`: name → frames of each, (t, 1024)."""

    copies: dict[str, list[Frames]]
    tones: NDArray[np.str_]
    speakers: NDArray[np.str_]
    sets: NDArray[np.str_]


def measured(data: Path, cache: Path | None) -> Data:
    """The corpora as the encoder hears them, each copy measured once and kept in `cache`."""
    recordings = [recording for name in EMOTION_SETS for recording in read_sets(data / name)]
    models = catalog.ModelStore(settings.default_models())
    encoder = SpeechEncoder(models.file(next(model for model in catalog.load().models if model.role == "tone")))
    copies = {}
    for number, name in enumerate(COPIES):
        kept = cache / f"frames.{name}.npz" if cache else None
        if kept and kept.exists():
            file = np.load(kept)
            copies[name] = np.split(file["frames"], file["ends"][:-1])
            continue
        copies[name] = [_frames(r, name, encoder, np.random.default_rng((number, i))) for i, r in enumerate(recordings)]
        print(f"measured, {name}", flush=True)
        if kept:
            ends = np.cumsum([len(frames) for frames in copies[name]])
            np.savez(kept, frames=np.concatenate(copies[name]), ends=ends)
    return Data(
        copies,
        np.array([tone(r) for r in recordings]),
        np.array([speaker(r) for r in recordings]),
        np.array([r.set for r in recordings]),
    )


def _frames(recording: Recording, copy: str, encoder: SpeechEncoder, random: Random) -> Frames:
    sound = COPIES[copy](read_sound(recording.path), random)
    return encoder.frames(trimmed(sound[-SPAN:])).astype(np.float16)


# --- the network -----------------------------------------------------------------------------------------------------


class Network(nn.Module):
    """One network of `companion.affect.pooling.Pooling`, to be fitted."""

    def __init__(self, mean: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.mean, self.spread = mean, spread
        self.inp = nn.Linear(FRAME_WIDTH, HIDDEN)
        self.c1 = nn.Conv1d(HIDDEN, HIDDEN, 5, padding=2)
        self.c2 = nn.Conv1d(HIDDEN, HIDDEN, 5, padding=4, dilation=2)
        self.n = nn.LayerNorm(HIDDEN)
        self.att = nn.Linear(HIDDEN, WAYS)
        self.out = nn.Linear(2 * WAYS * HIDDEN, OUTPUTS)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, utterances: Sequence[Frames]) -> torch.Tensor:
        """Frames of n utterances → (n, 192)."""
        inside = nn.utils.rnn.pad_sequence([torch.ones(len(u), 1) for u in utterances], batch_first=True)
        frames = nn.utils.rnn.pad_sequence([torch.from_numpy(u).float() for u in utterances], batch_first=True)
        x = functional.gelu(self.inp(self.drop((frames - self.mean) / self.spread * inside)))
        for convolution in (self.c1, self.c2):
            x = x + functional.gelu(convolution((x * inside).transpose(1, 2)).transpose(1, 2))
        x = self.n(x)
        weighing = self.att(x).masked_fill(inside == 0, -1e4).softmax(dim=1)
        mean = torch.einsum("bta,bth->bah", weighing, x)
        deviation = (torch.einsum("bta,bth->bah", weighing, x * x) - mean**2).clamp_min(1e-4).sqrt()
        result: torch.Tensor = self.out(self.drop(torch.cat([mean, deviation], dim=-1).flatten(1)))
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A network, and the linear head on the deviation of its values from the speaker's usual."""

    network: Network
    normal: nn.BatchNorm1d
    head: nn.Linear
    tones: tuple[str, ...]


def fit(data: Data, left_out: Sequence[str], seed: int) -> Fitted:
    """Everything but the speakers `left_out`. Every tone of every corpus weighs the same.

    A step takes a dozen utterances of a few speakers. Each is set against a usual made of some of the others of its
    speaker and of everyone's, as the running baseline makes it, so that the values need no more than that.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    known = np.flatnonzero(~np.isin(data.speakers, left_out))
    tones, truth = np.unique(data.tones, return_inverse=True)
    some = np.concatenate([data.copies["clean"][i][::5] for i in known[::3]]).astype(np.float32)
    network = Network(torch.tensor(some.mean(axis=0)), torch.tensor(some.std(axis=0) + 1e-3))
    head, normal = nn.Linear(OUTPUTS, len(tones)), nn.BatchNorm1d(OUTPUTS, affine=False)
    weight = _balance(data, known)
    steps = PASSES * len(known) // (SPEAKERS * UTTERANCES)
    optimiser = torch.optim.AdamW([*network.parameters(), *head.parameters()], weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
    everyone = torch.zeros(OUTPUTS)
    for chosen in _steps(data.speakers, known, steps, random):
        copies = _copies(data.speakers[chosen], random)
        values = network([data.copies[copy][i] for copy, i in zip(copies, chosen, strict=True)])
        everyone = 0.95 * everyone + 0.05 * values.mean(dim=0).detach()
        others = _earlier(data.speakers[chosen])
        usual = (PRIOR_WORTH * everyone + others @ values) / (PRIOR_WORTH + others.sum(dim=1, keepdim=True))
        logits = head(functional.dropout(normal(values - usual), HEAD_DROPOUT))
        losses = functional.cross_entropy(
            logits, torch.tensor(truth[chosen]), reduction="none", label_smoothing=SMOOTHING
        )
        optimiser.zero_grad()
        (losses * weight[chosen]).mean().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rate.step()
    return Fitted(network.eval(), normal.eval(), head.eval(), tuple(tones.tolist()))


def _steps(speakers: NDArray[np.str_], known: NDArray[np.intp], steps: int, random: Random) -> Iterator[list[int]]:
    """The utterances of each step; speakers with many come more often, but not as much more often."""
    own = [known[speakers[known] == name] for name in np.unique(speakers[known])]
    share = np.sqrt([len(utterances) for utterances in own])
    for _ in range(steps):
        drawn = random.choice(len(own), min(SPEAKERS, len(own)), replace=False, p=share / share.sum())
        yield [int(i) for one in drawn for i in random.choice(own[one], min(UTTERANCES, len(own[one])), replace=False)]


def _copies(speakers: NDArray[np.str_], random: Random) -> NDArray[np.object_]:
    """Which copy of each utterance a step takes: every speaker in one register."""
    copies = np.empty(len(speakers), dtype=object)
    for name in np.unique(speakers):
        own = speakers == name
        kinds = REGISTERS[random.choice(["low", "high"]) if random.random() < ANOTHER_REGISTER else "own"]
        copies[own] = random.choice(kinds) if random.random() < ONE_COPY else random.choice(kinds, own.sum())
    return copies


def _earlier(speakers: NDArray[np.str_]) -> torch.Tensor:
    """Which utterances (column) each one (row) is compared with: a random part of the others of its speaker."""
    same = torch.tensor(speakers[:, None] == speakers[None, :]).fill_diagonal_(False)
    return ((torch.rand(same.shape) < torch.rand(len(speakers), 1)) & same).float()


def _balance(data: Data, known: NDArray[np.intp]) -> torch.Tensor:
    _, pair, counts = np.unique(np.stack([data.sets, data.tones]), axis=1, return_inverse=True, return_counts=True)
    weight = 1 / counts[pair]
    return torch.tensor(weight / weight[known].mean(), dtype=torch.float32)


# --- what is written -------------------------------------------------------------------------------------------------


Weights = dict[str, NDArray[np.generic]]

MATRICES = ("inp", "convolution0", "convolution1", "attention", "out")
PRECISE = ("scale", "shift", "head", "head_bias", "prior_mean", "prior_variance")


def weights(fitted: Fitted, data: Data, left_out: Sequence[str]) -> Weights:
    """One network, with its head and the usual of the speakers fitted on.

    `heard` is what it makes of the first recording. The head is for deviations in standard deviations, as
    `Baseline.relative` gives them.
    """
    network, normal = fitted.network, fitted.normal
    with torch.no_grad():
        values = np.concatenate([network([frames]).numpy() for frames in data.copies["clean"]])
    own = [values[data.speakers == name] for name in np.unique(data.speakers) if name not in left_out]
    mean = np.mean([utterances.mean(axis=0) for utterances in own], axis=0)
    variance = np.mean([utterances.var(axis=0) for utterances in own], axis=0)
    scale = 1 / np.sqrt(_numpy(normal.running_var) + normal.eps)
    head = _numpy(fitted.head.weight) * scale
    spread = _numpy(network.spread)
    inp = _numpy(network.inp.weight).T / spread[:, None]
    result: dict[str, NDArray[np.float64]] = {
        "inp": np.vstack([inp, _numpy(network.inp.bias) - _numpy(network.mean) @ inp]),
        **{
            f"convolution{number}": np.vstack([_numpy(c.weight).transpose(2, 1, 0).reshape(-1, HIDDEN), _numpy(c.bias)])
            for number, c in enumerate((network.c1, network.c2))
        },
        "scale": _numpy(network.n.weight),
        "shift": _numpy(network.n.bias),
        "attention": np.vstack([_numpy(network.att.weight).T, _numpy(network.att.bias)]),
        "out": np.vstack([_numpy(network.out.weight).T, _numpy(network.out.bias)]),
        "head": head * np.sqrt(variance),
        "head_bias": _numpy(fitted.head.bias) - head @ _numpy(normal.running_mean),
        "prior_mean": mean,
        "prior_variance": variance,
        "heard": values[0],
    }
    return {name: values.astype(np.float32) for name, values in result.items()} | {"tones": np.array(fitted.tones)}


def member(data: Data, left_out: Sequence[str], seed: int, kept: Path | None) -> Weights:
    """One network: what is `kept` of it, or fitted now, and kept."""
    if kept and kept.exists():
        return dict(np.load(kept))
    result = weights(fit(data, left_out, seed), data, left_out)
    if kept:
        np.savez(kept, **result)
    return result


def save(members: Sequence[Weights], data: Data, left_out: Sequence[str], target: Path) -> None:
    """The networks beside each other, as `pooling.read` takes them; their logits are averaged."""
    every = {name: np.stack([member[name] for member in members]) for name in (*MATRICES, *PRECISE, "heard")}
    matrices: Weights = {}
    for name in MATRICES:
        matrices[name], matrices[f"{name}_worth"] = in_bytes(every[name], axis=-1)
    np.savez_compressed(
        target,
        licence=LICENCE,
        speakers_left_out=np.array(left_out, dtype=str),
        **matrices,
        scale=every["scale"][:, None].astype(np.float16),
        shift=every["shift"][:, None].astype(np.float16),
        tones=members[0]["tones"],
        head=np.hstack(list(every["head"])) / len(members),
        head_bias=every["head_bias"].mean(axis=0),
        prior_mean=every["prior_mean"].ravel(),
        prior_variance=every["prior_variance"].ravel(),
    )
    written, fitted = read(target)(data.copies["clean"][0].astype(np.float32)), every["heard"].ravel()
    if not np.allclose(written, fitted, atol=0.05 * float(np.abs(fitted).max())):
        raise SystemExit(f"{target} does not do what was fitted: {np.abs(written - fitted).max():.3f} apart")


def _numpy(values: torch.Tensor | None) -> NDArray[np.float64]:
    assert values is not None
    return values.detach().numpy().astype(np.float64)


def networks(data: Data) -> dict[str, tuple[Path, Sequence[str]]]:
    """Which are fitted: name → file, and the speakers that its networks do not hear."""
    speakers = np.unique(data.speakers).tolist()
    result: dict[str, tuple[Path, Sequence[str]]] = {}
    for number, part in enumerate(folds(speakers)):
        result[f"fold-{number}"] = (FOLDER / f"fold-{number}.npz", part)
    for name in EMOTION_SETS:
        result[f"without-{name}"] = (FOLDER / f"without-{name}.npz", [s for s in speakers if s.startswith(f"{name}/")])
    return result | {"shipped": (TARGET, [])}


def main() -> None:
    """Measure, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data())
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", help="one network, such as shipped or fold-2")
    options = parser.parse_args()
    data = measured(options.data, options.cache)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number, (name, (target, left_out)) in enumerate(networks(data).items()):
        if options.only in (None, name):
            kept = [options.cache and options.cache / f"network.{name}.{m}.npz" for m in range(NETWORKS)]
            members = [member(data, left_out, number + 100 * m, path) for m, path in enumerate(kept)]
            save(members, data, left_out, target)
            print(f"{target}: {target.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
