from pathlib import Path


def test_the_demo_of_images(process, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "cache"))
    answer = process("demo", "image", "--out", "run", cwd=tmp_path)
    assert answer.code == 0, answer.err
    out = answer.out
    assert "images: 1,150 to learn from, 287 held out; 8 × 8 pixels, grey" in out
    assert "Scores on 360 test images that no training saw" in out
    row = next(line for line in out.splitlines() if line.startswith("  accuracy"))
    ours, linear = map(float, row.split()[1:])
    assert ours > linear
    assert ours > 0.92
    assert "right answers, with their chance" in out
    saved = next(line for line in out.splitlines() if line.startswith("Saved in run: "))
    assert max(len(line) for line in out.splitlines() if line != saved) < 80
    next_line = "lampas predict run run/samples/7.png"
    assert f"\n  {next_line}\n" in out
    answer = process(*next_line.split()[1:], cwd=tmp_path)
    assert answer.out.splitlines()[1].startswith("run/samples/7.png,")
    assert sorted(path.name for path in Path(tmp_path / "run" / "samples").iterdir()) == [
        f"{digit}.png" for digit in range(10)
    ]
