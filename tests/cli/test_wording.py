import pytest

from lampas.cli.wording import wrong_usage


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("train a.csv --epochs many",
         "--epochs many: a whole number is needed; see lampas train --help"),
        ("train a.csv --epochs 1.5",
         "--epochs 1.5: a whole number is needed; see lampas train --help"),
        ("train a.csv --horizon -3",
         "--horizon -3: it must be 1 or more; see lampas train --help"),
        ("train a.csv --learning-rate 3",
         "unknown option --learning-rate; see lampas train --help"),
        ("train a.csv --epoch 3",
         "unknown option --epoch: did you mean '--epochs'? See lampas train --help"),
        ("--nope", "unknown option --nope; see lampas --help"),
        ("nope", "no such command 'nope'; see lampas --help"),
        ("evaluate run", "missing argument 'DATA...'; see lampas evaluate --help"),
        ("train a.csv --epochs", "option '--epochs' requires an argument"),
        ("train a.csv --force=3", "option '--force' does not take a value"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_that_repeats_what_was_typed(shell, arguments, line):
    answer = shell(*arguments.split())
    assert (answer.code, answer.out, answer.error) == (2, "", line)


def test_other_exceptions_are_none_of_it():
    assert wrong_usage(ValueError("x")) is None
