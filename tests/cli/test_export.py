import json

import pytest

from lampas.cli.runs import model_file


def test_one_line_says_what_was_written(shell, run_folder, tmp_path):
    answer = shell("export", run_folder, tmp_path / "m.pt2")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"{tmp_path / 'm.pt2'}: ")
    assert answer.out.endswith("; largest difference 0.0e+00 of 1e-04 allowed\n")
    assert "numbers (batch, " in answer.out
    assert answer.out.count("\n") == 1


def test_json_is_what_python_says(shell, run_folder, tmp_path):
    answer = shell("export", run_folder, tmp_path / "w.safetensors", "--json")
    found = json.loads(answer.out)
    assert found["size"] == (tmp_path / "w.safetensors").stat().st_size
    assert found["inputs"] == []


@pytest.mark.parametrize("name", ["m.pt", "m"])
def test_another_suffix_is_refused_before_the_run_is_read(name, shell, tmp_path):
    answer = shell("export", tmp_path / "there is no run", name)
    assert answer.code == 1
    assert answer.error == (
        f"{name}: the suffix says the format: write .onnx (ONNX), .pt2 (torch.export) or "
        ".safetensors (weights alone)"
    )


def test_the_runs_own_file_works_too(shell, run_folder, tmp_path):
    answer = shell("export", model_file(str(run_folder)), tmp_path / "w.safetensors")
    assert answer.out.endswith("weights alone, the same bit for bit\n")
