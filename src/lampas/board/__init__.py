"""TensorBoard: every kind as a plain call (`lampas.Board`); the callback is in `lampas.callbacks`.

Imports nothing: the process that writes a run's log starts from here, and needs no torch.
"""
