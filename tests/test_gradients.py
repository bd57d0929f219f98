import torch
from torch import nn

from lampas.gradients import gradients_of, norm_of


def test_sparse_gradients_are_left_out() -> None:
    table = nn.Embedding(4, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    assert gradients_of(list(table.parameters())) == []


def test_the_norm_of_small_and_large_gradients() -> None:
    for rows in (2, 5000):
        gradients = [torch.randn(rows, 3), torch.randn(2)]
        wanted = torch.cat([gradient.reshape(-1) for gradient in gradients]).norm()
        torch.testing.assert_close(norm_of(gradients), wanted)
