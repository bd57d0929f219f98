import re


def test_a_run_shows_task_layers_and_scores(shell, run_folder):
    answer = shell("summary", run_folder)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("TabularNet, a table's model, saved 20")
    assert lines[1].startswith("lampas ")
    assert lines[2] == "predicts bought; 12 epochs"
    assert re.search(r"\(net\) +Model +\[.*\] +\(B, 1\)\n", answer.out)
    assert " parameters: " in answer.out
    assert "  score              held out in training\n" in answer.out


def test_a_plain_model_shows_its_weights(shell, tmp_path):
    import torch

    import lampas

    lampas.Model(torch.nn.Linear(2, 1)).save(tmp_path / "m.lampas")
    answer = shell("summary", tmp_path / "m.lampas")
    assert answer.out.startswith("Linear, a model, saved 20")
    assert answer.out.endswith(
        "  weights   shape    dtype  numbers\n"
        "  weight   (1, 2)  float32        2\n"
        "  bias       (1,)  float32        1\n\n"
        "  3 numbers; its layers are known to its class alone\n"
    )


def test_a_class(shell, tables):
    spec = f"{tables}/nets.py:Picture"
    answer = shell("summary", spec, "--shape", "3,32,32")
    assert "  0    Conv2d   (B, 3, 32, 32)  (B, 8, 30, 30)        224  194,400\n" in answer.out
    assert shell("summary", spec).out.startswith("layer  type     trainable\n")


def test_what_cannot_be_shown_is_one_line(shell, run_folder, tables):
    spec = f"{tables}/nets.py:Net"
    answer = shell("summary", spec)
    assert (answer.code, answer.error) == (
        1,
        f"{spec} needs in_features, outputs to be made, and summary has nothing to give: "
        "add defaults",
    )
    answer = shell("summary", run_folder, "--shape", "3")
    assert (answer.code, answer.error) == (
        2, "--shape and --dtype are for a class; a run knows its inputs",
    )  # fmt: skip
    answer = shell("summary", spec, "--dtype", "int64")
    assert (answer.code, answer.error) == (2, "--dtype needs --shape beside it")
    answer = shell("summary", spec, "--shape", "3", "--dtype", "int65")
    assert answer.error == "--dtype 'int65': a name of torch's, as float32 or int64"
    answer = shell("summary", spec, "--shape", "3,x")
    assert answer.error == "--shape '3,x': write sizes without the batch, as --shape 3,32,32"
