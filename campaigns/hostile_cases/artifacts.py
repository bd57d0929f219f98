"""Saved runs (.lampas): headers that lie, JSON that bursts, content that claims giant things."""

import gzip
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trial import command

import lampas
from hostile_cases.bases import edited, net, parts, written
from hostile_cases.case import CANARY, Case, Payload

_OBJECTS = 256 << 20  # 2 000 000 values, as many as are read, take 200 MB
Edit = Callable[[dict[str, Any]], Any]


def load(place: Path) -> Callable[[], Any]:
    """Open it as a model of a net, or as what it says it is; then ask what a reader would."""

    def run() -> str:
        model: Any = lampas.load(place, net=net())
        return type(model).__name__

    return run


def use(place: Path) -> Callable[[], Any]:
    """Open it without a net, summarise it, and use it where that needs no data."""

    def run() -> str:
        from lampas.fitted import summarized

        model: Any = lampas.load(place)
        if model.noun == "text" and hasattr(model.tokens, "tokenizer"):
            model.predict(["a fine film", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"])
        if model.noun == "window":
            model.forecast()
        str(summarized(model))
        return repr(model)[:80]

    return run


def summary(place: Path) -> Callable[[], Any]:
    """`lampas summary` of it."""
    return command(["summary", str(place)])


def cases(bases: dict[str, Path]) -> Iterator[Case]:
    """All cases of this kind."""
    yield from _pickles(bases)
    yield from _headers()
    yield from _descriptions(bases)
    yield from _claims(bases)


def _bytes(make: Callable[[Path], bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "a.lampas").write_bytes(make(folder))
        return folder / "a.lampas"

    return write


def _pickles(bases: dict[str, Path]) -> Iterator[Case]:
    def pickled(protocol: int) -> Callable[[Path], bytes]:
        return lambda folder: pickle.dumps(Payload(folder / CANARY), protocol)

    def zipped(folder: Path) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickled(2)(folder))
        return file.getvalue()

    def tarred(folder: Path) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            info = tarfile.TarInfo("pickle")
            info.size = len(pickled(2)(folder))
            archive.addfile(info, io.BytesIO(pickled(2)(folder)))
        return file.getvalue()

    def in_metadata(folder: Path) -> bytes:
        text = json.dumps({"__metadata__": {"pickle": pickled(0)(folder).decode()}}).encode()
        return len(text).to_bytes(8, "little") + text

    def in_tensor(folder: Path) -> Path:
        header, _, _ = parts(bases["model"])
        data = pickled(2)(folder)
        meta = {"sha256": "0" * 64, "lampas": header["__metadata__"]["lampas"]}
        text = json.dumps({"__metadata__": meta, "a": {
            "dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}})  # fmt: skip
        return written(folder / "a.lampas", text.encode(), data)

    for protocol in range(6):
        name = f"pickle of protocol {protocol}"
        yield Case("pickle", name, _bytes(pickled(protocol)), load)
    yield Case("pickle", "pickle, to the shell", _bytes(pickled(4)), summary, shell=True)
    yield Case("pickle", "zip with a pickle", _bytes(zipped), load)
    yield Case("pickle", "tar with a pickle", _bytes(tarred), load)
    yield Case("pickle", "gzip of a pickle", _bytes(lambda f: gzip.compress(pickled(2)(f))), load)
    yield Case("pickle", "pickle in safetensors' metadata", _bytes(in_metadata), load)
    yield Case("pickle", "pickle as a tensor's bytes", in_tensor, load)


def _one(**change: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **change}


def _headers() -> Iterator[Case]:
    lies: dict[str, Any] = {
        "shape over 2^63": _one(shape=[2**63]),
        "shapes that multiply over 2^64": _one(shape=[2**32, 2**32], data_offsets=[0, 0]),
        "no elements beside 2^63": _one(shape=[0, 2**63], data_offsets=[0, 0]),
        "no elements beside two of 2^40": _one(shape=[2**40, 0, 2**40], data_offsets=[0, 0]),
        "less than no elements": _one(shape=[-1]),
        "two negative sides": _one(shape=[-2, -1]),
        "float side": _one(shape=[2.0]),
        "true for a side": _one(shape=[True, 2]),
        "side of text": _one(shape=["2"]),
        "side of 4 000 digits": _one(shape=[10**4000]),
        "shape that is none": _one(shape=None),
        "65 dimensions": _one(shape=[1] * 65, data_offsets=[0, 4]),
        "100 000 dimensions": _one(shape=[1] * 100_000, data_offsets=[0, 4]),
        "unknown dtype": _one(dtype="F128"),
        "dtype of a dict": _one(dtype={"F32": 1}),
        "dtype by a path": _one(dtype="__class__.__init__"),
        "end before begin": _one(data_offsets=[8, 0]),
        "negative begin": _one(data_offsets=[-8, 0]),
        "begin of 10^30": _one(data_offsets=[10**30, 10**30 + 8]),
        "end far beyond the file": _one(shape=[2**40], data_offsets=[0, 2**42]),
        "three offsets": _one(data_offsets=[0, 4, 8]),
        "offsets of text": _one(data_offsets=["0", "8"]),
        "a gap before": _one(data_offsets=[8, 16]),
        "list in the place of a tensor": [1, 2],
        "10^4 digits in a key": None,
    }
    for name, told in lies.items():
        header = {"__metadata__": {"sha256": "0" * 64, "lampas": "{}"}, "a": told}
        yield Case("header", name, _header(json_of(header)), load)
    both = {"a": _one(), "b": _one()}
    yield Case("header", "two tensors in one place", _header(json.dumps(both).encode()), load)
    crossed = {"a": _one(), "b": _one(data_offsets=[4, 12])}
    yield Case("header", "tensors that overlap", _header(json.dumps(crossed).encode()), load)
    for count in (200_000, 1_000_000):
        yield Case("header", f"{count:,} tensors of nothing", _header(_many(count)), load,
                   room=_OBJECTS)  # fmt: skip
    for length in (2**63, 2**64 - 1, 2**40, 99_999_999, 0, 1):
        raw = length.to_bytes(8, "little") + b"{}" + bytes(100)
        yield Case("header", f"length {length}", _bytes(lambda f, raw=raw: raw), load)
    deep = b"[" * 1_000_000
    texts = {
        "lists 10^6 deep": deep,
        "dicts 10^6 deep": b'{"a":' * 1_000_000,
        "an integer of 10^6 digits": b'{"a": ' + b"9" * 1_000_000 + b"}",
        "an integer of 4 000 digits": b'{"a": ' + b"9" * 4_000 + b"}",
        "a key twice": b'{"a": 1, "a": 2}',
        "metadata twice": b'{"__metadata__": {}, "__metadata__": {"lampas": "{}"}}',
        "NaN": b'{"a": NaN}',
        "Infinity": b'{"a": -Infinity}',
        "1e999": b'{"a": 1e999}',
        "no UTF-8": b'{"a": "\xff\xfe"}',
        "NUL": b'{"a": 1}\0\0',
        "UTF-16": '{"a": 1}'.encode("utf-16"),
        "byte-order mark": b'\xef\xbb\xbf{"a": 1}',
        "half a surrogate pair": b'{"__metadata__": {"lampas": "\\ud800"}}',
        "10^7 empty lists": b"[" + b"[]," * 10_000_000 + b"[]]",
        "10^6 keys": b"{" + b",".join(b'"%d":0' % n for n in range(10**6)) + b"}",
        "80 MB of metadata": b'{"__metadata__": {"a": "' + b"x" * 80_000_000 + b'"}}',
        "metadata of numbers": b'{"__metadata__": {"lampas": 3}}',
        "metadata of lists": b'{"__metadata__": []}',
    }
    for name, text in texts.items():
        yield Case("json", f"header: {name}", _header(text), load, room=_OBJECTS)
    yield Case("json", "to the shell: lists 10^6 deep", _header(deep), summary, shell=True)


def json_of(value: Any) -> bytes:
    return json.dumps(value).encode()


def _header(text: bytes) -> Callable[[Path], Path]:
    return lambda folder: written(folder / "a.lampas", text, bytes(8))


def _many(count: int) -> bytes:
    tensor = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    return ("{" + ",".join(f'"{n}":{tensor}' for n in range(count)) + "}").encode()


def _descriptions(bases: dict[str, Path]) -> Iterator[Case]:
    def raw(text: str) -> Callable[[Path], Path]:
        def write(folder: Path) -> Path:
            header, _, data = parts(bases["model"])
            header["__metadata__"] = {"sha256": "0" * 64, "lampas": text}
            return written(folder / "a.lampas", json.dumps(header).encode(), data)

        return write

    for name, text in {
        "lists 10^6 deep": "[" * 1_000_000,
        "an integer of 10^6 digits": '{"format": ' + "9" * 1_000_000 + "}",
        "a key twice": '{"kind": "model", "kind": "tabular"}',
        "10^7 numbers with escaped commas": "[" + "1," * 10_000_000 + "1]",
        "a list": "[]", "a number": "3", "nothing": "",
    }.items():  # fmt: skip
        yield Case("json", f"description: {name}", raw(text), load)
    edits: dict[str, Edit] = {
        "format of the future": lambda d: d.update(format=10**9),
        "kind that is none": lambda d: d.update(kind="os.system"),
        "kind that is a path": lambda d: d.update(kind="lampas.cli.own:find_class"),
        "class of terminal signs": lambda d: d.update({"class": "\x1b[2J\x1b]0;x\x07"}),
        "class that is a dict": lambda d: d.update({"class": {}}),
        "metrics of text": lambda d: d.update(metrics={"auc": "\x1b[31m"}),
        "metrics of lists": lambda d: d.update(metrics={"auc": [1]}),
        "history of text": lambda d: d.update(history=[{"epoch": "1", "loss": "2"}]),
        "history with an epoch of 1e300": lambda d: d.update(history=[{"epoch": 1e300}]),
        "history with an infinite epoch": lambda d: d.update(
            history=[{"epoch": {"$float": "inf"}}]),
        "versions of numbers": lambda d: d.update(versions={"torch": 3}),
        "settings of a list": lambda d: d.update(settings=[]),
        "content of nothing": lambda d: d.update(content={}),
        "weights that are text": lambda d: d["content"].update(weights="os"),
        "weights by another name": lambda d: d["content"]["weights"].update(
            {"0.weight": {"$tensor": "../../etc/passwd"}}),
        "weights that are a device": lambda d: d["content"]["weights"].update(
            {"0.weight": {"$device": "cuda:99999999999"}}),
        "weights of another shape": lambda d: d["content"]["weights"].update(
            {"0.weight": d["content"]["weights"]["2.weight"]}),
        "an unknown tag": lambda d: d["content"].update(more={"$import": "os"}),
        "a tag and another key": lambda d: d["content"].update(more={"$tuple": [], "a": 1}),
        "a scalar that is no number": lambda d: d["content"].update(more={"$scalar": ["object", 1]}),
        "a scalar too large": lambda d: d["content"].update(more={"$scalar": ["int8", 10**6]}),
        "a size of 2^70": lambda d: d["content"].update(more={"$size": [2**70]}),
        "an int of 10^6 hex digits": lambda d: d["content"].update(more={"$int": "0x" + "f" * 10**6}),
        "keys that cannot be": lambda d: d["content"].update(more={"$dict": [[[1], 2]]}),
        "optimizers in a list": lambda d: d["content"].update(optimizers=[1]),
    }  # fmt: skip
    free = ("a size of 2^70", "class of terminal signs", "an int of 10^6 hex digits", "kind that is none",
            "kind that is a path", "settings of a list")  # fmt: skip
    for name, change in edits.items():
        yield Case("content", name, _edit(bases["model"], change), load, like="model",
                   must="" if name in free else "refused")  # fmt: skip
        if "terminal" in name or "text" in name:
            yield Case("terminal", f"summary: {name}", _edit(bases["model"], change), summary,
                       like="model", shell=True, must="", check=no_signs)  # fmt: skip


def no_signs(place: Path, said: str) -> str:
    """What of `said` could order a terminal."""
    bad = [sign for sign in said if sign != "\n" and (ord(sign) < 32 or 127 <= ord(sign) < 160)]
    bad += [sign for sign in said if 0x2028 <= ord(sign) <= 0x202E or 0x2066 <= ord(sign) <= 0x2069]
    return f"terminal signs {bad[:3]!r}" if bad else ""


def _edit(base: Path, change: Edit) -> Callable[[Path], Path]:
    return lambda folder: edited(base, folder / "a.lampas", change)


def _claims(bases: dict[str, Path]) -> Iterator[Case]:
    def at(*path: Any, value: Any) -> Edit:
        def change(description: dict[str, Any]) -> None:
            inside: Any = description
            for step in path[:-1]:
                inside = inside[step]
                inside = inside.get("$tuple", inside) if isinstance(inside, dict) else inside
            inside[path[-1]] = value

        return change

    def tokens(change: Callable[[dict[str, Any]], Any]) -> Edit:
        def of(description: dict[str, Any]) -> None:
            told = description["content"]["tokens"]
            inner = json.loads(told["tokenizer"])
            change(inner)
            told["tokenizer"] = json.dumps(inner)

        return of

    c = "content"
    regex = {"type": "Split", "pattern": {"Regex": "(a*)*(a|aa)+$"}, "behavior": "Isolated",
             "invert": False}  # fmt: skip
    growing = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 100_000}
    listed: list[tuple[str, str, Edit, str]] = [
        ("image", "size 10^6 × 10^6", at(c, "form", "size", value=[10**6, 10**6]), "refused"),
        ("image", "size 10^12 × 1", at(c, "form", "size", value=[10**12, 1]), "refused"),
        ("image", "size below 0", at(c, "form", "size", value=[-8, -8]), "refused"),
        ("image", "size of text", at(c, "form", "size", value=["8", "8"]), "refused"),
        ("image", "10^9 channels", at(c, "form", "channels", value=10**9), "refused"),
        ("image", "no form", at(c, value={}), "refused"),
        ("image", "12 000 × 12 000", at(c, "form", "size", value=[12_000, 12_000]), ""),
        ("image", "10^5 classes claimed", at(c, "targets", "classes",
                                             value=[[str(n) for n in range(10**5)]]), ""),
        ("tabular", "10^5 categories claimed", at(c, "preparer", "coders", 1, "values",
                                                  value=[str(n) for n in range(10**5)]), "refused"),
        ("tabular", "a coder of another name", at(c, "preparer", "coders", 0, "coder",
                                                  value="os.system"), "refused"),
        ("tabular", "a coder with another field", at(c, "preparer", "coders", 0, "eval",
                                                     value="1"), "refused"),
        ("tabular", "task that is none", at(c, "targets", "task", value="exec"), "refused"),
        ("tabular", "schema of nothing", at(c, "schema", value={}), "refused"),
        ("tabular", "own net, by a path", at("settings", "own_net", value=True), "refused"),
        ("word", "vocabulary numbered to 2^40", tokens(
            lambda t: t["model"]["vocab"].update(film=2**40)), "refused"),
        ("word", "vocabulary numbered below 0", tokens(
            lambda t: t["model"]["vocab"].update(film=-1)), "refused"),
        ("word", "two tokens of one number", tokens(
            lambda t: t["model"]["vocab"].update(film=3)), "refused"),
        ("word", "vocabulary of lists", tokens(lambda t: t["model"].update(vocab=[1])), "refused"),
        ("word", "a pattern that never ends", tokens(
            lambda t: t.update(pre_tokenizer=regex)), ""),
        ("word", "a normaliser that grows", tokens(lambda t: t.update(normalizer=growing)), ""),
        ("word", "tokeniser 10^6 deep", at(c, "tokens", "tokenizer", value="[" * 10**6), "refused"),
        ("word", "tokeniser of another kind", at(c, "tokens", "kind", value="unigram"), "refused"),
        ("word", "texts of 10^12 tokens", at("settings", "length", value=10**12), ""),
        ("word", "10^12 pairs", at("settings", "pairs", value=10**12), "refused"),
        ("word", "net by an import", at("settings", "net", value="os.system"), "refused"),
        ("word", "net of a dict", at("settings", "net", value={"a": 1}), "refused"),
        ("word", "positions by a path", at("settings", "positions", value="../x"), "refused"),
        ("bpe", "merges of tokens that are not there", tokens(
            lambda t: t["model"].update(merges=[["x", "yy"]])), "refused"),
        ("bpe", "merges of numbers", tokens(lambda t: t["model"].update(merges=[[1, 2]])), "refused"),
        ("ids", "an embedding of 10^12 rows", at(c, "tokens", "highest", value=10**12), "refused"),
        ("ids", "an embedding of 2^63 rows", at(c, "tokens", "highest", value=2**63), "refused"),
        ("ids", "highest below 0", at(c, "tokens", "highest", value=-5), "refused"),
        ("gru", "lookback 10^9", at(c, "sizes", "lookback", value=10**9), ""),
        ("gru", "horizon 10^9", at(c, "sizes", "horizon", value=10**9), "refused"),
        ("gru", "10^9 inputs", at(c, "sizes", "inputs", value=10**9), "refused"),
        ("gru", "10^12 targets", at(c, "sizes", "targets", value=10**12), "refused"),
        ("gru", "season 10^12", at(c, "season", value=10**12), ""),
        ("gru", "season 0", at(c, "season", value=0), ""),
        ("gru", "newest rows at 10^12", at(c, "panel", "series", 0, 1, value=10**12), "refused"),
        ("gru", "newest rows at -1", at(c, "panel", "series", 0, 1, value=-1), "refused"),
        ("gru", "a clock that is none", at(c, "clock", "frequency", value="__import__"), "refused"),
        ("gru", "start at the year 10^9", at(c, "panel", "start", value="999999999-01-01"), "refused"),
        ("dlinear", "lookback 10^9", at(c, "sizes", "lookback", value=10**9), "refused"),
        ("dlinear", "lookback of text", at(c, "sizes", "lookback", value="7"), "refused"),
    ]  # fmt: skip
    for kind, name, change, must in listed:
        make = _edit(bases[kind], change)
        yield Case("claims", f"{kind}: {name}", make, use, like=kind, must=must)
    for kind in ("image", "gru", "word"):
        change = next(edit for of, _, edit, _ in listed if of == kind)
        yield Case("claims", f"summary of {kind}", _edit(bases[kind], change), summary, like=kind,
                   shell=True)  # fmt: skip
