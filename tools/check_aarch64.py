"""Asks pip whether everything that the program needs at run time exists for a Raspberry Pi: wheels for aarch64.

    python tools/check_aarch64.py [--python 3.11 --python 3.12 …]

Resolves the dependencies of `pyproject.toml`, those of theirs included, for Python 3.11 to 3.13 and glibc 2.36
(64-bit Raspberry Pi OS 12), without installing anything. `llama-cpp-python` is left out: it is compiled on the machine
itself. So is `srt`, pure Python that comes as source only: vosk, which wants it for subtitles, is asked for alone, and
what else vosk needs beside it. Ends with 1 where something is missing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

COMPILED = ("llama-cpp-python",)
"""Built from source on the machine, by its own compiler; pip would not do that for another platform."""

ALONE = ("vosk",)
OF_THOSE_ALONE = ["cffi>=1.0", "requests", "tqdm", "websockets"]

PLATFORMS = [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)] + ["manylinux2014_aarch64", "linux_aarch64"]
"""Newest first, as pip wants them; glibc 2.36 runs wheels for every older one."""


def dependencies() -> list[str]:
    """Requirements of the program, without what is compiled."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    return [line for line in project["project"]["dependencies"] if not line.startswith(COMPILED)]


def resolve(python: str, requirements: list[str], *options: str) -> tuple[dict[str, str], str]:
    """What pip would install for `python` on aarch64: name → version and wheel; or why not, in its own words."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--only-binary", ":all:", "--target", folder, "--python-version", python, "--implementation", "cp"]
        command += [word for platform in PLATFORMS for word in ("--platform", platform)]
        command += ["--report", str(report), *options, *requirements]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            wrong = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
            return {}, wrong[-1] if wrong else "pip failed"
        chosen = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {
        item["metadata"]["name"].lower(): f"{item['metadata']['version']} {wheel(item['download_info']['url'])}"
        for item in chosen
    }, ""


def wheel(url: str) -> str:
    """The platform in the name of a wheel: "any", "manylinux_2_28_aarch64"."""
    return url.rsplit("/", 1)[-1].removesuffix(".whl").rsplit("-", 1)[-1].split(".")[0]


def main() -> int:
    """Print a table; 0 where all is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", help="Version to ask for; may be repeated.")
    versions = parser.parse_args().python or ["3.11", "3.12", "3.13"]
    missing = 0
    for version in versions:
        wanted = dependencies()
        together = [line for line in wanted if not line.startswith(ALONE)] + OF_THOSE_ALONE
        found, why = resolve(version, together)
        alone, why_alone = resolve(version, [line for line in wanted if line.startswith(ALONE)], "--no-deps")
        found |= alone
        if why := why or why_alone:
            missing += 1
            print(f"Python {version}: {why}")
            continue
        print(f"Python {version}: {len(found)} packages, all there for aarch64")
        for name, what in sorted(found.items()):
            print(f"  {name:24} {what}")
    print(f"Compiled on the machine: {', '.join(COMPILED)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
