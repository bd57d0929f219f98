"""What a file is that is not ours, told by its first bytes, and how to open it instead."""

import os
import zipfile
from typing import BinaryIO

from lampas.formats import format_of, text_in

_LENGTH = 8  # bytes before a safetensors header


def foreign_file(file: BinaryIO, name: str) -> str | None:
    """One line on a file of another program, None where it may be ours.

    `file` is open at its start, and left there. `name`: its path, for the line.

    >>> import io
    >>> print(foreign_file(io.BytesIO(b"<!DOCTYPE html><title>404</title>"), "model.lampas"))
    model.lampas is a web page, not a Lampas file: download the file itself
    """
    start = file.read(64)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if not size:
        return f"{name} is empty: its writing was interrupted, or it was never written"
    if start[_LENGTH : _LENGTH + 1] == b"{":
        return None
    if start.startswith(b"PK\x03\x04"):
        return _zip(file, name)
    if start.startswith(b"\x89HDF"):
        return f"{name} is an HDF5 file, as Keras writes them, not a Lampas file"
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return f"{name} is a pickle, not a Lampas file: {_ANEW}"
    if start.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        return f"{name} is a web page, not a Lampas file: download the file itself"
    if (known := format_of(start)) is not None:
        return f"{name} is {known}, not a Lampas file"
    text = text_in(start)
    if text is not None:
        return f"{name} is a text, not a Lampas file: it begins with {text.splitlines()[0][:40]!r}"
    return None


_ANEW = (
    "pickles can run code, and it is not opened; if a torch before 1.6 saved weights in it, and "
    "you trust it, save it anew with a newer one"
)


def _zip(file: BinaryIO, name: str) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        return f"{name} is a damaged zip archive, not a Lampas file"
    if any(member.endswith("data.pkl") for member in members):
        how = f"lampas.load({name!r}, net=...)"
        return f"{name} is a torch.save file, not a Lampas file: its weights go into a net by {how}"
    return f"{name} is a zip archive, not a Lampas file"
