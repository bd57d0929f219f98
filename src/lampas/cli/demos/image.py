"""`lampas demo image`: handwritten digits that scikit-learn brings, as files in folders."""

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lampas.callbacks.run_log import RunLog
from lampas.cli import report, runs
from lampas.cli.output import scores
from lampas.cli.progress import display
from lampas.cli.threads import spare_cores
from lampas.vision.read import gather
from lampas.vision.task import images

if TYPE_CHECKING:
    from lampas.vision.image_model import ImageModel

_TEST = 360  # the last fifth of the 1 797
_EPOCHS = 10  # of fifteen: it is to be over in seconds
_SHADES = " .:-=+*#%@"
_SHOWN = 4  # digits beside each other


def demo(out: str | None, seed: int, force: bool) -> None:
    """Train on 1 437 files in ten folders, test on 360, beside logistic regression."""
    with (
        runs.new_folder(out, "demo-image", force=force) as folder,
        tempfile.TemporaryDirectory() as home,
    ):
        learn, test = _write(Path(home))
        spare_cores(_TEST)
        found = gather(learn, "digit", seed=seed)
        print(f"Scikit-learn's handwritten digits, as {learn}/DIGIT/NUMBER.png\n{found}\n")
        log, began = RunLog(folder), time.perf_counter()
        watching = [*display(quiet=False, verbose=False), log]
        fitted = images(found, seed=seed, epochs=_EPOCHS, callbacks=watching, verbose=0)
        seconds = time.perf_counter() - began
        report.require_an_epoch(fitted)
        run = runs.save(folder, fitted, seconds, log.gauged)
        report.training(fitted, seconds, sys.stdout)
        print(_compared(fitted, test), end="\n\n")
        print(_beside_the_truth(fitted, test), end="\n\n")
        _keep_samples(folder, test)
    print(report.whereabouts(folder, run, None, ("predict RUN RUN/samples/7.png",)))
    report.end(fitted)


def _write(home: Path) -> tuple[Path, Path]:
    """The digits as files, in a folder for each: the last 360 to test on, the others to learn."""
    from PIL import Image

    pictures, digits = _digits()
    folders = home / "learn", home / "test"
    for number, (picture, digit) in enumerate(zip(pictures, digits, strict=True)):
        folder = folders[number >= len(digits) - _TEST] / str(digit)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{number:04}.png")
    return folders


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """uint8 (1797, 8, 8), and what each shows (1797,)."""
    from sklearn.datasets import load_digits

    pictures, digits = map(np.asarray, load_digits(return_X_y=True))
    return np.rint(pictures * 255 / 16).astype(np.uint8).reshape(-1, 8, 8), digits


def _compared(fitted: "ImageModel", test: Path) -> str:
    """The scores on the test images, beside logistic regression on the same pixels."""
    columns = {"this net": fitted.evaluate(test), "logistic regression": _baseline()}
    return f"Scores on {_TEST} test images that no training saw\n{scores(columns)}"


def _baseline() -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

    pictures, digits = _digits()
    x, truth = pictures.reshape(-1, 64) / 255, digits[-_TEST:]
    linear = LogisticRegression(max_iter=2000).fit(x[:-_TEST], digits[:-_TEST])
    share = linear.predict_proba(x[-_TEST:])
    said = share.argmax(1)
    return {
        "loss": float(log_loss(truth, share)),
        "accuracy": float(accuracy_score(truth, said)),
        "roc_auc": float(roc_auc_score(truth, share, multi_class="ovr")),
        "f1": float(f1_score(truth, said, average="macro")),
    }


def _beside_the_truth(fitted: "ImageModel", test: Path) -> str:
    """Some digits as letters, with what was said of them: wrong ones first."""
    found = fitted.predict(test)
    truth = np.array([int(str(name).split("/")[0]) for name in found.index])
    said, share = found["digit"].astype(int).to_numpy(), found.iloc[:, 1:].max(axis=1).to_numpy()
    wrong = np.flatnonzero(said != truth)[:_SHOWN]
    right = np.random.default_rng(0).permutation(np.flatnonzero(said == truth))
    chosen = [*wrong, *right[: 2 * _SHOWN - len(wrong)]]
    titles = [f"{said[n]} ({share[n]:.2f}){'' if said[n] == truth[n] else f' is {truth[n]}'}"
              for n in chosen]  # fmt: skip
    drawn = [_drawn(test / str(found.index[n])) for n in chosen]
    head = f"{len(wrong)} wrong and {len(chosen) - len(wrong)} right answers, with their chance"
    return "\n".join([head, *(_side_by_side(titles[i : i + _SHOWN], drawn[i : i + _SHOWN])
                              for i in range(0, len(chosen), _SHOWN))])  # fmt: skip


def _drawn(path: Path) -> list[str]:
    """The picture in `path` as letters, two a pixel, for they are half as wide as high."""
    from PIL import Image

    with Image.open(path) as picture:
        levels = np.asarray(picture).astype(int) * (len(_SHADES) - 1) // 255
    return ["".join(2 * _SHADES[level] for level in row) for row in levels]


def _side_by_side(titles: list[str], drawn: list[list[str]]) -> str:
    rows = [titles, *zip(*drawn, strict=True)]
    return "\n".join("  " + "".join(cell.ljust(18) for cell in row).rstrip() for row in rows)


def _keep_samples(folder: Path, test: Path) -> None:
    """One test image of each digit, to try `lampas predict` on."""
    samples = folder / "samples"
    samples.mkdir(exist_ok=True)
    for of_one in sorted(test.iterdir()):
        (samples / f"{of_one.name}.png").write_bytes(min(of_one.iterdir()).read_bytes())
