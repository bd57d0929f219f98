"""Daily counts that rise and fall: an LSTM, a loss of one's own, no validation data."""

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import lampas.torchkeras as torchkeras

WINDOW = 8
day = np.arange(46.0)
df = pd.DataFrame(
    {
        "confirmed": 5 * np.exp(-(((day - 14) / 8) ** 2)),
        "cured": 3 * np.exp(-(((day - 30) / 10) ** 2)),
        "dead": 0.3 * np.exp(-(((day - 20) / 9) ** 2)),
    }
).astype("float32")


class Days(Dataset):
    def __len__(self):
        return len(df) - WINDOW

    def __getitem__(self, i):
        feature = torch.tensor(df.loc[i : i + WINDOW - 1].values)
        label = torch.tensor(df.loc[i + WINDOW].values)
        return feature, label


class Block(nn.Module):
    def forward(self, x, x_input):
        return torch.max((1 + x) * x_input[:, -1, :], torch.tensor(0.0))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=3, hidden_size=3, num_layers=5, batch_first=True)
        self.linear = nn.Linear(3, 3)
        self.block = Block()

    def forward(self, x_input):
        x = self.lstm(x_input)[0][:, -1, :]
        return self.block(self.linear(x), x_input)


def mspe(y_pred, y_true):
    err_percent = (y_true - y_pred) ** 2 / (torch.max(y_true**2, torch.tensor(1e-7)))
    return torch.mean(err_percent)


torch.manual_seed(3)
dl_train = DataLoader(Days(), batch_size=38)
model = torchkeras.Model(Net())
model.summary(input_shape=(WINDOW, 3), input_dtype=torch.FloatTensor)
model.compile(loss_func=mspe, optimizer=torch.optim.Adagrad(model.parameters(), lr=0.1))
dfhistory = model.fit(100, dl_train, log_step_freq=10)

ahead = df.copy()
for _ in range(5):
    features = torch.tensor(ahead.values[-38:, :])[None]
    following = pd.DataFrame(model.forward(features).data.numpy(), columns=df.columns)
    ahead = pd.concat([ahead, following], ignore_index=True)
