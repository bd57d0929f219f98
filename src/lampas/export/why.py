"""Why a net cannot be exported: torch's pages of text as one line, with the fix."""

import re
import sysconfig
import traceback
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[\d+m")
_OURS = str(Path(__file__).parents[1])


def why(error: BaseException) -> str:
    """One line for what `torch.export`, `torch.onnx` or the net's own `forward` raised.

    >>> why(RuntimeError("No ONNX function found for <OpOverload(op='aten.svd', overload='')>"))
    'ONNX has no operator for aten.svd: export to .pt2, or write it with others'
    """
    said = _COLOURS.sub("", str(error))
    for pattern, words in _KNOWN:
        found = re.search(pattern, said, re.S)
        if found:
            parts = [_plain(part, found.groups()[0]) for part in found.groups()]
            return words.format(*parts) + place_of(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[0].rstrip(".: ") if lines else type(error).__name__) + place_of(error)


def place_of(error: BaseException) -> str:
    """Where in the user's own code it happened, as " (nets.py, line 7)"; "" where in none."""
    frames = traceback.extract_tb(error.__traceback__)
    # "<string>" and its like: code that was made, and has no lines to show.
    others = (_OURS, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), "<")
    own = [frame for frame in frames if not frame.filename.startswith(others)]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _plain(part: str, size: str) -> str:
    """A guard of torch's in the words of the user, with the name of the size that it is about."""
    words = re.sub(r"L\['\w+'\](\[\d+\])?\.size\(\)\[\d+\]", size, " ".join(part.split()))
    return words.replace(f" and {size} <= IntInfinity()", "").rstrip(".")


_KNOWN = (
    (
        r"marked (\w+) as dynamic but your code specialized it to be a constant \((\d+)\)",
        "forward fixes the {0} to the {1} that it was traced with: take -1 or x.shape[0] in "
        "reshape and view, and no len(x), no loop over rows",
    ),
    (
        r"Not all values of (\w+) = .*? satisfy the generated guard (.*?)(?:\n|$)",
        "forward takes another way where the {0} has another size (this one holds for {1}): "
        "leave the branch out",
    ),
    (
        r"Could not (?:guard on|extract specialized integer from) data-dependent expression",
        "forward decides by the values of a tensor, and a file holds one way: write torch.where, "
        "without if, .item() and int()",
    ),
    (
        r"No ONNX function found for <OpOverload\(op='([\w.]+)'",
        "ONNX has no operator for {0}: export to .pt2, or write it with others",
    ),
    (
        r"\.numpy\(\) is not supported|Can't call numpy\(\)",
        "forward leaves torch for NumPy, where no file can follow: write it with tensors",
    ),
    (
        r"Could not find an implementation for (\w+)\(\d+\) node",
        "onnxruntime has no {0} for this net's numbers: export a float32 copy, as of "
        "copy.deepcopy(model).float()",
    ),
)  # fmt: skip
