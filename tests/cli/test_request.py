def test_wrong_usage(shell, tables):
    answer = shell("train", tables / "train.csv", "--time", "age")
    assert (answer.code, answer.error) == (
        2, "what shall be predicted? Add --target COLUMN",
    )  # fmt: skip
    answer = shell("train", tables / "train.csv", tables / "new.csv", "-t", "bought")
    assert (answer.code, answer.error) == (
        2, f"{tables / 'new.csv'}: one table is trained on at a time; hold one out by "
        "--validation FILE",
    )  # fmt: skip
