"""Real English that is there after installation: sentences out of the docstrings of libraries.

The files are read and parsed, never imported: nothing of theirs runs, and it takes seconds.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

LIBRARIES = ("matplotlib", "numpy", "pandas", "scipy", "sklearn", "torch")

_NAMES = re.compile(
    r"matplotlib|pyplot|numpy|pandas|scipy|sklearn|scikit|torch|\b(mpl|np|pd|aten)\b", re.I
)
_ROLE = re.compile(r":[\w:]+:`~?([^`<]+)(?:<[^>]*>)?`")
_ENDS = re.compile(r"(?<=[a-z)][.!?])\s+(?=[A-Z])")
_PROSE = re.compile(r"[A-Z][A-Za-z0-9 ,;:'()\"/%-]+[.!?]")
_HEADING = re.compile(r"[A-Z]\w+:")
_WORDS = (6, 40)  # in a sentence: shorter ones say little, longer ones are lists
_PART_OF = (0, 2, 0, 1, 0)  # of five files: three to train on, one to test on, one to validate
_Row = tuple[str, str, str]


def sentences(
    each: int = 1000, seed: int = 0, libraries: Sequence[str] = LIBRARIES
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Sentences to train on, to validate on and to test on: columns text, library and file.

    each: sentences of a library to train on, and a quarter of that for either of the others;
    fewer where a library has not so many. Files are drawn at random by `seed`, three of five for
    training: the sentences of one file are all on one side. Sentences with code, or with the name
    of one of the libraries, which would give it away, are left out, and so is what was read
    before. A library that is not installed is passed over.

    >>> parts = sentences(each=20, libraries=("numpy", "pandas"))
    >>> [part["library"].value_counts().to_dict() for part in parts]
    [{'numpy': 20, 'pandas': 20}, {'numpy': 5, 'pandas': 5}, {'numpy': 5, 'pandas': 5}]
    """
    random = np.random.default_rng(seed)
    seen: set[str] = set()
    parts: tuple[list[_Row], list[_Row], list[_Row]] = ([], [], [])
    for library in libraries:
        files = _files(library)
        room = [each, each // 4, each // 4]
        for place, number in enumerate(random.permutation(len(files))):
            part = _PART_OF[place % len(_PART_OF)]
            if not any(room):
                break
            if room[part]:
                root, path = files[number]
                new = _new(_in_file(path), seen, room[part])
                room[part] -= len(new)
                name = path.relative_to(root.parent).as_posix()
                parts[part].extend((one, library, name) for one in new)
    train, validation, test = (
        pd.DataFrame(rows, columns=["text", "library", "file"]) for rows in parts
    )
    return train, validation, test


def _new(found: Iterator[str], seen: set[str], most: int) -> list[str]:
    """The sentences that were not `seen` yet, which they then are: `most` of them."""
    new: list[str] = []
    for sentence in found:
        if len(new) == most:
            break
        if sentence.lower() not in seen:
            seen.add(sentence.lower())
            new.append(sentence)
    return new


def _files(library: str) -> list[tuple[Path, Path]]:
    """(root, file) of the library's modules, without its tests, in a fixed order."""
    spec = importlib.util.find_spec(library)  # of a package at the top: nothing is imported
    roots = [] if spec is None else [Path(one) for one in spec.submodule_search_locations or ()]
    return [
        (root, path)
        for root in roots
        for path in sorted(root.rglob("*.py"))
        if not any("test" in part for part in path.relative_to(root).parts)
    ]


def _in_file(path: Path) -> Iterator[str]:
    """The sentences of all docstrings of a module."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from prose(ast.get_docstring(node) or "")


def prose(docstring: str) -> Iterator[str]:
    """The sentences in a docstring that are plain English.

    >>> list(prose("Sort the rows by ``key``, the smallest one first.\\n\\n>>> sort([2, 1])\\n"))
    ['Sort the rows by key, the smallest one first.']
    """
    for paragraph in re.split(r"\n\s*\n", docstring):
        if re.search(r"^\s*(>>>|\.\. |[-=~*]{3,}|[-*] |:\w)", paragraph, re.M):
            continue  # examples, directives, headings and lists
        text = _ROLE.sub(r"\1", " ".join(paragraph.split())).replace("`", "").replace("*", "")
        for sentence in _ENDS.split(text):
            if _is_prose(sentence):
                yield sentence


def _is_prose(sentence: str) -> bool:
    words = sentence.split()
    return (
        _WORDS[0] <= len(words) <= _WORDS[1]
        and _PROSE.fullmatch(sentence) is not None
        and _NAMES.search(sentence) is None
        and _HEADING.match(sentence) is None
        and sum(word.strip(",;:.()'\"").isalpha() for word in words) >= 0.8 * len(words)
    )
