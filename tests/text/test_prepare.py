import numpy as np
import pandas as pd

from lampas.text.prepare import prepare

FRAME = pd.DataFrame(
    {
        "text": [*(f"sentence number {row % 18} of all" for row in range(19)), ""],
        "label": ["good", "bad"] * 10,
    }
)


def test_what_people_see():
    shown = str(prepare(FRAME, validation=FRAME[:4], length=4)).splitlines()
    assert shown == [
        "texts       20 to train on, 4 held out",
        "to predict  label: good 10, bad 10",
        "tokens      1 to 4 a text; half have up to 4, 95 % up to 4",
        "vocabulary  24 word tokens, learnt on the training texts; "
        "0.0 % of the held-out are unknown",
        "length      4 tokens: 23 texts have more, and the rest of them is not read",
        "note        1 text is blank (row 19), and read as one unknown token",
        "note        4 held-out texts are among the training texts too: scores on such are no test",
    ]


def test_numbers_and_whole_texts_are_described():
    frame = FRAME.assign(label=np.arange(20) / 4)
    shown = str(prepare(frame, validation=None)).splitlines()
    assert shown[0] == "texts       20 to train on, none held out"
    assert shown[1] == "to predict  label, a number: 0 to 4.75"
    assert shown[3] == "vocabulary  24 word tokens"
    assert shown[4] == "length      512 tokens: no text is cut"


def test_classes_are_held_out_alike():
    prepared = prepare(FRAME, validation=0.2)
    assert prepared.held_out.targets["label"].value_counts().to_dict() == {"good": 2, "bad": 2}
    again = prepare(FRAME, validation=0.2)
    assert again.train.ids.flat.equal(prepared.train.ids.flat)


def test_folders_say_what_is_held_out(tmp_path):
    for split, count in (("train", 6), ("val", 2), ("test", 3)):
        for name in ("neg", "pos"):
            for number in range(count):
                path = tmp_path / split / name / f"{number}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{split} {name} {number}")
    prepared = prepare(tmp_path)
    assert (len(prepared.train.ids), len(prepared.held_out.ids)) == (12, 4)
    assert len(prepare(tmp_path, validation=None).train.ids) == 12
    other = prepare(tmp_path, validation=tmp_path / "test")
    assert len(other.held_out.ids) == 6
