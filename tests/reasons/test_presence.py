"""Texts that are there by parts: nothing, all, and half of known embeddings."""

import pytest
import torch
from torch import nn

from lampas.reasons.presence import Partly, read_partly
from lampas.text.conv import ConvNet
from lampas.text.transformer import TransformerNet

IDS = torch.tensor([[5, 6, 7, 5], [8, 9, 0, 0]])
MASK = IDS != 0


def partly(net, present, ids=IDS, absent=1):
    texts = Partly(ids, ids != 0, absent, torch.where(ids != 0, present, 1.0))
    with read_partly(net, texts):
        return net(ids, ids != 0), texts.met


@pytest.mark.parametrize("make", [ConvNet, TransformerNet])
def test_all_is_the_text_and_nothing_is_absent_tokens(make, unchanged):
    torch.manual_seed(0)
    net = make(vocabulary=20, outputs=2, pairs=2).eval()
    net.words.keys = torch.tensor([5 * 20 + 6, 8 * 20 + 9])
    nn.init.normal_(net.words.weight.weight)
    with torch.no_grad(), unchanged(net):
        whole, met = partly(net, torch.ones(2, 4))
        torch.testing.assert_close(whole, net(IDS, MASK))
        assert met == 2
        nothing, _ = partly(net, torch.zeros(2, 4))
        absent = torch.where(MASK, 1, 0)
        expected = net(absent, MASK) - net.words(absent, MASK) + net.words.bias
        torch.testing.assert_close(nothing, expected)


def test_an_embedding_is_mixed_token_by_token():
    embedding = nn.Embedding(10, 3)
    present = torch.rand(2, 4)
    texts = Partly(IDS, MASK, 1, present)
    with read_partly(embedding, texts):
        found = embedding(IDS)
        across = embedding(input=IDS.T)
        other = embedding(torch.arange(4))
    part = present[:, :, None]
    expected = part * embedding(IDS) + (1 - part) * embedding.weight[1]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(across, expected.transpose(0, 1))
    assert other.equal(embedding(torch.arange(4)))  # positions are no tokens
    assert texts.met == 2


def test_an_error_takes_the_hooks_away(unchanged):
    embedding = nn.Embedding(10, 3)
    texts = Partly(IDS, MASK, 1, torch.ones(2, 4))
    with pytest.raises(IndexError), unchanged(embedding), read_partly(embedding, texts):
        embedding(torch.tensor([99]))
