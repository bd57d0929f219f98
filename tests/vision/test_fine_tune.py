"""Two phases: first the head alone, then everything, the old parts slowly."""

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError
from lampas.vision.fine_tune import Thaw, check, slow_parts, two_cycles
from lampas.vision.pipeline import FromBytes


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.drop(self.norm(self.conv(x)).relu().mean((2, 3))))


@pytest.fixture
def data():
    torch.manual_seed(0)
    x = torch.randint(256, (32, 3, 8, 8), dtype=torch.uint8)
    return x, torch.randint(2, (32,))


def whole_net():
    torch.manual_seed(0)
    return FromBytes(Backbone(), [0.5] * 3, [0.3] * 3)


def fitted(whole, data, first, epochs):
    model = lampas.Model(whole)
    groups = lampas.optim.groups(model, lr=0.1, weight_decay=0.1, lr_scale=slow_parts(whole, model))
    model.compile(torch.optim.AdamW(groups), nn.CrossEntropyLoss())
    states = []
    model.fit(
        *data, epochs=epochs, verbose=0,
        callbacks=[Thaw(whole, first), lambda event: states.append(copied(whole))],
    )  # fmt: skip
    return model, states


def copied(whole):
    return {name: value.clone() for name, value in whole.net.state_dict().items()}


def test_the_first_phase_changes_the_head_alone(data):
    whole = whole_net()
    before = copied(whole)
    _, (first, second, third) = fitted(whole, data, 2, 3)
    for name, value in before.items():
        assert torch.equal(first[name], value) == (not name.startswith("fc"))
        assert torch.equal(second[name], value) == (not name.startswith("fc"))
        assert not torch.equal(third[name], value)


def test_all_trains_again_after_a_stop_in_the_first_phase(data):
    whole = whole_net()
    model = lampas.Model(whole)
    model.compile("sgd", nn.CrossEntropyLoss())
    stop = lampas.callbacks.TimeLimit(1e-9)
    model.fit(*data, epochs=9, verbose=0, callbacks=[Thaw(whole, 5), stop])
    assert all(one.requires_grad for one in model.parameters())
    whole.train()
    assert whole.net.drop.training


def test_what_was_frozen_before_stays_so(data):
    whole = whole_net()
    lampas.optim.freeze(whole.net, "conv")
    before = whole.net.conv.weight.clone()
    fitted(whole, data, 1, 3)
    assert torch.equal(whole.net.conv.weight, before)


def test_old_parts_learn_at_a_tenth():
    whole = whole_net()
    model = lampas.Model(nn.Sequential(whole))
    groups = lampas.optim.groups(model, lr=1.0, lr_scale=slow_parts(whole, model))
    rates = {id(one): group["lr"] for group in groups for one in group["params"]}
    assert rates[id(whole.net.fc.weight)] == 1.0
    assert rates[id(whole.net.conv.weight)] == pytest.approx(0.1)


def test_each_phase_has_its_cycle():
    factor = two_cycles(2, 6)
    peaks = [step for step in range(1, 59) if factor(step - 1, 60) < factor(step, 60) >= factor(
        step + 1, 60)]  # fmt: skip
    assert peaks == [5, 31]
    assert factor(20, 60) < 0.05


@pytest.mark.parametrize(
    ("first", "epochs", "net", "line"),
    [
        (0, 5, nn.Flatten(), "fine_tune is 0: it must be a whole number, 1 or more"),
        (True, 5, nn.Flatten(), "fine_tune is True: it must be a whole number, 1 or more"),
        (2, 5, None, "fine_tune needs a net that has learnt already: bring yours"),
        (
            5,
            5,
            nn.Flatten(),
            "fine_tune=5 of epochs=5 leaves none for the whole net: pass more epochs",
        ),
    ],
)
def test_what_cannot_be_tuned(first, epochs, net, line):
    with pytest.raises(InputError) as caught:
        check(first, epochs, net)
    assert str(caught.value) == line


def test_a_net_without_a_head():
    with pytest.raises(InputError) as caught:
        Thaw(FromBytes(nn.Conv2d(3, 2, 8), [0.5] * 3, [0.3] * 3), 1)
    assert str(caught.value) == (
        "fine_tune: Conv2d has no nn.Linear behind other layers that could be its head: train it "
        "without fine_tune"
    )
