from pathlib import Path
from typing import Any

from lampas.board.pen import SentEvents, torch_writer
from lampas.board.scribe import Scribe


def test_torch_writes_through_a_scribe(tmp_path: Path, read: Any) -> None:
    scribe = Scribe(tmp_path)
    pen = SentEvents(scribe, tmp_path, "train")
    writer = torch_writer(pen)
    writer.add_scalar("loss", 0.5, 3)
    writer.flush()
    writer.close()
    writer.add_scalar("loss", 0.25, 4)  # whoever opened the pen closes it
    scribe.close()
    assert writer.get_logdir() == str(tmp_path / "train")
    assert [event.step for event in read(tmp_path / "train").Scalars("loss")] == [3, 4]
