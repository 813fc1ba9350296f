"""Codes are read from pictures behind the gate's walls: what they say comes out, and nothing else."""

import io

import pytest
import zxingcpp
from PIL import Image

from tongban.materials import gate


def drawn(*texts: str, kind="PNG") -> io.BytesIO:
    """A sheet with a code for each text, side by side."""
    parts = []
    for text in texts:
        grey = memoryview(
            zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode), scale=4)
        )
        parts.append(Image.frombytes("L", (grey.shape[1], grey.shape[0]), grey.tobytes()))
    sheet = Image.new("L", (sum(p.width for p in parts) + 100, max((p.height for p in parts), default=100) + 60), 255)
    at = 30
    for part in parts:
        sheet.paste(part, (at, 30))
        at += part.width + 20
    to = io.BytesIO()
    sheet.save(to, kind)
    to.seek(0)
    return to


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_codes_say_is_read(kind):
    assert sorted(gate.codes_in(drawn("HC1:NCFOXN", "身份码", kind=kind), name="x")) == ["HC1:NCFOXN", "身份码"]


def test_a_picture_without_a_code_says_nothing():
    assert gate.codes_in(drawn(), name="x") == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 x", "not_a_picture"),
        (b"<svg/>", "web_page"),
        (b"\x89PNG\r\n\x1a\n broken", "damaged"),
        (b"x" * 300, "unknown_kind"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(content, code):
    refused = gate.codes_in(io.BytesIO(content), name="code.png")

    assert refused.code == code
    assert "code.png" in str(refused.sentence)


def test_a_picture_beyond_the_limits_is_refused():
    limits = gate.Limits(bytes=1000, pixels=500)

    assert gate.codes_in(io.BytesIO(b"x" * 1001), name="x", limits=limits).code == "too_big"
    small = io.BytesIO()
    Image.new("L", (40, 40), 255).save(small, "PNG")
    small.seek(0)
    assert gate.codes_in(small, name="x", limits=limits).code == "too_many_pixels"
