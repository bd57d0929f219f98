"""One number for each sample: its log odds, logit or amount."""

import pytest
import torch

from lampas.errors import InputError, UnknownNameError
from lampas.reasons.asked import Asked
from lampas.tables.targets import TargetCoder

Z = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
BINARY = TargetCoder("binary", ("y",), (("no", "yes"),), (), ())
THREE = TargetCoder("multiclass", ("y",), ((1, 2, 3),), (), ())
LABELS = TargetCoder("multilabel", ("a", "b", "c"), ((0, 1),) * 3, (), ())
AMOUNT = TargetCoder("regression", ("price",), (), (0.0,), (1.0,))


def test_the_score_of_a_class_is_its_log_odds():
    for coder, outputs, shares in (
        (BINARY, Z[:, :1], torch.stack([1 - Z[:, 0].sigmoid(), Z[:, 0].sigmoid()], 1)),
        (THREE, Z, Z.softmax(1)),
    ):
        names = coder.classes[0]
        for code, name in enumerate(names):
            asked = Asked.of(coder, name)
            codes = asked.codes(outputs)
            assert asked.names(codes) == [str(name)] * 6
            torch.testing.assert_close(asked.score(outputs, codes), shares[:, code].logit())
        own = Asked.of(coder, None)
        codes = own.codes(outputs)
        assert codes.equal(shares.argmax(1))
        torch.testing.assert_close(own.score(outputs, codes), shares.amax(1).logit())


def test_one_output_and_two_say_the_same():
    two = TargetCoder("multiclass", ("y",), (("no", "yes"),), (), ())
    asked, same = Asked.of(BINARY, "yes"), Asked.of(two, "yes")
    codes = torch.ones(6, dtype=torch.int64)
    difference = (Z[:, 1] - Z[:, 0])[:, None]
    torch.testing.assert_close(asked.score(difference, codes), same.score(Z[:, :2], codes))


def test_of_columns_the_output_itself():
    asked = Asked.of(LABELS, "b")
    assert asked.score(Z, asked.codes(Z)).equal(Z[:, 1])
    amount = Asked.of(AMOUNT, None)
    assert amount.score(Z[:, :1], amount.codes(Z[:, :1])).equal(Z[:, 0])
    assert amount.names(amount.codes(Z)) == ["price"] * 6


def test_names_that_are_none():
    assert Asked.of(THREE, 2.0).code == 1
    with pytest.raises(UnknownNameError, match=r"^unknown class 'yse': did you mean 'yes'"):
        Asked.of(BINARY, "yse")
    with pytest.raises(UnknownNameError, match=r"^unknown target 'd'. Valid: a, b, c$"):
        Asked.of(LABELS, "d")
    with pytest.raises(InputError, match=r"^target=None, but there are several: pass one of a, b"):
        Asked.of(LABELS, None)


def test_gradients_of_many_classes_are_finite():
    outputs = (100 * torch.randn(4, 50)).requires_grad_()
    asked = Asked.of(TargetCoder("multiclass", ("y",), (tuple(range(50)),), (), ()), None)
    asked.score(outputs, asked.codes(outputs)).sum().backward()
    assert outputs.grad.isfinite().all()
