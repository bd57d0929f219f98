"""A folder that cannot be written is to be known before any training."""

import tempfile
from pathlib import Path

from lampas.errors import InputError


def require_writable(folder: Path, owner: str) -> None:
    """Make `folder` and try to write in it; raise `InputError` where that fails.

    A file is really written: permission bits say nothing on many network disks.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
        raise InputError(
            f"{owner} cannot write in {str(folder)!r}: {reason}; "
            "choose a folder that can be written"
        ) from error
