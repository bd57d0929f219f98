from torch import nn

from lampas.tables.targets import TargetCoder
from lampas.text.given import GivenIds
from lampas.text.own_net import build, input_names

CODER = TargetCoder("multiclass", ("y",), (("a", "b", "c"),), (), ())


class Asks(nn.Module):
    def __init__(self, vocabulary, vocab_size, num_embeddings, n_tokens, padding, padding_idx,
                 unknown, length, max_length, outputs, classes, width=5):  # fmt: skip
        super().__init__()
        self.given = (vocabulary, vocab_size, num_embeddings, n_tokens, padding, padding_idx,
                      unknown, length, max_length, outputs, classes, width)  # fmt: skip

    def forward(self, tokens, mask):
        return tokens


def test_the_sizes_that_a_constructor_may_name():
    built = build(Asks, GivenIds(7), CODER, 12, 0, None)
    assert built.given == (9, 9, 9, 9, 0, 0, 8, 12, 12, 3, 3, 5)


def test_the_inputs_have_the_nets_own_names():
    class Odd(nn.Module):
        def forward(self, *args):
            return args

    class Keyed(nn.Module):
        def forward(self, x, key_padding_mask=None, scale=1.0):
            return x

    class Scaled(nn.Module):
        def forward(self, x, scale=1.0):
            return x

    assert input_names(build(Asks, GivenIds(7), CODER, 12, 0, None)) == ("tokens", "mask")
    assert input_names(Odd()) == ("args",)
    assert input_names(Keyed()) == ("x", "key_padding_mask")
    assert input_names(Scaled()) == ("x",)
    assert input_names(nn.Sequential(nn.Embedding(3, 2))) == ("input",)
