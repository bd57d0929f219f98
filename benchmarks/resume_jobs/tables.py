"""What was found, as Markdown."""

import statistics
from collections import Counter
from collections.abc import Callable

from job import EPOCHS
from judge import Verdict
from trial import Tale

RESUMES = [
    "", "checkpoints, every", "same bits", "same bits, 2 workers", "rows twice / never",
    "order: that epoch / later ones", "dropout goes on", "augmentation goes on",
    "Adam's steps, rate", "history", "steps again",
]  # fmt: skip
DAMAGE = ["", "checkpoints, every", "a bit flipped", "cut in half"]
TIMES = ["", "checkpoints, every", "time, on the disk", "time, in memory", "start-up, s"]


def kills_tables(tales: dict[str, Tale | str]) -> str:
    """One of what a resumed run is, and one of damage, with the errors, where there was any."""
    parts = [table(RESUMES, tales, resumes)]
    if any(isinstance(tale, Tale) and tale.flipped for tale in tales.values()):
        parts.append(table(DAMAGE, tales, damages))
    return "\n\n".join([*parts, *errors(tales)])


def times_table(tales: dict[str, Tale | str]) -> str:
    return table(TIMES, tales, costs)


def table(
    heads: list[str], tales: dict[str, Tale | str], cells: Callable[[Tale], list[str]]
) -> str:
    """Heads, and a line each."""
    lines = [heads, ["---"] * len(heads)]
    for name, tale in tales.items():
        lines.append(cells(tale) if isinstance(tale, Tale) else [name, f"not run: {tale}"])
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def resumes(tale: Tale) -> list[str]:
    """A row of the first table."""
    plain = tale.verdicts(0)
    if not plain:
        return [tale.version, tale.every, f"fails: {tale.failed[0][1]}"]
    middle = tale.chosen.get((0, "middle"), plain[0])
    several = tale.verdicts(2)
    later = [one.same_later for one in plain + several if one.same_later is not None]
    whole = tale.whole[0].found
    assert whole is not None
    kept = middle.steps == whole["steps"] and middle.rate == whole["rate"]
    wrong = f"{middle.steps} for {whole['steps']}, {middle.rate:.2g} for {whole['rate']:.2g}"
    return [
        tale.version if tale.repeats_itself else f"{tale.version} (two whole runs differ)",
        tale.every, same(tale, 0), same(tale, 2), f"{middle.twice} / {middle.never}",
        f"{yes(middle.same_order)} / {partly(later)}",
        of(plain, "same_masks"), of(several, "same_inputs"), "same" if kept else wrong,
        f"{middle.rows_kept} of {EPOCHS} rows",
        f"{statistics.median(one.again for one in plain + several):.0f}",
    ]  # fmt: skip


def yes(what: bool) -> str:
    return "same" if what else "other"


def partly(later: list[bool]) -> str:
    """The same after all kills, after none, or after some."""
    some = any(later) and not all(later)
    return f"same in {sum(later)} of {len(later)}" if some else yes(all(later))


def same(tale: Tale, workers: int) -> str:
    """Of how many kills the bits are the same; a start that failed is one that they are not."""
    failed = sum(number == workers for number, _ in tale.failed)
    verdicts = tale.verdicts(workers)
    number, all_of = sum(one.same for one in verdicts), len(verdicts) + failed
    text = f"{number} of {all_of}" if all_of else ""
    return f"{text}; {failed} did not start" if failed else text


def of(verdicts: list[Verdict], what: str) -> str:
    """Of how many kills something holds."""
    if not verdicts:
        return ""
    number = sum(getattr(one, what) for one in verdicts)
    return f"{number} of {len(verdicts)}"


def damages(tale: Tale) -> list[str]:
    """A row of the second table."""
    return [tale.version, tale.every, counted(tale.flipped), counted(tale.cut)]


def costs(tale: Tale) -> list[str]:
    """A row of the third table."""
    times = [tale.ratios.get(place, []) for place in ("disk", "memory")]
    start = "" if tale.start_up is None else f"{tale.start_up:+.2f}"
    return [tale.version, tale.every, *map(ratio, times), start]


def ratio(times: list[float]) -> str:
    """Median, lowest and highest."""
    if not times:
        return ""
    return f"{statistics.median(times):.2f} ({min(times):.2f}–{max(times):.2f})"


def counted(outcomes: list[str]) -> str:
    """As in "3 loaded, 2 fails"; the word alone where all are alike."""
    found = Counter(outcomes)
    if len(found) == 1:
        return outcomes[0]
    return ", ".join(f"{number} {word}" for word, number in found.most_common())


def errors(tales: dict[str, Tale | str]) -> list[str]:
    """How the failures end, each once with all who end so, shortened to what a line holds."""
    who: dict[str, dict[str, None]] = {}
    for tale in tales.values():
        if isinstance(tale, Tale):
            for text in tale.errors + [text for _, text in tale.failed]:
                who.setdefault(text[:80], {})[tale.version.split()[0]] = None
    lines = [f"- {', '.join(names)}: `{text}`" for text, names in who.items()]
    return ["\n".join(lines)] if lines else []
