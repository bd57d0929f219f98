import pytest

from lampas.printing import (
    duration,
    html_folded,
    html_lines,
    html_table,
    html_text,
    number,
    text_table,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.0000"), (1.0, "1.0000"), (-0.5, "-0.5000"), (0.001, "0.0010"),
        (0.00099, "9.900e-04"), (999999.0, "999999.0000"), (1e6, "1.000e+06"),
        (float("inf"), "inf"), (float("nan"), "nan"), (7, "7"),
    ],
)  # fmt: skip
def test_a_number_keeps_its_digits(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0ms"), (0.9994, "999ms"), (0.9996, "1.0s"), (59.94, "59.9s"), (59.96, "1m00s"),
     (3599.4, "59m59s"), (3599.6, "1h00m"), (90000, "25h00m")],
)  # fmt: skip
def test_a_duration_never_shows_sixty(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_text_columns_are_as_wide_as_their_widest_cell() -> None:
    assert text_table(["a", "bbb"], [["111", "2"]]) == "  a  bbb\n111    2"


def test_html_is_escaped_everywhere_and_one_row_is_bold() -> None:
    table = html_table(["<b>"], [["<i>"], ["2"]], bold=1, note="a & b")
    assert table == (
        "<table><thead><tr><th>&lt;b&gt;</th></tr></thead><tbody><tr><td>&lt;i&gt;</td></tr>"
        '<tr style="font-weight: bold"><td>2</td></tr></tbody></table><p>a &amp; b</p>'
    )


def test_lines_have_a_head_and_no_tags_of_their_own() -> None:
    assert html_lines(["a<b", "c"], "d&") == "<p><b>d&amp;</b> a&lt;b<br>c</p>"
    assert html_lines([], "d") == "<p><b>d</b></p>"
    assert html_lines([]) == ""


def test_a_note_keeps_its_lines() -> None:
    assert html_table(["a"], [], note="b\nc").endswith("<p>b<br>c</p>")


def test_what_is_folded_is_escaped_in_its_head() -> None:
    assert html_folded("<a>", html_text("<b>")) == (
        "<details><summary>&lt;a&gt;</summary><pre>&lt;b&gt;</pre></details>"
    )
