import io
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import eyes
from tongban.lib.problems import Invalid
from tongban.lib.qr import svg

SVG = "{http://www.w3.org/2000/svg}"


def read(drawing: str) -> str:
    """Draw the paths of our own SVG on a raster and let a foreign reader read it."""
    root = ElementTree.fromstring(drawing)
    size = int(root.get("viewBox").split()[2])
    image = Image.new("L", (size * 4, size * 4), 255)
    for run in root.findall(f"{SVG}path")[1].get("d").split("z")[:-1]:
        place, rest = run[1:].split("h")
        x, y = map(int, place.split())
        width = int(rest.split("v")[0])
        image.paste(0, (x * 4, y * 4, (x + width) * 4, (y + 1) * 4))
    image = Image.open(io.BytesIO(_png(image)))
    (found,) = eyes.codes_in(image)
    return found


def _png(image) -> bytes:
    out = io.BytesIO()
    image.save(out, "png")
    return out.getvalue()


@pytest.mark.parametrize(
    "text", ["1", "https://example.test/verify/abc?x=1&y=2", "310107250609000017", "通办·电子证照"]
)
def test_a_foreign_reader_reads_what_we_draw(text):
    assert read(svg(text, title="code")) == text


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=120))
def test_any_address_can_be_drawn_and_read(text):
    assert read(svg(text, title="code")) == text


def test_it_stands_in_a_strict_page_and_has_a_name():
    drawing = svg("x", title='<script>"&')

    root = ElementTree.fromstring(drawing)
    assert root.get("aria-label") == root.find(f"{SVG}title").text == '<script>"&'
    assert root.get("role") == "img"
    assert "style" not in drawing and "<script" not in drawing


def test_too_much_for_a_code_is_said_in_words():
    with pytest.raises(Invalid) as refused:
        svg("x" * 3000, title="code")

    assert refused.value.code == "qr"
