"""A user's own step overrides `train_step`, and nothing else."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lampas
from lampas.errors import InputError

torch.manual_seed(0)
X = torch.randn(32, 2) * 0.5 + 2.0
LABELS = (X[:, 0] > 2.0).long()
FIT: dict[str, Any] = {"batch_size": 8, "verbose": 0}


def _weights(module: nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def _moved(module: nn.Module, before: list[torch.Tensor]) -> list[bool]:
    return [not torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True)]


class GAN(lampas.Model):
    """Goodfellow et al. 2014, with the generator's non-saturating loss."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
        self.discriminator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        return self.generator(noise)

    def train_step(self, batch: lampas.Batch) -> Mapping[str, torch.Tensor]:
        real, optimizers = batch.x, self.optimizer
        fake = self.generator(torch.randn(len(real), 3, device=real.device))

        optimizers["discriminator"].zero_grad()
        d_loss = (
            F.softplus(-self.discriminator(real)) + F.softplus(self.discriminator(fake.detach()))
        ).mean()
        d_loss.backward()
        optimizers["discriminator"].step()

        optimizers["generator"].zero_grad()
        g_loss = F.softplus(-self.discriminator(fake)).mean()
        g_loss.backward()
        optimizers["generator"].step()
        return {"d_loss": d_loss, "g_loss": g_loss}


def _gan() -> GAN:
    torch.manual_seed(1)
    model = GAN()
    model.compile({
        "generator": torch.optim.Adam(model.generator.parameters(), lr=1e-2),
        "discriminator": torch.optim.Adam(model.discriminator.parameters(), lr=1e-2),
    })  # fmt: skip
    return model


def test_gan_with_two_optimisers_alternating() -> None:
    model = _gan()
    before = _weights(model.generator), _weights(model.discriminator)
    far = (model.predict(torch.randn(256, 3)).mean(0) - X.mean(0)).norm()
    history = model.fit(X, epochs=60, **FIT)
    assert all(_moved(model.generator, before[0]))
    assert all(_moved(model.discriminator, before[1]))
    assert history.columns == ["d_loss", "g_loss"]
    assert len(history) == 60
    near = (model.predict(torch.randn(256, 3)).mean(0) - X.mean(0)).norm()
    assert near < 0.8 * far


def test_an_own_step_is_the_loop_written_by_hand() -> None:
    model, twin = _gan(), _gan()
    torch.manual_seed(2)
    history = model.fit(X, epochs=2, shuffle=False, **FIT)
    torch.manual_seed(2)
    sums = torch.zeros(2, dtype=torch.float64)
    for _ in range(2):
        sums.zero_()
        for part in X.split(8):
            found = twin.train_step(lampas.Batch(part, None, None, len(part)))
            sums += torch.stack([v.detach() for v in found.values()]).double() * len(part)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters(), strict=True)
    )
    assert history.rows[-1]["d_loss"] == pytest.approx(sums[0].item() / 32, rel=1e-12)
    assert history.rows[-1]["g_loss"] == pytest.approx(sums[1].item() / 32, rel=1e-12)


class Student(lampas.Model):
    """Hinton et al. 2015: the soft targets of a frozen teacher, at temperature 2."""

    def __init__(self, teacher: nn.Module) -> None:
        super().__init__(nn.Linear(2, 2))
        self.teacher = teacher.requires_grad_(False)

    def train(self, mode: bool = True) -> "Student":
        super().train(mode)
        self.teacher.eval()
        return self

    def train_step(self, batch: lampas.Batch) -> Mapping[str, torch.Tensor]:
        self.optimizer.zero_grad()
        with torch.no_grad():
            soft = F.softmax(self.teacher(batch.x) / 2, 1)
        logits = self(batch.x)
        hard_loss = F.cross_entropy(logits, batch.y)
        soft_loss = 4 * F.kl_div(F.log_softmax(logits / 2, 1), soft, reduction="batchmean")
        loss = 0.5 * hard_loss + 0.5 * soft_loss
        loss.backward()
        self.optimizer.step()
        return {"loss": loss, "soft_loss": soft_loss, "y_pred": logits}


def test_distillation_leaves_the_teacher_alone() -> None:
    torch.manual_seed(1)
    teacher = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2))
    model = Student(teacher)
    model.compile("adam", "cross_entropy", metrics=["accuracy"])
    state = {name: value.clone() for name, value in teacher.state_dict().items()}
    before = _weights(model.net)
    history = model.fit(X, LABELS, epochs=3, validation_data=(X, LABELS), **FIT)
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, state[name]), name  # BatchNorm's statistics too
    assert all(_moved(model.net, before))
    assert all(p.grad is None for p in teacher.parameters())
    assert history.columns == ["loss", "soft_loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.rows[-1]["val_accuracy"] == model.evaluate(X, LABELS)["accuracy"]


class Critic(lampas.Model):
    """Gulrajani et al. 2017: the critic of a WGAN-GP, whose penalty is differentiated twice."""

    def __init__(self) -> None:
        super().__init__(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)))

    def train_step(self, batch: lampas.Batch) -> Mapping[str, torch.Tensor]:
        real, fake = batch.x, torch.randn_like(batch.x)
        between = torch.lerp(real, fake, torch.rand(len(real), 1)).requires_grad_()
        (slope,) = torch.autograd.grad(self(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        loss = self(fake).mean() - self(real).mean() + 10 * penalty
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss, "penalty": penalty}


def test_gradient_penalty() -> None:
    torch.manual_seed(1)
    model = Critic()
    model.compile(torch.optim.Adam(model.parameters(), lr=1e-2))
    history = model.fit(X, epochs=40, **FIT)
    losses = history.history
    assert losses["penalty"][-1] < 0.3 * losses["penalty"][0]
    assert losses["loss"][-1] < losses["loss"][0]


class Own(lampas.Model):
    """An ordinary step, whose answer is `answer(model, loss, y_pred)`."""

    def __init__(self, answer: Any) -> None:
        super().__init__(nn.Linear(2, 1))
        self.answer = answer

    def train_step(self, batch: lampas.Batch) -> Any:
        self.optimizer.zero_grad()
        y_pred = self(batch.x)
        loss = (y_pred - batch.y).square().mean()
        loss.backward()
        self.optimizer.step()
        return self.answer(loss, y_pred)


def _own(answer: Any, **options: Any) -> lampas.History:
    torch.manual_seed(1)
    model = Own(answer)
    model.compile("sgd", **options)
    return model.fit(X, X[:, :1], epochs=2, shuffle=False, **FIT)


def test_losses_may_be_tensors_or_numbers_of_any_one_element_shape() -> None:
    plain = _own(lambda loss, _: {"loss": loss})
    for answer in (
        lambda loss, _: {"loss": loss.detach()},
        lambda loss, _: {"loss": loss.reshape(1, 1)},
        lambda loss, _: {"loss": loss.item()},
    ):
        assert _own(answer).history["loss"] == pytest.approx(plain.history["loss"], rel=1e-6)


def test_metrics_see_what_the_step_says() -> None:
    history = _own(lambda loss, y: {"loss": loss, "y_pred": y}, metrics=["mse"])
    # The mean of squares over an epoch is that of its batches of one size.
    assert history.history["mse"] == pytest.approx(history.history["loss"], rel=1e-5)


def test_an_own_step_may_call_the_projects() -> None:
    calls: list[int] = []

    class Counting(lampas.Model):
        def train_step(self, batch: lampas.Batch) -> Any:
            calls.append(batch.size)
            return super().train_step(batch)

    torch.manual_seed(1)
    model = Counting(nn.Linear(2, 1))
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X[:20], X[:20, :1], **FIT)
    assert calls == [8, 8, 4]
    assert history.columns == ["loss", "mae"]


def test_changing_names_are_refused() -> None:
    names = iter(["a", "a", "b"])
    with pytest.raises(InputError) as caught:
        _own(lambda loss, _: {next(names): loss})
    assert str(caught.value) == (
        "train_step returned ['b'] after ['a']: return the same names each time"
    )


@pytest.mark.parametrize(("answer", "line"), [
    (lambda loss, _: loss,
     "train_step returned a Tensor: return a dict of 0-d losses, such as {'loss': loss}"),
    (lambda loss, _: None,
     "train_step returned a NoneType: return a dict of 0-d losses, such as {'loss': loss}"),
    (lambda loss, _: {}, "train_step returned no loss: return a dict such as {'loss': loss}"),
    (lambda loss, y: {"loss": loss, "each": y},
     "train_step returned 'each' of shape (8, 1): return its mean over the batch, a 0-d tensor"),
])  # fmt: skip
def test_answers_that_are_no_losses(answer: Any, line: str) -> None:
    with pytest.raises(InputError) as caught:
        _own(answer)
    assert str(caught.value) == line


def test_a_loss_of_nan_is_found_at_the_epochs_end() -> None:
    values = iter([1.0, 1.0, float("nan"), 1.0])
    with pytest.raises(lampas.LampasError) as caught:
        _own(lambda loss, _: {"loss": loss, "other": next(values)})
    assert str(caught.value) == (
        "other is nan at step 3 of the epoch: the weights are damaged since; lower the learning "
        "rate or clip gradients (clip_norm=1.0)"
    )


def test_a_step_without_an_optimizer_of_ours() -> None:
    class ByHand(lampas.Model):
        def train_step(self, batch: lampas.Batch) -> Mapping[str, torch.Tensor]:
            loss = self(batch.x).square().mean()
            gradients = torch.autograd.grad(loss, list(self.parameters()))
            with torch.no_grad():
                for p, g in zip(self.parameters(), gradients, strict=True):
                    p -= 0.1 * g
            return {"loss": loss}

    model = ByHand(nn.Linear(2, 1))
    model.compile()
    losses = model.fit(X, epochs=3, **FIT).history["loss"]
    assert losses[2] < losses[0]
