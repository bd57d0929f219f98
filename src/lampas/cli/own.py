"""The user's own net, from FILE.py:Class or package.module:Class as it was typed."""

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lampas.errors import InputError

if TYPE_CHECKING:
    from torch import nn


def find_class(spec: str) -> "type[nn.Module]":
    """The class that `spec` names: "nets.py:Net", or "package.module:Net".

    Importing it runs the file, as `python nets.py` would: files beside it can be imported, and
    for a name the folder one stands in. Only ever called with what the user typed, never with
    what stands in a saved run.

    Raises `InputError`: no such file or module, no such class (with those there are), or an
    exception while the file is imported, with its name and line.
    """
    from torch import nn

    source, colon, name = spec.rpartition(":")
    if not (source and colon and name):
        raise InputError(f"--model {spec!r}: write FILE.py:Class, or package.module:Class")
    is_file = source.endswith(".py") or "/" in source
    module = _from_file(Path(source)) if is_file else _from_name(source)
    found: Any = getattr(module, name, None)
    if isinstance(found, type) and issubclass(found, nn.Module):
        return found
    if found is not None:
        raise InputError(f"--model {spec}: {name} is no class of torch.nn.Module")
    there = ", ".join(_nets(module)) or "no class of torch.nn.Module"
    raise InputError(f"--model {spec}: {source} has no class {name!r}; it has: {there}")


def _nets(module: ModuleType) -> list[str]:
    """The modules that were written in `module`, and not imported into it."""
    from torch import nn

    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    ]


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"--model {path}: no such file")
    # A name of its own: a file called torch.py or lampas.py must not hide the real one.
    name = f"lampas_user_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path.resolve())
    if found is None or found.loader is None:
        raise InputError(f"--model {path}: not a Python file (.py)")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses and pickling look their module up
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        found.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"--model {path}: {_failure(error, path)}") from error
    return module


def _from_name(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise InputError(
                f"--model {name}: no module {error.name!r}; a file is named with its .py"
            ) from None
        raise InputError(f"--model {name}: {_failure(error, None)}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"--model {name}: {_failure(error, None)}") from error


def _failure(error: BaseException, path: Path | None) -> str:
    """What was raised while the user's code was imported, and the line of it that raised."""
    what = f"importing it raised {type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if path is not None:
        own = str(path.resolve())
        lines = [frame.lineno for frame in frames if frame.filename == own]
        return f"{what} (line {lines[-1]})" if lines else what
    theirs = [frame for frame in frames if not frame.filename.startswith("<")][2:]
    return f"{what} ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else what
