"""A run as TensorBoard shows it: scalars, histograms, the graph, and what else is asked for."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, final

from lampas.board.log import Log
from lampas.board.needs import require_tensorboard
from lampas.board.pictures import Images, Pictures, Vectors
from lampas.board.place import claim, claim_new
from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.files import require_writable
from lampas.callbacks.say import say
from lampas.errors import InputError
from lampas.place import Place
from lampas.settings import Plain, require_plain, results_of


@final
class TensorBoard(Callback):
    """Logs a run into `folder`; `lampas board FOLDER` shows it.

    `every`: of each so many steps the loss, the norm of the gradients (as they are after the
    step, clipped where `compile` clips) and the learning rate; 0: of none. Running metrics of
    the epoch come at most four times a second, and all numbers of each epoch, those of training
    and validation in one chart.
    `histograms`: weights and gradients after each so many epochs; 0: never. The gradients are
    those of the epoch's last step.
    `graph`: the model's operations, on the first two rows of the first batch.
    `images`: a tensor (N, C, H, W) to show once, or a function of the model that makes such one
    after each epoch. `pr_curves`: (x, y); one curve, or one for each class, after each epoch.
    `embeddings`: the name of a layer, whose weight's rows are shown at the end, or a function of
    the model that returns vectors (N, D), or (vectors, labels).
    `hparams`: True reads them from `compile`; a dict adds to them; False leaves them out. Their
    results are the numbers of the best epoch.

    Nothing of it changes the training: same weights, same random numbers. A process of its own
    writes the log. Where the disk is full or the log cannot be written for another reason, one
    line says so and the run goes on without it. A folder that holds the log of another run, or
    that is being written, is left alone: this run goes into a numbered sub-folder, and a line
    says so. A run that is continued (`initial_epoch`) goes on in its folder.

    Raises `InputError` at once for switches that mean nothing, and before any training where the
    folder cannot be written or what is to be shown cannot; `MissingExtraError` where tensorboard
    is not installed.

    >>> TensorBoard("runs/first", histograms=5).folder.name
    'first'
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset(
        {"fit_begin", "epoch_begin", "step", "epoch_end", "fit_end"}
    )

    reads_gradients: ClassVar[bool] = True

    def __init__(
        self,
        folder: str | PathLike[str],
        every: int = 10,
        histograms: int = 1,
        graph: bool = True,
        images: Images | None = None,
        pr_curves: tuple[Any, Any] | None = None,
        embeddings: Vectors | None = None,
        hparams: bool | Mapping[str, Plain] = True,
    ) -> None:
        for name, number in (("every", every), ("histograms", histograms)):
            if number < 0:
                raise InputError(f"TensorBoard: {name} must be 0 or more, not {number!r}")
        if isinstance(hparams, Mapping):
            require_plain(hparams, "TensorBoard")
        self.folder = Path(folder)
        self.step_every = every
        self.histograms = histograms
        self.graph = graph
        self.hparams = hparams
        self._shown = images, pr_curves, embeddings
        self._pictures = Pictures(*self._shown)
        self._place: Place | None = None
        self._log: Log | None = None
        self._home: Path | None = None
        self._draws = False
        self._steps = 0  # of this run, in the epochs before
        self._earlier = 0  # of the run that this one continues

    def __call__(self, event: Event) -> None:
        try:
            if event.kind == "fit_begin":
                self._begin(event)
            elif self._log is not None:
                self._hear(self._log, event)
        except OSError as error:
            self._give_up(error)

    def _begin(self, event: Event) -> None:
        require_tensorboard("TensorBoard")
        require_writable(self.folder, "TensorBoard")
        self._leave()
        self._place = self._place_for(event)
        self._log = Log(self._place.folder, event.model)
        self._draws = self.graph
        self._pictures = Pictures(*self._shown)
        self._pictures.begin(self._log.board, event.model, len(event.history))

    def _place_for(self, event: Event) -> Place:
        """A folder of its own for a new run; one that goes on takes up the folder it had."""
        done = len(event.history)
        self._steps, self._earlier = 0, done * (event.steps or 0)
        goes_on = done or event.resumed
        place = claim(self._home or self.folder) if goes_on else claim_new(self.folder)
        self._home = place.folder
        if place.note is not None:
            say(f"TensorBoard: {place.note}")
        return place

    def _hear(self, log: Log, event: Event) -> None:
        if event.kind == "step":
            self._step(log, event)
        elif event.kind == "epoch_begin":
            log.begin_epoch()
        elif event.kind == "epoch_end":
            self._end_epoch(log, event)
        else:
            self._end(log, event)

    def _step(self, log: Log, event: Event) -> None:
        step = self._steps + event.step
        if self.step_every and step % self.step_every == 0:
            log.take_step(self._earlier + step, event.step, event.losses, event.logs)
            self._draw(log)

    def _end_epoch(self, log: Log, event: Event) -> None:
        self._steps += event.step
        log.epoch(event.epoch, event.logs)
        self._draw(log)
        if self.histograms and event.epoch % self.histograms == 0:
            log.histograms(event.epoch)
        log.send_if_due()
        self._pictures.after_epoch(log.board, event.model, event.epoch)
        self._say_note()

    def _draw(self, log: Log) -> None:
        """The graph, once, as soon as the model was called."""
        if not self._draws:
            return
        self._draws = False
        try:
            log.graph()
        except InputError as error:
            say(f"TensorBoard: {error}; the run goes on without its graph")

    def _end(self, log: Log, event: Event) -> None:
        results = results_of(event.history)
        if results:
            self._pictures.end(log.board, event.model, event.epoch)
            self._say_note()
        if results and self.hparams is not False:
            log.hparams(self.hparams if isinstance(self.hparams, Mapping) else {}, results)
        log.close()
        self._log = None
        self._leave()

    def _say_note(self) -> None:
        if self._pictures.note is not None:
            say(f"TensorBoard: {self._pictures.note}")
            self._pictures.note = None

    def _give_up(self, error: OSError) -> None:
        where = self.folder if self._place is None else self._place.folder
        self._leave()
        say(
            f"TensorBoard: the log in {where} cannot be written "
            f"({error.strerror or error}): the run goes on without it"
        )

    def _leave(self) -> None:
        if self._log is not None:
            self._log.drop()
        if self._place is not None:
            self._place.release()
        self._log, self._place = None, None
