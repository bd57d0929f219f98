"""A user's net in the place of the built-in one: made for the images' sizes, its head fitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lampas import own_net
from lampas.errors import InputError, ShapeError
from lampas.own_net import NetLike
from lampas.tables.schema import TableTask
from lampas.vision.net import ResidualNet

_CHANNELS = ("channels", "in_channels", "in_chans")
_SIDES = ("size", "image_size", "img_size")


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a constructor may ask for by a parameter's name.

    `channels` (also in_channels, in_chans): of the images, 1 or 3. `height`, `width`: of the
    images in pixels; where both are alike, also size, image_size or img_size. `outputs`
    (out_features, n_outputs): columns of the output. `classes` (n_classes, num_classes): the
    classes, one output each, also where there are two.
    """

    channels: int
    height: int
    width: int
    outputs: int
    task: TableTask

    def named(self) -> dict[str, Any]:
        """All names and what each of them stands for."""
        given: dict[str, Any] = dict.fromkeys(_CHANNELS, self.channels)
        given |= {"height": self.height, "width": self.width}
        if self.height == self.width:
            given |= dict.fromkeys(_SIDES, self.height)
        given |= dict.fromkeys(own_net.OUTPUTS, self.outputs)
        return given | dict.fromkeys(own_net.CLASSES, self.outputs)


def build(net: NetLike | None, sizes: Sizes) -> tuple[nn.Module, str | None]:
    """The net, and a line to tell people where its head was changed.

    None: the built-in `ResidualNet`. A class or factory is called with the sizes that its
    parameters name. A module is taken as it is, such as a backbone of torchvision or timm; where
    its output has another width than the targets need, and that is the width of its last
    `nn.Linear`, this layer is replaced, in place, by a fresh one.

    Raises `InputError` where it cannot be made or cannot read the images, `ShapeError` where its
    output does not fit and no layer could be replaced.

    >>> sizes = Sizes(channels=3, height=8, width=8, outputs=2, task="multiclass")
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(192, 1000))
    >>> build(net, sizes)[1]
    "the net's last layer, 1, gave 1000 outputs: a fresh one of 2 is in its place"
    """
    if net is None:
        built = ResidualNet(sizes.channels, sizes.height, sizes.width, sizes.outputs)
        return built, None
    made = own_net.build(net, sizes.named(), sizes.task, "images")
    line = _fit_head(made, sizes)
    return made, line


def head_of(net: nn.Module) -> tuple[str, nn.Linear] | None:
    """The path and the layer that makes the output: the last `nn.Linear`, or None.

    >>> head_of(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))[0]
    '2'
    """
    layers = [(name, one) for name, one in net.named_modules() if isinstance(one, nn.Linear)]
    return layers[-1] if layers else None


def wanted_normalisation(net: nn.Module) -> tuple[list[float], list[float]] | None:
    """Mean and deviation, a number a channel, that a net of timm's says it was trained with.

    Those nets carry `pretrained_cfg` (or `default_cfg`) with "mean" and "std".
    """
    for name in ("pretrained_cfg", "default_cfg"):
        config: Any = getattr(net, name, None)
        if isinstance(config, Mapping) and "mean" in config and "std" in config:
            return [float(one) for one in config["mean"]], [float(one) for one in config["std"]]
    return None


def _fit_head(net: nn.Module, sizes: Sizes) -> str | None:
    shape = _output_shape(net, sizes)
    if shape == (2, sizes.outputs):
        return None
    head = head_of(net)
    if head is None or shape != (2, head[1].out_features):
        raise ShapeError(
            f"{type(net).__name__} returned {_shown(shape)} for 2 images, and these targets need "
            f"{(2, sizes.outputs)}: give its last layer so many, or let its constructor ask for "
            "outputs, or for classes"
        )
    name, layer = head
    fresh = nn.Linear(layer.in_features, sizes.outputs, bias=layer.bias is not None)  # pyright: ignore[reportUnnecessaryComparison]
    if name == "":
        raise ShapeError(
            f"the net is one Linear with {layer.out_features} outputs, and these targets need "
            f"{sizes.outputs}: pass nn.Linear(..., {sizes.outputs})"
        )
    parent, _, last = name.rpartition(".")
    setattr(net.get_submodule(parent), last, fresh.to(layer.weight.device, layer.weight.dtype))
    if hasattr(net, "num_classes"):  # timm's nets know the width of their head
        net.num_classes = sizes.outputs  # pyright: ignore[reportArgumentType]
    return (
        f"the net's last layer, {name}, gave {layer.out_features} outputs: a fresh one of "
        f"{sizes.outputs} is in its place"
    )


def _output_shape(net: nn.Module, sizes: Sizes) -> object:
    """The shape of what the net makes of two images, or its type where it is no tensor."""
    images = torch.zeros(2, sizes.channels, sizes.height, sizes.width)
    home = next(net.parameters(), images)
    training = net.training
    net.eval()
    try:
        with torch.no_grad():
            given: Any = net(images.to(home.device, home.dtype))
    except Exception as error:
        raise InputError(_failure(net, images, error)) from error
    finally:
        net.train(training)
    return tuple(given.shape) if isinstance(given, torch.Tensor) else type(given)


def _shown(shape: object) -> str:
    return f"a {shape.__name__}" if isinstance(shape, type) else str(shape)


def _failure(net: nn.Module, images: torch.Tensor, error: Exception) -> str:
    line = str(error).strip().partition("\n")[0].rstrip(".: ") or type(error).__name__
    return (
        f"{type(net).__name__}.forward failed on images {tuple(images.shape)}: {line}: take "
        "channels, height and width in its constructor, or choose size and channels"
    )
