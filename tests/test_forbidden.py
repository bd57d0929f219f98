"""Calls that would let a file run code, or read what it names, stand nowhere in the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "lampas"
FILES = sorted(SOURCE.rglob("*.py"))

MODULES = {
    # Over the pipes to processes of our own; and to nowhere, to look through a dataset.
    "pickle": {
        "vision/worker.py", "board/scribe.py", "jit/background.py", "data/slots.py",
        "data/leaving.py",
    },
    "multiprocessing": {"data/readahead.py", "data/leaving.py"},
    "subprocess": {
        "vision/worker.py", "board/scribe.py", "jit/background.py", "record/fingerprints.py",
    },
    "urllib.request": {"datasets/download.py"},  # addresses of the catalogue alone
    "socket": {"board/event_file.py"},  # for this machine's name
    "ctypes": {"data/readahead.py"},  # one call of the system's, for a process of our own
    **{
        name: set()
        for name in ("cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal",
                     "yaml", "runpy", "code", "codeop", "xml", "requests", "httpx")
    },
}  # fmt: skip
"""Modules that only these files may import."""

CALLS = {
    "eval": set(),
    "exec": set(),
    "compile": set(),
    "__import__": set(),
    "os.system": set(),
    "os.popen": set(),
    "torch.load": {"torchfile.py"},
    "torch.jit.load": set(),
    "torch.hub.load": set(),
    "np.load": set(),
    "np.fromfile": set(),
    "pd.read_pickle": set(),
    "pd.read_hdf": set(),
    "pd.eval": set(),
    "shutil.unpack_archive": set(),
    "input": set(),
    # What the user typed, or a name that stands in the source beside the call.
    "importlib.import_module": {
        "__init__.py", "export/onnx_file.py", "saving.py", "callbacks/extras.py", "cli/demo.py",
        "cli/kinds.py", "cli/own.py",
    },
    "import_module": {"optim/bare.py"},
    "json.loads": {"strict_json.py", "text/files.py"},
    "json.load": set(),
}  # fmt: skip
"""Calls that only these files may make."""

METHODS = {"extractall", "extract", "query", "to_pickle", "unpack_archive"}
"""Methods that nobody calls: nothing of an archive is written to the disk."""


def place(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.mark.parametrize("path", FILES, ids=place)
def test_nothing_forbidden_stands_in(path: Path) -> None:
    tree, here = ast.parse(path.read_text(encoding="utf-8")), place(path)
    for name in imported(tree):
        for module, allowed in MODULES.items():
            inside = name == module or name.startswith(f"{module}.")
            assert not inside or here in allowed, f"{here} imports {name}"
    for call in calls(tree):
        told = ast.unparse(call.func)
        assert here in CALLS.get(told, {here}), f"{here}:{call.lineno} calls {told}"
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        assert method not in METHODS, f"{here}:{call.lineno} calls .{method}"
        for keyword in call.keywords:
            stands = f"{here}:{call.lineno} passes {keyword.arg}={ast.unparse(keyword.value)}"
            assert keyword.arg not in ("allow_pickle", "shell", "trust_remote_code"), stands
            if keyword.arg == "weights_only":
                assert ast.unparse(keyword.value) == "True", stands
            if keyword.arg == "autoescape":
                assert ast.unparse(keyword.value) == "True", stands


def test_torch_reads_weights_only() -> None:
    tree = ast.parse((SOURCE / "torchfile.py").read_text(encoding="utf-8"))
    found = [call for call in calls(tree) if ast.unparse(call.func) == "torch.load"]
    assert [[one.arg for one in call.keywords] for call in found] == [
        ["map_location", "weights_only"]
    ]


def test_pages_make_elements_of_no_text() -> None:
    for path in sorted(SOURCE.rglob("*.js")):
        script = path.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                     "Function(", "fetch(", "XMLHttpRequest", "import("):  # fmt: skip
            assert word not in script, f"{place(path)} has {word}"


def test_templates_escape_all_but_our_own() -> None:
    found = {
        (place(path), part.split("}}")[0].strip())
        for path in SOURCE.rglob("*.j2")
        for part in path.read_text(encoding="utf-8").split("{{")[1:]
        if "safe" in part.split("}}")[0]
    }
    assert found == {("page/frame.html.j2", "css|safe"), ("page/frame.html.j2", "script|safe")}
