"""Another process compiles."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from lampas.jit import artifacts
from lampas.jit.background import Compiler
from lampas.jit.reasons import NotCompilableError

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler"
)

X = torch.arange(6.0).reshape(2, 3)


def _double(x: torch.Tensor) -> list[torch.Tensor]:
    return [x * 2]


GRAPH: Any = make_fx(_double)(X)


class Dies:
    """Is no graph: to read it from its pickle raises."""

    def __reduce__(self) -> Any:
        return eval, ("1 / 0",)


class Floods:
    """Says more than a pipe holds, and then fails."""

    def __reduce__(self) -> Any:
        return exec, ("import sys; sys.stderr.write('line\\n' * 60000); sys.exit('enough')",)


class Quick:
    """Is compiled to nothing at once."""

    def __reduce__(self) -> Any:
        return exec, ("import lampas.jit.background as b; b.make = lambda *given: None",)


class Sleeps:
    def __reduce__(self) -> Any:
        return exec, ("import time; time.sleep(600)",)


def _wait(compiler: Compiler, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not compiler.is_done():
        assert time.monotonic() < end, "the process does not end"
        time.sleep(0.05)


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@needs_compiler
def test_what_it_compiled_is_read_from_the_cache() -> None:
    name = artifacts.digest(GRAPH, [X])
    compiler = Compiler(GRAPH, [X], artifacts.place_of(name))
    try:
        assert not compiler.is_done(), "nobody waited"
        _wait(compiler)
    finally:
        compiler.close()
    found = artifacts.from_cache(name)
    assert found is not None
    assert torch.equal(found(X)[0], X * 2)


def test_without_a_place_to_write_to_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    compiler = Compiler(Quick(), [X], tmp_path / "file" / "graph.bin")  # type: ignore
    try:
        with pytest.raises(NotCompilableError, match=r"file cannot be written$"):
            _wait(compiler)
    finally:
        compiler.close()


@pytest.mark.parametrize(
    ("graph", "said"),
    [(Dies(), "ZeroDivisionError: division by zero"), (Floods(), "enough")],
    ids=["dies", "floods"],
)
def test_a_failure_is_one_line(graph: Any, said: str, tmp_path: Path) -> None:
    compiler = Compiler(graph, [X], tmp_path / "graph.bin")
    try:
        with pytest.raises(NotCompilableError) as caught:
            _wait(compiler)
    finally:
        compiler.close()
    assert str(caught.value) == said


def test_what_torch_cannot_compile_is_said_in_one_line(tmp_path: Path) -> None:
    # Two rows by three are not multiplied by themselves.
    graph = torch.fx.Graph()
    graph.output([graph.call_function(torch.ops.aten.mm.default, (graph.placeholder("x"),) * 2)])
    compiler = Compiler(torch.fx.GraphModule({}, graph), [X], tmp_path / "graph.bin")
    try:
        with pytest.raises(NotCompilableError, match=r"^torch cannot compile it: .+$"):
            _wait(compiler)
    finally:
        compiler.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_close_ends_a_process_under_way_and_leaves_nothing(tmp_path: Path) -> None:
    before = _open_files()
    compiler = Compiler(Sleeps(), [X], tmp_path / "graph.bin")  # type: ignore
    pid = compiler._process.pid
    assert not compiler.is_done()
    compiler.close()
    assert not Path(f"/proc/{pid}").exists(), "neither it nor a zombie"
    assert _open_files() == before
    compiler.close()


def test_a_large_task_does_not_hold_the_run_up(tmp_path: Path) -> None:
    class Large(Sleeps):
        def __reduce__(self) -> Any:
            return exec, (f"import time; time.sleep(600) {'#' * 1_000_000}",)

    began = time.perf_counter()
    compiler = Compiler(Large(), [X], tmp_path / "graph.bin")  # type: ignore
    seconds = time.perf_counter() - began
    compiler.close()
    assert seconds < 1.0, "a Python with torch is not even imported by then"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_it_ends_after_a_parent_that_is_gone(tmp_path: Path) -> None:
    script = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import torch
from lampas.jit import background
class Graph:
    def __reduce__(self):
        slow = "lambda *given: time.sleep(600)"
        return exec, (f"import time; import lampas.jit.background as b; b.make = {{slow}}",)
compiler = background.Compiler(Graph(), [torch.ones(1)], Path({str(tmp_path / "graph.bin")!r}))
compiler._feeder.join()
print(compiler._process.pid, flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    pid, end = int(done.stdout), time.monotonic() + 60
    while Path(f"/proc/{pid}/exe").exists():
        assert time.monotonic() < end, "it goes on for nobody"
        time.sleep(0.1)
