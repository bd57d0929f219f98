"""The table of data sets is whole, and its addresses are such as we allow."""

import re
from urllib.parse import urlsplit

from lampas.datasets.catalogue import DATASETS
from lampas.datasets.readers import READERS


def test_each_data_set_can_be_read():
    assert READERS.keys() == DATASETS.keys()


def test_what_does_not_come_with_us_has_two_homes_a_file():
    for name, wanted in DATASETS.items():
        for file in wanted.files:
            assert len(file.homes) == (0 if wanted.comes_with_us else 2), name
            assert len({home.url for home in file.homes}) == len(file.homes)


def test_homes_are_https_and_their_versions_fixed():
    for wanted in DATASETS.values():
        for file in wanted.files:
            for home in file.homes:
                parts = urlsplit(home.url)
                assert parts.scheme == "https"
                if "github" in (parts.hostname or ""):
                    assert re.search(r"/[0-9a-f]{40}(/|$)", parts.path), home.url


def test_digests_are_whole_and_folders_different():
    digests = [sha for w in DATASETS.values() for f in w.files for _, sha in f.forms]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    assert len(set(digests)) == len(digests)
    assert len({wanted.folder for wanted in DATASETS.values()}) == len(DATASETS)
