import pandas as pd
import pytest
import torch

from lampas.export.answers import about, answered, name_of, unit_of
from lampas.tables.targets import TargetCoder

TWO = (("no", "yes"),)
CODERS = [
    TargetCoder("binary", ("y",), TWO, (), ()),
    TargetCoder("multiclass", ("y",), (("a", "b", "c"),), (), ()),
    TargetCoder("multilabel", ("y", "z"), TWO * 2, (), ()),
    TargetCoder("regression", ("y", "z"), (), (1.0, 2.0), (3.0, 4.0)),
]


@pytest.mark.parametrize("coder", CODERS, ids=lambda coder: coder.task)
def test_the_numbers_are_those_of_decode(coder):
    outputs = torch.randn(5, coder.outputs)
    found = coder.decode(outputs, pd.RangeIndex(5)).select_dtypes("number")
    said = answered(coder.task, outputs)
    torch.testing.assert_close(said.double(), torch.tensor(found.to_numpy()), rtol=1e-6, atol=0)
    assert len(said) == 5


def test_what_a_reader_is_told():
    assert [name_of(coder.task) for coder in CODERS] == ["probabilities"] * 3 + ["values"]
    assert about(CODERS[0]) == {"task": "binary", "targets": ["y"], "classes": [["no", "yes"]]}
    assert about(CODERS[3]) == {"task": "regression", "targets": ["y", "z"]}
    assert unit_of(CODERS[0]) is None
    assert unit_of(CODERS[3]).tolist() == [3.0, 4.0]
