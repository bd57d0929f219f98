"""A reader of bytes under coverage-guided fuzzing, for as long as it is let.

    pip install atheris
    python campaigns/fuzz.py READER [SECONDS]

READER: a name of `campaigns/malformed_cases/readers.py`, as "tensorfile". An error that is not of
ours ends it with the input that raised it. Begins from honest files, and damages them by itself.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import atheris

with atheris.instrument_imports(include=["lampas"], enable_loader_override=False):
    from malformed_cases import readers

    from lampas.errors import LampasError


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else ""
    if what not in readers.READERS:
        sys.exit(f"name one of {', '.join(readers.READERS)}")
    seconds = sys.argv[2] if len(sys.argv) > 2 else "60"
    name, read = readers.READERS[what]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        readers.honest(folder)
        (folder / "bad").mkdir()
        (folder / "seeds").mkdir()
        (folder / "seeds" / "honest").write_bytes((folder / name).read_bytes())
        place = folder / "bad" / name

        def once(data: bytes) -> None:
            place.write_bytes(data)
            try:
                read(place)
            except LampasError as error:
                assert len(str(error).splitlines()) == 1, str(error)

        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={seconds}",
                "-rss_limit_mb=3000",
                str(folder / "seeds"),
            ],
            once,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
