import functools

import pytest

from lampas.metrics.names import name_of, snake_case


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BinaryAccuracy", "binary_accuracy"),
        ("MeanSquaredError", "mean_squared_error"),
        ("MulticlassAUROC", "multiclass_auroc"),
        ("R2Score", "r2_score"),
        ("HTTPError", "http_error"),
        ("_Mine", "mine"),
        ("plain", "plain"),
    ],
)
def test_snake_case(name: str, expected: str):
    assert snake_case(name) == expected


class _CustomError:
    def __call__(self, y_pred, y_true):
        return 0.0


def test_names_of_functions_and_of_objects_that_are_called():
    assert name_of(snake_case) == "snake_case"
    assert name_of(functools.partial(functools.partial(snake_case))) == "snake_case"
    assert name_of(lambda y_pred, y_true: 0.0) == "lambda"
    assert name_of(_CustomError()) == "custom_error"
