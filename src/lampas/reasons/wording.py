"""What a model said of one sample, in a few words."""

import pandas as pd

from lampas.printing import number


def predicted(frame: pd.DataFrame, row: int, about: str) -> str:
    """Of a row of predictions the class with its probability, or what stands in column `about`.

    >>> predicted(pd.DataFrame({"y": ["a"], "probability of a": [0.75]}), 0, "a")
    'a 0.75'
    >>> predicted(pd.DataFrame({"age": [2.5], "height": [3.0]}), 0, "height")
    'height 3.0000'
    """
    # Not frame.iloc[row]: among floats the class 1 would become 1.0.
    name = frame.iloc[row, 0]
    if f"probability of {name}" in frame.columns:
        return f"{name} {frame[f'probability of {name}'].iloc[row]:.2f}"
    found = frame[about].iloc[row]
    return f"{about} {number(found) if isinstance(found, float) else found}"
