from types import SimpleNamespace

import torch

from lampas.criterion import make_criterion
from lampas.data.batch import Batch
from lampas.own_loss import own_loss_of, prediction_of


def test_own_losses_and_predictions() -> None:
    loss, logits = torch.tensor(1.0), torch.ones(2, 3)
    for output in ({"loss": loss, "logits": logits}, SimpleNamespace(loss=loss, logits=logits)):
        assert own_loss_of(output) is loss
        assert prediction_of(output) is logits
    assert own_loss_of(loss) is loss
    assert own_loss_of(logits) is None
    assert prediction_of({"loss": loss, "a": logits}) == {"a": logits}
    batch = Batch(torch.zeros(4, 1), torch.zeros(4), None, 4)
    total, _, counts = make_criterion(None)({"loss": loss.reshape(1)}, batch)
    assert (total.shape, counts) == (torch.Size([]), [4])
