"""The pictures of the handbook: a page of each kind of data, in light and in dark.

    npm install playwright-core
    python campaigns/pictures.py [FOLDER]

Needs Node.js and Chromium. Trains the demos of tables, images and time series, and on sentences
that are made up here; FOLDER is docs/pictures by default.
"""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import lampas
from lampas.callbacks.run_log import RunLog
from lampas.record.fitted import keep_fitted

HERE = Path(__file__).parent
COLOURS = 64  # of a picture
PAGES = {
    "table": ("tabular", ""),
    "images": ("image", "The worst mistakes"),
    "texts": ("texts", "The worst mistakes"),
    "series": ("timeseries", "Forecast"),
}
GOOD = ("warm", "clever", "moving", "funny", "fresh", "tender")
BAD = ("dull", "loud", "endless", "silly", "tired", "hollow")
THINGS = ("the story", "the music", "its ending", "the leading pair", "the camera", "the script")


def sentences() -> tuple[list[str], list[str]]:
    """Short reviews with their verdicts; every eleventh verdict is a slip of the pen."""
    texts: list[str] = []
    labels: list[str] = []
    for good, bad, thing in itertools.product(GOOD, BAD, THINGS):
        texts += [f"{thing} is {good}, and never {bad}", f"{thing} is {bad}, however {good}",
                  f"they call {thing} {bad}: I found it {good}"]  # fmt: skip
        labels += ["praise", "blame", "praise"]
    for place in range(0, len(labels), 11):
        labels[place] = "blame" if labels[place] == "praise" else "praise"
    return texts, labels


def train(home: Path) -> None:
    """The four runs and their pages."""
    for kind in ("tabular", "image", "timeseries"):
        subprocess.run(
            [sys.executable, "-m", "lampas.cli", "demo", kind, "--out", home / kind], check=True
        )
    place = home / "texts"
    place.mkdir()
    log = RunLog(place)
    fitted = lampas.texts(sentences(), epochs=2, seed=1, verbose=0, callbacks=log)
    keep_fitted(place, fitted, log.gauged)
    for kind in ("tabular", "image", "timeseries", "texts"):
        lampas.report(home / kind)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "docs" / "pictures"
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        train(home)
        asked = [f"{n}={home / kind / 'report.html'}={h}" for n, (kind, h) in PAGES.items()]
        subprocess.run(["node", HERE / "pictures.mjs", folder, *asked], check=True)
    for path in folder.glob("*.png"):
        image = Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        image.save(path, optimize=True)


if __name__ == "__main__":
    main()
