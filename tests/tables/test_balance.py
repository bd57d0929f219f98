"""Class weights: by themselves only where the imbalance is strong, and then with a line."""

import pytest
import torch

from lampas.errors import InputError
from lampas.tables.balance import class_weights
from lampas.tables.targets import TargetCoder

YES_NO = TargetCoder("binary", ("y",), (("no", "yes"),), (), ())
THREE = TargetCoder("multiclass", ("y",), ((1, 2, 3),), (), ())
NUMBER = TargetCoder("regression", ("y",), (), (0.0,), (1.0,))


def yes_no(no, yes):
    return torch.tensor([[0.0]] * no + [[1.0]] * yes)


def test_strong_imbalance_is_balanced_and_told():
    weights, line = class_weights("auto", YES_NO, yes_no(120, 10))
    assert weights == {0: pytest.approx(0.5417), 1: pytest.approx(6.5)}
    assert line == (
        "classes differ 12-fold in size and are weighted (no: 0.542, yes: 6.5); "
        "class_weight=None turns this off"
    )


def test_what_is_not_balanced():
    assert class_weights("auto", YES_NO, yes_no(100, 10)) == (None, None)
    assert class_weights(None, YES_NO, yes_no(1000, 10)) == (None, None)
    assert class_weights("auto", NUMBER, torch.zeros(3, 1)) == (None, None)


def test_balanced_when_asked_and_by_name():
    weights, _ = class_weights("balanced", THREE, torch.tensor([0, 0, 1, 2]))
    assert weights == {0: pytest.approx(0.6667), 1: pytest.approx(1.3333), 2: pytest.approx(1.3333)}
    assert class_weights({1: 2, 3: 5}, THREE, torch.tensor([0])) == ({0: 2.0, 2: 5.0}, None)


@pytest.mark.parametrize(
    ("spec", "coder", "message"),
    [
        ({"maybe": 2.0}, YES_NO, "unknown class in class_weight 'maybe': did you mean 'yes'? "
         "Valid: no, yes"),
        ("balance", YES_NO, "unknown class_weight 'balance': did you mean 'balanced'? "
         "Valid: auto, balanced"),
        ("balanced", NUMBER, "class_weight needs one target with classes; the task is regression"),
    ],
)  # fmt: skip
def test_weights_that_mean_nothing(spec, coder, message):
    with pytest.raises(InputError) as caught:
        class_weights(spec, coder, yes_no(2, 2))
    assert str(caught.value) == message
