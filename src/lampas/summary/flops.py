"""Floating-point operations of one operation of torch, from the shapes that meet in it."""

from typing import Any

from torch import Tensor


def flops_of(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> int:
    """The operations of a call of `func`; 0 for what is no product of matrices.

    Products of matrices, convolutions and attention are counted by torch's own formulas
    (`torch.utils.flop_counter`): 2 for each multiplication with its addition. Beside them
    stand the formulas that it lacks, for attention and recurrent layers on the CPU and for
    cuDNN's recurrent layers. Additions, activations and normalisations are not counted.
    """
    from torch.utils.flop_counter import flop_registry  # a CUDA build imports triton for it

    packet = getattr(func, "_overloadpacket", None)
    if packet in flop_registry:
        return int(flop_registry[packet](*args, **kwargs, out_val=out))
    count = _OWN.get(str(packet))
    return 0 if count is None else count(args)


def _attention(args: tuple[Any, ...]) -> int:
    """Two products for each head: (S, D) by (D, L), and (S, L) by (L, V)."""
    query, key, value = args[:3]
    return 2 * query.shape[:-1].numel() * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _one_rnn_layer(args: tuple[Any, ...]) -> int:
    return _products(args[0], args[1:3])


def _whole_rnn(args: tuple[Any, ...]) -> int:
    return _products(args[0], args[1])


def _products(steps: Tensor, weights: Any) -> int:
    """Each matrix of `weights` is multiplied once for each step of each sample (..., inputs)."""
    matrices = [weight for weight in weights if weight.dim() == 2]
    return 2 * steps.shape[:-1].numel() * sum(weight.numel() for weight in matrices)


_OWN = {
    "aten._scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten.mkldnn_rnn_layer": _one_rnn_layer,
    "aten._cudnn_rnn": _whole_rnn,
    "aten.miopen_rnn": _whole_rnn,
}
