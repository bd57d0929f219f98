"""`lampas demo text`: which library is this sentence from?, on docstrings of what is installed."""

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lampas.callbacks.run_log import RunLog
from lampas.cli import report, runs
from lampas.cli.output import scores, shortened, table
from lampas.cli.progress import display
from lampas.cli.threads import spare_cores
from lampas.text.docstrings import sentences
from lampas.text.prepare import prepare
from lampas.text.task import fit

if TYPE_CHECKING:
    import pandas as pd

    from lampas.text.text_model import TextModel

_SHOWN = 15
_UNSEEN = "unseen.tsv"


def demo(out: str | None, seed: int, force: bool) -> None:
    """Train on sentences of some files, test on those of others, beside logistic regression."""
    spare_cores(0)
    print("Which library is this sentence from? Reading docstrings …\n", flush=True)
    learn, held_out, test = (part.drop(columns="file") for part in sentences(seed=seed))
    prepared = prepare(learn, "library", validation=held_out, seed=seed)
    print(f"{prepared}\n\nSentences that name a library, or hold code, were left out\n", flush=True)
    with runs.new_folder(out, "demo-text", force=force) as folder:
        log, began = RunLog(folder), time.perf_counter()
        fitted = fit(
            prepared, seed=seed, callbacks=[*display(quiet=False, verbose=False), log], verbose=0
        )
        seconds = time.perf_counter() - began
        report.require_an_epoch(fitted)
        run = runs.save(folder, fitted, seconds, log.gauged)
        test.to_csv(folder / _UNSEEN, sep="\t", index=False)
    report.training(fitted, seconds, sys.stdout)
    print(_compared(fitted, learn, test), end="\n\n")
    print(_beside_the_truth(fitted, test.sample(_SHOWN, random_state=seed)), end="\n\n")
    unseen = shlex.quote(str(Path(folder) / _UNSEEN))
    print(
        report.whereabouts(folder, run, None, (f"evaluate RUN {unseen}", f"predict RUN {unseen}"))
    )
    report.end(fitted)


def _compared(fitted: "TextModel", learn: "pd.DataFrame", test: "pd.DataFrame") -> str:
    """The scores on the test sentences, beside logistic regression on their words."""
    columns = {
        "this net": fitted.evaluate(test),
        "logistic regression": _baseline(learn, test),
    }
    title = f"Scores on {len(test):,} test sentences, from files that no training saw"
    chance = f"chance is {1 / test['library'].nunique():.2f}"
    return f"{title}; {chance}\n{scores(columns)}"


def _baseline(learn: "pd.DataFrame", test: "pd.DataFrame") -> dict[str, float]:
    """TF-IDF of the words and logistic regression, as scikit-learn has them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

    words = TfidfVectorizer()
    linear = LogisticRegression(max_iter=1000)
    linear.fit(words.fit_transform(learn["text"]), learn["library"])
    share = linear.predict_proba(words.transform(test["text"]))
    said = linear.classes_[share.argmax(1)]
    truth = test["library"]
    return {
        "loss": float(log_loss(truth, share)),
        "accuracy": float(accuracy_score(truth, said)),
        "roc_auc": float(roc_auc_score(truth, share, multi_class="ovr")),
        "f1": float(f1_score(truth, said, average="macro")),
    }


def _beside_the_truth(fitted: "TextModel", some: "pd.DataFrame") -> str:
    """A line a sentence; "x" marks a wrong prediction."""
    found = fitted.predict(some)
    chances = found.filter(like="probability").max(axis=1)
    rows = [
        [shortened(text, 46), said, truth, f"{chance:.2f}", "" if said == truth else "x"]
        for text, said, truth, chance in zip(
            some["text"], found["library"], some["library"], chances, strict=True
        )
    ]
    right = sum(not row[-1] for row in rows)
    title = f"{len(rows)} of the test sentences: {right} right; x: wrong"
    return f"{title}\n{table(['sentence', 'predicted', 'truth', 'chance', ''], rows, words=3)}"
