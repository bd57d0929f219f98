import pandas as pd
import pytest

from lampas.errors import DataError, InputError
from lampas.series.clock import Clock, find_clock, read_stamps


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("D", 7), ("B", 5), ("h", 24), ("3h", 8), ("15min", 96), ("MS", 12), ("ME", 12),
     ("QS-JAN", 4), ("YS-JAN", 1), ("W-SUN", 52), ("2D", 1), ("3MS", 4)],
)  # fmt: skip
def test_a_frequency_is_found_and_goes_on(frequency, season):
    stamps = pd.date_range("2023-01-01", periods=30, freq=frequency)
    clock = find_clock(stamps)
    assert clock.season == season
    assert clock.grid(stamps[0], stamps[-1]).equals(stamps)
    more = pd.date_range("2023-01-01", periods=33, freq=frequency)[30:]
    assert clock.after(stamps[-1], 3).equals(more)


def test_a_frequency_is_found_where_stamps_are_missing():
    stamps = pd.date_range("2023-01-01", periods=40, freq="MS").delete([7, 20, 21])
    assert find_clock(stamps) == Clock("MS", 1)


def test_integers_have_a_step():
    clock = find_clock(pd.Index([10, 20, 40, 30]))
    assert clock == Clock(None, 10)
    assert clock.after(40, 2).tolist() == [50, 60]
    assert clock.season == 1


def test_days_in_a_zone_with_summer_time_are_regular():
    stamps = pd.date_range("2024-03-28", periods=8, freq="D", tz="Europe/Berlin")
    clock = find_clock(stamps)
    assert clock.frequency == "D"
    assert clock.after(stamps[-1], 1)[0] == pd.Timestamp("2024-04-05", tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2024-01-01", None], "time column 'day': row 1 holds no stamp"),
        (
            ["2024-01-01", "soon", "2024-01-03"],
            "time column 'day': row 1 holds 'soon': a stamp like 2024-12-31 is needed",
        ),
        ([1.0, 2.5], "time column 'day': row 1 holds 2.5: a stamp is a date or a whole number"),
        (
            ["2024-01-01T00:00+01:00", "2024-01-02T00:00+02:00"],
            "time column 'day': row 1 has the zone +02:00, row 0 +01:00: write all in one, as by "
            "pd.to_datetime(..., utc=True)",
        ),
        (
            ["2024-01-01T00:00Z", "2024-01-02T00:00"],
            "time column 'day': row 1 has the zone none, row 0 Z: write all in one, as by "
            "pd.to_datetime(..., utc=True)",
        ),
    ],
)
def test_bad_stamps_are_named_by_their_row(cells, message):
    with pytest.raises(DataError) as error:
        read_stamps(pd.Series(cells, name="day"))
    assert str(error.value) == message


def test_other_ways_to_write_a_date():
    assert read_stamps(pd.Series(["31.12.2024"]))[0] == pd.Timestamp("2024-12-31")
    assert read_stamps(pd.Series(["2024-01-01T00:00Z"]))[0].tzinfo is not None


@pytest.mark.parametrize(
    ("stamps", "frequency", "message"),
    [
        (pd.Index([1, 2]), None, "2 different stamps tell no regular step: 3 are needed"),
        (
            pd.DatetimeIndex(["2024-01-01", "2024-01-03", "2024-01-10", "2024-01-11"]), None,
            "the steps from 2024-01-01 00:00:00 to 2024-01-11 00:00:00 are irregular: resample "
            "the table, or pass frequency= ('D', 'MS', 'h' …)",
        ),
        (
            pd.DatetimeIndex(["2024-01-01"]), "daily",
            "frequency='daily' is none of pandas': 'h', 'D', 'B', 'W', 'MS', 'ME', 'YS' …",
        ),
        (
            pd.DatetimeIndex(["2024-01-01"]), 1,
            "frequency=1: the stamps are dates, which need a name as 'D'",
        ),
    ],
)  # fmt: skip
def test_no_clock(stamps, frequency, message):
    with pytest.raises(InputError) as error:
        find_clock(stamps, frequency)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("frequency", "words"),
    [("D", "steps of a day"), ("h", "steps of an hour"), ("MS", "steps of a month"),
     ("W-SUN", "steps of a week"), ("15min", "steps of 15 minutes"),
     ("2QS-JAN", "steps of 2 quarters"), ("YE-DEC", "steps of a year"),
     ("SME", "steps 'SME'"), (None, "steps of 5")],
)  # fmt: skip
def test_a_clock_in_words(frequency, words):
    assert str(Clock(frequency, 5)) == words


def test_stamps_are_told_in_the_zone_of_the_training():
    berlin = pd.date_range("2024-03-29", periods=4, tz="Europe/Berlin")
    clock = find_clock(berlin)
    assert clock.zone == "Europe/Berlin"
    assert clock.told(berlin.tz_convert("UTC"), "day").equals(berlin)
    assert find_clock(berlin, "D").zone == "Europe/Berlin"
    plain = berlin.tz_localize(None)
    for one, stamps, message in (
        (clock, plain, "time column 'day' has no zone; training had the zone Europe/Berlin: pass "
         "the stamps with their zone, by .dt.tz_localize('Europe/Berlin')"),
        (find_clock(plain), berlin, "time column 'day' has the zone Europe/Berlin; training had no "
         "zone: pass the stamps with none, by .dt.tz_localize(None)"),
        (clock, pd.Index([1, 2]), "time column 'day' holds integers; training had dates"),
    ):  # fmt: skip
        with pytest.raises(DataError) as error:
            one.told(stamps, "day")
        assert str(error.value) == message
