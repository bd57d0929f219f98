"""A plane through noise: a subclass of Model, two metrics, loaders with workers."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from lampas.torchkeras import Model

torch.manual_seed(0)
X = 10 * torch.rand(400, 2) - 5
Y = X @ torch.tensor([[2.0], [-3.0]]) + 10 + torch.randn(400, 1)
ds_train, ds_valid = random_split(TensorDataset(X, Y), [280, 120])
dl_train = DataLoader(ds_train, batch_size=10, shuffle=True, num_workers=2)
dl_valid = DataLoader(ds_valid, batch_size=10, num_workers=2)


class LinearRegression(Model):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)

    def forward(self, x):
        return self.fc(x)


def mean_absolute_error(y_pred, y_true):
    return torch.mean(torch.abs(y_pred - y_true))


def percent_error(y_pred, y_true):
    error = (torch.abs(y_pred - y_true) + 1e-7) / (torch.abs(y_true) + 1e-7)
    return torch.mean(error).item()


model = LinearRegression()
model.summary(input_shape=(2,))
model.compile(
    loss_func=nn.MSELoss(),
    optimizer=torch.optim.Adam(model.parameters(), lr=0.05),
    metrics_dict={"mae": mean_absolute_error, "mape": percent_error},
)
dfhistory = model.fit(60, dl_train=dl_train, dl_val=dl_valid, log_step_freq=20)
scores = model.evaluate(dl_valid)
print(scores)
w, b = model.state_dict()["fc.weight"], model.state_dict()["fc.bias"]
print(w, b)
