import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from known_nets import resnet50
from torch import nn

from lampas.errors import InputError, UnknownNameError
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
        "layer       type         input           output          trainable  frozen     MACs",
        "(net)       Net          (B, 3, 32, 32)  (B, 5)",
        "  features  Sequential   (B, 3, 32, 32)  (B, 8, 30, 30)",
        "    0       Conv2d       (B, 3, 32, 32)  (B, 8, 30, 30)                224  194,400",
        "    1       BatchNorm2d  (B, 8, 30, 30)  (B, 8, 30, 30)         16",
        "    2       ReLU         (B, 8, 30, 30)  (B, 8, 30, 30)",
        "  头部      Linear       (B, 8)          (B, 5)                 45               40",
        "",
        "285 parameters: 61 trainable, 224 frozen; 1.2 KiB with buffers",
        "194 kMACs for a sample",
        "Training with Adam holds 2.0 KiB: parameters 1.2 KiB, gradients 244 B, optimiser 504 B, "
        "activations 64 B; 56.3 KiB of activations a sample",
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
        "layer  type  input   output  trainable",
        "(net)  ReLU  (B, 4)  (B, 4)",
    ]


def test_the_frame_has_the_same_numbers() -> None:
    frame = summarize(Net(), (3, 8, 8)).frame
    assert list(frame.columns) == [
        "layer", "type", "input", "output", "trainable", "frozen", "macs", "note",
    ]  # fmt: skip
    assert frame["trainable"].sum() == 61
    assert frame.set_index("layer").loc["features.0", "output"] == "(B, 8, 6, 6)"


def test_it_prints_itself_everywhere() -> None:
    summary = summarize(nn.Linear(2, 1))
    assert repr(summary) == str(summary)
    html = summary._repr_html_()
    assert html.startswith("<table><thead><tr><th>layer</th><th>type</th><th>trainable</th></tr>")
    assert html.endswith("<p>3 parameters: 3 trainable, 0 frozen; 12 B with buffers</p>")
    tree = summarize(nn.Sequential(nn.Sequential(nn.Linear(2, 1))))._repr_html_()
    assert "<td>\u2003\u20030</td>" in tree


def test_a_wrong_shape_names_the_layer() -> None:
    with pytest.raises(InputError) as caught:
        summarize(nn.Sequential(nn.Linear(4, 2)), (3,))
    assert caught.value.__notes__ == [
        "layer  type        output\n(net)  Sequential\n  0    Linear      here"
    ]
    assert str(caught.value) == (
        "layer '0' (Linear) got (2, 3) float32 and takes (*, 4); its weight is (2, 4): a and "
        "b must have same reduction dim, but got [2, 3] X [4, 2]."
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


def test_a_tree_may_be_shown_as_deep_as_one_likes() -> None:
    whole = summarize(Net(), (3, 32, 32))
    shown = summarize(Net(), (3, 32, 32), depth=1)
    assert shown == whole.to_depth(1)
    assert [(row.path, row.trainable, row.frozen, row.macs) for row in shown.rows] == [
        ("", 0, 0, 0), ("features", 16, 224, 194_400), ("头部", 45, 0, 40),
    ]  # fmt: skip
    assert str(shown).splitlines()[-3:] == str(whole).splitlines()[-3:]
    (alone,) = whole.to_depth(0).rows
    assert (alone.trainable, alone.frozen, alone.macs) == (61, 224, 194_440)
    with pytest.raises(InputError) as caught:
        whole.to_depth(-1)
    assert str(caught.value) == "depth is -1: it must be an integer of 0 or more"


def test_resnet_50_has_the_figures_of_its_paper() -> None:
    summary = summarize(resnet50(), (3, 224, 224))
    assert summary.trainable == 25_557_032
    assert summary.macs == 4_089_184_256
    given = summarize(resnet50(), (3, 224, 224), batch_size=4)
    assert given.macs == 4 * summary.macs


BIG = r"""
import re, time
import torch
from known_nets import llama70b
from lampas.summary import summarize
began = time.perf_counter()
summary = summarize(llama70b(), (2048,), torch.long)
# Not getrusage: its peak is inherited from the process that started this one.
peak = int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) * 1024
print(summary.trainable, summary.macs, time.perf_counter() - began, peak)
"""


def test_seventy_billion_parameters_take_no_memory() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", BIG], cwd=Path(__file__).parent, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    trainable, macs, _, peak = map(float, answer.stdout.split())
    assert trainable == 70_553_706_496
    # Each parameter but the embedding's multiplies each of 2048 tokens, and attention is beside.
    attention = 80 * 2 * 2048 * 2048 * 8192
    norms = 161 * 8192
    assert macs == 2048 * (trainable - 128_256 * 8192 - norms) + attention
    assert peak < 1e9


def test_what_is_told_without_a_pass_in_training_mode() -> None:
    class Shy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                raise RuntimeError("not today\nnor tomorrow")
            return x

    summary = summarize(Shy(), (4,))
    assert summary.training is None
    assert summary.remarks == (
        "the memory of training is not known: the net (Shy) got (2, 4) float32: not today "
        f"(test_table.py, line {Shy.forward.__code__.co_firstlineno + 2})",
    )
    assert summary.macs == 0


def test_wrong_names() -> None:
    with pytest.raises(UnknownNameError) as caught:
        summarize(nn.Linear(2, 1), (2,), precision="bf61")
    assert str(caught.value) == (
        "unknown precision 'bf61': did you mean 'bf16' or 'fp16'? Valid: bf16, float32, fp16"
    )
    with pytest.raises(UnknownNameError, match="unknown optimizer 'adma'"):
        summarize(nn.Linear(2, 1), (2,), optimizer="adma")
