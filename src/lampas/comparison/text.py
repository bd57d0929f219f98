"""A comparison for the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lampas.comparison.sections import CHANCE, Section, sections
from lampas.printing import text_table

if TYPE_CHECKING:
    from lampas.comparison.compare import Comparison


def text(comparison: "Comparison") -> str:
    """Title and table of each section; what is said below several of them, once at the end."""
    found = list(sections(comparison))
    parts = ["\n".join(_lines(one)) for one in found]
    if any(one.scores for one in comparison.against):
        parts.append("\n".join(CHANCE))
    return "\n\n".join(parts)


def _lines(section: Section) -> Iterator[str]:
    yield section.title
    if section.rows:
        table = text_table(section.head, section.rows, section.words)
        yield from (f"  {line}" for line in table.splitlines())
    if section.text:
        yield from (f"  {line}" for line in section.text.splitlines())
    yield from (f"  {line}" for line in section.notes if line not in CHANCE)
