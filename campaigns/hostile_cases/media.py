"""Archives of images that climb out or burst, and images that lie."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from trial import command

from hostile_cases.case import Case
from lampas.vision.archive import Archive, list_archive
from lampas.vision.decode import decode


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, (member, more) in _MEMBERS.items():
        yield Case("archive", f"tar: {name}", _tar(member, **more), _list)
    for name, member in _NAMES.items():
        yield Case("archive", f"zip: {name}", _zip({member: _png()}), _list)
    yield Case("archive", "zip: symbolic link", _link, _list)
    for name, make in _bombs().items():
        yield Case("bomb", name, make, _list)
    train = lambda place: command(["train", str(place), "--epochs", "1", "--out", f"{place}.run"])  # noqa: E731
    yield Case("archive", "to the shell: tar with ../", _tar("../a/x.png"), train, shell=True)
    yield Case("bomb", "to the shell: tar of zeros", _bombs()["tar.gz of 300 MB of zeros"], train,
               like="tabular", shell=True)  # fmt: skip
    for name, data in _images().items():
        yield Case("image", name, _file(data), _decode, must="")


def _list(place: Path) -> Callable[[], Any]:
    def run() -> str:
        tree = list_archive(str(place))
        names = _names(tree)[:50]
        return str(sum(1 for _ in Archive(str(place)).stream(names)))

    return run


def _names(tree: Any) -> list[str]:
    return [str(one) for one in getattr(tree, "files", getattr(tree, "names", []))]


def _decode(place: Path) -> Callable[[], Any]:
    return lambda: str(decode(place.read_bytes(), (8, 8), 3, place.name).shape)


def _file(data: bytes, name: str = "a.png") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def _png(size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size).save(file, "PNG")
    return file.getvalue()


_NAMES = {
    "../": "../a/x.png", "a/../../": "a/../../x.png", "absolute": "/tmp/a/x.png",
    "drive": "C:/a/x.png", "backslashes": "..\\a\\x.png", "drive and backslash": "C:\\x.png",
    "network": "//host/share/x.png",
}  # fmt: skip
_MEMBERS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (member, {}) for name, member in _NAMES.items()},
    "symbolic link out": ("a/x.png", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
    "symbolic link to a folder": ("a", {"type": tarfile.SYMTYPE, "linkname": "/tmp"}),
    "hard link out": ("a/x.png", {"type": tarfile.LNKTYPE, "linkname": "../../etc/passwd"}),
    "character device": ("a/x.png", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}),
    "block device": ("a/x.png", {"type": tarfile.BLKTYPE, "devmajor": 8, "devminor": 0}),
    "pipe": ("a/x.png", {"type": tarfile.FIFOTYPE}),
    "unknown type": ("a/x.png", {"type": b"Z"}),
    "sparse": ("a/x.png", {"type": tarfile.GNUTYPE_SPARSE}),
}


def _tar(name: str, **more: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with tarfile.open(folder / "a.tar", "w", format=tarfile.GNU_FORMAT) as archive:
            info = tarfile.TarInfo(name)
            for key, value in more.items():
                setattr(info, key, value)
            data = b"" if more else _png()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        return folder / "a.tar"

    return write


def _zip(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.zip", "w", packing) as archive:
            for name, data in members.items():
                info = zipfile.ZipInfo("x")
                info.filename = name
                archive.writestr(info, data, packing)
        return folder / "a.zip"

    return write


def _link(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("a/x.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return folder / "a.zip"


def _bombs() -> dict[str, Callable[[Path], Path]]:
    def packed(mode: str, suffix: str, name: str, size: int, **more: Any) -> Callable[[Path], Path]:
        def write(folder: Path) -> Path:
            place = folder / f"a{suffix}"
            with tarfile.open(place, mode, format=tarfile.GNU_FORMAT) as archive:
                info = tarfile.TarInfo(name)
                info.size = size
                for key, value in more.items():
                    setattr(info, key, value)
                archive.addfile(info, _Zeros(size))
            return place

        return write

    def lying(folder: Path) -> Path:
        """A member whose directory entry claims 200 MiB of an image of some bytes."""
        place = _zip({"a/x.png": _png(), "b/y.png": _png()})(folder)
        data = bytearray(place.read_bytes())
        data[data.index(b"PK\x01\x02") + 24 :][:4]
        at = data.index(b"PK\x01\x02") + 24
        data[at : at + 4] = struct.pack("<I", 200 << 20)
        place.write_bytes(bytes(data))
        return place

    def overlapping(folder: Path) -> Path:
        """Every entry of the directory names the same packed bytes."""
        kernel = _zip({"a/0.png": bytes(20 << 20)})(folder).read_bytes()
        start = kernel.index(b"PK\x01\x02")
        entry, end = (
            kernel[start : kernel.index(b"PK\x05\x06")],
            kernel[kernel.index(b"PK\x05\x06") :],
        )
        entries = b"".join(entry.replace(b"a/0.png", b"a/%d.png" % n) for n in range(10))
        tail = end[:8] + struct.pack("<HHII", 10, 10, len(entries), start) + b"\0\0"
        (folder / "a.zip").write_bytes(kernel[:start] + entries + tail)
        return folder / "a.zip"

    note = {"type": tarfile.GNUTYPE_LONGNAME}
    return {
        "tar.gz of 300 MB of zeros": packed("w:gz", ".tar.gz", "a/readme", 300 << 20),
        "tar.gz with an image of 300 MB": packed("w:gz", ".tar.gz", "a/x.png", 300 << 20),
        "tar.gz with an image of 200 MB": packed("w:gz", ".tar.gz", "a/x.png", 200 << 20),
        "tar.bz2 of 300 MB of zeros": packed("w:bz2", ".tar.bz2", "a/readme", 300 << 20),
        "tar.xz of 300 MB of zeros": packed("w:xz", ".tar.xz", "a/readme", 300 << 20),
        "tar.gz with a name of 200 MB": packed("w:gz", ".tar.gz", "a", 200 << 20, **note),
        "tar.gz with a PAX header of 200 MB": packed("w:gz", ".tar.gz", "a", 200 << 20,
                                                     type=tarfile.XHDTYPE),
        "tar.gz with a global header of 200 MB": packed("w:gz", ".tar.gz", "a", 200 << 20,
                                                        type=tarfile.XGLTYPE),
        "zip of 300 MB of zeros": _zip({"a/readme": bytes(300 << 20), "a/x.png": _png()}),
        "zip with an image of 200 MB": _zip({"a/x.png": bytes(200 << 20), "b/y.png": _png()}),
        "zip that claims 200 MiB": lying,
        "zip whose members overlap": overlapping,
    }  # fmt: skip


class _Zeros(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        size = min(self.left, size)
        self.left -= size
        return bytes(size)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _raw_png(width: int, height: int, data: bytes, more: bytes = b"", bits: int = 1) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + more
        + _chunk(b"IDAT", data)
        + _chunk(b"IEND", b"")
    )


def _images() -> dict[str, bytes]:
    zeros = zlib.compress(bytes(50 << 20), 9)
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02L\x01\0"
    jpeg = io.BytesIO()
    Image.new("L", (16, 16)).save(jpeg, "JPEG")
    wide = jpeg.getvalue().replace(b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10",
                                   b"\xff\xc0\x00\x0b\x08\xff\xff\xff\xff")  # fmt: skip
    tiff = io.BytesIO()
    Image.new("L", (16, 16)).save(tiff, "TIFF")
    lying = tiff.getvalue()
    return {
        "PNG of 30 000 × 30 000": _raw_png(30_000, 30_000, zeros),
        "PNG of 2^31-1 × 2^31-1": _raw_png(2**31 - 1, 2**31 - 1, zeros),
        "PNG of 0 × 0": _raw_png(0, 0, zeros),
        "PNG of 8 × 8 with 50 MB of pixels": _raw_png(8, 8, zeros),
        "PNG with a text of 50 MB": _raw_png(8, 8, zlib.compress(bytes(16)),
                                             _chunk(b"zTXt", b"a\0\0" + zeros)),
        "PNG with an international text of 50 MB": _raw_png(
            8, 8, zlib.compress(bytes(16)), _chunk(b"iTXt", b"a\0\1\0\0\0" + zeros)),
        "PNG with a profile of 50 MB": _raw_png(8, 8, zlib.compress(bytes(16)),
                                                _chunk(b"iCCP", b"a\0\0" + zeros)),
        "PNG whose chunk claims 2 GB": _png()[:33] + b"\x7f\xff\xff\xff" + b"IDAT" + b"x",
        "PNG cut short": _png()[:40],
        "GIF of 65 535 × 65 535": gif + frame + b";",
        "GIF whose frame is larger than it": b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + frame
        + b";",
        "JPEG of 65 535 × 65 535": wide,
        "JPEG of markers": b"\xff\xd8" + b"\xff\xe1\xff\xff" + b"x" * 100,
        "BMP of -2^31 × 2^31-1": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 2**31 - 1,
                                                      -(2**31), 1, 1, 0, 0, 0, 0, 0, 0),
        "BMP with a header of 2 GB": b"BM" + struct.pack("<IHHII", 54, 0, 0, 54, 2**31 - 1) + b"x" * 60,
        "TIFF whose directory is itself": b"II*\0\x08\0\0\0\0\0\x08\0\0\0" + b"\0" * 20,
        "TIFF of 2^31 strips": lying.replace(b"\x11\x01\x04\0\x01\0\0\0", b"\x11\x01\x04\0\xff\xff\xff\x7f"),
        "TIFF 65 535 wide": lying.replace(b"\x00\x01\x03\0\x01\0\0\0\x10\0", b"\x00\x01\x03\0\x01\0\0\0\xff\xff"),
        "WebP that is none": b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 30,
        "PostScript": b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "HTML": b"<html><script>1</script></html>",
        "pickle": b"cposix\nsystem\n(S'touch canary'\ntR.",
        "nothing": b"",
    }  # fmt: skip
