"""The decoding processes: they answer, they end, and a dead one is told in a line."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lampas.errors import LampasError
from lampas.vision.decode import try_to_decode
from lampas.vision.worker import Decoders


def png(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (colour, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def test_they_answer_as_this_process_would():
    files = [png(1), b"", b"text of some sort", "no bytes", png(2)]
    with Decoders(1, (2, 3), 3) as decoders:
        for _ in range(2):
            found = decoders.decode(files)
            for one, file in zip(found, files, strict=True):
                np.testing.assert_array_equal(one, try_to_decode(file, (2, 3), 3))


def test_they_are_gone_after_the_block():
    with Decoders(2, (2, 2), 3) as decoders:
        decoders.decode([png(1)])
        processes = decoders._all
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


def test_one_that_dies_is_told():
    with Decoders(1, (2, 2), 3) as decoders:
        os.kill(decoders._all[0].pid, signal.SIGKILL)
        with pytest.raises(LampasError) as caught:
            decoders.decode([png(1)])
    assert str(caught.value) == (
        "a process that decodes images ended with code -9: where memory is short, pass workers=1"
    )


def test_they_end_with_their_parent():
    """The pipe from it ends. They share its standard error, for whose end `run` waits."""
    code = "from lampas.vision.worker import Decoders; kept = Decoders(2, (2, 2), 3)"
    source = Path(__file__).parents[2] / "src"
    made = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    assert made.stderr == ""


def test_they_import_neither_torch_nor_pandas():
    code = (
        "import sys; import lampas.vision.worker; "
        "sys.exit(bool({'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    source = Path(__file__).parents[2] / "src"
    env = {**os.environ, "PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
