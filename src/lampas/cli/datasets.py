"""`lampas datasets`: the named data sets, and where each lies."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path


def datasets(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which one to bring here.")
    ] = None,
) -> None:
    """The named data sets; with a NAME, the path of its files, which are brought if need be.

    They are looked for where the variable LAMPAS_DATA points, then in the user's cache
    (LAMPAS_CACHE), and brought into the cache from their public home. Each SHA-256 is checked.

    \b
    Examples:
      lampas datasets
      lampas datasets titanic
    """
    if name is None:
        print(_listed())
    else:
        from lampas.datasets.find import located

        print(located(name))


def _listed() -> str:
    from lampas.cli.output import table
    from lampas.datasets import names
    from lampas.datasets.catalogue import DATASETS
    from lampas.datasets.find import here

    rows: list[list[str]] = []
    for name in names():
        known = DATASETS[name]
        where = "in the package" if known.comes_with_us else _where(here(name))
        rows.append([name, _megabytes(known.size), where, known.what, known.source])
    return table(["name", "    MB", "where", "what it is", "source"], rows, words=5)


def _where(found: "list[Path] | None") -> str:
    """A folder, or what `lampas datasets NAME` would do."""
    return "to be brought" if found is None else str(found[0].parent)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:6.3f}" if size < 1e5 else f"{size / 1e6:4.1f}"
