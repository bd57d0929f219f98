import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.tables.portable import columns_of, inputs_of


def table(rows: int = 80) -> pd.DataFrame:
    own = np.random.default_rng(0)
    frame = pd.DataFrame({"age": own.normal(40, 10, rows), "deck": own.choice(list("ab"), rows)})
    frame["joined"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(own.integers(0, 900, rows), "D")
    frame["name"] = own.choice(["Mr A", "Miss B", "Dr C"], rows)
    frame["big"] = np.where(frame["age"] > 40, "yes", "no")
    frame["cost"] = 1e5 + 10 * frame["age"]
    frame["small"] = np.where(frame["age"] > 45, "no", "yes")
    frame.loc[::9, ["age", "deck", "joined", "name"]] = None
    return frame


KINDS = {"name": "text", "deck": "category", "age": "number", "joined": "date"}
TASKS = {"one": ["big"], "several": ["big", "small"], "amount": ["cost"]}


def fitted(targets, net=None):
    columns = table()[[*KINDS, *targets]]
    return columns, lampas.tabular(columns, targets, epochs=1, verbose=0, kinds=KINDS, net=net)


def numbers_of(predicted: pd.DataFrame, amount: bool) -> torch.Tensor:
    shown = predicted if amount else predicted.filter(like="probability")
    return torch.tensor(shown.to_numpy(dtype=np.float32))


@pytest.mark.parametrize("task", TASKS)
def test_a_program_predicts_as_the_model(task, tmp_path):
    frame, model = fitted(TASKS[task])
    made = model.export(tmp_path / "m.pt2")
    assert [one.name for one in made.inputs] == ["numbers", "codes"]
    net = torch.export.load(io.BytesIO((tmp_path / "m.pt2").read_bytes())).module()
    raw = inputs_of(model.preparer, frame)
    said = net(torch.from_numpy(raw["numbers"]), torch.from_numpy(raw["codes"]))
    wanted = numbers_of(model.predict(frame), task == "amount")
    torch.testing.assert_close(said, wanted, rtol=1e-5, atol=1e-6)


def test_onnx_predicts_as_the_model_with_a_net_of_the_users(tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    frame, model = fitted(["big"], lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False))
    model.export(tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    (said,) = session.run(None, inputs_of(model.preparer, frame))
    wanted = numbers_of(model.predict(frame), amount=False)
    torch.testing.assert_close(torch.from_numpy(said), wanted, rtol=1e-5, atol=1e-6)
    about = json.loads(session.get_modelmeta().custom_metadata_map["lampas_export"])
    assert about["kind"] == "tabular"
    assert about["classes"] == [["no", "yes"]]
    assert [one["column"] for one in about["numbers"]][-1] == "joined"
    assert about["codes"] == [{"column": "deck", "values": [None, "(any other)", "a", "b"]}] or (
        about["codes"] == [{"column": "deck", "values": [None, "(any other)", "b", "a"]}]
    )


@pytest.mark.parametrize(("column", "name"), [("age", "numbers"), ("deck", "codes")])
def test_an_input_without_columns_is_none(column, name, tmp_path):
    frame = table()[[column, "big"]].dropna()
    model = lampas.tabular(frame, "big", epochs=1, verbose=0, kinds={column: KINDS[column]})
    made = model.export(tmp_path / "m.pt2")
    assert [one.name for one in made.inputs] == [name]
    assert list(inputs_of(model.preparer, frame)) == [name]


def test_each_raw_number_is_told():
    _, model = fitted(["big"])
    found = columns_of(model.preparer)
    raw = inputs_of(model.preparer, table())
    assert len(found["numbers"]) == raw["numbers"].shape[1]
    kinds = {one["column"]: one["is"] for one in found["numbers"]}
    assert kinds["joined"] == "days since 1970-01-01, UTC"
    assert kinds["age"] == "as it stands"
    assert kinds["name"] == "letters of the text"


def test_weights_alone_keep_the_columns_beside_them(tmp_path):
    from safetensors import safe_open

    _, model = fitted(["big"])
    model.export(tmp_path / "w.safetensors")
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert set(file.keys()) == set(model.model.net.state_dict())
        assert json.loads(file.metadata()["lampas_export"])["targets"] == ["big"]
