"""Small public data sets by name: those that one meets first.

`load(name)` gives rows to train on and rows to test on, `path(name)` the files themselves, and
`names()` says what there is. "titanic" and "covid19" come with the package. The others are looked
for where the variable LAMPAS_DATA points, then in the user's cache, and then brought from their
public homes. No file is used whose SHA-256 is not the one in `lampas.datasets.catalogue`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from lampas.datasets.catalogue import DATASETS
from lampas.datasets.find import located

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Frames = tuple[pd.DataFrame, pd.DataFrame]
    Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]
    Tokens = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

__all__ = ["load", "names", "path", "titanic"]


def names() -> list[str]:
    """What `load` and `path` know, by size.

    >>> names()
    ['covid19', 'titanic', 'rt_polarity', 'mnist', 'imdb', 'cifar2']
    """
    return sorted(DATASETS, key=lambda name: DATASETS[name].size)


@overload
def load(name: Literal["covid19", "rt_polarity", "titanic"]) -> "Frames": ...
@overload
def load(name: Literal["cifar2", "mnist"]) -> "tuple[Arrays, Arrays]": ...
@overload
def load(name: Literal["imdb"]) -> "tuple[Tokens, Tokens]": ...
@overload
def load(name: str) -> tuple[Any, Any]: ...
def load(name: str) -> tuple[Any, Any]:
    """The rows to train on, and those to test on, as the task for them or `Model.fit` takes them.

    The split is the same each time; no random number is in it.

    ===========  ========================================  =====================================
    name         train and test, each                      split
    ===========  ========================================  =====================================
    covid19      frame: date, confirmed_num, cured_num,    40 days; the last 7
                 dead_num, cumulative
    titanic      frame: Kaggle's columns, `Survived`       712; 179 passengers
    rt_polarity  frame: text, label ("pos" or "neg")       9 596; the last 533 lines of each file
    mnist        x uint8 (N, 28, 28), y int64 (N,)         the first 8 000; the last 2 000
    imdb         x int64 (N, 200), y int64 (N,), 1 is      16 000; the last 4 000 rows
                 positive
    cifar2       x uint8 (N, 32, 32, 3), y int64 (N,),     10 000; 2 000, as they are published
                 0 is airplane, 1 automobile
    ===========  ========================================  =====================================

    Where the files keep their classes apart (cifar2, rt_polarity), the rows take turns between
    them: so any slice is balanced.

    Raises `UnknownNameError`; `DataError` where a file that was found is another one;
    `DownloadError` where it had to be brought and could not.

    >>> train, test = load("covid19")
    >>> len(train), test["date"].dt.strftime("%d %B").iloc[[0, -1]].to_list()
    (40, ['04 March', '10 March'])
    """
    found = path(name)
    from lampas.datasets.readers import READERS

    return READERS[name](found)


def path(name: str) -> Path:
    """Where the data set is on the disk, each byte checked: its file, or the folder of its files.

    It is brought there first if need be. cifar2 is a tar of JPEGs, mnist a folder of two idx
    files, imdb a table of token ids without a head (.tsv or .tsv.gz), rt_polarity a folder of two
    texts with one review a line, titanic a folder of two tables, covid19 a table.

    Raises as `load` does.

    >>> path("covid19").name
    'covid-19.csv'
    """
    return located(name)


def titanic() -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The passengers to train on (712 rows) and those to test on (179 rows): `load("titanic")`.

    >>> train, test = titanic()
    >>> train.shape, test.shape
    ((712, 12), (179, 12))
    """
    return load("titanic")
