from lampas.summary.rows import Row
from lampas.summary.show import aligned, html, text

ROWS = (
    Row("", "Net", "(B, 2)", "(B, 1)", 0, 0, 0, ""),
    Row("头.a<b", "Linear", "", "", 12345, 0, 1200, "is x"),
)


def test_columns_fit_wide_letters_and_empty_ones_are_left_out() -> None:
    assert text(ROWS).splitlines() == [
        "layer    type    input   output  trainable   MACs  note",
        "(net)    Net     (B, 2)  (B, 1)",
        "    a<b  Linear                     12,345  1,200  is x",
    ]
    assert text((Row("", "ReLU", "", "", 0, 0, None, ""),)) == (
        "layer  type  trainable\n(net)  ReLU"
    )
    lines = aligned([["name", "层"], ["x", "y"]]).splitlines()
    assert lines == ["name  x", "层    y"]


def test_html_is_escaped_and_moved_in() -> None:
    page = html(ROWS, "a < b")
    assert "<td>\u2003\u2003a&lt;b</td>" in page
    assert page.endswith("<p>a &lt; b</p>")
