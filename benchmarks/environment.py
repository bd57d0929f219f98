"""The virtual environment of other libraries, which `resume.py` and `peers.py` run them in."""

import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
CONSTRAINTS = HERE.parent / "constraints.txt"
RESUMED = HERE / "resume_jobs" / "peers.txt"
TIMED = HERE / "peer_jobs" / "more.txt"


def environment(given: Path | None, *lists: Path) -> str:
    """The Python of a virtual environment with what the lists name, beside the torch that is here.

    One that is given is taken as it is, where it exists; else what it lacks is installed.
    """
    folder = given or Path(tempfile.gettempdir(), "lampas-peers")
    python = folder / "bin" / "python"
    if given and python.exists():
        return str(python)
    if not python.exists():
        subprocess.run(["python3", "-m", "venv", str(folder)], check=True)
    for one in lists:
        _install(python, one, folder / f"{one.parent.name}-{one.name}")
    return str(python)


def _install(python: Path, wanted: Path, mark: Path) -> None:
    """What a list names, unless it is there already: a copy of the list says so.

    torchvision, which fastai asks for, is taken away again: where its build does not fit torch's,
    whatever imports it fails, and nobody here needs it.
    """
    if mark.exists() and mark.read_text() == wanted.read_text():
        return
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    torch_here = f"torch=={version('torch').split('+')[0]}"
    asked = ["-r", str(wanted), "-c", str(CONSTRAINTS), torch_here]
    subprocess.run([*pip, "install", *asked], check=True)
    subprocess.run([*pip, "uninstall", "--yes", "torchvision"], check=True)
    mark.write_text(wanted.read_text())
