"""A language model's file is held once: what was copied of it is let go of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MAPPED = """
import mmap, sys, psutil
from pathlib import Path
from companion.dialogue.mapped import let_go
file = Path(sys.argv[1])
held = lambda: psutil.Process().memory_info().rss / 1e6
with file.open("rb") as opened:
    mapped = mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ)
read = sum(mapped[at] for at in range(0, len(mapped), 4096))
before = held()
let_go(file)
print(before - held(), sum(mapped[at] for at in range(0, len(mapped), 4096)) - read)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux")
def test_a_mapped_file_is_let_go_of_and_says_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a model.gguf"
    file.write_bytes(bytes(range(1, 251)) * 400_000)
    probe = [sys.executable, "-c", MAPPED, str(file)]
    given, changed = subprocess.run(probe, capture_output=True, text=True, check=True).stdout.split()
    assert float(given) > 80
    assert changed == "0"
