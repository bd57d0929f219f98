import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import InputError
from lampas.optim import freeze, groups, layer_decay


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 4)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 4))
        self.head = nn.Linear(4, 5)
        self.head.weight = self.embed.weight


NAMES = [name for name, _ in Tied().named_parameters(remove_duplicate=False)]
PATTERNS = st.lists(
    st.sampled_from([*NAMES, "*", "*.bias", "body", "body.?", "body.[01]", "head", "embed"]),
    max_size=4,
)


@settings(max_examples=80, deadline=None)
@given(
    no_decay=st.none() | PATTERNS,
    scale=st.none() | st.dictionaries(PATTERNS.filter(bool).map(lambda p: p[0]), st.floats(0, 2)),
    weight_decay=st.none() | st.floats(0, 1),
    frozen=st.sampled_from([None, "body", "embed", "*.bias"]),
)
def test_each_trainable_parameter_is_in_exactly_one_group(
    no_decay, scale, weight_decay, frozen
) -> None:
    net = Tied()
    if frozen:
        freeze(net, frozen)
    made = groups(net, weight_decay=weight_decay, no_decay=no_decay, lr=0.1, lr_scale=scale)
    ids = [id(p) for group in made for p in group["params"]]
    assert len(ids) == len(set(ids))
    assert set(ids) == {id(p) for p in net.parameters() if p.requires_grad}
    options = [tuple((k, v) for k, v in g.items() if k != "params") for g in made]
    assert len(set(options)) == len(options)
    torch.optim.AdamW(made)


def table(net: nn.Module, made: list[dict]) -> dict[str, dict]:
    names = {id(p): name for name, p in net.named_parameters()}
    return {
        names[id(p)]: {k: v for k, v in group.items() if k != "params"}
        for group in made
        for p in group["params"]
    }


def test_by_default_vectors_do_not_decay() -> None:
    net = Tied()
    decays = {n: o["weight_decay"] for n, o in table(net, groups(net, weight_decay=0.1)).items()}
    assert decays == {
        "embed.weight": 0.1,
        "body.0.weight": 0.1,
        "body.0.bias": 0.0,
        "body.1.weight": 0.0,
        "body.1.bias": 0.0,
        "body.2.weight": 0.1,
        "body.2.bias": 0.0,
        "head.bias": 0.0,
    }


def test_named_patterns_replace_the_default_and_an_empty_list_exempts_nothing() -> None:
    net = Tied()
    named = table(net, groups(net, weight_decay=0.1, no_decay=["embed"]))
    assert {n for n, o in named.items() if o["weight_decay"] == 0} == {"embed.weight"}
    every = groups(net, weight_decay=0.1, no_decay=[])
    assert [group["weight_decay"] for group in every] == [0.1]


def test_without_weight_decay_the_optimizers_own_remains() -> None:
    net = Tied()
    assert [set(group) for group in groups(net)] == [{"params"}]
    named = table(net, groups(net, no_decay=["*.bias"]))
    assert named["body.0.weight"] == {}
    assert named["body.0.bias"] == {"weight_decay": 0.0}


def test_rates_scale_by_the_first_pattern_that_fits_or_by_a_function() -> None:
    net = Tied()
    named = table(net, groups(net, lr=1.0, lr_scale={"body.0": 0.1, "body": 0.5}))
    assert named["body.0.weight"]["lr"] == pytest.approx(0.1)
    assert named["body.2.weight"]["lr"] == pytest.approx(0.5)
    assert named["embed.weight"]["lr"] == 1.0
    named = table(net, groups(net, lr=2.0, lr_scale=lambda name: 0.0 if "bias" in name else 1.5))
    assert named["head.bias"]["lr"] == 0.0
    assert named["embed.weight"]["lr"] == 3.0


def test_a_tied_parameter_answers_to_both_names() -> None:
    net = Tied()
    named = table(net, groups(net, lr=1.0, lr_scale={"head": 0.25}))
    assert named["embed.weight"]["lr"] == 0.25


def test_layer_decay_shrinks_towards_the_input() -> None:
    net = Tied()
    scale = layer_decay(0.5, ["body.0", "body.1", "body.2"])
    named = table(net, groups(net, lr=1.0, lr_scale=scale))
    assert named["body.0.weight"]["lr"] == 0.125
    assert named["body.2.weight"]["lr"] == 0.5
    assert named["head.bias"]["lr"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"lr_scale": {"body": 0.1}},
            "groups: lr_scale needs a base rate: groups(model, lr=1e-3, lr_scale=...)",
        ),
        (
            {"no_decay": ["boddy"], "weight_decay": 0.1},
            "groups: no parameter matches 'boddy'; did you mean 'body' or 'body.2'?",
        ),
        (
            {"no_decay": "*.bias"},
            "groups: no_decay is the string '*.bias'; pass a list: ['*.bias']",
        ),
        ({"weight_decay": -0.1}, "groups: weight_decay is -0.1; it must not be negative"),
        ({"lr": math.nan}, "groups: lr is nan; it must not be negative"),
        (
            {"lr": 1.0, "lr_scale": {"head": -1.0}},
            "groups: the lr_scale of 'head' is -1.0; it must not be negative",
        ),
    ],
)
def test_bad_options_get_one_clear_line(options: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        groups(Tied(), **options)
    assert str(caught.value) == message


def test_nothing_to_train_and_a_bad_factor_get_one_clear_line() -> None:
    net = Tied()
    freeze(net)
    with pytest.raises(InputError) as caught:
        groups(net)
    assert str(caught.value) == "groups: the model has no trainable parameter"
    with pytest.raises(InputError) as caught:
        layer_decay(1.5, ["body"])
    assert str(caught.value) == "layer_decay: factor is 1.5; it must lie in (0, 1]"
