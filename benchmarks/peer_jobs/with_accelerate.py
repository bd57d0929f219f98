"""Accelerate: a loop by hand on what `Accelerator.prepare` gave, with its `backward`."""

import torch
from accelerate import Accelerator
from by_hand import Scores
from torch import Tensor, nn
from torch.utils.data import DataLoader
from trial import Trial


class Accelerate(Trial):
    distribution = "accelerate"

    def fit(self) -> Scores:
        net = self.work.net()
        accelerator = Accelerator(cpu=True)
        net, adam, train, valid = accelerator.prepare(
            net, self.adam(net), self.train_loader(), self.valid_loader()
        )
        scores = (0.0, 0.0)
        for _ in range(self.work.epochs):
            self.epoch(accelerator, net, adam, train)
            scores = self.score(net, valid)
        return scores

    def epoch(
        self,
        accelerator: Accelerator,
        net: nn.Module,
        adam: torch.optim.Optimizer,
        train: DataLoader,
    ) -> Scores:
        net.train()
        losses, accuracies = [], []
        for x, y in train:
            adam.zero_grad()
            y_pred = net(x)
            loss = self.work.loss(y_pred, y)
            accelerator.backward(loss)
            adam.step()
            losses.append(loss.detach())
            accuracies.append(self.work.accuracy(y_pred.detach(), y))
        return torch.stack(losses).mean().item(), torch.stack(accuracies).mean().item()

    def score(self, net: nn.Module, rows: DataLoader) -> Scores:
        """Weighted by the length of batches."""
        net.eval()
        losses, accuracies, lengths = [], [], []
        with torch.no_grad():
            for x, y in rows:
                y_pred = net(x)
                losses.append(self.work.loss(y_pred, y))
                accuracies.append(self.work.accuracy(y_pred, y))
                lengths.append(len(y))
        weights = torch.tensor(lengths) / sum(lengths)
        means = [(torch.stack(one) * weights).sum().item() for one in (losses, accuracies)]
        return means[0], means[1]

    def ready(self) -> None:
        self.accelerator = Accelerator(cpu=True)
        self.used = self.accelerator.prepare(self.work.net())

    def evaluate(self) -> Scores:
        return self.score(self.used, self.accelerator.prepare(self.score_loader()))

    def predict(self) -> Tensor:
        self.used.eval()
        with torch.no_grad():
            return torch.cat([self.used(x) for (x,) in self.accelerator.prepare(self.x_loader())])
