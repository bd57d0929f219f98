"""JSON edited as a person or a broken program would, and files signed anew after an edit."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

ZEROS = "0" * 64
_NAN, _TWICE = "@nan@", "@twice@"  # what `json.dumps` cannot write, put in afterwards

Spot = tuple[Any, Any]
"""A dict or list, and the key or index of the value in it that is edited."""


def spots(value: Any) -> list[Spot]:
    """All places in nested JSON."""
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    found: list[Spot] = [(value, key) for key, _ in pairs]
    for _, inner in pairs:
        if isinstance(inner, dict | list):
            found += spots(inner)
    return found


def spot(value: Any, chance: random.Random) -> Spot:
    """One of them: each branch of the first levels is as likely, however much hangs on it."""
    for _ in range(chance.randrange(1, 4)):
        inner = [one for one in (value.values() if isinstance(value, dict) else value)
                 if isinstance(one, dict | list) and one]  # fmt: skip
        if not inner:
            break
        value = chance.choice(inner)
    return chance.choice(spots(value))


def _digit(at: Spot, chance: random.Random) -> None:
    place, key = at
    text = json.dumps(place[key])
    digits = [index for index, letter in enumerate(text) if letter.isdigit()]
    if not digits:
        place[key] = chance.randrange(10)
        return
    index = chance.choice(digits)
    other = chance.choice([one for one in "123456789" if one != text[index]])
    place[key] = json.loads(text[:index] + other + text[index + 1 :])


def _renamed(at: Spot, chance: random.Random) -> None:
    place, key = at
    if isinstance(place, dict):
        place[f"{key}_"] = place.pop(key)
    else:
        place[key] = {"renamed": place[key]}


def _removed(at: Spot, chance: random.Random) -> None:
    del at[0][at[1]]


def _doubled(at: Spot, chance: random.Random) -> None:
    place, key = at
    if isinstance(place, dict):
        place[f"{key}{_TWICE}"] = place[key]
    else:
        place.insert(key, place[key])


def _other_type(at: Spot, chance: random.Random) -> None:
    place, key = at
    others: list[Any] = [None, True, "text", 3, 0.5, [], {}, [1, 2], {"a": 1}, {"$tuple": []}]
    place[key] = chance.choice([one for one in others if type(one) is not type(place[key])])


def _huge(at: Spot, chance: random.Random) -> None:
    at[0][at[1]] = chance.choice([10**9, 2**63, 10**30, -1, -(10**12), 1e308, -1e308, 0])


def _nan(at: Spot, chance: random.Random) -> None:
    at[0][at[1]] = chance.choice([_NAN, {"$float": "nan"}, {"$float": "inf"}])


def _deep(at: Spot, chance: random.Random) -> None:
    value: Any = 1
    for _ in range(chance.choice([30, 200, 600])):
        value = [value]
    at[0][at[1]] = value


EDITS: dict[str, Callable[[Spot, random.Random], None]] = {
    "a digit": _digit,
    "a key renamed": _renamed,
    "a value removed": _removed,
    "a value doubled": _doubled,
    "another type": _other_type,
    "a huge number": _huge,
    "not a number": _nan,
    "deep nesting": _deep,
}


def text_of(value: Any) -> str:
    """JSON as Lampas writes it, and what no JSON writer would."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace(f'"{_NAN}"', "NaN").replace(_TWICE, "")


def edited(value: Any, kind: str, chance: random.Random) -> str:
    """The text of `value` after one edit; a deep copy is taken first."""
    copy = json.loads(json.dumps(value))
    EDITS[kind](spot(copy, chance), chance)
    return text_of(copy)


def signed_json(text: str) -> bytes:
    """A manifest whose checksum is right again, where it has a place for one."""
    found = json.loads(text.replace("NaN", "0"))
    digest = found.get("sha256") if isinstance(found, dict) else None
    if not isinstance(digest, str) or len(digest) != 64:
        return text.encode()
    cleared = text.replace(digest, ZEROS, 1)
    return cleared.replace(ZEROS, hashlib.sha256(cleared.encode()).hexdigest(), 1).encode()


def parts_of(path: Path) -> tuple[dict[str, Any], bytes]:
    """Header and data of a safetensors file."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def signed_tensors(header: str, data: bytes) -> bytes:
    """A safetensors file whose checksum is right again, where it has a place for one."""
    found = json.loads(header.replace("NaN", "0"))
    digest = found.get("__metadata__", {}) if isinstance(found, dict) else {}
    digest = digest.get("sha256") if isinstance(digest, dict) else None
    if isinstance(digest, str) and len(digest) == 64:
        header = header.replace(digest, ZEROS, 1)
    raw = len(header.encode()).to_bytes(8, "little") + header.encode() + data
    return raw.replace(ZEROS.encode(), hashlib.sha256(raw).hexdigest().encode(), 1)


def vouch(checkpoint: Path, *names: str) -> None:
    """Have the manifest of `checkpoint` say of these files what they are now."""
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    for name in names:
        raw = (checkpoint / name).read_bytes()
        manifest["parts"][name] = {
            "bytes": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest(),
        }
    (checkpoint / "manifest.json").write_bytes(signed_json(text_of(manifest)))
