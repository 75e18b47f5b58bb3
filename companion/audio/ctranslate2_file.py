"""Reads single weights out of a CTranslate2 `model.bin`, without the library and without the rest of the file.

The format, as `model_spec.py` of CTranslate2 writes it, little-endian: version (u32), the name of the kind of model,
revision (u32), number of variables (u32); then of each variable its name, number of dimensions (u8), dimensions (u32
each), type (u8), size in bytes (u32) and content. A name is its length with the closing zero (u16), then its bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_VERSION = 6
"""From this version on the type is written down; older files say only how long an item is."""

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def read(path: Path, wanted: Callable[[str], bool]) -> dict[str, NDArray[np.float32]]:
    """The variables whose names are `wanted`, as float32. What is not wanted is skipped, not read.

    Raises:
        ValueError: it is no such file, or it ends too early.
        OSError: it cannot be read.
    """
    found = {}
    with path.open("rb") as file:
        try:
            if _number(file, "I") < _VERSION:
                raise ValueError(f"{path.name} is of a CTranslate2 that is too old")
            _name(file)
            _number(file, "I")
            for _ in range(_number(file, "I")):
                name = _name(file)
                shape = [_number(file, "I") for _ in range(_number(file, "B"))]
                kind, size = _TYPES.get(_number(file, "B")), _number(file, "I")
                if not wanted(name):
                    file.seek(size, 1)
                elif kind is None or size != np.dtype(kind).itemsize * int(np.prod(shape)):
                    raise ValueError(f"{path.name} has a weight of an unknown kind")
                else:
                    found[name] = np.frombuffer(_bytes(file, size), dtype=kind).reshape(shape).astype(np.float32)
        except (EOFError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} is no model of CTranslate2, or not all of it") from error
    return found


def _bytes(file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise EOFError
    return content


def _number(file: BinaryIO, kind: str) -> int:
    value: int = struct.unpack("<" + kind, _bytes(file, struct.calcsize("<" + kind)))[0]
    return value


def _name(file: BinaryIO) -> str:
    return _bytes(file, _number(file, "H"))[:-1].decode()
