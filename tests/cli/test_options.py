import typing

from lampas.cli import options
from lampas.series import own_net as series_net
from lampas.series import task as series
from lampas.tables import task as tables
from lampas.text import task as texts
from lampas.text import tokens
from lampas.text.own_net import NETS
from lampas.vision import task as images

FEW, MANY = 10, 10_000_000


def said(option: object) -> str:
    """The help of an option."""
    return typing.get_args(option)[1].help


def test_the_helps_tell_the_defaults_that_are_taken():
    pictures = [images._epochs(rows, images._batch_size(rows)) for rows in (MANY, FEW)]
    reviews = [texts._epochs(rows, texts._batch_size(rows)) for rows in (MANY, FEW)]
    assert said(options.Epochs) == (
        f"At most so many; tables {tables.EPOCHS}, images {pictures[0]} to {pictures[1]}, "
        f"texts {reviews[0]} to {reviews[1]}, time series {series.EPOCHS}."
    )
    assert said(options.Patience) == (
        f"Stop after so many epochs without a lower loss; tables {tables.PATIENCE}, time series "
        f"{series.PATIENCE}, texts a quarter of --epochs, images never."
    )
    batches = [task._batch_size(rows) for task in (images, texts, tables) for rows in (FEW, MANY)]
    assert said(options.BatchSize) == (
        f"Samples in a batch; by default {min(batches)} to {max(batches)}, by how many there are."
    )
    sizes = ", ".join(f"{kind} {size}" for kind, size in tokens.VOCABULARY.items())
    assert said(options.Vocabulary) == f"For texts: at most so many tokens; {sizes}."
    nets = [(name, [*found]) for name, found in (("Texts", NETS), ("time series", series_net.NETS))]
    assert (
        said(options.Net)
        == "; ".join(
            f"{name}: {first} (default), {', '.join(others)}" for name, (first, *others) in nets
        )
        + "."
    )
