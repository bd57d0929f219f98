"""`lampas.tabular` beside scikit-learn's models, on the same rows: medians of five seeds.

    python benchmarks/tables.py

Titanic: the package's own train and test rows; the seed decides the split of validation rows,
initial weights and order (and the forests' randomness). The other tables: each seed holds out
another fifth of the rows for testing. Every model gets the raw columns: the linear model and the
forests through the usual imputing, scaling and one-hot encoding of numbers and short categories,
without free text, which only `lampas.tabular` reads.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lampas
from lampas.datasets import titanic

SEEDS = range(5)
Scores = dict[str, float]


@dataclass(frozen=True)
class Table:
    """A table, its target, and how to divide it for a seed."""

    name: str
    target: str
    classes: bool
    divide: Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for table in tables():
        rows = {name: median(table, fit) for name, fit in contestants(table)}
        columns = list(next(iter(rows.values())))
        print(f"\n{table.name}: median of {len(SEEDS)} seeds")
        print(f"  {'':22}" + "".join(f"{column:>10}" for column in columns))
        for name, scores in rows.items():
            print(f"  {name:22}" + "".join(f"{scores[column]:10.3f}" for column in columns))


def tables() -> Iterator[Table]:
    """Titanic (yes/no), diabetes (a number), wine and digits (classes)."""
    yield Table("titanic", "Survived", True, lambda _: titanic())
    for name, load in (("diabetes", load_diabetes), ("wine", load_wine), ("digits", load_digits)):
        frame = load(as_frame=True).frame
        yield Table(name, "target", name != "diabetes", divider(frame, name != "diabetes"))


def divider(frame: pd.DataFrame, stratify: bool) -> Callable[[int], Any]:
    labels = frame["target"] if stratify else None
    return lambda seed: train_test_split(frame, test_size=0.2, random_state=seed, stratify=labels)


def contestants(table: Table) -> Iterator[tuple[str, Callable[..., Scores]]]:
    """Each name, and what fits on one frame and scores on another."""
    yield "lampas.tabular", ours
    if table.classes:
        yield "logistic regression", theirs(lambda _: LogisticRegression(max_iter=5000))
        yield "random forest", theirs(lambda seed: RandomForestClassifier(300, random_state=seed))
        yield "gradient boosting", theirs(lambda s: GradientBoostingClassifier(random_state=s))
    else:
        yield "ridge regression", theirs(lambda _: Ridge())
        yield "random forest", theirs(lambda seed: RandomForestRegressor(300, random_state=seed))
        yield "gradient boosting", theirs(lambda s: GradientBoostingRegressor(random_state=s))


def median(table: Table, fit: Callable[..., Scores]) -> Scores:
    runs: list[Scores] = []
    for seed in SEEDS:
        train, test = table.divide(seed)
        start = time.perf_counter()
        scores = fit(table, train, test, seed)
        runs.append(scores | {"seconds": time.perf_counter() - start})
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def ours(table: Table, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Scores:
    model = lampas.tabular(train, table.target, seed=seed, verbose=0)
    scores = model.evaluate(test)
    return {
        name: scores[name] for name in (("roc_auc", "accuracy") if table.classes else ("r2", "mae"))
    }


def theirs(make: Callable[[int], BaseEstimator]) -> Callable[..., Scores]:
    def fit(table: Table, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Scores:
        model: Any = make_pipeline(preparation(train, table.target), make(seed))
        model.fit(train, train[table.target])
        truth = test[table.target]
        if not table.classes:
            found = model.predict(test)
            return {"r2": r2_score(truth, found), "mae": mean_absolute_error(truth, found)}
        share = model.predict_proba(test)
        share = share[:, 1] if share.shape[1] == 2 else share
        area = roc_auc_score(truth, share, multi_class="ovr")
        return {"roc_auc": area, "accuracy": accuracy_score(truth, model.predict(test))}

    return fit


def preparation(train: pd.DataFrame, target: str) -> Any:
    features = train.drop(columns=[target, "PassengerId"], errors="ignore")
    words = make_column_selector(dtype_exclude="number")(features)
    short = [name for name in words if features[name].nunique() <= 20]
    numbers = [name for name in features if name not in words]
    fill = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return make_column_transformer(
        (fill, numbers),
        (
            make_pipeline(
                SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
            ),
            short,
        ),
    )


if __name__ == "__main__":
    main()
