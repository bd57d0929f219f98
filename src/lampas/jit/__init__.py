"""The whole training step as one compiled call: forward, loss, backward, clipping, optimiser.

`function` writes the step as a function of tensors, `trace` makes a graph of it, `artifacts` has it
compiled and keeps it on the disk, `compiled` stands in the place of `Model.train_step`,
`evaluation` in that of `eval_step`, and `auto` decides whether that pays. `reasons` says what
cannot be compiled, `baked` finds what a graph would leave out, `updates` has the rules of torch's
optimizers.

Nothing here is imported before a run asks for it: torch's compiler takes a second to import.
"""
