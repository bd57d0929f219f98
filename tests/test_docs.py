"""The examples of README and handbook run as printed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "README.zh.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")),
]


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path))  # else it is below the home folder
    names: dict[str, object] = {"__name__": "__docs__"}
    found = blocks(page)
    assert found
    for number, block in enumerate(found, start=1):
        exec(compile(block, f"{page}, example {number}", "exec"), names)


def test_the_readme_example_has_ten_lines() -> None:
    first = blocks("README.md")[0]
    assert len([line for line in first.splitlines() if line]) == 10


def test_the_two_readmes_show_the_same_example() -> None:
    assert blocks("README.md")[0] == blocks("README.zh.md")[0]


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, "CONTRIBUTING.md", "DECISIONS.md"]:
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"
