"""What the job is, and what a process is asked to do. Without torch, which takes seconds."""

from dataclasses import dataclass

ROWS, VALID, BATCH, EPOCHS, STEPS = 1920, 80, 32, 4, 60
SEED, RATE, DECAY, EVERY = 7, 0.01, 0.99, 10


@dataclass
class Order:
    """What one process is asked to do."""

    folder: str  # where the framework keeps its checkpoints and logs
    log: str  # where the steps are written down
    keeps: bool = True  # whether it writes checkpoints at all
    workers: int = 0  # with workers, rows are augmented as they are read
    kill_after: int = 0  # steps done in this process, 0: not at a step
    kill_at: str = "train"  # or "valid": when the first rows of validation come after them
    kill_from: int = 0  # by the clock, from outside, when so many steps have begun; 0: not so
    kill_seconds: float = 0.0  # and so long after that
