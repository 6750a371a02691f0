"""What came is read as a picture and written anew: only pixels are kept, nothing that was hidden beside them."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from opsdesk.kit.log import get_logger
from opsdesk.kit.log_exceptions import told
from opsdesk.review.pictures.model import PICTURE_BYTES_MAX, SIDE_PIXELS_MAX, WhyNot

PIXELS_MAX = 50_000_000
"""Of what is read: what the cameras of telephones make."""
SCANS_MAX = 100
"""A JPEG of a few megabytes with thousands of scans takes minutes to read."""
OUTLINE_PIXELS = 16
JPEG_QUALITY = 92

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
_SCAN = b"\xff\xda"
_EXACT = frozenset({"PNG", "GIF"})
"""Formats that lose nothing: what was drawn or written by a machine stays as sharp as it is."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture as it is kept."""

    sha256: str
    media_type: str
    width: int
    height: int
    data: bytes
    outline: bytes
    """A PNG of OUTLINE_PIXELS at most."""


def clean(came: bytes) -> Cleaned | WhyNot:
    """Read the first frame, turn it upright, and write it as JPEG or PNG without anything else. Takes processor time.

    The content says what it is, never the name or the type that a host gave it.
    """
    if not _is_picture(came):
        return WhyNot.NOT_A_PICTURE
    if came.count(_SCAN) > SCANS_MAX and came.startswith(_BEGINNINGS[0]):
        return WhyNot.UNREADABLE
    try:
        return _rewritten(came)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return WhyNot.TOO_LARGE
    except Exception as error:  # noqa: BLE001  a decoder raises anything at all for what was made to break it
        _log.info("picture_unreadable", error=told(error))
        return WhyNot.UNREADABLE


def _is_picture(came: bytes) -> bool:
    return came.startswith(_BEGINNINGS) or (came[:4] == b"RIFF" and came[8:12] == b"WEBP")


def _rewritten(came: bytes) -> Cleaned | WhyNot:
    with Image.open(io.BytesIO(came), formats=_FORMATS) as opened:
        if opened.width * opened.height > PIXELS_MAX:
            return WhyNot.TOO_LARGE
        exact = opened.format in _EXACT
        opened.draft("RGB", (SIDE_PIXELS_MAX, SIDE_PIXELS_MAX))  # a JPEG is read as small as it will be kept
        upright = ImageOps.exif_transpose(opened)
        picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    picture.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX))
    exact = exact or picture.mode == "RGBA"
    kept, media_type = (_png(picture), "image/png") if exact else (_jpeg(picture), "image/jpeg")
    if len(kept) > PICTURE_BYTES_MAX:
        kept, media_type = _jpeg(picture), "image/jpeg"
    if len(kept) > PICTURE_BYTES_MAX:
        return WhyNot.TOO_LARGE
    outline = picture.copy()
    outline.thumbnail((OUTLINE_PIXELS, OUTLINE_PIXELS))
    return Cleaned(
        hashlib.sha256(kept).hexdigest(), media_type, picture.width, picture.height, kept, _png(_pixels(outline))
    )


def _pixels(picture: Image.Image) -> Image.Image:
    """The pixels and nothing else: what a picture was read with would be written with it."""
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    return bare


def _png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    _pixels(picture).save(written, "PNG")
    return written.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    if picture.mode == "RGBA":
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    written = io.BytesIO()
    _pixels(picture).save(written, "JPEG", quality=JPEG_QUALITY)
    return written.getvalue()
