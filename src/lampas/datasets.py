"""Small tables that come with the package, for first steps and for tests.

`titanic_train.csv` and `titanic_test.csv`: 712 and 179 passengers of the Titanic with Kaggle's
columns, historical figures; `Survived` (0 or 1) is what one predicts. Age, Cabin and Embarked
have gaps. SHA-256:
cd474e00d689cb4ab16c1748eb1b573a24787812634071cf347f11594c368b54  titanic_train.csv
8c22bf51744e6a082abd2d5c8511d681418295192b5994c9e0c3896051c2c52a  titanic_test.csv
"""

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def titanic() -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The passengers to train on (712 rows) and those to test on (179 rows).

    >>> train, test = titanic()
    >>> train.shape, test.shape
    ((712, 12), (179, 12))
    """
    return _table("titanic_train.csv"), _table("titanic_test.csv")


def _table(name: str) -> "pd.DataFrame":
    import pandas as pd

    with as_file(files("lampas") / "data_files" / name) as path:
        return pd.read_csv(path)
