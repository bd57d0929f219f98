"""The page of real runs, and of folders that are none."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lampas
from lampas.cli.runs import save
from lampas.errors import ArtifactError
from lampas.page import write_page


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"a": draw.normal(size=120), "word": ["</script><b>x"] * 119 + ["y"]})
    frame["y"] = np.where(frame["a"] + draw.normal(size=120) > 0, "yes", "no")
    fitted = lampas.tabular(frame, "y", kinds={"word": "category"}, epochs=3, verbose=0)
    folder = tmp_path_factory.mktemp("runs") / "table"
    folder.mkdir()
    save(folder, fitted, 1.5, {})
    return folder


def charts_of(text: str) -> list[dict]:
    (found,) = re.findall(r"const CHARTS = (.*?);\n", text)
    return json.loads(found)


def test_a_table_s_page(table: Path) -> None:
    assert write_page(table) == table / "report.html"
    text = (table / "report.html").read_text()
    assert len(text) < 2_000_000
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", text)  # nothing is fetched
    assert "<b>x" not in text.replace("&lt;b&gt;x", "")
    titles = [chart["title"] for chart in charts_of(text)]
    assert titles[:2] == ["loss", "accuracy"]
    assert titles[-4:] == ["Confusion matrix", "ROC", "Precision and recall", "Calibration"]
    for words in ("24 held-out samples", "The worst mistakes", "parameters: ", "To repeat it"):
        assert words in text
    kept = pd.read_csv(table / "held_out.csv", index_col=0)
    assert list(kept) == ["true y", "y", "probability of no", "probability of yes"]
    assert len(kept) == 24


def test_a_page_may_stand_elsewhere(table: Path, tmp_path: Path) -> None:
    assert write_page(table, tmp_path / "x.html").read_text() == page_of(table)


def page_of(folder: Path) -> str:
    return write_page(folder).read_text()


def test_images_are_shown(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 200, (60, 8, 8), dtype=np.uint8)
    fitted = lampas.images((x, np.array(["day", "night", "dusk"] * 20)), epochs=1, verbose=0)
    save(tmp_path, fitted, 1.0, {})
    text = page_of(tmp_path)
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)"', text)
    assert 0 < len(pictures) <= 12
    assert base64.b64decode(pictures[0]).startswith(b"\x89PNG")


def test_sentences_are_shown(tmp_path: Path) -> None:
    words = ["a fine film", "a dull film", "so so"] * 20
    labels = np.random.default_rng(0).permutation(["good", "bad"] * 30)
    save(tmp_path, lampas.texts((words, list(labels)), epochs=1, verbose=0), 1.0, {})
    text = page_of(tmp_path)
    row = re.search(r'<td class="words">(.*?)</td>', text)
    assert row is not None
    said = re.sub(r"<sup>.</sup>|<[^>]+>", "", row[1])
    assert said in ("a fine film", "a dull film", "so so")
    assert re.search(r'<mark class="(for|against)" style="--strength: \d+%">', row[1])
    assert "Words marked + spoke for what was predicted" in text


def test_a_time_series_has_its_forecast_and_backtest(tmp_path: Path) -> None:
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=80)})
    both = pd.concat([frame.assign(shop=shop, y=np.arange(80.0) % 7) for shop in "ab"])
    fitted = lampas.timeseries(both, "y", time="day", series="shop", epochs=2, verbose=0)
    save(tmp_path, fitted, 1.0, {})
    text = page_of(tmp_path)
    assert [chart["title"] for chart in charts_of(text)][-2:] == ["y, a", "y, b"]
    assert charts_of(text)[-1]["series"][1]["points"]
    assert "Backtest: " in text


def test_a_run_that_was_cut_off_is_shown_up_to_there(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss,val_loss\n1,2.0,2.5\n2,1.0,\n")
    text = page_of(tmp_path)
    assert "The run was cut off, or goes on: what is here is what was there by then." in text
    assert [chart["title"] for chart in charts_of(text)] == ["loss"]


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        write_page(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds no run: there is neither run.json nor history.csv"
    )
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"run\.json is damaged: "):
        write_page(tmp_path)
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(ArtifactError, match=r"run\.json is damaged: it holds no description"):
        write_page(tmp_path)
