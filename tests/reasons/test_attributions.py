"""What people see of attributions: in a terminal, in a notebook on white and on black."""

import re

import numpy as np
import pandas as pd
import pytest

from lampas.reasons.attributions import Attribution, Attributions


def one(start=0.25, shares=(0.0, 1.5, -0.5)):
    return Attribution(("A", " <fine>", "!"), np.float32(shares), "pos", 1.25, start, "pos 0.78")


def test_text_has_the_sum_and_the_numbers_that_count():
    assert str(one()) == "pos 0.78; score for pos +1.25 = +0.25 + 1.00\n  A <fine>[+1.50]![−0.50]"
    assert str(one(float("nan"))).splitlines()[0] == "pos 0.78; score for pos +1.25"
    assert one().tokens == ("A", "<fine>", "!")
    assert one().gap == pytest.approx(0)
    assert "[" not in str(one(shares=(0, 0, 0)))
    assert str(one(shares=(0, -1.5, 0.5))).splitlines()[0].endswith("= +0.25 − 1.00")


def luminance(colour):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour / 255]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def test_html_has_a_sign_beside_each_colour_and_is_readable_on_white_and_black():
    shown = one()._repr_html_()
    assert "&lt;fine&gt;<sup>+</sup>" in shown
    assert "!<sup>−</sup>" in shown
    assert 'title="+1.50"' in shown
    colours = re.findall(r"rgba\((\d+), (\d+), (\d+), ([\d.]+)\)", shown)
    assert len(colours) == 2  # the token without a share has none
    for *colour, alpha in colours:
        for page, letters in ((255, 0), (17, 221)):
            mixed = float(alpha) * np.array(colour, float) + (1 - float(alpha)) * page
            pair = sorted([luminance(mixed), luminance(np.full(3, letters, float))])
            assert (pair[1] + 0.05) / (pair[0] + 0.05) > 4.5  # WCAG 2.1, AA


def test_many_are_cut_and_all_are_in_the_frame():
    frame = pd.DataFrame({"y": ["pos"] * 60}, index=[f"t{n}" for n in range(60)])
    many = Attributions((one(),) * 60, "integrated", frame)
    assert str(many).endswith("… and 10 more")
    assert many._repr_html_().endswith("<p>… and 10 more</p>")
    assert (len(many), len(list(many)), many[3].target) == (60, 60, "pos")
    assert many.frame.shape == (180, 4)
    assert many.frame.iloc[4].tolist() == ["t1", 1, "<fine>", 1.5]
