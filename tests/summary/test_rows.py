from torch import nn

from lampas.summary.rows import Called, Row, folded, rows_of


def test_calls_are_told_with_their_layer() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    once, twice = Called(("(B, 2)",), ("(B, 3)",), 1, 6), Called(("a", "b"), ("c",), 3, 0)
    assert list(rows_of(net, {"": once, "0": once, "1": twice})) == [
        Row("", "Sequential", "(B, 2)", "(B, 3)", 0, 0, 6, ""),
        Row("0", "Linear", "(B, 2)", "(B, 3)", 9, 0, 6, ""),
        Row("1", "ReLU", "a or b", "c", 0, 0, 0, "3 calls"),
    ]
    assert [row.note for row in rows_of(net, {"": once})] == ["", *["not called itself"] * 2]


def test_folding_adds_to_the_row_that_holds_the_others() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 1))), nn.ReLU())
    net[0][0].requires_grad_(False)
    rows = list(rows_of(net, {"0.0": Called((), (), 1, 6), "0.1.0": Called((), (), 1, 3)}))
    for depth in range(5):
        kept = folded(rows, depth)
        assert max(row.depth for row in kept) == min(depth, 3)
        assert sum(row.trainable for row in kept) == 4
        assert sum(row.frozen for row in kept) == 9
        assert sum(row.macs or 0 for row in kept) == 9
    assert [row.path for row in folded(rows, 1)] == ["", "0", "1"]
    assert folded(rows, 1)[1].macs == 9
    assert folded(rows, 1)[2].macs is None
