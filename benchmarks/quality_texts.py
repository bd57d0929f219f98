"""How good `lampas.texts` is on held-out data: `python benchmarks/quality_texts.py [SEED]`.

`LAMPAS_DATA` names the folder of the data sets. imdb: 20 000 film reviews as token ids, the last
4 000 held out. rt_polarity: 10 662 sentences of film reviews, a random tenth held out. Settings
were chosen on splits of the training rows alone.
"""

import gzip
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lampas

HELD_OUT = 4000  # of imdb, the last rows
EPOCHS = 5  # on all training rows: as good or better there as holding some out to stop by


def imdb(seed: int) -> dict[str, float]:
    """Scores on the last 4 000 reviews, after training on the first 16 000."""
    path = _data() / "imdb_tokens" / "train_token.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.split("\t") for line in file]
    labels = np.array([int(float(label)) for label, _ in rows])
    ids = np.array([ids.split() for _, ids in rows], dtype=np.int64)
    learn, test = slice(None, -HELD_OUT), slice(-HELD_OUT, None)
    model = lampas.texts(
        (ids[learn], labels[learn]), validation=None, epochs=EPOCHS, seed=seed, verbose=0
    )
    return model.evaluate((ids[test], labels[test]))


def rt_polarity(seed: int) -> dict[str, float]:
    """Scores on a tenth of the sentences, drawn by `seed`, after training on the others."""
    texts: list[str] = []
    labels: list[str] = []
    for name in ("neg", "pos"):
        path = _data() / "rt_polarity" / f"rt-polarity.{name}"
        lines = path.read_text("utf-8").strip().split("\n")
        texts += lines
        labels += [name] * len(lines)
    order = np.random.default_rng(seed).permutation(len(texts))
    test, learn = np.split(order, [len(order) // 10])

    def chosen(rows: np.ndarray) -> tuple[list[str], list[str]]:
        return [texts[row] for row in rows], [labels[row] for row in rows]

    model = lampas.texts(chosen(learn), validation=None, epochs=EPOCHS, seed=seed, verbose=0)
    return model.evaluate(chosen(test))


CASES: dict[str, Callable[[int], dict[str, float]]] = {"imdb": imdb, "rt_polarity": rt_polarity}
GOALS = {
    "imdb": "accuracy ≥ 0.885 (logistic regression on word presence 0.879)",
    "rt_polarity": "accuracy ≥ 0.78 (TF-IDF and logistic regression 0.776, Kim's CNN-rand 0.761)",
}


def _data() -> Path:
    folder = os.environ.get("LAMPAS_DATA")
    if folder is None:
        sys.exit("set LAMPAS_DATA to the folder of the data sets")
    return Path(folder)


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    for name, case in CASES.items():
        began = time.perf_counter()
        scores = case(seed)
        seconds = time.perf_counter() - began
        print(f"{name}: accuracy {scores['accuracy']:.4f} in {seconds:.0f} s; goal: {GOALS[name]}")
