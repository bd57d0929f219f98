def test_a_table_without_a_target_is_asked_for_one_of_its_columns(shell, tables, tmp_path):
    table = tables / "train.csv"
    answer = shell("train", table)
    assert (answer.code, answer.error) == (
        2,
        f"{table}: what shall be predicted? Add --target, one of: 'age', 'colour', 'bought'",
    )
    bare = tmp_path / "bare.csv"
    bare.write_text("5.1,red\n4.9,blue\n")
    assert shell("train", bare).error == (
        f"{bare}: what shall be predicted? Add --target, one of: '5.1', 'red'; if these are "
        "values, the file lacks its first line with the columns' names"
    )
    wide = tmp_path / "wide.csv"
    wide.write_text("\n".join(",".join(f"c{n}" for n in range(30)) for _ in range(2)))
    assert shell("train", wide).error.endswith("'c18', 'c19', … (30 in all)")
