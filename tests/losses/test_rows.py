import torch

from lampas.losses.rows import first


def test_the_first_row_of_a_table_and_its_value():
    values = torch.tensor([[0.0, 1.0], [9.0, 3.5], [8.0, 8.0]])
    found = first(values > 2, values)
    assert found is not None
    assert (found.row, found.value) == (1, "9")
    assert first(values > 99, values) is None


def test_whole_numbers_nan_and_scalars_print_as_they_are():
    assert first(torch.tensor([False, True]), torch.tensor([1, -7])).value == "-7"
    gaps = torch.tensor([1.0, float("nan")])
    assert first(gaps.isnan(), gaps).value == "nan"
    assert first(torch.tensor(True), torch.tensor(2)).row == 0
