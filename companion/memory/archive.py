"""The shape of an export: a ZIP of JSON Lines, one file a table, with a manifest, the schema and a page to read it in.

This module knows the format and nothing of the store. Reading is done on the assumption that the file is hostile: only
known names, sizes limited while decompressing, hashes compared, every value checked.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from companion.memory.errors import BadArchive

FORMAT = "companion-memory"
VERSION = 1

COLUMNS: dict[str, dict[str, str]] = {
    "sessions": {"id": "integer", "started": "integer", "language": "string", "profile": "string"},
    "episodes": {
        "id": "integer",
        "session": "integer",
        "turn": "integer",
        "started": "integer",
        "said": "string",
        "answered": "string",
        "interrupted": "boolean",
        "language": "string",
        "person": "string",
        "topic": "string",
    },
    "feelings": {
        "id": "integer",
        "episode": "integer?",
        "at": "integer",
        "valence": "number",
        "arousal": "number",
        "emotion": "string",
        "modality": "string",
        "confidence": "number",
    },
    "facts": {
        "id": "integer",
        "statement": "string",
        "key": "string",
        "episode": "integer",
        "evidence_start": "integer",
        "evidence_end": "integer",
        "kind": "string",
        "confidence": "number",
        "valid_from": "integer",
        "valid_to": "integer?",
        "sensitive": "boolean",
        "expires": "integer?",
        "person": "string",
        "topic": "string",
    },
    "summaries": {
        "id": "integer",
        "starts": "integer",
        "ends": "integer",
        "text": "string",
        "language": "string",
        "sources": "integers",
    },
    "profile": {"key": "string", "value": "any", "updated": "integer"},
    "receipts": {"at": "integer", "act": "string", "detail": "any"},
}
"""Every table and its fields. A `?` may be null. Times are milliseconds since 1970, UTC."""

VIEWER = "index.html"
_MANIFEST, _SCHEMA = "manifest.json", "schema.json"
_TABLE_FILES = {f"{table}.jsonl": table for table in COLUMNS}
_NAMES = {_MANIFEST, _SCHEMA, VIEWER, *_TABLE_FILES}

MAX_FILE = 512 * 1024**2  # bytes of one file inside, decompressed: more than a million episodes
MAX_TOTAL = 1024**3
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 1024 * 1024

Tables = dict[str, list[dict[str, Any]]]

_TYPES: dict[str, tuple[type, ...]] = {"integer": (int,), "string": (str,), "number": (int, float), "boolean": (bool,)}
_INTEGER_RANGE = range(-(2**63), 2**63)


def pack(tables: Mapping[str, Iterable[dict[str, Any]]], viewer: str, created: int) -> bytes:
    """The archive of `tables`; `created` in milliseconds since 1970, UTC."""
    files = {VIEWER: viewer.encode(), _SCHEMA: json.dumps(_schema(), indent=2).encode()}
    counts = {}
    for name, table in _TABLE_FILES.items():
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in tables.get(table, ())]
        files[name] = "".join(lines).encode()
        counts[table] = len(lines)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "created": created,
        "counts": counts,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    files[_MANIFEST] = json.dumps(manifest, indent=2).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            packed.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpack(data: bytes, *, max_file: int = MAX_FILE, max_total: int = MAX_TOTAL) -> Tables:
    """The tables in an archive, every record checked against `COLUMNS`.

    Raises:
        BadArchive: damaged, cut short, too big, a name or a field that does not belong there, or a newer version.
    """
    files = _read_files(data, max_file, max_total)
    manifest = _json(files.get(_MANIFEST, b""), _MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadArchive("this is not an export of Companion")
    if manifest.get("version") != VERSION:
        raise BadArchive("this export was written by another version of Companion: update Companion to import it")
    hashes = manifest.get("sha256")
    if hashes != {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != _MANIFEST}:
        raise BadArchive("the export is damaged: what is in it is not what its manifest says")
    tables: Tables = {}
    for name, table in _TABLE_FILES.items():
        if name not in files:
            raise BadArchive(f"the export is incomplete: {name} is missing")
        tables[table] = [_record(line, table, f"{name}:{n}") for n, line in enumerate(files[name].splitlines(), 1)]
    return tables


def _read_files(data: bytes, max_file: int, max_total: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = max_total
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for info in packed.infolist():
                if info.filename not in _NAMES or info.filename in files or info.compress_type not in _METHODS:
                    raise BadArchive("the export holds a file that does not belong there: it is not imported")
                files[info.filename] = _read_limited(packed, info, min(max_file, left))
                left -= len(files[info.filename])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadArchive("the export is damaged or cut short: it is not imported") from error
    return files


def _read_limited(packed: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Decompress one file and stop at `limit` bytes: the sizes that a ZIP states of itself are not believed."""
    content = bytearray()
    with packed.open(info) as file:
        while chunk := file.read(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise BadArchive("the export is far bigger inside than a memory can be: it is not imported")
    return bytes(content)


def _json(text: bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArchive(f"the export is damaged: {where} cannot be read") from error


def _record(line: bytes, table: str, where: str) -> dict[str, Any]:
    record = _json(line, where)
    columns = COLUMNS[table]
    if not isinstance(record, dict) or record.keys() != columns.keys():
        raise BadArchive(f"the export is damaged: {where} does not have the fields of its table")
    for name, kind in columns.items():
        if not _fits(record[name], kind):
            raise BadArchive(f"the export is damaged: {where}: {name} is not of type {kind}")
    return record


def _fits(value: Any, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "integers":
        return isinstance(value, list) and all(_fits(item, "integer") for item in value)
    if kind.endswith("?"):
        return value is None or _fits(value, kind[:-1])
    if isinstance(value, bool) != (kind == "boolean") or not isinstance(value, _TYPES[kind]):
        return False
    return value in _INTEGER_RANGE if kind == "integer" else True


def _schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the lines of each file."""
    types: dict[str, Any] = {"any": {}, "integers": {"type": "array", "items": {"type": "integer"}}}
    types |= {kind: {"type": kind} for kind in _TYPES} | {"integer?": {"type": ["integer", "null"]}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FORMAT} {VERSION}",
        "$comment": "one schema a file, for each of its lines; times are milliseconds since 1970, UTC",
        "$defs": {
            name: {
                "type": "object",
                "properties": {column: types[kind] for column, kind in COLUMNS[table].items()},
                "required": list(COLUMNS[table]),
                "additionalProperties": False,
            }
            for name, table in _TABLE_FILES.items()
        },
    }
