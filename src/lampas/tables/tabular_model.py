"""A fitted model for tables: columns in, classes or values out, all of it in one file."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, final

import pandas as pd
import torch
from torch import nn

from lampas import artifact
from lampas.callbacks.say import say_all
from lampas.cards import fitted_card
from lampas.evidence import Evidence, plain_rows
from lampas.fitted import filled, restore, shown, store
from lampas.history import History
from lampas.metrics.resolve import MetricSpec
from lampas.model import Model
from lampas.monitor import Mode
from lampas.own_net import NetLike
from lampas.tables.own_net import Shapes, build, takes_parts
from lampas.tables.prepare import Preparer
from lampas.tables.read import TableLike, read_table
from lampas.tables.schema import Schema, TableTask
from lampas.tables.targets import TargetCoder

if TYPE_CHECKING:
    from lampas.export.exported import Exported

METRICS: dict[TableTask, tuple[str, ...]] = {
    "binary": ("accuracy", "roc_auc", "average_precision", "f1"),
    "multiclass": ("accuracy", "roc_auc", "f1"),
    "multilabel": ("accuracy", "roc_auc"),
    "regression": ("mae", "rmse", "r2"),
}
"""What `evaluate` tells beside the loss, by task. Of several classes, roc_auc is the mean over
one against the rest, and f1 the mean over classes."""

_ROWS = 1024  # rows at a time outside of training


@final
class TabularModel:
    """What `lampas.tabular` returns: a net, and all that stands between it and a table.

    `model`: the `lampas.Model`, compiled. `schema`: what the columns are. `preparer`,
    `targets`: the fitted preparation of the columns. `metrics`: the scores on the held-out
    rows (on the training rows where none were held out).

    >>> import lampas, tempfile
    >>> frame = pd.DataFrame({"size": [1.5, 2.0, 7.5, 9.0] * 20})
    >>> frame["big"] = ["no", "no", "yes", "yes"] * 20
    >>> model = lampas.tabular(frame, "big", epochs=5, verbose=0)
    >>> model.predict(frame[:2]).columns.tolist()
    ['big', 'probability of no', 'probability of yes']
    >>> with tempfile.TemporaryDirectory() as run:
    ...     model.save(f"{run}/model.lampas")
    ...     again = TabularModel.load(f"{run}/model.lampas")
    >>> again.evaluate(frame) == model.evaluate(frame)
    True
    """

    def __init__(
        self,
        net: nn.Module,
        schema: Schema,
        preparer: Preparer,
        targets: TargetCoder,
        settings: Mapping[str, Any],
    ) -> None:
        self.takes_parts = takes_parts(net)
        self._net = type(net).__name__
        self.model = Model(targets.rescaled(net))
        self.schema = schema
        self.preparer = preparer
        self.targets = targets
        self.settings = dict(settings)
        self.metrics: dict[str, float] = {}
        self.held_out: pd.DataFrame | None = None

    noun = "row"

    @property
    def history(self) -> History:
        """Loss and metrics, a row an epoch; `val_` is for the held-out rows."""
        return self.model.history

    def loss(self) -> nn.Module:
        """The loss of this model's task, over outputs and targets as the net has them."""
        return self.targets.loss()

    def to(self, device: str | torch.device) -> "TabularModel":
        """Move net and loss to `device` ("auto": the accelerator where there is one).

        The model is then compiled for evaluating and predicting, without an optimiser.
        """
        self.model.compile(None, self.loss(), list(METRICS[self.targets.task]), device=device)
        return self

    def inputs(self, frame: pd.DataFrame) -> Any:
        """What the net reads: its dict of tensors, or one float matrix (N, inputs)."""
        return self.preparer.transform(frame) if self.takes_parts else self.preparer.matrix(frame)

    def evaluate(self, data: TableLike, *, batch_size: int = _ROWS) -> dict[str, float]:
        """The loss and metrics over all rows of a table that has the target columns.

        A score that the rows do not define, such as roc_auc of one class alone, is nan. Category
        columns that are mostly of unseen categories are told on stderr.

        Raises `DataError` where a column does not fit the schema, naming the first.
        """
        frame = read_table(data)
        self.schema.check(frame, targets=True)
        say_all(self.schema.remarks(frame))
        return self.model.evaluate(self.inputs(frame), self.targets.encode(frame), batch_size)

    def predict(self, data: TableLike, *, batch_size: int = _ROWS) -> pd.DataFrame:
        """A prediction for each row, with the index of `data`; see `TargetCoder.decode`.

        Category columns that are mostly of unseen categories are told on stderr. Raises
        `DataError` where a column does not fit the schema, naming the first.
        """
        frame = read_table(data)
        self.schema.check(frame)
        say_all(self.schema.remarks(frame))
        outputs = self.model.predict(self.inputs(frame), batch_size)
        return self.targets.decode(outputs, frame.index)

    def importance(
        self,
        data: TableLike,
        metric: MetricSpec | None = None,
        *,
        together: Sequence[Sequence[str]] = (),
        repeats: int = 5,
        seed: int = 0,
        mode: Mode = "auto",
        batch_size: int = _ROWS,
    ) -> pd.DataFrame:
        """How much worse the model gets when a column is shuffled, the most important first.

        importance = mean over `repeats` of score(column shuffled) − score(table), for a metric of
        which lower is better, and the negative of that for any other: what is lost without the
        column (Breiman, "Random Forests", 2001; for any model Fisher, Rudin & Dominici, "All
        Models are Wrong", 2019). Nothing is trained again.

        data: a table with the target columns, best one that the model has not learnt from.
        metric: None is the loss, which is defined on any rows and still moves where a score such
        as roc_auc is at its best; or whatever `compile` takes, a name, an object or a function
        (y_pred, y_true). mode: "min" or "max" says which way it is better where its name does
        not. seed: of the shuffles, which are the same for each column.
        together: groups of columns to be shuffled as one, a row more for each. Columns that say
        the same stand in for each other, and each alone may seem to be worth little.

        Returns the columns `column`, a row for each that the net sees, whatever it becomes
        inside; `importance`; `std` of it over the repeats (n − 1; nan for one); `score`, the
        mean with the column shuffled. `attrs` holds "metric", its "score" on the table as it is,
        and "lower_is_better".

        Raises `DataError` where the table does not fit, has one row, or does not define the
        score, and for a group with a column that the net does not see; `InputError` for what is
        no metric.

        >>> import lampas
        >>> frame = pd.DataFrame({"size": [1.5, 2.0, 7.5, 9.0] * 20, "luck": range(80)})
        >>> frame["big"] = ["no", "no", "yes", "yes"] * 20
        >>> model = lampas.tabular(frame, "big", epochs=5, verbose=0, kinds={"luck": "number"})
        >>> model.importance(frame, "accuracy")["column"][0]
        'size'
        """
        from lampas.reasons.tables import importance, score_by, with_groups

        frame = read_table(data)
        self.schema.check(frame, targets=True)
        score = score_by(metric, self.loss(), mode)
        matrix = self.preparer.matrix_places.items()
        places = (
            self.preparer.places if self.takes_parts else {name: (None, at) for name, at in matrix}
        )
        truth = self.targets.encode(frame)
        return importance(self.model, self.inputs(frame), with_groups(places, together), truth,
                          score, repeats=repeats, seed=seed, batch_size=batch_size)  # fmt: skip

    def export(self, path: str | PathLike[str], *, tolerance: float | None = None) -> "Exported":
        """Write the model for other programs: as `lampas.Model.export`, with the preparation of
        the columns in the graph, and what `predict` says as its output.

        Inputs: "numbers", float64 (batch, R), the cells as they stand, nan for gaps: numbers;
        booleans as 1 and 0; dates as days since 1970 (UTC); of a column of texts a 1 or 0 for
        each of its tokens, and how many letters it has. "codes", int64 (batch, K): of each
        category column 0 for a gap, 1 for any other value, then the known ones from 2 on. Output:
        "probabilities" (batch, classes), of several yes/no targets those of the second class; or
        "values" (batch, targets).

        Which column is which, the tokens and the categories stand as JSON in the file:
        "lampas_export" in the metadata of .onnx and .safetensors, "lampas_export.json" among the
        extra files of .pt2. Reading text as numbers, dates and codes is not part of a graph:
        `lampas.tables.portable.inputs_of` does it with pandas.

        >>> import lampas, tempfile
        >>> frame = pd.DataFrame({"size": [1.5, 2.0, 7.5, 9.0] * 20})
        >>> frame["big"] = ["no", "no", "yes", "yes"] * 20
        >>> model = lampas.tabular(frame, "big", epochs=1, verbose=0, kinds={"size": "number"})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = model.export(f"{folder}/big.pt2")
        >>> print(*made.inputs, *made.outputs)
        numbers (batch, 1) float64 probabilities (batch, 2) float32
        """
        from lampas.export.write import export
        from lampas.tables.portable import portable

        return export(portable(self), path, tolerance)

    def save(self, path: str | PathLike[str]) -> None:
        """Write net, preparation, schema, scores and history into one file, whole or not at all."""
        plain, arrays = self.preparer.state()
        content = {
            "schema": self.schema.to_json(),
            "preparer": plain,
            "arrays": arrays,
            "targets": self.targets.to_json(),
        }
        store(self, "tabular", self._net, content, path)

    @classmethod
    def load(cls, path: str | PathLike[str], net: NetLike | None = None) -> "TabularModel":
        """The model that `save` wrote. net: as it was passed to `lampas.tabular`.

        Raises `ArtifactError` for a damaged or foreign file, for a run with a net of the
        user's when `net` is not passed, and where the weights do not fit it.
        """
        return cls.from_artifact(artifact.read(path), path, net)

    @classmethod
    def from_artifact(
        cls, saved: artifact.Artifact, path: str | PathLike[str], net: NetLike | None = None
    ) -> "TabularModel":
        """The model in an artifact that was read from `path`."""
        return restore(saved, path, "tabular", net, _restored)

    def evidence(self) -> Evidence | None:
        """What is said of the held-out rows, beside what is true; None where there are none."""
        frame = self.held_out
        if frame is None:
            return None
        inputs = frame.drop(columns=list(self.targets.names))
        return Evidence.of(self.targets, frame, self.predict(frame),
                           lambda places: plain_rows(inputs.iloc[places]))  # fmt: skip

    def example(self) -> Any:
        """The net's inputs for two rows of gaps: any table of this schema would do."""
        names = [column.name for column in self.schema.features]
        return self.inputs(pd.DataFrame({name: [None, None] for name in names}))

    def describe(self) -> dict[str, Any]:
        """The schema, as plain values."""
        return {"schema": self.schema.to_json()}

    @property
    def _about(self) -> str:
        return f"{self.schema.task} of {', '.join(self.targets.names)}, {self._net}"

    def __repr__(self) -> str:
        return shown("TabularModel", self._about, self.metrics)

    def _repr_html_(self) -> str:
        return fitted_card("TabularModel", self._about, self)


def _restored(saved: artifact.Artifact, net: NetLike | None) -> TabularModel:
    content = saved.content
    schema = Schema.from_json(content["schema"])
    preparer = Preparer.from_state(content["preparer"], content["arrays"])
    targets = TargetCoder.from_json(content["targets"])
    built = build(net, shapes_of(preparer, targets))
    restored = TabularModel(built, schema, preparer, targets, saved.settings)
    return filled(restored, saved)


def shapes_of(preparer: Preparer, targets: TargetCoder) -> Shapes:
    """The shapes that a net for these tables needs."""
    return Shapes(
        inputs=preparer.width,
        numbers=len(preparer.centre),
        cardinalities=preparer.cardinalities,
        outputs=targets.outputs,
        task=targets.task,
    )
