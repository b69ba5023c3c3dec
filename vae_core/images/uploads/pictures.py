"""One file's bytes as one picture of the wanted size, or a sentence that says why it is none.

Pillow reads a file only as one of the formats named here, all of which are pixels; how large it will be is
looked at before a pixel is unpacked.
"""

from __future__ import annotations

import io
import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from vae_core.images.uploads.limits import MAX_SOURCE_PIXELS

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA")
ANIMATED: Final = ("GIF", "PNG", "WEBP", "TIFF")
"""Those whose further frames are pictures of their own; of a JPEG they are previews."""

Pixels = npt.NDArray[np.uint8]


def picture(data: bytes, *, size: int, channels: int, fit: str, ground: int) -> Pixels:
    """Return a file's picture.

    Args:
        data: the file.
        size: rows and columns that are wanted.
        channels: 1 for grey, 3 for colour.
        fit: "crop" keeps the middle square, "pad" puts grounds beside, "stretch" pulls both sides.
        ground: grey level behind what is transparent, and beside what is padded.

    Returns:
        uint8, (channels, size, size).

    Raises:
        ValueError: why it is no picture.
    """
    return as_picture(
        opened(data, ground, least=2 * size), size=size, channels=channels, fit=fit, ground=ground
    )


def opened(data: bytes, ground: int, *, least: int) -> Image.Image:
    """Return a file's image, grey or colour, turned upright, without transparency.

    Args:
        data: the file.
        ground: grey level behind what is transparent.
        least: a JPEG may come smaller than it is, but no side shorter than this.

    Raises:
        ValueError: why it is no picture.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow says of damaged metadata
        try:
            return _opened(data, ground, least)
        except ValueError:
            raise
        except Image.DecompressionBombError:
            raise ValueError(_TOO_MANY) from None
        except MemoryError:
            raise ValueError("it needs more memory than there is") from None
        except Exception as error:  # a damaged one raises anything
            said = " ".join(str(error).split())[:100] or type(error).__name__
            raise ValueError(f"it is damaged or cut off: {said}") from None


def as_picture(image: Image.Image, *, size: int, channels: int, fit: str, ground: int) -> Pixels:
    """Fit an image, grey or colour, to the wanted size; arguments as of `picture`."""
    image = image.convert("L" if channels == 1 else "RGB")
    width, height = image.size
    box: tuple[float, float, float, float] | None = None
    if fit == "crop" and width != height:
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    elif fit == "pad" and width != height:
        scale = size / max(width, height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        whole = Image.new(image.mode, (size, size), ground if channels == 1 else (ground,) * 3)
        whole.paste(_resized(image, inner, None), ((size - inner[0]) // 2, (size - inner[1]) // 2))
        image = whole
    pixels = np.asarray(_resized(image, (size, size), box))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _opened(data: bytes, ground: int, least: int) -> Image.Image:
    if not data:
        raise ValueError("it is empty")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(_what_it_is(data)) from None
    with image:
        if image.width * image.height > MAX_SOURCE_PIXELS:
            raise ValueError(_TOO_MANY)
        if min(image.size) < 1:
            raise ValueError("it has no pixels")
        if image.format in ANIMATED and getattr(image, "is_animated", False):
            frames = getattr(image, "n_frames", 2)
            raise ValueError(f"it is {frames} pictures in one file: save the one you want by itself")
        if image.format == "JPEG" and image.mode in ("L", "RGB"):
            image.draft(None, (least, least))  # type: ignore[arg-type]  # None keeps its mode
        image.load()
        return opaque(ImageOps.exif_transpose(image), ground)


def opaque(image: Image.Image, ground: int) -> Image.Image:
    """Return an image in 8 bits without transparency, grey or colour.

    Args:
        image: of any kind.
        ground: grey level behind what is transparent.

    Raises:
        ValueError: its pixels are no grey levels.
    """
    if image.mode.startswith("I"):  # 16 bits, in one of four orders
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65_535:
            raise ValueError("its grey levels are not from 0 to 65,535: save it with 8 or 16 bits")
        return Image.fromarray(np.round(values / 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers: save it with 8 or 16 bits")
    is_transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    if is_transparent:
        image = image.convert("RGBA")
        below = Image.new("RGBA", image.size, (ground, ground, ground, 255))
        return Image.alpha_composite(below, image).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")


def _resized(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None
) -> Image.Image:
    """Average what becomes smaller; an image that has the size stays as it is."""
    if image.size == size and box is None:
        return image
    return image.resize(size, Image.Resampling.BILINEAR, box=box)


def _what_it_is(data: bytes) -> str:
    """Say what a file is that Pillow does not know."""
    begin = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, what in _OTHERS:
        if begin.startswith(start):
            return what
    if b"<svg" in begin:
        return _SVG
    if b"<html" in begin:
        return _HTML
    return "it is no image that can be read here: PNG, JPEG, GIF, BMP, WebP, TIFF, PPM or TGA"


_TOO_MANY: Final = f"it has more than {MAX_SOURCE_PIXELS / 1e6:g} million pixels: make it smaller"
_SVG: Final = "it is SVG, a drawing of lines: save it as PNG"
_HTML: Final = "it is a page of HTML, whatever its name says"
_OTHERS: Final = (
    (b"<svg", _SVG),
    (b"<!doctype html", _HTML),
    (b"<html", _HTML),
    (b"pk\x03\x04", "it is an archive within an archive: unpack it before"),
    (b"%pdf", "it is a PDF: save its pictures as PNG"),
    (b"rar!", "it is an archive: pack its files as a zip"),
    (b"7z\xbc\xaf", "it is an archive: pack its files as a zip"),
    (b"\x1f\x8b", "it is an archive: pack its files as a zip"),
)
