import torch

from lampas.text.conv import ConvNet, strongest


def test_windows_beyond_the_text_do_not_count():
    windows = torch.tensor([[[1.0, 2.0, 9.0, 3.0]]])  # two tokens and one of padding, width 2
    mask = torch.tensor([[True, True, False]])
    assert strongest(windows, mask).tolist() == [[9.0]]
    assert strongest(windows, torch.tensor([[True, False, False]])).tolist() == [[2.0]]
    assert strongest(-windows, mask).tolist() == [[0.0]]


def test_a_text_shorter_than_all_filters_is_read():
    net = ConvNet(10, 1, kernels=(7, 9)).eval()
    ids = torch.tensor([[4], [5]])
    first, second = net(ids, ids != 0).flatten().tolist()
    assert first != second


def test_padding_never_learns():
    torch.manual_seed(0)  # by chance no filter answers to a token, and it has no gradient
    net = ConvNet(10, 1)
    ids = torch.tensor([[4, 5, 0]])
    net(ids, ids != 0).sum().backward()
    assert net.embedding.weight.grad[0].abs().sum() == 0
    assert net.embedding.weight[0].abs().sum() == 0
    assert net.embedding.weight.grad[4].abs().sum() > 0
