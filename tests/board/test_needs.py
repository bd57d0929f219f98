import builtins
from typing import Any

import pytest

from lampas.board.needs import require_tensorboard
from lampas.errors import MissingExtraError


def test_a_missing_tensorboard_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "tensorboard":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError) as caught:
        require_tensorboard("TensorBoard")
    assert str(caught.value) == "TensorBoard needs tensorboard: pip install tensorboard"
