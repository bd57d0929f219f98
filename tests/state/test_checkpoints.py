from pathlib import Path
from typing import Any

import pytest
import torch

from lampas.errors import InputError
from lampas.state.checkpoints import Checkpoints, as_checkpoints


def test_a_folder_is_checkpoints_with_what_is_usual() -> None:
    found = as_checkpoints("run")
    assert found == Checkpoints(Path("run"), "5 min", 2)
    assert as_checkpoints(found) is found
    assert as_checkpoints(Path("run"), "epoch").every == "epoch"


@pytest.mark.parametrize(
    ("options", "said"),
    [({"folder": ""}, "checkpoint is ''"), ({"folder": 3}, "checkpoint is 3: pass the path"),
     ({"every": "often"}, "every is 'often'"), ({"keep": 0}, "keep is 0"),
     ({"best": "profit"}, "is a lower or a higher 'profit' better"),
     ({"also": [1]}, "also is of type list: pass a dict"),
     ({"also": {"rng": 3}}, r"also\['rng'\] is a int: it has no state_dict")],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Checkpoints(**({"folder": "run"} | options))


def test_how_often_is_said_once() -> None:
    with pytest.raises(InputError, match="says it itself"):
        as_checkpoints(Checkpoints("run"), "epoch")


def test_objects_with_a_state_and_generators_may_come_along() -> None:
    also = {"rng": torch.Generator(), "module": torch.nn.Linear(1, 1)}
    assert Checkpoints("run", also=also).also == also
