import importlib

import pytest

from lampas.cli.kinds import TRAINERS, find, trainer
from lampas.cli.usage import UsageError


@pytest.mark.parametrize("kind", TRAINERS)
def test_each_kind_has_its_trainer(kind):
    assert trainer(kind) is importlib.import_module(TRAINERS[kind]).train


def test_an_unknown_kind_is_wrong_usage():
    with pytest.raises(UsageError) as caught:
        find(["a.csv"], "tables")
    assert str(caught.value) == f"--as 'tables': valid are {', '.join(TRAINERS)}"
