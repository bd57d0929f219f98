"""Sentences of token ids: an embedding, convolutions over time, Adagrad and BCE."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from lampas import torchkeras

MAX_WORDS, MAX_LEN = 200, 40


class Sentences(Dataset):
    """The label is whether one of ten marked words occurs."""

    def __init__(self, rows, seed):
        draw = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(20, MAX_WORDS, (rows, MAX_LEN), generator=draw)
        self.labels = torch.randint(0, 2, (rows, 1), generator=draw)
        words = torch.randint(0, 10, (rows, 3), generator=draw) + 10 * self.labels
        places = torch.randint(0, MAX_LEN, (rows, 3), generator=draw)
        self.tokens.scatter_(1, places, words)

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return self.tokens[index], self.labels[index].float()


class Net(torchkeras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(MAX_WORDS, 8, padding_idx=1)
        self.conv = nn.Sequential()
        self.conv.add_module("conv_1", nn.Conv1d(8, 16, kernel_size=5))
        self.conv.add_module("relu_1", nn.ReLU())
        self.conv.add_module("pool_1", nn.AdaptiveMaxPool1d(1))
        self.dense = nn.Sequential()
        self.dense.add_module("flatten", nn.Flatten())
        self.dense.add_module("linear", nn.Linear(16, 1))
        self.dense.add_module("sigmoid", nn.Sigmoid())

    def forward(self, x):
        x = self.embedding(x).transpose(1, 2)
        return self.dense(self.conv(x))


def accuracy(y_pred, y_true):
    y_pred = torch.where(
        y_pred > 0.5,
        torch.ones_like(y_pred, dtype=torch.float32),
        torch.zeros_like(y_pred, dtype=torch.float32),
    )
    return torch.mean(1 - torch.abs(y_true - y_pred))


torch.manual_seed(2)
dl_train = DataLoader(Sentences(1000, 0), batch_size=20, shuffle=True)
dl_test = DataLoader(Sentences(200, 1), batch_size=20, shuffle=False)
model = Net()
print(model)
model.summary(input_shape=(MAX_LEN,), input_dtype=torch.LongTensor)
model.compile(
    loss_func=nn.BCELoss(),
    optimizer=torch.optim.Adagrad(model.parameters(), lr=0.05),
    metrics_dict={"accuracy": accuracy},
)
dfhistory = model.fit(8, dl_train, dl_val=dl_test, log_step_freq=25)
predicted = model.predict(dl_test)
