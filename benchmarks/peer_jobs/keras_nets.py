"""The nets of the workloads in Keras's own layers, with the first weights of torch's."""

from typing import Any

import keras
from keras import layers
from torch import Tensor, nn
from workloads import SeriesNet, WordsNet, Workload


def own_layers(work: Workload) -> keras.Model:
    """A functional model; made and built afresh each time."""
    net = work.net()
    x = keras.Input(tuple(work.x.shape[1:]), dtype=str(work.x.dtype).removeprefix("torch."))
    if isinstance(net, nn.Sequential):
        y = _sequence(net, x)
    elif isinstance(net, SeriesNet):
        y = _linear(net.head, _lstm(net.lstm, x))
    elif isinstance(net, WordsNet):
        y = _words(net, x)
    else:
        features = _conv1d(net.conv, _embedding(net.embed, x))
        y = _linear(net.head, layers.GlobalMaxPooling1D()(features))
    return keras.Model(x, y)


def _with(layer: Any, x: Any, *weights: Tensor) -> Any:
    """Call a layer, which builds it, and give it weights."""
    y = layer(x)
    layer.set_weights([one.detach().numpy() for one in weights])
    return y


def _sequence(net: nn.Sequential, x: Any) -> Any:
    made = {
        nn.Linear: _linear, nn.Conv2d: _conv2d, nn.BatchNorm2d: _norm,
        nn.ReLU: lambda _, x: layers.ReLU()(x),
        nn.MaxPool2d: lambda _, x: layers.MaxPooling2D(2, data_format="channels_first")(x),
        nn.Flatten: lambda _, x: layers.Reshape((-1,))(x),
    }  # fmt: skip
    for one in net:
        x = made[type(one)](one, x)
    return x


def _linear(like: Any, x: Any) -> Any:
    return _with(layers.Dense(like.out_features), x, like.weight.T, like.bias)


def _conv2d(like: Any, x: Any) -> Any:
    """As torch lays images out, which saves Keras turning them."""
    layer = layers.Conv2D(like.out_channels, 3, padding="same", data_format="channels_first")
    return _with(layer, x, like.weight.permute(2, 3, 1, 0), like.bias)


def _norm(like: Any, x: Any) -> Any:
    layer = layers.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5)
    return _with(layer, x, like.weight, like.bias, like.running_mean, like.running_var)


def _embedding(like: Any, x: Any) -> Any:
    return _with(layers.Embedding(like.num_embeddings, like.embedding_dim), x, like.weight)


def _conv1d(like: Any, x: Any) -> Any:
    layer = layers.Conv1D(like.out_channels, 5, activation="relu")
    return _with(layer, x, like.weight.permute(2, 1, 0), like.bias)


def _lstm(like: Any, x: Any) -> Any:
    """Keras has one bias where torch adds two."""
    weights = like.weight_ih_l0.T, like.weight_hh_l0.T, like.bias_ih_l0 + like.bias_hh_l0
    return _with(layers.LSTM(like.hidden_size), x, *weights)


class Places(layers.Layer):
    """Adds a vector to each place."""

    def build(self, shape: Any) -> None:
        self.vectors = self.add_weight(shape=tuple(shape[1:]))

    def call(self, x: Any) -> Any:
        return x + self.vectors


def _words(net: WordsNet, x: Any) -> Any:
    x = _with(Places(), _embedding(net.embed, x), net.places)
    for one in net.encoder.layers:
        x = _layer_norm(one.norm1, layers.Add()([x, _attention(one.self_attn, x)]))
        inner = _linear(one.linear2, layers.ReLU()(_linear(one.linear1, x)))
        x = _layer_norm(one.norm2, layers.Add()([x, inner]))
    return _linear(net.head, layers.GlobalAveragePooling1D()(x))


def _layer_norm(like: Any, x: Any) -> Any:
    return _with(layers.LayerNormalization(epsilon=1e-5), x, like.weight, like.bias)


def _attention(like: Any, x: Any) -> Any:
    heads, width = like.num_heads, like.embed_dim
    layer = layers.MultiHeadAttention(heads, width // heads)
    y = layer(x, x)
    weights = []
    for part, bias in zip(like.in_proj_weight.chunk(3), like.in_proj_bias.chunk(3), strict=True):
        weights += [part.T.reshape(width, heads, -1), bias.reshape(heads, -1)]
    weights += [like.out_proj.weight.T.reshape(heads, -1, width), like.out_proj.bias]
    layer.set_weights([one.detach().numpy() for one in weights])
    return y
