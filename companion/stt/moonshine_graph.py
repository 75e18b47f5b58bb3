"""Mends the packaged Moonshine graphs, so that one token costs milliseconds instead of tens of them.

Moonshine is published as two ONNX Runtime files (`.ort`) with int8 weights. As packaged, the decoder turns all its
weights back to float32 at every single token, and carries two copies of itself in an `If` node, one with and one
without a key-value cache. Mending, done once at the first load, yields two plain ONNX graphs that compute the same:

- **encoder**: sound → the keys and values that the decoder's cross-attention looks at. What the cache-less branch
  computed at its first step moves here.
- **decoder**: tokens and cache → logits and longer cache. This is the branch with the cache: its mask allows for any
  number of tokens after any number of cached ones, so it also does the first step (with an empty cache) and checks a
  whole draft in one pass.

Weights stay the packaged int8 values: `x @ (q·scale + offset)`, whose offset is a whole number of scales, becomes ONNX
Runtime's `MatMulNBits` with that number as zero point, which multiplies int8 by int8 and never makes a float32 copy.
Measured on 2 shared cores for Moonshine base: 60 ms a token as packaged; 9 to 25 ms with the weights unpacked to
float32 once (380 MB); 4 ms mended (180 MB). Of 7,160 words (110 test sentences as they are, with noise at 20 and at 12
dB, a tenth slower and a tenth faster) 747 are wrong mended and 735 in float32; of the 1,432 as they are 126 and 118.

A processor without instructions for products of bytes (`multiplies_bytes`) multiplies floats faster. It still reads one
token in the time in which it reads the decoder's weights, so that these stay; the encoder's are unpacked when it loads.
On two cores with AVX2 alone it takes 64 ms for 3 s of speech instead of 93 (108 and 170 on one); a conversation holds
no more memory, for the int8 products keep copies of theirs.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

ENCODER = "encoder_model.ort"
DECODER = "decoder_model_merged.ort"
MENDED_ENCODER = "encoder_model.mended-2.onnx"
MENDED_DECODER = "decoder_model_merged.mended-2.onnx"
UNPACKED_ENCODER = "encoder_model.mended-2.unpacked.onnx"
"""The number is that of this way of mending: raise it when `mend` changes, or what an older version left is used."""

BLOCK = 32
"""Columns of a weight matrix that share a scale, and of the input that are quantised together: the smallest that every
kernel has, for the input's sake (the weights have one scale for the whole matrix)."""

_SIGN = 128
"""Added to an int8 value to store it as uint8."""

_OPSETS = [helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)]
_IR_VERSION = 8  # belongs to opset 14-15
_INT8 = onnx.TensorProto.INT8
_FLOAT = onnx.TensorProto.FLOAT


def multiplies_bytes() -> bool:
    """Whether this processor has instructions for sums of products of bytes; of x86 those with VNNI have."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return True  # not Linux: nobody tells


@contextmanager
def mended_graphs(folder: Path) -> Iterator[tuple[Path, Path]]:
    """The files of the mended encoder and decoder, to be loaded within the `with`.

    They are where an earlier call left them, beside the `.ort` files; else made now and left there for the next time. A
    folder that cannot be written to costs the second of mending at every start, and nothing else.

    Raises:
        OSError: the packaged files cannot be read.
        Exception: what ONNX Runtime or `onnx` say of a file that is damaged.
    """
    unpack = not multiplies_bytes()
    encoder = UNPACKED_ENCODER if unpack else MENDED_ENCODER
    sources, mended = (folder / ENCODER, folder / DECODER), (folder / encoder, folder / MENDED_DECODER)
    newest = max(source.stat().st_mtime for source in sources)
    if not all(file.is_file() and file.stat().st_mtime >= newest for file in mended):
        graphs = mend(*sources, unpack=unpack)
        forget_mended(folder, but=mended)  # another process may have made these meanwhile
        try:
            for file, graph in zip(mended, graphs, strict=True):
                _write(file, graph)
        except OSError:  # read-only or full
            with tempfile.TemporaryDirectory() as elsewhere:
                mended = (Path(elsewhere) / encoder, Path(elsewhere) / MENDED_DECODER)
                for file, graph in zip(mended, graphs, strict=True):
                    file.write_bytes(graph)
                yield mended
            return
    yield mended


def forget_mended(folder: Path, but: Sequence[Path] = ()) -> None:
    """Remove what this and every other way of mending left, for instance because a file turned out to be damaged."""
    for file in set(folder.glob("*.mended-*.onnx")).difference(but):
        with suppress(OSError):  # then it stays, and is not used
            file.unlink()


def mend(encoder_file: Path, decoder_file: Path, *, unpack: bool = False) -> tuple[bytes, bytes]:
    """The two graphs of the module's docstring, serialised; `unpack`: an encoder that multiplies floats.

    The encoder takes `input_values` (1, samples) and gives `cross.present.{layer}.encoder.{key,value}`, each
    (1, heads, frames, head size). The decoder takes `input_ids` (1, tokens), its cache as
    `past_key_values.{layer}.decoder.{key,value}` and the encoder's outputs as
    `past_key_values.{layer}.encoder.{key,value}`; it gives `logits` (1, tokens, vocabulary) and the longer cache as
    `present.{layer}.decoder.{key,value}`.
    """
    encoder = _Parts.of(_load(encoder_file).graph)
    merged = _load(decoder_file).graph
    with_cache, without_cache = _branches(merged)
    outputs = [value.name for value in merged.output]

    decoder = _Parts.of(merged, with_cache)
    decoder.keep([name for name in outputs if ".encoder." not in name])
    decoder.shrink_weights()

    cross = _Parts.of(merged, without_cache)
    _free_from_input_ids(cross, outputs)
    cross.keep([name for name in outputs if ".encoder." in name])
    if not unpack:
        cross.shrink_weights()
        encoder.shrink_weights()
    listening = onnx.compose.merge_models(
        encoder.model("encoder"),
        cross.model("cross"),
        io_map=[(encoder.outputs[0].name, "encoder_hidden_states")],
        prefix2="cross.",
    )
    return listening.SerializeToString(), decoder.model("decoder").SerializeToString()


@dataclass
class _Parts:
    """A graph taken apart: what `onnx` calls nodes, initializers, inputs and outputs."""

    nodes: list[onnx.NodeProto]
    constants: dict[str, onnx.TensorProto]
    inputs: list[onnx.ValueInfoProto]
    outputs: list[onnx.ValueInfoProto]

    @classmethod
    def of(cls, graph: onnx.GraphProto, branch: onnx.GraphProto | None = None) -> _Parts:
        """A graph; or, where a branch of its `If` is given, the graph that always takes this branch."""
        nodes = [node for node in graph.node if node.op_type != "If"] + list(branch.node if branch else ())
        constants = {tensor.name: tensor for part in (graph, branch) if part for tensor in part.initializer}
        return cls(nodes, constants, list(graph.input), list(graph.output))

    def producers(self) -> dict[str, onnx.NodeProto]:
        return {output: node for node in self.nodes for output in node.output}

    def keep(self, outputs: Sequence[str]) -> None:
        """Drop everything that these outputs do not depend on."""
        producers, needed, kept, waiting = self.producers(), set[str](), set[int](), list(outputs)
        while waiting:
            name = waiting.pop()
            if name in needed:
                continue
            needed.add(name)
            if name in producers:
                kept.add(id(producers[name]))
                waiting += [given for given in producers[name].input if given]
        self.nodes = [node for node in self.nodes if id(node) in kept]
        self.constants = {name: tensor for name, tensor in self.constants.items() if name in needed}
        self.inputs = [value for value in self.inputs if value.name in needed]
        self.outputs = [value for value in self.outputs if value.name in outputs]

    def shrink_weights(self) -> None:
        """Let every product with a weight matrix, and the table of embeddings, use the int8 values themselves."""
        producers = self.producers()
        weights = {node.output[0]: w for node in self.nodes if (w := _weight(node, producers, self.constants))}
        for node in list(self.nodes):  # the output layer multiplies by the transposed table of embeddings
            if node.op_type == "Transpose" and node.input[0] in weights:
                weights[node.output[0]] = weights[node.input[0]].transposed()
        nodes: list[onnx.NodeProto] = []
        for node in self.nodes:
            if node.op_type == "MatMul" and node.input[1] in weights:
                nodes += self._product(node, weights[node.input[1]])
            elif node.op_type == "Gather" and node.input[0] in weights:
                nodes += self._lookup(node, weights[node.input[0]])
            else:
                nodes.append(node)
        self.nodes = nodes
        self.keep([value.name for value in self.outputs])

    def _product(self, node: onnx.NodeProto, weight: _Weight) -> Iterable[onnx.NodeProto]:
        """`x @ (q - zero point)·scale` as `MatMulNBits`, whose weights are unsigned."""
        rows, columns = weight.values.shape  # (K inputs, N outputs)
        blocks = -(-rows // BLOCK)
        zero = _SIGN + weight.zero_point
        packed = np.full((columns, blocks * BLOCK), zero, np.uint8)
        packed[:, :rows] = (weight.values.T.astype(np.int16) + _SIGN).astype(np.uint8)
        self._constant(f"{weight.name}.int8", packed.reshape(columns, blocks, BLOCK))
        self._constant(f"{weight.name}.scales", np.full((columns, blocks), weight.scale, np.float32))
        self._constant(f"{weight.name}.zeros", np.full((columns, blocks), zero, np.uint8))
        yield helper.make_node(
            "MatMulNBits",
            [node.input[0], *(f"{weight.name}.{part}" for part in ("int8", "scales", "zeros"))],
            [node.output[0]],
            domain="com.microsoft",
            K=rows,
            N=columns,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,  # quantise the input too and multiply in int8; lower levels unpack the weights
        )

    def _lookup(self, node: onnx.NodeProto, weight: _Weight) -> Iterable[onnx.NodeProto]:
        """A row of the table of embeddings, looked up as int8 and scaled afterwards."""
        row, result = f"{node.output[0]}.int8", node.output[0]
        self._constant(f"{weight.name}.table", weight.values)
        self._constant(f"{weight.name}.scale", np.float32(weight.scale))
        self._constant(f"{weight.name}.zero", np.float32(weight.zero_point))
        yield helper.make_node("Gather", [f"{weight.name}.table", node.input[1]], [row], axis=0)
        yield helper.make_node("Cast", [row], [f"{row}.float"], to=_FLOAT)
        yield helper.make_node("Sub", [f"{row}.float", f"{weight.name}.zero"], [f"{row}.shifted"])
        yield helper.make_node("Mul", [f"{row}.shifted", f"{weight.name}.scale"], [result])

    def _constant(self, name: str, value: Any) -> None:
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)

    def model(self, name: str) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, list(self.constants.values()))
        return helper.make_model(graph, opset_imports=_OPSETS, ir_version=_IR_VERSION)


@dataclass(frozen=True)
class _Weight:
    """A quantised matrix: `(values - zero_point) · scale`; `values` is (inputs, outputs) int8, and so is the zero."""

    name: str
    values: NDArray[np.int8]
    scale: float
    zero_point: int

    def transposed(self) -> _Weight:
        return _Weight(f"{self.name}.transposed", self.values.T, self.scale, self.zero_point)


def _weight(
    node: onnx.NodeProto, producers: dict[str, onnx.NodeProto], constants: dict[str, onnx.TensorProto]
) -> _Weight | None:
    """The matrix that ends in this node, where it is the `Add` of `Cast(int8) · scale + offset`, and the offset a whole
    number of scales; another stays as it is packaged, which is right, and slow."""
    if node.op_type != "Add" or node.input[1] not in constants:
        return None
    scaled = producers.get(node.input[0])
    if scaled is None or scaled.op_type != "Mul" or scaled.input[1] not in constants:
        return None
    cast = producers.get(scaled.input[0])
    if cast is None or cast.op_type != "Cast" or cast.input[0] not in constants:
        return None
    values, scale, offset = (constants[name] for name in (cast.input[0], scaled.input[1], node.input[1]))
    if values.data_type != _INT8 or len(values.dims) != 2 or scale.dims != [1] or offset.dims != [1]:
        return None  # a convolution's kernel: small, ONNX Runtime unpacks it once when it loads
    step, shift = (float(numpy_helper.to_array(tensor)[0]) for tensor in (scale, offset))
    zero_point = -shift / step
    if abs(zero_point - round(zero_point)) > 1e-3 or not -_SIGN <= round(zero_point) < _SIGN:
        return None
    return _Weight(node.output[0], numpy_helper.to_array(values), step, round(zero_point))


def _branches(graph: onnx.GraphProto) -> tuple[onnx.GraphProto, onnx.GraphProto]:
    """The decoder's two copies: with the cache, and without."""
    choice = next(node for node in graph.node if node.op_type == "If")
    branch = {attribute.name: attribute.g for attribute in choice.attribute}
    return branch["then_branch"], branch["else_branch"]


def _free_from_input_ids(cross: _Parts, outputs: Sequence[str]) -> None:
    """Cross-attention's keys and values take only their batch size from the tokens; here it is always 1."""
    producers = cross.producers()
    sizes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in cross.inputs}
    for name in outputs:
        if ".encoder." not in name:
            continue
        _, heads, _, head_size = sizes[name.replace("present", "past_key_values")]
        shape = f"{name}.shape"
        cross.constants[shape] = numpy_helper.from_array(np.array([1, -1, heads, head_size], np.int64), shape)
        reshape = producers[producers[name].input[0]]  # MatMul → Reshape → Transpose → output
        reshape.input[1] = shape


def _load(file: Path) -> onnx.ModelProto:
    """An `.ort` file as ONNX: only ONNX Runtime itself can convert it, and only by way of a file."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "converted.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.optimized_model_filepath = str(converted)
        options.add_session_config_entry("session.save_model_format", "ONNX")
        options.log_severity_level = 4
        onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        return onnx.load(str(converted))


def _write(target: Path, content: bytes) -> None:
    """Whole or not at all."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
