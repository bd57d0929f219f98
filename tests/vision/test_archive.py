"""Archives: read in one pass, never extracted, and no member leads outside."""

import gzip
import io
import tarfile
import zipfile

import pytest

from lampas.errors import DataError
from lampas.vision import archive as module
from lampas.vision.archive import Archive, is_archive, list_archive

FILES = {"d/cat/1.png": b"one", "d/dog/2.png": b"two" * 500, "d/readme.txt": b"text"}
MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


def pack(path, files, folders=()):
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for folder in folders:
                packed.writestr(f"{folder}/", b"")
            for name, data in files.items():
                packed.writestr(name, data)
        return str(path)
    suffix = path.name[path.name.index(".") :]
    with tarfile.open(path, MODES[suffix]) as packed:
        for folder in folders:
            packed.addfile(member(folder, type=tarfile.DIRTYPE))
        for name, data in files.items():
            packed.addfile(member(name, size=len(data)), io.BytesIO(data))
    return str(path)


def member(name, **fields):
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def refused(function, *arguments):
    with pytest.raises(DataError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [*MODES, ".zip"])
def test_images_are_listed_and_streamed(tmp_path, suffix):
    path = pack(tmp_path / f"x{suffix}", FILES, ["d", "d/empty"])
    tree = list_archive(path)
    assert tree.images == ("d/cat/1.png", "d/dog/2.png")
    assert tree.folders == {"d", "d/cat", "d/dog", "d/empty"}
    # In the archive's order, whatever that of the question; and an image may be asked for twice.
    names = ["d/dog/2.png", "d/cat/1.png", "d/dog/2.png"]
    found = list(Archive(path).stream(names))
    assert found == [(1, b"one"), (0, b"two" * 500), (2, b"two" * 500)]
    assert list(tmp_path.iterdir()) == [tmp_path / f"x{suffix}"]


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_names_may_begin_with_a_dot_and_a_slash(tmp_path, suffix):
    path = pack(tmp_path / f"x{suffix}", {"./cat/1.png": b"one"})
    assert list_archive(path).images == ("cat/1.png",)
    assert list(Archive(path).stream(["cat/1.png"])) == [(0, b"one")]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".zip"])
@pytest.mark.parametrize(
    "name", ["/etc/1.png", "../1.png", "a/../../1.png", "..\\1.png", "C:\\1.png", "\\\\s\\1.png"]
)
def test_members_that_lie_outside(tmp_path, suffix, name):
    path = pack(tmp_path / f"x{suffix}", {"a/1.png": b"x", name: b"x"})
    wanted = f"{path}: member {name!r} lies outside of the archive: do not trust it"
    assert refused(list_archive, path) == wanted


def test_even_where_they_are_no_images(tmp_path):
    path = pack(tmp_path / "x.tar", {"../run.sh": b"x"})
    wanted = f"{path}: member '../run.sh' lies outside of the archive: do not trust it"
    assert refused(list_archive, path) == wanted


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar(tmp_path, kind):
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        packed.addfile(member("a/1.png", type=kind, linkname="/etc/passwd"))
    wanted = f"{tmp_path}/x.tar: member 'a/1.png' is a link: put the file itself in its place"
    assert refused(list_archive, f"{tmp_path}/x.tar") == wanted


def test_links_in_a_zip(tmp_path):
    info = zipfile.ZipInfo("a/1.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr(info, "/etc/passwd")
    wanted = f"{tmp_path}/x.zip: member 'a/1.png' is a link: put the file itself in its place"
    assert refused(list_archive, f"{tmp_path}/x.zip") == wanted


def test_devices(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        packed.addfile(member("a/1.png", type=tarfile.FIFOTYPE))
    wanted = f"{tmp_path}/x.tar: member 'a/1.png' is no file: remove it"
    assert refused(list_archive, f"{tmp_path}/x.tar") == wanted


def test_a_member_twice(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        for name in ("a/1.png", "./a/1.png"):
            packed.addfile(member(name))
    wanted = f"{tmp_path}/x.tar: member 'a/1.png' is there twice: make the archive anew"
    assert refused(list_archive, f"{tmp_path}/x.tar") == wanted


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_claimed_sizes_are_bounded(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
    path = pack(tmp_path / f"x{suffix}", {"a/1.png": bytes(1 << 20), "a/2.png": bytes(2 << 20)})
    assert refused(list_archive, path) == (
        f"{path}: member 'a/2.png' claims 2,097,152 bytes: no image may have more than 1 MiB"
    )


def test_a_tar_that_claims_more_than_it_has(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        packed.fileobj.write(member("a/1.png", size=1 << 27).tobuf())
    path = f"{tmp_path}/x.tar"
    line = refused(lambda: list(Archive(path).stream(["a/1.png"])))
    assert line == f"{path}: not a whole archive (unexpected end of data): fetch or make it anew"


def test_an_encrypted_zip(tmp_path):
    path = pack(tmp_path / "x.zip", {"a/1.png": b"x"})
    data = bytearray((tmp_path / "x.zip").read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    (tmp_path / "x.zip").write_bytes(bytes(data))
    wanted = f"{path}: member 'a/1.png' is encrypted: decrypt the archive"
    assert refused(list_archive, path) == wanted


def test_no_archive_at_all(tmp_path):
    for suffix, reason in ((".zip", "File is not a zip file"), (".tar", "invalid header")):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(b"not an archive" * 100)
        line = refused(list_archive, str(path))
        assert line == f"{path}: not a whole archive ({reason}): fetch or make it anew"


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".zip"])
def test_a_truncated_archive(tmp_path, suffix):
    """Cut in the last member: told when it is listed, or else when it is read."""
    files = {f"a/{number}.png": bytes(range(256)) * 40 for number in range(4)}
    path = tmp_path / f"x{suffix}"
    pack(path, files)
    data = path.read_bytes()
    path.write_bytes(data[: min(len(data), 38_000) - 200])

    def read():
        return list(Archive(str(path)).stream(list_archive(str(path)).images))

    line = refused(read)
    assert line.startswith(f"{path}: not a whole archive (")
    assert line.endswith("): fetch or make it anew")


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_tar_that_is_cut_in_a_header(tmp_path, suffix):
    path = tmp_path / "x.tar"
    pack(path, {f"a/{number}.png": b"x" * 1000 for number in range(4)})
    data = path.read_bytes()[: 2 * 1536 + 64]
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(gzip.compress(data) if suffix == ".tar.gz" else data)
    line = refused(list_archive, str(path))
    assert line == f"{path}: not a whole archive (truncated header): fetch or make it anew"


def test_a_tar_with_a_damaged_header(tmp_path):
    path = tmp_path / "x.tar"
    pack(path, {f"a/{number}.png": b"x" * 1000 for number in range(4)})
    data = path.read_bytes()
    path.write_bytes(data[:3072] + b"damage" + data[3078:])
    line = refused(list_archive, str(path))
    assert line == f"{path}: not a whole archive (bad checksum): fetch or make it anew"


def test_a_tar_without_an_end_mark_may_be_whole(tmp_path):
    path = tmp_path / "x.tar"
    pack(path, {f"a/{number}.png": b"x" * 1000 for number in range(4)})
    assert list_archive(str(path)).doubt == ""
    path.write_bytes(path.read_bytes()[: 2 * 1536])
    tree = list_archive(str(path))
    assert tree.images == ("a/0.png", "a/1.png")
    assert tree.doubt == f"{path} has no end mark: it was cut short, or written without one"


def test_a_flipped_byte_in_a_zip(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a/1.png", b"hello")
    path.write_bytes(path.read_bytes().replace(b"hello", b"hellO", 1))
    line = refused(lambda: list(Archive(str(path)).stream(["a/1.png"])))
    reason = "Bad CRC-32 for file 'a/1.png'"
    assert line == f"{path}: not a whole archive ({reason}): fetch or make it anew"


def test_a_member_that_has_gone(tmp_path):
    path = pack(tmp_path / "x.tar", {"a/1.png": b"x"})
    line = refused(lambda: list(Archive(path).stream(["a/2.png"])))
    assert line == f"{path}: member 'a/2.png' is gone: it was changed"


def test_suffixes():
    assert is_archive("a/CIFAR.TAR.GZ")
    assert is_archive("a.zip")
    assert not is_archive("a.gz")


def test_what_a_member_is_called():
    assert Archive("a.zip").shown("cat/1.png") == "a.zip: cat/1.png"
