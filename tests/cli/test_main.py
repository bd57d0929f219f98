import os
import signal
import subprocess
import sys

import pytest

import lampas
from lampas.cli.demo import DEMOS


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys\n"
        "sys.argv = ['lampas', *sys.argv[1:]]\n"
        "from lampas.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'numpy', 'pandas', 'sklearn', 'matplotlib',"
        " 'tqdm', 'rich') if name in sys.modules])\n"
    )
    for arguments in (["--help"], ["train", "--help"], ["demo", "--help"], ["--version"]):
        out = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        ).stdout
        assert out.endswith("\n[]\n"), out


def test_the_installed_command_shows_what_to_type(process):
    answer = process("--help")
    assert (answer.code, answer.err) == (0, "")
    assert "\n    lampas train passengers.csv --target Survived --out runs/titanic\n" in answer.out


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "summary", "demo"])
def test_each_help_shows_examples(shell, command):
    answer = shell(command, "--help")
    assert answer.code == 0
    assert "Examples:\n" in answer.out
    assert f"\n    lampas {command}" in answer.out


def test_version(shell):
    assert shell("--version").out == f"lampas {lampas.__version__}\n"


def test_wrong_usage_is_code_2(shell):
    for arguments in (
        ["--nope"],
        ["nope"],
        ["train"],
        ["train", "a.csv", "--seed", "x"],
        ["evaluate", "run"],
    ):
        answer = shell(*arguments)
        assert answer.code == 2, arguments
        assert answer.out == ""
        assert "Traceback" not in answer.err


def test_without_a_command_it_shows_its_help(shell):
    answer = shell()
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == shell("--help").out


def test_a_path_that_may_not_be_opened_is_one_line(shell, monkeypatch):
    def closed(*_):
        raise PermissionError(13, "Permission denied", "/there/locked")

    monkeypatch.setattr("lampas.cli.kinds.find", closed)
    answer = shell("train", "locked", "--target", "x")
    assert (answer.code, answer.error) == (1, "/there/locked: cannot be opened (Permission denied)")


def test_python_m_is_the_same():
    command = [sys.executable, "-m", "lampas.cli", "demo", "nope"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    valid = ", ".join(DEMOS)
    assert done.stderr == f"lampas: error: unknown demo 'nope'. Valid: {valid}\n"


def test_a_reader_that_is_gone_leaves_no_traceback(run_folder, tables):
    rows = (tables / "train.csv").read_text().splitlines()
    many = tables / "many.csv"
    many.write_text("\n".join([rows[0], *rows[1:] * 100, ""]))
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "lampas.cli", "predict", run_folder, many],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 141


def test_a_reader_that_is_gone_before_the_last_line_was_written():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "lampas.cli", "--version"],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c_saves_the_best_so_far_and_ends_with_130(tables, tmp_path):
    # A shell's background jobs ignore Ctrl-C, and so would this child of one.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from lampas.cli import main; main()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, "train", tables / "train.csv", "--target", "bought",
         "--out", tmp_path / "run", "--epochs", "1000000", "--patience", "1000000", "--verbose"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr is not None
    for line in child.stderr:
        if line.startswith("Epoch       3/"):
            child.send_signal(signal.SIGINT)
            break
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "Interrupted in epoch " in err
    assert err.endswith(": what was best by then is saved\n")
    assert f"Saved in {tmp_path / 'run'}: " in out
    assert lampas.TabularModel.load(tmp_path / "run" / "model.lampas").history.epoch[:3] == [
        1,
        2,
        3,
    ]
