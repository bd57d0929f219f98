"""TensorBoard is an optional part."""

from lampas.errors import MissingExtraError


def require_tensorboard(who: str) -> None:
    """Raise `MissingExtraError`, with the line that brings it, where tensorboard is missing.

    >>> require_tensorboard("Board")
    """
    try:
        import tensorboard  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise MissingExtraError(f"{who} needs tensorboard: pip install tensorboard") from error
