import importlib

import pytest

from lampas.cli.kinds import KINDS, find, trainer
from lampas.cli.usage import UsageError


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_trainer(kind):
    assert trainer(kind) is importlib.import_module(KINDS[kind].trainer).train


def test_an_unknown_kind_is_wrong_usage():
    with pytest.raises(UsageError) as caught:
        find(["a.csv"], "tables", [], "utf-8")
    assert str(caught.value) == f"--as 'tables': valid are {', '.join(KINDS)}"
