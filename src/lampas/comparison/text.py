"""A comparison for the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lampas.comparison.sections import Section, sections
from lampas.printing import text_table, visible

if TYPE_CHECKING:
    from lampas.comparison.compare import Comparison


def text(comparison: "Comparison") -> str:
    """Each section: its title, and below it, moved in, all that it holds."""
    return visible("\n\n".join("\n".join(_lines(one)) for one in sections(comparison)))


def _lines(section: Section) -> Iterator[str]:
    yield section.title
    if section.rows:
        table = text_table(section.head, section.rows, section.words)
        yield from (f"  {line}" for line in table.splitlines())
    if section.text:
        yield from (f"  {line}" for line in section.text.splitlines())
    yield from (f"  {line}" for line in section.notes)
