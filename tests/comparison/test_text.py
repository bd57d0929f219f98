import lampas

from .conftest import evidence


def test_the_terminal_shows_all_sections(make) -> None:
    second = make("火炬", {"settings": {"seed": 1, "epochs": 2}}, of=evidence(60, 1))
    text = str(lampas.compare(make("a", of=evidence(60, 1)), second))
    assert "\n\nWhat differs\n                  a  火炬\n  settings  seed  0  1\n" in text
    assert "  accuracy" in text
    assert "\n  The same: data, columns, 1 setting, versions, net.\n" in text
    assert "+0.0000 to +0.0000  1.000                no\n" in text
    assert all(line == line.rstrip() for line in text.splitlines())
