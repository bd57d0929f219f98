"""Two noisy rings: a module of one's own, wrapped; weights saved and loaded as they were."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas.torchkeras as torchkeras

torch.manual_seed(1)
rows = 1000
radius = torch.cat([5 + torch.randn(rows), 9 + torch.randn(rows)])
angle = 2 * np.pi * torch.rand(2 * rows)
X = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)
Y = torch.cat([torch.zeros(rows, 1), torch.ones(rows, 1)])
order = torch.randperm(2 * rows)
X, Y = X[order], Y[order]
dl_train = DataLoader(TensorDataset(X[:1400], Y[:1400]), batch_size=100, shuffle=True)
dl_valid = DataLoader(TensorDataset(X[1400:], Y[1400:]), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 4)
        self.fc2 = nn.Linear(4, 8)
        self.fc3 = nn.Linear(8, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return torch.sigmoid(self.fc3(x))


def accuracy(y_pred, y_true):
    y_pred = torch.where(y_pred > 0.5, torch.ones_like(y_pred), torch.zeros_like(y_pred))
    return torch.mean(1 - torch.abs(y_true - y_pred))


model = torchkeras.Model(Net())
model.summary(input_shape=(2,))
model.compile(
    loss_func=nn.BCELoss(),
    optimizer=torch.optim.Adam(model.parameters(), lr=0.02),
    metrics_dict={"accuracy": accuracy},
)
dfhistory = model.fit(epochs=30, dl_train=dl_train, dl_val=dl_valid, log_step_freq=5)

torch.save(model.state_dict(), "model.pkl")
torch.save(model.net.state_dict(), "net.pkl")
clone = torchkeras.Model(Net())
clone.load_state_dict(torch.load("model.pkl"))
clone.compile(loss_func=nn.BCELoss(), metrics_dict={"accuracy": accuracy})
net = Net()
net.load_state_dict(torch.load("net.pkl"))
print(model.evaluate(dl_valid), clone.evaluate(dl_valid))
print((model.predict(dl_valid) - torchkeras.Model(net).predict(dl_valid)).abs().max().item())
