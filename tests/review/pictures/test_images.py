"""What came is read as a picture and written anew, or refused for what it is."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from opsdesk.review.pictures.images import OUTLINE_PIXELS, PIXELS_MAX, SCANS_MAX, Cleaned, clean
from opsdesk.review.pictures.model import PICTURE_BYTES_MAX, SIDE_PIXELS_MAX, WhyNot
from tests.review.pictures.drawing import SVG, drawn, png_that_claims


def cleaned(came: bytes) -> Cleaned:
    found = clean(came)
    assert isinstance(found, Cleaned), found
    return found


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/jpeg"), ("GIF", "image/png")],
)
def test_each_kind_of_picture_is_kept_as_one_that_browsers_show(kind: str, media_type: str) -> None:
    kept = cleaned(drawn(kind))
    assert (kept.media_type, kept.width, kept.height) == (media_type, 320, 200)
    with Image.open(io.BytesIO(kept.data)) as read:
        assert read.format == media_type.removeprefix("image/").upper()


def test_an_animation_is_kept_as_its_first_frame() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "green")]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(cleaned(written.getvalue()).data)) as read:
        assert getattr(read, "n_frames", 1) == 1
        assert read.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_what_stands_beside_the_pixels_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker of the camera"
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 0.0)}  # where it was taken
    came = drawn("JPEG", exif=exif, comment=b"a comment") + b"<script>alert(1)</script>"
    assert b"maker of the camera" in came
    kept = cleaned(came)
    for text in (b"maker of the camera", b"a comment", b"script", b"Exif"):
        assert text not in kept.data
        assert text not in kept.outline


def test_a_picture_that_was_taken_sideways_is_kept_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    kept = cleaned(drawn("JPEG", exif=exif))
    assert (kept.width, kept.height) == (200, 320)


def test_what_shines_through_a_picture_still_does() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (20, 20), (10, 20, 30, 0)).save(written, "WEBP", lossless=True)
    kept = cleaned(written.getvalue())
    with Image.open(io.BytesIO(kept.data)) as read:
        assert (kept.media_type, read.mode) == ("image/png", "RGBA")


def test_a_large_picture_is_kept_smaller_and_its_outline_tells_nothing() -> None:
    kept = cleaned(drawn("PNG", size=(SIDE_PIXELS_MAX + 1000, 500)))
    assert (kept.width, kept.height) == (SIDE_PIXELS_MAX, 402)
    with Image.open(io.BytesIO(kept.outline)) as outline:
        assert max(outline.size) == OUTLINE_PIXELS


def test_equal_pictures_are_kept_under_one_digest() -> None:
    assert cleaned(drawn("PNG")).sha256 == cleaned(drawn("PNG")).sha256
    assert cleaned(drawn("PNG")).sha256 != cleaned(drawn("PNG", colour="navy")).sha256


def test_a_drawing_that_is_too_large_without_loss_is_kept_with_some() -> None:
    written = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((2600, 2600), 120) for _ in range(3)]).save(written, "PNG")
    assert len(written.getvalue()) > PICTURE_BYTES_MAX
    kept = cleaned(written.getvalue())
    assert kept.media_type == "image/jpeg"
    assert len(kept.data) < PICTURE_BYTES_MAX


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize(
    "came",
    [
        b"",
        SVG,
        b"\xef\xbb\xbf<?xml version='1.0'?>" + SVG,
        b"<html>",
        b"%PDF-1.7",
        drawn("BMP"),
        drawn("TIFF"),
        b"RIFF",
    ],
)
def test_what_is_none_of_the_four_kinds_is_refused_whatever_it_is(came: bytes) -> None:
    assert clean(came) is WhyNot.NOT_A_PICTURE


@pytest.mark.parametrize(("width", "height"), [(PIXELS_MAX, 2), (PIXELS_MAX + 1, 1), (2**31 - 1, 1)])
def test_a_small_file_that_claims_very_many_pixels_is_refused_before_it_is_read(width: int, height: int) -> None:
    assert clean(png_that_claims(width, height)) is WhyNot.TOO_LARGE


def test_a_picture_of_very_many_scans_is_refused_before_it_is_read() -> None:
    assert clean(drawn("JPEG") + b"\xff\xda" * SCANS_MAX) is WhyNot.UNREADABLE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_half_a_picture_is_refused(kind: str) -> None:
    whole = drawn(kind, size=(640, 480))
    assert clean(whole[: len(whole) // 3]) is WhyNot.UNREADABLE


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.data())
def test_whatever_is_done_to_a_picture_it_is_kept_or_refused(kind: str, data: st.DataObject) -> None:
    came = bytearray(drawn(kind, size=(24, 16)))
    for place in data.draw(st.lists(st.integers(0, len(came) - 1), max_size=8)):
        came[place] = data.draw(st.integers(0, 255))
    assert isinstance(clean(bytes(came)), Cleaned | WhyNot)
