"""Where what can be made or brought again is kept."""

import os
from pathlib import Path


def cache_folder(what: str) -> Path:
    """The folder of the cached `what`: in `LAMPAS_CACHE` where that variable is set, else in the
    user's cache folder of this system. It need not be there yet.

    >>> cache_folder("images").name
    'images'
    """
    above = os.environ.get("LAMPAS_CACHE")
    if above:
        return Path(above).absolute() / what
    from platformdirs import user_cache_path  # not for who predicts an image or two

    return user_cache_path("lampas") / what
