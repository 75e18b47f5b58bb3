"""The arrows between the rooms point one way, and the house holds to its own rules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "companion"
ROOMS = ("audio", "stt", "turns", "affect", "memory", "dialogue", "tts", "privacy")
SHARED = {f"companion{module}" for module in ("", ".events", ".settings", ".errors", ".numerals")}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imports(source: Path) -> set[str]:
    """Modules of the project that `source` imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            within = source.relative_to(PACKAGE.parent).parts[: -node.level] if node.level else ()
            module = ".".join([*within, *filter(None, [node.module])])
            found.add(module)
            if module in ("companion", "companion.apps"):  # "from companion import memory" names the room itself
                found |= {f"{module}.{alias.name}" for alias in node.names} - {f"{module}.*"}
    return {name for name in found if name.split(".")[0] == "companion"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_only_itself_and_what_is_shared(room: str) -> None:
    for source in (PACKAGE / room).rglob("*.py"):
        for name in imports(source) - SHARED:
            assert name.startswith(f"companion.{room}"), f"{source.relative_to(PACKAGE)} imports {name}"


def test_turns_knows_no_library() -> None:
    allowed = {"__future__", "collections", "collections.abc", "dataclasses", "enum", "typing"}
    allowed |= {"difflib", "math", "re", "unicodedata"}
    for source in (PACKAGE / "turns").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name in allowed or str(name).startswith("companion."), f"{source.name} imports {name}"


def test_nothing_prints_or_configures_logging() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "logging.basicConfig"), f"{source.relative_to(PACKAGE)}:{node.lineno}"
