import torch
from torch import nn

from lampas.export.check import cases_of
from lampas.export.portable import portable_of
from lampas.export.trace import traced


def test_the_batch_is_free_and_no_path_of_this_machine_is_kept(own):
    net = own(lambda layer, x: nn.functional.relu(layer(x)))
    portable = portable_of(net, [torch.ones(1, 4)], {}).copied()
    program = traced(portable, cases_of(portable)[0].call)
    for rows in (1, 2, 9):
        assert program.module()(torch.ones(rows, 4)).shape == (rows, 2)
    assert not any(__file__ in str(node.meta) for node in program.graph.nodes)


def test_a_tensor_that_comes_twice_is_two_inputs():
    one = torch.ones(2, 3)
    portable = portable_of(nn.Bilinear(3, 3, 1), [one, one], {}).copied()
    program = traced(portable, cases_of(portable)[0].call)
    assert program.module()(torch.ones(5, 3), torch.zeros(5, 3)).shape == (5, 1)
