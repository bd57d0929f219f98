"""One thing at a time is done beside the run; what goes wrong there is raised here."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Background:
    """A thread that takes one task at a time: the next one waits until it is done."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lampas-checkpoint")
        self._task: Future[None] | None = None

    def start(self, task: Callable[[], None]) -> None:
        """Start `task`, after the one before. Raises what that one raised."""
        self.wait()
        self._task = self._pool.submit(task)

    def look(self) -> None:
        """Raise what the task raised, where it has failed; does not wait, and costs 100 ns."""
        if self._task is not None and self._task.done():
            self.wait()

    def wait(self) -> None:
        """Until the task is done. Raises what it raised."""
        task, self._task = self._task, None
        if task is not None:
            task.result()

    def end(self) -> None:
        """Wait, and let the thread go; raises nothing."""
        self._pool.shutdown()
