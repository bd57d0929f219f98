"""The ways in which a folder of checkpoints, or a saved file, goes bad: one function a kind."""

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edits import EDITS, edited, parts_of, signed_json, signed_tensors, text_of, vouch

MANIFEST = "manifest.json"
PARTS = ("weights.safetensors", "optimizer.safetensors", "rest.safetensors")


@dataclass
class Site:
    """A copy of a run's folder, to be damaged: its checkpoints, the newest first, and another
    run's folder, which stays as it is."""

    folder: Path
    names: list[str]
    other: Path
    chance: random.Random

    @property
    def victim(self) -> Path:
        """A checkpoint: the newest one, three times of four."""
        index = 0 if self.chance.random() < 0.75 else self.chance.randrange(len(self.names))
        return self.folder / self.names[index]

    def file(self) -> Path:
        """A file of a checkpoint."""
        return self.victim / self.chance.choice((MANIFEST, *PARTS))


def spoil(path: Path, kind: str, chance: random.Random) -> None:
    """Change some bytes of a file."""
    raw = bytearray(path.read_bytes())
    place, length = chance.randrange(len(raw)), chance.choice([1, 8, 64, 4096])
    if kind == "bit":
        raw[place] ^= 1 << chance.randrange(8)
    elif kind == "overwritten":
        end = min(place + length, len(raw))
        raw[place:end] = chance.randbytes(end - place)
    elif kind == "zeroed":
        end = min(place + length, len(raw))
        raw[place:end] = bytes(end - place)
    elif kind == "cut":
        del raw[place:]
    elif kind == "grown":
        raw += chance.choice([bytes(length), chance.randbytes(length), raw[:length]])
    elif kind == "inserted":
        raw[place:place] = chance.randbytes(length)
    else:
        del raw[place : place + length]
    path.write_bytes(raw)


BYTES = {
    "bit": "a bit flipped",
    "overwritten": "bytes overwritten",
    "zeroed": "bytes zeroed",
    "cut": "cut short",
    "grown": "grown",
    "inserted": "bytes inserted",
    "left out": "bytes left out",
}


def _of_bytes(kind: str) -> Callable[[Site], None]:
    return lambda site: spoil(site.file(), kind, site.chance)


def _swapped(site: Site) -> None:
    """Two files of two checkpoints, or of one."""
    first, second = site.chance.sample(site.names, 2)
    one = site.folder / first / site.chance.choice(PARTS)
    two = site.folder / site.chance.choice([first, second]) / site.chance.choice(PARTS)
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(kept)


def _foreign(site: Site) -> None:
    """A part of another run."""
    theirs = site.chance.choice(sorted(site.other.iterdir()))
    name = site.chance.choice((MANIFEST, *PARTS))
    shutil.copy(theirs / name, site.victim / name)


def _foreign_whole(site: Site) -> None:
    """A whole checkpoint of another run, in the place of the newest."""
    place = site.folder / site.names[0]
    shutil.rmtree(place)
    shutil.copytree(site.chance.choice(sorted(site.other.iterdir())), place)


def _other_manifest(site: Site) -> None:
    first, second = site.chance.sample(site.names, 2)
    shutil.copy(site.folder / first / MANIFEST, site.folder / second / MANIFEST)


def _missing(site: Site) -> None:
    site.file().unlink()


def _empty(site: Site) -> None:
    site.file().write_bytes(b"")


def _made_folder(site: Site) -> None:
    file = site.file()
    file.unlink()
    file.mkdir()


def _link(site: Site) -> None:
    """A link: to nothing, to the file itself elsewhere, or to another checkpoint's."""
    file = site.file()
    elsewhere = site.folder / "elsewhere"
    shutil.copy(file, elsewhere)
    file.unlink()
    target = site.chance.choice([elsewhere, site.folder / "nothing", site.other / file.name])
    file.symlink_to(target)


def _pipe(site: Site) -> None:
    file = site.file()
    file.unlink()
    os.mkfifo(file)


def _number_too_high(site: Site) -> None:
    """A checkpoint takes a higher number, or a file or an empty folder has one."""
    made = site.folder / f"checkpoint-{site.chance.choice([999_999, 10**12])}"
    what = site.chance.randrange(4)
    if what == 0:
        made.write_text("not a folder")
    elif what == 1:
        made.mkdir()
    elif what == 2:
        shutil.copytree(site.victim, made)
    else:
        os.rename(site.victim, made)


def _nested(site: Site) -> None:
    victim = site.victim
    copy = site.folder / "copy"
    shutil.copytree(victim, copy)
    if site.chance.random() < 0.5:  # else beside its files
        shutil.rmtree(victim)
        victim.mkdir()
    os.rename(copy, victim / victim.name)


def _leftovers(site: Site) -> None:
    """What processes left that died."""
    for kind in (".writing-", ".going-"):
        shutil.copytree(site.victim, site.folder / f"{kind}000099-0000abcd")
    (site.folder / ".writing-000100-0000abcd").write_text("half")


def _unreadable(site: Site) -> None:
    site.chance.choice([site.file(), site.victim]).chmod(0)


def _json(kind: str, resigned: bool) -> Callable[[Site], None]:
    """The manifest edited; its checksum left, or made right again."""

    def damage(site: Site) -> None:
        path = site.victim / MANIFEST
        manifest = json.loads(path.read_text())
        if not resigned:
            path.write_text(edited(manifest, kind, site.chance))
            return
        if site.chance.random() < 0.8:
            state = manifest["state"]
            manifest["state"] = "@state@"
            text = text_of(manifest).replace('"@state@"', edited(state, kind, site.chance))
        else:
            text = edited(manifest, kind, site.chance)
        path.write_bytes(signed_json(text))

    return damage


def _header(kind: str) -> Callable[[Site], None]:
    """The header of a part edited, all checksums right again."""

    def damage(site: Site) -> None:
        victim, name = site.victim, site.chance.choice(PARTS)
        header, data = parts_of(victim / name)
        (victim / name).write_bytes(signed_tensors(edited(header, kind, site.chance), data))
        vouch(victim, name)

    return damage


_CODES = ("F32", "F64", "I64", "I32", "BF16", "F16", "U8", "BOOL", "I8")


def _reshaped(site: Site) -> None:
    """A tensor of another shape or dtype, or two names exchanged, all checksums right again."""
    victim, name = site.victim, site.chance.choice(PARTS)
    header, data = parts_of(victim / name)
    names = [one for one in header if one != "__metadata__"]
    one, two = site.chance.sample(names, 2)
    what = site.chance.randrange(4)
    if what == 0:
        header[one], header[two] = header[two], header[one]
    elif what == 1:
        header[one]["shape"] = header[one]["shape"][::-1]
    elif what == 2:
        header[one]["shape"] = [*header[one]["shape"], 1]
    else:
        header[one]["dtype"] = site.chance.choice(_CODES)
    (victim / name).write_bytes(signed_tensors(text_of(header), data))
    vouch(victim, name)


def _other_bytes(site: Site) -> None:
    """Bytes of tensors overwritten, all checksums right again."""
    victim, name = site.victim, site.chance.choice(PARTS)
    header, data = parts_of(victim / name)
    place = site.chance.randrange(len(data))
    made = site.chance.choice([bytes(8), b"\xff" * 8, site.chance.randbytes(8)])
    data = (data[:place] + made + data[place + 8 :])[: len(data)]
    (victim / name).write_bytes(signed_tensors(text_of(header), data))
    vouch(victim, name)


def _mixed(site: Site) -> None:
    """A part of another run or checkpoint, with a manifest that vouches for it."""
    victim, name = site.victim, site.chance.choice(PARTS)
    theirs = site.chance.choice([*site.other.iterdir(), *site.folder.iterdir()]) / name
    (victim / name).write_bytes(theirs.read_bytes())
    vouch(victim, name)


DAMAGES: dict[str, Callable[[Site], None]] = {
    **{said: _of_bytes(kind) for kind, said in BYTES.items()},
    "two parts swapped": _swapped,
    "a part of another run": _foreign,
    "a checkpoint of another run": _foreign_whole,
    "another checkpoint's manifest": _other_manifest,
    "a file missing": _missing,
    "a file empty": _empty,
    "a file made a folder": _made_folder,
    "a file made a link": _link,
    "a file made a pipe": _pipe,
    "a number too high": _number_too_high,
    "nested in itself": _nested,
    "leftovers of dead processes": _leftovers,
    **{f"JSON: {kind}": _json(kind, False) for kind in EDITS},
}  # fmt: skip
"""Whose checksums are left as they were."""

if hasattr(os, "geteuid") and os.geteuid():
    DAMAGES["no right to read"] = _unreadable

FORGED: dict[str, Callable[[Site], None]] = {
    **{f"JSON: {kind}": _json(kind, True) for kind in EDITS},
    **{f"header: {kind}": _header(kind) for kind in EDITS},
    "tensors of other shapes, dtypes, names": _reshaped,
    "other bytes in tensors": _other_bytes,
    "parts of two checkpoints": _mixed,
}
"""After which all checksums are right again: by one who knows the format."""
