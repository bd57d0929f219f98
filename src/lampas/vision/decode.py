"""From the bytes of an image file to uint8 pixels of one size. Imports no torch: see worker.py."""

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from lampas.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MOST_PIXELS = 178_956_970
"""Images that claim more are not decoded: half a gigabyte in RGB, and Pillow's own limit."""

_ORIENTATION = 0x0112  # the tag's number in EXIF 2.3, section 4.6.4
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_WHITE = (255, 255, 255, 255)


def decode(data: bytes, size: tuple[int, int], channels: int, name: str) -> np.ndarray:
    """The pixels of one image file, uint8 (H, W, `channels`), each from 0 to 255.

    data: the bytes of a JPEG, PNG, WebP, BMP, GIF or TIFF; the content decides which, whatever
    the suffix of its name says. size: (height, width). channels: 1 for grey, 3 for RGB. name:
    what errors call it.

    The camera's orientation (EXIF) is applied. The image is scaled, with antialiasing, until it
    just covers `size`, and what stands out is cut off evenly on both sides: nothing is squashed,
    and an image that has this size already keeps every pixel. Transparent parts become white;
    16 bits are scaled to 8, and floats from [0, 1]; CMYK becomes RGB; of an animation the first
    frame counts. Colour profiles are not applied. A JPEG at least four times as large is read
    at a half, a quarter or an eighth, which its decoder does in a fraction of the time.

    Raises `DataError` where no image comes out: no such format, damage, no known range of
    values, or more than 178 956 970 pixels, which is told before anything is decoded.

    >>> file = io.BytesIO()
    >>> Image.new("1", (2, 2), 1).save(file, "PNG")
    >>> decode(file.getvalue(), (1, 2), 1, "a.png").tolist()
    [[[255], [255]]]
    """
    found = try_to_decode(data, size, channels)
    if isinstance(found, str):
        raise DataError(f"{name}: {found}")
    return found


def try_to_decode(data: bytes | str, size: tuple[int, int], channels: int) -> np.ndarray | str:
    """As `decode`, but for an image that cannot be decoded: why it cannot. `data` may be such a
    reason already."""
    if isinstance(data, str):
        return data
    with warnings.catch_warnings():
        # Pillow warns of large images and of odd metadata; the former is our business.
        warnings.simplefilter("ignore")
        image = open_image(data)
        if isinstance(image, str):
            return image
        try:
            return _pixels(image, size, channels)
        except DataError as error:
            return str(error)
        except MemoryError:
            return f"its {image.width} × {image.height} pixels do not fit into memory"
        except Exception as error:  # decoders meet damage with whatever exception is at hand
            return f"damaged or cut short ({_short(error)})"


def open_image(data: bytes) -> Any | str:
    """Pillow's image, of which only the header was read; or why there is none.

    A call belongs into a block that silences Pillow's warnings.
    """
    if not data:
        return "the file is empty"
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError:
        return f"not an image: it begins with {data[:8]!r}"
    except Image.DecompressionBombError:
        return _BOMB
    except Exception as error:  # as above
        return f"damaged or cut short ({_short(error)})"
    return _BOMB if image.width * image.height > MOST_PIXELS else image


_BOMB = f"it claims more than {MOST_PIXELS:,} pixels: too large, or a decompression bomb"


def upright(image: Any) -> tuple[int, int]:
    """(height, width) of an opened image after its orientation is applied."""
    turned = _orientation(image) >= 5
    return (image.width, image.height) if turned else (image.height, image.width)


def is_grey(image: Any) -> bool:
    """Whether an opened image has no colours."""
    if image.mode == "P":
        return image.palette is not None and _grey_palette(image.getpalette() or [])
    return image.mode in ("1", "L", "LA", "La", "F", *_DEEP)


def _grey_palette(palette: list[int]) -> bool:
    return palette[::3] == palette[1::3] == palette[2::3]


def _pixels(image: Any, size: tuple[int, int], channels: int) -> np.ndarray:
    mode = "L" if channels == 1 else "RGB"
    turn = _TURNS.get(_orientation(image))
    # Twice the size leaves the scaling enough to average; both sides, for it may yet be turned.
    image.draft(mode, (2 * max(size), 2 * max(size)))
    flat = _eight_bits(image)
    flat = flat if flat.mode == mode else flat.convert(mode)
    flat = flat if turn is None else flat.transpose(turn)
    height, width = size
    if flat.size != (width, height):
        flat = ImageOps.fit(flat, (width, height), Image.Resampling.BILINEAR)
    return np.asarray(flat, np.uint8).reshape(height, width, channels)


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # EXIF data are often damaged where the image is not
        return 1


def _eight_bits(image: Any) -> Any:
    """The image with 8 bits a channel, and nothing transparent in it."""
    if image.mode in _DEEP:
        return Image.fromarray(_scaled_integers(np.asarray(image)))
    if image.mode == "F":
        return Image.fromarray(_scaled_floats(np.asarray(image)))
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image)
    return image.convert("RGB") if image.mode == "P" else image


def _scaled_integers(values: np.ndarray) -> np.ndarray:
    """Of 65 535 parts, 255: rounded to the nearest."""
    if values.min() < 0 or values.max() > 65_535:
        raise DataError("it holds 32-bit integers, of no known range: save it with 8 or 16 bits")
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _scaled_floats(values: np.ndarray) -> np.ndarray:
    if not (values.min() >= 0 and values.max() <= 1):  # which nan is not either
        raise DataError("it holds floats outside of 0 to 1: save it with 8 or 16 bits")
    return np.rint(values * 255).astype(np.uint8)


def _short(error: Exception) -> str:
    """The first line of what a decoder said."""
    line = str(error).strip().splitlines()[:1]
    return line[0][:200] if line else type(error).__name__
