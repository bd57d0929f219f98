import copy
import gc
import weakref

import pytest
import torch
from torch import nn

from lampas.optim import use_fastest

FUSED = ["SGD", "Adam", "AdamW", "Adagrad"]
OTHERS = ["RMSprop", "NAdam", "RAdam", "Adamax", "Adadelta", "ASGD", "Rprop", "Adafactor"]
OPTIONS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}],
    "Adam": [{}, {"amsgrad": True, "weight_decay": 0.1}, {"lr": torch.tensor(0.01)}],
    "AdamW": [{}, {"maximize": True}],
    "Adagrad": [{}, {"lr_decay": 0.1, "initial_accumulator_value": 0.5}],
}
CASES = [(n, o) for n in FUSED for o in OPTIONS[n]] + [(n, {}) for n in OTHERS]


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))


def steps(module: nn.Module, optimizer: torch.optim.Optimizer, count: int, first: int = 0) -> None:
    for step in range(first, first + count):
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        module(x).square().sum().backward()
        optimizer.step()


def assert_close(a: nn.Module, b: nn.Module) -> None:
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("before", [0, 3])
def test_twenty_steps_equal_the_default_implementation(name, options, before) -> None:
    plain, fast = net(), net()
    kind = getattr(torch.optim, name)
    reference, optimizer = kind(plain.parameters(), **options), kind(fast.parameters(), **options)
    steps(plain, reference, before)
    steps(fast, optimizer, before)
    assert use_fastest(optimizer, fast) == ([0] if name in FUSED else [])
    steps(plain, reference, 20, first=before)
    steps(fast, optimizer, 20, first=before)
    assert_close(plain, fast)
    assert not torch.equal(fast[0].weight, net()[0].weight)


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize(
    "choice", [{"fused": True}, {"fused": False}, {"foreach": True}, {"foreach": False}]
)
def test_an_explicit_choice_is_never_touched(name, choice) -> None:
    module = net()
    optimizer = getattr(torch.optim, name)(module.parameters(), **choice)
    before = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    assert use_fastest(optimizer, module) == []
    after = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    assert after == before
    steps(module, optimizer, 1)


def test_each_group_decides_for_itself() -> None:
    module = net()
    optimizer = torch.optim.Adam(
        [{"params": module[0].parameters(), "foreach": False}, {"params": module[2].parameters()}]
    )
    assert use_fastest(optimizer, module) == [1]
    assert [group["fused"] for group in optimizer.param_groups] == [None, True]
    # The loop of group 0 would take scaled gradients for real ones.
    assert not getattr(optimizer, "_step_supports_amp_scaling", False)
    assert optimizer.defaults["fused"] is None
    steps(module, optimizer, 2)


def test_all_fused_lets_the_scaler_leave_unscaling_to_the_step() -> None:
    module = net()
    optimizer = torch.optim.Adam(module.parameters())
    use_fastest(optimizer, module)
    assert optimizer._step_supports_amp_scaling
    optimizer.load_state_dict(torch.optim.Adam(net().parameters(), fused=False).state_dict())
    assert use_fastest(optimizer, module) == []
    assert not optimizer._step_supports_amp_scaling


def test_saved_options_come_back_with_load_state_dict_and_are_decided_again() -> None:
    module = net()
    saved = torch.optim.Adam(module.parameters()).state_dict()
    optimizer = torch.optim.Adam(module.parameters())
    assert use_fastest(optimizer, module) == [0]
    optimizer.load_state_dict(saved)
    assert use_fastest(optimizer, module) == [0]
    steps(module, optimizer, 2)


class Sparse(nn.Module):
    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = kind(10, 3, sparse=True)
        self.head = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.embed(torch.tensor([[1, 2], [2, 5]]))
        return self.head(y).sum() * x.mean()


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled:UserWarning")
@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
@pytest.mark.parametrize("name", ["SGD", "Adagrad", "SparseAdam"])
def test_sparse_gradients_keep_working(kind, name) -> None:
    plain, fast = Sparse(kind), Sparse(kind)
    make = getattr(torch.optim, name)

    def optimizer_of(module: Sparse) -> torch.optim.Optimizer:
        return make(module.embed.parameters() if name == "SparseAdam" else module.parameters())

    reference, optimizer = optimizer_of(plain), optimizer_of(fast)
    assert use_fastest(optimizer, fast) == []
    steps(plain, reference, 5)
    steps(fast, optimizer, 5)
    assert_close(plain, fast)


def test_dense_groups_beside_a_sparse_one_are_fused() -> None:
    module = Sparse(nn.Embedding)
    optimizer = torch.optim.SGD(
        [{"params": module.embed.parameters()}, {"params": module.head.parameters()}], lr=0.1
    )
    assert use_fastest(optimizer, module) == [1]
    steps(module, optimizer, 2)


@pytest.mark.parametrize("name", FUSED)
def test_gradients_assigned_with_other_strides_are_read_right(name) -> None:
    plain, fast = net(), net()
    kind = getattr(torch.optim, name)
    reference, optimizer = kind(plain.parameters(), lr=0.1), kind(fast.parameters(), lr=0.1)
    assert use_fastest(optimizer, fast) == [0]
    for module, stepper in ((plain, reference), (fast, optimizer)):
        for seed in range(3):
            torch.manual_seed(seed)
            for p in module.parameters():
                p.grad = torch.randn(*reversed(p.shape)).t() if p.ndim == 2 else torch.ones_like(p)
            module[2].bias.grad = torch.ones(1).expand(2)
            stepper.step()
    assert_close(plain, fast)


def test_a_parameter_with_gaps_in_memory_is_left_to_the_default() -> None:
    weight = nn.Parameter(torch.randn(4, 6)[:, :3])
    assert use_fastest(torch.optim.Adam([weight]), nn.ParameterList([weight])) == []
    for dense in (
        torch.randn(3, 4).t(),
        torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
    ):
        weight = nn.Parameter(dense)
        assert use_fastest(torch.optim.Adam([weight]), nn.ParameterList([weight])) == [0]


@pytest.mark.parametrize("late", [0, 2])
def test_a_parameter_whose_gradients_start_late_gets_its_momentum(late: int) -> None:
    plain, fast = net(), net()
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
    reference = torch.optim.SGD(plain.parameters(), **options)
    optimizer = torch.optim.SGD(fast.parameters(), **options)
    assert use_fastest(optimizer, fast) == [0]
    for module, stepper in ((plain, reference), (fast, optimizer)):
        module[late].requires_grad_(False)
        steps(module, stepper, 2)
        module[late].requires_grad_(True)
        steps(module, stepper, 3, first=2)
    assert_close(plain, fast)


def test_what_the_kernels_cannot_do_is_left_alone() -> None:
    module = net()
    assert use_fastest(torch.optim.Adam(module.parameters(), differentiable=True), module) == []
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, dampening=0.5)
    assert use_fastest(optimizer, module) == []
    wave = nn.Parameter(torch.zeros(2, dtype=torch.complex64))
    assert use_fastest(torch.optim.Adam([wave]), nn.ParameterList([wave])) == []
    ghost = nn.Linear(2, 2, device="meta")
    assert use_fastest(torch.optim.LBFGS(module.parameters()), module) == []
    use_fastest(torch.optim.Adam(ghost.parameters()), ghost)


def test_a_users_subclass_is_left_alone() -> None:
    class Mine(torch.optim.Adam):
        pass

    module = net()
    assert use_fastest(Mine(module.parameters()), module) == []


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_floating_dtypes(dtype: torch.dtype) -> None:
    weight = nn.Parameter(torch.ones(4, dtype=dtype))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    assert use_fastest(optimizer, nn.ParameterList([weight])) == [0]
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.full_like(weight, 0.9).detach())


def test_the_choice_keeps_no_optimizer_alive_and_survives_a_copy() -> None:
    module = net()
    optimizer = torch.optim.Adam(module.parameters())
    use_fastest(optimizer, module)
    steps(module, optimizer, 1)
    copied_module, copied = copy.deepcopy((module, optimizer))
    steps(copied_module, copied, 1, first=1)
    steps(module, optimizer, 1, first=1)
    assert_close(module, copied_module)
    gone = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert gone() is None
