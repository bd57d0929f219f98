"""What kind of file begins with these bytes, whatever its name says."""

import codecs
from os import PathLike

HEAD = 512  # bytes that are looked at: a tar's mark stands at 257

_STARTS = {
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"PK\x03\x04": "a zip archive (or an Office document, which is one)",
    b"\x1f\x8b": "a gzip file",
    b"\xfd7zXZ\0": "an xz file",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3\0": "an SQLite database",
}


def format_of(start: bytes) -> str | None:
    """The format that begins with `start`, the first 512 bytes; None for text and the unknown.

    >>> format_of(b"GIF89a" + bytes(60)), format_of(b"GIF89a is a format of 1989")
    ('a GIF image', None)
    """
    if start.startswith(b"%PDF-"):
        return "a PDF"
    if text_in(start[:64]) is not None:  # which may begin with any word
        return None
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "a WebP image"
    if start.startswith(b"BM") and start[6:10] == bytes(4):
        return "a BMP image"
    if start[257:262] == b"ustar":
        return "a tar archive"
    return next((name for mark, name in _STARTS.items() if start.startswith(mark)), None)


def format_in(path: str | PathLike[str]) -> str | None:
    """`format_of` the file at `path`; None where there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return format_of(file.read(HEAD))
    except OSError:
        return None


def text_in(start: bytes) -> str | None:
    """`start` as UTF-8 text, where it is some; it may end within a character.

    >>> text_in("an é".encode()[:-1]), text_in(b"a\\0b")
    ('an ', None)
    """
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return None
    printable = text.translate({ord(sign): None for sign in "\n\r\t"}).isprintable()
    return text if printable and text.strip() else None
