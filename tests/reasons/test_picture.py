import numpy as np
import pandas as pd

from lampas.reasons.images import Saliency
from lampas.reasons.picture import overlay, picture


def found(count, **columns):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(count, 4, 5)).astype(np.float32)
    images = rng.integers(0, 255, (count, 1, 4, 5), dtype=np.uint8)
    frame = pd.DataFrame(columns or {"pet": ["cat"] * count, "probability of cat": [0.75] * count})
    target = "cat" if not columns else frame.columns[0]
    return Saliency(values, (target,) * count, frame, images, "integrated")


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_each_image_stands_above_its_heat():
    figure = picture(found(3))
    assert titles(figure) == ["cat 0.75"] * 3 + ["for cat"] * 3
    assert sum(len(axes.images) for axes in figure.axes) == 6
    assert found(2)._repr_png_().startswith(b"\x89PNG")


def test_twelve_are_enough():
    assert len(titles(picture(found(30)))) == 24
    assert len(titles(picture(found(7)))) == 14


def test_amounts_and_columns_are_named():
    assert titles(picture(found(1, age=[12.5]))) == ["age 12.5000", "for age"]
    several = {"a": ["no"], "b": ["yes"], "probability of a=yes": [0.25]}
    assert titles(picture(found(1, **several)))[0] == "a no"


def test_colours_say_the_sign():
    image = np.full((1, 3, 3), 0.5)
    seen = overlay(image, np.array([[1.0, -1.0, 0.0]]))
    assert seen[0, 0, 0] > seen[0, 0, 2]
    assert seen[0, 1, 2] > seen[0, 1, 0]
    assert (seen[0, 2] == 0.75).all()


def test_heat_without_any_value_is_none():
    empty = found(2)
    nothing = Saliency(0 * empty.values, empty.targets, empty.predictions, empty.images, "gradient")
    assert not nothing.heat.any()
    assert repr(nothing) == "Saliency(gradient of cat; 2 × 4 × 5 pixels)"
    one = np.zeros((1, 20, 20), np.float32)
    one[0, 3, 3] = -2.0  # fewer than a hundredth of the pixels
    single = Saliency(one, ("cat",), empty.predictions[:1], empty.images[:1], "integrated")
    assert single.signed[0, 3, 3] == -1
