import pandas as pd

from lampas.reasons.wording import predicted


def test_a_class_an_amount_and_one_of_several_columns():
    frame = pd.DataFrame(
        {"pet": ["cat"], "probability of cat": [0.756], "probability of dog": [0.2]}
    )
    assert predicted(frame, 0, "dog") == "cat 0.76"
    assert predicted(pd.DataFrame({"price": [2.5]}), 0, "price") == "price 2.5000"
    several = pd.DataFrame({"a": ["no"], "b": [1], "probability of a=yes": [0.25]})
    assert predicted(several, 0, "b") == "b 1"
