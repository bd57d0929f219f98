"""A server on this machine that behaves as told, and a cache of the test's own."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Site:
    """What the server has and how it behaves; `asked` are the ranges of the requests.

    cuts: after how many bytes the next answers end; ranges: whether it knows them.
    """

    port: int = 0
    content: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    tag: str | None = '"first"'
    length: bool = True
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


@pytest.fixture
def site() -> Iterator[Site]:
    told = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    server.daemon_threads = True
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No proxy, no shared data; an empty cache."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "LAMPAS_DATA"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "datasets"


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            site.asked.append((name, self.headers["Range"], self.headers["If-Range"]))
            if name in site.moved:
                self.send_response(302)
                self.send_header("Location", site.moved[name])
                self.end_headers()
            elif name not in site.content:
                self.send_error(404)
            else:
                self._send(site.content[name])

        def _send(self, content: bytes) -> None:
            wanted = self.headers["Range"] if site.ranges else None
            if self.headers["If-Range"] not in (None, site.tag):
                wanted = None
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            if start >= len(content) > 0:
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(content)}/{len(content)}")
            if site.length:
                self.send_header("Content-Length", str(len(content) - start))
            if site.tag:
                self.send_header("ETag", site.tag)
            self.end_headers()
            cut = site.cuts.pop(0) if site.cuts else len(content)
            self.wfile.write(content[start : start + cut])

        def log_message(self, *said: object) -> None:
            return

    return Handler
