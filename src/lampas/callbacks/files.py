"""A folder that cannot be written is to be known before any training."""

from pathlib import Path

from lampas.errors import InputError
from lampas.place import why_unwritable


def require_writable(folder: Path, owner: str) -> None:
    """Make `folder` and try to write in it; raise `InputError` where that fails."""
    why = why_unwritable(folder)
    if why is not None:
        raise InputError(
            f"{owner} cannot write in {str(folder)!r}: {why}; choose a folder that can be written"
        )
