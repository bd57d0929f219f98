"""`ImageModel.export`: pixels in, probabilities or amounts out."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lampas.export.answers import about, answered, name_of, unit_of
from lampas.export.portable import Portable
from lampas.tables.schema import TableTask

if TYPE_CHECKING:
    from lampas.vision.image_model import ImageModel

_ROWS = 7


class Graph(nn.Module):
    """Scaling, normalisation, the net, its mirror image where `predict` asks for it too, and what
    its outputs mean."""

    def __init__(self, net: nn.Module, task: TableTask) -> None:
        super().__init__()
        self.net = net
        self.task: TableTask = task

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (B, C, H, W) to (B, columns)."""
        return answered(self.task, self.net(images))


def portable(model: "ImageModel") -> Portable:
    """The whole way from pixels of the model's size; decoding and resizing come before it."""
    own = torch.Generator().manual_seed(0)
    shape = (_ROWS, model.form.channels, *model.form.size)
    images = torch.randint(256, shape, generator=own, dtype=torch.uint8)
    net, task = model.model.net, model.targets.task
    told = {"kind": "image", **about(model.targets), "images": asdict(model.form)}
    return Portable(Graph(net, task), net, (images,), names=("images",), outputs=(name_of(task),),
                    about=told, unit=unit_of(model.targets))  # fmt: skip
