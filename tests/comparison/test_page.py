import json
import re
from pathlib import Path

import lampas
from lampas.comparison.page import curves, page

from .conftest import evidence


def test_the_page_is_whole_and_needs_no_network(make, tmp_path: Path) -> None:
    odd = {"command": "</script><b>x", "settings": {"data": "<i>a</i>", "epochs": 2}}
    found = lampas.compare(make("a", of=evidence(60, 1)), make("b<u>", odd, of=evidence(60, 2)))
    place = found.save(tmp_path / "pages" / "x.html")
    text = place.read_text()
    assert text == page(found)
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", text)
    for tag in ("<b>x", "<i>a", "b<u>"):
        assert tag not in text
    assert text.count("</script>") == 1
    for words in (
        "What differs",
        "&lt;i&gt;a&lt;/i&gt;",
        "more than chance",
        "It knows the chance",
    ):
        assert words in text
    (drawn,) = re.findall(r"const CHARTS = (.*?);\n", text)
    assert [one["title"] for one in json.loads(drawn)] == ["loss", "accuracy"]
    assert text.count("<figure data-chart=") == 2


def test_the_curves_of_all_runs_are_in_one_chart(make) -> None:
    folders = [make("a"), make("b"), make("c")]
    (folders[1] / "history.csv").write_text("epoch,loss,lr\n1,0.4,0.1\n")
    loss, accuracy, rate = curves(lampas.compare(*folders))
    assert [one["name"] for one in loss.series] == ["a", "c"]  # b held nothing out
    assert loss.series[0]["points"] == [[1, 0.8], [2, 0.5]]
    assert (accuracy.title, rate.title, rate.note) == ("accuracy", "lr", "in training")


def test_many_runs_differ_in_colour_or_dash(make) -> None:
    folders = [make(f"r{number}") for number in range(30)]
    loss = next(iter(curves(lampas.compare(*folders))))
    looks = [(one["role"], one.get("dash")) for one in loss.series]
    assert len(set(looks)) == 30
    assert len({dash for _, dash in looks[:5]}) == 5


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_stand_out_from_the_panel_in_both_schemes(make) -> None:
    """A contrast of 3 at least, as WCAG 2.1 (1.4.11) asks of graphics."""
    css = (Path(lampas.__file__).parent / "page" / "page.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for scheme in (light, dark[: dark.index("* {")]):
        panel = luminance(re.findall(r"--panel: (#\w+)", scheme)[0])
        found = re.findall(r"--(?:a|b|run-\d): (#\w+)", scheme)
        assert len(found) == 6
        for colour in map(luminance, found):
            high, low = max(colour, panel), min(colour, panel)
            assert (high + 0.05) / (low + 0.05) >= 3


def test_runs_without_curves_have_a_page_all_the_same(make) -> None:
    folders = [make("a"), make("b")]
    for folder in folders:
        (folder / "history.csv").unlink()
    assert "<h2>Curves</h2>" not in page(lampas.compare(*folders))
