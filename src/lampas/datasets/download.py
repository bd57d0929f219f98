"""One file from one address, going on where an earlier try ended.

Beside the part there is a note of the version (ETag or Last-Modified) that the server gave with
it. The request to go on says so (If-Range, RFC 9110, 13.1.5), and a server whose file has changed
since, or that knows no ranges, answers with the whole file: then it starts again.
"""

import http.client
import re
import ssl
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.client import HTTPMessage, HTTPResponse
from io import FileIO
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from tqdm import tqdm

import lampas
from lampas.errors import DownloadError

SECONDS = 30.0  # without a byte, then the connection counts as lost
_TRIES = 20  # each must bring something new
_CHUNK = 1 << 16
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class FetchError(Exception):
    """The address gave nothing; the text says why.

    unreached: no server answered at all.
    """

    def __init__(self, reason: str, unreached: bool = False) -> None:
        super().__init__(reason)
        self.unreached = unreached


class _CutError(Exception):
    """The connection was lost on the way."""


def host(url: str) -> str:
    """The host of an address.

    >>> host("https://example.org:8000/a.csv")
    'example.org'
    """
    return urlsplit(url).hostname or url


def fetch(url: str, part: Path, most: int, shown: str) -> None:
    """Bring `url` into the file `part`, after what is in it already.

    most: bytes; more is refused. shown: the name beside the progress bar, which appears on
    stderr where that is a terminal.

    Raises `FetchError` where the address gives nothing, or no more; what came stays in `part`.
    Raises `DownloadError` where `part` cannot be written, as on a full disk.
    """
    for _ in range(_TRIES):
        before = _size(part)
        try:
            _once(url, part, most, shown)
            return
        except _CutError as cut:
            if _size(part) <= before:
                raise FetchError(
                    f"the connection ends after {_size(part):,} bytes ({cut})"
                ) from cut
    raise FetchError(f"the connection was lost {_TRIES} times")


def _once(url: str, part: Path, most: int, shown: str) -> None:
    try:
        _require_safe(url)
        with _opener().open(_request(url, part), timeout=SECONDS) as reply:
            _receive(reply, part, most, shown)
    except HTTPError as error:
        error.close()
        if error.code != 416 or not _size(part):  # 416: nothing is left to send
            raise FetchError(f"HTTP {error.code} {error.reason}") from error
    except URLError as error:
        unreached = not isinstance(error.reason, ssl.SSLError)
        raise FetchError(_said(error.reason), unreached) from error
    except (OSError, http.client.HTTPException) as error:  # there is somebody, who breaks off
        raise FetchError(_said(error), unreached=isinstance(error, TimeoutError)) from error


def _request(url: str, part: Path) -> Request:
    request = Request(url, headers={"User-Agent": f"lampas/{lampas.__version__}"})
    if _size(part):
        request.add_header("Range", f"bytes={_size(part)}-")
        if _note(part).exists():
            request.add_header("If-Range", _note(part).read_text("ascii"))
    return request


def _said(reason: object) -> str:
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _receive(reply: HTTPResponse, part: Path, most: int, shown: str) -> None:
    start = _start(reply, part)
    length = reply.headers.get("Content-Length")
    total = None if length is None else start + int(length)
    if total is not None and total > most:
        raise FetchError(f"it would send {total:,} bytes, where {most:,} are the most expected")
    with (
        _written(part, start, reply.headers) as file,
        tqdm(
            total=total, initial=start, desc=shown, unit="B", unit_scale=True, file=sys.stderr,
            disable=not sys.stderr.isatty(), leave=False,
        ) as bar,
    ):  # fmt: skip
        for chunk in _chunks(reply):
            start += len(chunk)
            if start > most:
                raise FetchError(f"it sends more than the {most:,} bytes expected")
            _write(file, chunk, part)
            bar.update(len(chunk))
    if total is not None and start < total:
        raise _CutError(f"of {total:,}")


def _start(reply: HTTPResponse, part: Path) -> int:
    """Where what is sent belongs; 0 where the server sends the whole."""
    if reply.status != 206:
        return 0
    sent = re.match(r"bytes (\d+)-", reply.headers.get("Content-Range", ""))
    if sent is None or int(sent[1]) != _size(part):
        part.unlink()
        raise FetchError("it sends another range than the one asked for")
    return _size(part)


def _chunks(reply: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            chunk = reply.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _CutError(_said(error)) from error
        if not chunk:
            return
        yield chunk


@contextmanager
def _written(part: Path, start: int, headers: HTTPMessage) -> Generator[FileIO]:
    """`part`, open at `start`; its note is renewed where it begins anew."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if not start:
            _note(part).unlink(missing_ok=True)
            if version := _version(headers):
                _note(part).write_text(version, "ascii")
        # Without a buffer: closing has nothing left to write, and nothing to fail on.
        with part.open("ab" if start else "wb", buffering=0) as file:
            yield file
    except OSError as error:
        raise _unwritable(part, error) from error


def _write(file: FileIO, chunk: bytes, part: Path) -> None:
    try:
        left = memoryview(chunk)
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise _unwritable(part, error) from error


def _unwritable(part: Path, error: OSError) -> DownloadError:
    return DownloadError(
        f"cannot write {part}: {error.strerror}: make room there, or name another folder with "
        "LAMPAS_CACHE"
    )


def _version(headers: HTTPMessage) -> str | None:
    """What If-Range may hold: a strong ETag, or a date."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified")


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _require_safe(url: str) -> None:
    """Only https, so that nobody on the way can look or change; plain http to this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise FetchError(f"{url} is not https")


class _SafeRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    """For http and https alone: urllib's own would open file: and ftp:, too."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(), HTTPHandler(), HTTPSHandler(), _SafeRedirects(), HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
