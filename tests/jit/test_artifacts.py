"""Compiled by torch, and kept."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from lampas.jit import artifacts
from lampas.jit.reasons import NotCompilableError

pytestmark = pytest.mark.skipif(
    not (hasattr(torch, "_inductor") and any(map(shutil.which, ("g++", "clang++")))),
    reason="needs torch's inductor and a C++ compiler",
)

X = torch.arange(6.0).reshape(2, 3)


def _graph() -> torch.fx.GraphModule:
    def step(x: torch.Tensor, total: torch.Tensor) -> list[torch.Tensor]:
        total.copy_(total + x.sum())
        return [x * 2]

    return make_fx(step)(X, torch.zeros(()))


def test_it_is_compiled_once_and_then_read_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = [X, torch.zeros(())]
    name = artifacts.digest(_graph(), tensors)
    assert artifacts.from_cache(name) is None
    first = artifacts.compiled(_graph(), tensors, name)
    assert torch.equal(first(*tensors)[0], X * 2)
    place = artifacts.place_of(name)
    assert place.stat().st_mode & 0o077 == 0

    monkeypatch.setattr(artifacts, "make", None)
    again = artifacts.compiled(_graph(), tensors, name)
    assert torch.equal(again(*tensors)[0], X * 2)
    assert tensors[1].item() == 30.0


def test_a_file_that_others_may_write_or_that_is_damaged_is_not_read() -> None:
    name = "0" * 64
    place = artifacts.place_of(name)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"no machine code")
    place.chmod(0o666)
    assert artifacts.from_cache(name) is None
    assert place.exists()
    place.chmod(0o600)
    assert artifacts.from_cache(name) is None
    assert not place.exists(), "it is made anew"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    place = artifacts.place_of("1" * 64)
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "elsewhere")
    assert artifacts.from_cache("1" * 64) is None


def test_the_digest_is_of_graph_shapes_threads_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = _graph()
    first = artifacts.digest(graph, [X])
    assert first == artifacts.digest(_graph(), [X])
    assert first != artifacts.digest(graph, [X.T])
    assert first != artifacts.digest(graph, [X.double()])
    monkeypatch.setattr(torch, "__version__", "9.9")
    assert first != artifacts.digest(graph, [X])


def test_what_torch_cannot_compile_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object, **options: object) -> None:
        raise RuntimeError("no such thing\nand more")

    monkeypatch.setattr("torch._inductor.standalone_compile", broken)
    with pytest.raises(NotCompilableError, match=r"torch cannot compile it: no such thing$"):
        artifacts.make(_graph(), [X, torch.zeros(())])


def test_where_the_cache_cannot_be_written_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "file"))
    artifacts.keep(object(), artifacts.place_of("2" * 64))
    assert (tmp_path / "file").read_text() == ""


PROGRAM = """
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from lampas.jit.artifacts import make

torch.set_num_threads(2)

def look_up(table, rows):
    return [(table[rows] * 2).relu()]

given = torch.ones(100, 64), torch.arange(8192) % 100
made = make(make_fx(look_up)(*given), given)
assert made(*given)[0].shape == (8192, 64)
given[1][5000] = 100
try:
    made(*given)
except Exception as error:
    print("raised", error)
"""


def test_an_index_out_of_range_raises_where_there_are_several_threads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith("raised")
    assert "index out of bounds" in done.stdout
