import math

from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.cli.sketch import curves

values = st.lists(st.floats(width=32), min_size=1, max_size=30)


def test_two_panels_with_held_out_curves():
    shown = curves(
        {"loss": [3.0, 1.0], "acc": [0.0, 1.0], "val_loss": [3.0, 2.0], "val_acc": [0.0, 0.5]},
        width=80,
    )
    lines = shown.splitlines()
    assert len(lines) == 11
    assert lines[0].split() == ["loss", "acc"]
    assert lines[1].startswith("3.0000 |o")
    assert lines[7].startswith("1.0000 |")
    assert lines[9].split() == ["1", "2", "1", "2"]
    assert lines[10] == "· training   o held out"
    assert lines[1].rstrip().endswith("·")
    assert lines[4].rstrip().endswith("o")


def test_a_curve_that_falls_is_drawn_from_top_left_to_bottom_right():
    rows = [line.split("|")[1] for line in curves({"loss": [5.0, 4.0, 3.0]}, 40).splitlines()[1:8]]
    places = [(row.index("·"), row.rindex("·")) for row in rows]
    assert places == sorted(places)
    assert places[0][0] == 0
    assert places[-1][1] == len(rows[-1]) - 1


def test_flat_curves_stand_in_the_middle():
    lines = curves({"loss": [0.5, 0.5]}, 30).splitlines()
    assert "·" in lines[4]
    assert not any("·" in line for line in (*lines[1:4], *lines[5:]))


def test_one_epoch_is_told_in_numbers():
    assert curves({"loss": [0.5], "mae": [2.0]}) == (
        "  score  training\n  loss     0.5000\n  mae      2.0000"
    )
    assert curves({"loss": [0.5], "val_loss": [0.25], "lr": [1e-8]}) == (
        "  score   training  held out\n  loss      0.5000    0.2500\n  lr     1.000e-08"
    )


def test_nothing_to_draw():
    assert curves({}) == ""
    assert curves({"loss": [math.nan]}) == ""
    assert curves({"loss": [math.nan] * 2, "acc": [0.5] * 2}).startswith("acc")


@settings(deadline=None, max_examples=60)
@given(values, values, st.integers(30, 120))
def test_every_line_fits(loss, held_out, width):
    for line in curves({"loss": loss, "val_loss": held_out, "mae": loss}, width).splitlines():
        assert len(line) <= width
