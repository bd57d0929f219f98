"""Handwritten digits: a CNN in DataParallel, cross-entropy, accuracy through scikit-learn."""

import torch
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lampas.torchkeras import Model, summary

torch.manual_seed(4)
digits = load_digits()
X = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
Y = torch.tensor(digits.target)
dl_train = DataLoader(TensorDataset(X[:1400], Y[:1400]), batch_size=64, shuffle=True)
dl_valid = DataLoader(TensorDataset(X[1400:], Y[1400:]), batch_size=64)


class CnnModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(in_channels=1, out_channels=16, kernel_size=3),
                nn.ReLU(),
                nn.MaxPool2d(kernel_size=2, stride=2),
                nn.Dropout2d(p=0.1),
                nn.Flatten(),
                nn.Linear(144, 32),
                nn.ReLU(),
                nn.Linear(32, 10),
            ]
        )

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def accuracy(y_pred, y_true):
    y_pred_cls = torch.argmax(nn.Softmax(dim=1)(y_pred), dim=1).data
    return accuracy_score(y_true.cpu().numpy(), y_pred_cls.cpu().numpy())


summary(CnnModel(), input_shape=(1, 8, 8), input_dtype=torch.FloatTensor)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
model = Model(nn.DataParallel(CnnModel()))
model.compile(
    loss_func=nn.CrossEntropyLoss(),
    optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
    metrics_dict={"accuracy": accuracy},
    device=device,
)
dfhistory = model.fit(6, dl_train=dl_train, dl_val=dl_valid, log_step_freq=10)

torch.save(model.net.module.state_dict(), "digits.pkl")
clone = Model(CnnModel())
clone.net.load_state_dict(torch.load("digits.pkl"))
clone.compile(loss_func=nn.CrossEntropyLoss(), metrics_dict={"accuracy": accuracy})
scores = clone.evaluate(dl_valid)
print(scores, model.predict(dl_valid).shape)
