"""Loops written by hand: the usual one, the best one, and the best one around a compiled net."""

import torch
from by_hand import Scores, best_by_hand, score_by_hand, usual_script
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from trial import Trial
from workloads import Workload


class Usual(Trial):
    """A DataLoader of rows, `.item()` each step, Adam at its defaults."""

    def fit(self) -> Scores:
        return usual_script(self.work)

    def ready(self) -> None:
        work = self.work
        self.net = work.net().eval()
        self.rows = DataLoader(TensorDataset(work.x, work.y), work.batch_size)

    def evaluate(self) -> Scores:
        loss = accuracy = 0.0
        with torch.no_grad():
            for x, y in self.rows:
                y_pred = self.net(x)
                loss += self.work.loss(y_pred, y).item()
                accuracy += self.work.accuracy(y_pred, y).item()
        return loss / len(self.rows), accuracy / len(self.rows)

    def predict(self) -> Tensor:
        with torch.no_grad():
            return torch.cat([self.net(x) for x, _ in self.rows])


class ByHand(Trial):
    """Slices of one permutation, fused Adam, no `.item()` within an epoch."""

    def net(self) -> nn.Module:
        return self.work.net()

    def fit(self) -> Scores:
        return best_by_hand(self.work, self.net())

    def ready(self) -> None:
        self.used = self.net().eval()

    def evaluate(self) -> Scores:
        return score_by_hand(self.work, self.used, self.work.x, self.work.y, self.big)

    def predict(self) -> Tensor:
        with torch.no_grad():
            return torch.cat([self.used(x) for x in self.work.x.split(self.big)])


class Compiled(ByHand):
    """The same around `torch.compile(net, dynamic=False)`.

    The compiled net is kept, and takes the first weights again before each run: it compiles once
    for each size of batch.
    """

    keeps_compiled = True

    def __init__(self, work: Workload, loader: str = "batches"):
        super().__init__(work, loader)
        torch.compiler.reset()  # what other workloads compiled counts against the same limits
        net = work.net()
        self.first = {name: value.clone() for name, value in net.state_dict().items()}
        self.random = torch.get_rng_state()
        self.compiled = torch.compile(net, dynamic=False)

    def net(self) -> nn.Module:
        torch.set_rng_state(self.random)  # as `Workload.net` leaves it
        self.compiled._orig_mod.load_state_dict(self.first)
        self.compiled.zero_grad()
        return self.compiled
