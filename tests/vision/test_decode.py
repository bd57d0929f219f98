"""One image file: every kind of pixels, every orientation, and what is wrong with damaged ones."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lampas.errors import DataError
from lampas.vision import decode as module
from lampas.vision.decode import FORMATS, decode, is_grey, open_image, try_to_decode, upright

RNG = np.random.default_rng(0)


def file(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def noise(height, width, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def png_header(width, height):
    """A PNG that claims a size, and has no pixels."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0"))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_an_image_of_the_size_keeps_every_pixel(form, channels):
    pixels = noise(5, 7, channels)
    found = decode(file(Image.fromarray(pixels), form), (5, 7), channels, "a")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, pixels.reshape(5, 7, channels))


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_read_whatever_its_name_says(form):
    found = decode(file(Image.new("RGB", (9, 9), (200, 40, 90)), form), (9, 9), 3, "a.txt")
    assert np.abs(found.astype(int) - (200, 40, 90)).max() < 8  # JPEG and GIF are not exact


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("side", [16, 400])
def test_orientation_is_applied(orientation, side):
    """The upright image has a red corner at its top left; the camera held it otherwise."""
    upright_image = Image.new("RGB", (side, side), (0, 0, 255))
    upright_image.paste((255, 0, 0), (0, 0, side // 2, side // 2))
    stored = {
        1: upright_image,
        2: upright_image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright_image.transpose(Image.Transpose.ROTATE_180),
        4: upright_image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright_image.transpose(Image.Transpose.TRANSPOSE),
        6: upright_image.transpose(Image.Transpose.ROTATE_90),
        7: upright_image.transpose(Image.Transpose.TRANSVERSE),
        8: upright_image.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(file(stored, "JPEG", exif=exif, quality=95), (8, 8), 3, "a.jpg")
    red = found[..., 0] > found[..., 2]
    assert red[:4, :4].all()
    assert red.sum() == 16


def test_upright_size_of_a_turned_image():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = open_image(file(Image.new("RGB", (30, 20)), "JPEG", exif=exif))
    assert upright(image) == (30, 20)


def test_damaged_exif_does_not_spoil_an_image():
    data = file(Image.new("L", (4, 4), 7), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert decode(data, (4, 4), 1, "a.jpg")[0, 0, 0] == 7


@pytest.mark.parametrize(
    ("image", "form", "wanted"),
    [
        (Image.new("1", (2, 2), 1), "PNG", (255, 255, 255)),
        (Image.new("L", (2, 2), 9), "PNG", (9, 9, 9)),
        (Image.new("LA", (2, 2), (9, 255)), "PNG", (9, 9, 9)),
        (Image.new("LA", (2, 2), (9, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (9, 8, 7, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (0, 0, 0, 51)), "PNG", (204, 204, 204)),
        (Image.new("RGBA", (2, 2), (9, 8, 7, 255)), "WEBP", (9, 8, 7)),
        (Image.new("CMYK", (2, 2), (0, 255, 255, 0)), "TIFF", (255, 0, 0)),
        (Image.new("CMYK", (2, 2), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.fromarray(np.full((2, 2), 257 * 77, np.uint16)), "PNG", (77, 77, 77)),
        (Image.fromarray(np.full((2, 2), 65_535, np.uint16)), "TIFF", (255, 255, 255)),
        (Image.fromarray(np.full((2, 2), 65_535, np.int32)), "TIFF", (255, 255, 255)),
        (Image.fromarray(np.full((2, 2), 0.2, np.float32)), "TIFF", (51, 51, 51)),
    ],
)
def test_every_kind_of_pixel(image, form, wanted):
    found = decode(
        file(image, form, **({"lossless": True} if form == "WEBP" else {})), (2, 2), 3, ""
    )
    assert np.abs(found.astype(int) - wanted).max() <= 1


def test_a_palette_with_a_transparent_colour():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    found = decode(file(image, "PNG", transparency=0), (1, 2), 3, "a.png")
    assert found.tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_sixteen_bits_are_rounded_not_cut():
    values = np.array([[0, 128, 129, 384, 386, 65_535]], np.uint16)
    found = decode(file(Image.fromarray(values)), (1, 6), 1, "a.png")
    assert found.ravel().tolist() == [0, 0, 1, 1, 2, 255]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation_counts(form):
    frames = [Image.new("RGB", (6, 6), colour) for colour in ("white", "black")]
    data = file(frames[0], form, save_all=True, append_images=frames[1:])
    assert decode(data, (6, 6), 1, "a").min() > 250


def test_what_stands_out_is_cut_off_evenly_and_nothing_squashed():
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 255
    found = decode(file(Image.fromarray(pixels)), (5, 5), 1, "a.png")
    assert found.min() > 200  # the filter sees half a pixel beyond the edge
    tall = decode(file(Image.fromarray(pixels.T.copy())), (5, 5), 1, "a.png")
    assert tall.min() > 200


def test_scaling_down_averages():
    """Alternate black and white: single pixels would be one or the other."""
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    found = decode(file(Image.fromarray(board.astype(np.uint8))), (8, 8), 1, "a.png")
    assert np.abs(found[1:-1, 1:-1].astype(int) - 127).max() < 12


@pytest.mark.parametrize("pixels", [(1, 1), (1, 4000), (4000, 1)])
def test_tiny_and_thin_images(pixels):
    found = decode(file(Image.new("L", pixels, 50)), (8, 4), 1, "a.png")
    assert found.shape == (8, 4, 1)
    assert (found == 50).all()


def test_a_large_jpeg_is_read_at_a_fraction(monkeypatch):
    """The coarse reading gives the picture that the full one gives."""
    slope = np.add.outer(np.arange(1600), np.arange(2400)) * 255 // 4000
    data = file(Image.fromarray(slope.astype(np.uint8)), "JPEG", quality=95)
    coarse = decode(data, (32, 32), 1, "a.jpg").astype(int)
    monkeypatch.setattr(Image.Image, "draft", lambda *_: None)
    asked = []
    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.draft", lambda *a: asked.append(a[1:]))
    full = decode(data, (32, 32), 1, "a.jpg").astype(int)
    assert asked == [("L", (64, 64))]
    assert np.abs(coarse - full).max() <= 2


def refused(data):
    with pytest.raises(DataError) as caught:
        decode(data, (4, 4), 3, "cat/1.jpg")
    return str(caught.value)


def test_zero_bytes():
    assert refused(b"") == "cat/1.jpg: the file is empty"


def test_text_in_the_place_of_an_image():
    wanted = "cat/1.jpg: not an image: it begins with b'<html><b'"
    assert refused(b"<html><body>404</body></html>") == wanted


def test_truncated():
    data = file(Image.fromarray(noise(64, 64)), "JPEG")
    wanted = "cat/1.jpg: damaged or cut short (image file is truncated (8 bytes not processed))"
    line = refused(data[: len(data) // 2])
    assert line.startswith("cat/1.jpg: damaged or cut short (image file is truncated")
    assert "\n" not in line
    assert len(line) < 2 * len(wanted)
    assert refused(data[:20]).startswith("cat/1.jpg: ")


@pytest.mark.parametrize("form", FORMATS)
def test_damage_anywhere_gives_pixels_or_one_line(form):
    """Nothing but `DataError`, no warning: cut at every sixteenth, and bytes flipped."""
    data = file(Image.fromarray(noise(24, 24)), form)
    rng = np.random.default_rng(1)
    for sixteenth in range(16):
        cut = try_to_decode(data[: len(data) * sixteenth // 16], (8, 8), 3)
        assert isinstance(cut, str) or cut.shape == (8, 8, 3)
        flipped = bytearray(data)
        for place in rng.integers(0, len(data), 6):
            flipped[place] ^= 0xFF
        found = try_to_decode(bytes(flipped), (8, 8), 3)
        assert isinstance(found, str) or found.shape == (8, 8, 3)


@pytest.mark.parametrize("side", [13_378, 20_000, 65_000])
def test_a_bomb_is_told_by_its_header(side):
    """Both above our limit and above Pillow's, in no time and memory."""
    wanted = "cat/1.jpg: it claims more than 178,956,970 pixels: too large, or a decompression bomb"
    assert refused(png_header(side, side)) == wanted


def test_just_below_the_limit_it_is_decoded_and_found_damaged():
    assert refused(png_header(13_377, 100)).startswith("cat/1.jpg: damaged or cut short (")


def test_formats_that_run_programs_are_not_opened():
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"
    assert refused(script) == "cat/1.jpg: not an image: it begins with b'%!PS-Ado'"


def test_values_of_no_known_range():
    wide = Image.fromarray(np.full((4, 4), 70_000, np.int32))
    wanted = "cat/1.jpg: it holds 32-bit integers, of no known range: save it with 8 or 16 bits"
    assert refused(file(wide, "TIFF")) == wanted
    for value in (1.5, np.nan):
        floats = Image.fromarray(np.full((4, 4), value, np.float32))
        wanted = "cat/1.jpg: it holds floats outside of 0 to 1: save it with 8 or 16 bits"
        assert refused(file(floats, "TIFF")) == wanted


def test_memory_that_is_not_there(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(module, "_pixels", full)
    wanted = "cat/1.jpg: its 5 × 6 pixels do not fit into memory"
    assert refused(file(Image.new("L", (5, 6)))) == wanted


def test_a_reason_is_passed_on():
    assert try_to_decode("cannot be read", (1, 1), 1) == "cannot be read"


@pytest.mark.parametrize(
    ("image", "grey"),
    [
        (Image.new("L", (2, 2)), True),
        (Image.new("1", (2, 2)), True),
        (Image.new("RGB", (2, 2)), False),
        (Image.fromarray(np.zeros((2, 2), np.uint16)), True),
        (Image.new("L", (2, 2)).convert("P"), True),
        (Image.new("RGB", (2, 2), "red").convert("P"), False),
    ],
)
def test_grey_is_told_by_the_format(image, grey):
    assert is_grey(open_image(file(image))) is grey
