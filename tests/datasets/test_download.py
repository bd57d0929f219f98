"""One file from a real server on this machine, which cuts, forgets and changes."""

import socket
import sys
import threading
from pathlib import Path

import pytest

from lampas.datasets import download
from lampas.datasets.download import FetchError, fetch
from lampas.errors import DownloadError

CONTENT = bytes(range(256)) * 1000
MOST = len(CONTENT)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "new" / "a.part"


def test_the_bytes_arrive(site, part):
    site.content["a"] = CONTENT
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT
    assert site.asked == [("a", None, None)]


def test_a_lost_connection_goes_on_where_it_ended(site, part):
    site.content["a"] = CONTENT
    site.cuts = [100_000, 50_000]
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT
    assert [ranges for _, ranges, _ in site.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_goes_on_where_an_earlier_one_ended(site, part):
    site.content["a"] = CONTENT
    site.cuts = [100_000, 0]
    with pytest.raises(FetchError) as caught:
        fetch(site.url("a"), part, MOST, "a")
    assert str(caught.value) == "the connection ends after 100,000 bytes (of 256,000)"
    site.asked.clear()
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT
    assert site.asked == [("a", "bytes=100000-", '"first"')]


def test_a_server_without_ranges_starts_again(site, part):
    site.content["a"] = CONTENT
    site.ranges = False
    site.cuts = [100_000]
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_ends_early_is_left(site, part):
    site.content["a"] = CONTENT
    site.ranges = False
    site.cuts = [100_000] * 10
    with pytest.raises(FetchError, match="the connection ends after 100,000 bytes"):
        fetch(site.url("a"), part, MOST, "a")
    assert len(site.asked) == 2


def test_a_file_that_changed_on_the_server_is_brought_whole(site, part):
    site.content["a"] = CONTENT
    site.cuts = [100_000, 0]
    with pytest.raises(FetchError):
        fetch(site.url("a"), part, MOST, "a")
    site.content["a"], site.tag = CONTENT[::-1], '"second"'
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT[::-1]


def test_a_weak_tag_is_not_asked_for(site, part):
    site.content["a"], site.tag = CONTENT, 'W/"first"'
    site.cuts = [100_000]
    fetch(site.url("a"), part, MOST, "a")
    assert site.asked[1] == ("a", "bytes=100000-", None)


def test_a_part_that_is_whole_already_is_left_as_it_is(site, part):
    site.content["a"] = CONTENT
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT


def test_an_answer_without_length(site, part):
    site.content["a"], site.length = CONTENT, False
    fetch(site.url("a"), part, MOST, "a")
    assert part.read_bytes() == CONTENT


def test_more_than_expected_is_refused(site, part):
    site.content["a"] = CONTENT
    with pytest.raises(FetchError) as caught:
        fetch(site.url("a"), part, 1000, "a")
    assert str(caught.value) == ("it would send 256,000 bytes, where 1,000 are the most expected")
    site.length = False
    with pytest.raises(FetchError) as caught:
        fetch(site.url("a"), part, 1000, "a")
    assert str(caught.value) == "it sends more than the 1,000 bytes expected"
    assert not part.exists() or part.stat().st_size <= 1000


def test_what_is_not_there(site, part):
    with pytest.raises(FetchError) as caught:
        fetch(site.url("b"), part, MOST, "b")
    assert str(caught.value) == "HTTP 404 Not Found"
    assert not caught.value.unreached
    assert not part.exists()


def test_no_server(part):
    with socket.socket() as taken:  # bound and not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(FetchError) as caught:
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/a", part, MOST, "a")
    assert str(caught.value) == "Connection refused"
    assert caught.value.unreached


def test_a_silent_server_is_left_after_a_time(part, monkeypatch):
    monkeypatch.setattr(download, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FetchError) as caught:
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/a", part, MOST, "a")
    assert str(caught.value) == "timed out"


def test_a_server_that_breaks_off_before_it_answers_is_no_missing_network(part):
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def break_off() -> None:
            rude.accept()[0].close()

        thread = threading.Thread(target=break_off)
        thread.start()
        with pytest.raises(FetchError) as caught:
            fetch(f"http://127.0.0.1:{rude.getsockname()[1]}/a", part, MOST, "a")
        thread.join()
    assert not caught.value.unreached
    assert str(caught.value) in {
        "Remote end closed connection without response", "Connection reset by peer",
    }  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "file:///etc/hostname", "ftp://example.org/a"]
)
def test_only_https(url, part):
    with pytest.raises(FetchError) as caught:
        fetch(url, part, MOST, "a")
    assert str(caught.value) == f"{url} is not https"


def test_a_redirect_leads_to_https_only(site, part):
    site.content["a"] = CONTENT
    site.moved = {"here": site.url("a"), "there": "http://example.org/a", "file": "file:///a"}
    fetch(site.url("here"), part, MOST, "a")
    assert part.read_bytes() == CONTENT
    part.unlink()
    for name in ("there", "file"):
        with pytest.raises(FetchError, match=r"is not https|HTTP 302"):
            fetch(site.url(name), part, MOST, "a")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_line(site, part):
    site.content["a"] = CONTENT
    part.parent.mkdir()
    part.symlink_to("/dev/full")
    with pytest.raises(DownloadError) as caught:
        fetch(site.url("a"), part, MOST, "a")
    assert str(caught.value) == (
        f"cannot write {part}: No space left on device: make room there, or name another folder "
        "with LAMPAS_CACHE"
    )


def test_the_bar_shows_on_a_terminal_alone(site, part, monkeypatch, capsys):
    site.content["a"] = CONTENT
    fetch(site.url("a"), part, MOST, "numbers")
    assert capsys.readouterr().err == ""
    part.unlink()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetch(site.url("a"), part, MOST, "numbers")
    shown = capsys.readouterr().err
    assert "numbers:" in shown
    assert "256k" in shown


def test_proxies_of_the_environment_are_used(site, part, monkeypatch):
    """The server stands for a proxy: it is asked for the whole address."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{site.port}")
    monkeypatch.setenv("no_proxy", "")
    site.content["http://localhost:1/a"] = CONTENT
    fetch("http://localhost:1/a", part, MOST, "a")
    assert part.read_bytes() == CONTENT
