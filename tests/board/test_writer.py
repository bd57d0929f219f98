"""Every kind, read back by TensorBoard's own reader."""

import io
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

import lampas
from lampas.board.writer import Board
from lampas.errors import InputError, ShapeError


def _pixels(found: Any, tag: str) -> np.ndarray:
    (event,) = found.Images(tag)
    return np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))


def test_scalars(tmp_path: Path, read: Any) -> None:
    weight = torch.tensor([2.0], requires_grad=True)
    with lampas.Board(tmp_path) as board:
        for step in range(20):
            board.scalar("loss", 1 / (step + 1), step)
        board.scalars({"a": weight, "b": np.float32(3)}, step=7)
    found = read(tmp_path)
    assert [event.step for event in found.Scalars("loss")] == list(range(20))
    assert found.Scalars("loss")[1].value == 0.5
    assert (found.Scalars("a")[0].value, found.Scalars("b")[0].step) == (2.0, 7)


def test_histograms(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as board:
        board.histogram("w", torch.arange(10.0, requires_grad=True), 3)
        board.histogram("list", [1, 2])
        with pytest.raises(InputError, match=r"^histogram 'nan' has no finite number to count$"):
            board.histogram("nan", [float("nan")])
    (event,) = read(tmp_path).Histograms("w")
    assert (event.step, event.histogram_value.num, event.histogram_value.sum) == (3, 10, 45)
    assert sum(event.histogram_value.bucket) == 10


def test_images_and_grids(tmp_path: Path, read: Any) -> None:
    red = torch.zeros(3, 4, 6)
    red[0] = 1.0
    with Board(tmp_path) as board:
        board.image("red", red)
        board.image("bytes", (red * 255).byte())
        board.images("grid", red[None].repeat(10, 1, 1, 1), 5)
        with pytest.raises(ShapeError, match=r"^image 'hwc' has shape \(4, 6, 3\): pass"):
            board.image("hwc", red.permute(1, 2, 0))
    found = read(tmp_path)
    for tag in ("red", "bytes"):
        assert _pixels(found, tag).shape == (4, 6, 3)
        assert _pixels(found, tag)[2, 2].tolist() == [255, 0, 0]
    assert _pixels(found, "grid").shape == (2 * 6, 8 * 8, 3)


def test_figures_stay_open_and_outside_pyplot(tmp_path: Path, read: Any) -> None:
    figure, window = Figure(figsize=(2, 1), dpi=50, facecolor="blue"), plt.figure()
    canvas = figure.canvas
    with Board(tmp_path) as board:
        board.figure("blue", figure)
        board.figure("window", window)
    assert figure.canvas is canvas
    assert plt.fignum_exists(window.number)
    plt.close(window)
    assert _pixels(read(tmp_path), "blue").shape == (50, 100, 3)
    assert _pixels(read(tmp_path), "blue")[0, 0].tolist() == [0, 0, 255]


def test_text(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as board:
        board.text("notes", "a *first* try", 2)
    (event,) = read(tmp_path).Tensors("notes/text_summary")
    assert event.step == 2
    assert event.tensor_proto.string_val[0].decode() == "a *first* try"
    assert _plugin(read(tmp_path), "notes/text_summary") == "text"


def test_pr_curves(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as board:
        board.pr_curve("cats", torch.tensor([[0.0], [1.0], [1.0]]), torch.tensor([0.2, 0.6, 0.9]))
    (event,) = read(tmp_path).Tensors("cats")
    assert _plugin(read(tmp_path), "cats") == "pr_curves"
    shape = [dim.size for dim in event.tensor_proto.tensor_shape.dim]
    assert shape == [6, 127]
    curves = np.array(event.tensor_proto.float_val).reshape(shape)
    assert curves[4, 60] == 1.0  # precision and recall at a threshold of 0.47
    assert curves[5, 60] == 1.0


def test_the_graph(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as board:
        board.graph(nn.Sequential(nn.Linear(2, 1), nn.ReLU()), torch.zeros(1, 2))
    assert any("Linear[0]" in node.name for node in read(tmp_path).Graph().node)


def test_hyperparameters_with_their_results(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as board:
        board.hparams({"lr": 0.1, "optimizer": "Adam", "amsgrad": True, "none": None}, {"acc": 0.5})
    found = read(tmp_path)
    assert found.Scalars("result/acc")[0].value == 0.5
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    told = HParamsPluginData.FromString(content).session_start_info.hparams
    assert told["lr"].number_value == 0.1
    assert told["optimizer"].string_value == "Adam"
    assert told["amsgrad"].string_value == "True"
    content = found.summary_metadata["_hparams_/experiment"].plugin_data.content
    (metric,) = HParamsPluginData.FromString(content).experiment.metric_infos
    assert metric.name.tag == "result/acc"


def test_embeddings(tmp_path: Path, capsys: Any) -> None:
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    vectors = torch.randn(3, 5, requires_grad=True)
    with Board(tmp_path) as board:
        for _ in range(2):
            board.embedding(
                "words", vectors, ["a", "b\tc", torch.tensor(3)], torch.rand(3, 1, 4, 4)
            )
        with pytest.raises(ShapeError, match=r"^embedding 'x': 3 vectors and 1 labels: give one"):
            board.embedding("x", vectors, ["a"])
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    one = config.embeddings[0]
    assert np.loadtxt(tmp_path / one.tensor_path) == pytest.approx(vectors.detach().numpy())
    assert (tmp_path / one.metadata_path).read_text() == "a\nb c\n3\n"
    with Image.open(tmp_path / one.sprite.image_path) as sprite:
        assert sprite.size == (8, 8)
    assert capsys.readouterr().out == ""


def test_a_second_writer_is_told_and_has_its_own_folder(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as first:
        with pytest.warns(UserWarning, match=r"^Board: .* is being written by another program; "):
            second = Board(tmp_path)
        first.scalar("loss", 1.0)
        second.scalar("loss", 2.0)
        second.close()
        second.close()  # is nothing more
    assert second.folder == tmp_path / "2"
    assert [read(folder).Scalars("loss")[0].value for folder in (tmp_path, tmp_path / "2")] == [
        1,
        2,
    ]


def test_flush_has_it_on_disk(tmp_path: Path, read: Any) -> None:
    with Board(tmp_path) as board:
        board.scalar("loss", 1.0)
        board.flush()
        assert len(read(tmp_path).Scalars("loss")) == 1


def test_no_thread_is_started(tmp_path: Path) -> None:
    import threading

    before = threading.active_count()
    with Board(tmp_path):
        assert threading.active_count() == before


def _plugin(found: Any, tag: str) -> str:
    return found.SummaryMetadata(tag).plugin_data.plugin_name
