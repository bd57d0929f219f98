"""State dicts (.pt): pickles that would run code, archives and storages that lie."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from hostile_cases.artifacts import load, summary
from hostile_cases.bases import net
from hostile_cases.case import CANARY, Case, Payload

Members = dict[str, bytes]


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, make in _pickles().items():
        yield Case("torch", f"pickle: {name}", _with_pickle(make), load)
    yield Case("torch", "pickle, to the shell", _with_pickle(_pickles()["posix.system"]), summary,
               shell=True)  # fmt: skip
    for protocol in (0, 2, 4):
        old = _raw(lambda folder, p=protocol: pickle.dumps(Payload(folder / CANARY), p))
        yield Case("torch", f"bare pickle of protocol {protocol}", old, load)
    yield Case("torch", "the format before 1.6", _old, load)
    for name, change in _archives().items():
        yield Case("torch", f"archive: {name}", _archive(change), load)
    for name, (numel, sizes, strides, offset) in _STORAGES.items():
        make = _with_pickle(
            lambda folder, n=numel, s=sizes, t=strides, o=offset: _state(n, s, t, o)
        )
        yield Case("torch", f"tensor: {name}", make, load)


def _honest() -> Members:
    file = io.BytesIO()
    torch.save(net().state_dict(), file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(members: Members, packing: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, packing)
    return file.getvalue()


def _raw(make: Callable[[Path], bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "a.pt").write_bytes(make(folder))
        return folder / "a.pt"

    return write


def _with_pickle(make: Callable[[Path], bytes]) -> Callable[[Path], Path]:
    return _raw(lambda folder: _zip({**_honest(), "archive/data.pkl": make(folder)}))


def _archive(change: Callable[[Members], bytes]) -> Callable[[Path], Path]:
    return _raw(lambda folder: change(_honest()))


def _old(folder: Path) -> Path:
    torch.save(net().state_dict(), folder / "a.pt", _use_new_zipfile_serialization=False)
    return folder / "a.pt"


def _pickles() -> dict[str, Callable[[Path], bytes]]:
    def call(module: str, name: str) -> Callable[[Path], bytes]:
        """GLOBAL, an argument, REDUCE."""

        def make(folder: Path) -> bytes:
            line = f"touch {folder / CANARY}".encode()
            word = b"X" + struct.pack("<I", len(line)) + line
            return b"\x80\x02c" + f"{module}\n{name}\n".encode() + word + b"\x85R."

        return make

    def inst(folder: Path) -> bytes:
        return f"(S'touch {folder / CANARY}'\nios\nsystem\n.".encode()

    def stacked(folder: Path) -> bytes:
        return pickle.dumps(Payload(folder / CANARY), 4)

    found = {
        f"{module}.{name}": call(module, name)
        for module, name in (
            ("posix", "system"), ("os", "system"), ("subprocess", "getoutput"),
            ("builtins", "eval"), ("builtins", "exec"), ("builtins", "getattr"),
            ("builtins", "__import__"), ("torch.hub", "load"), ("torch", "load"),
            ("torch.jit", "load"), ("torch._utils", "_import_dotted_name"),
            ("torch.serialization", "add_safe_globals"), ("runpy", "run_path"),
            ("lampas.cli.own", "find_class"), ("numpy", "load"), ("torch._utils", "_rebuild_tensor"),
            ("collections", "OrderedDict.__init__"),
        )
    }  # fmt: skip
    found |= {
        "INST": inst,
        "STACK_GLOBAL": stacked,
        "OrderedDict that is called with a text": call("collections", "OrderedDict"),
        "parameter that is a text": call("torch._utils", "_rebuild_parameter"),
        "tuples 10^6 deep": lambda f: b"\x80\x02)" + b"\x85" * 1_000_000 + b".",
        "lists 10^5 deep": lambda f: b"\x80\x02" + b"](" * 100_000 + b"e" * 100_000 + b".",
        "10^7 entries of memory": lambda f: b"\x80\x02N" + b"q\x00" * 10_000_000 + b".",
        "an integer of 200 bytes": lambda f: b"\x80\x02\x8a\xc8" + b"\xff" * 200 + b".",
        "LONG4 of 2^31": lambda f: b"\x80\x02\x8b\xff\xff\xff\x7f.",
        "BINUNICODE beyond the end": lambda f: b"\x80\x02X\xff\xff\xff\xffabc.",
        "40 MB": lambda f: b"\x80\x02" + b"N0" * 20_000_000 + b"N.",
        "EXT1": lambda f: b"\x80\x02\x82\x01.",
        "no STOP": lambda f: b"\x80\x02}",
        "STOP alone": lambda f: b".",
        "BUILD of a dict": lambda f: (
            b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aNsb."
        ),
        "BUILD of a dict on a text": lambda f: b"\x80\x02X\x01\x00\x00\x00a}b.",
        "persistent id of a text": lambda f: b"\x80\x02X\x05\x00\x00\x00../..Q.",
        "SETITEM on no dict": lambda f: b"\x80\x02NNNs.",
    }
    return found


def _archives() -> dict[str, Callable[[Members], bytes]]:
    def added(name: str, data: bytes = b"x") -> Callable[[Members], bytes]:
        return lambda m: _zip({**m, name: data})

    def bomb(m: Members) -> bytes:
        return _zip({**m, "archive/data/99": bytes(300 << 20)}, zipfile.ZIP_DEFLATED)

    def claimed(m: Members) -> bytes:
        """A member that claims 2 GiB in the central directory."""
        data = bytearray(_zip(m))
        place = data.rindex(b"PK\x01\x02")
        data[place + 20 : place + 28] = struct.pack("<II", 2**31, 2**31)
        return bytes(data)

    def twice(m: Members) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in [*m.items(), ("archive/data.pkl", m["archive/data.pkl"])]:
                info = zipfile.ZipInfo(name)
                archive.filelist.append(info) if False else archive.writestr(info, data)
        return file.getvalue()

    return {
        "member ../x": added("../x"),
        "member /etc/x": added("/etc/x"),
        "member archive/../../x": added("archive/../../x"),
        "member with a drive": added("C:/x"),
        "member with a backslash": added("archive\\..\\x"),
        "code beside it": added("archive/code/__torch__.py"),
        "constants.pkl": added("archive/constants.pkl"),
        "a second folder": added("other/data.pkl"),
        "storage by a name": added("archive/data/passwd"),
        "packed with 300 MB of zeros": bomb,
        "packed": lambda m: _zip(m, zipfile.ZIP_DEFLATED),
        "packed with bzip2": lambda m: _zip(m, zipfile.ZIP_BZIP2),
        "a member twice": twice,
        "a claim of 2 GiB": claimed,
        "50 000 members": lambda m: _zip(
            {**m, **{f"archive/data/{n}": b"" for n in range(50_000)}}
        ),
        "a storage gone": lambda m: _zip({k: v for k, v in m.items() if k != "archive/data/0"}),
        "a storage too short": lambda m: _zip({**m, "archive/data/0": b"1234"}),
        "a storage too long": lambda m: _zip({**m, "archive/data/0": bytes(10**6)}),
        "cut short": lambda m: _zip(m)[:-40],
        "bytes in front": lambda m: b"PK\x03\x04junk" + _zip(m),
        "no pickle": lambda m: _zip({k: v for k, v in m.items() if "pkl" not in k}),
        "a wrong byte": lambda m: _zip(m).replace(b"_rebuild_tensor_v2", b"_rebuild_tensor_v9"),
    }


_STORAGES: dict[str, tuple[Any, Any, Any, Any]] = {
    "10^12 elements claimed": (10**12, (10**12,), (1,), 0),
    "2^62 elements claimed": (2**62, (2,), (1,), 0),
    "-1 elements claimed": (-1, (2,), (1,), 0),
    "shape beyond its storage": (32, (10**6,), (1,), 0),
    "stride beyond its storage": (32, (4, 8), (10**12, 1), 0),
    "negative stride": (32, (4, 8), (-8, 1), 31),
    "offset beyond its storage": (32, (4, 8), (8, 1), 10**9),
    "negative offset": (32, (4, 8), (8, 1), -32),
    "expanded to 10^12": (32, (10**6, 10**6), (0, 0), 0),
    "negative shape": (32, (-4, -8), (8, 1), 0),
    "2^40 × 2^40 of nothing": (32, (2**40, 2**40, 0), (1, 1, 1), 0),
    "shape of text": (32, ("4", "8"), (8, 1), 0),
    "shape of None": (32, None, None, None),
}


def _state(numel: Any, sizes: Any, strides: Any, offset: Any) -> bytes:
    """The pickle of {"0.weight": a tensor that says so}, by its instructions."""

    def word(text: str) -> bytes:
        return b"X" + struct.pack("<I", len(text.encode())) + text.encode()

    def value(one: Any) -> bytes:
        if isinstance(one, tuple):
            return b"(" + b"".join(map(value, one)) + b"t"
        if isinstance(one, int):
            raw = one.to_bytes((one.bit_length() + 8) // 8, "little", signed=True)
            return b"\x8a" + bytes([len(raw)]) + raw
        return word(one) if isinstance(one, str) else b"N"

    storage = (b"(" + word("storage") + b"ctorch\nFloatStorage\n" + word("0") + word("cpu")
               + value(numel) + b"tQ")  # fmt: skip
    hooks = b"ccollections\nOrderedDict\n)R"
    tensor = (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + value(offset) + value(sizes)
              + value(strides) + b"\x89" + hooks + b"tR")  # fmt: skip
    return b"\x80\x02}(" + word("0.weight") + tensor + b"u."
