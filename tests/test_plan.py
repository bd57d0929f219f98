"""What `compile` decided: devices, precision, optimisers, and what each step needs of them."""

from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError
from lampas.plan import PRECISIONS, device_of, dtype_of, find_device, make_optimizers, make_schedule


def _model(**options: Any) -> lampas.Model:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("adam", "mse", **options)
    return model


def test_where_a_model_is() -> None:
    assert device_of(nn.Linear(1, 1)) == torch.device("cpu")
    assert device_of(nn.Linear(1, 1, device="meta")) == torch.device("meta")
    assert device_of(nn.Flatten()) == torch.device("cpu")
    only_buffers = nn.BatchNorm1d(2, affine=False, device="meta")
    assert device_of(only_buffers) == torch.device("meta")


def test_the_dtype_that_numpys_floats_are_converted_to() -> None:
    assert dtype_of(nn.Linear(1, 1)) == torch.float32
    assert dtype_of(nn.Linear(1, 1).double()) == torch.float64
    assert dtype_of(nn.Flatten()) == torch.get_default_dtype()


def test_devices_by_name() -> None:
    net = nn.Linear(1, 1)
    assert find_device(None, net) == torch.device("cpu")
    assert find_device("cpu", net) == torch.device("cpu")
    assert find_device(torch.device("cpu"), net) == torch.device("cpu")
    best = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    assert find_device("auto", net) == (best or torch.device("cpu"))


def test_precisions() -> None:
    assert list(PRECISIONS.values()) == [None, torch.bfloat16, torch.float16]
    plan = _model().plan
    output = torch.ones(2, dtype=torch.bfloat16)
    assert plan.in_float32(output) is output
    assert not plan.scaler.is_enabled()
    half = _model(precision="bf16").plan
    nest = {"a": output, "b": (output.half(), torch.ones(1, dtype=torch.int32)), "c": None}
    found = half.in_float32(nest)
    assert found["a"].dtype == found["b"][0].dtype == torch.float32
    assert found["b"][1].dtype == torch.int32
    assert found["c"] is None
    assert not half.scaler.is_enabled()
    assert _model(precision="fp16").plan.scaler.is_enabled()


def test_what_metrics_see() -> None:
    output = torch.ones(2, 1, requires_grad=True) * 2
    assert _model().plan.prediction(output) is None
    found = _model(metrics=["mae"]).plan.prediction({"a": output, "b": 3})
    assert not found["a"].requires_grad
    assert found["b"] == 3


def test_optimizers_by_name() -> None:
    net = nn.Linear(3, 1)
    assert make_optimizers(None, net, own_step=False) == {}
    single = make_optimizers("sgd", net, own_step=False)
    assert list(single) == [""]
    several = make_optimizers({"a": "sgd", "b": torch.optim.Adam}, net, own_step=False)
    assert isinstance(several["b"], torch.optim.Adam)


def test_open_choices_get_the_fastest_and_made_ones_are_kept() -> None:
    net = nn.Linear(3, 1)
    free = torch.optim.Adam(net.parameters())
    decided = torch.optim.Adam(net.parameters(), foreach=True)
    make_optimizers({"a": free, "b": decided}, net, own_step=False)
    assert free.param_groups[0]["fused"] is True
    assert decided.param_groups[0]["fused"] is None
    assert decided.param_groups[0]["foreach"] is True


def test_a_schedule_is_for_the_only_optimizer() -> None:
    net = nn.Linear(3, 1)
    assert make_schedule(None, {}, None) is None
    with pytest.raises(InputError, match="works with one optimizer, and there are 0"):
        make_schedule("cosine", {}, None)
    schedule = make_schedule("cosine", make_optimizers("sgd", net, own_step=False), None)
    assert isinstance(schedule, lampas.optim.Schedule)


def test_a_new_run_looks_at_the_parameter_groups_again() -> None:
    model = _model()
    plan = model.plan
    assert [id(p) for p in plan.parameters] == [id(p) for p in model.parameters()]
    extra = nn.Parameter(torch.zeros(1))
    model.optimizer.add_param_group({"params": [extra]})
    plan.begin()
    assert plan.parameters[-1] is extra


def test_the_plan_follows_a_model_that_moved() -> None:
    model = _model(metrics=["mae"])
    model.compile("adam", nn.CrossEntropyLoss(torch.ones(2)))
    weight = model.plan.criterion.terms[0]
    model.plan.settle(torch.device("meta"))
    assert weight.class_weight.device.type == "meta"  # type: ignore[union-attr]
