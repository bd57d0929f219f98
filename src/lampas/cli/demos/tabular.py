"""`lampas demo tabular`: who survived the Titanic, from a table that comes with the package."""

import sys
import time
from typing import TYPE_CHECKING

from lampas.callbacks.run_log import RunLog
from lampas.cli import report, runs
from lampas.cli.kinds import KINDS
from lampas.cli.output import scores, shortened, table
from lampas.cli.progress import display
from lampas.cli.threads import spare_cores
from lampas.datasets import titanic
from lampas.tables.infer import infer
from lampas.tables.task import tabular

if TYPE_CHECKING:
    import pandas as pd

    from lampas.tables.tabular_model import TabularModel

_SHOWN = 20


def demo(out: str | None, seed: int, force: bool) -> None:
    """Train on 712 passengers, test on 179, beside logistic regression."""
    learn, test = titanic()
    report.columns("titanic_train.csv", learn, infer(learn, "Survived"), sys.stdout)
    with runs.new_folder(out, "demo-tabular", force=force) as folder:
        spare_cores(len(learn))
        log, began = RunLog(folder), time.perf_counter()
        fitted = tabular(
            learn,
            "Survived",
            seed=seed,
            callbacks=[*display(quiet=False, verbose=False), log],
            verbose=0,
        )
        seconds = time.perf_counter() - began
        report.require_an_epoch(fitted)
        run = runs.save(folder, fitted, seconds, log.gauged)
    report.training(fitted, seconds, sys.stdout)
    print(_compared(fitted, learn, test), end="\n\n")
    print(_beside_the_truth(fitted, test.head(_SHOWN)), end="\n\n")
    print(report.whereabouts(folder, run, None, KINDS["tabular"].after))
    report.end(fitted)


def _compared(fitted: "TabularModel", learn: "pd.DataFrame", test: "pd.DataFrame") -> str:
    """The scores on the test rows, beside logistic regression on the same prepared columns."""
    columns = {
        "this net": fitted.evaluate(test),
        "logistic regression": _baseline(fitted, learn, test),
    }
    return f"Scores on {len(test)} test rows that no training saw\n{scores(columns)}"


def _baseline(
    fitted: "TabularModel", learn: "pd.DataFrame", test: "pd.DataFrame"
) -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import (
        accuracy_score,
        average_precision_score,
        f1_score,
        log_loss,
        roc_auc_score,
    )

    linear = LogisticRegression(max_iter=2000)
    linear.fit(fitted.preparer.matrix(learn).numpy(), learn["Survived"])
    share = linear.predict_proba(fitted.preparer.matrix(test).numpy())[:, 1]
    truth = test["Survived"]
    return {
        "loss": float(log_loss(truth, share)),
        "accuracy": float(accuracy_score(truth, share > 0.5)),
        "roc_auc": float(roc_auc_score(truth, share)),
        "average_precision": float(average_precision_score(truth, share)),
        "f1": float(f1_score(truth, share > 0.5)),
    }


def _beside_the_truth(fitted: "TabularModel", some: "pd.DataFrame") -> str:
    """A line a passenger; "x" marks a wrong prediction."""
    words = {0: "died", 1: "survived"}
    found = fitted.predict(some)
    rows: list[list[str]] = []
    for (_, person), said, share in zip(
        some.iterrows(), found["Survived"], found["probability of 1"], strict=True
    ):
        truth = int(person["Survived"])
        age = "" if person.isna()["Age"] else f"{person['Age']:g}"
        rows.append([
            shortened(str(person["Name"]), 24), str(person["Sex"]), str(person["Pclass"]), age,
            words[int(said)], f"{share:.2f}", words[truth], "" if said == truth else "x",
        ])  # fmt: skip
    head = ["name", "sex", "class", "age", "predicted", "chance", "truth", ""]
    right = sum(not row[-1] for row in rows)
    shown = table(head, rows, words=2)
    title = f"{len(rows)} of the test rows: {right} right; chance: of surviving, x: wrong"
    return f"{title}\n{shown}"
