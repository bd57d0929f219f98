"""The data sets: their files, each with its SHA-256, and the homes that they are brought from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lampas.datasets.convert import as_it_is, cifar2_tar, with_crlf

_GITHUB = "https://raw.githubusercontent.com"
_ARCHIVES = "https://codeload.github.com"
_MNIST = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
_POLARITY = (
    f"{_GITHUB}/dennybritz/cnn-text-classification-tf"
    "/18762b459e21d9c70e5c242f8d43fc4e6db37a0d/data/rt-polaritydata",
    f"{_GITHUB}/hdh7485/cnn-text-classification-tf"
    "/6bdf92dd0964fa9b91898eabef680b6224626131/data/rt-polaritydata_backup",
)
# The first commit that has the pictures: later ones come with 100 MB of other things.
_CIFAR2 = "tar.gz/de4b5ea749b2b0a16bdf57eb1e1e09063b66ee50"


@dataclass(frozen=True)
class Home:
    """Where a file is published, and how what comes from there becomes the file.

    most: bytes; a longer answer is refused.
    """

    url: str
    most: int
    convert: Callable[[Path], Iterator[bytes]] = as_it_is


@dataclass(frozen=True)
class File:
    """One file of a data set.

    zipped: (name, SHA-256) of the same content in a .gz, which is as good.
    """

    name: str
    size: int
    sha256: str
    homes: tuple[Home, ...] = ()
    zipped: tuple[str, str] | None = None

    @property
    def forms(self) -> list[tuple[str, str]]:
        """(name, SHA-256) of each file that will do."""
        own = (self.name, self.sha256)
        return [own] if self.zipped is None else [own, self.zipped]


@dataclass(frozen=True)
class Dataset:
    """The files of a data set, and the folder that they lie in."""

    folder: str
    files: tuple[File, ...]
    what: str
    source: str
    comes_with_us: bool = False

    @property
    def size(self) -> int:
        """In bytes, of all files."""
        return sum(file.size for file in self.files)


def _mirrored(name: str, size: int, sha256: str, folders: tuple[str, ...]) -> File:
    return File(name, size, sha256, tuple(Home(f"{folder}/{name}", size) for folder in folders))


DATASETS = {
    "titanic": Dataset(
        "titanic",
        (
            File(
                "train.csv",
                50_451,
                "cd474e00d689cb4ab16c1748eb1b573a24787812634071cf347f11594c368b54",
            ),
            File(
                "test.csv",
                12_524,
                "8c22bf51744e6a082abd2d5c8511d681418295192b5994c9e0c3896051c2c52a",
            ),
        ),
        what="who survived the Titanic: a table with gaps",
        source="historical figures, with Kaggle's columns",
        comes_with_us=True,
    ),
    "covid19": Dataset(
        "",
        (
            File(
                "covid-19.csv",
                1_563,
                "b1ee30592132ab7b853871b2893517b96fccf3269c93a724c67a185419e1e05b",
            ),
        ),
        what="47 days of covid-19 in China: a time series",
        source="figures made public by the authorities, early in 2020",
        comes_with_us=True,
    ),
    "cifar2": Dataset(
        "cifar2",
        (
            File(
                "cifar2.tar",
                18_606_080,
                "3f2d393962587c56c226298e91fdd3e21eb33c8e6e2b4a535503a917c51ebfa1",
                tuple(
                    Home(
                        f"{_ARCHIVES}/{owner}/eat_tensorflow2_in_30_days/{_CIFAR2}",
                        200_000_000,
                        cifar2_tar,
                    )
                    for owner in ("lyhue1991", "learningleading")
                ),
            ),
        ),
        what="airplanes and automobiles: 12 000 pictures of 32 × 32",
        source="Krizhevsky 2009 (CIFAR-10), as JPEGs; no licence stated",
    ),
    "imdb": Dataset(
        "imdb_tokens",
        (
            File(
                "train_token.tsv",
                12_279_311,
                "7c47861ee220bc0e1ffffe125779697ebd98cdfa5a57201e7d3eb06e3b36ebe3",
                (
                    Home(
                        f"{_GITHUB}/leesurelye/pytroch_note"
                        "/8600c80a40d8465969f22bd30c80bda6b43a1e10/data/imdb/train_token.tsv",
                        12_279_311,
                    ),
                    Home(
                        f"{_GITHUB}/lyhue1991/eat_pytorch_in_20_days"
                        "/7649884a530b866abbfd30cab230864a5630e835/data/imdb/train_token.tsv",
                        12_259_311,
                        with_crlf,
                    ),
                ),
                zipped=(
                    "train_token.tsv.gz",
                    "895e692567f9ce1c0808796c65aca530b5c569be3dda97b3423a4273a6fc3069",
                ),
            ),
        ),
        what="good or bad film? 20 000 reviews as 200 token ids each",
        source="Maas et al. 2011, encoded; no licence stated",
    ),
    "mnist": Dataset(
        "mnist",
        (
            _mirrored(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                _MNIST,
            ),
            _mirrored(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                _MNIST,
            ),
        ),
        what="the 10 000 test digits of MNIST, 28 × 28",
        source="LeCun, Cortes and Burges 1998; CC BY-SA 3.0",
    ),
    "rt_polarity": Dataset(
        "rt_polarity",
        (
            _mirrored(
                "rt-polarity.pos",
                626_395,
                "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
                _POLARITY,
            ),
            _mirrored(
                "rt-polarity.neg",
                612_506,
                "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
                _POLARITY,
            ),
        ),
        what="good or bad film? 10 662 sentences of reviews",
        source="Pang and Lee 2005; no licence stated",
    ),
}
