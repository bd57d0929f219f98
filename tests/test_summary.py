from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import InputError
from lampas.summary import Summary, summarize


def lines(summary: Summary) -> list[str]:
    return str(summary).splitlines()


def rows(summary: Summary) -> dict[str, tuple[str, int, int, str]]:
    return {row.path: (row.output, row.trainable, row.frozen, row.note) for row in summary.rows}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.头部 = nn.Linear(8, 5)
        self.features[0].requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.头部(self.features(x).mean((2, 3)))


def test_the_whole_table() -> None:
    assert lines(summarize(Net(), input_shape=(3, 32, 32), input_dtype=torch.float32)) == [
        "layer       type         output          trainable  frozen",
        "(net)       Net          (B, 5)",
        "  features  Sequential   (B, 8, 30, 30)",
        "    0       Conv2d       (B, 8, 30, 30)                224",
        "    1       BatchNorm2d  (B, 8, 30, 30)         16",
        "    2       ReLU         (B, 8, 30, 30)",
        "  头部      Linear       (B, 5)                 45",
        "",
        "285 parameters: 61 trainable, 224 frozen; 1.2 KiB with buffers",
    ]


def test_without_shapes_there_are_no_outputs() -> None:
    assert lines(summarize(nn.Sequential(nn.Linear(2, 3)))) == [
        "layer  type        trainable",
        "(net)  Sequential",
        "  0    Linear              9",
        "",
        "9 parameters: 9 trainable, 0 frozen; 36 B with buffers",
    ]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_totals_are_torch_s(widths: list[int]) -> None:
    pairs = zip([4, *widths], widths, strict=False)
    layers = [nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b)) for a, b in pairs]
    layers[0].requires_grad_(False)
    net = nn.Sequential(*layers)
    summary = summarize(net, input_shape=(4,))
    frozen = sum(p.numel() for p in layers[0].parameters())
    total = sum(p.numel() for p in net.parameters())
    assert (summary.trainable, summary.frozen) == (total - frozen, frozen)
    assert sum(row.trainable + row.frozen for row in summary.rows) == total
    assert summary.memory == sum(t.nbytes for t in net.state_dict().values())
    assert summary.rows[0].output == f"(B, {widths[-1]})"


@pytest.mark.parametrize(
    ("options", "output"),
    [
        ({"input_shape": (4,)}, "(B, 2)"),
        ({"input_shape": (4,), "batch_size": 7}, "(7, 2)"),
        ({"input_shape": (9, 4), "input_dtype": torch.FloatTensor}, "(B, 9, 2)"),
        ({"inputs": torch.ones(5, 4)}, "(5, 2)"),
    ],
)
def test_the_ways_to_say_what_goes_in(options: Any, output: str) -> None:
    assert summarize(nn.Linear(4, 2), **options).rows[0].output == output


class Many(nn.Module):
    def forward(self, x: torch.Tensor, ids: torch.Tensor) -> Any:
        return {"flat": x.reshape(-1), "both": [torch.cat([x, x]), ids.sum()], "n": len(x)}


def test_several_inputs_and_nested_outputs() -> None:
    expected = "{flat: (12B,), both: [(2B, 3, 4), ()], n: int}"
    shapes, dtypes = [(3, 4), (5,)], [None, torch.long]
    assert summarize(Many(), shapes, dtypes).rows[0].output == expected
    named = {"ids": (5,), "x": (3, 4)}
    assert summarize(Many(), named, {"ids": torch.LongTensor}).rows[0].output == expected
    both = {"x": torch.ones(2, 3, 4), "ids": torch.ones(2)}
    assert summarize(Many(), inputs=both).rows[0].output == (
        "{flat: (24,), both: [(4, 3, 4), ()], n: int}"
    )


def test_a_size_that_grows_with_the_batch_but_not_in_proportion() -> None:
    class Pad(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x, x[:1]])

    assert summarize(Pad(), (3,)).rows[0].output == "(B+1, 3)"


def test_recurrent_nets() -> None:
    net = nn.LSTM(3, 4, batch_first=True)
    assert summarize(net, (7, 3)).rows[0].output == "[(B, 7, 4), [(1, B, 4), (1, B, 4)]]"


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.again = self.a
        self.tied = nn.Linear(4, 4, bias=False)
        self.tied.weight = self.a.weight
        self.block = nn.Sequential(nn.ReLU())
        self.same = self.block
        self.idle = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.tied(self.again(self.block(self.a(self.block(x)))))


def test_what_is_shared_counts_once_and_is_said() -> None:
    summary = summarize(Twice(), (4,))
    assert rows(summary) == {
        "": ("(B, 4)", 0, 0, ""),
        "a": ("(B, 4)", 20, 0, "2 calls"),
        "again": ("", 0, 0, "is a"),
        "tied": ("(B, 4)", 0, 0, "weight is a.weight"),
        "block": ("(B, 4)", 0, 0, "2 calls"),
        "block.0": ("(B, 4)", 0, 0, "2 calls"),
        "same": ("", 0, 0, "is block"),
        "idle": ("", 3, 0, "not called itself"),
    }
    assert summary.trainable == 23


def test_a_layer_with_two_shapes_shows_both() -> None:
    class Slices(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.act(self.act(x)[:, :2]))

    assert rows(summarize(Slices(), (4,)))["act"] == ("(B, 4) or (B, 2)", 0, 0, "3 calls")


def test_lazy_layers_are_said() -> None:
    net = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2))
    summary = summarize(net, (4,))
    assert rows(summary)["0"] == ("", 0, 0, "weight is lazy; bias is lazy")
    assert summary.remarks == (
        "lazy layers have no weights yet: run one batch through the net for the rest",
    )
    assert lines(summary)[-1] == summary.remarks[0]
    assert summary.trainable == 8
    net(torch.ones(2, 4))
    assert summarize(net, (4,)).rows[0].output == "(B, 2)"


def test_a_net_on_the_meta_device() -> None:
    with torch.device("meta"):
        net = nn.Linear(4, 2)
    summary = summarize(net, (4,))
    assert (summary.rows[0].output, summary.memory) == ("(B, 2)", 40)


def test_a_net_without_parameters() -> None:
    assert lines(summarize(nn.ReLU(), (4,)))[:2] == [
        "layer  type  output  trainable",
        "(net)  ReLU  (B, 4)",
    ]


def test_the_frame_has_the_same_numbers() -> None:
    frame = summarize(Net(), (3, 8, 8)).frame
    assert list(frame.columns) == ["layer", "type", "output", "trainable", "frozen", "note"]
    assert frame["trainable"].sum() == 61
    assert frame.set_index("layer").loc["features.0", "output"] == "(B, 8, 6, 6)"


def test_it_prints_itself_everywhere() -> None:
    summary = summarize(nn.Linear(2, 1))
    assert repr(summary) == str(summary)
    assert summary._repr_html_() == f"<pre>{summary}</pre>"


def test_a_wrong_shape_names_the_layer() -> None:
    with pytest.raises(InputError) as caught:
        summarize(nn.Sequential(nn.Linear(4, 2)), (3,))
    assert str(caught.value) == (
        "layer '0' (Linear) got (2, 3) float32 and takes (*, 4): a and b must have same reduction "
        "dim, but got [2, 3] X [4, 2]."
    )


@pytest.mark.parametrize(
    ("net", "options", "message"),
    [
        (nn.ReLU, {}, "net is the class ReLU, not an object: ReLU(...)"),
        ("net", {}, "net is a str: pass a torch.nn.Module"),
        (
            nn.ReLU(),
            {"inputs": torch.ones(2), "input_shape": (2,)},
            "inputs has shapes, dtypes and a batch size: pass it alone",
        ),
        (
            nn.ReLU(),
            {"input_dtype": torch.long},
            "input_dtype and batch_size need input_shape beside them",
        ),
        (
            nn.ReLU(),
            {"input_shape": (2,), "batch_size": 0},
            "batch_size is 0: it must be an integer of 1 or more",
        ),
    ],
)
def test_what_cannot_be_summarized(net: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        summarize(net, **options)
    assert str(caught.value) == message
