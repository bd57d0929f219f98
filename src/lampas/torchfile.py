"""Weights that `torch.save` wrote: read with `weights_only=True` alone, after a look of our own.

Such a file is a zip archive: a pickle that says how tensors lie in the other members. torch's
careful reader runs a small part of what pickles can say; two flaws were found in it, the later one
mended in torch 2.10 (CVE-2026-24747). So before it is called we list the archive, name each
instruction and each global of the pickle, and hold each storage against its member's size.
"""

import os
import pickletools
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

import torch
from torch import Tensor, nn

from lampas.artifact import Artifact
from lampas.errors import ArtifactError
from lampas.tensorfile import DTYPES
from lampas.weights import bare

_SAFE = (2, 10)  # the first torch in which CVE-2026-24747 is mended
_LONGEST = 8 << 20  # bytes of the pickle: 40 000 tensors take so many
_FREE, _EACH = 10_000, 100  # instructions that a pickle may have, and more for each member
_PLAIN = ("data.pkl", "byteorder", "version", ".format_version", ".storage_alignment",
          ".data/serialization_id")  # fmt: skip
_WIDTHS = {
    f"torch {kind}Storage": width
    for width, kinds in {
        1: ("Byte", "Char", "Bool"), 2: ("Short", "Half", "BFloat16"), 4: ("Int", "Float"),
        8: ("Long", "Double", "ComplexFloat"), 16: ("ComplexDouble",),
    }.items() for kind in kinds
} | {"torch.storage UntypedStorage": 1}  # fmt: skip
_GLOBALS = {
    "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
    "torch._utils _rebuild_parameter", *_WIDTHS, *(str(one).replace(".", " ") for one in
                                                   DTYPES.values()),
}  # fmt: skip
_VALUES = ("GLOBAL", "BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1")
_INSTRUCTIONS = {
    *_VALUES, "PROTO", "STOP", "MARK", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET",
    "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "SETITEM",
    "SETITEMS", "APPEND", "APPENDS", "NONE", "NEWTRUE", "NEWFALSE", "BINFLOAT", "BINPERSID",
    "REDUCE", "BUILD",
}  # fmt: skip


def is_torch_file(path: str | os.PathLike[str]) -> bool:
    """Whether `torch.save` may have written the file at `path`, since version 1.6."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return False
    try:
        with open(path, "rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
            file.seek(0)
            with zipfile.ZipFile(file) as archive:
                return any(name.endswith("data.pkl") for name in archive.namelist())
    except (OSError, *_DAMAGE):
        return False


def read_weights(path: str | os.PathLike[str], net: Any = None) -> Artifact:
    """The state dict in the file at `path`, on the CPU, as the weights of an artifact.

    net: the module that they are for, named in messages. Raises `ArtifactError` where the file is
    damaged, names code, or holds something else than tensors by their names; with torch before
    2.10, whose reader can be made to write past its memory, for every file.
    """
    name = os.fspath(path)
    _require_safe_torch(name)
    with open(path, "rb") as file:
        _look(file, name)
        file.seek(0)
        found = _loaded(file, name)
    class_name = type(bare(net)).__name__ if isinstance(net, nn.Module) else "Net"
    return Artifact("model", class_name, {"weights": _state(found, name)})


def _require_safe_torch(name: str) -> None:
    numbers = torch.__version__.partition("+")[0].split(".")[:2]
    if tuple(int("".join(filter(str.isdigit, one)) or 0) for one in numbers) < _SAFE:
        raise ArtifactError(
            f"{name} is a torch.save file, and the reader of torch {torch.__version__} can be made "
            "to write past its memory (CVE-2026-24747): pip install -U 'torch>=2.10'"
        )


def _look(file: BinaryIO, name: str) -> None:
    """Raise where archive or pickle are not those of a state dict; nothing is carried out."""
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = _members(archive, os.fstat(file.fileno()).st_size, name)
            pickle = archive.read(next(one for one in sizes if one.endswith("/data.pkl")))
    except ArtifactError:
        raise
    except (OSError, StopIteration, *_DAMAGE) as error:
        raise ArtifactError(f"{name} is damaged, or no torch.save file: {error}") from error
    folder = next(iter(sizes)).partition("/")[0]
    try:
        _count(pickle, _FREE + _EACH * len(sizes))
        for kind, key, count in _storages(pickle, name):
            if sizes.get(f"{folder}/data/{key}") != count * _WIDTHS[kind]:
                raise ArtifactError(
                    f"{name} is damaged: its tensor data {key!r:.40} are not as long as it says"
                )
    except ArtifactError:
        raise
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ArtifactError(f"{name} is damaged: its pickle cannot be read") from error


def _members(archive: zipfile.ZipFile, size: int, name: str) -> dict[str, int]:
    """The members by name, with their sizes, which together are no more than the file's `size`."""
    sizes: dict[str, int] = {}
    for info in archive.infolist():
        folder, _, rest = info.filename.partition("/")
        first = next(iter(sizes), info.filename).partition("/")[0]
        known = rest in _PLAIN or (rest.startswith("data/") and rest[5:].isdecimal())
        packed = info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size
        if folder != first or not known or info.filename in sizes:
            raise ArtifactError(
                f"{name} has a member {info.filename!r:.80}: weights have none such"
            )
        if packed or info.flag_bits & 1:
            raise ArtifactError(f"{name} has a packed member {info.filename!r:.80}: torch has none")
        sizes[info.filename] = info.file_size
    pickled = sizes.get(f"{next(iter(sizes), '').partition('/')[0]}/data.pkl", 0)
    if sum(sizes.values()) > size or pickled > _LONGEST:
        raise ArtifactError(f"{name} claims more bytes than it has")
    return sizes


def _count(pickle: bytes, most: int) -> None:
    """Raise where it has more instructions: each may make an object, of one byte some hundred."""
    for number, _ in enumerate(pickletools.genops(pickle)):
        if number > most:
            raise ValueError("more instructions than weights need")


def _storages(pickle: bytes, name: str) -> Iterator[tuple[str, str, int]]:
    """Kind, key and number of elements of each storage that the `pickle` asks for, while each
    instruction and each global in it is held against those that a state dict needs."""
    recent: list[Any] = []
    memory: dict[int, Any] = {}
    for code, given, _ in pickletools.genops(pickle):
        if code.name not in _INSTRUCTIONS:
            raise ArtifactError(f"{name} holds the pickle instruction {code.name}: {_NOT_OPENED}")
        if code.name == "GLOBAL" and given not in _GLOBALS:
            raise ArtifactError(f"{name} names code, {given!r:.80}: {_NOT_OPENED}")
        if code.name in _VALUES:
            recent.append(given)
        elif code.name.endswith("BINGET"):
            recent.append(memory.get(cast(int, given)))
        elif code.name.endswith("BINPUT"):
            memory[cast(int, given)] = recent[-1] if recent else None
        elif code.name == "BINPERSID":
            yield _storage(recent[-5:])
        del recent[:-5]


def _storage(told: Sequence[Any]) -> tuple[str, str, int]:
    word, kind, key, _, count = told
    if word != "storage" or not isinstance(key, str) or type(count) is not int:
        raise ValueError(word)
    return kind, key, count


_NOT_OPENED = (
    "it is not opened, as a state dict needs none; who trusts it saves its weights alone: "
    "torch.save(net.state_dict(), path)"
)


def _loaded(file: BinaryIO, name: str) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's reader meets damage with whatever exception is at hand
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ArtifactError(f"{name} is damaged: torch cannot read it ({line:.120})") from error


def _state(found: Any, name: str) -> dict[str, Tensor]:
    if not isinstance(found, dict):
        raise ArtifactError(f"{name} holds a {type(found).__name__}, and a state dict is needed")
    items = cast("dict[Any, Any]", found)
    others = [key for key, value in items.items() if not isinstance(value, Tensor)]
    if others or not all(isinstance(key, str) for key in items):
        shown = ", ".join(f"{key!r:.40}" for key in list(dict.fromkeys([*others, *items]))[:3])
        raise ArtifactError(
            f"{name} holds more than a state dict ({shown}): save that alone, "
            "torch.save(net.state_dict(), path)"
        )
    return dict(items)


_DAMAGE = (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, RuntimeError)
"""What a damaged archive raises."""
