"""Texts of which each token is there by a part: what integrated gradients go through."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from lampas.text.words import WordPath, grams_present


@dataclass(slots=True)
class Partly:
    """Texts whose token i is there by `present[i]`, from 0 to 1.

    ids: int64 (N, L). mask: bool (N, L), true where a token stands. absent: the id of a token
    that says nothing. An embedding of `ids` gives present · e(id) + (1 − present) · e(absent);
    `WordPath` adds present · (what a gram says), see `grams_present`. `met`: how many
    embeddings of the tokens were met.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    absent: int
    present: torch.Tensor
    met: int = field(default=0, init=False)

    def embedded(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        """A forward hook of an `nn.Embedding`: of anything but these ids nothing is changed."""
        given = args[0] if args else kwargs["input"]
        for ids, present in ((self.ids, self.present), (self.ids.T, self.present.T)):
            if given.shape == ids.shape and torch.equal(given, ids):
                self.met += 1
                nothing: torch.Tensor = module.weight[self.absent]  # pyright: ignore
                return nothing + present.unsqueeze(-1) * (output - nothing)
        return None

    def weighed(self, path: WordPath) -> Callable[..., torch.Tensor]:
        """A forward hook of the weights of a `WordPath`, whose grams are those of these texts."""
        grams = grams_present(self.ids, self.mask, path.keys, path.vocabulary, self.present)

        def hook(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
            self.met += 1
            return output * grams.unsqueeze(-1)

        return hook


@contextmanager
def read_partly(net: nn.Module, texts: Partly) -> Generator[None]:
    """Inside, the embeddings of `net` read `texts` by parts; nothing is left of it after."""
    paths = [module for module in net.modules() if isinstance(module, WordPath)]
    weights = [path.weight for path in paths]
    hooks = [path.weight.register_forward_hook(texts.weighed(path)) for path in paths]
    hooks += [
        module.register_forward_hook(texts.embedded, with_kwargs=True)
        for module in net.modules()
        if isinstance(module, nn.Embedding) and not any(module is weight for weight in weights)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
