"""What the outputs of a compiled step are."""

import torch

from lampas.jit.form import Form
from lampas.step import StepResult

LOSS, OTHER, COUNT, BUFFER = (torch.tensor(float(n)) for n in range(4))
Y = torch.ones(3, 2)


def test_a_plain_step_reads_its_loss_and_prediction() -> None:
    form = Form.of(StepResult([LOSS], [3], Y), own=False, moved=[1], graded=[0])
    assert form.is_plain
    read = form.read([LOSS, Y, BUFFER])
    assert (read.values, read.counts) == ([LOSS], [3])
    assert read.y_pred is Y
    assert list(form.buffers([LOSS, Y, BUFFER])) == [BUFFER]


def test_without_metrics_there_is_no_prediction() -> None:
    form = Form.of(StepResult([LOSS], [3], None), own=False, moved=[], graded=[])
    assert form.read([LOSS]).y_pred is None
    assert list(form.buffers([LOSS])) == []


def test_counts_that_are_tensors_and_nested_predictions() -> None:
    result = StepResult([LOSS, OTHER], [COUNT, 1], {"a": Y, "b": (LOSS, None)})
    form = Form.of(result, own=True, moved=[], graded=[])
    read = form.read([OTHER, LOSS, OTHER, COUNT, Y, LOSS])
    assert read.values == [LOSS, OTHER]
    assert read.counts == [COUNT, 1]
    assert read.y_pred["a"] is Y
    assert read.y_pred["b"] == (LOSS, None)


def test_who_changes_the_counts_changes_those_of_no_other_step() -> None:
    form = Form.of(StepResult([LOSS], [3], None), own=False, moved=[], graded=[])
    form.read([LOSS]).counts.append(4)
    assert form.read([LOSS]).counts == [3]
