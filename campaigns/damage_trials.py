"""One damaged folder or file: what Lampas makes of it, and whether that is right."""

import contextlib
import hashlib
import io
import random
import shutil
import traceback
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from damages import Site
from kill_jobs import EVERY, JOBS
from torch import Tensor

import lampas
from lampas import randomness
from lampas.errors import InputError, LampasError
from lampas.state import keeper
from lampas.state.checkpoints import Checkpoints
from lampas.state.folder import Folder
from lampas.state.manifest import NewerFormatError
from lampas.state.state import State, take

WHOLE, OLDER, AS_EDITED, REFUSED = "read whole", "older one used", "as edited", "refused"
_OWN = ("fused", "foreach", "capturable", "differentiable", "decoupled_weight_decay")


class WrongError(Exception):
    """What became of it is none of what may."""


class Stood(Exception):  # noqa: N818 (nothing has gone wrong)
    """The run stands where `state` was taken; it ends here."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.leaves = flat(state.values())


@dataclass
class Ground:
    """A run's folder as it was written. `truth`: the state of each checkpoint, by its name, and
    of the other run's, in leaves; `wanted`: what the run ends with, undisturbed."""

    job: str
    folder: Path
    other: Path
    truth: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    files: dict[str, str] = field(default_factory=dict[str, str])  # name of each by its content
    wanted: dict[str, str] = field(default_factory=dict[str, str])

    def learn(self) -> "Ground":
        """Read all that is there, while it is whole."""
        for folder in (self.folder, self.other):
            for number, name in Folder(folder).names().items():
                self.files[content(folder / name)] = f"{folder.name}/{name}"
                self.truth[f"{folder.name}/{name}"] = flat(Folder(folder).read(number).values())
        return self


def flat(value: Any, path: str = "") -> dict[str, str]:
    """The leaves of nested values by their paths: equal where every bit is."""
    if isinstance(value, Mapping):
        return {k: v for key, one in value.items() for k, v in flat(one, f"{path}/{key}").items()}
    if isinstance(value, list | tuple):
        found = {path: f"{type(value).__name__} of {len(value)}"}
        for index, one in enumerate(value):
            found |= flat(one, f"{path}/{index}")
        return found
    if isinstance(value, Tensor):
        digest = hashlib.sha256(value.detach().contiguous().reshape(-1).view(torch.uint8).numpy())
        return {path: f"{value.dtype} {tuple(value.shape)} {digest.hexdigest()}"}
    if isinstance(value, np.ndarray):
        return {path: f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"}
    return {path: f"{type(value).__name__} {value!r}"}


def different(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The paths whose leaves differ, but those that are this program's and machine's own."""
    return [
        path
        for path in one.keys() | other.keys()
        if one.get(path) != other.get(path)
        and not path.startswith("/about")
        and not set(path.split("/")) & set(_OWN)
    ]


def content(folder: Path) -> str:
    """A digest of all files right in a folder; "" where they are not those of a checkpoint."""
    if not folder.is_dir() or folder.is_symlink():
        return ""
    files = sorted(one for one in folder.iterdir() if not one.is_dir())
    if any(one.is_symlink() or not one.is_file() for one in files):
        return ""
    said = [f"{one.name} {hashlib.sha256(one.read_bytes()).hexdigest()}" for one in files]
    return "\n".join(said)


def look(model: lampas.Model) -> dict[str, str]:
    """All of a model, its optimisers and the random states."""
    optimizers = {name: one.state_dict() for name, one in model.plan.named_optimizers.items()}
    return flat(
        {
            "weights": model.state_dict(),
            "optimizers": optimizers,
            "random": randomness.take(),
            "history": model.history.rows,
        }
    )


@contextlib.contextmanager
def stopping_there() -> Generator[None]:
    """A run that goes on ends with `Stood` as soon as it stands."""
    stand = keeper.stand

    def stand_and_stop(
        state: State, run: Any, pace: Any, bookmark: Any, also: Any, tally: Any
    ) -> list[str]:
        stand(state, run, pace, bookmark, also, tally)
        said = {name: state.position[name] for name in ("best", "finished")}
        raise Stood(take(run, pace, bookmark, {}, also, tally, said))

    with mock.patch.object(keeper, "stand", stand_and_stop):
        yield


class Trial:
    """Calls of `fit` with the checkpoints in `folder`, in the place of a job's own."""

    def __init__(self, job: str, folder: Path) -> None:
        self._job, self._folder = job, folder
        self.said = ""
        self.touched: list[str] = []

    def run(self) -> lampas.Model:
        """Run the job; what it writes to stderr is in `said`."""
        torch.set_num_threads(1)
        lampas.seed(0)
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard):
            try:
                return JOBS[self._job](self._fit)[0]
            finally:
                self.said = heard.getvalue()

    def _fit(self, model: lampas.Model, *data: Any, **options: Any) -> lampas.History:
        before = look(model)
        asked = Checkpoints(self._folder, EVERY, keep=6)
        try:
            return model.fit(*data, checkpoint=asked, **options)
        finally:
            self.touched = different(before, look(model))


def line_of(error: LampasError) -> str:
    """The message of an error, which must be one line."""
    line = str(error)
    if "\n" in line or not line.strip():
        raise WrongError(f"an error that is not one line: {line!r}")
    return line


def damaged(ground: Ground, place: Path, chance: random.Random) -> Site:
    """A copy of `ground`, to be damaged."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ground.folder, place)
    names = list(Folder(place).names().values())
    return Site(place, names, ground.other, chance)


def outcome(ground: Ground, site: Site) -> str:
    """What becomes of a run that is to go on in a damaged folder. Raises `WrongError`."""
    names = list(Folder(site.folder).names().values())
    before = {name: content(site.folder / name) for name in names}
    trial = Trial(ground.job, site.folder)
    try:
        with stopping_there():
            trial.run()
    except Stood as stood:
        return _judged(ground, site, before, stood, trial.said)
    except (InputError, NewerFormatError) as error:
        return _refused(error, before, site, trial)
    except LampasError as error:
        unlike = [name for name, found in before.items() if found not in ground.files]
        is_named = any(name in line_of(error) for name in unlike)
        if len(unlike) < len(before) and not (is_named and "cannot go on" in line_of(error)):
            raise WrongError(f"there is a whole one, and the run was refused: {error}") from error
        return _refused(error, before, site, trial)
    raise WrongError("it began anew")


def _refused(error: LampasError, before: dict[str, str], site: Site, trial: Trial) -> str:
    line = line_of(error)
    if trial.touched:
        raise WrongError(f"refused ({error}), and it changed {trial.touched[:3]}")
    if "checkpoint" not in line:
        raise WrongError(f"a line that names no checkpoint: {line}")
    _untouched(before, site)
    return REFUSED


def _untouched(before: dict[str, str], site: Site) -> None:
    for name, found in before.items():
        if content(site.folder / name) != found:
            raise WrongError(f"{name} was changed")
    left = [one.name for one in site.folder.iterdir() if one.name.startswith((".lock", ".writ"))]
    if [one for one in left if (site.folder / one).is_dir() or one.startswith(".lock")]:
        raise WrongError(f"left behind: {left}")


def _judged(
    ground: Ground, site: Site, before: dict[str, str], stood: Stood, said: str
) -> str:  # fmt: skip
    _untouched(before, site)
    passed = _named_damaged(said)
    used = next(name for name in before if name not in passed)
    pristine = [name for name, found in before.items() if found in ground.files]
    theirs = ground.files.get(before[used], "").startswith(ground.other.name)
    if theirs and used in pristine[:-1]:  # a run that ended sooner is passed over
        used = pristine[pristine.index(used) + 1]
    if used in pristine:
        _same(_as_it_stands(ground.truth[ground.files[before[used]]]), stood.leaves)
        return WHOLE if next(iter(before)) == used else OLDER
    if pristine and list(before).index(pristine[0]) < list(before).index(used):
        raise WrongError(f"{pristine[0]} is whole, and {used} was used")
    number = next(n for n, name in Folder(site.folder).names().items() if name == used)
    said = _as_it_stands(flat(Folder(site.folder).read(number).values()))
    _same({path: one for path, one in said.items() if not _means_nothing(path, one)}, stood.leaves)
    return AS_EDITED


def _as_it_stands(leaves: dict[str, str]) -> dict[str, str]:
    """Without what a run that is over need not know: where in its last epoch it stopped."""
    is_over = leaves["/position/finished"] == "bool True" or "Early" in leaves["/position/stopped"]
    return {path: one for path, one in leaves.items() if not (is_over and _is_where(path))}


def _means_nothing(path: str, leaf: str) -> bool:
    """torch drops bytes of a random state that mean nothing; a flag of 3.0 is one of 1.0."""
    return path.endswith("/seen") or leaf.startswith("torch.uint8 (5056,)")


def _is_where(path: str) -> bool:
    return path.startswith("/sums") or path in ("/position/epoch", "/position/step")


def _named_damaged(said: str) -> list[str]:
    """The checkpoints that a line each calls damaged."""
    lines = [line for line in said.splitlines() if " is damaged: " in line]
    return [Path(line.partition(" is damaged: ")[0]).name for line in lines]


def _same(wanted: dict[str, str], found: dict[str, str]) -> None:
    unlike = sorted(path for path in different(wanted, found) if path in wanted)
    if unlike:
        shown = [f"{p}: {wanted.get(p)} is {found.get(p)}" for p in unlike[:3]]
        raise WrongError(f"{len(unlike)} leaves are others: {'; '.join(shown)}")


def went_on(ground: Ground, site: Site) -> None:
    """Let a run go on to its end from what was edited: it may fail, in one line of ours."""
    with contextlib.suppress(LampasError):
        Trial(ground.job, site.folder).run()


def ended_well(ground: Ground, site: Site) -> None:
    """Let a run go on to its end from what is whole: it must end with the very bits."""
    from kills import digest

    def run(model: lampas.Model, *data: Any, **options: Any) -> lampas.History:
        return model.fit(*data, checkpoint=Checkpoints(site.folder, EVERY), **options)

    with contextlib.redirect_stderr(io.StringIO()):
        found = digest(ground.job, run)
    unlike = [part for part, one in ground.wanted.items() if found[part] != one]
    if unlike:
        raise WrongError(f"it went on, and ended with other {unlike}")


def where(error: Exception) -> str:
    """What was raised, and in which line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def trials(
    ground: Ground, kinds: Mapping[str, Any], count: int, place: Path, chance: random.Random
) -> Iterator[tuple[str, str]]:
    """Damage `ground` in `count` ways, each kind in turn: the kind, and what came of it."""
    for index in range(count):
        kind = list(kinds)[index % len(kinds)]
        site = damaged(ground, place, chance)
        kinds[kind](site)
        yield kind, tried(ground, site, thorough=index % 10 == 0)


def tried(ground: Ground, site: Site, thorough: bool) -> str:
    """What came of one damage; "wrong: …" where that is none of what may."""
    try:
        found = outcome(ground, site)
        if found == AS_EDITED:
            went_on(ground, site)
        elif found != REFUSED and thorough:
            ended_well(ground, site)
    except Exception as error:  # whatever it is: that is the finding
        return f"wrong: {where(error)}: {str(error)!r:.300}"
    return found
