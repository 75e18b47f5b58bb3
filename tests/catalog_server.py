"""A small web server for tests: files with Range requests, a Python index, and the ways in which a network fails."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread


@dataclass
class Server:
    """What is served, how it fails, and what was asked for.

    `cuts`: for the requests to come, after how many bytes each breaks off. `broken`: answer 503 to everything.
    `ranges`: whether Range requests are understood.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    broken: bool = False
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [path for path, _ in self.asked]

    def publish(self, distribution: str, version: str, members: dict[str, bytes], tag: str = "any") -> None:
        """Put a wheel into the index under `/simple/`."""
        module = distribution.replace("-", "_")
        name = f"{module}-{version}-py3-none-{tag}.whl"
        info = f"{module}-{version}.dist-info"
        about = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n".encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{tag}\n".encode(),
            f"{info}/RECORD": b"",
        }
        self.files[f"/wheels/{name}"] = zipped(members | about)
        self.files[f"/simple/{distribution}/"] = f'<a href="/wheels/{name}">{name}</a>'.encode()

    def wheels(self) -> list[str]:
        """The distributions whose wheels were fetched, in order."""
        return [path.split("/")[-1].split("-")[0] for path in self.paths() if path.endswith(".whl")]


@contextmanager
def serving(port: int = 0) -> Iterator[Server]:
    """A server on this machine, for as long as the context lasts; port 0: any that is free."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, state)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(request: BaseHTTPRequestHandler, state: Server) -> None:
    wanted = request.headers.get("Range")
    state.asked.append((request.path, wanted))
    content = state.files.get(request.path)
    if state.broken or content is None:
        request.send_error(503 if state.broken else 404)
        return
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
    if start and start >= len(content):
        request.send_error(416)
        return
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(content) - start))
    request.send_header("Content-Type", "text/html" if request.path.endswith("/") else "application/octet-stream")
    request.end_headers()
    cut = state.cuts.pop(0) if state.cuts else len(content)
    request.wfile.write(content[start : start + cut])


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip with these files."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
