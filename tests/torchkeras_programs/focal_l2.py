"""Few positives among many: a focal loss and an L2 penalty, passed as one function."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lampas.torchkeras import Model

torch.manual_seed(5)
positives, negatives = 200, 1800
radius = torch.cat([4 + torch.randn(positives), 9 + torch.randn(negatives)])
angle = 2 * math.pi * torch.rand(positives + negatives)
X = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)
Y = (torch.arange(len(X)) < positives).float()[:, None]
order = torch.randperm(len(X))
dl_train = DataLoader(TensorDataset(X[order[:1500]], Y[order[:1500]]), 100, shuffle=True)
dl_valid = DataLoader(TensorDataset(X[order[1500:]], Y[order[1500:]]), 100)


class Net(Model):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 8)
        self.fc2 = nn.Linear(8, 8)
        self.fc3 = nn.Linear(8, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return torch.sigmoid(self.fc3(x))


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=0.75):
        super().__init__()
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, y_pred, y_true):
        bce = nn.BCELoss(reduction="none")(y_pred, y_true)
        p_t = y_true * y_pred + (1 - y_true) * (1 - y_pred)
        alpha_t = y_true * self.alpha + (1 - y_true) * (1 - self.alpha)
        return torch.mean(alpha_t * torch.pow(1.0 - p_t, self.gamma) * bce)


model = Net()


def l2_loss(net, alpha):
    total = torch.tensor(0.0, requires_grad=True)
    for name, param in net.named_parameters():
        if "bias" not in name:
            total = total + 0.5 * alpha * torch.sum(torch.pow(param, 2))
    return total


def focal_loss_with_l2(y_pred, y_true):
    return FocalLoss()(y_pred, y_true) + l2_loss(model, 0.0005)


def recall(y_pred, y_true):
    return torch.sum((y_pred > 0.5) * y_true) / torch.sum(y_true)


model.summary(input_shape=(2,))
model.compile(
    loss_func=focal_loss_with_l2,
    optimizer=torch.optim.Adam(model.parameters(), lr=0.02),
    metrics_dict={"recall": recall},
)
dfhistory = model.fit(30, dl_train=dl_train, dl_val=dl_valid, log_step_freq=15)
