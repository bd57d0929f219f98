from pathlib import Path

from lampas.profiling.profile import Operation, Profile

STEP = {
    "data": 6.0,
    "forward": 1.0,
    "loss": 0.0625,
    "backward": 2.5,
    "optimiser": 0.3125,
    "metrics": 0.125,
}


def test_words_come_first_then_the_tables() -> None:
    operations = (Operation("aten::mm", 3, 1.5), Operation("aten::add", 1.5, 0.5))
    found = Profile((STEP, {**STEP, "data": 99.0}, STEP), operations)
    assert found.parts == STEP
    assert found.milliseconds == 10.0
    assert str(found).splitlines() == [
        "60 % of each step waits for data: 6 ms of 10 ms; larger batches wait less often; "
        "arrays are gathered at once, and a DataLoader may have more workers (num_workers=)",
        "25 % of each step is the backward pass: 2.5 ms of 10 ms; the net itself: larger batches "
        "cost fewer calls; the table below names the operations",
        "",
        "A step takes 10 ms (medians of 3 steps)",
        "     part    time  share",
        "     data    6 ms   60 %",
        "  forward    1 ms   10 %",
        "     loss   62 µs    1 %",
        " backward  2.5 ms   25 %",
        "optimiser  312 µs    3 %",
        "  metrics  125 µs    1 %",
        "",
        "Operations, in steps that recording slows down",
        "operation  calls  own time  share",
        " aten::mm      3    1.5 ms   75 %",
        "aten::add    1.5    500 µs   25 %",
    ]
    assert found.to_json() == {
        "parts": STEP, "steps": 3, "operations": [
            {"name": "aten::mm", "calls": 3, "milliseconds": 1.5},
            {"name": "aten::add", "calls": 1.5, "milliseconds": 0.5},
        ],
    }  # fmt: skip


def test_the_dearest_part_is_always_said() -> None:
    even = dict.fromkeys(STEP, 1.0)
    (line,) = Profile((even,), ()).words()
    assert line.startswith("17 % of each step waits for data: 1 ms of 6 ms; ")


def test_a_notebook_sees_words_then_tables() -> None:
    html = Profile((STEP,), (Operation("aten::<mm>", 3, 1.5),), Path("trace.json"))._repr_html_()
    assert html.startswith("<p>60 % of each step waits for data: 6 ms of 10 ms;")
    assert "<td>data</td><td>6 ms</td><td>60 %</td>" in html
    assert "<td>aten::&lt;mm&gt;</td><td>3</td><td>1.5 ms</td>" in html
    assert html.endswith("<p>Trace for Perfetto or chrome://tracing: trace.json</p>")
